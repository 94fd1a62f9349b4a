import numpy as np
import pytest
from google.protobuf.message import DecodeError
from numpy.testing import assert_array_equal

import dataset
from common import tfrecords
from common.crc32c import crc32c
from tfutil import tf

# RFC 3720, appendix B.4, and the check value of the catalogues of CRCs
VECTORS = {bytes(32): 0x8A9136AA, b'\xff' * 32: 0x62A8AB43, bytes(range(32)): 0x46DD794E, b'123456789': 0xE3069283}


@pytest.mark.parametrize('message', sorted(VECTORS))
def test_checksums_are_those_of_the_standard(message):
    assert_array_equal(crc32c(np.array([list(message)] * 3, np.uint8)), [VECTORS[message]] * 3)


def bit_by_bit(message):
    register = 0xFFFFFFFF
    for byte in message.tolist():
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


@pytest.mark.parametrize('length', [0, 1, 3, 251, 252, 253, 508, 509, 1000])
def test_checksums_are_right_at_the_edges_of_blocks(length, random):
    messages = random.randint(256, size=[2, length]).astype(np.uint8)
    assert crc32c(messages).tolist() == [bit_by_bit(message) for message in messages]


def theirs(**features):
    """A serialized Example by TensorFlow, in the order of its names."""
    made = {}
    for name, values in features.items():
        if isinstance(values[0], bytes):
            made[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=values))
        elif isinstance(values[0], float):
            made[name] = tf.train.Feature(float_list=tf.train.FloatList(value=values))
        else:
            made[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=values))
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString(deterministic=True)


def write_records(path, records):
    with tf.python_io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)


@pytest.mark.parametrize('channels', [1, 3])
def test_files_are_byte_for_byte_those_of_tensorflow(tmp_path, random, channels):
    images = random.randint(256, size=[3, channels, 128, 128]).astype(np.uint8)
    dataset.write(str(tmp_path / 'ours'), 'AIS', images)
    for level, path in dataset.levels(str(tmp_path / 'ours')).items():
        stored = dataset.read(path, channels=channels)
        examples = [theirs(shape=[channels, 2**level, 2**level], data=[image.tobytes()]) for image in stored]
        write_records(tmp_path / 'theirs', examples)
        with open(path, 'rb') as f:
            assert f.read() == (tmp_path / 'theirs').read_bytes()
        assert list(tf.python_io.tf_record_iterator(path)) == examples
    assert level == 7
    assert_array_equal(stored, images)


def test_records_of_many_lengths_are_those_that_tensorflow_wrote(tmp_path, random):
    lengths = [0, 0, 5] + [4000] * 600 + [5, 1 << 21, 4000, 300, 300]
    written = [random.bytes(length) for length in lengths]
    write_records(tmp_path / 'a', written)
    assert list(tfrecords.records(str(tmp_path / 'a'))) == written
    assert tfrecords.lengths(str(tmp_path / 'a')) == lengths


@pytest.mark.parametrize('damaged', [0, 1, 300, 599])
@pytest.mark.parametrize('place', ['head', 'content', 'checksum'])
def test_records_are_read_up_to_the_first_damaged_one(tmp_path, random, damaged, place):
    written = [random.bytes(4000) for _ in range(600)]
    write_records(tmp_path / 'a', written)
    content = bytearray((tmp_path / 'a').read_bytes())
    content[4016 * damaged + dict(head=9, content=500, checksum=4014)[place]] ^= 16
    (tmp_path / 'a').write_bytes(bytes(content))
    assert list(tfrecords.records(str(tmp_path / 'a'))) == written[:damaged] + [None]


def field(number, payload):
    """A length-delimited protocol buffer field."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def feature(name, content):
    return field(1, field(1, name) + field(2, content))


SHAPE, DATA = feature(b'shape', field(3, field(1, b'\1\4\4'))), feature(b'data', field(1, field(1, b'0123')))
RECORDS = {
    'packed': field(1, SHAPE + DATA),
    'unpacked': field(1, feature(b'shape', field(3, b'\x08\1\x08\4\x08\4')) + DATA),
    'packed and unpacked': field(1, feature(b'shape', field(3, b'\x08\1' + field(1, b'\4\4'))) + DATA),
    'other order': field(1, DATA + SHAPE),
    'features twice': field(1, SHAPE) + field(1, DATA),
    'a name twice': field(1, SHAPE + DATA + feature(b'data', field(1, field(1, b'4567')))),
    'two values': field(1, SHAPE + feature(b'data', field(1, field(1, b'0') + field(1, b'')))),
    'a list in parts': field(1, SHAPE + feature(b'data', field(1, field(1, b'0')) + field(1, field(1, b'1')))),
    'two kinds': field(1, SHAPE + feature(b'data', field(1, field(1, b'0')) + field(3, field(1, b'\5')))),
    'value before name': field(1, field(1, field(2, field(3, field(1, b'\5'))) + field(1, b'shape')) + DATA),
    'no name': field(1, SHAPE + field(1, field(2, field(3, field(1, b'\5'))))),
    'no value': field(1, SHAPE + field(1, field(1, b'data'))),
    'no list': field(1, SHAPE + feature(b'data', b'')),
    'unknown fields': b'\x50\5' + field(1, b'\x59' + bytes(8) + SHAPE + b'\x65' + bytes(4) + DATA) + field(15, b'\xff'),
    'an unknown group': b'\x53\x08\1\x5b\x0a\1\0\x5c\x54' + field(1, SHAPE + DATA),
    'negative': theirs(shape=[-1, -(1 << 63), 1 << 62], data=[b'']),
    'long': theirs(shape=[1, 64, 64], data=[bytes(4096)]),
    'other features': theirs(shape=[1], data=[b'a'], label=[0.5, 2.0], name=[b'x'], index=[1 << 40]),
    'nothing': b'',
    'wrong types': field(1, feature(b'shape', b'\x18\1') + feature(b'data', field(1, b'\x08\1'))),
}
DAMAGED = {
    'bytes that are no record': b'\xff\xff\xff',
    'a name that is not UTF-8': field(1, feature(b'\xff', field(1, field(1, b'0')))),
    'half a float': field(1, feature(b'label', field(2, field(1, bytes(5))))),
    'half a number': field(1, feature(b'shape', field(3, field(1, b'\x80')))),
    'an endless number': field(1, feature(b'shape', field(3, field(1, b'\x80' * 11 + b'\1')))),
    'no such type': b'\x0e' + field(1, SHAPE + DATA),
    'a group without end': b'\x53' + field(1, SHAPE + DATA),
    'a group that ends in another': b'\x53\x5b\x54\x5c' + field(1, SHAPE + DATA),
}


def as_they_read(record):
    """{name: (bytes, integers)}; None if it is no Example."""
    try:
        features = tf.train.Example.FromString(record).features.feature
    except DecodeError:
        return None
    return {name: (list(x.bytes_list.value), list(x.int64_list.value)) for name, x in features.items()}


def as_we_read(record, names):
    try:
        example = tfrecords.Example(record)
    except ValueError:
        return None
    return {name: (example.bytes_list(name), example.int64_list(name)) for name in names if name in example}


@pytest.mark.parametrize('name', sorted(RECORDS))
def test_examples_are_read_as_tensorflow_does(name):
    expected = as_they_read(RECORDS[name])
    assert expected is not None
    assert as_we_read(RECORDS[name], ['shape', 'data', 'label', 'name', 'index', '', 'other']) == expected


@pytest.mark.parametrize('name', sorted(DAMAGED))
def test_examples_are_refused_that_tensorflow_refuses(name):
    assert as_they_read(DAMAGED[name]) is None
    with pytest.raises(ValueError):
        tfrecords.Example(DAMAGED[name])


@pytest.mark.parametrize('name', ['packed', 'unknown fields', 'an unknown group', 'negative', 'other features'])
def test_examples_that_are_cut_short_are_refused_where_tensorflow_refuses_them(name):
    record = RECORDS[name]
    refused = 0
    for length in range(len(record)):
        expected = as_they_read(record[:length])
        assert (as_we_read(record[:length], ()) is None) == (expected is None), length
        refused += expected is None
    assert refused > len(record) - 4
