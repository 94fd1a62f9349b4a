"""NumPy files: untrusted input."""

import struct
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from common import arrays, images


def npy(shape, dtype='<f4', data=b'', order='False'):
    """A .npy file with a header of that text."""
    text = ("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }" % (dtype, order, shape)).encode()
    return b'\x93NUMPY\x01\0' + struct.pack('<H', len(text)) + text + data


BAD = {
    'unfinished': npy('(1, ('),
    'empty of 10^20': npy('(0, %d)' % 10**20),
    '10^5000': npy('(%d,)' % 10**4000),
    '137 GB': npy('(8192, 4194304)'),
    'short': npy('(2,)', data=bytes(7)),
    'nested': npy('(' * 60000),
    'signs': npy('-' * 60000 + '1'),
    'objects': npy('(1,)', '|O', bytes(8)),
    'odd type': npy('(1,)', '<f3', bytes(8)),
    'long header': b'\x93NUMPY\x02\0' + struct.pack('<I', 2**32 - 1) + npy('(1,)')[10:],
    'zip': b'PK\x03\x04' + bytes(40),
    'nothing': b'',
}


@pytest.mark.parametrize('name', sorted(BAD))
def test_a_file_that_is_no_array_of_numbers_is_refused_by_name(tmp_path, name):
    path = str(tmp_path / 'a.npy')
    with open(path, 'wb') as f:
        f.write(BAD[name])
    for read in (arrays.load, lambda path: images.load(path, 4)):
        with pytest.raises(ValueError) as caught:
            read(path)
        assert path in str(caught.value) and '\n' not in str(caught.value)


@pytest.mark.parametrize('name', sorted(BAD))
def test_a_state_with_such_an_array_is_damaged(tmp_path, name):
    path = str(tmp_path / 'a.npz')
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('crc.npy', BAD[name])
    with pytest.raises(ValueError, match='a.npz is damaged'):
        arrays.load_npz(path)


@pytest.mark.parametrize('dtype', '|b1 |u1 <i2 >i4 <i8 <f2 >f4 <f8'.split())
@pytest.mark.parametrize('shape', [(), (3,), (2, 3), (0, 5), (2, 1, 2)])
def test_what_numpy_writes_is_read(tmp_path, random, dtype, shape):
    array = np.asarray(random.randint(2, size=shape)).astype(dtype)
    np.save(str(tmp_path / 'a.npy'), np.asfortranarray(array))
    np.savez(str(tmp_path / 'a.npz'), a=array, b=np.asfortranarray(array))
    read = arrays.load_npz(str(tmp_path / 'a.npz'))
    for result in (arrays.load(str(tmp_path / 'a.npy')), read['a'], read['b']):
        assert result.dtype == np.dtype(dtype)
        assert_array_equal(result, array)
