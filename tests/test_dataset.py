import gzip
import os
import struct

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import dataset
import dataset_tools
from common import images
from created import replace_images
from tfutil import tf


@pytest.fixture
def patches(random):
    return random.randint(256, size=[7, 1, 16, 16]).astype(np.uint8)


@pytest.fixture
def folder(tmp_path, patches):
    dataset.write(str(tmp_path / 'AIS'), 'AIS', patches)
    return str(tmp_path / 'AIS')


def write_records(path, records):
    with tf.python_io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)


def example(shape, data):
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                'shape': tf.train.Feature(int64_list=tf.train.Int64List(value=shape)),
                'data': tf.train.Feature(bytes_list=tf.train.BytesList(value=[data])),
            }
        )
    ).SerializeToString()


def field(number, payload):
    """A length-delimited protocol buffer field."""
    return bytes([number << 3 | 2, len(payload)]) + payload


def test_what_was_written_is_read(folder, patches):
    assert_array_equal(dataset.read(folder + '/AIS-r04.tfrecords'), patches)
    assert_array_equal(dataset.read(folder + '/AIS-r04.tfrecords', 3), patches[:3])
    assert len(dataset.read(folder + '/AIS-r04.tfrecords', 0)) == 0
    assert dataset.count(folder + '/AIS-r02.tfrecords') == 7
    assert sorted(dataset.levels(folder)) == [2, 3, 4]


def test_levels_are_rounded_box_averages_of_the_unrounded_finer_level(folder, patches):
    for level, box in ((3, 2), (2, 4)):
        exact = patches.reshape(7, 1, 16 // box, box, 16 // box, box).astype(float).mean(axis=(3, 5))
        assert_array_equal(dataset.read(folder + '/AIS-r%02d.tfrecords' % level), np.rint(exact))


@pytest.mark.parametrize('swapped', [False, True])
def test_features_are_read_in_either_order(tmp_path, swapped):
    pixels = bytes(range(16))
    shape = field(1, field(1, b'shape') + field(2, field(3, field(1, bytes([1, 4, 4])))))
    data = field(1, field(1, b'data') + field(2, field(1, field(1, pixels))))
    write_records(str(tmp_path / 'a'), [field(1, data + shape if swapped else shape + data)])
    assert_array_equal(dataset.read(str(tmp_path / 'a')), np.arange(16).reshape(1, 1, 4, 4))


def test_records_of_one_form_are_read_like_the_first_and_others_for_themselves(tmp_path, random):
    pixels = random.randint(256, size=[40, 1, 4, 4]).astype(np.uint8)
    pixels[3], pixels[4:6] = 0, 10  # 10 begins a field of a protocol buffer
    shape = field(1, field(1, b'shape') + field(2, field(3, field(1, bytes([1, 4, 4])))))
    data = [field(1, field(1, b'data') + field(2, field(1, field(1, x.tobytes())))) for x in pixels]
    write_records(str(tmp_path / 'a'), [field(1, shape + x if i % 3 else x + shape) for i, x in enumerate(data)])
    assert_array_equal(dataset.read(str(tmp_path / 'a')), pixels)
    write_records(
        str(tmp_path / 'b'), [field(1, shape + data[0]), field(1, shape.replace(b'\4\4', b'\2\x08') + data[1])]
    )
    with pytest.raises(ValueError, match=r'record 1 has the shape \[1, 2, 8\]'):
        dataset.read(str(tmp_path / 'b'))


def test_an_interrupted_writing_leaves_no_file(tmp_path, patches):
    def interrupted():
        yield patches[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.write(str(tmp_path), 'AIS', interrupted())
    assert os.listdir(str(tmp_path)) == []


def truncate(path, to):
    with open(path, 'r+b') as f:
        f.truncate(to)


def flip(path, position):
    with open(path, 'r+b') as f:
        f.seek(position)
        byte = f.read(1)[0]
        f.seek(position)
        f.write(bytes([byte ^ 1]))


def replace(path, data):
    with open(path, 'wb') as f:
        f.write(data)


def compress(path):
    with open(path, 'rb') as f:
        data = f.read()
    replace(path, gzip.compress(data))


def sparse(path, length):
    """A record of so many bytes, none of which takes room on the disk."""
    replace(path, struct.pack('<Q', length))
    with open(path, 'r+b') as f:
        f.truncate(length + 16)


def picture(path):
    images.save(path, np.zeros([1, 4, 4], np.uint8))


DAMAGE = {
    'gzip': (compress, 'gunzip'),
    'truncated': (lambda p: truncate(p, os.path.getsize(p) - 9), 'record 6 is cut short'),
    'truncated in a header': (lambda p: truncate(p, os.path.getsize(p) // 7 + 5), 'record 1 is cut short'),
    'flipped pixel': (lambda p: flip(p, 60), 'record 0 does not match its checksum'),
    'flipped length': (lambda p: flip(p, 7), 'record 0 is cut short'),
    'flipped checksum': (lambda p: flip(p, 8), 'record 0 does not match its checksum'),
    'empty': (lambda p: replace(p, b''), 'empty'),
    'picture': (picture, 'PNG'),
    'web page': (lambda p: replace(p, b'<html>' * 9), 'web page'),
    'noise': (lambda p: replace(p, b'noise' * 99), 'not a tfrecords file'),
    '1 TB record': (lambda p: replace(p, struct.pack('<Q', 1 << 40) + b'0' * 99), 'cut short'),
    '3 GB record': (lambda p: sparse(p, 3 << 30), 'record 0 is larger than any image'),
    'colour': (lambda p: write_records(p, [example([3, 16, 16], bytes(768))]), 'record 0 has the shape [3, 16, 16]'),
    'oblong': (lambda p: write_records(p, [example([1, 16, 8], bytes(128))]), 'record 0 has the shape [1, 16, 8]'),
    'odd': (lambda p: write_records(p, [example([1, 12, 12], bytes(144))]), 'power of two'),
    'mixed': (
        lambda p: write_records(p, [example([1, 16, 16], bytes(256)), example([1, 8, 8], bytes(64))]),
        'record 1 has the shape [1, 8, 8]',
    ),
    'few pixels': (
        lambda p: write_records(p, [example([1, 16, 16], bytes(255))]),
        'record 0 does not hold as many pixels',
    ),
    'huge shape': (lambda p: write_records(p, [example([1, 1 << 40, 1 << 40], b'')]), 'record 0 has the shape'),
    'no shape': (lambda p: write_records(p, [example([], b'')]), 'record 0 has the shape []'),
    'no example': (lambda p: write_records(p, [b'\xff\xff\xff']), 'record 0 is not'),
    'other features': (lambda p: write_records(p, [tf.train.Example().SerializeToString()]), 'record 0 lacks'),
}


@pytest.mark.parametrize('name', sorted(DAMAGE))
def test_a_damaged_file_is_refused_by_name_and_record_and_by_the_display_script(folder, refuses, name):
    path = folder + '/AIS-r04.tfrecords'
    damage, message = DAMAGE[name]
    damage(path)
    with pytest.raises(ValueError) as caught:
        dataset.read(path)
    assert path in str(caught.value) and message in str(caught.value)
    refuses('1-dataset_display.py', '--tfrecords', path, parts=[path, message])


def lines_of_damage(folder):
    return [line for _, line in dataset_tools.verify(folder)]


@pytest.mark.parametrize('name', sorted(DAMAGE))
def test_verify_reports_damage_with_file_and_record(folder, name):
    path = folder + '/AIS-r04.tfrecords'
    damage, message = DAMAGE[name]
    damage(path)
    findings = lines_of_damage(folder)
    message = dict(mixed='this level is 16x16', colour='colour images').get(name, message)
    assert any(path in finding and message in finding for finding in findings), findings
    assert not any('\n' in finding for finding in findings)


def test_verify_finds_nothing_wrong_with_a_good_data_set(folder):
    assert dataset_tools.verify(folder) == []


def test_verify_finds_a_missing_level_and_a_missing_record(folder, patches):
    os.remove(folder + '/AIS-r02.tfrecords')
    (line,) = lines_of_damage(folder)
    assert 'lacks level r02' in line
    write_records(folder + '/AIS-r02.tfrecords', [])
    replace(folder + '/AIS-r02.tfrecords', b'')
    assert any('r02' in finding and 'empty' in finding for finding in lines_of_damage(folder))
    other = dataset.read(folder + '/AIS-r03.tfrecords')
    replace_images(folder, other[:6])
    assert any('AIS-r03.tfrecords 6, AIS-r04.tfrecords 7' in finding for finding in lines_of_damage(folder))


def test_verify_finds_a_level_that_is_not_the_average_of_the_finer_one(folder, tmp_path, patches):
    wrong = patches.copy()
    wrong[5, 0, :2, :2] = 255 - wrong[5, 0, :2, :2]
    dataset.write(str(tmp_path / 'wrong'), 'AIS', wrong)
    os.replace(str(tmp_path / 'wrong' / 'AIS-r04.tfrecords'), folder + '/AIS-r04.tfrecords')
    assert lines_of_damage(folder) == [
        '%s/AIS-r03.tfrecords record 5 is not the 2x2 average of AIS-r04.tfrecords' % folder
    ]


def test_folders_without_one_data_set_are_refused_in_words(tmp_path, folder, refuses):
    with pytest.raises(FileNotFoundError, match='no NAME-r'):
        dataset.levels(str(tmp_path))
    with pytest.raises(FileNotFoundError, match='not a folder'):
        dataset.levels(str(tmp_path / 'nowhere'))
    os.rename(folder + '/AIS-r02.tfrecords', folder + '/MIA-r02.tfrecords')
    with pytest.raises(ValueError, match='AIS, MIA'):
        dataset.levels(folder)
    refuses('1-dataset_display.py', '--tfrecords', tmp_path, parts=['no NAME-r'])
    refuses('1-dataset_display.py', '--tfrecords', tmp_path / 'nowhere', parts=['nowhere', 'does not exist'])


def write_lengths(path, lengths):
    with open(str(path), 'wb') as f:
        for length in lengths:
            f.write(struct.pack('<Q', length) + b'cccc' + bytes(length) + b'cccc')
    return str(path)


@pytest.mark.parametrize('lengths', [[40] * 7, [40] * 6 + [41], [41] + [40] * 6, [0] * 3, [1000] * 2000 + [7]])
def test_records_are_counted(tmp_path, lengths):
    assert dataset.count(write_lengths(tmp_path / 'a', lengths)) == len(lengths)


@pytest.mark.parametrize('n', [2, 2000])
def test_a_length_that_does_not_fit_is_found(tmp_path, n):
    path = write_lengths(tmp_path / 'a', [1000] * n)
    with open(path, 'r+b') as f:
        f.seek((n - 1) * 1016)
        f.write(struct.pack('<Q', 1001))
    with pytest.raises(ValueError, match='record %d is cut short' % (n - 1)):
        dataset.count(path)


def test_what_lies_around_the_pixels_of_a_record_is_not_known_if_they_come_twice(random):
    image = random.randint(256, size=[1, 4, 4]).astype(np.uint8)
    assert dataset.layout_of(b'head' + image.tobytes() + b'tail', image) == (b'head', b'tail', (1, 4, 4))
    assert dataset.layout_of(bytes(17), np.zeros([1, 4, 4], np.uint8)) is None


def saved(path, array):
    with open(str(path), 'wb') as f:
        np.save(f, array)
    return str(path)


def test_labels_are_read_as_they_were_saved(tmp_path, random):
    vectors = random.randn(5, 3).astype(np.float32)
    path = saved(tmp_path / 'a-rxx.labels', vectors)
    assert_array_equal(dataset.read_labels(path, 5), vectors)


@pytest.mark.parametrize(
    'array, message',
    [
        (np.zeros([4, 3]), 'labels of 4 images, the records beside it are 5'),
        (np.zeros(5), r'has the shape \[5\]'),
        (np.zeros([5, 0]), r'has the shape \[5, 0\]'),
        (np.full([5, 2], np.nan), 'not finite'),
        (np.full([5, 2], 1e300), 'not finite'),
        (np.array([[None] * 2] * 5), 'not a NumPy file of numbers'),
    ],
)
def test_labels_that_do_not_fit_their_images_are_refused_by_name(tmp_path, array, message):
    path = saved(tmp_path / 'a-rxx.labels', array)
    with pytest.raises(ValueError, match='a-rxx.labels.*' + message):
        dataset.read_labels(path, 5)


def test_one_hot_labels_have_a_single_one_in_each_row():
    assert dataset.are_one_hot(np.eye(3)[[2, 0, 1, 1]])
    for row in ([0, 0, 0], [1, 1, 0], [0.5, 0.5, 0], [2, 0, -1]):
        assert not dataset.are_one_hot(np.array([[1, 0, 0], row]))
