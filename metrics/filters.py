"""Image filters that metrics share."""

import numpy as np

COARSEST = 16  # pixels of the last level of a Laplacian pyramid


def weighted_sum(images, taps, axis):
    """Sums of neighbours along an axis, weighted by taps, where all of them fit."""
    length, part, total = images.shape[axis] - len(taps) + 1, [slice(None)] * images.ndim, 0
    for i, tap in enumerate(taps):
        part[axis] = slice(i, i + length)
        total += tap * images[tuple(part)]
    return total


def binomial_blur(images, gain=1.0):
    """Binomial 5x5 filter of Burt and Adelson (1983), borders mirrored; gain: of the sum of its taps."""
    taps = np.array([1, 4, 6, 4, 1], np.float32) / 16 * np.float32(np.sqrt(gain))
    for axis in (2, 3):
        width = [(0, 0)] * 4
        width[axis] = 2, 2
        images = weighted_sum(np.pad(images, width, 'reflect'), taps, axis)
    return images


def laplacian_pyramid(images):
    """Band-pass images, finest first, each half as wide as the last; the last, COARSEST pixels wide, is low-pass."""
    levels = [np.asarray(images, np.float32)]
    while levels[-1].shape[-1] > COARSEST:
        coarse = binomial_blur(levels[-1])[:, :, ::2, ::2]
        between = np.zeros_like(levels[-1])
        between[:, :, ::2, ::2] = coarse
        levels[-1] = levels[-1] - binomial_blur(between, 4.0)
        levels.append(coarse)
    return levels
