"""demo/setup.py: the Python that it chooses, and its virtual environment."""

import glob
import os
import runpy
import shutil
import subprocess
import sys

import pytest

from places import ONCE, ROOT

UNIX = pytest.mark.skipif(os.name == 'nt', reason='a shell of Unix')
NO_INDEX = dict(PIP_INDEX_URL='http://127.0.0.1:1', PIP_RETRIES='1', PIP_CONFIG_FILE=os.devnull, PIP_TIMEOUT='1')


@pytest.fixture
def setup(monkeypatch):
    """Namespace of demo/setup.py. call: only the Pythons of {command: version} can be started."""
    namespace = runpy.run_path(os.path.join(ROOT, 'demo', 'setup.py'))['choose'].__globals__

    def call(versions=(), system='Linux', machine='x86_64', broken=()):
        def output(command):
            name = ' '.join(command[:-2])
            if command[-1] == namespace['PROBE'] and name in broken:
                return None
            return dict(versions).get('this' if name == sys.executable else name)

        monkeypatch.setitem(namespace, 'output', output)
        monkeypatch.setattr(namespace['platform'], 'system', lambda: system)
        monkeypatch.setattr(namespace['platform'], 'machine', lambda: machine)
        return namespace

    return call


def test_the_python_that_starts_it_is_used_if_it_is_supported(setup):
    assert setup({'this': '3.10', 'python3.13': '3.13'})['choose']() == ([sys.executable], '3.10')


@pytest.mark.parametrize('other', ['3.9', '3.14', '3.5', None])
def test_otherwise_the_newest_supported_one_that_starts_is_used(setup, other):
    versions = {'this': other, 'python3.6': '3.6', 'python3.11': '3.11', 'python3.10': '3.10', 'python3.12': None}
    assert setup(versions)['choose']() == (['python3.11'], '3.11')
    assert setup(versions, broken=['python3.11'])['choose']() == (['python3.10'], '3.10')


@pytest.mark.parametrize(
    'versions, python, chosen',
    [
        ({'this': '3.14', 'python3.11': '3.11', 'python3.14': '3.14'}, None, ('python3.11', '3.11')),
        ({'this': '3.14', 'python3.6': '3.6'}, None, ('python3.6', '3.6')),
        ({'this': '3.14'}, None, (sys.executable, '3.14')),
        ({'this': '3.11', 'python3.14': '3.14'}, 'python3.14', ('python3.14', '3.14')),
    ],
)
def test_python_3_14_which_needs_a_newer_tensorflow_is_chosen_last(setup, versions, python, chosen):
    command, version = setup(versions)['choose'](python)
    assert (command[0], version) == chosen


@pytest.mark.parametrize(
    'versions, where, part',
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
def test_if_no_python_is_suitable_one_line_says_what_to_install(setup, versions, where, part):
    with pytest.raises(SystemExit) as stop:
        setup(versions, **where)['choose']()
    assert part in stop.value.code and '\n' not in stop.value.code


def test_a_python_that_the_user_chose_is_not_replaced_by_another(setup):
    namespace = setup({'this': '3.11', 'python3.6': '3.6', 'python3.9': '3.9'})
    assert namespace['choose']('python3.6') == (['python3.6'], '3.6')
    for name in ('python3.9', 'python3.14'):
        with pytest.raises(SystemExit) as stop:
            namespace['choose'](name)
        assert stop.value.code.startswith(name) and 'no other' not in stop.value.code


@pytest.fixture
def project(tmp_path):
    """A project that needs no packages, whose demo prints that it runs. call: run `setup.py demo` there by a shell."""
    root = tmp_path / 'project'
    for name in ('demo', 'common', 'tests'):
        (root / name).mkdir(parents=True)
    for name in ('demo/setup.py', 'common/__init__.py', 'common/environment.py'):
        shutil.copy(os.path.join(ROOT, name), str(root / name))
    (root / 'demo' / 'demo.py').write_text('print("the demo runs")')
    for name in ('requirements.txt', 'requirements-cpu.txt', 'tests/requirements.txt'):
        (root / name).write_text('# none\n')
    environment = {key: value for key, value in os.environ.items() if not key.startswith('PIP_')}
    environment.update(NO_INDEX)

    def call():
        command = ['bash', '-c', '"%s" demo/setup.py demo; exit $?' % sys.executable]
        pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        process = subprocess.Popen(command, cwd=str(root), env=environment, **pipes)
        out, err = process.communicate()
        return process.returncode, out, err

    call.root = root
    return call


@pytest.mark.slow
@ONCE  # Python 3.6 installs a newer pip, from the package index that is missing here
@UNIX
def test_the_demo_creates_dot_venv_also_after_an_interruption_and_ends_with_the_line_that_activates_it(project):
    venv = project.root / '.venv'
    venv.mkdir()
    (venv / 'made-by-demo-setup').write_text('')  # Ctrl-C right at the start
    code, out, err = project()
    assert code == 0, err
    first, last = out.splitlines()[0], out.splitlines()[-1]
    assert first.startswith('.venv, Python %d.%d' % sys.version_info[:2]) and 'the demo runs' in out
    activated = subprocess.check_output(
        ['bash', '-c', last + ' && python -c "import sys; print(sys.prefix)"'], cwd=str(project.root)
    )
    assert os.path.realpath(activated.decode().strip()) == os.path.realpath(str(venv))
    code, again, _ = project()
    assert code == 0 and 'installing' in out and 'installing' not in again and again.splitlines()[-1] == last
    (pip,) = glob.glob(str(venv / 'lib' / 'python*' / 'site-packages' / 'pip'))
    shutil.rmtree(pip)  # Ctrl-C before pip was complete
    code, out, err = project()
    assert (code, err) == (0, '') and 'the demo runs' in out and os.path.isdir(pip)


def test_an_environment_of_the_user_is_not_changed_and_not_used(setup, tmp_path, monkeypatch, capsys):
    namespace = setup()
    monkeypatch.setitem(namespace, 'ROOT', str(tmp_path))
    for name in ('.venv', '.venv-3.11'):
        (tmp_path / name).mkdir()
        assert namespace['choose_folder']('3.11', None) == str(tmp_path / name)  # it is empty
        (tmp_path / name / 'mine').write_text('mine')
    with pytest.raises(SystemExit) as stop:
        namespace['choose_folder']('3.11', None)
    assert stop.value.code == 'there is no place for an environment: move .venv or .venv-3.11 away'
    assert '.venv was not made by this program and stays as it is' in capsys.readouterr().out
    assert os.listdir(str(tmp_path / '.venv')) == ['mine']


@pytest.mark.slow
@ONCE
@UNIX
def test_an_unreachable_package_index_is_one_line_with_the_remedy(project):
    for name in ('requirements.txt', 'requirements-cpu.txt'):
        (project.root / name).write_text('a-package-that-does-not-exist\n')
    code, out, err = project()
    assert code == 1 and err.count('\n') == 1 and 'the demo runs' not in out
    for part in ('the package index cannot be reached', 'https_proxy', 'pip download', '.venv/pip.log'):
        assert part in err
    with open(str(project.root / '.venv' / 'pip.log')) as f:
        assert 'No matching distribution found' in f.read()


@pytest.mark.parametrize(
    'existing, version, python, folder',
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
def test_each_python_has_a_separate_environment(setup, tmp_path, monkeypatch, existing, version, python, folder):
    namespace = setup()
    for name in existing:
        (tmp_path / name).mkdir()
        (tmp_path / name / 'made-by-demo-setup').write_text('')

    def output(command):
        return existing[os.path.relpath(command[0], str(tmp_path)).split('/')[0]]

    monkeypatch.setitem(namespace, 'ROOT', str(tmp_path))
    monkeypatch.setitem(namespace, 'output', output)
    assert namespace['choose_folder'](version, python) == str(tmp_path / folder)


@pytest.mark.parametrize(
    'gpu, before, after, moved',
    [(0, '-cpu', '-cpu', ''), (1, '-cpu', '', ''), (0, '', '', ''), (1, '', '', ''), (0, '-cpu', '-cpu', '/elsewhere')],
)
def test_an_environment_is_created_again_for_a_gpu_and_after_it_was_moved(
    setup, tmp_path, monkeypatch, gpu, before, after, moved
):
    namespace, folder = setup(), tmp_path / '.venv'
    installed, created = [], []
    folder.mkdir()
    (folder / 'made-by-demo-setup').write_text('%s\nrequirements%s.txt\n' % (moved or folder, before))
    monkeypatch.setitem(namespace, 'ROOT', str(tmp_path))
    monkeypatch.setitem(namespace, 'output', lambda command: '3.11')
    monkeypatch.setitem(namespace, 'has_gpu', lambda: bool(gpu))
    monkeypatch.setitem(namespace, 'install', lambda python, stamp, files, before=(): installed.append(files))
    monkeypatch.setitem(namespace, 'create', lambda *arguments: created.append(arguments))
    assert namespace['environment_for'](['python3.11'], '3.11', None, False) == str(folder)
    assert installed == [['requirements%s.txt' % after]] and len(created) == (before != after or moved != '')
