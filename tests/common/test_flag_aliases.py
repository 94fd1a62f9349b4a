"""Flags that people know from other programs."""

import pytest

import config
import pix2pix.pix2pix_settings
from classification import classify_settings as classification
from common import commandline
from dataset_tools import create_settings as dataset_tools

TRAIN, COMMANDS = config.Train, dict(dataset_tools.COMMANDS, **classification.COMMANDS)
COMMANDS['pix2pix'] = pix2pix.pix2pix_settings.Train


@pytest.mark.parametrize(
    'record, flag, message',
    [
        (TRAIN, '--epochs', '(here it is --total-kimg: length of the run, in thousands of real images shown; '),
        (TRAIN, '--batch-size', '(here it is --minibatch: '),
        (TRAIN, '--batch_size=8', '(here it is --minibatch: '),
        (TRAIN, '--lr', '(here it is --G-lrate: '),
        (TRAIN, '--gpu', '(here it is --gpus: '),
        (TRAIN, '--out', '(here it is --outdir: '),
        (TRAIN, '--output', '(here it is --outdir: '),
        (TRAIN, '--checkpoint', '(here it is --transfer: '),
        (TRAIN, '--image-size', '(here it is --resolution: '),
        (config.Inference, '--size', '(the data or the weights decide it; 0-dataset_create.py makes data of another'),
        (config.Inference, '--checkpoint', '(here it is --model: the model weight file path)'),
        (config.Inference, '--gpu', '(here it is --cpu: leave the GPUs alone)'),
        (config.Display, '--csv', '(here it is --summary: '),
        (config.Inference, '--nubmer', '(did you mean --number?)'),
        ('volumes', '--csv', '(here it is ANNOTATIONS, without a flag: a table'),
        ('volumes', '--size', '(here it is --resolution: '),
        ('predict', '--csv', '(here it is --out: '),
        ('predict', '--output', '(here it is --out: '),
        ('phantom', '-n', '(here it is --number: '),
        ('pix2pix', '--lr', '(here it is --lrate: '),
        ('pix2pix', '--zzz', '--zzz (-h lists the flags)'),
        ('verify', '--debug', '(here it is --verbose)'),
    ],
)
def test_a_flag_of_another_program_is_answered_with_that_of_this_very_script(capsys, record, flag, message):
    with pytest.raises(SystemExit) as stop:
        if isinstance(record, str):
            positional = dict(volumes=['n.csv'], phantom=['AIS'], verify=['d']).get(record, [])
            commandline.parse_command(COMMANDS, '', [record] + positional + [flag])
        else:
            commandline.parse(record, [flag])
    err = capsys.readouterr().err
    assert stop.value.code == 2 and err.count('\n') == 1 and 'unrecognized argument ' + flag in err and message in err
