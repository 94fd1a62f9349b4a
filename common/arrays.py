"""NumPy files of numbers: untrusted input. Nothing is unpickled, nor allocated that the file does not hold."""

import collections
import contextlib
import errno
import io
import os
import zipfile

import numpy as np

from common import capacity, files

HEADER = 1 << 16  # bytes in which that of an array ends
PACKINGS = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED  # by numpy.savez, numpy.savez_compressed
UNPACKED = 100, 64 << 20  # bytes that a byte of an .npz file may become, and beside these

# dtype, shape, order (C or F) of an array in an .npz file; begin: bytes before its numbers
Header = collections.namedtuple('Header', 'dtype shape order begin')


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


@contextlib.contextmanager
def _open_npz(path):
    """The zip file of an .npz file; what goes wrong in the block is a BadFile."""
    files.require_regular(path)
    try:
        with open(path, 'rb') as f, zipfile.ZipFile(f) as archive:
            yield archive
    except Exception as error:  # zipfile, zlib and NumPy have many ways to fail on a bad file
        is_of_disk = isinstance(error, OSError) and error.errno != errno.EINVAL  # of a place before the file begins
        if is_of_disk or isinstance(error, files.BadFile):
            raise
        remedy = 'copy or download it again, or write it with numpy.savez'
        raise files.BadFile(path, 'is damaged, or no .npz file of numbers', remedy) from None


def npz_headers(path):
    """{name: Header} of the arrays in an .npz file, packed or not; BadFile for any other.

    Of each array, the file has as many bytes as its header says, and it does not unpack to UNPACKED or more.
    """
    headers = collections.OrderedDict()
    with _open_npz(path) as archive:
        entries = archive.infolist()
        packed = os.path.getsize(path)
        unpacked = sum(entry.file_size for entry in entries)
        if unpacked > UNPACKED[0] * packed + UNPACKED[1]:
            fact = f'of {packed} bytes would unpack to {unpacked}'
            raise files.BadFile(path, fact, 'write it with numpy.savez, which does not pack')
        for entry in entries:
            name = entry.filename[: -len('.npy')]
            if not entry.filename.endswith('.npy') or name in headers or not name.isprintable():
                raise ValueError
            if entry.compress_type not in PACKINGS:
                raise ValueError
            with archive.open(entry) as f:
                head = io.BytesIO(f.read(HEADER))
            dtype, shape, order = _read_header(head)
            headers[name] = Header(dtype, shape, order, head.tell())
            if min(shape, default=0) < 0 or entry.file_size != head.tell() + _byte_count(dtype, shape):
                raise ValueError
    return headers


def _byte_count(dtype, shape):
    """Bytes of the numbers of an array, as an integer of any size."""
    count = dtype.itemsize
    for length in shape:
        count *= int(length)
    return count


def npz_items(path, name, header):
    """Yields the items of an array in an .npz file along its first axis, each unpacked when its turn comes.

    name, header: of npz_headers. An array in Fortran's order is unpacked at once. BadFile if the file is damaged, which
    its checksum may show only at the last item.
    """
    dtype, shape, order, begin = header
    capacity.require_memory(_byte_count(dtype, shape if order == 'F' else shape[1:]), path)
    with _open_npz(path) as archive, archive.open(name + '.npy') as f:
        f.read(begin)
        if order == 'F':
            yield from _numbers(f, dtype, shape, order)
        else:
            for _ in range(shape[0]):
                yield _numbers(f, dtype, shape[1:])


def _numbers(f, dtype, shape, order='C'):
    content = f.read(_byte_count(dtype, shape))
    return np.frombuffer(content, dtype).reshape(shape, order=order)
