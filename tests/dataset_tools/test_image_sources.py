"""Image files as data sets, and how images are mirrored, turned, shifted and put into folds."""

import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from common import hounsfield
from created import CREATE, PHANTOM, facts, finest, phantom, picture, read_picture, tree
from dataset_tools import image_sources, patches, verify


def test_image_files_become_a_data_set_in_the_order_of_their_names(made, tmp_path, folder):
    out = made('images', folder, '--resolution', 16, '--keep-names')
    names = ['images-r02.tfrecords', 'images-r03.tfrecords', 'images-r04.tfrecords', 'images.json']
    assert tree(tmp_path / 'out') == ['images/' + name for name in names]
    for i, image in enumerate(finest(tmp_path / 'out' / 'images')):
        assert_array_equal(image[0], read_picture(folder / ('%d.png' % i)))
    about = facts(tmp_path / 'out' / 'images')
    assert (about['images'], about['nodules'], about['records'], about['resolution'], about['channels']) == (
        5,
        5,
        5,
        16,
        1,
    )
    assert [entry['file'] for entry in about['entries']] == ['%d.png' % i for i in range(5)]
    assert '5 images of 5 nodules, 16x16' in out and 'skipped' not in out


def test_folders_and_pictures_with_numbers_are_taken_in_the_order_of_these_numbers(tmp_path):
    for label in ('10', '1', '2'):
        (tmp_path / label).mkdir()
        for number in (9, 10):
            picture(tmp_path / label / ('%d.png' % number))
    result, _ = image_sources._image_files(str(tmp_path))
    assert list(result) == ['1', '2', '10'] and result['2'] == ['2/9.png', '2/10.png']


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
    made('images', folder, '--resolution', 16, '--keep-names')
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
    assert_array_equal(finest(tmp_path / 'out' / 'images')[0, 0], np.rint(values / 257.0))
    made('images', tmp_path / 'in', '--resolution', 16, '--range', '1000,3000', '--name', 'narrow')
    narrow = np.rint((values.astype(float) - 1000) / 2000 * 255).clip(0, 255)
    assert_array_equal(finest(tmp_path / 'out' / 'narrow')[0, 0], narrow)
    assert facts(tmp_path / 'out' / 'narrow')['range'] == [1000, 3000]


def test_hounsfield_units_in_numpy_files_need_a_range_that_may_begin_below_zero(made, refuses, tmp_path):
    (tmp_path / 'in').mkdir()
    np.save(str(tmp_path / 'in' / 'a.npy'), np.linspace(-1900, 1100, 256).reshape(16, 16).astype(np.int16))
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, parts=['a.npy', 'int16', '--range LO,HI'])
    made('images', tmp_path / 'in', '--resolution', 16, '--range', '-1900,1100', '--window', 'paper')
    assert np.abs(finest(tmp_path / 'out' / 'images').ravel() - np.arange(256.0)).max() <= 1
    assert facts(tmp_path / 'out' / 'images')['window'] == [-1900, 1100]


def test_colour_is_kept_when_asked_for_and_gray_files_join_in(made, tmp_path, folder):
    picture(folder / 'colour.bmp', 'RGB')
    made('images', folder, '--resolution', 16, '--channels', 3)
    read = finest(tmp_path / 'out' / 'images')
    assert read.shape == (6, 3, 16, 16)
    assert_array_equal(read[5], read_picture(folder / 'colour.bmp', 'RGB').transpose(2, 0, 1))
    assert_array_equal(read[0], np.repeat(read_picture(folder / '0.png')[None], 3, axis=0))


@pytest.mark.parametrize(
    'mode, form', [('RGB', 'png'), ('P', 'png'), ('1', 'png'), ('LA', 'png'), ('RGBA', 'png'), ('CMYK', 'tif')]
)
def test_gray_images_in_other_modes_are_gray(made, tmp_path, mode, form):
    (tmp_path / 'in').mkdir()
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16) // 128 * 255
    image = Image.fromarray(gray).convert('RGB' if mode in ('P', 'CMYK') else mode).convert(mode)
    image.save(str(tmp_path / 'in' / ('a.' + form)))
    made('images', tmp_path / 'in', '--resolution', 16)
    assert_array_equal(finest(tmp_path / 'out' / 'images')[0, 0], gray)


@pytest.mark.parametrize('size', [(16, 32), (40, 16), (32, 32), (9, 8), (17, 16)])
def test_resize_takes_the_middle_square(made, refuses, tmp_path, size):
    (tmp_path / 'in').mkdir()
    x, y = np.meshgrid(np.arange(size[0]) - (size[0] - 1) / 2.0, np.arange(size[1]) - (size[1] - 1) / 2.0)
    side = min(size)
    np.save(str(tmp_path / 'in' / 'a.npy'), (128 + 80 * x / side + 40 * y / side).astype(np.float32))
    command = ['images', tmp_path / 'in', '--resolution', 16, '--range', '0,255']
    refuses(CREATE, *command, parts=['a.npy', '%d x %d' % size, '--resize'])
    made(*command, '--resize')
    along = (np.arange(16) - 7.5) / 16
    wanted = 128 + 80 * along[None] + 40 * along[:, None]
    inner = slice(3, -3)  # nearer the edge the filter is cut off
    assert np.abs(finest(tmp_path / 'out' / 'images')[0, 0] - wanted)[inner, inner].max() < 4


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
    'cut.npy': (lambda p: cut_npy(p), ['NumPy file of numbers']),
    'folder.png': (lambda p: p.symlink_to('nowhere'), ['No such file']),
}


def cut_npy(path):
    np.save(str(path), np.zeros([16, 16]))
    path.write_bytes(path.read_bytes()[:-9])


def colour_float_tiff(path):
    """A 16x16 TIFF of three 32-bit floats per pixel, which Pillow cannot write."""
    after = 8 + 2 + 12 * 10 + 4
    tags = [(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 3, after), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 160)]
    tags += [(277, 3, 1, 3), (278, 3, 1, 16), (279, 4, 1, 3072), (339, 3, 3, after + 6)]
    body = b'II*\0\x08\0\0\0' + np.array([len(tags)], '<u2').tobytes()
    for tag, kind, count, value in tags:
        body += np.array([tag, kind], '<u2').tobytes() + np.array([count, value], '<u4').tobytes()
    body += np.zeros(1, '<u4').tobytes() + np.array([32, 32, 32, 3, 3, 3], '<u2').tobytes()
    path.write_bytes(body.ljust(160, b'\0') + np.random.RandomState(0).rand(16, 16, 3).astype('<f4').tobytes())


@pytest.mark.parametrize('name', sorted(BAD))
def test_a_bad_image_file_is_refused_by_name(refuses, folder, name):
    make, message = BAD[name]
    make(folder / name)
    refuses(CREATE, 'images', folder, '--resolution', 16, parts=[name] + message)


def test_a_name_that_is_not_utf8_is_refused(refuses, tmp_path, folder):
    name = os.fsencode(str(folder)) + b'/caf\xe9.png'
    with open(name, 'wb') as f:
        f.write((folder / '0.png').read_bytes())
    refuses(CREATE, 'images', folder, '--resolution', 16, parts=['caf?.png', 'not UTF-8', 'rename'])
    pairs = ['pairs', '--images', folder, '--masks', folder]
    refuses(CREATE, *pairs, '--resolution', 16, parts=['caf?.png', 'not UTF-8', 'rename'])


def test_numbers_beyond_single_precision_are_read_without_a_word(made, folder, recwarn):
    np.save(str(folder / '5.npy'), np.full([16, 16], 1e300))
    made('images', folder, '--resolution', 16, '--range', '0,255')
    assert not [warning for warning in recwarn if issubclass(warning.category, RuntimeWarning)]


def test_folders_without_images_or_with_images_on_two_levels_are_refused(refuses, tmp_path, folder):
    (tmp_path / 'empty').mkdir()
    refuses(CREATE, 'images', tmp_path / 'empty', parts=['empty', 'no images'])
    refuses(CREATE, 'images', tmp_path / 'nowhere', parts=['nowhere', 'not a folder'])
    refuses(CREATE, 'images', folder / '0.png', parts=['0.png'])
    (folder / 'AIS').mkdir()
    picture(folder / 'AIS' / 'a.png')
    refuses(CREATE, 'images', folder, parts=['scans', 'AIS', 'one or the other'])
    (tmp_path / 'empty' / 'ais').mkdir()
    picture(tmp_path / 'empty' / 'ais' / 'a.png')
    (folder / 'AIS').rename(tmp_path / 'empty' / 'AIS')
    refuses(CREATE, 'images', tmp_path / 'empty', parts=['AIS and ais', 'one class'])


def test_augment_writes_each_image_and_its_four_variants(made, tmp_path, folder):
    made('images', folder, '--resolution', 16, '--augment')
    read = finest(tmp_path / 'out' / 'images')
    x = read_picture(folder / '2.png')
    assert_array_equal(read[10:15, 0], [x, x[:, ::-1], x[::-1], np.rot90(x), np.rot90(x, 3)])
    about = facts(tmp_path / 'out' / 'images')
    assert about['variants'] == ['original', 'left-right', 'up-down', 'rot90', 'rot270']
    assert about['entries'][2]['records'] == 5
    assert (about['images'], about['nodules'], about['records']) == (5, 5, 25)


def test_shifts_are_cropped_from_larger_images_and_nothing_is_filled_up(made, refuses, tmp_path):
    large = np.arange(36 * 36).reshape(36, 36) % 251
    (tmp_path / 'in').mkdir()
    Image.fromarray(large.astype(np.uint8)).save(str(tmp_path / 'in' / 'a.png'))
    made('images', tmp_path / 'in', '--resolution', 16, '--augment', '--shifts', 4)
    cuts = facts(tmp_path / 'out' / 'images')['entries'][0]['cuts']
    assert cuts[0] == [0, 0] and len({tuple(c) for c in cuts}) == 4 and np.abs(cuts).max() <= 10
    for read, (down, right) in zip(finest(tmp_path / 'out' / 'images')[::5], cuts):
        assert_array_equal(read[0], large[10 + down : 26 + down, 10 + right : 26 + right])
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', 16, '--shifts', 4, parts=['--augment'])
    picture(tmp_path / 'in' / 'b.png')
    flags = ['--resolution', 16, '--augment', '--shifts', 4]
    refuses(CREATE, 'images', tmp_path / 'in', *flags, parts=['b.png', '36 x 36'])


def test_offsets_reach_every_shift_of_up_to_ten_pixels_once(random):
    every = patches.offsets(441, random)
    assert len(set(every)) == 441 and np.abs(every).max() == 10


def test_phantoms_are_shifted_within_a_larger_phantom(made, tmp_path):
    made(*PHANTOM, '--number', 2, '--augment', '--shifts', 3)
    read = finest(tmp_path / 'out' / 'MIA')
    assert len(read) == 2 * 3 * 5
    gray = hounsfield.to_gray(phantom('MIA', np.random.RandomState([3, 1, 1]), 36).hu, (-1900, 1100))
    assert_array_equal(read[15, 0], gray[10:26, 10:26])
    down, right = facts(tmp_path / 'out' / 'MIA')['entries'][1]['cuts'][2]
    assert_array_equal(read[26, 0], gray[10 + down : 26 + down, 10 + right : 26 + right][:, ::-1])


def test_no_nodule_is_on_both_sides_of_a_fold_and_each_is_tested_once(made, tmp_path, random):
    (tmp_path / 'in').mkdir()
    for nodule in range(7):
        for piece in range(3):
            pixels = Image.fromarray(random.randint(256, size=(16, 16)).astype(np.uint8))
            pixels.save(str(tmp_path / 'in' / ('n%d_slice%d.png' % (nodule, piece))))
    flags = ['--resolution', 16, '--folds', 3, '--augment', '--nodules', '(.*)_slice', '--keep-names']
    made('images', tmp_path / 'in', *flags)
    tested = []
    for fold in range(3):
        path = tmp_path / 'out' / 'images' / ('fold%d' % fold)
        sides = {side: facts(path / side / 'images') for side in ('train', 'test')}
        train, test = [{entry['nodule'] for entry in sides[side]['entries']} for side in ('train', 'test')]
        assert not train & test and len(train | test) == 7 and len(test) in (2, 3)
        assert sides['train']['records'] == len(train) * 15 and sides['test']['records'] == len(test) * 3
        assert sides['test']['variants'] == ['original'] and sides['test']['fold'] == fold
        tested += sorted(test)
    assert sorted(tested) == ['n%d' % i for i in range(7)]
    assert verify(tmp_path / 'out') == []


def test_folds_that_would_be_empty_and_patterns_that_do_not_fit_are_refused(refuses, folder):
    images_ = ['images', folder, '--resolution', 16]
    refuses(CREATE, *images_, '--folds', 6, parts=['fold', 'lower --folds'])
    refuses(CREATE, *images_, '--folds', 1, parts=['--folds', 'from 2'])
    refuses(CREATE, *images_, '--nodules', '(', parts=['--nodules'])
    refuses(CREATE, *images_, '--nodules', 'x', parts=['--nodules', 'group'])
    refuses(CREATE, *images_, '--nodules', '(x)', parts=['0.png', '--nodules'])
