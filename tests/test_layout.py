"""The house: which file may import which."""
import ast
import glob
import os

import pytest

from conftest import ROOT

LEVELS = [['commandline', 'files', 'metrics'], ['config', 'features', 'images', 'memorisation', 'phantom', 'runfolder', 'snapshot', 'volumes'],
          ['report', 'sources', 'tfutil'], ['dataset', 'evaluation', 'frozen', 'latent', 'losses', 'networks'], ['create', 'inference', 'training', 'verify'], ['growing']]
ONLY = {'tensorflow': {'tfutil'}, 'argparse': {'commandline'}, 'pickle': {'snapshot'}, 'pickletools': {'snapshot'}, 'PIL': {'images'}}
NETWORKS = {'numpy', 'tfutil'}          # their source travels inside every pickle
MODULES = {name: level for level, names in enumerate(LEVELS) for name in names}
SCRIPTS = sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(ROOT, '[0-9]-*.py')))


def imports(path):
    with open(path) as f:
        tree = ast.parse(f.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split('.')[0]
        elif isinstance(node, ast.ImportFrom):
            yield node.module.split('.')[0]


@pytest.mark.parametrize('name', sorted(MODULES) + SCRIPTS)
def test_imports_point_to_lower_levels_only(name):
    found = set(imports(os.path.join(ROOT, name + '.py')))
    level = MODULES.get(name, len(LEVELS))
    assert [other for other in found & set(MODULES) if MODULES[other] >= level] == []
    for library, owners in ONLY.items():
        assert library not in found or name in owners
    if name == 'networks':
        assert found == NETWORKS


@pytest.mark.parametrize('name', ['__init__', '__main__', 'data', 'training', 'unet'])
def test_pix2pix_stands_on_the_core(name):
    found = set(imports(os.path.join(ROOT, 'pix2pix', name + '.py')))
    assert not found & (set(ONLY) | {'growing', 'create', 'losses'}) and not (name == 'data' and 'tfutil' in found)


def test_the_figures_draw_with_pillow_and_leave_the_rest_to_the_core():
    found = set(imports(os.path.join(ROOT, 'imgs', 'draw.py')))
    assert found & set(ONLY) == {'PIL'}         # lines and letters are of no use to any other file


def test_every_module_at_the_top_has_a_level():
    found = {os.path.basename(path)[:-3] for path in glob.glob(os.path.join(ROOT, '*.py'))}
    assert found == set(MODULES) | set(SCRIPTS)


def test_the_top_level_is_the_published_one():
    for name in ('1-dataset_display.py', '2-inference.py', '3-train.py', 'tfutil.py', 'networks.py', 'dataset.py', 'config.py', 'pix2pix', 'processData',
                 'demo', 'imgs', 'requirements.txt', 'README.md', 'LICENSE'):
        assert os.path.exists(os.path.join(ROOT, name)), name
