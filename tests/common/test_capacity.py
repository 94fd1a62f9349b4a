"""What memory or disk cannot hold is refused before work begins."""

import os

import pytest

import dataset
from common import capacity
from metrics import suite
from places import DATA

MODEL = os.path.join(DATA, 'tf2.21-numpy2.pkl')  # 8x8


@pytest.mark.skipif(not os.path.exists('/proc/meminfo'), reason='needs /proc/meminfo')
def test_free_memory_is_at_most_that_of_the_machine():
    total = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    assert 0.01 * total < capacity.free_memory() <= total


def test_free_disk_is_that_of_the_first_folder_above_that_is_there(tmp_path):
    free = os.statvfs(str(tmp_path))
    assert abs(capacity.free_disk(str(tmp_path / 'a' / 'b')) - free.f_bavail * free.f_frsize) < 1e9


def test_an_unknown_amount_of_memory_refuses_nothing(monkeypatch):
    monkeypatch.setattr(capacity, 'free_memory', lambda: None)
    capacity.require_memory(10**30, 'x')


@pytest.mark.parametrize(
    'arguments, message',
    [
        ('2-inference.py --number 1000000000000 --format npy', ['--number 1000000000000', 'needs about']),
        ('2-inference.py --number 30000 --format gif', ['--number 30000', '1 MB are free']),
        ('2-inference.py --number 30000 --grid', ['--number 30000 (30000 images of 8x8)', '1 MB are free']),
        ('2-inference.py --number 30 --interpolate slerp --steps 9999', ['30 with 9999 steps (299970 images of 8x8)']),
        ('2-inference.py --number %s' % ('9' * 15), ['more than a million GB']),
        ('0-dataset_create.py phantom all --number 1000000000000', ['(3000000000000 phantoms of 64x64)']),
        ('0-dataset_create.py pairs --phantom all --number 1000000000000', ['--number 1000000000000', ' MB are free']),
    ],
)
def test_more_than_the_memory_holds_is_refused_with_both_numbers(refuses, monkeypatch, arguments, message):
    monkeypatch.setattr(capacity, 'free_memory', lambda: 10**6)
    script, *flags = arguments.split()
    refuses(script, *(['--model', MODEL] + flags if script[0] == '2' else flags), parts=message)


@pytest.mark.parametrize(
    'arguments',
    [
        '2-inference.py --number 100 --format npy',
        '2-inference.py --number 100',
        '0-dataset_create.py phantom AIS --number 100',
        '0-dataset_create.py pairs --phantom AIS --number 100',
        '1-dataset_display.py --number 40',
    ],
)
def test_more_than_the_disk_holds_is_refused_with_both_numbers(refuses, monkeypatch, training_data, arguments):
    monkeypatch.setattr(capacity, 'free_disk', lambda path: 1000)
    script, *flags = arguments.split()
    flags += {'2': ['--model', MODEL], '1': ['--tfrecords', training_data]}.get(script[0], [])
    refuses(script, *flags, parts=['of disk', '1 KB are free'])


def test_a_dataset_and_an_evaluation_that_do_not_fit_are_refused(monkeypatch, training_data):
    path = dataset.levels(training_data)[3]
    monkeypatch.setattr(capacity, 'free_memory', lambda: os.path.getsize(path))
    assert len(dataset.read(path, 20)) == 20
    with pytest.raises(ValueError, match='AIS-r03.tfrecords needs about'):
        dataset.read(path)
    monkeypatch.setattr(capacity, 'free_memory', lambda: 10**6)
    with pytest.raises(ValueError, match=r'--number 20 \(as many images of 8x8 .* needs about'):
        suite.evaluate_models([MODEL], training_data, number=20, cpu=True)


@pytest.mark.skipif(not os.path.isdir('/sys/kernel'), reason='needs a file system that is no disk')
def test_a_place_that_cannot_be_written_is_not_called_full():
    for path in ('/sys/nothing', '/proc/nothing'):
        with pytest.raises(PermissionError, match='^%s cannot be written; choose another place' % path):
            capacity.require_disk(path, 1, 'x')
