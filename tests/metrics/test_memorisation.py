import numpy as np
import pytest

from metrics import memorisation
from sets import value


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
    assert pair.index == closest and (pair.other == training[result.index[closest]]).all()
    assert np.sqrt(np.nanmean(np.square(pair.difference))) == pytest.approx(pair.distance, rel=1e-5)
    assert pair.distance == pytest.approx(result.distance.min()) and np.isnan(pair.difference[0]).all()
    held = memorisation.nearest(phantoms[200:300], training).distance
    assert value(memorisation.copied(result.distance[right], held), right.sum(), 100) > 0.5
    assert value(memorisation.copied(held, held), 100, 100) == 0.01


def test_the_distance_is_the_least_of_all_positions_of_all_training_images(phantoms):
    result = memorisation.nearest(phantoms[:2], phantoms[10:16])
    for image, distance in zip(phantoms, result.distance):
        expected = min(min(all_distances(image, other)) for other in phantoms[10:16])
        assert distance == pytest.approx(expected, rel=1e-5)


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


def test_the_nearest_other_image_of_a_few_is_the_nearest_of_all_positions(phantoms):
    images = phantoms[:4]
    result = memorisation.nearest_others(images)
    for i, distance in enumerate(result.distance):
        expected = min(min(all_distances(images[i], other)) for k, other in enumerate(images) if k != i)
        assert distance == pytest.approx(expected, rel=1e-5)


def test_where_a_hundredth_of_real_images_are_equal_so_is_what_counts_as_copied():
    reals = np.r_[0, 0, 0, np.arange(5, 102)]
    assert memorisation.limit(reals) == 0
    assert value(memorisation.copied(np.r_[np.zeros(40), np.full(60, 9.0)], reals), 100, 100) == 0.4
