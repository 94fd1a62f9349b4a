import numpy as np
import pytest

from metrics.chest_wall import chest_wall, distances


def test_the_wall_is_the_large_soft_tissue_at_the_border_of_its_own_image():
    soft = np.zeros([3, 50, 50], bool)
    soft[0, :, :4] = True  # a wall
    soft[0, 20:30, 20:30] = True  # inside
    soft[1, :2, :5] = True  # too small
    soft[2, 40:, 30:] = True
    soft[2, 39, 29] = True  # along a diagonal
    expected = np.zeros_like(soft)
    expected[0, :, :4] = True
    expected[2, 40:, 30:] = True
    assert (chest_wall(soft) == expected).all()


@pytest.mark.parametrize('gap', [0, 1, 7])
def test_the_distance_is_the_number_of_pixels_between_a_nodule_and_the_wall(gap):
    soft, mask = np.zeros([2, 1, 40, 40], bool)
    soft[0, :, :10] = True
    mask[0, 15:20, 10 + gap : 16 + gap] = True
    assert distances(soft, mask)[0] == gap
    assert distances(soft | mask, mask)[0] == gap  # a solid nodule is no wall


def test_pixels_that_meet_at_a_corner_touch_and_the_distance_may_be_oblique():
    soft, mask = np.zeros([2, 2, 40, 40], bool)
    soft[:, :10, :10] = True
    mask[0, 10, 10] = mask[1, 12, 13] = True
    assert list(distances(soft, mask)) == [0, 4]  # 3 down and 4 to the right between centres


def test_without_a_wall_or_a_nodule_there_is_no_distance():
    soft, mask = np.zeros([2, 2, 40, 40], bool)
    soft[0, :10] = True
    mask[1, 20, 20] = True
    assert np.isnan(distances(soft, mask)).all()
