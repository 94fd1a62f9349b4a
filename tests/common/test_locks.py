"""Locks on folders: one process at a time, which is named, and free again however it ended."""

import subprocess
import sys

import pytest

from common import locks
from places import ROOT

HOLD = 'import sys, time; from common import locks; held = locks.acquire(sys.argv[1], ""); print(1, flush=True)'


def test_a_lock_names_the_process_that_holds_it_and_is_free_when_that_was_killed(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, '-c', HOLD + '; time.sleep(60)', str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    try:
        holder.stdout.readline()
        for _ in range(2):  # a look at the lock does not wipe out who holds it
            with pytest.raises(ValueError) as refused:
                locks.acquire(str(tmp_path), 'wait')
            message = str(refused.value)
            assert message.startswith('%s is in use by process %d on ' % (tmp_path, holder.pid)) and message.endswith(
                'wait'
            )
    finally:
        holder.kill()
        holder.communicate()
    with locks.held(str(tmp_path), 'wait'):
        with pytest.raises(ValueError, match='in use'):
            locks.acquire(str(tmp_path), 'wait')
    assert not (tmp_path / '.holder').exists()
    locks.acquire(str(tmp_path), 'wait').release()


@pytest.mark.parametrize('name, error', [('.holder', ValueError), ('lock', FileExistsError)])
def test_a_file_of_somebody_else_with_a_name_that_a_lock_takes_stays(tmp_path, name, error):
    (tmp_path / name).write_text('mine')
    with pytest.raises(error, match='/%s .*; .*move it away' % name):
        locks.acquire(str(tmp_path), 'wait')
    assert (tmp_path / name).read_text() == 'mine'
