"""NumPy files of numbers: untrusted input. Nothing is unpickled, nor allocated that the file does not hold."""

import io
import zipfile

import numpy as np

from common import files


def _read_header(f):
    """(type, shape, order) of the array of numbers in a .npy file; leaves f where the numbers begin."""
    version = np.lib.format.read_magic(f)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran_order, dtype = read(f)
    if dtype.kind not in 'fiub':
        raise ValueError
    return dtype, shape, 'F' if fortran_order else 'C'


def load(path):
    """The array of a .npy file, a view of the file; BadFile if it holds something else than numbers."""
    files.require_regular(path)
    try:
        with open(path, 'rb') as f:
            dtype, shape, order = _read_header(f)
            begin = f.tell()
        if 0 in shape:
            return np.zeros(shape, dtype)
        return np.memmap(path, dtype, 'r', begin, shape, order)
    except OSError:
        raise
    except Exception:  # NumPy has many ways to fail on a bad file
        raise files.BadFile(path, 'is not a NumPy file of numbers', 'write one with numpy.save') from None


def load_npz(path):
    """{name: array} of an .npz file that numpy.savez wrote, without compression; BadFile for any other."""
    try:
        with open(path, 'rb') as f:
            content = f.read()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            if sum(entry.file_size for entry in entries) > len(content):
                raise ValueError
            return {entry.filename[: -len('.npy')]: _member(archive.read(entry)) for entry in entries}
    except OSError:
        raise
    except Exception:  # zipfile, too
        raise files.BadFile(path, 'is damaged') from None


def _member(content):
    f = io.BytesIO(content)
    dtype, shape, order = _read_header(f)
    return np.frombuffer(f.read(), dtype).reshape(shape, order=order)
