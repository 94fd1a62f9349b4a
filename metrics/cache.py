"""What was computed before, in memory and on disk, found again by the data, the settings and the code it came from.

A file is one value, in the user's cache folder; it is read only where its checksums are right, else computed again.
"""

import contextlib
import glob
import hashlib
import io
import os

import numpy as np
import scipy

from common import arrays, files

LIMIT = 256 * 2**20  # bytes of all files; those that were not read for longest go first


def user_folder():
    """Where this user's programs keep what can be computed again."""
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
    """The code that values depend on: that of this folder, and versions of libraries."""
    paths = sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(os.path.abspath(__file__))), '*.py')))
    texts = []
    for path in paths:
        with open(path, 'rb') as f:
            texts.append(f.read())
    return texts + [np.__version__, scipy.__version__]


class Cache:
    """Values of arrays by name; depends: arrays, numbers and texts that all of them follow from.

    folder: for the files; None: there are none, values are in memory only.
    """

    def __init__(self, depends, folder=None):
        self.folder, self.memory = folder, {}
        if folder:
            self.digest = hashlib.sha256()
            _update(self.digest, [depends, _code()])

    def recall(self, name, compute, disk=True, shapes=None):
        """{name: array} that compute() returns, or has returned.

        disk: also keep it for other processes. shapes: as of `find`.
        """
        found = self.find(name, shapes)
        return self.keep(name, compute(), disk) if found is None else found

    def find(self, name, shapes=None):
        """{name: array} that was kept under a name, or None.

        shapes: {name: shape of its array}, None in place of a length that is not known; a file of others is damaged.
        """
        if name not in self.memory and self.folder:
            found = self._read(self._path(name))
            if found is not None and (shapes is None or _fits(found, shapes)):
                self.memory[name] = found
        return self.memory.get(name)

    def keep(self, name, values, disk=True):
        """Keep {name: array}, and return it."""
        self.memory[name] = {key: np.asarray(value) for key, value in values.items()}
        if self.folder and disk:
            self._write(self._path(name), self.memory[name])
        return self.memory[name]

    def _path(self, name):
        digest = self.digest.copy()
        _update(digest, name)
        return os.path.join(self.folder, digest.hexdigest() + '.npz')

    @staticmethod
    def _read(path):
        try:
            found = arrays.load_npz(path)
            os.utime(path)
        except (OSError, ValueError):
            return None
        digest = found.pop('digest', np.zeros(0, np.uint8)).tobytes()
        return found if digest == _digest(found) else None

    def _write(self, path, values):
        """A cache that cannot be written is none: the evaluation goes on."""
        f = io.BytesIO()
        np.savez(f, digest=np.frombuffer(_digest(values), np.uint8), **values)
        with contextlib.suppress(OSError):
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            with files.atomic(path, private=True) as part:
                part.write(f.getvalue())
            self._shrink()

    def _shrink(self):
        found = []
        for path in glob.glob(os.path.join(glob.escape(self.folder), 64 * '[0-9a-f]' + '.npz')):
            with contextlib.suppress(OSError):  # another process may have removed it
                found.append((os.path.getmtime(path), os.path.getsize(path), path))
        total = 0
        for _, size, path in sorted(found, reverse=True):
            total += size
            if total > LIMIT:
                with contextlib.suppress(OSError):
                    os.unlink(path)


def _fits(found, shapes):
    """Whether arrays are those that are wanted: of numbers, and of their shapes."""
    if set(found) != set(shapes) or not all(array.dtype.kind in 'fiu' for array in found.values()):
        return False
    for name, shape in shapes.items():
        lengths = found[name].shape
        if len(lengths) != len(shape) or any(known not in (None, length) for known, length in zip(shape, lengths)):
            return False
    return True


def _digest(values):
    digest = hashlib.sha256()
    _update(digest, sorted(values.items(), key=lambda pair: pair[0]))
    return digest.digest()
