import tracemalloc

import numpy as np
from numpy.testing import assert_allclose

from metrics import feature_distances
from sets import pictures, value


def test_kid_equals_the_sum_over_pairs(random):
    a, b = random.randn(9, 4), random.randn(12, 4) + 1

    def k(x, y):
        return (x.dot(y) / 4 + 1) ** 3

    within = [np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]) for x in (a, b)]
    across = np.mean([k(x, y) for x in a for y in b])
    assert_allclose(value(feature_distances.kernel_distance(a, b), 9, 12), sum(within) - 2 * across, rtol=1e-6)
    # Counting an image three times: only pairs of different images count.
    weights = np.array([3] + [1] * 8)
    many = np.repeat(np.arange(9), weights)
    expected = (
        np.mean([k(a[i], a[j]) for i in many for j in many if i != j])
        + within[1]
        - 2 * np.mean([k(a[i], y) for i in many for y in b])
    )
    assert_allclose(feature_distances.kernel_distance(a, b)(weights, np.ones(12, int)), expected, rtol=1e-6)


def test_fid_equals_the_closed_form_of_the_moments(random):
    a, b = random.randn(50, 3).dot(random.randn(3, 3)), random.randn(60, 3) + 1
    cov = [np.cov(x.T) for x in (a, b)]
    roots = np.sqrt(np.linalg.eigvals(cov[0].dot(cov[1])).real)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(cov[0] + cov[1]) - 2 * roots.sum()
    assert_allclose(value(feature_distances.frechet_distance(a, b), 50, 60), expected, rtol=1e-6)


def test_precision_and_recall_equal_a_search_point_by_point(random):
    reals, fakes = random.randn(40, 3), random.randn(30, 3) * 1.5

    def share(points, x):
        radii = [sorted(np.linalg.norm(x - p, axis=1))[3] for p in x]
        return np.mean([any(np.linalg.norm(p - q) <= r for q, r in zip(x, radii)) for p in points])

    precision, recall = feature_distances.precision_recall(reals, fakes)
    assert_allclose(value(precision, 30), share(fakes, reals), rtol=1e-6)
    assert_allclose(value(recall, 40), share(reals, fakes), rtol=1e-6)


def test_density_and_coverage_equal_the_published_formula_point_by_point(random):
    reals, fakes = random.randn(40, 3), random.randn(30, 3) * 1.5
    radii = [sorted(np.linalg.norm(reals - x, axis=1))[5] for x in reals]
    inside = np.array([[np.linalg.norm(y - x) <= radius for x, radius in zip(reals, radii)] for y in fakes])
    functions = dict(feature_distances.shares(reals, fakes))
    assert_allclose(value(functions['density'], 30), inside.sum() / (5 * 30.0), rtol=1e-6)
    assert_allclose(value(functions['coverage'], 40), inside.any(axis=0).mean(), rtol=1e-6)
    # Counting an image twice: density is of the fakes, coverage of the reals.
    twice = np.r_[2, np.ones(29)]
    assert_allclose(functions['density'](twice), inside[[0] + list(range(30))].sum() / (5 * 31.0), rtol=1e-6)
    twice = np.r_[2, np.ones(39)]
    assert_allclose(functions['coverage'](twice), inside.any(axis=0)[[0] + list(range(40))].mean(), rtol=1e-6)


def test_precision_and_recall_never_hold_all_distances_at_once(random):
    """5,000 x 5,000 distances are 200 MB."""
    tracemalloc.start()
    feature_distances.precision_recall(*[random.randn(5000, 4) for _ in range(2)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 1e6 < peak < 100e6


def test_pixel_pyramid_features_are_box_means_and_texture(random):
    images = pictures(random, 2, 32)
    result = feature_distances.pixel_pyramid(images)
    boxes = {n: images[1, 0].astype(float).reshape(n, 32 // n, n, 32 // n) for n in (4, 8, 16)}
    mean = {n: x.mean(axis=(1, 3)) for n, x in boxes.items()}
    bands = [
        mean[4],
        mean[8] - np.kron(mean[4], np.ones([2, 2])),
        mean[16] - np.kron(mean[8], np.ones([2, 2])),
        boxes[8].std(axis=(1, 3)),
    ]
    assert_allclose(result[1], np.concatenate([x.ravel() / np.sqrt(x.size) for x in bands]), atol=1e-4)
