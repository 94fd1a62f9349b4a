"""Pickles that were made to do harm, or damaged."""

import collections
import copyreg
import os
import pickle
import struct
import sys

import numpy as np
import pytest

from common import safe_pickle
from pickles import STATE


class Call:
    """Pickles as a call of something."""

    def __init__(self, function, *arguments):
        self.reduction = (function, arguments)

    def __reduce__(self):
        return self.reduction


def _hostile(mark):
    yield 'system', Call(os.system, 'touch ' + mark)
    yield 'eval', Call(eval, 'open(%r, "w")' % mark)
    yield 'open', Call(open, mark, 'w')
    yield 'load', Call(np.load, mark)
    yield 'getattr', Call(getattr, [], 'append')
    yield 'type', Call(type, 'X', (), {})
    yield 'import', Call(__import__, 'antigravity')
    yield 'objects', np.array([Call(os.system, 'touch ' + mark)], dtype=object)
    yield 'structured', np.zeros(2, dtype=[('a', 'f4'), ('b', 'O')])
    yield 'reconstructor', Call(copyreg._reconstructor, collections.Counter, dict, {})


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    'nest',
    [
        lambda x: x,
        lambda x: [1, [x]],
        lambda x: {'a': {'b': x}},
        lambda x: (x,) * 3,
        lambda x: dict(STATE, static_kwargs={'resolution': x}),
        lambda x: dict(STATE, variables=[('w', x)]),
    ],
)
def test_nothing_that_a_pickle_names_is_called(refused, tmp_path, protocol, nest):
    mark = str(tmp_path / 'executed')
    for _, payload in _hostile(mark):
        refused(pickle.dumps(nest(payload), protocol))
    assert not os.path.exists(mark) and 'antigravity' not in sys.modules


SYSTEM = b'cposix\nsystem\n'
TOUCH = b'(X\x0c\x00\x00\x00touch /tmp/xt'
RAW = {
    'GLOBAL REDUCE': SYSTEM + TOUCH + b'R.',
    'INST': TOUCH[:1] + TOUCH[1:] + b'iposix\nsystem\n.',
    'OBJ': b'(' + SYSTEM + TOUCH[1:] + b'o.',
    'NEWOBJ': SYSTEM + TOUCH + b'\x81.',
    'NEWOBJ_EX': SYSTEM + TOUCH + b'}\x92.',
    'EXT1': b'\x82\x01.',
    'EXT2': b'\x83\x01\x00.',
    'EXT4': b'\x84\x01\x00\x00\x00.',
    'PERSID': b'Pposix\n.',
    'BINPERSID': b'N\x51.',
    'STACK_GLOBAL': b'\x8c\x05posix\x8c\x06system\x93' + TOUCH + b'R.',
    'BUILD on a name': b'cnumpy\nndarray\n}X\x01\x00\x00\x00aNsb.',
    'BUILD on a list': b']}b.',
    'attributes': b'cnumpy\nndarray.__new__\n.',
    'parent': b'cnumpy\n..os.system\n.',
    'next buffer': b'\x97.',
    'no stop': b'N',
    'stop on nothing': b'.',
    'no mark': b't.',
    'pop too much': b'N\x87.',
    'memo': b'h\x05.',
    'huge memo': b'Nr\xff\xff\xff\x7f0.',
    'unknown': b'\xff.',
    'deep key': b')' + b'\x85' * 200000 + b'N}q\x00s.',
    'deep tuple': b')' + b'\x85' * 200000 + b'.',
    'itself': b']q\x00h\x00a.',
    '1 TB of bytes': b'\x8e' + struct.pack('<Q', 1 << 40) + b'abc.',
    '1 TB of text': b'\x8d' + struct.pack('<Q', 1 << 40) + b'abc.',
    '1 TB frame': b'\x95' + struct.pack('<Q', 1 << 40) + b'N.',
    '2 GB integer': b'\x8b\xff\xff\xff\x7f1.',
    'negative': b'T\xff\xff\xff\xff.',
    '1 TB array': b'cnumpy\nndarray\n(\x8a\x06\x00\x00\x00\x00\x00\x01\x85X\x02\x00\x00\x00f4C\x00tR.',
    'array without data': b'cnumpy\nndarray\n(K\x04\x85X\x02\x00\x00\x00f4tR.',
    'object array': b'cnumpy\nndarray\n(K\x01\x85X\x01\x00\x00\x00OC\x08abcdefghtR.',
    'negative shape': b'cnumpy\nndarray\n(J\xff\xff\xff\xff\x85X\x02\x00\x00\x00f4C\x00tR.',
}


@pytest.mark.parametrize('name', sorted(RAW))
def test_raw_instructions_that_call_or_import_or_allocate_are_refused(refused, name):
    for protocol in (b'\x80\x02', b'\x80\x04', b'\x80\x05'):
        refused(protocol + RAW[name])
    assert not os.path.exists('/tmp/xt')


def test_a_memoised_text_cannot_become_more_array_than_the_file_has_bytes(refused):
    text = b'X' + struct.pack('<I', 4000) + b'a' * 4000 + b'q\x00'
    array = b'cnumpy\nndarray\n(M\xa0\x0f\x85X\x02\x00\x00\x00u1h\x00tR'
    assert 'larger than the file' in refused(b'\x80\x02' + text + b'(' + array * 50 + b't.')


def test_every_truncation_and_ten_thousand_mutations_end_in_words_or_in_arrays(tmp_path, publish, random):
    small = dict(STATE, variables=STATE['variables'][:2])
    path = publish(lambda network: (network(small),) * 2 + (network(dict(small, name='Gs')),))
    good = open(path, 'rb').read()
    outcomes = collections.Counter()

    def attempt(data):
        with open(path, 'wb') as f:
            f.write(data)
        try:
            outcomes['read'] += bool(safe_pickle.read(path))
        except ValueError as error:
            assert path in str(error)
            outcomes['refused'] += 1

    for size in range(len(good)):
        attempt(good[:size])
    assert outcomes == {'refused': len(good)}
    for _ in range(10000):
        data = bytearray(good)
        for _ in range(random.randint(1, 4)):
            data[random.randint(len(data))] = random.randint(256)
        attempt(bytes(data))
    assert min(outcomes.values()) > 100 and sum(outcomes.values()) == 10000 + len(good)
