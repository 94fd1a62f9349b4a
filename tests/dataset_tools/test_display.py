"""1-dataset_display.py as a user runs it."""

import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

import dataset
from created import PHANTOM, finest, picture
from places import visible


def pixels(path):
    with Image.open(str(path)) as picture:
        assert picture.mode == 'L'
        return np.asarray(picture)


@pytest.fixture
def records(tmp_path, random):
    patches = random.randint(256, size=[5, 1, 8, 8]).astype(np.uint8)
    dataset.write(str(tmp_path / 'AIS'), 'AIS', patches)
    return patches


def test_display_writes_the_pixels_of_the_first_records(script, tmp_path, records):
    code, out, _ = script(
        '1-dataset_display.py',
        '--tfrecords',
        tmp_path / 'AIS' / 'AIS-r03.tfrecords',
        *'--number 3 --outdir'.split(),
        tmp_path / 'a' / 'b',
    )
    assert code == 0 and visible(tmp_path / 'a' / 'b') == ['dataset_img_%d.png' % i for i in range(3)]
    for i in range(3):
        assert_array_equal(pixels(tmp_path / 'a' / 'b' / ('dataset_img_%d.png' % i)), records[i, 0])


def test_display_of_a_folder_shows_its_finest_level_and_says_when_there_are_fewer(script, tmp_path, records):
    code, out, _ = script('1-dataset_display.py', '--tfrecords', tmp_path / 'AIS', '--outdir', tmp_path / 'out')
    assert code == 0 and '5 images, fewer than the 10' in out and len(visible(tmp_path / 'out')) == 5
    assert_array_equal(pixels(tmp_path / 'out' / 'dataset_img_4.png'), records[4, 0])


def test_display_grid_is_one_sheet(script, tmp_path, records):
    assert (
        script('1-dataset_display.py', '--tfrecords', tmp_path / 'AIS', '--outdir', tmp_path / 'out', '--grid')[0] == 0
    )
    assert visible(tmp_path / 'out') == ['dataset_grid.png']
    sheet = pixels(tmp_path / 'out' / 'dataset_grid.png')
    assert sheet.shape == (16, 24)
    assert_array_equal(sheet[8:, :8], records[3, 0])


def test_colour_images_without_a_json_file_are_shown_in_colour(succeeds, tmp_path, random):
    image = random.randint(256, size=[1, 3, 8, 8]).astype(np.uint8)
    dataset.write(str(tmp_path / 'c'), 'c', image)
    succeeds('1-dataset_display.py', '--tfrecords', tmp_path / 'c', '--number', 1, '--outdir', tmp_path / 'out')
    with Image.open(str(tmp_path / 'out' / 'dataset_img_0.png')) as picture:
        assert picture.mode == 'RGB' and (np.asarray(picture).transpose(2, 0, 1) == image[0]).all()


def test_the_summary_tells_of_labels_that_lie_beside_the_records(succeeds, tmp_path, records):
    def summary(vectors):
        with open(str(tmp_path / 'AIS' / 'AIS-rxx.labels'), 'wb') as f:
            np.save(f, np.array(vectors, np.float32))
        return succeeds('1-dataset_display.py', '--tfrecords', tmp_path / 'AIS', '--summary').splitlines()[-1]

    assert summary(np.eye(2)[[0, 1, 1, 1, 0]]) == 'AIS-rxx.labels: one-hot labels; 2 of class 0, 3 of class 1'
    assert summary([[0, -0.5, 2]] * 5) == 'AIS-rxx.labels: labels of 3 numbers, -0.5..2, not one-hot'


def test_the_summary_tells_levels_numbers_gray_and_hu(made, script, tmp_path):
    made(*PHANTOM, '--number', 4, '--window', 'lung')
    code, out, _ = script(
        '1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--summary', '--outdir', tmp_path / 'none'
    )
    assert (
        code == 0
        and '-1350..150 HU' in out
        and 'json' in out
        and len(out.splitlines()) == 5
        and not (tmp_path / 'none').exists()
    )
    read = finest(tmp_path / 'out' / 'MIA')
    row = out.splitlines()[-1].split()
    assert row[:2] == ['MIA-r04.tfrecords', '4'] and '%d..%d' % (read.min(), read.max()) in row
    low, high = [-1350 + gray * 1500 / 255.0 for gray in (float(read.min()), float(read.max()))]
    assert row[-1] == '%.0f..%.0f' % (low, high)
    os.remove(str(tmp_path / 'out' / 'MIA' / 'MIA.json'))
    code, out, _ = script(
        '1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA' / 'MIA-r03.tfrecords', '--summary'
    )
    assert code == 0 and '-1900..1100 HU, the paper window' in out and len(out.splitlines()) == 3


def test_display_shows_another_window(made, script, refuses, tmp_path):
    made(*PHANTOM, '--number', 1)
    shown = ['--tfrecords', tmp_path / 'out' / 'MIA', '--window', '-1000,-500']
    assert script('1-dataset_display.py', *shown, '--outdir', tmp_path / 'png')[0] == 0
    hu = finest(tmp_path / 'out' / 'MIA')[0, 0].astype(float) * 3000 / 255.0 - 1900
    shown = np.asarray(Image.open(str(tmp_path / 'png' / 'dataset_img_0.png')))
    assert np.abs(shown - ((hu + 1000) / 500 * 255).clip(0, 255)).max() <= 0.51
    refuses(
        '1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--window', 'bone', words=['window', 'bone']
    )
    (tmp_path / 'out' / 'MIA' / 'MIA.json').write_bytes(b'{')
    refuses('1-dataset_display.py', '--tfrecords', tmp_path / 'out' / 'MIA', '--summary', words=['MIA.json', 'damaged'])


def test_display_shows_colour(made, script, tmp_path):
    (tmp_path / 'in').mkdir()
    picture(tmp_path / 'in' / 'a.png', 'RGB')
    made('images', tmp_path / 'in', '--resolution', 16, '--channels', 3)
    assert (
        script(
            '1-dataset_display.py',
            '--tfrecords',
            tmp_path / 'out' / 'images',
            '--number',
            1,
            '--outdir',
            tmp_path / 'png',
        )[0]
        == 0
    )
    assert_array_equal(
        np.asarray(Image.open(str(tmp_path / 'png' / 'dataset_img_0.png'))),
        np.asarray(Image.open(str(tmp_path / 'in' / 'a.png'))),
    )


def test_number_0_which_would_show_nothing_is_refused(refuses, tmp_path, records):
    refuses(
        '1-dataset_display.py', '--tfrecords', tmp_path / 'AIS', '--number', 0, words=["--number: '0'", 'one or more']
    )


def test_an_output_folder_that_cannot_be_written_is_one_line(script, tmp_path, records):
    (tmp_path / 'file').write_bytes(b'')
    for outdir in (tmp_path / 'file', tmp_path / 'file' / 'below', '/proc/nowhere'):
        code, _, err = script('1-dataset_display.py', '--tfrecords', tmp_path / 'AIS', '--outdir', outdir)
        assert code == 2 and err.count('\n') == 1 and str(outdir) in err
