"""Disks that fill up, in every script: python -m pytest -q -s tests/soak/soak_disk.py, as root, who may mount one."""

import os
import subprocess

import pytest

from places import ROOT
from runs import TINY, TINY_PIX2PIX, outcomes, start_python

SHARES = 0.02, 0.3, 0.6, 0.9, 0.98  # of the bytes that the command leaves
PAGE = 4096  # bytes in which a tmpfs counts
COMMANDS = {
    'create phantom': '0-dataset_create.py phantom MIA --number 200 --resolution 32',
    'create pairs': '0-dataset_create.py pairs --phantom MIA --number 40 --resolution 64',
    'create images': '0-dataset_create.py images pix2pix/dataset-demo --resolution 32 --resize',
    'display': '1-dataset_display.py --number 40 --tfrecords {data}',
    'display grid': '1-dataset_display.py --number 40 --grid --tfrecords {data}',
    'inference': '2-inference.py --number 40 --cpu',
    'inference npy': '2-inference.py --number 40 --cpu --format npy',
    'inference gif': '2-inference.py --number 4 --cpu --interpolate slerp --format gif',
    'train': '3-train.py --data {data} --metrics swd ' + ' '.join(TINY),
    'evaluate': '4-evaluate.py --cpu --number 40 --audit 10',
    'pix2pix train': '-m pix2pix train --data {pairs} ' + ' '.join(TINY_PIX2PIX),
    'pix2pix generate': '-m pix2pix generate --cpu --samples 2',
}


@pytest.fixture
def disk(tmp_path):
    """(a folder, a function that says how many bytes it can hold)."""
    folder = str(tmp_path / 'disk')
    os.mkdir(folder)
    if subprocess.call(['mount', '-t', 'tmpfs', 'tmpfs', folder]):
        pytest.skip('needs to mount a tmpfs')
    yield folder, lambda size: subprocess.check_call(['mount', '-o', 'remount,size=%d' % size, folder])
    subprocess.check_call(['umount', folder])


def used(folder):
    space = os.statvfs(folder)
    return (space.f_blocks - space.f_bfree) * space.f_frsize


def unfinished(folder):
    return [name for _, dirs, names in os.walk(folder) for name in dirs + names if '.part' in name or '.new' in name]


@pytest.mark.parametrize('name', COMMANDS)
def test_a_disk_that_fills_up_is_one_line_and_more_room_is_enough_to_go_on(name, disk, training_data, pairs):
    folder, resize = disk
    out = os.path.join(folder, 'out')
    command = COMMANDS[name].format(data=training_data, pairs=pairs).split() + ['--outdir', out]
    resize(2**30)
    ((code, _, err),) = outcomes([start_python(command)], 300)
    assert code == 0, err
    size = used(folder)
    for share in SHARES:
        subprocess.check_call(['rm', '-r', out])
        resize(max(int(size * share) // PAGE, 1) * PAGE)
        ((code, _, err),) = outcomes([start_python(command)], 300)
        print('%s on %.2f of %d bytes: %d, %s' % (name, share, size, code, err.replace(ROOT, '').replace(folder, '')))
        assert code == 2 and err.count('\n') == 1 and folder in err and 'free' in err, err
        assert unfinished(folder) == []
        resize(2**30)
        begun = 'train' in name and os.path.exists(out) and os.listdir(out)
        ((code, _, err),) = outcomes([start_python(command + ['--resume', 'latest'] * bool(begun))], 300)
        assert code == 0, err
        assert unfinished(folder) == []
