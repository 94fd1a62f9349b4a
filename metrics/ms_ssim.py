"""Multi-scale structural similarity, and how alike the images of a set are by it."""

import numpy as np

from metrics import parallel
from metrics.filters import weighted_sum
from metrics.parallel import chunks


def _gaussian(images, size, sigma):
    """Gaussian filter [size x size] where it fits, as images [N, H - size + 1, W - size + 1]."""
    at = np.arange(size) - (size - 1) / 2.0
    taps = np.exp(-(at**2) / (2 * sigma**2))
    taps /= taps.sum()
    for axis in (1, 2):
        images = weighted_sum(images, taps, axis)
    return images


WEIGHTS = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333  # of the scales, finest first
PAIRS = 2000  # of images of a set, about


def scales(size):
    """How many of the five scales images of this size have: all five from 64 pixels, where the last one is of 4x4."""
    return min(len(WEIGHTS), size.bit_length() - 2)


def ms_ssim(a, b):
    """Multi-scale structural similarity of image pairs, [N] in 0..1 (Wang, Simoncelli and Bovik 2003).

    Gray levels 0..255. An 11x11 window of standard deviation 1.5, smaller with it where the image is; as many of the
    five scales as images of this size have, their weights normalised to sum 1. Negative contrast-structure terms count
    as zero. Each scale's term is the mean over pixels and channels, as in the reference.
    """
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    channels = a.shape[1]
    a, b = [np.asarray(x, np.float64).reshape([-1] + list(x.shape[2:])) for x in (a, b)]  # each channel on its own
    count = len(a)
    weights, value = np.array(WEIGHTS[: scales(a.shape[-1])]), np.ones(count // channels)
    for scale, weight in enumerate(weights / weights.sum()):
        size = min(11, a.shape[-1])
        mean_a, mean_b, aa, bb, ab = [_gaussian(x, size, 1.5 * size / 11.0) for x in (a, b, a * a, b * b, a * b)]
        contrast = (2 * (ab - mean_a * mean_b) + c2) / (aa - mean_a**2 + bb - mean_b**2 + c2)
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        term = contrast if scale < len(weights) - 1 else contrast * luminance
        mean = term.mean(axis=(1, 2)).reshape(-1, channels).mean(axis=1)
        value *= np.maximum(mean, 0) ** weight
        a, b = [x.reshape(count, x.shape[1] // 2, 2, x.shape[2] // 2, 2).mean(axis=(2, 4)) for x in (a, b)]
    return value


def _pairs(count, seed):
    """Indices of the first and second images of pairs: each image and the next few in a circle in random order.

    So every image is in as many pairs, PAIRS or a few more in all; fewer of fewer images.
    """
    order = np.random.RandomState(seed).permutation(count)
    steps = range(1, 1 + min(-(-PAIRS // count), count // 2))
    return np.tile(order, len(steps)), np.concatenate([np.roll(order, -step) for step in steps])


def diversity(images, seed=0, track=iter):
    """Mean MS-SSIM of pairs of images of a set, as a function of the images' weights; high: little variety.

    A pair counts as often as both of its images together, the product of their weights: pairs that share an image are
    not independent, so images are resampled. Where there are few pairs of each image, that overstates what chance does
    to single pairs, at most threefold in variance (Owen, Ann Appl Stat 2007;1:386-411).
    """
    if len(images) < 2:
        raise ValueError('MS-SSIM needs at least 2 images')
    first, second = _pairs(len(images), seed)
    parts = chunks(len(first), size=16)  # as many as the cache of a core holds
    values = parallel.ordered(lambda part: ms_ssim(images[first[part]], images[second[part]]), parts, track)
    values = np.concatenate(values)
    return lambda weights: float(np.average(values, weights=weights[first] * weights[second]))
