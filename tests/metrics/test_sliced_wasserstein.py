"""Metrics against independent computations, and against what they are for."""
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose

import features
import memorisation
import metrics
import phantom
import volumes


def pictures(random, count, size=32, blur=2):
    """Blurred noise with the gray levels of a patch, uint8 [N, 1, R, R]."""
    x = random.randn(count, 1, size, size)
    for axis in (2, 3):
        for _ in range(blur):
            x = x + np.roll(x, 1, axis) + np.roll(x, -1, axis)
    return np.clip(110 + 30 * x / x.std(), 0, 255).astype(np.uint8)


@pytest.fixture(scope='module')
def phantoms():
    """400 phantoms of 32x32."""
    made = [phantom.phantom('MIA', np.random.RandomState([7, i]), 32, 1.2).hu for i in range(400)]
    return volumes.to_gray(np.array(made)[:, None], volumes.WINDOWS['paper'])


def value(statistic, *counts):
    return statistic(*[np.ones(count, int) for count in counts])


def slow_blur(image, gain):
    """5x5 binomial filter with mirrored borders, tap by tap."""
    taps = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256.
    size, out = len(image), np.zeros(image.shape)
    for i in range(5):
        for j in range(5):
            rows, columns = [np.abs((np.arange(size) + k - 2)) for k in (i, j)]
            rows, columns = [np.where(at > size - 1, 2 * (size - 1) - at, at) for at in (rows, columns)]
            out += gain * taps[i, j] * image[np.ix_(rows, columns)]
    return out


def test_the_laplacian_pyramid_is_that_of_burt_and_adelson_and_adds_up(random):
    images = pictures(random, 3)
    fine, coarse = metrics.laplacian_pyramid(images)
    for k in range(3):
        low = slow_blur(images[k, 0].astype(float), 1)[::2, ::2]
        up = np.zeros([32, 32])
        up[::2, ::2] = low
        assert_allclose(coarse[k, 0], low, atol=1e-3)
        assert_allclose(fine[k, 0], images[k, 0] - slow_blur(up, 4), atol=1e-3)


def test_swd_equals_the_distance_of_sorted_projections(random):
    sets = [metrics.Descriptors(pictures(random, 30, blur=blur), seed=blur) for blur in (1, 3)]
    axes = np.random.RandomState(5).randn(49, 512)
    axes /= np.linalg.norm(axes, axis=0)
    for width in (16, 32):
        flat = [x.levels[width].astype(np.float64).reshape(-1, 49) for x in sets]
        expected = 1000 * np.mean([np.mean(np.abs(np.sort(flat[0].dot(axis)) - np.sort(flat[1].dot(axis)))) for axis in axes.T])
        assert_allclose(value(metrics.sliced_wasserstein(sets[0], sets[1], width, seed=5), 30, 30), expected, rtol=1e-6)


def test_descriptors_are_normalised_neighbourhoods_of_the_pyramid(random):
    images = pictures(random, 5)
    descriptors = metrics.Descriptors(images).levels
    assert descriptors[32].shape == descriptors[16].shape == (5, 128, 49)
    level = metrics.laplacian_pyramid(images)[1][:, 0]
    mine = descriptors[16].reshape(-1, 7, 7)
    assert_allclose([mine.mean(), mine.std()], [0, 1], atol=1e-4)
    everywhere = np.stack([level[n, y:y + 7, x:x + 7] for n in range(5) for y in range(10) for x in range(10)])
    normal = (mine - mine[:, :1, :1]) / np.ptp(mine, axis=(1, 2)).reshape(-1, 1, 1)
    other = (everywhere - everywhere[:, :1, :1]) / np.ptp(everywhere, axis=(1, 2)).reshape(-1, 1, 1)
    for patch in normal[::31]:
        assert np.abs(other - patch).max(axis=(1, 2)).min() < 1e-3


def test_swd_of_two_halves_shrinks_as_noise_does_and_lies_in_its_interval(phantoms):
    floors = []
    for count in (50, 200):
        a, b = metrics.Descriptors(phantoms[:count], 1), metrics.Descriptors(phantoms[200:200 + count], 2)
        estimate = metrics.estimate(metrics.sliced_wasserstein(a, b, 32), [count, count])
        assert estimate.interval[0] <= estimate.value <= estimate.interval[1]
        floors.append(estimate.value)
    assert floors[1] < floors[0]


def test_ms_ssim_equals_a_computation_window_by_window(random):
    a, b = pictures(random, 2, 32), pictures(random, 2, 32)
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363])
    weights /= weights.sum()
    for k in range(2):
        x, y, expected = a[k, 0].astype(float), b[k, 0].astype(float), 1.
        for scale in range(4):
            size = min(11, len(x))
            at = np.arange(size) - (size - 1) / 2.
            window = np.exp(-(at[:, None] ** 2 + at ** 2) / (2 * (1.5 * size / 11) ** 2))
            window /= window.sum()
            terms = []
            for i in range(len(x) - size + 1):
                for j in range(len(x) - size + 1):
                    p, q = x[i:i + size, j:j + size], y[i:i + size, j:j + size]
                    mp, mq = (window * p).sum(), (window * q).sum()
                    vp, vq, cov = [(window * u).sum() for u in ((p - mp) ** 2, (q - mq) ** 2, (p - mp) * (q - mq))]
                    contrast = (2 * cov + 58.5225) / (vp + vq + 58.5225)
                    terms.append(contrast * ((2 * mp * mq + 6.5025) / (mp ** 2 + mq ** 2 + 6.5025) if scale == 3 else 1))
            expected *= max(np.mean(terms), 0) ** weights[scale]
            x, y = [u.reshape(len(u) // 2, 2, -1, 2).mean(axis=(1, 3)) for u in (x, y)]
        assert_allclose(metrics.ms_ssim(a[k:k + 1], b[k:k + 1]), [expected], rtol=1e-6)
    assert_allclose(metrics.ms_ssim(a, a), 1)


def test_kid_equals_the_sum_over_pairs(random):
    a, b = random.randn(9, 4), random.randn(12, 4) + 1

    def k(x, y):
        return (x.dot(y) / 4 + 1) ** 3
    within = [np.mean([k(x[i], x[j]) for i in range(len(x)) for j in range(len(x)) if i != j]) for x in (a, b)]
    across = np.mean([k(x, y) for x in a for y in b])
    assert_allclose(value(features.kernel_distance(a, b), 9, 12), sum(within) - 2 * across, rtol=1e-6)
    # Counting an image three times: only pairs of different images count.
    weights = np.array([3] + [1] * 8)
    many = np.repeat(np.arange(9), weights)
    expected = np.mean([k(a[i], a[j]) for i in many for j in many if i != j]) + within[1] - 2 * np.mean([k(a[i], y) for i in many for y in b])
    assert_allclose(features.kernel_distance(a, b)(weights, np.ones(12, int)), expected, rtol=1e-6)


def test_fid_equals_the_closed_form_of_the_moments(random):
    a, b = random.randn(50, 3).dot(random.randn(3, 3)), random.randn(60, 3) + 1
    cov = [np.cov(x.T) for x in (a, b)]
    roots = np.sqrt(np.linalg.eigvals(cov[0].dot(cov[1])).real)
    expected = np.sum((a.mean(0) - b.mean(0)) ** 2) + np.trace(cov[0] + cov[1]) - 2 * roots.sum()
    assert_allclose(value(features.frechet_distance(a, b), 50, 60), expected, rtol=1e-6)


def test_precision_and_recall_equal_a_search_point_by_point(random):
    reals, fakes = random.randn(40, 3), random.randn(30, 3) * 1.5

    def share(points, x):
        radii = [sorted(np.linalg.norm(x - p, axis=1))[3] for p in x]
        return np.mean([any(np.linalg.norm(p - q) <= r for q, r in zip(x, radii)) for p in points])
    precision, recall = features.precision_recall(reals, fakes)
    assert_allclose(value(precision, 30), share(fakes, reals), rtol=1e-6)
    assert_allclose(value(recall, 40), share(reals, fakes), rtol=1e-6)


def test_precision_and_recall_never_hold_all_distances_at_once(random):
    """5,000 x 5,000 distances are 200 MB."""
    tracemalloc.start()
    features.precision_recall(*[random.randn(5000, 4) for _ in range(2)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 1e6 < peak < 100e6


def test_gray_distance_is_the_difference_of_sorted_pixels(random):
    a, b = pictures(random, 4), pictures(random, 4) // 2
    assert_allclose(value(metrics.gray_distance(a, b), 4, 4), np.abs(np.sort(a.ravel().astype(int)) - np.sort(b.ravel().astype(int))).mean(), rtol=1e-6)


def test_pixel_pyramid_features_are_box_means_and_texture(random):
    images = pictures(random, 2, 32)
    found = features.pixel_pyramid(images)
    boxes = {n: images[1, 0].astype(float).reshape(n, 32 // n, n, 32 // n) for n in (4, 8, 16)}
    mean = {n: x.mean(axis=(1, 3)) for n, x in boxes.items()}
    bands = [mean[4], mean[8] - np.kron(mean[4], np.ones([2, 2])), mean[16] - np.kron(mean[8], np.ones([2, 2])), boxes[8].std(axis=(1, 3))]
    assert_allclose(found[1], np.concatenate([x.ravel() / np.sqrt(x.size) for x in bands]), atol=1e-4)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution(random):
    x = random.randn(400) - 10
    estimate = metrics.estimate(lambda weights: float(np.average(x, weights=weights)), [400], resamples=2000)
    assert_allclose(np.array(estimate.interval) - x.mean(), np.array([-1.96, 1.96]) * x.std() / 20, atol=0.015)
    assert estimate.value == pytest.approx(x.mean())


def test_each_metric_moves_the_right_way(phantoms):
    """Blurred, noisy, mode-dropped and copied fakes against honest ones."""
    reals, honest = phantoms[:200], phantoms[200:]
    blurred = np.rint(metrics._blur(honest.astype(np.float32))).astype(np.uint8)
    noisy = np.clip(honest + np.random.RandomState(0).randn(*honest.shape) * 15, 0, 255).astype(np.uint8)
    dropped = np.tile(honest[:10], [20, 1, 1, 1])

    def swd(x):
        return value(metrics.sliced_wasserstein(metrics.Descriptors(x, 1), metrics.Descriptors(reals, 2), 32), 200, 200)

    def shares(x):
        return [value(share, 200) for share in features.precision_recall(features.pixel_pyramid(reals), features.pixel_pyramid(x))]

    def likeness(x):
        statistic, count = metrics.diversity(x)
        return value(statistic, count)
    assert swd(blurred) > 3 * swd(honest) and swd(noisy) > 3 * swd(honest) and swd(dropped) > 2 * swd(honest)
    precision, recall = shares(honest)
    assert shares(noisy)[0] < precision - 0.1 and shares(blurred)[1] < recall - 0.2 and shares(dropped)[1] < 0.1
    assert likeness(np.tile(honest[:5], [40, 1, 1, 1])) > likeness(honest) + 0.05
    assert value(metrics.gray_distance(noisy, reals), 200, 200) > 2 * value(metrics.gray_distance(honest, reals), 200, 200)
    near = [memorisation.nearest(x, reals).distance for x in (reals[:50], honest[:50])]
    assert near[0].max() == 0 and value(memorisation.copied(near[0], near[1]), 50, 50) > 0.9


def test_nodules_follow_size_and_density(random):
    y, x = np.arange(64)[:, None] - 31.5, np.arange(64) - 31.5
    discs = np.array([[np.where(y ** 2 + x ** 2 < (d / 2.) ** 2, gray, 80)] for d, gray in ((10, 120), (16, 120), (16, 160))])
    found = metrics.nodules(np.clip(discs + random.randn(*discs.shape) * 3, 0, 255).astype(np.uint8))
    assert_allclose(found.diameter, [10, 16, 16], atol=1)
    assert_allclose(found.gray, [120, 120, 160], atol=4)


def test_copies_are_found_turned_mirrored_shifted_and_noisy(phantoms, random):
    training = phantoms[:60]
    fakes = np.stack([np.roll(memorisation.turned(training[i], i % 8), (i % 9 - 4, 3 - i % 7), (1, 2)) for i in range(40)])
    fakes = np.clip(fakes + random.randn(*fakes.shape) * 4, 0, 255).astype(np.uint8)
    found = memorisation.nearest(fakes, training)
    right = found.index == np.arange(40)
    assert right.mean() >= 0.9 and np.median(found.distance) < 5
    pair = memorisation.side_by_side(fakes, training, found, 1)[0]
    closest = found.distance.argmin()
    assert pair.shape == (1, 32, 64) and (pair[:, :, 32:] == training[found.index[closest]]).all()
    held = memorisation.nearest(phantoms[200:300], training).distance
    assert value(memorisation.copied(found.distance[right], held), right.sum(), 100) > 0.5
    assert value(memorisation.copied(held, held), 100, 100) == 0.01


def test_the_distance_to_the_nearest_is_that_of_all_positions_tried(phantoms):
    image, other = phantoms[0], phantoms[1]
    found = memorisation.nearest(image[None], other[None])
    tried = [np.sqrt(np.mean(np.square(memorisation.turned(image, s)[:, 6:26, 6:26].astype(float) - other[:, 6 + r:26 + r, 6 + c:26 + c])))
             for s in range(8) for r in range(-6, 7) for c in range(-6, 7)]
    assert min(tried) <= found.distance[0] + 1e-4 and found.distance[0] <= min(tried) * 1.1


@pytest.mark.parametrize('call, words', [
    (lambda x: metrics.Descriptors(x[:, :, :8, :8]), '16x16'), (lambda x: metrics.Descriptors(np.full_like(x, 7)), 'do not vary'),
    (lambda x: metrics.diversity(x[:1]), 'at least 2'), (lambda x: features.kernel_distance(x[:1, 0, 0], x[:1, 0, 0]), 'at least 2'),
    (lambda x: features.frechet_distance(x[:5, 0, 0], x[:5, 0, 0]), 'more than 32'),
    (lambda x: features.precision_recall(x[:3, 0, 0], x[:3, 0, 0]), 'more than 3')])
def test_too_few_or_constant_images_are_refused_in_words(random, call, words):
    with pytest.raises(ValueError, match=words):
        call(pictures(random, 6))
