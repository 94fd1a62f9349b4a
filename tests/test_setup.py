"""demo/setup.py: the Python that is chosen, and its virtual environment."""

import glob
import os
import runpy
import shutil
import subprocess
import sys

import pytest

from places import ONCE, ROOT

SETUP = os.path.join(ROOT, 'demo', 'setup.py')


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


def test_python_3_14_which_needs_a_tensorflow_of_its_own_is_taken_last(setup):
    assert setup({'this': '3.14', 'python3.11': '3.11', 'python3.14': '3.14'})['choose']() == (['python3.11'], '3.11')
    assert setup({'this': '3.14', 'python3.6': '3.6'})['choose']() == (['python3.6'], '3.6')
    assert setup({'this': '3.14'})['choose']() == ([sys.executable], '3.14')
    assert setup({'this': '3.11', 'python3.14': '3.14'})['choose']('python3.14') == (['python3.14'], '3.14')


@pytest.mark.parametrize(
    'found, where, words',
    [
        ({'this': '3.15'}, {}, 'is Python 3.15, and no other was found; this machine can use Python 3.10 to 3.13'),
        ({'this': '3.13'}, dict(system='Darwin', machine='x86_64'), 'Python 3.6 (TensorFlow 1.12): install one'),
        (
            {'this': '3.6'},
            dict(system='Darwin', machine='arm64'),
            '3.10 to 3.13 (TensorFlow 2.21) or 3.14 (TensorFlow 2.22): install one',
        ),
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


@pytest.fixture
def project(tmp_path):
    """A project that needs no packages, whose demo says that it runs; call: make something there by the shell."""
    root = tmp_path / 'project'
    for name in ('demo', 'common', 'tests'):
        (root / name).mkdir(parents=True)
    for name in ('demo/setup.py', 'common/__init__.py', 'common/environment.py'):
        shutil.copy(os.path.join(ROOT, name), str(root / name))
    (root / 'demo' / 'demo.py').write_text('print("the demo runs")')
    for name in ('requirements.txt', 'requirements-cpu.txt', 'tests/requirements.txt'):
        (root / name).write_text('# none\n')
    hidden = dict(PIP_INDEX_URL='http://127.0.0.1:1', PIP_RETRIES='1', PIP_CONFIG_FILE=os.devnull, PIP_TIMEOUT='1')
    environment = dict({key: os.environ[key] for key in os.environ if not key.startswith('PIP_')}, **hidden)

    def call(words='', shell='bash'):
        line = '"%s" demo/setup.py demo %s' % (sys.executable, words)
        how = dict(cwd=str(root), env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process = subprocess.Popen([shell, '-c', line + '; exit $?'], universal_newlines=True, **how)
        out, err = process.communicate()
        return process.returncode, out, err

    call.root = root
    return call


@ONCE  # Python 3.6 gets a newer pip, of the package index that is not there here
@pytest.mark.skipif(os.name == 'nt', reason='a shell of Unix')
def test_the_demo_makes_dot_venv_also_after_a_cut_and_ends_with_the_line_that_activates_it_in_this_terminal(project):
    venv = project.root / '.venv'
    venv.mkdir()
    (venv / 'made-by-demo-setup').write_text('')  # Ctrl-C right at the start
    code, out, err = project()
    assert code == 0, err
    first, last = out.splitlines()[0], out.splitlines()[-1]  # also where it is piped
    assert first.startswith('.venv, Python %d.%d' % sys.version_info[:2]) and 'the demo runs' in out
    script = last + ' && python -c "import sys; print(sys.prefix)"'
    found = subprocess.check_output(['bash', '-c', script], cwd=str(project.root)).decode().strip()
    assert os.path.realpath(found) == os.path.realpath(str(venv))
    code, again, _ = project()
    assert code == 0 and 'installing' in out and 'installing' not in again and again.splitlines()[-1] == last
    (pip,) = glob.glob(str(venv / 'lib' / 'python*' / 'site-packages' / 'pip'))
    shutil.rmtree(pip)  # Ctrl-C before pip was whole
    code, out, err = project()
    assert (code, err) == (0, '') and 'the demo runs' in out and os.path.isdir(pip)


def test_an_environment_of_somebody_else_stays_as_it_is_and_is_not_used(setup, tmp_path, monkeypatch, capsys):
    space = setup({})
    monkeypatch.setitem(space, 'ROOT', str(tmp_path))
    for name in ('.venv', '.venv-3.11'):
        (tmp_path / name).mkdir()
        assert space['place']('3.11', None) == str(tmp_path / name)  # it is empty
        (tmp_path / name / 'mine').write_text('mine')
    with pytest.raises(SystemExit) as stop:
        space['place']('3.11', None)
    assert stop.value.code == 'there is no place for an environment: move .venv or .venv-3.11 away'
    assert '.venv was not made by this program and stays as it is' in capsys.readouterr().out
    assert os.listdir(str(tmp_path / '.venv')) == ['mine']


@ONCE
@pytest.mark.skipif(os.name == 'nt', reason='a shell of Unix')
def test_a_package_index_that_cannot_be_reached_is_one_line_with_the_remedy(project):
    for name in ('requirements.txt', 'requirements-cpu.txt'):
        (project.root / name).write_text('a-package-that-is-not-here\n')
    code, out, err = project()
    assert code == 1 and err.count('\n') == 1 and 'the demo runs' not in out
    for words in ('the package index cannot be reached', 'https_proxy', 'pip download', '.venv/pip.log'):
        assert words in err
    with open(str(project.root / '.venv' / 'pip.log')) as f:
        assert 'No matching distribution found' in f.read()


@pytest.mark.parametrize(
    'there, version, forced, wanted',
    [
        ({}, '3.11', None, '.venv'),
        ({}, '3.11', 'python3.11', '.venv'),
        ({}, '3.6', None, '.venv'),
        ({}, '3.6', 'python3.6', '.venv-3.6'),
        ({'.venv': '3.11'}, '3.11', 'python3.11', '.venv'),
        ({'.venv': '3.11'}, '3.6', 'python3.6', '.venv-3.6'),
        ({'.venv': '3.11'}, '3.12', 'python3.12', '.venv-3.12'),
        ({'.venv': '3.11', '.venv-3.6': '3.6'}, '3.11', 'python3.11', '.venv'),
        ({'.venv': None}, '3.11', None, '.venv'),
    ],
)
def test_each_python_has_an_environment_of_its_own_and_none_takes_the_place_of_another(
    setup, tmp_path, monkeypatch, there, version, forced, wanted
):
    space = setup({})
    for name in there:
        (tmp_path / name).mkdir()
        (tmp_path / name / 'made-by-demo-setup').write_text('')
    monkeypatch.setitem(space, 'ROOT', str(tmp_path))
    monkeypatch.setitem(
        space, 'output', lambda command: there[os.path.relpath(command[0], str(tmp_path)).split('/')[0]]
    )
    assert space['place'](version, forced) == str(tmp_path / wanted)


@pytest.mark.parametrize(
    'gpu, made, wanted, moved',
    [(0, '-cpu', '-cpu', ''), (1, '-cpu', '', ''), (0, '', '', ''), (1, '', '', ''), (0, '-cpu', '-cpu', '/elsewhere')],
)
def test_packages_for_a_gpu_and_another_place_make_the_same_environment_anew(
    setup, tmp_path, monkeypatch, gpu, made, wanted, moved
):
    space, folder, installed, remade = setup({}), tmp_path / '.venv', [], []
    folder.mkdir()
    (folder / 'made-by-demo-setup').write_text('%s\nrequirements%s.txt\n' % (moved or folder, made))
    monkeypatch.setitem(space, 'ROOT', str(tmp_path))
    monkeypatch.setitem(space, 'output', lambda command: '3.11')
    monkeypatch.setitem(space, 'has_gpu', lambda: bool(gpu))
    monkeypatch.setitem(space, 'install', lambda python, stamp, files, before=(): installed.append(files))
    monkeypatch.setitem(space, 'make', lambda *arguments: remade.append(arguments))
    assert space['environment_for'](['python3.11'], '3.11', None, False) == str(folder)
    assert installed == [['requirements%s.txt' % wanted]] and len(remade) == (made != wanted or moved != '')
