"""Pictures of 16 bits whose values are not scaled to 16 bits."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from classification import classifier
from common import images
from created import CREATE, facts, finest, read_picture
from pix2pix import data

SIDE = 32
HU = np.random.RandomState(3).randint(-1000, 400, (SIDE, SIDE))
FULL = np.linspace(0, 65535, SIDE * SIDE).round().reshape(SIDE, SIDE)
STORED = {
    'HU + 1024': (HU + 1024, '-876,2124'),
    'HU + 32768': (HU + 32768, '30868,33868'),
    'HU + 32768, padding 0': (np.where(HU < -990, 0, HU + 32768), '30868,33868'),
    '12 bits': (np.where(HU < -990, 4095, HU + 1000), '0,4095'),
}


def write(folder, values, name='a.png'):
    folder.mkdir(exist_ok=True)
    path = str(folder / name)
    values = np.asarray(values).astype(np.uint16)
    np.save(path, values) if name.endswith('.npy') else Image.fromarray(values).save(path)
    return path


@pytest.mark.parametrize('form', ['a.png', 'a.tif', 'a.npy'])
@pytest.mark.parametrize('kind', sorted(STORED))
def test_pictures_that_use_a_sliver_of_16_bits_are_refused_with_the_likely_range(tmp_path, kind, form):
    values, likely = STORED[kind]
    path = write(tmp_path / 'in', values, form)
    with pytest.raises(images.RangeNeeded) as caught:
        images.load(path, SIDE)
    assert caught.value.path == path and likely in images.range_flag(caught.value)
    lo, hi = map(float, likely.split(','))
    wanted = ((values - lo) / (hi - lo) * 255).clip(0, 255)
    assert np.abs(images.load(path, SIDE, limits=(lo, hi))[0] - wanted).max() <= 0.51
    assert images.load(path, SIDE, limits=(0, 65535)).max() <= 255  # an explicit range is used


@pytest.mark.parametrize('values', [FULL, FULL // 2, 20000 + FULL // 7, np.where(FULL > 3e4, 65535, 0), 0 * FULL])
def test_pictures_that_use_the_range_and_black_and_white_ones_are_scaled_from_it(tmp_path, values):
    assert_array_equal(images.load(write(tmp_path / 'in', values), SIDE)[0], np.rint(values.astype(int) / 257.0))


def test_a_dark_picture_of_a_set_that_uses_the_range_is_dark(made, refuses, tmp_path):
    write(tmp_path / 'in', FULL // 50, 'dark.png')
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', SIDE, parts=['dark.png', '0..65535', '--range'])
    write(tmp_path / 'in', FULL, 'full.png')
    made('images', tmp_path / 'in', '--resolution', SIDE)
    assert_array_equal(finest(tmp_path / 'out' / 'images')[0, 0], np.rint(FULL // 50 / 257.0))


def test_the_hu_of_a_set_are_those_of_the_scan_when_range_and_window_are_reported(made, refuses, tmp_path):
    write(tmp_path / 'in', HU + 1024)
    refuses(CREATE, 'images', tmp_path / 'in', '--resolution', SIDE, '--window', 'paper', parts=['a.png', '-876,2124'])
    made('images', tmp_path / 'in', '--resolution', SIDE, '--window', 'paper', '--range=-876,2124')
    (lo, hi), gray = facts(tmp_path / 'out' / 'images')['window'], finest(tmp_path / 'out' / 'images')[0, 0]
    assert np.abs(lo + (hi - lo) * gray / 255.0 - HU).max() <= 0.51 * 3000 / 255


def test_pairs_of_pictures_need_the_range_and_their_masks_do_not(made, refuses, tmp_path):
    write(tmp_path / 'ct', HU + 1024)
    write(tmp_path / 'masks', HU > 0)
    pairs = ['pairs', '--images', tmp_path / 'ct', '--masks', tmp_path / 'masks', '--resolution', SIDE, '--keep-names']
    refuses(CREATE, *pairs, parts=['a.png', '--range'])
    made(*pairs, '--range=-876,2124')
    both = read_picture(tmp_path / 'out' / 'pairs' / 'a.png')
    assert_array_equal(both[:, SIDE:], 255 * (HU > 0))
    assert np.abs(both[:, :SIDE] - (HU + 1900) / 3000.0 * 255).max() <= 0.51
    refuses(CREATE, 'pairs', '--phantom', 'IA', '--range=0,9', parts=['--range is for the pictures of --images'])


def test_pix2pix_refuses_a_sliver_too_and_takes_masks_of_any_numbers(tmp_path):
    write(tmp_path / 'ct', HU + 1024)
    write(tmp_path / 'masks', HU > 0)
    write(tmp_path / 'both', np.concatenate([HU + 1024, 65535 * (HU > 0)], axis=1))
    for action in (
        lambda: data.pairs(str(tmp_path / 'ct'), str(tmp_path / 'masks')),
        lambda: data.pairs(str(tmp_path / 'both')),
        lambda: data.read_masks(str(tmp_path / 'both'), SIDE, 1),
    ):
        with pytest.raises(images.RangeNeeded, match='0-dataset_create.py pairs .*--range'):
            action()
    assert_array_equal(data.read_masks(str(tmp_path / 'masks'), SIDE, 1)[1][0, 0], 255 * (HU > 0))


def test_pictures_to_classify_are_refused_as_a_set(tmp_path):
    write(tmp_path / 'in', HU + 1024)
    with pytest.raises(images.RangeNeeded, match='0-dataset_create.py images.*--range'):
        classifier.read_images(str(tmp_path / 'in'), (1, SIDE, SIDE))
    write(tmp_path / 'in', FULL, 'b.png')
    assert classifier.read_images(str(tmp_path / 'in'), (1, SIDE, SIDE))[0].shape == (2, 1, SIDE, SIDE)


@pytest.mark.parametrize('dtype, form', [(np.int16, 'a.tif'), (np.int32, 'a.tif'), (np.int16, 'a.npy')])
def test_signed_pictures_need_a_range_as_ever(tmp_path, dtype, form):
    path = str(tmp_path / form)
    np.save(path, HU.astype(dtype)) if form.endswith('npy') else Image.fromarray(HU.astype(dtype)).save(path)
    with pytest.raises(images.RangeNeeded, match='numbers'):
        images.load(path, SIDE)
    wanted = (HU + 1900) / 3000.0 * 255
    assert np.abs(images.load(path, SIDE, limits=(-1900, 1100))[0] - wanted).max() <= 0.51
