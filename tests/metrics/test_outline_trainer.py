import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from common import hounsfield, images
from metrics import outline_augmentation, outline_trainer, outlines, shapes
from metrics.__main__ import main
from places import ONCE

WINDOW = hounsfield.WINDOWS['paper']


def discs(random, count, size=64):
    """HU [N, R, R] and masks of discs at random places, brighter inside."""
    index = np.arange(size)
    masks = []
    for _ in range(count):
        (row, column), radius = random.uniform(20, size - 20, 2), random.uniform(4, 9)
        masks.append(np.hypot(index[:, None] - row, index - column) < radius)
    masks = np.array(masks)
    return np.where(masks, -300.0, -880.0).astype(np.float32), masks


@pytest.fixture
def folder(tmp_path, random):
    for i, (hu, mask) in enumerate(zip(*discs(random, 24))):
        pixels = np.concatenate([hounsfield.to_gray(hu, WINDOW), np.where(mask, 255, 0).astype(np.uint8)], axis=1)
        images.save(str(tmp_path / ('%02d.png' % i)), pixels[None])
    return tmp_path


def centroids(masks):
    return np.array([[np.mean(at) for at in np.nonzero(mask)] for mask in masks])


def test_scaled_and_turned_patches_masks_and_points_stay_together(random):
    hu, masks = discs(random, 60)
    points = centroids(masks)
    before = masks.sum(axis=(1, 2))
    hu, masks, points = outline_augmentation.scaled(random, hu, masks.copy(), points)
    for _ in range(4):
        hu, masks, points = outline_augmentation.turned(random, hu, masks, points)
    assert abs(masks.sum(axis=(1, 2)) / before - 1).max() > 0.3
    assert ((hu > -590) != masks).sum() < 0.15 * masks.sum()
    whole = ~(masks[:, [0, -1]].any(axis=(1, 2)) | masks[:, :, [0, -1]].any(axis=(1, 2)))
    assert whole.sum() > 40
    assert_allclose(points[whole], centroids(masks[whole]), atol=1)


def test_what_is_drawn_depends_on_the_random_numbers_alone(random):
    hu, masks = discs(random, 20)
    kept = hu.copy(), masks.copy()
    first, second, other = [outline_augmentation.draw(np.random.RandomState(seed), hu, masks) for seed in (1, 1, 2)]
    for a, b in zip(first, second):
        assert_array_equal(a, b)
    assert (first[0] != other[0]).any()
    for array, before in zip((hu, masks), kept):
        assert_array_equal(array, before)


def test_every_drawn_mask_holds_a_nodule_near_its_point(random):
    hu, masks = discs(random, 64)
    for seed in range(5):
        patches, drawn, points = outline_augmentation.draw(np.random.RandomState(seed), hu, masks)
        assert np.isfinite(patches).all() and drawn.any(axis=(1, 2)).all()
        index = np.arange(64)
        for mask, (row, column) in zip(drawn, points):
            nearest = np.hypot(index[:, None] - row, index - column)[mask].min()
            assert nearest <= 2 * np.sqrt(mask.sum() / np.pi)


def test_the_threshold_makes_the_mean_diameter_right(random):
    index = np.arange(64) - 31.5
    radius = np.hypot(index[:, None], index)
    wanted = np.linspace(5, 15, 9)
    masks = np.array([radius < r for r in wanted])
    probabilities = np.array([1 / (1 + np.exp(radius - r - 2)) for r in wanted])  # 0.5 lies two pixels outside
    limit = outline_trainer.threshold(probabilities, masks)
    assert_allclose(limit, 1 / (1 + np.exp(-2)), atol=0.02)
    mean = [shapes.equivalent_diameter(found).mean() for found in (probabilities > limit, masks)]
    assert_allclose(*mean, atol=0.1)


@ONCE
def test_it_trains_on_a_folder_of_pairs_and_writes_what_outlines(folder, outcome, tmp_path):
    out = tmp_path / 'new' / 'outlines.npz'
    arguments = ['train-outlines', folder, '--maps', '4,8,8', '--minibatch', 8, '--cpu', '--out']
    code, printed, err = outcome(main, *arguments + [out, '--steps', 300])
    assert code == 0, err
    assert printed.startswith('%s: Dice 0.' % out) and 'on 2 patches' in printed
    hu, masks = discs(np.random.RandomState(5), 6)
    with outlines.Outliner(outlines.read(str(out)), cpu=True) as outliner:
        found = outliner.probabilities(hu[:, None], hounsfield.GRAY, centroids(masks)) > 0.5
    assert 2.0 * (found & masks).sum() / (found.sum() + masks.sum()) > 0.7
    again = [tmp_path / 'a.npz', tmp_path / 'b.npz']
    for path in again:
        assert outcome(main, *arguments + [path, '--steps', 3])[0] == 0
    first, second = [outlines.read(str(path)).values for path in again]
    for name in first:
        assert_allclose(first[name], second[name], rtol=1e-3, atol=1e-4)


def test_pairs_that_cannot_be_learned_from_are_refused_in_one_line(folder, outcome, tmp_path):
    (tmp_path / 'empty').mkdir()
    cases = [(['train-outlines', tmp_path / 'empty'], 'empty holds no PNG pictures; make some with')]
    images.save(str(folder / 'blank.png'), np.full([1, 64, 128], 0, np.uint8))
    cases.append((['train-outlines', folder], 'blank.png: its mask is blank; remove the file'))
    for arguments, text in cases:
        code, _, err = outcome(main, *arguments)
        assert code == 2 and err.count('\n') == 1 and text in err, err
