"""What a process leaves that ends at any of its writes: everything as before, or everything as after."""

import os
import shutil

import pytest

from common import files, folders
from dataset_tools import writer
from places import visible
from training import checkpoint

CALLS = 'replace rename unlink rmdir mkdir fsync'.split()  # of os: what changes names, and makes bytes durable


class Killed(BaseException):
    """Stands for the end of the process: nothing after it is done, not even tidying."""


def crash_points(monkeypatch, action, prepare):
    """Do `action` again and again after `prepare`, each time ended at its next call, until it comes to its end.

    Yields what prepare gave, at the state that the process leaves.
    """
    originals = {name: getattr(os, name) for name in CALLS}
    for last in range(1, 1000):
        value, count = prepare(), [0]

        def counted(original):
            def call(*arguments, **options):
                count[0] += 1
                if count[0] >= last:
                    raise Killed
                return original(*arguments, **options)

            return call

        with monkeypatch.context() as patch:
            for name, original in originals.items():
                patch.setattr(os, name, counted(original))
            try:
                action(value)
                assert count[0] == last - 1
                return
            except Killed:
                pass
        yield value
    raise AssertionError('it does not end')


def _write(text):
    def write_networks(path):
        with files.atomic(path, durable=True) as f:
            f.write(text)

    return write_networks


def _state(number):
    return dict(number=number, shown=number, elapsed=0.0, level=2, lod=0.0, minibatch=8)


@pytest.mark.parametrize('before', [[], [(0, b'zero', 1)], [(0, b'zero', 1), (1, b'one', 2)]])
@pytest.mark.parametrize('kimg', [1, 1.5, 2])
def test_a_run_killed_at_any_point_of_a_snapshot_has_the_one_before_or_the_new_one(tmp_path, monkeypatch, before, kimg):
    path, points, result = str(tmp_path / '000-AIS'), 0, set()

    def prepare():
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
        for old, text, number in before:
            checkpoint.write(path, old, _write(text), _state(number), keep=1)

    def write(_):
        checkpoint.write(path, kimg, _write(b'new'), _state(9), keep=1)

    for _ in crash_points(monkeypatch, write, prepare):
        points += 1
        snapshot = checkpoint.last(path)
        number = int(snapshot.state['number']) if snapshot else None
        content = open(snapshot.path, 'rb').read() if snapshot else None
        result.add(number)
        assert (number, content) in [(9, b'new'), before[-1][:0:-1] if before else (None, None)]
        checkpoint.tidy(path, snapshot)
        assert all(name.endswith(('.pkl', '.npz')) and '.new' not in name for name in visible(path))
        assert not [name for name in os.listdir(path) if name.endswith('.part')]
        assert (checkpoint.last(path) or [None])[0] == (snapshot and snapshot.path)
    assert points >= 4 and result == {9, before[-1][2] if before else None}


def _filled(path, text):
    os.makedirs(path)
    for name in ('AIS-r02.tfrecords', 'AIS.json'):
        with files.atomic(os.path.join(path, name)) as f:
            f.write(text)


@pytest.mark.parametrize('exists', [False, True])
def test_a_dataset_that_is_being_replaced_when_its_run_is_killed_is_the_old_or_the_new_one(
    tmp_path, monkeypatch, exists
):
    outdir = str(tmp_path / 'out')
    path, points = os.path.join(outdir, 'AIS'), 0

    def prepare():
        shutil.rmtree(outdir, ignore_errors=True)
        if exists:
            _filled(path, b'old')

    def replace(_):
        with folders.folder(path, replace=True) as part:
            with files.atomic(os.path.join(part, 'AIS.json')) as f:
                f.write(b'new')
            with files.atomic(os.path.join(part, 'AIS-r02.tfrecords')) as f:
                f.write(b'new')

    for _ in crash_points(monkeypatch, replace, prepare):
        points += 1
        writer.require_free(path, force=True)
        contents = {open(os.path.join(path, name), 'rb').read() for name in visible(path)} if exists else set()
        assert contents in ([{b'old'}, {b'new'}] if exists else [set()])
    assert points >= 4
