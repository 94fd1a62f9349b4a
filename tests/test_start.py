"""On which Pythons and systems, and with which packages, the project starts."""

import glob
import importlib
import json
import os
import re
import sys

import numpy as np
import pytest

from common import images, page, svg_plots, web, web_server
from metrics import suite
from places import ROOT, visible
from runs import TINY, start_python
from stats import classifier_metrics

# Runs commands without the modules and functions that Windows lacks, and with only the packages of the original.
RESTRICTED = """
import json, os, runpy, sys
unix = 'fcntl resource pwd grp termios'
packages = 'scipy sklearn filelock psutil SimpleITK pydicom nibabel jinja2 matplotlib flask waitress'
for name in (unix + ' ' + packages).split():
    sys.modules[name] = None
for name in ('fork', 'getuid', 'sysconf', 'killpg', 'sync'):
    delattr(os, name)
for sys.argv in json.loads(sys.argv[1]):
    try:
        runpy.run_path(sys.argv[0], run_name='__main__')
    except SystemExit as stop:
        assert not stop.code, (sys.argv, stop.code)
"""


@pytest.mark.parametrize('name', ['requirements.txt', 'requirements-cpu.txt'])
@pytest.mark.parametrize(
    'python, platform, machine, wanted',
    [
        ('3.6', 'linux', 'x86_64', 'tensorflow==1.12.0'),
        ('3.11', 'linux', 'x86_64', 'tensorflow-cpu>=2.21,<2.23'),
        ('3.13', 'linux', 'aarch64', 'tensorflow>=2.21,<2.23'),
        ('3.14', 'linux', 'x86_64', 'tensorflow-cpu>=2.21,<2.23'),
        ('3.12', 'darwin', 'arm64', 'tensorflow>=2.21,<2.23'),
        ('3.6', 'darwin', 'x86_64', 'tensorflow==1.12.0'),
        ('3.10', 'win32', 'AMD64', 'tensorflow-cpu>=2.21,<2.23'),
    ],
)
def test_a_system_gets_the_one_tensorflow_that_it_has_packages_for(name, python, platform, machine, wanted):
    markers = pytest.importorskip('packaging.markers')
    where = dict(python_version=python, sys_platform=platform, platform_machine=machine)
    with open(os.path.join(ROOT, name)) as f:
        lines = [line.strip().split('; ') for line in f if line.startswith('tensorflow')]
    chosen = [line[0] for line in lines if markers.Marker(line[1]).evaluate(where)]
    if name == 'requirements.txt' and platform != 'darwin' and (python, platform) != ('3.10', 'win32'):
        wanted = (
            wanted.replace('tensorflow=', 'tensorflow-gpu=') if python == '3.6' else 'tensorflow[and-cuda]>=2.21,<2.23'
        )
    elif name == 'requirements.txt':
        wanted = wanted.replace('-cpu', '')
    assert chosen == [wanted]


UNIX_ONLY = re.compile(r'^(import|from) (fcntl|resource|pwd|grp|termios)\b|os\.fork\b|SIGKILL', re.MULTILINE)


def test_files_do_not_import_what_windows_lacks():
    for path in glob.glob(os.path.join(ROOT, '*.py')) + glob.glob(os.path.join(ROOT, '*', '*.py')):
        with open(path, encoding='utf-8') as f:
            text = f.read()
        if os.path.basename(os.path.dirname(path)) != 'tests':
            assert not UNIX_ONLY.search(text), path


def test_scripts_answer_and_the_first_three_work_without_unix_and_with_the_four_packages_of_the_original(
    tmp_path, training_data
):
    scripts = sorted(os.path.basename(path) for path in glob.glob(os.path.join(ROOT, '[0-9]-*.py')))
    train = ['3-train.py', '--data', training_data] + TINY + ['--lod-initial-resolution', '8', '--total-kimg', '0.008']
    commands = [['1-dataset_display.py', '--number', '1'], ['2-inference.py', '--number', '1'], train]
    commands = [[name, '-h'] for name in scripts] + [command + ['--outdir', str(tmp_path)] for command in commands]
    process = start_python(['-c', RESTRICTED, json.dumps(commands)])
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert visible(tmp_path) == ['000-AIS', 'dataset_img_0.png', 'inference_img_0.png']
    assert os.path.exists(str(tmp_path / '000-AIS' / 'network-final.pkl'))
    log = out[out.index('000-AIS') :]  # of the training
    assert 'pip install filelock' in out and 'memory' not in log


def test_a_package_that_is_missing_is_one_line_with_the_command_that_installs_it(refuses, tmp_path, monkeypatch):
    for name in ('scipy', 'scipy.optimize'):
        monkeypatch.setitem(sys.modules, name, None)
    images.save(str(tmp_path / 'patch.png'), np.zeros([1, 64, 64], np.uint8))
    refuses('2-inference.py', '--project', tmp_path / 'patch.png', parts=['pip install scipy'])
    needed = ('scipy', suite), ('sklearn.metrics', classifier_metrics), ('jinja2', page), ('matplotlib', svg_plots)
    needed += ('flask', web), ('waitress', web_server)
    for library, module in needed:
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(ImportError, match='pip install ' + library.replace('sklearn.metrics', 'scikit-learn')):
            importlib.reload(module)
