import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import config
import create
import dataset
import phantom
import verify
import volumes
from conftest import ROOT
from tfutil import tf

CREATE = '0-dataset_create.py'
PHANTOM = ['phantom', 'MIA', '--resolution', 16, '--seed', 3]


@pytest.fixture
def made(script, tmp_path):
    """Runs the script, which has to succeed; returns its output."""
    def call(*arguments):
        code, out, err = script(CREATE, *arguments, '--outdir', tmp_path / 'out')
        assert code == 0, err
        return out
    return call


@pytest.fixture
def folder(tmp_path, random):
    """Five gray PNG files of 16x16."""
    (tmp_path / 'scans').mkdir()
    for i in range(5):
        Image.fromarray(random.randint(256, size=(16, 16)).astype(np.uint8)).save(str(tmp_path / 'scans' / ('%d.png' % i)))
    return tmp_path / 'scans'


def facts(path):
    with open(str(path / (path.name + '.json'))) as f:
        return json.load(f)


def finest(path):
    return dataset.read(list(dataset.levels(str(path)).values())[-1], channels=facts(path).get('channels', 1))


def tree(path):
    return sorted(os.path.relpath(os.path.join(parent, name), str(path)) for parent, _, names in os.walk(str(path)) for name in names)


def picture(path, mode='L', size=(16, 16), **keywords):
    """A picture file with something in it."""
    pixels = np.random.RandomState(5).randint(256, size=(size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(pixels).convert(mode).save(str(path), **keywords)


# ---- image files ----

def test_image_files_become_a_data_set_in_the_order_of_their_names(made, tmp_path, folder):
    out = made('images', folder, '--resolution', 16)
    assert tree(tmp_path / 'out') == ['scans/scans-r02.tfrecords', 'scans/scans-r03.tfrecords', 'scans/scans-r04.tfrecords', 'scans/scans.json']
    for i, image in enumerate(finest(tmp_path / 'out' / 'scans')):
        assert_array_equal(image[0], np.asarray(Image.open(str(folder / ('%d.png' % i)))))
    told = facts(tmp_path / 'out' / 'scans')
    assert (told['images'], told['nodules'], told['records'], told['resolution'], told['channels']) == (5, 5, 5, 16, 1)
    assert [entry['file'] for entry in told['entries']] == ['%d.png' % i for i in range(5)]
    assert '5 images of 5 nodules, 16x16' in out and 'skipped' not in out


def test_hidden_and_other_files_are_left_out_and_counted(made, folder):
    for name in ('.DS_Store', '.hidden.png', 'notes.txt', 'Thumbs.db'):
        (folder / name).write_bytes(b'x')
    (folder / 'empty').mkdir()
    out = made('images', folder, '--resolution', 16, '--name', 'AIS')
    assert 'skipped: 2 hidden, 2 not images, 1 folders' in out and '5 images' in out


def test_class_folders_make_a_data_set_for_each_class(made, tmp_path, folder):
    for i, name in enumerate(('AIS', 'AIS', 'IA', 'IA', 'IA')):
        (folder / name).mkdir(exist_ok=True)
        (folder / ('%d.png' % i)).rename(folder / name / ('%d.png' % i))
    made('images', folder, '--resolution', 16)
    made('images', folder, '--resolution', 16, '--name', 'second')
    assert sorted(os.listdir(str(tmp_path / 'out'))) == ['AIS', 'IA', 'second-AIS', 'second-IA']
    assert len(finest(tmp_path / 'out' / 'IA')) == 3
    assert facts(tmp_path / 'out' / 'AIS')['entries'][1]['file'] == 'AIS/1.png'


@pytest.mark.parametrize('form', ['png', 'tif', 'npy'])
def test_16_bits_are_mapped_linearly_from_a_stated_range(made, tmp_path, form):
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    (tmp_path / 'in').mkdir()
    path = str(tmp_path / 'in' / ('a.' + form))
    if form == 'npy':
        np.save(path, values)
    else:
        Image.fromarray(values).save(path)
    made('images', tmp_path / 'in', '--resolution', 16)
    assert_array_equal(finest(tmp_path / 'out' / 'in')[0, 0], np.rint(values / 257.))
    made('images', tmp_path / 'in', '--resolution', 16, '--range', '1000,3000', '--name', 'narrow')
    assert_array_equal(finest(tmp_path / 'out' / 'narrow')[0, 0], np.rint((values.astype(float) - 1000) / 2000 * 255).clip(0, 255))
    assert facts(tmp_path / 'out' / 'narrow')['range'] == [1000, 3000]


def test_hounsfield_units_in_numpy_files_need_a_range_that_may_begin_below_zero(made, refuses, tmp_path):
    (tmp_path / 'in').mkdir()
    np.save(str(tmp_path / 'in' / 'a.npy'), np.linspace(-1900, 1100, 256).reshape(16, 16).astype(np.int16))
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, words=['a.npy', 'int16', '--range LO,HI'])
    made('images', tmp_path / 'in', '--resolution', 16, '--range', '-1900,1100', '--window', 'paper')
    assert np.abs(finest(tmp_path / 'out' / 'in').ravel() - np.arange(256.)).max() <= 1
    assert facts(tmp_path / 'out' / 'in')['window'] == [-1900, 1100]


def test_colour_is_kept_when_asked_for_and_gray_files_join_in(made, tmp_path, folder):
    picture(folder / 'colour.bmp', 'RGB')
    made('images', folder, '--resolution', 16, '--channels', 3)
    read = finest(tmp_path / 'out' / 'scans')
    assert read.shape == (6, 3, 16, 16)
    assert_array_equal(read[5], np.asarray(Image.open(str(folder / 'colour.bmp'))).transpose(2, 0, 1))
    assert_array_equal(read[0], np.repeat(np.asarray(Image.open(str(folder / '0.png')))[None], 3, axis=0))


@pytest.mark.parametrize('mode, form', [('RGB', 'png'), ('P', 'png'), ('1', 'png'), ('LA', 'png'), ('RGBA', 'png'), ('CMYK', 'tif')])
def test_gray_images_in_other_modes_are_gray(made, tmp_path, mode, form):
    (tmp_path / 'in').mkdir()
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16) // 128 * 255
    Image.fromarray(gray).convert('RGB' if mode in ('P', 'CMYK') else mode).convert(mode).save(str(tmp_path / 'in' / ('a.' + form)))
    made('images', tmp_path / 'in', '--resolution', 16)
    assert_array_equal(finest(tmp_path / 'out' / 'in')[0, 0], gray)


@pytest.mark.parametrize('size', [(16, 32), (40, 16), (32, 32), (9, 8), (17, 16)])
def test_resize_takes_the_middle_square(made, refuses, tmp_path, size):
    (tmp_path / 'in').mkdir()
    x, y = np.meshgrid(np.arange(size[0]) - (size[0] - 1) / 2., np.arange(size[1]) - (size[1] - 1) / 2.)
    side = min(size)
    np.save(str(tmp_path / 'in' / 'a.npy'), (128 + 80 * x / side + 40 * y / side).astype(np.float32))
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, '--range', '0,255', words=['a.npy', '%d x %d' % size, '--resize'])
    made('images', tmp_path / 'in', '--resolution', 16, '--range', '0,255', '--resize')
    along = (np.arange(16) - 7.5) / 16
    wanted = 128 + 80 * along[None] + 40 * along[:, None]
    inner = slice(3, -3)                    # nearer the edge the filter is cut off
    assert np.abs(finest(tmp_path / 'out' / 'in')[0, 0] - wanted)[inner, inner].max() < 4


BAD = {
    'colour.png': (lambda p: picture(p, 'RGB'), ['--channels 3']),
    'photo.jpg': (lambda p: picture(p, 'RGB'), ['--channels 3']),
    'half.png': (lambda p: (picture(p), p.write_bytes(p.read_bytes()[:200])), ['cannot be read']),
    'half.jpg': (lambda p: (picture(p), p.write_bytes(p.read_bytes()[:300])), ['cannot be read']),
    'page.png': (lambda p: p.write_bytes(b'<html>no such image</html>'), ['cannot be read']),
    'empty.bmp': (lambda p: p.write_bytes(b''), ['cannot be read']),
    'stack.tif': (lambda p: picture(p, save_all=True, append_images=[Image.new('L', (16, 16))]), ['2 pictures']),
    'float.tif': (lambda p: picture(p, 'F'), ['float32', '--range']),
    'deep.tif': (lambda p: colour_float_tiff(p), ['cannot be read']),
    'wide.png': (lambda p: picture(p, size=(20, 16)), ['20 x 16', '--resize']),
    'clear.png': (lambda p: Image.new('RGBA', (16, 16), (9, 9, 9, 9)).save(str(p)), ['transparen']),
    'bomb.png': (lambda p: Image.new('1', (20000, 20000)).save(str(p)), ['cannot be read']),
    'objects.npy': (lambda p: np.save(str(p), np.array([None, print])), ['NumPy file of numbers']),
    'text.npy': (lambda p: np.save(str(p), np.array([['a', 'b']])), ['NumPy file of numbers']),
    'line.npy': (lambda p: np.save(str(p), np.zeros(256, np.uint8)), ['[256]']),
    'nan.npy': (lambda p: np.save(str(p), np.full([16, 16], np.nan)), ['finite']),
    'none.npy': (lambda p: p.write_bytes(b''), ['NumPy file of numbers']),
    'cut.npy': (lambda p: (np.save(str(p), np.zeros([16, 16])), p.write_bytes(p.read_bytes()[:-9])), ['NumPy file of numbers']),
    'folder.png': (lambda p: p.symlink_to('nowhere'), ['No such file']),
}


def colour_float_tiff(path):
    """A 16x16 TIFF of three 32-bit floats per pixel, which Pillow cannot write."""
    tags = [(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 3, 8 + 2 + 12 * 10 + 4), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 160), (277, 3, 1, 3),
            (278, 3, 1, 16), (279, 4, 1, 3072), (339, 3, 3, 8 + 2 + 12 * 10 + 10)]
    body = b'II*\0\x08\0\0\0' + np.array([len(tags)], '<u2').tobytes()
    for tag, kind, count, value in tags:
        body += np.array([tag, kind], '<u2').tobytes() + np.array([count, value], '<u4').tobytes()
    body += np.zeros(1, '<u4').tobytes() + np.array([32, 32, 32, 3, 3, 3], '<u2').tobytes()
    path.write_bytes(body.ljust(160, b'\0') + np.random.RandomState(0).rand(16, 16, 3).astype('<f4').tobytes())


@pytest.mark.parametrize('name', sorted(BAD))
def test_a_bad_image_file_is_refused_by_name(refuses, folder, name):
    make, words = BAD[name]
    make(folder / name)
    refuses(CREATE, 'images', folder, '--resolution', 16, words=[name] + words)


def test_folders_without_images_or_with_images_on_two_levels_are_refused(refuses, tmp_path, folder):
    (tmp_path / 'empty').mkdir()
    refuses(CREATE, 'images', tmp_path / 'empty', words=['empty', 'no images'])
    refuses(CREATE, 'images', tmp_path / 'nowhere', words=['nowhere', 'not a folder'])
    refuses(CREATE, 'images', folder / '0.png', words=['0.png'])
    (folder / 'AIS').mkdir()
    picture(folder / 'AIS' / 'a.png')
    refuses(CREATE, 'images', folder, words=['scans', 'AIS', 'one or the other'])


# ---- augmentation and folds ----

def test_augment_writes_each_image_and_its_four_variants(made, tmp_path, folder):
    made('images', folder, '--resolution', 16, '--augment')
    read = finest(tmp_path / 'out' / 'scans')
    x = np.asarray(Image.open(str(folder / '2.png')))
    assert_array_equal(read[10:15, 0], [x, x[:, ::-1], x[::-1], np.rot90(x), np.rot90(x, 3)])
    told = facts(tmp_path / 'out' / 'scans')
    assert told['variants'] == ['original', 'left-right', 'up-down', 'rot90', 'rot270'] and told['entries'][2]['records'] == 5
    assert (told['images'], told['nodules'], told['records']) == (5, 5, 25)


def test_shifts_are_cut_from_larger_images_and_nothing_is_filled_up(made, refuses, tmp_path):
    large = np.arange(36 * 36).reshape(36, 36) % 251
    (tmp_path / 'in').mkdir()
    Image.fromarray(large.astype(np.uint8)).save(str(tmp_path / 'in' / 'a.png'))
    made('images', tmp_path / 'in', '--resolution', 16, '--augment', '--shifts', 4)
    cuts = facts(tmp_path / 'out' / 'in')['entries'][0]['cuts']
    assert cuts[0] == [0, 0] and len({tuple(c) for c in cuts}) == 4 and np.abs(cuts).max() <= 10
    for read, (down, right) in zip(finest(tmp_path / 'out' / 'in')[::5], cuts):
        assert_array_equal(read[0], large[10 + down:26 + down, 10 + right:26 + right])
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, '--shifts', 4, words=['--augment'])
    picture(tmp_path / 'in' / 'b.png')
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, '--augment', '--shifts', 4, words=['b.png', '36 x 36'])


def test_offsets_reach_every_shift_of_up_to_ten_pixels_once(random):
    every = create.offsets(441, random)
    assert len(set(every)) == 441 and np.abs(every).max() == 10


def test_phantoms_are_shifted_within_a_larger_phantom(made, tmp_path):
    made(*PHANTOM, '--number', 2, '--augment', '--shifts', 3)
    read = finest(tmp_path / 'out' / 'MIA')
    assert len(read) == 2 * 3 * 5
    hu = phantom.phantom('MIA', np.random.RandomState([3, 1, 1]), 36).hu
    assert_array_equal(read[15, 0], volumes.to_gray(hu[10:26, 10:26], (-1900, 1100)))
    down, right = facts(tmp_path / 'out' / 'MIA')['entries'][1]['cuts'][2]
    assert_array_equal(read[26, 0], volumes.to_gray(hu[10 + down:26 + down, 10 + right:26 + right], (-1900, 1100))[:, ::-1])


def test_no_nodule_is_on_both_sides_of_a_fold_and_each_is_tested_once(made, tmp_path, random):
    (tmp_path / 'in').mkdir()
    for nodule in range(7):
        for piece in range(3):
            Image.fromarray(random.randint(256, size=(16, 16)).astype(np.uint8)).save(str(tmp_path / 'in' / ('n%d_slice%d.png' % (nodule, piece))))
    made('images', tmp_path / 'in', '--resolution', 16, '--folds', 3, '--augment', '--nodules', '(.*)_slice')
    tested = []
    for fold in range(3):
        sides = {side: facts(tmp_path / 'out' / ('fold%d' % fold) / side / 'in') for side in ('train', 'test')}
        train, test = [{entry['nodule'] for entry in sides[side]['entries']} for side in ('train', 'test')]
        assert not train & test and len(train | test) == 7 and len(test) in (2, 3)
        assert sides['train']['records'] == len(train) * 15 and sides['test']['records'] == len(test) * 3
        assert sides['test']['variants'] == ['original'] and sides['test']['fold'] == fold
        tested += sorted(test)
    assert sorted(tested) == ['n%d' % i for i in range(7)]
    assert list(verify.verify(verify.find([str(tmp_path / 'out')]))) == []


def test_folds_that_would_be_empty_and_patterns_that_do_not_fit_are_refused(refuses, folder):
    images_ = ['images', folder, '--resolution', 16]
    refuses(CREATE, *images_, '--folds', 6, words=['fold', 'lower --folds'])
    refuses(CREATE, *images_, '--folds', 1, words=['--folds', 'from 2'])
    refuses(CREATE, *images_, '--nodules', '(', words=['--nodules'])
    refuses(CREATE, *images_, '--nodules', 'x', words=['--nodules', 'group'])
    refuses(CREATE, *images_, '--nodules', '(x)', words=['0.png', '--nodules'])


# ---- phantoms and pairs ----

def test_phantom_i_depends_on_the_seed_the_class_and_i_alone(made, tmp_path):
    made(*PHANTOM, '--number', 40, '--processes', 1)
    made(*PHANTOM, '--number', 35, '--processes', 3, '--name', 'three')
    one, three = [finest(tmp_path / 'out' / name) for name in ('MIA', 'three')]
    assert_array_equal(one[:35], three)
    assert_array_equal(one[20, 0], volumes.to_gray(phantom.phantom('MIA', np.random.RandomState([3, 1, 20]), 16).hu, (-1900, 1100)))
    assert facts(tmp_path / 'out' / 'MIA')['entries'][:35] == facts(tmp_path / 'out' / 'three')['entries']
    assert facts(tmp_path / 'out' / 'MIA')['mm_per_pixel'] == 0.6


def test_masks_lie_beside_the_phantoms_as_pairs(made, tmp_path):
    made(*PHANTOM, '--number', 3, '--masks', '--augment', '--shifts', 2)
    assert sorted(os.listdir(str(tmp_path / 'out' / 'MIA' / 'pairs'))) == ['MIA-%05d.png' % i for i in range(3)]
    both = np.asarray(Image.open(str(tmp_path / 'out' / 'MIA' / 'pairs' / 'MIA-00001.png')))
    assert_array_equal(both[:, :16], finest(tmp_path / 'out' / 'MIA')[10, 0])
    assert_array_equal(both[:, 16:], phantom.phantom('MIA', np.random.RandomState([3, 1, 1]), 36).mask[10:26, 10:26] * 255)


def test_pairs_of_phantoms_of_all_classes(made, tmp_path):
    made('pairs', '--phantom', 'all', '--number', 2, '--resolution', 16, '--name', 'demo')
    names = ['%s-0000%d.png' % (kind, i) for kind in ('AIS', 'IA', 'MIA') for i in range(2)]
    assert sorted(os.listdir(str(tmp_path / 'out' / 'demo'))) == names + ['demo.json']
    both = np.asarray(Image.open(str(tmp_path / 'out' / 'demo' / 'IA-00001.png')))
    assert both.shape == (16, 32) and both.dtype == np.uint8 and set(both[:, 16:].ravel()) == {0, 255}
    assert_array_equal(both[:, 16:] > 0, phantom.phantom('IA', np.random.RandomState([0, 2, 1]), 16).mask)


def test_pairs_off_centre_are_cut_from_larger_phantoms(made, refuses, tmp_path, folder):
    made('pairs', '--phantom', 'MIA', '--number', 6, '--resolution', 16, '--name', 'demo', '--off-centre')
    with open(str(tmp_path / 'out' / 'demo' / 'demo.json')) as f:
        entries = json.load(f)['entries']
    made('phantom', 'MIA', '--number', 6, '--resolution', 16, '--name', 'large', '--augment', '--shifts', 441, '--masks')
    assert len({tuple(entry['offset']) for entry in entries}) > 3 and all(-10 <= n <= 10 for entry in entries for n in entry['offset'])
    cuts = dataset.read(str(tmp_path / 'out' / 'large' / 'large-r04.tfrecords'))
    for i, entry in enumerate(entries):
        both = np.asarray(Image.open(str(tmp_path / 'out' / 'demo' / (entry['nodule'] + '.png'))))
        assert (cuts[i * 441 * 5:(i + 1) * 441 * 5, 0] == both[:, :16]).all(axis=(1, 2)).any()
    refuses(CREATE, 'pairs', '--images', folder, '--masks', folder, '--off-centre', words=['--off-centre'])


def test_pairs_of_image_and_mask_folders(made, refuses, tmp_path, folder):
    (tmp_path / 'masks').mkdir()
    for i in range(5):
        Image.fromarray((np.arange(256).reshape(16, 16) > 100 + i).astype(np.uint8)).save(str(tmp_path / 'masks' / ('%d.png' % i)))
    both = ['pairs', '--images', folder, '--masks', tmp_path / 'masks', '--resolution', 16]
    made(*both)
    read = np.asarray(Image.open(str(tmp_path / 'out' / 'pairs' / '3.png')))
    assert_array_equal(read[:, :16], np.asarray(Image.open(str(folder / '3.png'))))
    assert_array_equal(read[:, 16:].ravel(), (np.arange(256) > 103) * 255)
    (tmp_path / 'masks' / '4.png').rename(tmp_path / 'masks' / '5.png')
    refuses(CREATE, *both, words=['4.png', 'same names'])
    refuses(CREATE, 'pairs', '--images', folder, words=['--masks'])
    refuses(CREATE, 'pairs', words=['--phantom'])
    refuses(CREATE, 'pairs', '--images', tmp_path / 'none', '--masks', folder, words=['none'])


@pytest.mark.parametrize('arguments, words', [
    (['phantom', 'AIH'], ['AIH']), (['phantom'], ['kind']), (['paint'], ['paint']), (['phantom', 'IA', '--number', '0'], ['--number']),
    (['phantom', 'IA', '--resolution', '48'], ['power of two']), (['phantom', 'IA', '--resolution', '8'], ['16 pixels']),
    (['phantom', 'IA', '--spacing', '0'], ['--spacing']), (['phantom', 'IA', '--spacing', 'nan'], ['--spacing']),
    (['phantom', 'IA', '--spacing', '9'], ['0.1 to 2 mm']), (['phantom', 'IA', '--window', 'bone'], ['window', 'bone', '-1000,400']),
    (['phantom', 'IA', '--seed', '-1'], ['--seed']), (['phantom', 'IA', '--window', '-100,-200'], ['window']),
    (['phantom', 'IA', '--name', '../x'], ['../x', '--name']), (['images', '.', '--range', '5'], ['--range']),
    (['images', '.', '--range', '5,5'], ['--range']), (['images', '.', '--channels', '2'], ['--channels'])])
def test_wrong_flags_are_one_line(refuses, arguments, words):
    refuses(CREATE, *arguments, words=words)


# ---- what is there already, and what must not be left behind ----

def test_an_existing_data_set_is_replaced_only_by_force(made, script, tmp_path):
    made(*PHANTOM, '--number', 2)
    before = tree(tmp_path / 'out'), finest(tmp_path / 'out' / 'MIA')
    code, _, err = script(CREATE, *PHANTOM, '--number', 5, '--outdir', tmp_path / 'out')
    assert code == 2 and err.count('\n') == 1 and '--force' in err and str(tmp_path / 'out' / 'MIA') in err
    assert tree(tmp_path / 'out') == before[0]
    assert_array_equal(finest(tmp_path / 'out' / 'MIA'), before[1])
    made('phantom', 'MIA', '--resolution', 32, '--number', 5, '--force', '--masks')
    made(*PHANTOM, '--number', 3, '--force')
    assert sorted(dataset.levels(str(tmp_path / 'out' / 'MIA'))) == [2, 3, 4] and len(finest(tmp_path / 'out' / 'MIA')) == 3
    assert os.listdir(str(tmp_path / 'out')) == ['MIA']


def test_a_failing_run_leaves_the_old_data_set_as_it_was(made, script, tmp_path, folder):
    made('images', folder, '--resolution', 16)
    before = tree(tmp_path / 'out'), finest(tmp_path / 'out' / 'scans')
    (folder / 'z.png').write_bytes(b'x')
    code, _, err = script(CREATE, 'images', folder, '--resolution', 16, '--force', '--outdir', tmp_path / 'out')
    assert code == 2 and 'z.png' in err
    assert tree(tmp_path / 'out') == before[0] and os.listdir(str(tmp_path / 'out')) == ['scans']
    assert_array_equal(finest(tmp_path / 'out' / 'scans'), before[1])


@pytest.mark.parametrize('present', ['MIA/thesis.txt', 'MIA/MIA-r02.tfrecords/x', 'MIA/photo.png', 'MIA/AIS-r02.tfrecords', 'MIA'])
def test_force_replaces_nothing_but_data_sets(script, tmp_path, present):
    (tmp_path / 'out' / present).parent.mkdir(parents=True)
    (tmp_path / 'out' / present).write_bytes(b'mine')
    code, _, err = script(CREATE, *PHANTOM, '--number', 2, '--force', '--outdir', tmp_path / 'out')
    assert code == 2 and 'is not replaced' in err and tree(tmp_path / 'out') == [present]


def test_an_output_folder_that_cannot_be_written_is_one_line(script, tmp_path):
    (tmp_path / 'file').write_bytes(b'')
    for outdir in (tmp_path / 'file', tmp_path / 'file' / 'below', '/proc/nowhere'):
        for arguments in (PHANTOM, ['pairs', '--phantom', 'IA', '--resolution', 16]):
            code, _, err = script(CREATE, *arguments, '--number', 2, '--outdir', outdir)
            assert code == 2 and err.count('\n') == 1 and str(outdir) in err


def limited(bytes_):
    """To run in a child: no file of it may grow further, as on a full disk."""
    import resource
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))


@pytest.mark.parametrize('arguments, largest', [(['phantom', 'MIA', '--number', '40', '--resolution', '32', '--processes', '2'], 20000),
                                                (['phantom', 'MIA', '--number', '1'], 300),
                                                (['pairs', '--phantom', 'MIA', '--number', '40', '--resolution', '128', '--processes', '2'], 8000)])
def test_a_full_disk_is_one_line_and_nothing_is_left(tmp_path, arguments, largest):
    run = subprocess.Popen([sys.executable, os.path.join(ROOT, CREATE)] + arguments + ['--outdir', str(tmp_path / 'out')], stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, preexec_fn=lambda: limited(largest))
    _, err = run.communicate()
    assert run.returncode == 2 and err.count(b'\n') == 1 and str(tmp_path / 'out').encode() in err, err
    assert os.listdir(str(tmp_path)) == []


@pytest.mark.parametrize('failing', ['write', 'close'])
def test_a_disk_that_fills_up_in_a_data_set_is_an_oserror_that_names_it(tmp_path, monkeypatch, failing):
    class Full(tf.python_io.TFRecordWriter):
        def write(self, record):
            if failing == 'write':
                self.close()
            super().write(record)

        def close(self):
            raise tf.errors.ResourceExhaustedError(None, None, 'No space left on device')
    monkeypatch.setattr(tf.python_io, 'TFRecordWriter', Full)
    with pytest.raises(OSError, match='No space left') as caught:
        dataset.write(str(tmp_path / 'AIS'), 'AIS', [np.zeros([1, 16, 16], np.uint8)])
    assert caught.value.filename == str(tmp_path / 'AIS') and os.listdir(str(tmp_path / 'AIS')) == []


def alive(group):
    """Processes of a group that still run."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % pid) as f:
                state, _, of = f.read().rpartition(')')[2].split()[:3]
        except OSError:
            continue
        if int(of) == group and state != 'Z':
            found.append(pid)
    return found


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_leaves_no_data_set_and_no_process(tmp_path, number):
    command = [sys.executable, os.path.join(ROOT, CREATE), 'phantom', 'IA', '--number', '100000', '--processes', '2', '--outdir', str(tmp_path / 'out')]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=os.setsid)
    for _ in range(600):
        time.sleep(0.1)
        if any(os.path.getsize(str(tmp_path / name)) > 0 for name in tree(tmp_path) if '-r06' in name):
            break
    os.kill(run.pid, number)
    _, err = run.communicate()              # ends when the last process that has our pipe does
    assert not os.path.exists(str(tmp_path / 'out' / 'IA'))
    if number == signal.SIGINT:
        assert run.returncode == 130 and err.count(b'\n') == 1 and os.listdir(str(tmp_path)) == []
    for _ in range(100):
        if not alive(run.pid):
            break
        time.sleep(0.1)
    assert not alive(run.pid)


def test_what_a_killed_run_left_is_told_and_hinders_nobody(made, tmp_path):
    (tmp_path / 'out' / '.MIA-0123abcd.part').mkdir(parents=True)
    assert '.MIA-0123abcd.part was left' in made(*PHANTOM, '--number', 2)


def die(jobs, results):
    os._exit(1)


def test_a_process_that_dies_is_an_error_and_not_a_wait_for_ever(monkeypatch):
    import sources
    cfg = config.CreatePhantom(kind='IA', number=64, resolution=16, processes=2)
    monkeypatch.setattr(sources, '_work', die)
    with pytest.raises(OSError, match='--processes'):
        list(sources.from_phantoms(cfg).patches)


# ---- gray and HU on display ----

def test_the_summary_tells_levels_numbers_gray_and_hu(made, script, tmp_path):
    made(*PHANTOM, '--number', 4, '--window', 'lung')
    code, out, _ = script('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--summary', '--outdir', tmp_path / 'none')
    assert code == 0 and '-1350..150 HU' in out and 'json' in out and len(out.splitlines()) == 5 and not (tmp_path / 'none').exists()
    read = finest(tmp_path / 'out' / 'MIA')
    row = out.splitlines()[-1].split()
    assert row[:2] == ['MIA-r04.tfrecords', '4'] and '%d..%d' % (read.min(), read.max()) in row
    low, high = [-1350 + gray * 1500 / 255. for gray in (float(read.min()), float(read.max()))]
    assert row[-1] == '%.0f..%.0f' % (low, high)
    os.remove(str(tmp_path / 'out' / 'MIA' / 'MIA.json'))
    code, out, _ = script('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA' / 'MIA-r03.tfrecords', '--summary')
    assert code == 0 and '-1900..1100 HU, the paper window' in out and len(out.splitlines()) == 3


def test_display_shows_another_window(made, script, refuses, tmp_path):
    made(*PHANTOM, '--number', 1)
    assert script('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--window', '-1000,-500', '--outdir', tmp_path / 'png')[0] == 0
    hu = finest(tmp_path / 'out' / 'MIA')[0, 0].astype(float) * 3000 / 255. - 1900
    shown = np.asarray(Image.open(str(tmp_path / 'png' / 'dataset_img_0.png')))
    assert np.abs(shown - ((hu + 1000) / 500 * 255).clip(0, 255)).max() <= 0.51
    refuses('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--window', 'bone', words=['window', 'bone'])
    (tmp_path / 'out' / 'MIA' / 'MIA.json').write_bytes(b'{')
    refuses('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--summary', words=['MIA.json', 'damaged'])


def test_display_shows_colour(made, script, tmp_path):
    (tmp_path / 'in').mkdir()
    picture(tmp_path / 'in' / 'a.png', 'RGB')
    made('images', tmp_path / 'in', '--resolution', 16, '--channels', 3)
    assert script('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'in', '--number', 1, '--outdir', tmp_path / 'png')[0] == 0
    assert_array_equal(np.asarray(Image.open(str(tmp_path / 'png' / 'dataset_img_0.png'))), np.asarray(Image.open(str(tmp_path / 'in' / 'a.png'))))


# ---- the data that come with the programs ----

def test_the_demo_data_are_the_phantoms_that_their_readme_says(script):
    assert script(CREATE, 'verify', os.path.join(ROOT, 'processData'))[0] == 0
    with open(os.path.join(ROOT, 'pix2pix', 'dataset-demo', 'dataset-demo.json')) as f:
        pairs = json.load(f)['entries']
    for index, kind in enumerate(('AIS', 'MIA', 'IA')):
        path = os.path.join(ROOT, 'processData', kind, kind)
        read = dataset.read(path + '-r06.tfrecords')
        assert len(read) == 300 and dataset.about(path + '-r06.tfrecords')['seed'] == 2020
        for i in (0, 299):
            gray = volumes.to_gray(phantom.phantom(kind, np.random.RandomState([2020, index, i])).hu, (-1900, 1100))
            assert np.abs(read[i, 0].astype(int) - gray).max() <= 1       # another FFT may round another way
        pair = np.asarray(Image.open(os.path.join(ROOT, 'pix2pix', 'dataset-demo', '%s-00019.png' % kind)))
        top, left = [10 + shift for entry in pairs for shift in entry['offset'] if entry['nodule'] == '%s-00019' % kind]
        gray = volumes.to_gray(phantom.phantom(kind, np.random.RandomState([2020, index, 19]), 84).hu, (-1900, 1100))[top:top + 64, left:left + 64]
        assert np.abs(pair[:, :64].astype(int) - gray).max() <= 1 and set(pair[:, 64:].ravel()) == {0, 255}
    assert len([name for name in os.listdir(os.path.join(ROOT, 'pix2pix', 'dataset-demo')) if name.endswith('.png')]) == 60
