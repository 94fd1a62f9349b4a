"""Files of many images: NPZ as MedMNIST has them, NPY and TIFF of several pages."""

import io
import os
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import dataset_tools
from created import CREATE, facts, finest, tree
from dataset_tools import create_settings, image_stacks, verify, writer

COUNTS = dict(train=7, val=3, test=4)


def parts_of(random, *shape):
    """The arrays of a set as MedMNIST has it, with labels 0 and 1 in turn."""
    arrays = {}
    for part, count in COUNTS.items():
        arrays[part + '_images'] = random.randint(256, size=[count] + list(shape)).astype(np.uint8)
        arrays[part + '_labels'] = (np.arange(count) % 2).astype(np.uint8)[:, None]
    return arrays


def source_of(path, **settings):
    settings = dict(dict(resolution=16, keep_names=True), **settings)
    return image_stacks.from_stacks(create_settings.CreateImages(source=str(path), **settings))


def read(path, **settings):
    """The pixels of all patches of a file, [N, C, 16, 16]."""
    return np.stack([patch.pixels for patch in source_of(path, **settings).patches])


def refused(path, *parts, **settings):
    """The message that refuses a file, one line that names it and has these parts."""
    with pytest.raises((ValueError, OSError)) as caught:
        list(source_of(path, **settings).patches)
    message = str(caught.value)
    assert '\n' not in message and str(path) in message and all(part in message for part in parts), message
    return message


def test_a_set_as_medmnist_has_it_becomes_one_fold_whose_inner_fold_tests_on_val(made, tmp_path, random):
    arrays = parts_of(random, 64, 64, 64)
    np.savez_compressed(str(tmp_path / 'nodulemnist3d_64.npz'), **arrays)
    made('images', tmp_path / 'nodulemnist3d_64.npz', '--classes', 'benign,malignant', '--keep-names')
    sides = {
        'fold0/train': ['train', 'val'],
        'fold0/test': ['test'],
        'fold0/inner0/train': ['train'],
        'fold0/inner0/test': ['val'],
    }
    out = tmp_path / 'out' / 'images'
    for side, parts in sides.items():
        for label, name in enumerate(['benign', 'malignant']):
            wanted = np.concatenate([arrays[part + '_images'][label::2, 32] for part in parts])
            assert_array_equal(finest(out / side / name)[:, 0], wanted)
    about = facts(out / 'fold0/inner0/test/malignant')
    assert (about['fold'], about['inner'], about['side'], about['folds']) == (0, 0, 'test', 1)
    entry = about['entries'][0]
    assert (entry['array'], entry['index'], entry['slice']) == ('val_images', 1, 0)
    assert len(tree(out)) == len(sides) * 2 * 6
    assert verify(out) == []


@pytest.mark.parametrize('slices, planes', [(1, [14]), (2, [13, 14]), (3, [13, 14, 15]), (28, list(range(28)))])
def test_slices_are_those_round_the_middle_one(tmp_path, random, slices, planes):
    volumes = random.randint(256, size=[2, 28, 16, 16]).astype(np.uint8)
    np.savez(str(tmp_path / 'a.npz'), volumes)
    source = source_of(tmp_path / 'a.npz', slices=slices)
    patches = list(source.patches)
    assert_array_equal([patch.pixels[0] for patch in patches], volumes[:, planes].reshape(-1, 16, 16))
    assert source.total == len(patches) and len({patch.nodule for patch in patches}) == 2
    offsets = [patch.facts['slice'] for patch in patches[:slices]]
    assert_array_equal(offsets, np.arange(slices) - (slices - 1) / 2.0)
    refused(tmp_path / 'a.npz', '28 slices', '--slices', slices=29)


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
@pytest.mark.parametrize('order', ['C', 'F'])
@pytest.mark.parametrize('shape', [(16, 16), (5, 16, 16), (1, 5, 16, 16), (5, 16, 16, 1), (16, 16, 1)])
def test_every_layout_that_numpy_writes_is_read_bit_for_bit(tmp_path, random, save, order, shape):
    array = random.randint(256, size=(3,) + shape).astype(np.uint8)
    path = tmp_path / 'a.npz'
    save(str(path), images=np.asarray(array, order=order), labels=np.arange(3))
    wanted = np.squeeze(array)
    assert_array_equal(read(path)[:, 0], wanted[:, 2] if wanted.ndim == 4 else wanted)
    assert source_of(path).labels == ['0', '1', '2'] and source_of(path).parts is None
    np.save(str(tmp_path / 'a.npy'), np.asarray(array, order=order))
    assert_array_equal(read(tmp_path / 'a.npy'), read(path))


@pytest.mark.parametrize('shape, axes', [((16, 16, 3), (0, 3, 1, 2)), ((3, 16, 16), (0, 1, 2, 3))])
def test_colour_comes_last_or_first(tmp_path, random, shape, axes):
    array = random.randint(256, size=(2,) + shape).astype(np.uint8)
    np.save(str(tmp_path / 'a.npy'), array)
    assert_array_equal(read(tmp_path / 'a.npy', channels=3), array.transpose(axes))
    if shape[0] == 3:
        assert_array_equal(read(tmp_path / 'a.npy')[:, 0], array[:, 1])
    else:
        refused(tmp_path / 'a.npy', 'image 0', 'colour', '--channels 3')


def test_hounsfield_units_are_scaled_by_a_range_and_small_volumes_by_resize(tmp_path, random):
    hu = random.randint(-1900, 1100, size=[3, 4, 16, 16]).astype(np.int16)
    np.save(str(tmp_path / 'hu.npy'), hu)
    wanted = np.rint((hu[:, 2].astype(float) + 1900) / 3000 * 255)
    assert np.abs(read(tmp_path / 'hu.npy', range=(-1900, 1100))[:, 0] - wanted).max() <= 1
    refused(tmp_path / 'hu.npy', 'int16', '--range LO,HI')
    np.save(str(tmp_path / 'small.npy'), np.full([1, 9, 12, 12], 77, np.uint8))
    refused(tmp_path / 'small.npy', '12 x 12', '--resize')
    assert (read(tmp_path / 'small.npy', resize=True) == 77).all()
    np.save(str(tmp_path / 'nan.npy'), np.full([1, 16, 16], np.nan))
    refused(tmp_path / 'nan.npy', 'not finite', range=(0, 1))


@pytest.mark.parametrize('mode, dtype', [('L', np.uint8), ('I;16', np.uint16)])
def test_pages_of_a_tiff_are_images(tmp_path, random, mode, dtype):
    pages = random.randint(256, size=[5, 16, 16]).astype(dtype) * (1 if mode == 'L' else 257)
    pictures = [Image.fromarray(page) for page in pages]
    path = tmp_path / 'stack.tif'
    pictures[0].save(str(path), save_all=True, append_images=pictures[1:])
    assert_array_equal(read(path)[:, 0], pages if mode == 'L' else pages // 257)
    pictures[3] = pictures[3].resize((20, 16))
    pictures[0].save(str(path), save_all=True, append_images=pictures[1:])
    refused(path, 'page 4', '20 x 16', '--resize')
    refused(path, 'lower --slices', slices=2)


def test_folds_of_all_images_replace_the_splits_of_the_file(made, tmp_path, random):
    np.savez(str(tmp_path / 'a.npz'), **parts_of(random, 16, 16))
    out = made('images', tmp_path / 'a.npz', '--resolution', 16, '--folds', 2)
    assert 'its splits are not used' in out
    tests = [len(finest(tmp_path / 'out' / 'images' / ('fold%d' % fold) / 'test' / '0')) for fold in (0, 1)]
    assert sum(tests) == 8 and max(tests) == 4


def test_without_a_test_part_val_is_the_test_side_and_a_single_part_is_no_split(tmp_path, random):
    arrays = parts_of(random, 16, 16)
    del arrays['test_images'], arrays['test_labels']
    np.savez(str(tmp_path / 'a.npz'), **arrays)
    source = source_of(tmp_path / 'a.npz', outdir=str(tmp_path / 'out'))
    cfg = create_settings.CreateImages(source='a', outdir=str(tmp_path / 'out'))
    paths, folds = writer.require_places(cfg, source.labels, source.groups, 'a', parts=source.parts)
    assert {split[:] for _, split in paths} == {(0, None, 'train'), (0, None, 'test')}
    (val,) = folds.splits('a.npz val_images 0')
    assert val.side == 'test'
    np.savez(str(tmp_path / 'a.npz'), train_images=arrays['train_images'])
    assert source_of(tmp_path / 'a.npz').parts is None and len(read(tmp_path / 'a.npz')) == 7


ARRAYS = {
    'two stacks': (dict(a=np.zeros([2, 16, 16]), b=np.zeros([2, 16, 16])), ['holds a, b', 'train_images']),
    'labels alone': (dict(train_labels=np.zeros(2)), ['no images']),
    'no training': (dict(val_images=np.zeros([2, 16, 16]), test_images=np.zeros([2, 16, 16])), ['it needs']),
    'labels of some': (
        dict(train_images=np.zeros([2, 16, 16]), train_labels=[0, 1], test_images=np.zeros([1, 16, 16])),
        ['some splits only'],
    ),
    'several labels': (dict(images=np.zeros([2, 16, 16]), labels=np.zeros([2, 14])), ['[2, 14]', 'one label']),
    'too few labels': (dict(images=np.zeros([2, 16, 16]), labels=[1]), ['[1]', '2 images']),
    'half a label': (dict(images=np.zeros([2, 16, 16]), labels=[0.5, 1]), ['0, 1, ...']),
    'one image': (dict(a=np.zeros([16, 16])), ['[16, 16]', '[N, H, W]']),
    'no image': (dict(a=np.zeros([0, 16, 16])), ['[0, 16, 16]']),
    'four dimensions': (dict(a=np.zeros([2, 2, 16, 16, 16])), ['[2, 16, 16, 16]']),
    'nothing': ({}, ['no array']),
    'objects': (dict(a=np.array([None, print])), ['damaged, or no .npz file of numbers']),
}


@pytest.mark.parametrize('name', sorted(ARRAYS))
def test_arrays_that_are_no_set_of_images_are_refused(tmp_path, name):
    arrays, parts = ARRAYS[name]
    np.savez(str(tmp_path / 'a.npz'), **arrays)
    refused(tmp_path / 'a.npz', *parts)


def test_classes_name_every_label_and_flags_of_folders_are_refused(refuses, tmp_path, random, folder):
    path = tmp_path / 'a.npz'
    np.savez(str(path), images=np.zeros([2, 16, 16], np.uint8), labels=[0, 2])
    refused(path, 'label 2', '--classes benign,malignant', classes='benign,malignant')
    refuses(CREATE, 'images', path, '--nodules', '(.*)', parts=['a.npz', '--nodules'])
    refuses(CREATE, 'images', path, '--classes', 'one', parts=['--classes', 'two or more'])
    refuses(CREATE, 'images', folder, '--classes', 'a,b', parts=['--classes', 'is a folder'])
    refuses(CREATE, 'images', folder, '--slices', 3, parts=['--slices', 'is a folder'])
    np.save(str(tmp_path / 'a.npy'), np.zeros([2, 16, 16], np.uint8))
    refuses(CREATE, 'images', tmp_path / 'a.npy', '--classes', 'a,b', parts=['a.npy', 'no labels'])
    refuses(CREATE, 'images', folder / '0.png', parts=['0.png', 'NPZ, NPY or TIFF'])


def npy(shape, data=b''):
    """A .npy file of bytes, with a header of that shape."""
    f = io.BytesIO()
    np.lib.format.write_array_header_1_0(f, dict(descr='|u1', fortran_order=False, shape=shape))
    return f.getvalue() + data


def lying_directory(content, size):
    """A zip file whose directory says that its only entry unpacks to so many bytes."""
    place = content.index(b'PK\1\2') + 24
    return content[:place] + struct.pack('<I', size) + content[place + 4 :]


@pytest.mark.parametrize('shape', [(30000, 100, 100), (1, 30000, 100, 100)])
def test_a_zip_bomb_and_headers_that_lie_take_no_memory(tmp_path, shape):
    path = tmp_path / 'a.npz'
    size = int(np.prod(shape))
    contents = []
    for data in (b'', bytes(size)):
        f = io.BytesIO()
        with zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED) as archive:
            archive.writestr('a.npy', npy(shape, data))
        contents.append(f.getvalue())
    lie, bomb = contents
    for content in (lie, bomb, lying_directory(lie, size + len(npy(shape)))):
        path.write_bytes(content)
        tracemalloc.start()
        refused(path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < size / 20


def test_a_damaged_file_is_refused_or_gives_the_same_pixels_and_nothing_is_half_written(tmp_path, random):
    images = random.randint(256, size=[4, 8, 8]).astype(np.uint8)
    path, outdir, accepted = tmp_path / 'a.npz', tmp_path / 'out', 0
    for index in range(40):
        (np.savez if index % 2 else np.savez_compressed)(str(path), images=images)
        content = bytearray(path.read_bytes())
        for place in random.randint(len(content), size=random.randint(1, 4)):
            content[place] ^= 1 << random.randint(8)
        path.write_bytes(bytes(content[: random.randint(len(content))] if index % 5 == 0 else content))
        try:
            (made,) = dataset_tools.create_images(path, str(outdir), resolution=8, name='set', force=True)
            assert_array_equal(finest(tmp_path / 'out' / 'set')[:, 0], images)
            accepted += 1
        except (ValueError, OSError) as error:
            assert '\n' not in str(error) and str(path) in str(error)
            assert not accepted or (outdir / 'set' / 'set.json').exists()
        left = os.listdir(str(outdir)) if outdir.exists() else []
        assert set(left) <= {'set'}
    assert 0 < accepted < 20
