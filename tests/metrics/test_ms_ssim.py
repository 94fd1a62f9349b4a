import numpy as np
import pytest
from numpy.testing import assert_allclose

from metrics import ms_ssim
from sets import pictures, value
from stats.bootstrap import Statistic, estimate


@pytest.mark.parametrize('channels', [1, 3])
def test_ms_ssim_equals_a_computation_window_by_window(random, channels):
    a, b = [np.concatenate([pictures(random, 2, 32) for _ in range(channels)], axis=1) for _ in range(2)]
    weights = np.array([0.0448, 0.2856, 0.3001, 0.2363])
    weights /= weights.sum()
    for k in range(2):
        x, y, expected = a[k].astype(float), b[k].astype(float), 1.0
        for scale in range(4):
            size = min(11, x.shape[1])
            at = np.arange(size) - (size - 1) / 2.0
            window = np.exp(-(at[:, None] ** 2 + at**2) / (2 * (1.5 * size / 11) ** 2))
            window /= window.sum()
            terms = []  # of all windows of all channels, whose mean the reference takes at each scale
            for c, i, j in np.ndindex(channels, x.shape[1] - size + 1, x.shape[1] - size + 1):
                p, q = x[c, i : i + size, j : j + size], y[c, i : i + size, j : j + size]
                mp, mq = (window * p).sum(), (window * q).sum()
                vp, vq, cov = [(window * u).sum() for u in ((p - mp) ** 2, (q - mq) ** 2, (p - mp) * (q - mq))]
                contrast = (2 * cov + 58.5225) / (vp + vq + 58.5225)
                terms.append(contrast * ((2 * mp * mq + 6.5025) / (mp**2 + mq**2 + 6.5025) if scale == 3 else 1))
            expected *= max(np.mean(terms), 0) ** weights[scale]
            x, y = [u.reshape(channels, u.shape[1] // 2, 2, -1, 2).mean(axis=(2, 4)) for u in (x, y)]
        assert_allclose(ms_ssim.ms_ssim(a[k : k + 1], b[k : k + 1]), [expected], rtol=1e-6)
    assert_allclose(ms_ssim.ms_ssim(a, a), 1)


@pytest.mark.parametrize('count', [2, 3, 10, 11, 60, 3000])
def test_every_image_is_in_as_many_pairs_and_in_none_with_itself(count):
    first, second = ms_ssim._pairs(count, 0)
    assert (first != second).all() and len(set(np.bincount(np.r_[first, second], minlength=count))) == 1
    assert len(first) >= min(ms_ssim.PAIRS, count * (count - 1) / 2)
    assert len(first) <= ms_ssim.PAIRS + count


def test_diversity_is_the_mean_of_all_pairs_of_a_few_images_and_of_those_that_are_drawn_again(random):
    images = pictures(random, 5, 16)
    similar = np.array([[ms_ssim.ms_ssim(a[None], b[None])[0] for b in images] for a in images])
    np.fill_diagonal(similar, 0)  # no image is its own pair
    statistic = ms_ssim.diversity(images)
    assert_allclose(value(statistic, 5), similar.sum() / 20)
    weights = np.array([2, 0, 1, 1, 1])
    pairs = np.outer(weights, weights) * (1 - np.eye(5))
    assert_allclose(statistic(weights), (pairs * similar).sum() / pairs.sum())


def test_its_interval_is_as_wide_as_it_varies_between_sets_of_images(random, monkeypatch):
    """Images share a pattern, some more than others: their pairs are not independent."""
    monkeypatch.setattr(ms_ssim, 'PAIRS', 400)
    pattern = pictures(random, 1, 16)[0] - 110.0
    values, deviations = [], []
    for seed in range(60):
        share = random.uniform(0, 1, size=[40, 1, 1, 1])
        images = 110 + share * pattern + (1 - share) * (pictures(random, 40, 16) - 110.0)
        result = estimate(Statistic(ms_ssim.diversity(images, seed), [40]), seed, resamples=100)
        values.append(result.value)
        deviations.append(result.resampled.std())
    assert 0.85 < np.mean(deviations) / np.std(values, ddof=1) < 1.5
