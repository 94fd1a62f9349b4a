"""1-dataset_display.py as a user runs it."""

import os

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import dataset
from created import PHANTOM, finest, read_picture
from places import visible

DISPLAY = '1-dataset_display.py'


@pytest.fixture
def records(tmp_path, random):
    patches = random.randint(256, size=[5, 1, 8, 8]).astype(np.uint8)
    dataset.write(str(tmp_path / 'AIS'), 'AIS', patches)
    return patches


def test_the_first_records_of_a_file_are_written_pixel_by_pixel(succeeds, tmp_path, records):
    path, outdir = tmp_path / 'AIS' / 'AIS-r03.tfrecords', tmp_path / 'a' / 'b'
    succeeds(DISPLAY, '--tfrecords', path, '--number', 3, '--outdir', outdir)
    assert visible(outdir) == ['dataset_img_%d.png' % i for i in range(3)]
    for i in range(3):
        assert_array_equal(read_picture(outdir / ('dataset_img_%d.png' % i)), records[i, 0])


def test_the_finest_level_of_a_folder_is_shown_and_fewer_images_than_wanted_are_reported(succeeds, tmp_path, records):
    out = succeeds(DISPLAY, '--tfrecords', tmp_path / 'AIS', '--outdir', tmp_path / 'out')
    assert '5 images, fewer than the 10' in out and len(visible(tmp_path / 'out')) == 5
    assert_array_equal(read_picture(tmp_path / 'out' / 'dataset_img_4.png'), records[4, 0])


def test_a_grid_is_one_sheet(succeeds, tmp_path, records):
    succeeds(DISPLAY, '--tfrecords', tmp_path / 'AIS', '--outdir', tmp_path / 'out', '--grid')
    assert visible(tmp_path / 'out') == ['dataset_grid.png']
    sheet = read_picture(tmp_path / 'out' / 'dataset_grid.png')
    assert sheet.shape == (16, 24)
    assert_array_equal(sheet[8:, :8], records[3, 0])


@pytest.mark.parametrize('facts', [None, '{"channels": 3}'])
def test_colour_images_are_shown_in_colour_with_and_without_a_json_file(succeeds, tmp_path, random, facts):
    image = random.randint(256, size=[1, 3, 8, 8]).astype(np.uint8)
    dataset.write(str(tmp_path / 'c'), 'c', image)
    if facts:
        (tmp_path / 'c' / 'c.json').write_text(facts)
    succeeds(DISPLAY, '--tfrecords', tmp_path / 'c', '--number', 1, '--outdir', tmp_path / 'out')
    assert_array_equal(read_picture(tmp_path / 'out' / 'dataset_img_0.png', 'RGB').transpose(2, 0, 1), image[0])


def test_the_summary_lists_labels_that_lie_beside_the_records(succeeds, tmp_path, records):
    def summary(vectors):
        with open(str(tmp_path / 'AIS' / 'AIS-rxx.labels'), 'wb') as f:
            np.save(f, np.array(vectors, np.float32))
        return succeeds(DISPLAY, '--tfrecords', tmp_path / 'AIS', '--summary').splitlines()[-1]

    assert summary(np.eye(2)[[0, 1, 1, 1, 0]]) == 'AIS-rxx.labels: one-hot labels; 2 of class 0, 3 of class 1'
    assert summary([[0, -0.5, 2]] * 5) == 'AIS-rxx.labels: labels of 3 numbers, -0.5..2, not one-hot'


def test_the_summary_lists_levels_numbers_gray_and_hu(made, succeeds, tmp_path):
    made(*PHANTOM, '--number', 4, '--window', 'lung')
    folder = tmp_path / 'out' / 'MIA'
    out = succeeds(DISPLAY, '--tfrecords', folder, '--summary', '--outdir', tmp_path / 'none')
    assert '-1350..150 HU' in out and 'json' in out and len(out.splitlines()) == 5 and not (tmp_path / 'none').exists()
    gray = finest(folder)
    row = out.splitlines()[-1].split()
    assert row[:2] == ['MIA-r04.tfrecords', '4'] and '%d..%d' % (gray.min(), gray.max()) in row
    low, high = [-1350 + float(end) * 1500 / 255.0 for end in (gray.min(), gray.max())]
    assert row[-1] == '%.0f..%.0f' % (low, high)
    os.remove(str(folder / 'MIA.json'))
    out = succeeds(DISPLAY, '--tfrecords', folder / 'MIA-r03.tfrecords', '--summary')
    assert '-1900..1100 HU, the paper window' in out and len(out.splitlines()) == 3


def test_images_are_shown_in_another_window(made, succeeds, refuses, tmp_path):
    made(*PHANTOM, '--number', 1)
    folder = tmp_path / 'out' / 'MIA'
    succeeds(DISPLAY, '--tfrecords', folder, '--window', '-1000,-500', '--outdir', tmp_path / 'png')
    hu = finest(folder)[0, 0].astype(float) * 3000 / 255.0 - 1900
    gray = read_picture(tmp_path / 'png' / 'dataset_img_0.png')
    assert np.abs(gray - ((hu + 1000) / 500 * 255).clip(0, 255)).max() <= 0.51
    refuses(DISPLAY, '--tfrecords', folder, '--window', 'bone', parts=['window', 'bone'])


def test_number_0_which_would_show_nothing_is_refused(refuses, tmp_path, records):
    refuses(DISPLAY, '--tfrecords', tmp_path / 'AIS', '--number', 0, parts=["--number: '0'", 'one or more'])
