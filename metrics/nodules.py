"""Gray levels of images, and size and gray level of the nodule in the middle of each."""

import collections

import numpy as np
from scipy import ndimage

from metrics.filters import binomial_blur
from metrics.parallel import chunks

Nodules = collections.namedtuple('Nodules', 'gray diameter')
NEIGHBOURS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], bool)  # of a pixel, within its image


def gray_distance(a, b):
    """Wasserstein-1 distance of the gray-level histograms of uint8 images, in gray levels, as a function of weights.

    It is the area between their cumulative distributions.
    """
    counts = [np.stack([np.bincount(image.ravel(), minlength=256) for image in images]) for images in (a, b)]
    counts = [count.astype(np.float64) for count in counts]  # exact, and multiplied much faster than whole numbers

    def statistic(*weights):
        sums = [w.astype(np.float64).dot(count) for w, count in zip(weights, counts)]
        shares = [x / x.sum() for x in sums]
        return float(np.abs(np.cumsum(shares[0] - shares[1])).sum())

    return statistic


def nodules(images, track=iter):
    """Mean gray level and diameter in pixels of the nodule in the middle of each image, Nodules of [N], by one rule.

    The image is blurred; the nodule is what hangs together with the middle within a quarter of the image's width of it
    and lies above the mean of the middle's gray level and the lung's, which is the first quartile of the image. The
    diameter is that of a circle of the same area. Vessels and pleura that touch the nodule count with it: good for
    comparing sets of images, not for measuring one nodule.
    """
    grays, areas = [], []
    for part in chunks(len(images), track):
        pixels = _gray(images[part])
        mask, core = _segment(pixels)
        area = mask.sum(axis=(1, 2))
        grays.append(np.where(area > 0, (pixels * mask).sum(axis=(1, 2)) / np.maximum(area, 1), core))
        areas.append(area)
    return Nodules(np.concatenate(grays), 2 * np.sqrt(np.concatenate(areas) / np.pi))


def masks(images):
    """The nodule in the middle of each image, bool [N,S,S], as `nodules` measures it."""
    return np.concatenate([_segment(_gray(images[part]))[0] for part in chunks(len(images), iter)])


def _gray(images):
    return np.asarray(images, np.float32).mean(axis=1)


def disc(size, radius):
    """The pixels within a radius of the middle of an image, bool [size, size]."""
    at = np.square(np.arange(size) - (size - 1) / 2.0)
    return at[:, None] + at <= radius**2


def middle(size):
    """The few pixels in the middle, from which a nodule is grown."""
    return disc(size, max(size / 32.0, 1))


def _segment(pixels):
    """The nodules' masks [N,S,S], and the gray levels of their middles [N], of images [N,S,S]."""
    size = pixels.shape[-1]
    seeds = middle(size)
    smooth = binomial_blur(pixels[:, None])[:, 0]
    core = smooth[:, seeds].mean(axis=1)
    lung = np.percentile(pixels.reshape(len(pixels), -1), 25, axis=1)
    bright = (smooth > ((core + lung) / 2)[:, None, None]) & disc(size, size / 4.0)
    return ndimage.binary_propagation(bright & seeds, NEIGHBOURS, mask=bright), core
