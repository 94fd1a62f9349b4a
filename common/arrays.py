"""NumPy files that strangers made: nothing is unpickled, and nothing is allocated that the file does not hold."""

import functools
import io
import operator
import os
import re
import struct
import zipfile

import numpy as np

from common import files

# What zipfile and numpy.dtype raise on damaged files.
_BAD = (ValueError, TypeError, LookupError, EOFError, OverflowError, NotImplementedError, RuntimeError)
_BAD += (struct.error, zipfile.BadZipFile)
# FILE FORMAT: the parts of a header, which is the text of a Python dictionary. It is not evaluated.
_DTYPE = re.compile(rb"'descr': *'([<>|=]?[fiub]\d)'")
_ORDER = re.compile(rb"'fortran_order': *(True|False)")
_SHAPE = re.compile(rb"'shape': *\(([\d, L]*)\)")


def _header(f, size):
    """(type, shape, order) of the array of numbers in a .npy file of `size` bytes; leaves f where the numbers begin."""
    magic = f.read(8)
    if magic[:6] != b'\x93NUMPY' or magic[6:] not in (b'\x01\0', b'\x02\0'):
        raise ValueError
    length = struct.unpack(*(('<H', f.read(2)) if magic[6] == 1 else ('<I', f.read(4))))[0]
    text = f.read(min(length, 1 << 16))
    dtype, order, shape = [pattern.search(text) for pattern in (_DTYPE, _ORDER, _SHAPE)]
    if not (dtype and order and shape) or len(text) != length:
        raise ValueError
    dtype, shape = np.dtype(dtype.group(1).decode()), [int(n) for n in re.findall(rb'\d+', shape.group(1))]
    if not all(length < 2**48 for length in shape) or len(shape) > 32:
        raise ValueError
    if functools.reduce(operator.mul, shape, dtype.itemsize) > size - f.tell():
        raise EOFError
    return dtype, tuple(shape), 'F' if order.group(1) == b'True' else 'C'


def load(path):
    """The array of a .npy file, a view of the file; ValueError if it holds something else than numbers."""
    files.require_regular(path)
    try:
        with open(path, 'rb') as f:
            dtype, shape, order = _header(f, os.path.getsize(path))
            begin = f.tell()
        if 0 in shape:
            return np.zeros(shape, dtype)
        return np.memmap(path, dtype, 'r', begin, shape, order)
    except _BAD:
        raise files.BadFile(path, 'is not a NumPy file of numbers', 'write one with numpy.save') from None


def load_npz(path):
    """{name: array} of an .npz file that numpy.savez wrote, without compression; ValueError for any other."""
    found = {}
    try:
        with open(path, 'rb') as f:
            data = f.read()
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            if any(entry.compress_type or entry.flag_bits & 1 for entry in entries):
                raise ValueError
            if sum(entry.file_size for entry in entries) > len(data):
                raise ValueError
            for entry in entries:
                member = io.BytesIO(archive.read(entry))
                dtype, shape, order = _header(member, entry.file_size)
                numbers = np.frombuffer(member.read(), dtype)
                found[entry.filename[: -len('.npy')]] = numbers.reshape(shape, order=order)
    except _BAD:
        raise ValueError('%s is damaged' % path) from None
    return found
