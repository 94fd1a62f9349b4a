import numpy as np
from numpy.testing import assert_allclose

from metrics.nodules import gray_distance, nodules
from sets import pictures, value


def test_gray_distance_is_the_difference_of_sorted_pixels(random):
    a, b = pictures(random, 4), pictures(random, 4) // 2
    assert_allclose(
        value(gray_distance(a, b), 4, 4),
        np.abs(np.sort(a.ravel().astype(int)) - np.sort(b.ravel().astype(int))).mean(),
        rtol=1e-6,
    )


def test_nodules_follow_size_and_density(random):
    y, x = np.arange(64)[:, None] - 31.5, np.arange(64) - 31.5
    discs = np.array(
        [[np.where(y**2 + x**2 < (d / 2.0) ** 2, gray, 80)] for d, gray in ((10, 120), (16, 120), (16, 160))]
    )
    result = nodules(np.clip(discs + random.randn(*discs.shape) * 3, 0, 255).astype(np.uint8))
    assert_allclose(result.diameter, [10, 16, 16], atol=1)
    assert_allclose(result.gray, [120, 120, 160], atol=4)
