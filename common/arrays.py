"""NumPy files that strangers made: nothing is unpickled, and nothing is allocated that the file does not hold."""

import os
import tokenize
import zipfile

import numpy as np

# What NumPy's reader of headers raises on bad ones, and zipfile on bad archives.
_BAD = (ValueError, TypeError, LookupError, EOFError, SyntaxError, OverflowError, RecursionError, MemoryError)
_BAD += (AttributeError, UnicodeError, NotImplementedError, RuntimeError, tokenize.TokenError, zipfile.BadZipFile)


def _header(f, size):
    """(type, shape, order) of the array of numbers in a .npy file of `size` bytes; leaves f where the numbers begin."""
    version = np.lib.format.read_magic(f)
    read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
    shape, fortran, dtype = read(f)
    numbers = 1
    for length in shape:
        numbers *= length
    if dtype.kind not in 'fiub' or not all(0 <= length < 2**48 for length in shape) or len(shape) > 32:
        raise ValueError
    if numbers * dtype.itemsize > size - f.tell():
        raise EOFError
    return dtype, shape, 'F' if fortran else 'C'


def load(path):
    """The array of a .npy file, a view of the file; ValueError if it holds something else than numbers."""
    try:
        with open(path, 'rb') as f:
            dtype, shape, order = _header(f, os.path.getsize(path))
            begin = f.tell()
        if 0 in shape:
            return np.zeros(shape, dtype)
        return np.memmap(path, dtype, 'r', begin, shape, order)
    except _BAD:
        raise ValueError('%s is not a NumPy file of numbers; write one with numpy.save' % path) from None


def load_npz(path):
    """{name: array} of an .npz file that numpy.savez wrote, without compression; ValueError for any other."""
    found = {}
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type or entry.flag_bits & 1 for entry in entries):
                raise ValueError
            if sum(entry.file_size for entry in entries) > os.path.getsize(path) or archive.testzip():
                raise ValueError
            for entry in entries:
                with archive.open(entry) as f:
                    data = _Counted(f)
                    dtype, shape, order = _header(data, entry.file_size)
                    numbers = np.frombuffer(data.read(), dtype)
                    found[entry.filename[: -len('.npy')]] = numbers.reshape(shape, order=order)
    except _BAD:
        raise ValueError('%s is damaged' % path) from None
    return found


class _Counted:
    """A file of an archive that knows where it is, as those of Python 3.6 do not."""

    def __init__(self, f):
        self.f, self.position = f, 0

    def read(self, size=-1):
        data = self.f.read(size)
        self.position += len(data)
        return data

    def tell(self):
        return self.position
