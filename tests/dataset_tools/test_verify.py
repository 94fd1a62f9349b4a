"""What `0-dataset_create.py verify` finds in data sets that are damaged, doubled or leak between folds."""

import json
import shutil
from unittest import mock

import numpy as np
import pytest

import dataset
import dataset_tools
from created import CREATE, replace_images
from dataset_tools import writer
from tfutil import tf

SMALL = dict(resolution=16, processes=1)


@pytest.fixture(scope='module')
def phantoms(tmp_path_factory):
    with mock.patch.object(writer, 'write_page'):  # which takes a second
        return dataset_tools.create_phantoms('AIS', tmp_path_factory.mktemp('phantoms'), number=6, **SMALL)[0]


@pytest.fixture
def folder(phantoms, tmp_path):
    """A dataset AIS of six phantoms, 16x16."""
    shutil.copytree(phantoms, str(tmp_path / 'AIS'))
    return tmp_path / 'AIS'


@pytest.fixture
def finds(script):
    """Runs verify, which has to exit with 1 and a line that holds the words; returns all lines."""

    def call(*arguments, expected=()):
        code, out, err = script(CREATE, 'verify', *arguments)
        assert code == 1 and err == '', (out, err)
        assert any(all(str(word) in line for word in expected) for line in out.splitlines()), out
        return out.splitlines()

    return call


def rewrite(folder, change):
    """Write the pyramid again, with other images: change(images [N,1,16,16]) -> images."""
    images = change(dataset.read(str(folder / (folder.name + '-r04.tfrecords'))))
    replace_images(folder, images)


def test_good_data_sets_are_one_line_and_exit_0(script, folder, tmp_path):
    shutil.move(dataset_tools.create_phantoms('IA', tmp_path / 'other', number=3, **SMALL)[0], str(tmp_path / 'IA'))
    for arguments, numbers in (
        ([folder], '6 images in 1 datasets'),
        ([tmp_path], '9 images in 2 datasets'),
        ([folder, tmp_path / 'IA', '%s/../AIS/' % folder], '9 images in 2'),
    ):
        code, out, err = script(CREATE, 'verify', *arguments)
        assert (code, err, out.count('\n')) == (0, '', 1) and numbers in out and 'checksums' in out


def test_colour_is_as_the_json_file_or_the_flag_says_and_one_line_names_the_flag(script, finds, tmp_path, random):
    dataset.write(str(tmp_path / 'c'), 'c', random.randint(256, size=[5, 3, 16, 16]).astype(np.uint8))
    assert len(finds(tmp_path / 'c', expected=['c-r04', 'colour', 'gray', '--channels 3'])) == 1
    assert script(CREATE, 'verify', tmp_path / 'c', '--channels', '3')[0] == 0
    (tmp_path / 'c' / 'c.json').write_text('{"channels": 3}')
    assert script(CREATE, 'verify', tmp_path / 'c')[0] == 0


def test_labels_of_another_number_of_images_are_found_and_good_ones_are_not(script, finds, folder):
    for number in (6, 5):
        with open(str(folder / 'AIS-rxx.labels'), 'wb') as f:
            np.save(f, np.eye(2, dtype=np.float32)[np.zeros(number, int)])
        if number == 6:
            assert script(CREATE, 'verify', folder)[0] == 0
    finds(folder, expected=['AIS-rxx.labels', 'labels of 5 images', 'are 6'])


@pytest.mark.parametrize('level', [2, 3, 4])
def test_one_flipped_bit_and_a_missing_level_are_found(folder, finds, level):
    path = folder / ('AIS-r0%d.tfrecords' % level)
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(bytes(content))
    finds(folder, expected=[path, 'record 5', 'checksum'])
    path.unlink()
    assert len(finds(folder, expected=[folder, 'lacks level r0%d' % level])) == 1


def test_a_record_too_few_is_found_in_one_level_and_in_all(folder, finds):
    shorter = dataset.read(str(folder / 'AIS-r03.tfrecords'))[:5]
    replace_images(folder, shorter)
    finds(folder, expected=['differ in their number', 'AIS-r03.tfrecords 5', 'AIS-r04.tfrecords 6'])
    rewrite(folder, lambda images: images[:5])
    assert len(finds(folder, '--all', expected=['AIS-r04.tfrecords', '5 records', 'says 6'])) == 3


def test_a_level_that_is_not_the_average_is_found(folder, finds, tmp_path):
    shutil.copy(str(folder / 'AIS-r03.tfrecords'), str(tmp_path / 'kept'))
    rewrite(folder, lambda images: np.roll(images, 3, axis=3))
    shutil.copy(str(tmp_path / 'kept'), str(folder / 'AIS-r03.tfrecords'))
    finds(folder, expected=['AIS-r03.tfrecords record 0', 'not the 2x2 average'])


def test_an_empty_level_is_found_without_a_crash(folder, finds):
    for level in (2, 3, 4):
        with tf.python_io.TFRecordWriter(str(folder / ('AIS-r0%d.tfrecords' % level))):
            pass
    finds(folder, expected=['AIS-r04.tfrecords', 'empty'])


def test_duplicates_as_they_are_and_flipped_or_turned_are_found_and_distinguished(folder):
    def with_copies(images):
        x = images[2]
        return np.stack(list(images) + [np.rot90(y, k, (1, 2)) for y in (x, x[:, :, ::-1]) for k in range(4)])

    rewrite(folder, with_copies)
    findings = [finding for finding in dataset_tools.verify(folder) if finding.kind in ('same', 'turned')]
    path = str(folder / 'AIS-r04.tfrecords')
    assert findings[0] == ('same', '%s record 6 is the same image as %s record 2' % (path, path))
    turned = ['%s record %d is %s record 2 flipped or turned' % (path, i, path) for i in range(7, 14)]
    assert findings[1:] == [('turned', message) for message in turned]


def test_duplicates_are_found_across_data_sets(folder, finds, tmp_path):
    other = tmp_path / 'more' / 'IA'
    shutil.copytree(str(folder), str(other))
    for path in list(other.iterdir()):
        path.rename(other / path.name.replace('AIS', 'IA'))
    rewrite(other, lambda images: np.concatenate([255 - images[:4], images[4:5], images[5:, :, ::-1]]))
    expected = ['IA-r04.tfrecords record 4 is the same image as', 'AIS-r04.tfrecords record 4']
    lines = finds(folder, tmp_path / 'more', expected=expected)
    assert len(lines) == 2 and 'IA-r04.tfrecords record 5 is' in lines[1] and 'flipped' in lines[1]


def test_the_variants_of_an_augmented_data_set_are_as_they_should_be(script, finds, tmp_path):
    dataset_tools.create_phantoms('AIS', tmp_path, number=3, augment=True, shifts=2, **SMALL)
    assert script(CREATE, 'verify', tmp_path)[0] == 0
    (tmp_path / 'AIS' / 'AIS.json').unlink()
    assert len(finds(tmp_path, '--all', expected=['record 1 is', 'record 0 flipped or turned'])) == 3 * 2 * 4


def test_a_kind_of_finding_is_one_line_with_its_number_and_the_first_three(folder, finds):
    rewrite(folder, lambda images: np.concatenate([images, images[:5, :, ::-1], images[:1], images[1:3]]))
    same, counts, turned = sorted(finds(folder))
    assert counts.startswith('3 wrong numbers of records: ')  # of three levels, as the json file counts six
    for line, number, records in ((turned, 5, range(6, 11)), (same, 3, range(11, 14))):
        assert line.startswith('%d images' % number)
        assert [record for record in records if 'record %d is' % record in line] == list(records)[:3]
    assert '; and 2 more, listed with --all' in turned and '--all' not in same
    assert len(finds(folder, '--all')) == 3 + 3 + 5


def test_a_nodule_on_both_sides_of_a_fold_is_found(script, finds, tmp_path):
    dataset_tools.create_phantoms('AIS', tmp_path, number=6, folds=3, **SMALL)
    assert script(CREATE, 'verify', tmp_path)[0] == 0
    test, train = [tmp_path / 'AIS' / 'fold1' / side / 'AIS' / 'AIS.json' for side in ('test', 'train')]
    facts = json.loads(test.read_text())
    facts['entries'][0]['nodule'] = leaked = json.loads(train.read_text())['entries'][1]['nodule']
    test.write_text(json.dumps(facts))
    assert len(finds(tmp_path, expected=['nodule ' + leaked, 'fold1/train', 'fold1/test'])) == 1


OTHER_CONTENT = [
    {'mm_per_pixel': '0.6'},
    {'records': 10**20},
    {'entries': 3},
    {'entries': [3]},
    {'records': 'x'},
    {'resolution': []},
    {'window': 1},
    {'channels': 'gray'},
]


@pytest.mark.parametrize('content', ['{', '[1]', '', 'null', '\0'] + [json.dumps(facts) for facts in OTHER_CONTENT])
def test_a_damaged_json_file_or_one_of_other_content_is_a_finding(folder, finds, complains, content):
    (folder / 'AIS.json').write_text(content)
    assert len(finds(folder, expected=['AIS.json', 'damaged'])) == 1
    complains('1-dataset_display.py', '--tfrecords', folder, '--summary', parts=['AIS.json'])


def test_a_source_that_is_a_list_is_as_good_as_text_and_a_long_finding_is_shortened(folder, finds, script):
    entries = [dict(nodule='n' * 10000, records=1) for _ in range(6)]
    (folder / 'AIS.json').write_text(json.dumps(dict(source=['a'], records=6, entries=entries)))
    assert script(CREATE, 'verify', folder)[0] == 0
    shutil.copytree(str(folder), str(folder / 'more' / 'AIS'))
    (folder / 'more' / 'AIS' / 'AIS.json').write_text(json.dumps(dict(source=['a'], side='test', entries=entries)))
    assert max(map(len, finds(folder, '--all', expected=['nodule nnn', 'more/AIS']))) <= 500


def test_two_data_sets_in_a_folder_and_folders_without_any_are_refused(complains, folder, tmp_path):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'two').mkdir()
    for name in ('AIS-r02.tfrecords', 'MIA-r02.tfrecords'):
        shutil.copy(str(folder / 'AIS-r02.tfrecords'), str(tmp_path / 'two' / name))
    for path, expected in (
        (tmp_path / 'empty', 'no *.tfrecords'),
        (tmp_path / 'none', 'not a folder'),
        (folder / 'AIS.json', 'not a folder'),
        (tmp_path / 'two', 'more than one dataset'),
    ):
        complains(CREATE, 'verify', path, parts=[path, expected])
