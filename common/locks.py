"""Locks on folders, so that no two processes work in one; the system releases them however a process ends."""

import contextlib
import json
import os
import platform
import time

from common import files, schema, types

_HOLDER = {'pid': types.nonnegative, 'host': types.text, 'since': types.text}


class Lock:
    """A lock on a folder, held until `release` or until the process ends. holder: the file that names who holds it."""

    def __init__(self, file_lock, holder):
        self._file_lock, self._holder = file_lock, holder

    def release(self):
        with contextlib.suppress(OSError):
            os.unlink(self._holder)
        self._file_lock.release()


def acquire(folder, remedy):
    """A Lock on a folder; ValueError, with a remedy, if another process holds it; None, with a line, without locks."""
    path, holder = os.path.join(folder, 'lock'), os.path.join(folder, '.holder')
    try:
        import filelock  # here, because programs run without it
    except ImportError:
        return _unlocked(folder, 'pip install filelock')
    if os.path.exists(path) and os.path.getsize(path):  # locking it would empty it
        raise FileExistsError('%s is not an (empty) lock file of this program; move it away' % path)
    file_lock = filelock.FileLock(path)
    try:
        file_lock.acquire(timeout=0)
    except NotImplementedError:
        return _unlocked(folder, 'its file system has no locks')
    except filelock.Timeout:
        raise ValueError('%s is in use by %s; %s' % (folder, _described(holder), remedy)) from None
    if os.path.lexists(holder):  # left by a process that was killed
        schema.read(holder, _HOLDER, 'it is not of this program; move it away')
    facts = dict(pid=os.getpid(), host=platform.node(), since=time.strftime('%Y-%m-%d %H:%M:%S'))
    with files.atomic(holder, private=True) as f:
        f.write(json.dumps(facts).encode())
    return Lock(file_lock, holder)


def _unlocked(folder, reason):
    print('%s: not locked against a second process; %s' % (folder, reason))


def _described(holder):
    """The process that the file `holder` names, in words."""
    try:
        return 'process {pid} on {host} since {since}'.format(**schema.read(holder, _HOLDER, ''))
    except (OSError, ValueError):  # it has not been written yet
        return 'another process'


@contextlib.contextmanager
def held(folder, remedy):
    """A block in which a folder, made if need be, is locked, as of `acquire`."""
    os.makedirs(folder, exist_ok=True)
    lock = acquire(folder, remedy)
    try:
        yield
    finally:
        if lock:
            lock.release()
