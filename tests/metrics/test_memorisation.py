import numpy as np
import pytest
from scipy import ndimage

from metrics import memorisation
from sets import pictures, value


def shifted(image, rows, columns):
    """An image [C, R, R] moved by rows and columns, its border repeated."""
    size = image.shape[-1]
    reach = 3 * size // 16
    padded = np.pad(image, [(0, 0), (reach, reach), (reach, reach)], 'edge')
    return padded[:, reach + rows : reach + rows + size, reach + columns : reach + columns + size]


def all_distances(image, other):
    """Distances of an image to another in all 8 x 13 x 13 positions that 32x32 pixels allow."""
    for symmetry in range(8):
        middle = memorisation.turned(image, symmetry)[:, 6:26, 6:26].astype(float)
        for row in range(13):
            for column in range(13):
                yield np.sqrt(np.mean(np.square(middle - other[:, row : row + 20, column : column + 20])))


def test_planted_copies_turned_mirrored_and_shifted_are_all_found_at_distance_zero(phantoms, random):
    training, chosen = phantoms[:100], random.randint(100, size=60)
    planted = [
        shifted(memorisation.turned(training[k], i % 8), *random.randint(-6, 7, size=2)) for i, k in enumerate(chosen)
    ]
    result = memorisation.nearest(np.stack(planted), training)
    assert (result.index == chosen).all() and (result.distance == 0).all()


def test_noisy_copies_are_found_and_count_as_copied(phantoms, random):
    training = phantoms[:60]
    fakes = np.stack([shifted(memorisation.turned(training[i], i % 8), i % 9 - 4, 3 - i % 7) for i in range(40)])
    fakes = np.clip(fakes + random.randn(*fakes.shape) * 4, 0, 255).astype(np.uint8)
    result = memorisation.nearest(fakes, training)
    right = result.index == np.arange(40)
    assert right.mean() >= 0.9 and np.median(result.distance) < 5
    pair = memorisation.closest_pairs(fakes, training, result, 1)[0]
    closest = result.distance.argmin()
    assert pair.index == closest and (pair.image == fakes[closest]).all()
    assert np.sqrt(np.mean(np.square(pair.image[0, 6:26, 6:26] - pair.other[0, 6:26, 6:26].astype(float)))) < 5
    assert np.sqrt(np.nanmean(np.square(pair.difference))) == pytest.approx(pair.distance, rel=1e-5)
    assert pair.distance == pytest.approx(result.distance.min()) and np.isnan(pair.difference[0]).all()
    held = memorisation.nearest(phantoms[200:300], training).distance
    assert value(memorisation.copied(result.distance[right], held), right.sum(), 100) > 0.5
    assert value(memorisation.copied(held, held), 100, 100) == 0.01


def test_the_distance_is_the_least_of_all_upright_positions_of_all_training_images_or_less(phantoms, monkeypatch):
    with_angles = memorisation.nearest(phantoms[:2], phantoms[10:16])
    monkeypatch.setattr(memorisation, 'SMALLEST', 64)  # no other angles
    result = memorisation.nearest(phantoms[:2], phantoms[10:16])
    for image, distance in zip(phantoms, result.distance):
        expected = min(min(all_distances(image, other)) for other in phantoms[10:16])
        assert distance == pytest.approx(expected, rel=1e-5)
    assert (with_angles.distance <= result.distance).all() and (result.radians == 0).all()


def test_planted_duplicates_of_a_set_are_found_and_no_image_is_its_own(phantoms, random):
    images = phantoms[:80].copy()
    for k in range(20):
        images[79 - k] = shifted(memorisation.turned(images[k], k % 8), *random.randint(-6, 7, size=2))
    result = memorisation.nearest_others(images)
    assert (result.index != np.arange(80)).all()
    assert (result.distance[60:] == 0).all() and (result.index[60:] == np.arange(20)[::-1]).all()
    others = memorisation.nearest(phantoms[200:280], phantoms[300:380]).distance
    share = value(memorisation.copied(result.distance, others), 80, 80)
    assert share >= 0.25 and value(memorisation.copied(others, others), 80, 80) <= 0.02


def test_the_nearest_other_image_of_a_few_is_the_nearest_of_all_upright_positions(phantoms, monkeypatch):
    images = phantoms[:4]
    monkeypatch.setattr(memorisation, 'SMALLEST', 64)  # no other angles
    result = memorisation.nearest_others(images)
    for i, distance in enumerate(result.distance):
        expected = min(min(all_distances(images[i], other)) for k, other in enumerate(images) if k != i)
        assert distance == pytest.approx(expected, rel=1e-5)


def test_where_a_hundredth_of_real_images_are_equal_so_is_what_counts_as_copied():
    reals = np.r_[0, 0, 0, np.arange(5, 102)]
    assert memorisation.limit(reals) == 0
    assert value(memorisation.copied(np.r_[np.zeros(40), np.full(60, 9.0)], reals), 100, 100) == 0.4


def turned_by(image, degrees):
    """An image [1, R, R] turned by any angle, by SciPy's splines."""
    result = ndimage.rotate(image[0].astype(float), degrees, reshape=False, order=3, mode='reflect')
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)[None]


def test_planted_copies_turned_by_any_angle_are_found_nearly_as_near_as_the_interpolation_allows(phantoms, random):
    training, degrees = phantoms[:100], random.uniform(5, 40, size=40) * random.choice([-1, 1], size=40)
    planted = [turned_by(memorisation.turned(training[i], i % 8), angle) for i, angle in enumerate(degrees)]
    result = memorisation.nearest(np.stack(planted), training)
    held = memorisation.limit(memorisation.nearest(phantoms[200:300], training).distance)
    found = result.distance <= held
    assert found.mean() >= 0.9 and (result.index == np.arange(40))[found].all()
    angles = np.rad2deg(np.abs(result.radians[found]))
    assert np.median(np.abs(angles - np.abs(degrees[found]))) < 1
    for i in np.flatnonzero(found)[:5]:
        other = memorisation.placed(training[result.index[i]], result, i)
        difference = (planted[i] - other)[0, 6:26, 6:26]
        assert np.sqrt(np.mean(np.square(difference))) == pytest.approx(result.distance[i], abs=1e-3)


@pytest.mark.parametrize('size', [16, 64, 128])
def test_images_of_any_size_are_aligned(random, size):
    training = pictures(random, 12, size, blur=size // 8)
    planted = np.stack([turned_by(image, 17) for image in training])
    result = memorisation.nearest(planted, training)
    assert (result.index == np.arange(12)).all()
    assert np.median(np.abs(np.rad2deg(np.abs(result.radians)) - 17)) < 0.5
    assert np.median(result.distance) < 0.1 * training.std()


def test_a_nearest_image_is_shown_as_it_lies_on_the_image(phantoms, random):
    training = phantoms[:30]
    planted = np.stack([shifted(memorisation.turned(training[i], i % 8), i % 7 - 3, 5 - i % 9) for i in range(30)])
    for pair in memorisation.closest_pairs(planted, training, memorisation.nearest(planted, training), 30):
        assert (pair.other[0, 6:26, 6:26] == planted[pair.index][0, 6:26, 6:26]).all()
        assert np.nanmax(np.abs(pair.difference)) == 0


def test_copies_are_planted_as_their_kind_says(phantoms):
    training = phantoms[:4]
    planted = memorisation.planted(training, 60)
    assert list(planted) == list(memorisation.KINDS) and [len(images) for images in planted.values()] == [4, 4]
    for image in planted['right_angles']:
        assert min(min(all_distances(image, other)) for other in training) < 1e-6
    for image in planted['other_angles']:
        assert min(min(all_distances(image, other)) for other in training) > 1
    other = memorisation.planted(training, 3, seed=1)['right_angles']
    assert len(other) == 3 and not np.array_equal(other, planted['right_angles'][:3])
