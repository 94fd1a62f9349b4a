"""On which Pythons and systems the project starts."""

import glob
import json
import os
import re
import subprocess
import sys

import pytest

from places import ROOT, visible
from runs import TINY

# The numbered scripts without the modules and functions that Windows lacks.
WITHOUT_UNIX = """
import json, os, runpy, sys
for name in ('fcntl', 'resource', 'pwd', 'grp', 'termios'):
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


def test_no_file_but_tests_imports_what_windows_lacks_without_asking():
    for path in glob.glob(os.path.join(ROOT, '*.py')) + glob.glob(os.path.join(ROOT, '[a-s]*', '*.py')):
        with open(path, encoding='utf-8') as f:
            text = f.read()
        assert not re.search(r'^(import|from) (fcntl|resource|pwd|grp|termios)\b|os\.fork\b|SIGKILL', text, re.M), path


def test_all_scripts_answer_and_the_first_three_work_without_what_only_unix_has(tmp_path, training_data):
    scripts = sorted(os.path.basename(path) for path in glob.glob(os.path.join(ROOT, '[0-9]-*.py')))
    train = ['3-train.py', '--data', training_data] + TINY + ['--lod-initial-resolution', '16', '--total-kimg', '0.008']
    commands = [['1-dataset_display.py', '--number', '1'], ['2-inference.py', '--number', '1'], train]
    commands = [[name, '-h'] for name in scripts] + [command + ['--outdir', str(tmp_path)] for command in commands]
    arguments = [sys.executable, '-c', WITHOUT_UNIX, json.dumps(commands)]
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert visible(tmp_path) == ['000-AIS', 'dataset_img_0.png', 'inference_img_0.png']
    assert os.path.exists(str(tmp_path / '000-AIS' / 'network-final.pkl'))
