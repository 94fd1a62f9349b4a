import numpy as np
import pytest
from numpy.testing import assert_allclose

from metrics import filters
from metrics.sliced_wasserstein import descriptors, sliced_wasserstein
from sets import pictures, value
from stats import bootstrap


def slow_blur(image, gain):
    """5x5 binomial filter with mirrored borders, tap by tap."""
    taps = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256.0
    size, out = len(image), np.zeros(image.shape)
    for i in range(5):
        for j in range(5):
            rows, columns = [np.abs((np.arange(size) + k - 2)) for k in (i, j)]
            rows, columns = [np.where(at > size - 1, 2 * (size - 1) - at, at) for at in (rows, columns)]
            out += gain * taps[i, j] * image[np.ix_(rows, columns)]
    return out


def test_the_laplacian_pyramid_is_that_of_burt_and_adelson_and_adds_up(random):
    images = pictures(random, 3)
    fine, coarse = filters.laplacian_pyramid(images)
    for k in range(3):
        low = slow_blur(images[k, 0].astype(float), 1)[::2, ::2]
        up = np.zeros([32, 32])
        up[::2, ::2] = low
        assert_allclose(coarse[k, 0], low, atol=1e-3)
        assert_allclose(fine[k, 0], images[k, 0] - slow_blur(up, 4), atol=1e-3)


@pytest.mark.parametrize('channels', [1, 3])
def test_swd_equals_the_distance_of_sorted_projections(random, channels):
    images = [np.concatenate([pictures(random, 30, blur=blur)] * channels, axis=1) for blur in (1, 3)]
    sets = [descriptors(images[0], seed=1), descriptors(images[1] // np.uint8(2), seed=3)]
    axes = np.random.RandomState(5).randn(49 * channels, 512)
    axes /= np.linalg.norm(axes, axis=0)
    for width in (16, 32):
        flat = [x[width].astype(np.float64).reshape(-1, 49 * channels) for x in sets]
        expected = 1000 * np.mean(
            [np.mean(np.abs(np.sort(flat[0].dot(axis)) - np.sort(flat[1].dot(axis)))) for axis in axes.T]
        )
        assert_allclose(value(sliced_wasserstein(sets[0], sets[1], width, seed=5), 30, 30), expected, rtol=1e-5)


def test_each_channel_of_colour_descriptors_is_normalised_by_itself_as_in_the_reference(random):
    images = np.concatenate([pictures(random, 40), pictures(random, 40, blur=4) // 3, pictures(random, 40)], axis=1)
    described = descriptors(images)
    single = descriptors(images[:, 1:2])  # of the same places
    for width in (16, 32):
        patches = described[width].reshape(-1, 3, 49)
        assert_allclose(patches.mean(axis=(0, 2)), 0, atol=1e-4)
        assert_allclose(patches.std(axis=(0, 2)), 1, atol=1e-4)
        assert_allclose(patches[:, 1], single[width].reshape(-1, 49), atol=1e-4)


def test_descriptors_are_normalised_neighbourhoods_of_the_pyramid(random):
    images = pictures(random, 5)
    described = descriptors(images)
    assert described[32].shape == described[16].shape == (5, 128, 49)
    level = filters.laplacian_pyramid(images)[1][:, 0]
    mine = described[16].reshape(-1, 7, 7)
    assert_allclose([mine.mean(), mine.std()], [0, 1], atol=1e-4)
    everywhere = np.stack([level[n, y : y + 7, x : x + 7] for n in range(5) for y in range(10) for x in range(10)])
    normal = (mine - mine[:, :1, :1]) / np.ptp(mine, axis=(1, 2)).reshape(-1, 1, 1)
    other = (everywhere - everywhere[:, :1, :1]) / np.ptp(everywhere, axis=(1, 2)).reshape(-1, 1, 1)
    for patch in normal[::31]:
        assert np.abs(other - patch).max(axis=(1, 2)).min() < 1e-3


@pytest.mark.slow
def test_swd_of_two_halves_shrinks_as_noise_does_and_lies_in_its_interval(phantoms):
    floors = []
    for count in (50, 200):
        a, b = descriptors(phantoms[:count], 1), descriptors(phantoms[200 : 200 + count], 2)
        estimate = bootstrap.estimate(bootstrap.Statistic(sliced_wasserstein(a, b, 32), [count, count]))
        assert estimate.interval[0] <= estimate.value <= estimate.interval[1]
        floors.append(estimate.value)
    assert floors[1] < floors[0]
