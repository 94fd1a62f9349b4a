"""Radiomic features of nodules: their size and shape, density, margin, texture, and the noise and wall beside them.

They are our own choice, with the definitions given here. Sets of nodules are compared as clouds of points in the space
of their standardised features.
"""

import collections

import numpy as np
from scipy import fft, ndimage

from metrics.chest_wall import NEIGHBOURS
from metrics.filters import weighted_sum
from metrics.parallel import chunks

GAP, RING = 1, 4  # pixels from the outline to the ring round it, and to the end of that ring
NORMAL_RANGE = 1.349  # interquartile range of a normal distribution, in standard deviations
FAR = 6.0  # spreads from the median of real nodules, to which features are clipped: one odd outline moves no covariance

# In gray levels and in the unit of lengths of the nodules, which cancel where features are standardised.
FEATURES = collections.OrderedDict(
    diameter='diameter of a circle of the same area',
    elongation='ratio of the axes of the ellipse with the same second moments',
    circularity='4 pi area / perimeter^2',
    mean='mean gray value inside the outline',
    sd='standard deviation inside',
    p10='10th percentile inside',
    p90='90th percentile inside',
    solid_share='share of the area that is solid',
    ring='median of the ring round the outline',
    ring_range='interquartile range of the ring',
    contrast='mean inside minus median of the ring',
    edge='mean gradient along the outline, per pixel',
    texture_contrast_1='co-occurrence contrast inside, 1 pixel apart',
    texture_contrast_2='co-occurrence contrast inside, 2 pixels apart',
    texture_correlation_1='co-occurrence correlation inside, 1 pixel apart',
    texture_correlation_2='co-occurrence correlation inside, 2 pixels apart',
    binary_patterns='share of uniform local binary patterns inside',
    noise='standard deviation of the noise in the lung',
    noise_correlation_1='autocorrelation of that noise, 1 pixel apart',
    noise_correlation_2='autocorrelation of that noise, 2 pixels apart',
    period_2='power that repeats every 2 pixels, against similar frequencies, logarithm',
    wall='1 / (1 + distance to the chest wall), 0 where none is in sight',
)


def features(images, nodules, track=iter):
    """FEATURES of nodules, float64 [N, features]; NaN where there is none, or too little of it.

    images: uint8 [N, C, R, R]. nodules: their nodules.Nodules. track: as of parallel.chunks.

    Co-occurrence is that of Haralick et al. (IEEE Trans Syst Man Cybern 1973;3:610), of pairs of pixels inside along
    rows, columns and both diagonals, without grouping gray levels: contrast is the mean squared difference of a pair,
    correlation that of a pixel and the other. Local binary patterns are those of 8 neighbours (Ojala et al., IEEE Trans
    Pattern Anal 2002;24:971); a uniform one changes at most twice round the pixel. Noise is what a 3x3 binomial filter
    takes away, in the darker half of the pixels outside the ring.
    """
    recorded = dict(diameter=nodules.diameter_mm, elongation=nodules.elongation, circularity=nodules.circularity)
    recorded.update(solid_share=nodules.solid_share, wall=np.nan_to_num(1 / (1 + nodules.wall_mm)))
    parts = [np.zeros([0, len(FEATURES)])]
    for part in chunks(len(images), track):
        pixels = np.asarray(images[part], np.float32).mean(axis=1)
        measured = _measured(pixels, nodules.masks[part])
        measured.update((name, values[part]) for name, values in recorded.items())
        values = np.stack([measured[name] for name in FEATURES], axis=1)
        parts.append(np.where(nodules.found[part, None], values, np.nan))
    return np.concatenate(parts)


def standard(reals):
    """Median and spread, [2, features], of features [N, features] of real nodules; NaN where one is of no use.

    The spread is that of a normal distribution with the same quartiles, or the standard deviation where these are the
    same. A feature is of no use where it is known of no nodule, or the same in all.
    """
    result = np.full([2, reals.shape[1]], np.nan)
    for i, values in enumerate(reals.T):
        values = values[~np.isnan(values)]
        if len(values) and np.ptp(values) > 0:
            low, median, high = np.percentile(values, [25, 50, 75])
            result[:, i] = median, (high - low) / NORMAL_RANGE if high > low else values.std()
    return result


def useful(of_reals):
    """Keys of FEATURES that `points` have. of_reals: their `standard`."""
    return [name for name, unknown in zip(FEATURES, np.isnan(of_reals[0])) if not unknown]


def points(values, of_reals):
    """Standardised features, [nodules that were found, useful features]. values: `features`; of_reals: `standard`.

    They are at most FAR spreads from the median, where what is unknown of a nodule is put.
    """
    columns = ~np.isnan(of_reals[0])
    found = values[~np.isnan(values).all(axis=1)][:, columns]
    median, spread = of_reals[:, columns]
    return np.nan_to_num(np.clip((found - median) / spread, -FAR, FAR))


def lung_noise(pixels, masks):
    """The feature `noise` of images, [N]. pixels: float32 [N, R, R]; masks: bool, what is inside of the outlines."""
    noise, lung = _noise(pixels, _near(masks))
    return np.sqrt(_mean(np.square(noise), lung))


def _measured(pixels, masks):
    """{name: [N]} of the features that follow from pixels [N, R, R] and masks."""
    mean = _mean(pixels, masks)
    ends = _percentiles(pixels, masks, (10, 90))
    near = _near(masks)
    ring = near & ~ndimage.binary_dilation(masks, NEIGHBOURS, iterations=GAP)
    quartiles = _percentiles(pixels, ring, (25, 50, 75))
    border = masks & ~ndimage.binary_erosion(masks, NEIGHBOURS, border_value=1)
    found = dict(mean=mean, sd=_deviation(pixels, masks), p10=ends[0], p90=ends[1])
    found.update(ring=quartiles[1], ring_range=quartiles[2] - quartiles[0], contrast=mean - quartiles[1])
    found.update(edge=_mean(_gradient(pixels), border[:, 1:-1, 1:-1]))
    for step in (1, 2):
        pairs = [_pair(pixels, masks, *way) for way in ((0, step), (step, 0), (step, step), (step, -step))]
        found['texture_contrast_%d' % step], found['texture_correlation_%d' % step] = _co_occurrence(pairs)
    found['binary_patterns'] = _mean(_uniform(pixels), masks[:, 1:-1, 1:-1])
    noise, lung = _noise(pixels, near)
    found['noise'] = np.sqrt(_mean(np.square(noise), lung))
    for step in (1, 2):
        pairs = [_pair(noise, lung, *way) for way in ((0, step), (step, 0))]
        found['noise_correlation_%d' % step] = _co_occurrence(pairs)[1]
    found['period_2'] = _period_2(pixels)
    return found


def _near(masks):
    """What is inside of the outlines or of the ring round them."""
    return ndimage.binary_dilation(masks, NEIGHBOURS, iterations=RING)


def _noise(pixels, near):
    """Noise, and where it is that of lung, both without the outermost pixels, [N, R - 2, R - 2]."""
    smooth = pixels
    for axis in (1, 2):
        smooth = weighted_sum(smooth, np.array([0.25, 0.5, 0.25], np.float32), axis)
    outside = ~near[:, 1:-1, 1:-1]
    middle = np.nan_to_num(_percentiles(smooth, outside, [50])[0])
    return pixels[:, 1:-1, 1:-1] - smooth, outside & (smooth <= middle[:, None, None])


def _mean(values, masks):
    """Means [N] of values [N, ...] where masks are true."""
    count = masks.sum(axis=(1, 2), dtype=np.float64)
    return (values * masks).sum(axis=(1, 2), dtype=np.float64) / np.where(count > 0, count, np.nan)


def _deviation(pixels, masks):
    mean = np.nan_to_num(_mean(pixels, masks)).astype(np.float32)
    return np.sqrt(_mean(np.square(pixels - mean[:, None, None]), masks))


def _percentiles(pixels, masks, percents):
    """[percents, N] of the pixels where masks are true, interpolated as np.percentile does."""
    count = masks.sum(axis=(1, 2))
    ordered = np.sort(np.where(masks, pixels, np.inf).reshape(len(pixels), -1), axis=1)
    result = []
    for percent in percents:
        place = np.maximum(count - 1, 0) * (percent / 100.0)
        below = place.astype(int)
        low, high = [ordered[np.arange(len(ordered)), np.minimum(below + i, np.maximum(count - 1, 0))] for i in (0, 1)]
        with np.errstate(invalid='ignore'):  # inf - inf, of empty masks
            result.append(np.where(count > 0, low + (place - below) * (high - low), np.nan))
    return result


def _gradient(pixels):
    """Length of the gradient by central differences, without the outermost pixels, [N, R - 2, R - 2]."""
    rows = pixels[:, 2:, 1:-1] - pixels[:, :-2, 1:-1]
    columns = pixels[:, 1:-1, 2:] - pixels[:, 1:-1, :-2]
    return np.hypot(rows, columns) / 2


def _pair(pixels, masks, rows, columns):
    """Pixels, those a step of rows and columns further, and where both are inside: three arrays."""
    height, width = pixels.shape[1:]
    left, right = slice(max(-columns, 0), width - max(columns, 0)), slice(max(columns, 0), width - max(-columns, 0))
    here, there = (slice(None), slice(height - rows), left), (slice(None), slice(rows, None), right)
    return pixels[here], pixels[there], masks[here] & masks[there]


def _co_occurrence(pairs):
    """Contrast and correlation, [N] each, of all _pairs together, each of which counts in both orders."""
    sums = np.zeros([5, len(pairs[0][0])])
    for pixels, others, both in pairs:
        of = np.repeat(np.arange(len(both)), both.sum(axis=(1, 2)))  # the image of each pair
        one, other = pixels[both].astype(np.float64), others[both].astype(np.float64)
        terms = (np.ones_like(one), one + other, np.square(one) + np.square(other), one * other, np.square(one - other))
        sums += [np.bincount(of, term, len(both)) for term in terms]
    count = np.where(sums[0] > 0, sums[0], np.nan)
    mean, square, product, contrast = sums[1] / count / 2, sums[2] / count / 2, sums[3] / count, sums[4] / count
    variance = square - mean**2
    flat = np.nan_to_num(variance) <= 1e-6
    return contrast, (product - mean**2) / np.where(flat, np.nan, variance)


def _uniform(pixels):
    """Where the local binary pattern is uniform, without the outermost pixels, bool [N, R - 2, R - 2]."""
    size = pixels.shape[-1]
    middle = pixels[:, 1:-1, 1:-1]
    ways = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))  # round the pixel
    signs = [pixels[:, row : size - 2 + row, column : size - 2 + column] >= middle for row, column in ways]
    changes = sum((a != b).astype(np.uint8) for a, b in zip(signs, signs[1:] + signs[:1]))
    return changes <= 2


def _period_2(pixels):
    """Logarithm of the power at a period of 2 pixels along rows, columns and both, over that of frequencies beside."""
    size = pixels.shape[-1]
    window = np.hanning(size + 2)[1:-1].astype(np.float32)
    tapered = (pixels - pixels.mean(axis=(1, 2), keepdims=True)) * window[:, None] * window
    power = np.square(np.abs(fft.fft2(tapered)))
    half, beside = size // 2, (-3, -2, 2, 3)  # the taper spreads a frequency over those next to it
    peaks, others = 0, 0
    for row, column in ((half, 0), (0, half), (half, half)):
        peaks = peaks + power[:, row, column]
        others = others + sum(power[:, (row + i) % size, column] + power[:, row, (column + i) % size] for i in beside)
    return np.log((peaks + 1e-6) / (others / (2 * len(beside)) + 1e-6))
