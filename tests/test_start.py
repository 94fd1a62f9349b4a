"""On which Pythons and systems the project starts."""

import glob
import json
import os
import re
import runpy
import subprocess
import sys

import pytest

from places import ROOT, visible
from runs import TINY

SETUP = os.path.join(ROOT, 'demo', 'setup.py')
# What Windows has not, and what the numbered scripts do there.
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


@pytest.fixture
def setup(monkeypatch):
    """demo/setup.py as a module, where only the Pythons of `found`, {command: version}, can be started."""
    module = runpy.run_path(SETUP)
    space = module['choose'].__globals__

    def call(found, system='Linux', machine='x86_64', broken=()):
        def output(command):
            name = ' '.join(command[:-2])
            version = found.get('this' if name == sys.executable else name)
            return None if command[-1] == space['PROBE'] and name in broken else version

        monkeypatch.setitem(space, 'output', output)
        monkeypatch.setattr(space['platform'], 'system', lambda: system)
        monkeypatch.setattr(space['platform'], 'machine', lambda: machine)
        return space

    return call


def test_the_python_that_starts_it_is_taken_if_it_is_supported(setup):
    assert setup({'this': '3.10', 'python3.13': '3.13'})['choose']() == ([sys.executable], '3.10')


@pytest.mark.parametrize('other', ['3.9', '3.14', '3.5', None])
def test_else_the_newest_supported_one_that_starts_is_taken(setup, other):
    found = {'this': other, 'python3.6': '3.6', 'python3.11': '3.11', 'python3.10': '3.10', 'python3.12': None}
    assert setup(found)['choose']() == (['python3.11'], '3.11')
    assert setup(found, broken=['python3.11'])['choose']() == (['python3.10'], '3.10')


@pytest.mark.parametrize(
    'found, where, words',
    [
        ({'this': '3.14'}, {}, 'is Python 3.14, and no other was found; this machine can use Python 3.10 to 3.13'),
        ({'this': '3.13'}, dict(system='Darwin', machine='x86_64'), 'Python 3.6 (TensorFlow 1.12): install one'),
        ({'this': '3.6'}, dict(system='Darwin', machine='arm64'), '3.10 to 3.13 (TensorFlow 2.21): install one'),
        ({'this': '3.12'}, dict(system='Windows', machine='ARM64'), 'no TensorFlow for Windows on ARM64'),
        ({'this': '3.11'}, dict(broken=[sys.executable]), 'apt install python3.11-venv'),
    ],
)
def test_where_none_will_do_one_line_says_what_to_install(setup, found, where, words):
    with pytest.raises(SystemExit) as stop:
        setup(found, **where)['choose']()
    assert words in stop.value.code and '\n' not in stop.value.code


def test_a_python_that_was_asked_for_is_not_replaced_by_another(setup):
    space = setup({'this': '3.11', 'python3.6': '3.6', 'python3.9': '3.9'})
    assert space['choose']('python3.6') == (['python3.6'], '3.6')
    for name in ('python3.9', 'python3.14'):
        with pytest.raises(SystemExit) as stop:
            space['choose'](name)
        assert stop.value.code.startswith(name) and 'no other' not in stop.value.code


@pytest.mark.parametrize('name', ['requirements.txt', 'requirements-cpu.txt'])
@pytest.mark.parametrize(
    'python, platform, machine, wanted',
    [
        ('3.6', 'linux', 'x86_64', 'tensorflow==1.12.0'),
        ('3.11', 'linux', 'x86_64', 'tensorflow-cpu==2.21.*'),
        ('3.13', 'linux', 'aarch64', 'tensorflow==2.21.*'),
        ('3.12', 'darwin', 'arm64', 'tensorflow==2.21.*'),
        ('3.6', 'darwin', 'x86_64', 'tensorflow==1.12.0'),
        ('3.10', 'win32', 'AMD64', 'tensorflow-cpu==2.21.*'),
    ],
)
def test_a_system_gets_the_one_tensorflow_that_it_has_packages_for(name, python, platform, machine, wanted):
    markers = pytest.importorskip('packaging.markers')
    where = dict(python_version=python, sys_platform=platform, platform_machine=machine)
    with open(os.path.join(ROOT, name)) as f:
        lines = [line.strip().split('; ') for line in f if line.startswith('tensorflow')]
    found = [line[0] for line in lines if markers.Marker(line[1]).evaluate(where)]
    if name == 'requirements.txt' and platform != 'darwin' and (python, platform) != ('3.10', 'win32'):
        wanted = wanted.replace('tensorflow=', 'tensorflow-gpu=') if python == '3.6' else 'tensorflow[and-cuda]==2.21.*'
    elif name == 'requirements.txt':
        wanted = wanted.replace('-cpu', '')
    assert found == [wanted]


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
