"""The layout: which package may import which, and what is at the top level."""

import ast
import glob
import os
import re

import pytest

from places import ROOT

CORE = {'config', 'dataset', 'networks', 'tfutil'}
# What each package or top-level file may import. Within a package every file may import every other.
MAY_IMPORT = {
    'common': set(),
    'tfutil': {'common'},
    'networks': {'tfutil'},
    'dataset': {'common'},
    'config': {'common'},
    'dataset_tools': {'common', 'config', 'dataset', 'metrics'},
    'sampling': {'common', 'networks', 'tfutil'},
    'stats': {'common'},
    'metrics': {'common', 'config', 'dataset', 'networks', 'tfutil', 'sampling', 'stats'},
    'training': {'common', 'config', 'dataset', 'networks', 'tfutil', 'metrics', 'sampling'},
    'classification': {'common', 'config', 'dataset', 'networks', 'tfutil'}
    | {'training', 'dataset_tools', 'metrics', 'sampling', 'stats'},
    'turing_test': {'common', 'config', 'dataset', 'tfutil', 'metrics', 'sampling', 'stats'},
    'pix2pix': {'common', 'config', 'dataset', 'networks', 'tfutil', 'metrics', 'sampling', 'training'},
    'explorer': {'common', 'config', 'dataset', 'networks', 'tfutil', 'metrics', 'sampling', 'pix2pix'},
    'export': {'common', 'config', 'dataset', 'networks', 'tfutil'}
    | {'classification', 'explorer', 'metrics', 'pix2pix', 'sampling'},
    '0-dataset_create': {'common', 'dataset_tools'},
    '1-dataset_display': {'common', 'config', 'dataset_tools'},
    '2-inference': {'common', 'config', 'sampling'},
    '3-train': {'common', 'config', 'training'},
    '4-evaluate': {'common', 'config', 'metrics'},
    '5-classify': {'classification', 'common', 'training'},
    '6-turing_test': {'common', 'turing_test'},
    '7-explore': {'common', 'explorer'},
    '8-export': {'common', 'export'},
}
# Libraries that only these files import.
OWNERS = {
    'tensorflow': {'tfutil.py'},
    'argparse': {'common/flags.py', 'demo/setup.py'},
    'pickle': {'common/safe_pickle.py'},
    'pickletools': {'common/safe_pickle.py'},
    'sklearn': {'stats/classifier_metrics.py', 'explorer/axes.py', 'explorer/mapping.py'},
    'openpyxl': {'dataset_tools/nodule_tables.py'},
    'PIL': {'common/images.py', 'imgs/record_explorer.py', 'imgs/sheets.py'},
    'jinja2': {'common/page.py'},
    'sqlite3': {'turing_test/study.py', 'dataset_tools/lidc_annotations.py'},
    'xml': {'dataset_tools/lidc_annotations.py'},
    'flask': {'common/web.py'},
    'waitress': {'common/web_server.py'},
    'matplotlib': {'common/svg_plots.py', 'imgs/draw.py', 'imgs/sheets.py', 'imgs/memorising_generator.py'},
    'imageio_ffmpeg': {'common/video.py'},
    'SimpleITK': {'dataset_tools/itk.py'},
    'pydicom': {'dataset_tools/dicom_files.py', 'export/dicom_slices.py'},
    'nibabel': {'dataset_tools/nifti.py', 'export/nifti_slices.py'},
    'onnx': {'export/onnx_graph.py'},
}
TOP = {'README.md', 'LICENSE', 'Makefile', 'pyproject.toml', 'requirements.txt', 'requirements-cpu.txt'}
TOP |= {'CHANGELOG.md', 'CITATION.cff', 'CONTRIBUTING.md', 'mkdocs.yml'}
SHARED_NAMES = '__init__.py', '__main__.py', 'conftest.py'
IGNORED = ('results', 'datasets', '__pycache__')
FILES = sorted(
    os.path.relpath(path, ROOT).replace(os.sep, '/')
    for pattern in ('*.py', '*/*.py', 'tests/*/*.py')
    for path in glob.glob(os.path.join(ROOT, pattern))
)
PARTS = [name for name in FILES if not name.startswith(('tests/', 'benchmarks/', 'demo/', 'docs/', 'imgs/'))]


def part_of(name):
    """The package of a file, or the name of a top-level module."""
    return name.split('/')[0] if '/' in name else name[:-3]


def imports(name):
    """Top-level names of the modules that a file imports."""
    with open(os.path.join(ROOT, name), encoding='utf-8') as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split('.')[0]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, 'imports are absolute'
            yield node.module.split('.')[0]


@pytest.mark.parametrize('name', PARTS)
def test_a_file_imports_only_what_its_package_may(name):
    part = part_of(name)
    ours = set(imports(name)) & (set(MAY_IMPORT) - {part})
    assert ours <= MAY_IMPORT[part], name


@pytest.mark.parametrize('name', [name for name in FILES if not name.startswith('tests/')])
def test_a_library_with_an_owner_is_imported_by_it_alone(name):
    for library in set(imports(name)) & set(OWNERS):
        assert name in OWNERS[library]


def test_there_are_no_import_cycles():
    order = []
    while len(order) < len(MAY_IMPORT):
        ready = [part for part in MAY_IMPORT if part not in order and MAY_IMPORT[part] <= set(order)]
        assert ready, set(MAY_IMPORT) - set(order)
        order += ready


def test_the_source_that_pickles_contain_imports_numpy_and_tf_only():
    assert set(imports('networks.py')) == {'numpy', 'tfutil'}


def test_file_names_are_unique():
    names = [os.path.basename(name) for name in FILES]
    names = [name for name in names if name not in SHARED_NAMES]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)


def test_scripts_only_call_their_package_in_at_most_45_lines():
    for name in [name for name in FILES if name[0].isdigit()]:
        with open(os.path.join(ROOT, name), encoding='utf-8') as f:
            text = f.read()
        assert set(re.findall('from common.*', text)) == {'from common import commandline'}, name
        assert text.count('\n') <= 45, name


def test_the_top_level_holds_scripts_core_and_the_published_folders():
    entries = {name for name in os.listdir(ROOT) if not name.startswith('.') and name not in IGNORED}
    files = {name for name in entries if os.path.isfile(os.path.join(ROOT, name))}
    scripts = {name for name in files if name[0].isdigit() and name.endswith('.py')}
    assert files == scripts | {name + '.py' for name in CORE} | TOP
    packages = {part for part in MAY_IMPORT if part not in CORE and not part[0].isdigit()}
    assert entries - files == packages | {'processData', 'demo', 'docs', 'imgs', 'benchmarks', 'install', 'tests'}
