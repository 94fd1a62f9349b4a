"""tfrecords files and the `tf.train.Example` in their records, without TensorFlow, which takes seconds to load.

FILE FORMAT: a record is its length (uint64), the checksum of that, its bytes, and their checksum, all little-endian. A
checksum is a CRC-32C, rotated by 15 bits, plus a constant. An Example is a protocol buffer: features (1) are a map (1)
of entries, a name (1) and a feature (2), which is a list of bytes (1), of floats (2) or of int64 (3), each with its
values (1).
"""

import collections
import functools
import itertools
import os
import struct

import numpy as np

from common import files
from common.crc32c import crc32c

_LARGEST = 3 * 2048**2 + 4096  # bytes of the largest record: the pixels of an image, and what names them
_FRAME = 16  # bytes of a record besides its own
_AT_ONCE = 1 << 20  # bytes that are read and checked together
_VARINT, _FIXED64, _DELIMITED, _GROUP, _GROUP_END, _FIXED32 = range(6)  # types of fields
_FIXED = {_FIXED64: 8, _FIXED32: 4}  # their bytes
_BYTES, _FLOATS, _INTS = 1, 2, 3  # kinds of features

# What an Example holds under a name: values are bytes (kind _BYTES) or int (_INTS); of floats they are left out.
_Feature = collections.namedtuple('_Feature', 'kind values')


def lengths(path):
    """The lengths of the records of a file; ValueError if they do not fit the file, or any image."""
    files.require_regular(path)
    size = os.path.getsize(path)
    position, result = 0, []
    with open(path, 'rb') as f:
        files.require_other_type(path, f.read(16))
        while position < size:
            f.seek(position)
            header = f.read(8)
            length = struct.unpack('<Q', header)[0] if len(header) == 8 else size
            position += _FRAME + length
            if position > size or length > _LARGEST:
                fact = 'is cut short' if position > size else 'is larger than any image'
                doubt = '' if result else ', or this is not a tfrecords file'
                raise ValueError('%s record %d %s%s; copy the file again' % (path, len(result), fact, doubt))
            result.append(length)
    return result


def records(path):
    """Yields the records of a file as bytes; None in place of the first that does not match its checksums, the last.

    ValueError where `lengths` raises it.
    """
    runs = [(length, len(list(run))) for length, run in itertools.groupby(lengths(path))]
    with open(path, 'rb') as f:
        for length, count in runs:
            most = max(1, _AT_ONCE // (_FRAME + length))
            for begin in range(0, count, most):
                for record in _checked(f, length, min(most, count - begin)):
                    yield record
                    if record is None:
                        return


def _checked(f, length, count):
    """The next records of a file, so many of one length, as bytes; None in place of those with wrong checksums."""
    head = _head(length)
    framed = f.read(count * (_FRAME + length))
    if len(framed) < count * (_FRAME + length):  # another program has cut it meanwhile
        return [None]
    framed = np.frombuffer(framed, np.uint8).reshape(count, -1)
    content = framed[:, len(head) : -4]
    is_whole = (framed[:, : len(head)] == np.frombuffer(head, np.uint8)).all(axis=1)
    is_whole &= (framed[:, -4:] == _checksums(content)).all(axis=1)
    return [row.tobytes() if whole else None for row, whole in zip(content, is_whole)]


def _checksums(messages):
    """The checksums of messages uint8 [N, L], as their bytes in a file: uint8 [N, 4]."""
    crc = crc32c(messages)
    masked = (crc >> 15 | crc << 17) + np.uint32(0xA282EAD8)
    return masked.astype('<u4').view(np.uint8).reshape(-1, 4)


@functools.lru_cache(maxsize=64)
def _head(length):
    """What comes before a record of so many bytes."""
    packed = struct.pack('<Q', length)
    return packed + _checksums(np.frombuffer(packed, np.uint8)[None]).tobytes()


def framed(record):
    """A record as a file has it: bytes with their length and checksums."""
    return _head(len(record)) + record + _checksums(np.frombuffer(record, np.uint8)[None]).tobytes()


def example(features):
    """A serialized tf.train.Example of {name: bytes, or a list of integers from 0}, in the order of their names."""
    entries = b''
    for name, value in sorted(features.items()):
        if isinstance(value, bytes):
            feature = _field(_BYTES, _field(1, value))
        else:
            feature = _field(_INTS, _field(1, b''.join(map(_varint, value))))
        entries += _field(1, _field(1, name.encode()) + _field(2, feature))
    return _field(1, entries)


def _field(number, payload):
    """A field of a protocol buffer that has a length."""
    return _varint(number << 3 | _DELIMITED) + _varint(len(payload)) + payload


def _varint(value):
    """An integer from 0 in groups of 7 bits, the lowest first, each but the last with the highest bit set."""
    encoded = b''
    while value > 127:
        encoded += bytes([value & 127 | 128])
        value >>= 7
    return encoded + bytes([value])


class Example:
    """The features of a serialized tf.train.Example; ValueError if it is none."""

    def __init__(self, record):
        self._features = {}  # {name: _Feature}
        for number, kind, value in _fields(record):
            if (number, kind) == (1, _DELIMITED):
                self._add_entries(value)

    def _add_entries(self, features):
        for number, kind, entry in _fields(features):
            if (number, kind) == (1, _DELIMITED):
                name, feature = '', b''
                for part, part_kind, value in _fields(entry):
                    if (part, part_kind) == (1, _DELIMITED):
                        name = value.decode()
                    elif (part, part_kind) == (2, _DELIMITED):
                        feature += value  # messages that come twice are merged
                self._features[name] = _feature(feature)

    def __contains__(self, name):
        return name in self._features

    def bytes_list(self, name):
        """The values of a feature of bytes; [] if it is of another kind."""
        return self._values(name, _BYTES)

    def int64_list(self, name):
        """The values of a feature of integers; [] if it is of another kind."""
        return self._values(name, _INTS)

    def _values(self, name, kind):
        feature = self._features[name]
        return feature.values if feature.kind == kind else []


def _feature(message):
    """The _Feature of a serialized tf.train.Feature: of the last kind that it names."""
    feature = _Feature(None, [])
    for number, kind, value in _fields(message):
        if kind == _DELIMITED and number in (_BYTES, _FLOATS, _INTS):
            if number != feature.kind:
                feature = _Feature(number, [])
            feature.values.extend(_list(number, value))
    return feature


def _list(feature_kind, message):
    """Yields the values of a list of bytes, or of integers that are packed or not."""
    for number, kind, value in _fields(message):
        if number != 1:
            continue
        if feature_kind == _BYTES and kind == _DELIMITED:
            yield value
        elif feature_kind == _INTS and kind == _VARINT:
            yield _signed(value)
        elif feature_kind == _INTS and kind == _DELIMITED:
            position = 0
            while position < len(value):
                packed, position = _read_varint(value, position)
                yield _signed(packed)
        elif feature_kind == _FLOATS and kind == _DELIMITED and len(value) % 4:
            raise ValueError('packed floats are cut short')


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def _fields(message):
    """Yields (number, type, value) of the fields of a message but for groups; ValueError if it is damaged."""
    position, groups = 0, []
    while position < len(message):
        tag, position = _read_varint(message, position)
        number, kind, value = tag >> 3, tag & 7, None
        if not 0 < number < 1 << 29:
            raise ValueError('there is no field of this number')
        if kind == _VARINT:
            value, position = _read_varint(message, position)
        elif kind == _GROUP:
            groups.append(number)
        elif kind == _GROUP_END:
            if not groups or groups.pop() != number:
                raise ValueError('a group ends that did not begin')
            continue
        elif kind == _DELIMITED or kind in _FIXED:
            length = _FIXED.get(kind)
            if length is None:
                length, position = _read_varint(message, position)
            value = message[position : position + length]
            position += length
        else:
            raise ValueError('there is no such type of fields')
        if position > len(message):
            raise ValueError('a field is cut short')
        if not groups:
            yield number, kind, value
    if groups:
        raise ValueError('a group does not end')


def _read_varint(message, position):
    """(an integer of at most 64 bits, the position after it)."""
    value = 0
    for index, byte in enumerate(message[position : position + 10]):
        value |= (byte & 127) << 7 * index
        if byte < 128:
            return value & (1 << 64) - 1, position + index + 1
    raise ValueError('a number is cut short')
