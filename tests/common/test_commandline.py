import errno
import json
import os
import subprocess
import sys

import pytest

from common import commandline, environment, types
from places import ROOT

Example = commandline.settings(
    'Example',
    'An example.',
    number=(3, 'how many, 100%', types.nonnegative),
    rate=(0.5, 'how fast', types.number),
    fmap_max=(8, 'maps', types.positive),
    name=(None, 'what', types.text),
    kind=('a', 'which', ('a', 'b')),
    loud=(False, 'noise'),
)


def test_rows_become_defaults_flags_and_an_immutable_record():
    assert commandline.parse(Example, []) == Example() == (3, 0.5, 8, None, 'a', False)
    cfg = commandline.parse(
        Example, ['--number', '0', '--rate', '2', '--fmap-max', '4', '--name', 'x', '--kind', 'b', '--loud']
    )
    assert cfg == (0, 2.0, 4, 'x', 'b', True)
    with pytest.raises(AttributeError):
        cfg.number = 5


@pytest.mark.parametrize(
    'arguments, word',
    [
        (['--number', '-1'], 'number'),
        (['--number', '1.5'], 'number'),
        (['--number', ''], 'number'),
        (['--number', '9' * 400], 'number'),
        (['--fmap-max', '0'], 'fmap-max'),
        (['--kind', 'c'], 'choose from'),
        (['--unknown'], 'unknown'),
        (['--num', '3'], '--num'),
        (['stray'], 'stray'),
        (['--name'], 'argument'),
    ],
)
def test_a_wrong_flag_is_one_line_and_exit_code_2(capsys, arguments, word):
    with pytest.raises(SystemExit) as stop:
        commandline.parse(Example, arguments)
    err = capsys.readouterr().err
    assert stop.value.code == 2 and err.count('\n') == 1 and word in err


@pytest.mark.parametrize(
    'error, code, words',
    [
        (ValueError('bad\nthing \x1b[2J'), 2, 'bad thing ?[2J'),
        (FileNotFoundError('x.pkl is not there'), 2, 'x.pkl is not there'),
        (
            PermissionError(errno.EACCES, 'Permission denied', 'out'),
            2,
            'out: Permission denied; change its permissions',
        ),
        (
            OSError(errno.ENOSPC, 'No space left on device', 'a.png'),
            2,
            'a.png: No space left on device; free some space',
        ),
        (OSError(errno.EEXIST, 'File exists', 'a.png'), 2, 'a.png: File exists; choose another place'),
        (MemoryError(), 2, 'out of memory'),
        (ImportError('No module named x'), 2, 'No module named x'),
        (KeyboardInterrupt(), 130, 'interrupted'),
    ],
)
def test_errors_that_a_user_can_mend_are_one_line(capsys, error, code, words):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        commandline.command(main)
    err = capsys.readouterr().err
    assert stop.value.code == code and err.count('\n') == 1 and words in err


def test_a_long_message_is_cut_in_the_middle(capsys):
    with pytest.raises(SystemExit):
        commandline.command(lambda: commandline.parse(Example, ['--number', 'x' * 9999]))
    err = capsys.readouterr().err
    assert len(err) < 700 and err.count('\n') == 1 and 'argument --number' in err and '-h lists' in err
    with pytest.raises(SystemExit):

        def main():
            raise ValueError('a.pkl is bad' + '\n' * 99 + 'y' * 10**6 + '; copy it again')

        commandline.command(main)
    err = capsys.readouterr().err
    assert len(err) < 700 and 'a.pkl is bad' in err and err.endswith('copy it again\n')


def test_our_own_bugs_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        commandline.command(lambda: 1 / 0)


@pytest.mark.parametrize(
    'script', sorted(name for name in os.listdir(ROOT) if name[0].isdigit() and name.endswith('.py'))
)
def test_help_answers_without_loading_tensorflow(script):
    before = os.times()
    out = subprocess.check_output(
        [sys.executable, '-X', 'importtime', os.path.join(ROOT, script), '-h']
        if sys.version_info >= (3, 7)
        else [sys.executable, os.path.join(ROOT, script), '-h'],
        stderr=subprocess.STDOUT,
    ).decode()
    assert '--help' in out and 'tensorflow' not in out.split('usage:')[0]
    assert os.times().children_user - before.children_user < 1  # of the processor, however busy the machine is


@pytest.mark.parametrize('module', ['tensorflow', 'google.protobuf.message', 'google'])
def test_without_tensorflow_a_script_says_what_to_install(module, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, 'ROOT', str(tmp_path))  # a clone without .venv

    def main():
        raise ImportError('No module named %r' % module, name=module)

    with pytest.raises(SystemExit) as left:
        commandline.command(main)
    assert left.value.code == 2
    assert 'tensorflow is not installed; pip install -r requirements-cpu.txt' in capsys.readouterr().err


C_LOCALE = dict(LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems name files in UTF-8 whatever the locale')
@pytest.mark.parametrize(
    'arguments',
    ['1-dataset_display.py --tfrecords x\u00e4', '3-train.py --outdir \u00e4', '2-inference.py --model \u00e4'],
)
def test_letters_that_the_locale_cannot_hold_are_answered_with_the_locale_that_can(tmp_path, arguments):
    script, *rest = arguments.split()
    command = [sys.executable, os.path.join(ROOT, script)] + [word.encode() for word in rest]
    how = dict(cwd=str(tmp_path), env=dict(os.environ, **C_LOCALE), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process = subprocess.Popen(command, **how)
    out, err = process.communicate()
    assert process.returncode == 2 and err.count(b'\n') == 1 and b'export LC_ALL=C.UTF-8' in err and out == b''
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems name files in UTF-8 whatever the locale')
def test_a_name_that_is_found_later_is_answered_so_too(tmp_path):
    code = "from common import commandline; commandline.command(lambda: open('\\u00e4'))"
    process = subprocess.Popen(
        [sys.executable, '-c', code], cwd=ROOT, env=dict(os.environ, **C_LOCALE), stderr=subprocess.PIPE
    )
    _, err = process.communicate()
    assert process.returncode == 2 and err.count(b'\n') == 1 and b'export LC_ALL=C.UTF-8' in err


WITHOUT_DOCSTRINGS = """
import json, runpy, sys
sys.modules['tensorflow'] = None  # that of 1.12 cannot be loaded without docstrings
for sys.argv in json.loads(sys.argv[1]):
    try:
        runpy.run_path(sys.argv[0], run_name='__main__')
    except SystemExit as stop:
        print(sys.argv[0], stop.code)
"""


def test_without_docstrings_scripts_answer_and_complain_in_the_same_words():
    scripts = sorted(name for name in os.listdir(ROOT) if name[0].isdigit() and name.endswith('.py'))
    wrong = [['2-inference.py', '--number', '0'], ['3-train.py', '--minibatch', 'x']]
    wrong += [['6-turing_test.py', 'simulate', 'x', '--accuracy', '2'], ['5-classify.py', 'run', '--ratios', '-1']]
    commands = json.dumps([[name, '-h'] for name in scripts] + wrong)
    texts = []
    for level in ('', '2'):
        process = subprocess.Popen(
            [sys.executable, '-c', WITHOUT_DOCSTRINGS, commands], cwd=ROOT, env=dict(os.environ, PYTHONOPTIMIZE=level),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True
        )  # fmt: skip
        out, err = process.communicate()
        texts.append(err)
        assert process.returncode == 0, err
        assert [line.split()[1] for line in out.splitlines() if line[:1].isdigit()] == ['0'] * len(scripts) + ['2'] * 4
    assert texts[0] == texts[1] and 'a number from 0.5 to below 1' in texts[0]
