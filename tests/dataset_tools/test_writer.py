import os
import resource
import signal
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import dataset
from created import CREATE, PHANTOM, finest, tree
from places import ROOT


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['phantom', 'AIH'], ['AIH']),
        (['phantom'], ['KIND']),
        (['paint'], ['paint']),
        (['phantom', 'IA', '--number', '0'], ['--number']),
        (['phantom', 'IA', '--resolution', '48'], ['power of two']),
        (['phantom', 'IA', '--resolution', '8'], ['16 pixels']),
        (['phantom', 'IA', '--spacing', '0'], ['--spacing']),
        (['phantom', 'IA', '--spacing', 'nan'], ['--spacing']),
        (['phantom', 'IA', '--spacing', '9'], ['0.1 to 2 mm']),
        (['phantom', 'IA', '--window', 'bone'], ['window', 'bone', '-1000,400']),
        (['phantom', 'IA', '--seed', '-1'], ['--seed']),
        (['phantom', 'IA', '--window', '-100,-200'], ['window']),
        (['phantom', 'IA', '--name', '../x'], ['../x', '--name']),
        (['images', '.', '--range', '5'], ['--range']),
        (['images', '.', '--range', '5,5'], ['--range']),
        (['images', '.', '--channels', '2'], ['--channels']),
    ],
)
def test_wrong_flags_are_one_line(refuses, arguments, message):
    refuses(CREATE, *arguments, parts=message)


def test_an_existing_data_set_is_replaced_only_by_force(made, complains, tmp_path):
    made(*PHANTOM, '--number', 2)
    before = tree(tmp_path / 'out'), finest(tmp_path / 'out' / 'MIA')
    out = tmp_path / 'out'
    complains(CREATE, *PHANTOM, '--number', 5, '--outdir', out, parts=['--force', out / 'MIA'])
    assert tree(tmp_path / 'out') == before[0]
    assert_array_equal(finest(tmp_path / 'out' / 'MIA'), before[1])
    made('phantom', 'MIA', '--resolution', 32, '--number', 5, '--force', '--masks')
    made(*PHANTOM, '--number', 3, '--force')
    assert (
        sorted(dataset.levels(str(tmp_path / 'out' / 'MIA'))) == [2, 3, 4]
        and len(finest(tmp_path / 'out' / 'MIA')) == 3
    )
    assert os.listdir(str(tmp_path / 'out')) == ['MIA']


def test_a_failing_run_leaves_the_old_data_set_as_it_was(made, complains, tmp_path, folder):
    made('images', folder, '--resolution', 16)
    before = tree(tmp_path / 'out'), finest(tmp_path / 'out' / 'images')
    (folder / 'z.png').write_bytes(b'x')
    flags = ['--resolution', 16, '--force', '--outdir', tmp_path / 'out']
    complains(CREATE, 'images', folder, *flags, parts=['z.png'])
    assert tree(tmp_path / 'out') == before[0] and os.listdir(str(tmp_path / 'out')) == ['images']
    assert_array_equal(finest(tmp_path / 'out' / 'images'), before[1])


@pytest.mark.parametrize(
    'present', ['MIA/thesis.txt', 'MIA/MIA-r02.tfrecords/x', 'MIA/photo.png', 'MIA/AIS-r02.tfrecords', 'MIA']
)
def test_force_replaces_nothing_but_data_sets(complains, tmp_path, present):
    (tmp_path / 'out' / present).parent.mkdir(parents=True)
    (tmp_path / 'out' / present).write_bytes(b'mine')
    flags = ['--number', 2, '--force', '--outdir', tmp_path / 'out']
    complains(CREATE, *PHANTOM, *flags, parts=['is not replaced'])
    assert tree(tmp_path / 'out') == [present]


@pytest.mark.parametrize(
    'name, message',
    [
        ('MIA.html', 'MIA.html is there already'),
        ('MIA-skipped.csv', 'MIA-skipped.csv is there already'),
        ('MIA/MIA.json', 'MIA.json is not, or no longer'),
        ('MIA/pics.json', 'pics.json is not, or no longer'),
        ('MIA/.written.jsonl', 'MIA-r02.tfrecords is not, or no longer'),
    ],
)
def test_force_replaces_only_what_is_as_it_was_written(made, complains, tmp_path, name, message):
    made(*PHANTOM, '--number', 2)
    (tmp_path / 'out' / name).write_bytes(b'mine')
    before = {path: (tmp_path / 'out' / path).read_bytes() for path in tree(tmp_path / 'out')}
    complains(CREATE, *PHANTOM, '--number', 3, '--force', '--outdir', tmp_path / 'out', parts=[message])
    assert before == {path: (tmp_path / 'out' / path).read_bytes() for path in tree(tmp_path / 'out')}


@pytest.mark.parametrize('suffix', ['part', 'old'])
def test_folders_of_users_with_the_names_of_leftovers_stay(made, tmp_path, suffix):
    theirs = tmp_path / 'out' / ('.MIA-mythesis.' + suffix)
    theirs.mkdir(parents=True)
    (theirs / 'thesis.txt').write_text('mine')
    made(*PHANTOM, '--number', 2)
    made(*PHANTOM, '--number', 3, '--force')
    assert (theirs / 'thesis.txt').read_text() == 'mine' and len(finest(tmp_path / 'out' / 'MIA')) == 3


def limited(bytes_):
    """To run in a child: no file of it may grow further, as on a full disk."""

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))


@pytest.mark.slow
@pytest.mark.parametrize(
    'arguments, largest',
    [
        (['phantom', 'MIA', '--number', '40', '--resolution', '32', '--processes', '2'], 20000),
        (['phantom', 'MIA', '--number', '1'], 300),
        (['pairs', '--phantom', 'MIA', '--number', '40', '--resolution', '128', '--processes', '2'], 8000),
    ],
)
def test_a_full_disk_is_one_line_and_nothing_is_left(tmp_path, arguments, largest):
    run = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, CREATE)] + arguments + ['--outdir', str(tmp_path / 'out')],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: limited(largest),
    )
    _, err = run.communicate()
    assert run.returncode == 2 and err.count(b'\n') == 1 and str(tmp_path / 'out').encode() in err, err
    assert os.listdir(str(tmp_path)) == []


def test_a_disk_that_fills_up_in_a_data_set_is_an_oserror_that_names_it(tmp_path):
    path = str(tmp_path / 'AIS')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
    try:
        with pytest.raises(OSError) as caught:
            dataset.write(path, 'AIS', [np.zeros([1, 16, 16], np.uint8)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == path + '/AIS-r04.tfrecords' and os.listdir(path) == []


def test_what_a_killed_run_left_is_reported_and_hinders_nobody(made, tmp_path):
    (tmp_path / 'out' / '.MIA-0123abcd.part').mkdir(parents=True)
    assert '.MIA-0123abcd.part was left' in made(*PHANTOM, '--number', 2)
