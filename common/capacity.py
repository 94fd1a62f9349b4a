"""What fits this machine's memory and disks, asked before work begins."""

import contextlib
import os
import shutil
import tempfile

import numpy as np


def free_memory():
    """Bytes of memory that a process can still get, or None where the system does not report it."""
    try:
        with open('/proc/meminfo') as f:
            lines = dict(line.split(':', 1) for line in f)
        free = 1024 * int(lines['MemAvailable'].split()[0])
    except (OSError, KeyError):
        return None
    return min(free, _left_to_group())


def _left_to_group():
    """Bytes that the control group of this process, such as a container, may still use; infinity without a limit."""
    for controller, folder, limit_file, used_file in (
        ('', '/sys/fs/cgroup', 'memory.max', 'memory.current'),
        ('memory', '/sys/fs/cgroup/memory', 'memory.limit_in_bytes', 'memory.usage_in_bytes'),
    ):
        with contextlib.suppress(OSError, ValueError, KeyError):  # no such version, or no limit, which reads "max"
            folder = _group(controller, folder)
            limit, used = _text(folder, limit_file), _text(folder, used_file)
            statistics = dict(line.split() for line in _text(folder, 'memory.stat').splitlines())
            unused = int(statistics['inactive_file'])  # cached files
            return max(0, int(limit) - int(used) + unused)
    return float('inf')


def _group(controller, folder):
    """The folder of this process's control group; a container sees its group as the uppermost."""
    for line in _text('/proc/self', 'cgroup').splitlines():
        _, controllers, name = line.split(':', 2)
        inner = os.path.join(folder, name.lstrip('/'))
        if controller in controllers.split(',') and os.path.isdir(inner):
            return inner
    return folder


def _text(folder, name):
    with open(os.path.join(folder, name)) as f:
        return f.read()


def free_disk(path):
    """Bytes that a user may still write at a path, which need not be there yet."""
    return shutil.disk_usage(_folder_there(path)).free


def _folder_there(path):
    """A path, or the first folder above it that is there."""
    while not os.path.isdir(path):
        path = os.path.dirname(os.path.abspath(path))
    return path


def _readable(n_bytes):
    if n_bytes >= 1e15:
        return 'more than a million GB'
    for unit, name in ((1e9, 'GB'), (1e6, 'MB')):
        if n_bytes >= unit:
            return '%.3g %s' % (n_bytes / unit, name)
    return '%.3g KB' % (n_bytes / 1e3)


def require_memory(needed, what):
    """ValueError, with both numbers, where `needed` bytes of memory are more than there are. what: begins the error."""
    free = free_memory()
    if free is not None and needed > free:
        message = '%s needs about %s of memory, and %s are free; ask for less'
        raise ValueError(message % (what, _readable(needed), _readable(free)))


def require_disk(path, needed, what):
    """The same of a disk: that of the folder `path`; PermissionError where nothing can be written."""
    folder = _folder_there(path)
    if not os.access(folder, os.W_OK) or not shutil.disk_usage(folder).total:  # not a disk, as /sys and /proc
        raise PermissionError('%s cannot be written; choose another place' % path)
    free = free_disk(path)
    if needed > free:
        message = '%s needs about %s of disk at %s, and %s are free; ask for less, or free some'
        raise ValueError(message % (what, _readable(needed), path, _readable(free)))


def arrays(shapes, folder):
    """Arrays of uint8 without values yet, {name: shape} -> {name: array}.

    In memory, or where they would take more than half of what is free, mapped from nameless files of a folder (or, if
    it cannot be written, of the system's temporary one) which are gone when the process is, however it ends.
    """
    free, needed = free_memory(), sum(int(np.prod(shape, dtype=float)) for shape in shapes.values())
    if free is None or needed <= free / 2:
        return {name: np.empty(shape, np.uint8) for name, shape in shapes.items()}
    folder = folder if os.access(folder, os.W_OK) else tempfile.gettempdir()
    require_disk(folder, needed, 'a copy of the images, as memory does not hold them,')
    mapped = {}
    for name, shape in shapes.items():
        with tempfile.TemporaryFile(dir=folder) as file:
            mapped[name] = np.asarray(np.memmap(file, np.uint8, 'w+', shape=shape))
    return mapped
