"""4-evaluate.py with a folder of class folders, and a generator that has no labels."""

import json
import re

import pytest

import dataset
import sets
from common import card

pytestmark = pytest.mark.usefixtures('discs')  # the images are noise


@pytest.fixture
def classes(tmp_path, random):
    """Makes a folder of the classes AIS and MIA; windows: of each."""

    def make(*windows):
        images = sets.pictures(random, 40, 16)
        for name, window, part in zip(('AIS', 'MIA'), windows, (images[:20], images[20:])):
            folder = tmp_path / 'both' / name
            dataset.write(str(folder), name, part)
            (folder / (name + '.json')).write_text(json.dumps(dict(window=window, mm_per_pixel=0.5)))
        return str(tmp_path / 'both')

    return make


@pytest.mark.slow
def test_pooled_classes_keep_their_window_and_size_of_pixels_and_are_said_to_be_pooled(
    script, tmp_path, weights, classes
):
    data = classes([-1000, 400], [-1000, 400])
    settings = '--data', data, '--number', '12', '--audit', '5', '--cpu', '--outdir', tmp_path / 'out'
    code, out, err = script('4-evaluate.py', '--model', weights, *settings)
    assert code == 0 and 'both pools 2 classes (AIS, MIA)' in err and 'both/AIS compares with one class' in err
    assert 'nodule HU, mean' in out and 'nodule diameter, mm, mean' in out
    page = (tmp_path / 'out' / 'evaluation.html').read_text(encoding='utf-8')
    assert 'data-stored="-1000' in page and '<p class="warning">%s pools 2 classes' % data in page


@pytest.mark.slow
def test_classes_of_different_windows_are_compared_in_gray_levels_and_not_in_false_hu(
    script, tmp_path, weights, classes
):
    data = classes([-1000, 400], [-1900, 1100])
    settings = '--data', data, '--number', '12', '--audit', '5', '--cpu', '--outdir', tmp_path / 'out'
    code, out, err = script('4-evaluate.py', '--model', weights, *settings)
    assert code == 0 and 'AIS -1000 to 400 HU, MIA -1900 to 1100 HU' in err
    result = json.loads((tmp_path / 'out' / 'evaluation.json').read_text(encoding='utf-8'))
    rows = {row['metric']: row for row in result['rows']}
    assert not any('HU' in name for name in rows) and 'gray histogram distance, gray levels' in rows
    assert 0 <= rows['nodule gray levels, mean']['reals'] <= 255
    page = (tmp_path / 'out' / 'evaluation.html').read_text(encoding='utf-8')
    assert 'data-unit="gray levels"' in page and not re.search(r'\d HU(?! |,|\))', page)
    assert result['weights'] == [card.sha256(weights)]
