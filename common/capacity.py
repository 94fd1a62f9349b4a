"""What fits this machine's memory and disks, asked before work begins."""

import os
import shutil


def free_memory():
    """Bytes of memory that a process can still get, or None where the system does not tell."""
    try:
        with open('/proc/meminfo') as f:
            lines = dict(line.split(':', 1) for line in f)
        return 1024 * int(lines['MemAvailable'].split()[0])
    except (OSError, KeyError):
        return None


def free_disk(path):
    """Bytes that a user may still write at a path, which need not be there yet."""
    while not os.path.isdir(path):
        path = os.path.dirname(os.path.abspath(path))
    return shutil.disk_usage(path).free


def _readable(number):
    if number >= 1e15:
        return 'more than a million GB'
    unit, name = next(((unit, name) for unit, name in ((1e9, 'GB'), (1e6, 'MB')) if number >= unit), (1e3, 'KB'))
    return '%.3g %s' % (number / unit, name)


def require_memory(needed, what):
    """ValueError, with both numbers, where `needed` bytes of memory are more than there are. what: begins the error."""
    free = free_memory()
    if free is not None and needed > free:
        words = '%s needs about %s of memory, and %s are free; ask for less'
        raise ValueError(words % (what, _readable(needed), _readable(free)))


def require_disk(path, needed, what):
    """The same of a disk: that of the folder `path`."""
    free = free_disk(path)
    if needed > free:
        words = '%s needs about %s of disk at %s, and %s are free; ask for less, or free some'
        raise ValueError(words % (what, _readable(needed), path, _readable(free)))
