"""The virtual environment that demo/setup.py makes, and the line that activates it."""

import os
import subprocess
import sys

import pytest

from common import commandline, environment

LINES = [
    ('bash', 'source .venv/bin/activate'),
    ('zsh', 'source .venv/bin/activate'),
    ('sh', '. .venv/bin/activate'),
    ('dash', '. .venv/bin/activate'),
    ('ksh', '. .venv/bin/activate'),
    ('fish', 'source .venv/bin/activate.fish'),
    ('tcsh', 'source .venv/bin/activate.csh'),
    ('pwsh', '.venv/bin/Activate.ps1'),
]
unix = pytest.mark.skipif(os.name == 'nt', reason='Windows has other shells')


def started_by(monkeypatch, *names):
    """This process as the last of a chain: names of its parent, of that one's parent, and so on."""
    chain = {i + 2: (i + 3, name) for i, name in enumerate(names)}
    chain[len(names) + 2] = 1, 'sshd'
    monkeypatch.setattr(os, 'getppid', lambda: 2)
    monkeypatch.setattr(environment, '_process', lambda pid: chain[pid])


@unix
@pytest.mark.parametrize('name, line', LINES)
@pytest.mark.parametrize('between', [(), ('make',), ('sh', 'make')])
def test_the_line_that_activates_is_that_of_the_shell_behind_make(monkeypatch, tmp_path, name, line, between):
    monkeypatch.chdir(str(tmp_path))
    started_by(monkeypatch, *(between + (name,)))
    assert environment.activation(str(tmp_path / '.venv')) == line


@unix
def test_the_shell_of_a_real_process_is_found(tmp_path):
    code = 'import sys; sys.path.insert(0, %r); from common import environment; print(environment.shell())'
    code = '\'%s\' -c "%s"; true' % (sys.executable, code % environment.ROOT)
    assert subprocess.check_output(['bash', '-c', code]).decode().strip() == 'bash'


@unix
def test_a_line_for_a_folder_elsewhere_is_whole_and_quoted(monkeypatch, tmp_path):
    started_by(monkeypatch, 'bash')
    (tmp_path / 'here').mkdir()
    monkeypatch.chdir(tmp_path / 'here')
    assert environment.activation(str(tmp_path / 'my project' / '.venv')) == (
        "source '%s'" % (tmp_path / 'my project' / '.venv' / 'bin' / 'activate')
    )


@unix
@pytest.mark.parametrize('package', ['tensorflow', 'numpy'])
def test_a_package_that_only_the_environment_has_is_answered_with_how_to_use_that(
    monkeypatch, tmp_path, capsys, package
):
    def main():
        raise ImportError('No module named %r' % package, name=package)

    monkeypatch.setattr(environment, 'ROOT', str(tmp_path))
    monkeypatch.chdir(str(tmp_path))
    started_by(monkeypatch, 'bash')
    (tmp_path / '.venv' / 'bin').mkdir(parents=True)
    for message in ('not installed; pip install -r requirements-cpu.txt, or make demo', 'source .venv/bin/activate'):
        with pytest.raises(SystemExit) as left:
            commandline.command(main)
        err = capsys.readouterr().err
        assert left.value.code == 2 and err.count('\n') == 1 and package + ' is not installed' in err and message in err
        (tmp_path / '.venv' / 'lib' / 'python3.11' / 'site-packages' / package).mkdir(parents=True, exist_ok=True)
