import json
import os
import shutil

import numpy as np
import pytest

import dataset
from created import CREATE, replace_images
from tfutil import tf


@pytest.fixture
def folder(script, tmp_path):
    """A dataset AIS of six phantoms, 16x16."""
    assert script(CREATE, 'phantom', 'AIS', '--number', 6, '--resolution', 16, '--outdir', tmp_path)[0] == 0
    return tmp_path / 'AIS'


@pytest.fixture
def finds(script):
    """Runs verify, which has to exit with 1 and a line that holds the words; returns all lines."""

    def call(*arguments, words=()):
        code, out, err = script(CREATE, 'verify', *arguments)
        assert code == 1 and err == '', (out, err)
        assert any(all(str(word) in line for word in words) for line in out.splitlines()), out
        return out.splitlines()

    return call


def test_colour_images_without_a_json_file_are_one_line_that_names_the_flag(script, finds, tmp_path, random):
    dataset.write(str(tmp_path / 'c'), 'c', random.randint(256, size=[5, 3, 16, 16]).astype(np.uint8))
    assert len(finds(tmp_path / 'c', words=['colour', '--channels 3'])) == 1
    assert script(CREATE, 'verify', tmp_path / 'c', '--channels', '3')[0] == 0


def test_labels_of_another_number_of_images_are_found_and_good_ones_are_not(script, finds, folder):
    for number in (6, 5):
        with open(str(folder / 'AIS-rxx.labels'), 'wb') as f:
            np.save(f, np.eye(2, dtype=np.float32)[np.zeros(number, int)])
        if number == 6:
            assert script(CREATE, 'verify', folder)[0] == 0
    finds(folder, words=['AIS-rxx.labels', 'labels of 5 images', 'are 6'])


def rewrite(folder, change):
    """Write the pyramid again, with other images: change(images [N,1,16,16]) -> images."""
    images = change(dataset.read(str(folder / (folder.name + '-r04.tfrecords'))))
    replace_images(folder, images)


def repeated(images, turn):
    return np.concatenate([images[:5], turn(images[2])[None]])


def test_good_data_sets_are_one_line_and_exit_0(script, folder, tmp_path):
    assert script(CREATE, 'phantom', 'IA', '--number', 3, '--resolution', 16, '--outdir', tmp_path)[0] == 0
    for arguments, numbers in (
        ([folder], '6 images in 1 datasets'),
        ([tmp_path], '9 images in 2 datasets'),
        ([folder, tmp_path / 'IA', '%s/../AIS/' % folder], '9 images in 2'),
    ):
        code, out, err = script(CREATE, 'verify', *arguments)
        assert (code, err, out.count('\n')) == (0, '', 1) and numbers in out and 'checksums' in out


@pytest.mark.parametrize('level', [2, 3, 4])
def test_one_flipped_bit_is_found(folder, finds, level):
    path = folder / ('AIS-r0%d.tfrecords' % level)
    content = bytearray(path.read_bytes())
    content[-9] ^= 1
    path.write_bytes(bytes(content))
    finds(folder, words=[path, 'record 5', 'checksum'])


@pytest.mark.parametrize('level', [2, 3, 4])
def test_a_missing_level_is_found(folder, finds, level):
    (folder / ('AIS-r0%d.tfrecords' % level)).unlink()
    assert len(finds(folder, words=[folder, 'lacks level r0%d' % level])) == 1


def test_a_record_too_few_is_found_in_one_level_and_in_all(folder, finds):
    shorter = dataset.read(str(folder / 'AIS-r03.tfrecords'))[:5]
    replace_images(folder, shorter)
    finds(folder, words=['differ in their number', 'AIS-r03.tfrecords 5', 'AIS-r04.tfrecords 6'])
    rewrite(folder, lambda images: images[:5])
    assert len(finds(folder, '--all', words=['AIS-r04.tfrecords', '5 records', 'says 6'])) == 3


def test_a_level_that_is_not_the_average_is_found(folder, finds, tmp_path):
    shutil.copy(str(folder / 'AIS-r03.tfrecords'), str(tmp_path / 'kept'))
    rewrite(folder, lambda images: np.roll(images, 3, axis=3))
    shutil.copy(str(tmp_path / 'kept'), str(folder / 'AIS-r03.tfrecords'))
    finds(folder, words=['AIS-r03.tfrecords record 0', 'not the 2x2 average'])


def test_a_duplicate_is_found(folder, finds):
    rewrite(folder, lambda images: repeated(images, lambda x: x))
    lines = finds(folder, words=['AIS-r04.tfrecords record 5 is the same image as', 'AIS-r04.tfrecords record 2'])
    assert len(lines) == 1


@pytest.mark.parametrize('flip', [False, True])
@pytest.mark.parametrize('turns', [0, 1, 2, 3])
def test_a_flipped_or_turned_duplicate_is_found_and_told_from_an_exact_one(folder, finds, flip, turns):
    if not flip and not turns:
        return
    rewrite(folder, lambda images: repeated(images, lambda x: np.rot90(x[:, :, ::-1] if flip else x, turns, (1, 2))))
    lines = finds(folder, words=['record 5 is', 'record 2 flipped or turned'])
    assert len(lines) == 1 and 'same image' not in lines[0]


def test_duplicates_are_found_across_data_sets(folder, finds, tmp_path):
    shutil.copytree(str(folder), str(tmp_path / 'more' / 'IA'))
    for name in os.listdir(str(tmp_path / 'more' / 'IA')):
        (tmp_path / 'more' / 'IA' / name).rename(tmp_path / 'more' / 'IA' / name.replace('AIS', 'IA'))
    rewrite(
        tmp_path / 'more' / 'IA', lambda images: np.concatenate([255 - images[:4], images[4:5], images[5:, :, ::-1]])
    )
    lines = finds(
        folder,
        tmp_path / 'more',
        words=['IA-r04.tfrecords record 4 is the same image as', 'AIS-r04.tfrecords record 4'],
    )
    assert len(lines) == 2 and 'IA-r04.tfrecords record 5 is' in lines[1] and 'flipped' in lines[1]


def test_the_variants_of_an_augmented_data_set_are_as_they_should_be(script, finds, tmp_path):
    made = 'phantom AIS --number 3 --resolution 16 --augment --shifts 2 --outdir'.split()
    assert script(CREATE, *made, tmp_path)[0] == 0
    assert script(CREATE, 'verify', tmp_path)[0] == 0
    (tmp_path / 'AIS' / 'AIS.json').unlink()
    assert len(finds(tmp_path, '--all', words=['record 1 is', 'record 0 flipped or turned'])) == 3 * 2 * 4


def test_a_kind_of_finding_is_one_line_with_its_number_and_the_first_three(folder, finds):
    rewrite(folder, lambda images: np.concatenate([images, images[:5, :, ::-1], images[:1], images[1:3]]))
    same, counts, turned = sorted(finds(folder))
    assert counts.startswith('3 wrong numbers of records: ')  # of three levels, as the json file counts six
    for line, number, all_of_them in ((turned, 5, range(6, 11)), (same, 3, range(11, 14))):
        assert line.startswith('%d images' % number)
        told = [record for record in all_of_them if 'record %d is' % record in line]
        assert told == list(all_of_them)[:3]
    assert '; and 2 more, listed with --all' in turned and '--all' not in same
    assert len(finds(folder, '--all')) == 3 + 3 + 5


def test_a_nodule_on_both_sides_of_a_fold_is_found(script, finds, tmp_path):
    assert (
        script(CREATE, 'phantom', 'AIS', '--number', 6, '--resolution', 16, '--folds', 3, '--outdir', tmp_path)[0] == 0
    )
    assert script(CREATE, 'verify', tmp_path)[0] == 0
    path = tmp_path / 'AIS' / 'fold1' / 'test' / 'AIS' / 'AIS.json'
    told = json.loads(path.read_text())
    with open(str(tmp_path / 'AIS' / 'fold1' / 'train' / 'AIS' / 'AIS.json')) as f:
        told['entries'][0]['nodule'] = leaked = json.load(f)['entries'][1]['nodule']
    path.write_text(json.dumps(told))
    lines = finds(tmp_path, words=['nodule ' + leaked, 'fold1/train', 'fold1/test'])
    assert len(lines) == 1


@pytest.mark.parametrize('content', ['{', '[1]', '', 'null', '\0'])
def test_a_damaged_json_file_is_a_finding(folder, finds, content):
    (folder / 'AIS.json').write_text(content)
    assert len(finds(folder, words=['AIS.json', 'damaged'])) == 1


@pytest.mark.parametrize(
    'facts',
    [
        {'mm_per_pixel': '0.6'},
        {'records': 10**20},
        {'entries': 3},
        {'entries': [3]},
        {'records': 'x'},
        {'resolution': []},
        {'window': 1},
        {'channels': 'gray'},
    ],
)
def test_a_json_file_of_other_content_is_a_finding_and_no_crash(folder, finds, script, facts):
    (folder / 'AIS.json').write_text(json.dumps(facts))
    finds(folder, words=['AIS.json', 'damaged'])
    code, _, err = script('1-dataset_display.py', '--tfrecords', folder, '--summary')
    assert code == 2 and err.count('\n') == 1 and 'AIS.json' in err


def test_a_source_that_is_a_list_is_as_good_as_text_and_a_long_finding_is_cut(folder, finds, script):
    entries = [dict(nodule='n' * 10000, records=1) for _ in range(6)]
    (folder / 'AIS.json').write_text(json.dumps(dict(source=['a'], records=6, entries=entries)))
    assert script(CREATE, 'verify', folder)[0] == 0
    shutil.copytree(str(folder), str(folder / 'more' / 'AIS'))
    (folder / 'more' / 'AIS' / 'AIS.json').write_text(json.dumps(dict(source=['a'], side='test', entries=entries)))
    assert max(map(len, finds(folder, '--all', words=['nodule nnn', 'more/AIS']))) <= 500


def test_two_data_sets_in_a_folder_and_folders_without_any_are_refused(script, folder, tmp_path):
    (tmp_path / 'empty').mkdir()
    for path, words in (
        (tmp_path / 'empty', 'no *.tfrecords'),
        (tmp_path / 'none', 'not a folder'),
        (folder / 'AIS.json', 'not a folder'),
    ):
        code, _, err = script(CREATE, 'verify', path)
        assert code == 2 and err.count('\n') == 1 and str(path) in err and words in err
    (folder / 'AIS-r02.tfrecords').rename(folder / 'MIA-r02.tfrecords')
    code, _, err = script(CREATE, 'verify', folder)
    assert code == 2 and 'more than one dataset' in err


def test_colour_data_sets_are_verified_as_their_json_file_or_the_flag_says(script, finds, tmp_path, random):
    dataset.write(str(tmp_path / 'a'), 'a', random.randint(256, size=(3, 3, 8, 8)).astype(np.uint8))
    assert script(CREATE, 'verify', tmp_path / 'a', '--channels', 3)[0] == 0
    finds(tmp_path / 'a', words=['a-r03', 'gray'])
    (tmp_path / 'a' / 'a.json').write_text('{"channels": 3}')
    assert script(CREATE, 'verify', tmp_path / 'a')[0] == 0


def test_an_empty_level_is_found_without_a_crash(folder, finds):
    for level in (2, 3, 4):
        with tf.python_io.TFRecordWriter(str(folder / ('AIS-r0%d.tfrecords' % level))):
            pass
    finds(folder, words=['AIS-r04.tfrecords', 'empty'])
