"""Locks on folders, so that no two processes work in one; the system releases them however a process ends."""

import contextlib
import json
import os
import platform
import time

from common import files, schema, types

_HOLDER = {'pid': types.nonnegative, 'host': types.text, 'since': types.text}


class Lock:
    """A lock on a folder, held until `release`, or until the process ends. A file beside it names who holds it."""

    def __init__(self, folder):
        self._holder = os.path.join(folder, '.holder')
        import filelock  # here, because programs run without it

        path = os.path.join(folder, 'lock')
        if os.path.exists(path) and os.path.getsize(path):
            raise FileExistsError('%s is no lock of this program, which would empty it; move it away' % path)
        self._lock = filelock.FileLock(path)
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            raise BlockingIOError(self._describe_holder()) from None
        if os.path.lexists(self._holder):  # left by a process that was killed
            schema.read(self._holder, _HOLDER, 'it is not of this program; move it away')
        holder = dict(pid=os.getpid(), host=platform.node(), since=time.strftime('%Y-%m-%d %H:%M:%S'))
        with files.atomic(self._holder, private=True) as f:
            f.write(json.dumps(holder).encode())

    def _describe_holder(self):
        try:
            return 'process {pid} on {host} since {since}'.format(**schema.read(self._holder, _HOLDER, ''))
        except (OSError, ValueError):  # it has not been written yet
            return 'another process'

    def release(self):
        with contextlib.suppress(OSError):
            os.unlink(self._holder)
        self._lock.release()


def acquire(folder, remedy):
    """A Lock on a folder; ValueError, with a remedy, if another process holds it; None, with a line, without locks."""
    try:
        return Lock(folder)
    except ImportError:
        reason = 'pip install filelock'
    except NotImplementedError:
        reason = 'its file system has no locks'
    except BlockingIOError as error:
        raise ValueError('%s is in use by %s; %s' % (folder, error, remedy)) from None
    print('%s: not locked against a second process; %s' % (folder, reason))
    return None


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
