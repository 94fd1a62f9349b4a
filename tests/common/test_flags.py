"""Help, complaints and the flags that every script has."""

import json
import os
import shlex
import sys

import pytest

import config
import dataset_tools.create_settings
import pix2pix.pix2pix_settings
from common import VERSION, commandline, environment, log, types
from places import ROOT

CREATE, PIX2PIX = dataset_tools.create_settings.COMMANDS, pix2pix.pix2pix_settings.COMMANDS
COMMANDS = dict(CREATE, **PIX2PIX)
RECORDS = [config.Display, config.Inference, config.Train, config.Evaluate] + list(COMMANDS.values())
Example = commandline.settings(
    'Example',
    'An example.',
    commandline.group(
        'input', number=(3, 'how many, 100%', types.nonnegative), width=('1,2', 'how wide', types.limits)
    ),
    name=(None, 'what', types.text),
    kind=('alpha', 'which', ('alpha', 'beta')),
    loud=(False, 'noise'),
)


@pytest.fixture
def complaint(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as stop:
            commandline.parse(Example, arguments)
        err = capsys.readouterr().err
        assert stop.value.code == 2 and err.count('\n') == 1
        return err

    return call


def test_a_wrong_flag_or_choice_is_answered_with_the_nearest_one(complaint):
    assert 'unrecognized argument --nubmer (did you mean --number?)' in complaint('--nubmer', '3')
    assert "'alhpa' is unknown (did you mean alpha?); choose from alpha, beta" in complaint('--kind', 'alhpa')
    assert 'mean' not in complaint('--zzz')


def test_a_wrong_value_is_answered_with_what_was_wanted(complaint):
    assert "argument --number: 'x' is not a whole number, zero or more" in complaint('--number', 'x')
    assert "argument --width: '2,1' is not LO,HI: two numbers, the smaller first" in complaint('--width', '2,1')


@pytest.mark.parametrize('record', RECORDS)
def test_every_setting_is_in_a_group_and_the_example_can_be_typed(record):
    assert all(heading for heading, _ in record.GROUPS)
    message = shlex.split(record.EXAMPLE)
    if message[1] == '-m' or message[1].startswith('0'):
        command, cfg = commandline.parse_command(COMMANDS, '', message[3 if message[1] == '-m' else 2 :])
        assert COMMANDS[command] is record
    else:
        assert commandline.parse(record, message[2:]) != record()


def test_defaults_are_shown_as_they_are_typed_and_are_values(capsys):
    with pytest.raises(SystemExit):
        commandline.parse(pix2pix.pix2pix_settings.Generate, ['-h'])
    assert '(default: 4-12)' in ' '.join(capsys.readouterr().out.split())
    assert pix2pix.pix2pix_settings.Generate().diameter == (4.0, 12.0)
    assert commandline.parse(Example, []) == Example() and Example().width == (1.0, 2.0)


def test_settings_from_a_file_count_less_than_flags_and_more_than_defaults(tmp_path):
    path = tmp_path / 'run.json'
    path.write_text(json.dumps(dict(settings=dict(number=5, width='3,4', loud=True, name=None), data={})))
    cfg = commandline.parse(Example, ['--config', str(path), '--number', '7'])
    assert cfg == (7, (3.0, 4.0), None, 'alpha', True)
    given = commandline.explicit_flags(Example, ['--config', str(path), '--kind', 'beta'])
    assert given == {'number', 'width', 'loud', 'kind'}


@pytest.mark.parametrize(
    'text, message',
    [
        ('{"settings": {"nubmer": 5}}', 'nubmer'),
        ('{"settings": {"number": "many"}}', "number: 'many' is not a whole number"),
        ('{"settings": {"number": [1]}}', '--number: [1] is not a whole number'),
        ('{"settings": {"number": true}}', 'number: True is not a whole number'),
        ('{"settings": {"width": [2, 1]}}', 'width: [2, 1] is not LO,HI: two numbers, the smaller first'),
        ('{"settings": {"width": 3}}', "width: '3' is not LO,HI"),
        ('{"settings": {"kind": "gamma"}}', "kind: 'gamma' is not one of alpha, beta"),
        ('{"settings": {"loud": "yes"}}', "loud: 'yes' is not true or false"),
        ('{"settings": {"name": [3]}}', 'name: [3] is not text'),
        ('{"settings": {"quiet": true}}', 'quiet'),
        ('{"number": 5}', 'run.json of a training run'),
        ('[', 'not JSON'),
    ],
)
def test_a_file_of_settings_that_cannot_be_used_is_named(tmp_path, text, message):
    path = tmp_path / 'c.json'
    path.write_text(text)
    with pytest.raises(ValueError) as caught:
        commandline.parse(Example, ['--config', str(path)])
    assert str(caught.value).startswith(str(path)) and message in str(caught.value)


@pytest.mark.parametrize(
    'record, settings, values',
    [
        (config.Inference, {'range': [-1900, 1100]}, {'range': (-1900.0, 1100.0)}),
        (config.Inference, {'range': '-1900,1100'}, {'range': (-1900.0, 1100.0)}),
        (config.Inference, {'number': '7', 'seed': 1, 'grid': True}, {'number': 7, 'seed': 1, 'grid': True}),
        (config.Train, {'minibatch': 16}, {'minibatch': '16'}),
        (config.Train, {'minibatch': '64:8'}, {'minibatch': config.MINIBATCH.replace('64:32', '64:8')}),
        (config.Train, {'G_lrate': 1e-4, 'D_lrate': '2e-3,4:2e-3'}, {'G_lrate': '0.0001', 'D_lrate': '0.002'}),
        (config.Train, {'total_kimg': 3, 'augment_critic': True}, {'total_kimg': 3.0, 'augment_critic': 'always'}),
        (config.Train, {'gpus': None, 'conditional': False, 'holdout': 0}, {}),
        (config.Evaluate, {'model': ['a', 'b']}, {'model': ['a', 'b']}),
        (config.Evaluate, {'model': 'a'}, {'model': ['a']}),
        (CREATE['images'], {'channels': 3, 'folds': 5}, {'channels': 3, 'folds': 5}),
        (PIX2PIX['generate'], {'diameter': '6-10'}, {'diameter': (6.0, 10.0)}),
        (config.Inference, {'label': 2}, {'label': '2'}),
    ],
    ids=range(13),
)
def test_values_of_json_and_texts_of_flags_become_the_same_settings(record, settings, values):
    if record is CREATE['images']:
        with pytest.raises(ValueError, match='it sets folder'):
            commandline.from_json(record, {'folder': 'x'}, 'c.json')
    assert commandline.from_json(record, settings, 'c.json') == record(**values)


@pytest.mark.parametrize('amount, heard', [([], ['how']), (['--quiet'], []), (['--verbose'], ['how', 'detail'])])
def test_a_script_says_as_much_as_was_asked_for(capsys, amount, heard):
    commandline.parse(Example, amount)
    log.info('how')
    log.debug('detail')
    assert capsys.readouterr().out.split() == heard
    assert log.progress([1]).disable or not amount == ['--quiet']


def test_texts_in_a_file_of_settings_are_values_whatever_they_look_like(tmp_path):
    path, several = (
        tmp_path / 'c.json',
        commandline.settings('Several', '', model=(['a'], 'models'), name=(None, 'x', types.text)),
    )
    path.write_text(json.dumps(dict(settings=dict(model=['-h', '--name=b', '-1'], name='--quiet'))))
    assert commandline.parse(several, ['--config', str(path)]) == (['-h', '--name=b', '-1'], '--quiet')
    path.write_text(json.dumps(dict(settings=dict(datasets=['-h']))))
    with pytest.raises(ValueError, match='c.json is damaged'):
        commandline.parse_command(COMMANDS, '', ['verify', 'x', '--config', str(path)])


def test_a_released_version_is_that_of_the_changelog():
    with open(os.path.join(ROOT, 'CHANGELOG.md'), encoding='utf-8') as f:
        newest = [line for line in f if line.startswith('## ')][0].split()[1]
    assert newest == ('Unreleased' if VERSION.endswith('.dev0') else VERSION)


def test_the_program_is_named_as_it_was_started(monkeypatch):
    for argv, name in (['/a/2-inference.py', '2-inference.py'], ['/a/pix2pix/__main__.py', 'python -m pix2pix']):
        monkeypatch.setattr(sys, 'argv', [argv])
        assert log.program() == name


def test_a_package_that_is_missing_is_answered_with_how_to_get_it(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, 'ROOT', str(tmp_path))  # a clone without .venv

    def main():
        raise ImportError("No module named 'numpy'", name='numpy')

    for version, message in ((3, 11), 'requirements-cpu.txt'), ((3, 15), 'supported are Python 3.10 to 3.13'):
        monkeypatch.setattr(sys, 'version_info', version)
        with pytest.raises(SystemExit):
            commandline.command(main)
        assert message in capsys.readouterr().err
