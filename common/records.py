"""Tfrecords files: of each record its length (8 bytes), the checksum of that (4), its bytes, and their checksum (4)."""

import os
import struct

import numpy as np

from common import files

FRAME = 16  # bytes of a record besides its own
_AT_A_TIME = 1 << 20  # bytes looked at in one go


def count(path, largest):
    """The number of records in a file; ValueError if their lengths do not fit the file, or one is above `largest`.

    TensorFlow allocates what a length says, and some releases crash where that fails: it reads counted files only.
    """
    files.require_regular(path)
    size, position, number = os.path.getsize(path), 0, 0
    with open(path, 'rb') as f:
        files.require_other_type(path, f.read(16))
        alike = _count_alike(f, size, largest)
        while position < size and not alike:
            f.seek(position)
            header = f.read(12)
            length = struct.unpack('<Q', header[:8])[0] if len(header) == 12 else size
            position += FRAME + length
            if position > size or length > largest:
                what = 'is cut short' if position > size else 'is larger than any image'
                doubt = '' if number else ', or this is not a tfrecords file'
                raise ValueError('%s record %d %s%s; copy the file again' % (path, number, what, doubt))
            number += 1
    return alike or number


def _count_alike(f, size, largest):
    """The number of records if all are as long as the first, as images of one size are, else 0; without a loop."""
    f.seek(0)
    each = FRAME + struct.unpack('<Q', f.read(8).ljust(8, b'\xff'))[0]
    if each > min(_AT_A_TIME, FRAME + largest) or size % each:
        return 0
    f.seek(0)
    for block in iter(lambda: f.read(_AT_A_TIME // each * each), b''):
        lengths = np.frombuffer(block, np.uint8).reshape(-1, each)[:, :8].copy().view('<u8')
        if (lengths != each - FRAME).any():
            return 0
    return size // each


def around(record, payload):
    """(bytes before, bytes after) of the only place where a record holds its payload; None if there are several.

    Another record of that length which begins and ends so holds its payload there, too: protocol buffers are read from
    the front, and lengths come first.
    """
    begin = record.find(payload)
    if record.rfind(payload) != begin:
        return None
    return record[:begin], record[begin + len(payload) :]
