import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from common import images


def test_network_range_becomes_rounded_and_clipped_gray_levels():
    x = [-9, -1, -1 + 0.49 / 127.5, -1 + 0.51 / 127.5, 0.0, 1 - 0.51 / 127.5, 1, 9]
    assert images.to_uint8(x).tolist() == [0, 0, 0, 1, 128, 254, 255, 255]


def test_all_gray_levels_survive_the_way_to_the_network_and_back():
    levels = np.arange(256)
    assert_array_equal(images.to_uint8(levels / 127.5 - 1), levels)


def test_grid_places_images_row_by_row_and_leaves_the_rest_black():
    batch = np.arange(1, 6, dtype=np.uint8).reshape(5, 1, 1, 1) * np.ones([1, 1, 2, 2], np.uint8)
    assert_array_equal(images.grid(batch)[0, ::2, ::2], [[1, 2, 3], [4, 5, 0]])
    assert_array_equal(images.grid(batch, columns=5)[0, ::2, ::2], [[1, 2, 3, 4, 5]])
    assert images.grid(batch[:1]).shape == (1, 2, 2)
    colour = np.arange(2 * 3 * 4 * 4, dtype=np.uint8).reshape(2, 3, 4, 4)
    assert_array_equal(images.grid(colour)[:, :, 4:], colour[1])


def test_half_of_the_images_are_mirrored_and_none_of_the_original_ones_changes():
    batch = np.arange(2000 * 6, dtype=np.int64).reshape(2000, 3, 1, 2)
    result = images.mirrored(batch, np.random.RandomState(0))
    is_mirrored = result[:, 0, 0, 0] > result[:, 0, 0, 1]
    assert_array_equal(result[is_mirrored], batch[is_mirrored][..., ::-1])
    assert_array_equal(result[~is_mirrored], batch[~is_mirrored])
    assert 900 < is_mirrored.sum() < 1100  # four standard deviations are 89
    assert_array_equal(batch, np.arange(2000 * 6).reshape(2000, 3, 1, 2))


@pytest.mark.parametrize('channels', [1, 3])
def test_a_caption_stands_below_the_image_and_hides_nothing_of_it(random, channels):
    image = random.randint(256, size=[channels, 20, 64]).astype(np.uint8)
    result, empty = images.captioned(image, 'kimg 1'), images.captioned(image, '')
    assert result.shape == (channels, 36, 64) and (result[:, :20] == image).all()
    assert (result[:, 20:] > 100).any() and not empty[:, 20:].any()


@pytest.mark.parametrize('channels, mode', [(1, 'L'), (3, 'RGB')])
def test_saved_pictures_have_the_mode_of_their_channels_and_the_same_pixels(tmp_path, random, channels, mode):
    image = random.randint(256, size=[channels, 4, 6]).astype(np.uint8)
    images.save(str(tmp_path / 'a.png'), image)
    with Image.open(str(tmp_path / 'a.png')) as picture:
        assert picture.mode == mode
        assert_array_equal(np.asarray(picture).reshape(4, 6, channels), image.transpose(1, 2, 0))


def test_a_writer_reports_what_became_of_pictures_of_an_earlier_run(tmp_path, capsys):
    gray = np.zeros([1, 4, 4], np.uint8)
    (tmp_path / 'my_0.txt').write_text('mine')

    def write(*grays):
        names = ['a_%d.png' % i for i in range(len(grays))]
        writer = images.ImageWriter(str(tmp_path), names, r'.+_\d+\.png$')
        for name, value in zip(names, grays):
            writer.save(name, gray + np.uint8(value))
        writer.report()
        return capsys.readouterr().out

    assert write(1, 2, 3) == '' and write(1, 2, 3) == ''
    assert 'replaced 1, left 1 as they were' in write(1, 9)
    assert images.read(str(tmp_path / 'a_1.png')).max() == 9


def turned(pixels, orientation):
    """What a viewer shows of stored pixels [H, W], by the table of the EXIF standard: where row 0 and column 0 are."""
    ways = {1: pixels, 2: pixels[:, ::-1], 3: pixels[::-1, ::-1], 4: pixels[::-1], 5: pixels.T}
    ways.update({6: pixels[::-1].T, 7: pixels[::-1, ::-1].T, 8: pixels[:, ::-1].T})
    return ways[orientation]


@pytest.mark.parametrize('ending', ['png', 'jpg', 'tif'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_pictures_of_every_format_are_turned_once_as_their_exif_orientation_says(tmp_path, ending, orientation):
    stored = np.zeros([16, 24], np.uint8)
    stored[:8, :8], stored[:8, 16:] = 250, 120  # blocks of 8: JPEG keeps them
    path, exif = str(tmp_path / ('x.' + ending)), Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(path, **(dict(tiffinfo={274: orientation}) if ending == 'tif' else dict(exif=exif)))
    expected = turned(stored, orientation)
    assert images.size(path) == expected.shape[::-1]
    pixels = images.load(path, expected.shape)[0]
    assert np.abs(pixels.astype(int) - expected).max() <= 2


def test_damaged_exif_data_leave_a_picture_as_it_is_stored(tmp_path):
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8)
    Image.fromarray(pixels).save(str(tmp_path / 'x.png'), exif=b'Exif\0\0II*\0\xff\xff\xff')
    assert_array_equal(images.load(str(tmp_path / 'x.png'), 8)[0], pixels)
