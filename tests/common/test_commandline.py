import errno
import json
import os
import subprocess
import sys

import pytest

import common
from common import VERSION, commandline, environment, types
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


def test_flags_and_files_count_more_than_a_preset_and_a_preset_more_than_defaults(tmp_path):
    record = commandline.settings(
        'Example',
        'An example.',
        preset=(None, 'which', ('small', 'plain')),
        number=(3, 'how many', types.nonnegative),
        rate=(0.5, 'how fast', types.number),
        loud=(False, 'noise'),
        kind=('a', 'which', ('a', 'b')),
        presets=dict(small='--number 1 --rate 0.1 --loud', plain=''),
    )
    path = tmp_path / 'settings.json'
    path.write_text(json.dumps(dict(settings=dict(preset='small', rate=0.2))))
    assert commandline.parse(record, ['--preset', 'plain']) == ('plain', 3, 0.5, False, 'a')
    assert commandline.parse(record, ['--preset', 'small']) == ('small', 1, 0.1, True, 'a')
    assert commandline.parse(record, ['--number', '9', '--preset', 'small']) == ('small', 9, 0.1, True, 'a')
    assert commandline.parse(record, ['--config', str(path), '--kind', 'b']) == ('small', 1, 0.2, True, 'b')
    assert commandline.explicit_flags(record, ['--preset', 'small']) == {'preset'}


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
    'error, code, message',
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
def test_errors_that_a_user_can_mend_are_one_line(capsys, error, code, message):
    def main():
        raise error

    with pytest.raises(SystemExit) as stop:
        commandline.command(main)
    err = capsys.readouterr().err
    assert stop.value.code == code and err.count('\n') == 1 and message in err


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


INTERRUPTED = """
import sys, common
class Finder:
    def find_spec(self, name, *_):
        if name == 'common.flags':
            raise KeyboardInterrupt
sys.meta_path.insert(0, Finder())
common.run(None)
"""


def test_ctrl_c_while_scripts_import_each_other_ends_them_without_a_traceback():
    process = subprocess.Popen([sys.executable, '-c', INTERRUPTED], cwd=ROOT, stderr=subprocess.PIPE)
    assert process.communicate()[1] == b'' and process.returncode == 130


def test_an_old_python_is_answered_with_the_supported_ones(capsys, monkeypatch):
    monkeypatch.setattr(sys, 'version_info', (2, 7, 18))
    with pytest.raises(SystemExit) as stop:
        common.run(None)
    assert stop.value.code == 2
    assert capsys.readouterr().err.startswith('this is Python 2.7; supported are Python 3.10 to 3.13')


def test_our_own_bugs_keep_their_traceback():
    with pytest.raises(ZeroDivisionError):
        commandline.command(lambda: 1 / 0)


def test_without_tensorflow_a_script_says_what_to_install(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, 'ROOT', str(tmp_path))  # a clone without .venv

    def main():
        raise ImportError('No module named tensorflow', name='tensorflow')

    with pytest.raises(SystemExit) as left:
        commandline.command(main)
    assert left.value.code == 2
    assert 'tensorflow is not installed; pip install -r requirements-cpu.txt' in capsys.readouterr().err


C_LOCALE = dict(LC_ALL='C', PYTHONUTF8='0', PYTHONCOERCECLOCALE='0')


@pytest.mark.skipif(sys.platform != 'linux', reason='other systems name files in UTF-8 whatever the locale')
@pytest.mark.parametrize(
    'command',
    [
        [os.path.join(ROOT, '2-inference.py'), '--model', '\u00e4'],
        ['-c', "from common import commandline; commandline.command(lambda: open('\\u00e4'))"],
    ],
    ids=['argument', 'file'],
)
def test_letters_that_the_locale_cannot_hold_are_answered_with_the_locale_that_can(tmp_path, command):
    environment = dict(os.environ, PYTHONPATH=ROOT, **C_LOCALE)
    streams = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command = [sys.executable] + [word.encode() for word in command]
    process = subprocess.Popen(command, cwd=str(tmp_path), env=environment, **streams)
    out, err = process.communicate()
    assert process.returncode == 2 and err.count(b'\n') == 1 and b'export LC_ALL=C.UTF-8' in err and out == b''
    assert os.listdir(str(tmp_path)) == []


RUN_SCRIPTS = """
import json, runpy, sys
lacking, commands = json.loads(sys.argv[1])
sys.modules.update(dict.fromkeys(lacking))
for sys.argv in commands:
    print('>', *sys.argv, flush=True)
    try:
        if sys.argv[0] == '-m':
            sys.argv.pop(0)
            runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
        else:
            runpy.run_path(sys.argv[0], run_name='__main__')
        print('< 0', flush=True)
    except SystemExit as stop:
        print('<', stop.code, flush=True)
"""


def run_scripts(commands, lacking, optimize=''):
    """[(exit code, standard output)] and all of stderr of scripts, run in one process that lacks some packages."""
    process = subprocess.Popen(
        [sys.executable, '-c', RUN_SCRIPTS, json.dumps([lacking, commands])],
        cwd=ROOT, env=dict(os.environ, PYTHONOPTIMIZE=optimize), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        universal_newlines=True,
    )  # fmt: skip
    out, err = process.communicate()
    assert process.returncode == 0, err
    answers = [text.partition('\n')[2].rpartition('< ') for text in out.split('> ')[1:]]
    assert len(answers) == len(commands), out
    return [(int(code), text) for text, _, code in answers], err


@pytest.mark.parametrize('optimize', ['', '2'])
def test_scripts_answer_at_once_without_numpy_tensorflow_or_docstrings(optimize):
    scripts = sorted(name for name in os.listdir(ROOT) if name[0].isdigit() and name.endswith('.py'))
    starts = [[name] for name in scripts] + [['0-dataset_create.py', 'verify'], ['-m', 'pix2pix', 'train']]
    wrong = [['2-inference.py', '--number', '0'], ['3-train.py', '--minibatch', 'x']]
    wrong += [['6-turing_test.py', 'simulate', 'x', '--accuracy', '2'], ['5-classify.py', 'run', '--ratios', '-1']]
    commands = [start + ['-h'] for start in starts] + [start + ['--version'] for start in starts] + wrong
    before = os.times()
    answers, err = run_scripts(commands, ['numpy', 'tensorflow'], optimize)
    assert os.times().children_user - before.children_user < 3  # seconds of the processor
    n = len(starts)
    assert [code for code, _ in answers] == [0] * 2 * n + [2] * 4
    assert all('--help' in text and len(text.splitlines()[2]) > 20 for _, text in answers[:n])
    assert all(VERSION in text for _, text in answers[n : 2 * n])
    assert err.count('\n') == 4 and 'a number from 0.5 to below 1' in err


def test_data_sets_are_made_checked_and_shown_without_tensorflow(tmp_path):
    outdir = str(tmp_path / 'sets')
    commands = [['0-dataset_create.py', 'phantom', 'MIA', '--number', '2', '--resolution', '16', '--outdir', outdir]]
    commands += [['0-dataset_create.py', 'verify', outdir], ['1-dataset_display.py', '--tfrecords', outdir + '/MIA']]
    commands[2] += ['--outdir', str(tmp_path / 'pictures')]
    answers, err = run_scripts(commands, ['tensorflow'])
    assert [code for code, _ in answers] == [0, 0, 0], err
    assert '2 images' in answers[1][1] and len(list((tmp_path / 'pictures').glob('*.png'))) == 2


def test_weights_of_another_program_are_noticed_before_tensorflow_is_loaded():
    starts = [['2-inference.py', '--model', 'demo/weight/pix2pix.pkl']]
    starts += [['4-evaluate.py', '--model', 'demo/weight/pix2pix.pkl']]
    starts += [['-m', 'pix2pix', 'generate', '--model', 'demo/weight/AIS.pkl']]
    answers, err = run_scripts(starts, ['tensorflow'])
    assert answers == [(2, '')] * 3
    remedies = ['use python -m pix2pix generate'] * 2 + ['use 2-inference.py']
    assert all(remedy in line for remedy, line in zip(remedies, err.splitlines())) and err.count('\n') == 3, err
