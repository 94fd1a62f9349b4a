import numpy as np
from numpy.testing import assert_allclose

from metrics.gray_levels import gray_distance
from sets import pictures, value


def test_gray_distance_is_the_difference_of_sorted_pixels(random):
    a, b = pictures(random, 4), pictures(random, 4) // 2
    assert_allclose(
        value(gray_distance(a, b), 4, 4),
        np.abs(np.sort(a.ravel().astype(int)) - np.sort(b.ravel().astype(int))).mean(),
        rtol=1e-6,
    )
