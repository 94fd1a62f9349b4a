"""What was computed before, in memory and on disk, found again by the data, the settings and the code it came from."""

import contextlib
import glob
import hashlib
import io
import os

import numpy as np
import scipy

from common import files
from metrics import outlines
from stats import bootstrap

LIMIT = 256 * 2**20  # bytes of all files; those that were not read for longest are removed first


def user_folder():
    """The folder where this user's programs keep what can be computed again."""
    home = os.environ.get('XDG_CACHE_HOME') or os.environ.get('LOCALAPPDATA') or os.path.expanduser('~/.cache')
    return os.path.join(home, 'nodule-evaluation')


def _update(digest, value):
    if isinstance(value, np.ndarray):
        digest.update(('%s %s' % (value.dtype.str, value.shape)).encode())
        digest.update(np.ascontiguousarray(value))
    elif isinstance(value, (list, tuple)):
        for part in value:
            _update(digest, part)
    else:
        digest.update(repr(value).encode())
    digest.update(b'\0')


def _code():
    """What values depend on beside the data: the code and weights of the metrics, and versions of libraries."""
    folder = glob.escape(os.path.dirname(os.path.abspath(__file__)))
    texts = []
    for path in sorted(glob.glob(os.path.join(folder, '*.py'))) + [outlines.WEIGHTS, bootstrap.__file__]:
        with open(path, 'rb') as f:
            texts.append(f.read())
    return texts + [np.__version__, scipy.__version__]


def _read(path):
    """{name: array} of a file; ValueError if its last bytes are not the checksum of all before."""
    with open(path, 'rb') as f:
        data = f.read()
    if hashlib.sha256(data[:-32]).digest() != data[-32:]:
        raise ValueError
    with np.load(io.BytesIO(data[:-32]), allow_pickle=False) as values:
        return dict(values)


class Cache:
    """Values of arrays by name. depends: arrays, numbers and texts that all of them follow from.

    folder: for the files; None: values are kept in memory only.
    """

    def __init__(self, depends, folder=None):
        self.folder, self.memory = folder, {}
        if folder:
            self.digest = hashlib.sha256()
            _update(self.digest, [depends, _code()])

    def recall(self, name, compute, disk=True):
        """{name: array} that compute() returns, or has returned. disk: also keep it for other processes."""
        values = self.find(name)
        return self.keep(name, compute(), disk) if values is None else values

    def find(self, name):
        """{name: array} that was kept under a name, or None."""
        if name not in self.memory and self.folder:
            path = self._path(name)
            with contextlib.suppress(OSError, ValueError):  # none is there, or it is damaged: computed again
                self.memory[name] = _read(path)
                os.utime(path)
        return self.memory.get(name)

    def keep(self, name, values, disk=True):
        """Keep {name: array}, and return it."""
        self.memory[name] = {key: np.asarray(value) for key, value in values.items()}
        if self.folder and disk:
            with contextlib.suppress(OSError):  # without a cache the evaluation goes on
                self._write(self._path(name), self.memory[name])
        return self.memory[name]

    def _path(self, name):
        digest = self.digest.copy()
        _update(digest, name)
        return os.path.join(self.folder, digest.hexdigest() + '.npz')

    def _write(self, path, values):
        archive = io.BytesIO()
        np.savez(archive, **values)
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        with files.atomic(path, private=True) as f:
            f.write(archive.getvalue() + hashlib.sha256(archive.getvalue()).digest())
        self._shrink()

    def _shrink(self):
        paths = glob.glob(os.path.join(glob.escape(self.folder), 64 * '[0-9a-f]' + '.npz'))
        total = 0
        for path in sorted(paths, key=os.path.getmtime, reverse=True):
            total += os.path.getsize(path)
            if total > LIMIT:
                os.unlink(path)
