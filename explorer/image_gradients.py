"""How attributes of a nodule change with each pixel of its image: what a generator's gradient needs to pass on.

Attributes count pixels above thresholds, whose derivative is nothing or infinite. A threshold is taken to be soft here:
a pixel counts more as it grows brighter while it is within about SOFTNESS gray levels of it.
"""

import numpy as np
from scipy import ndimage

from explorer.measure import SOFT, wall_of
from metrics import nodules
from metrics.filters import binomial_blur

SOFTNESS = 12.0  # gray levels


def _crossing(pixels, level):
    """How much more each pixel counts as above a level when it grows brighter by a gray level."""
    return np.exp(-0.5 * np.square((pixels - level) / SOFTNESS)) / (SOFTNESS * np.sqrt(2 * np.pi))


def gradients(image, mask, names, window, mm):
    """float32 [K, R, R]: the change of the attributes `names` per gray level of each pixel; zeros where there is no
    nodule. image: gray levels [R, R]; mask: its nodule."""
    pixels, area, scale = np.asarray(image, np.float32), float(mask.sum()), mm or 1.0
    found = np.zeros((len(names),) + pixels.shape, np.float32)
    if not area:
        return found
    size = len(pixels)
    at = (np.arange(size) - (size - 1) / 2.0) * scale
    edge = _edge(pixels, mask)
    where = dict(x=at[None, :], y=at[:, None])
    for slope, name in zip(found, names):
        kind = name.split('_')[0]
        if kind == 'diameter':
            slope[...] = edge * (2 * scale / np.sqrt(np.pi * area) / 2)
        elif kind in where:
            middle = (where[kind] * mask).sum() / area
            slope[...] = edge * (where[kind] - middle) / area
        elif kind == 'mean':
            slope[...] = mask / area * ((window[1] - window[0]) / 255.0 if window else 1.0)
        elif kind == 'soft':
            slope[...] = _crossing(pixels, _gray(SOFT, window)) * mask / area
        else:
            slope[...] = _nearer(pixels, mask, window) * scale
    return found


def _gray(hu, window):
    return (hu - window[0]) * 255.0 / (window[1] - window[0])


def _edge(pixels, mask):
    """How much the nodule's area grows with each pixel: around its border, and through its threshold in the middle."""
    smooth = binomial_blur(pixels[None, None])[0, 0]
    middle = nodules.middle(len(pixels))
    level = (smooth[middle].mean() + np.percentile(pixels, 25)) / 2
    near = ndimage.binary_dilation(mask, iterations=2)
    border = _crossing(smooth, level) * near
    return border - border.sum() / 2 * middle / middle.sum()


def _nearer(pixels, mask, window):
    """Minus how much nearer the wall comes with each pixel, where it is nearest."""
    level = _gray(SOFT, window)
    wall = wall_of((pixels > level) & ~mask)
    if not wall.any():
        return np.zeros_like(pixels)
    distance, nearest = ndimage.distance_transform_edt(~wall, return_indices=True)
    row, column = np.unravel_index(np.where(mask, distance, np.inf).argmin(), mask.shape)
    row, column = nearest[0][row, column], nearest[1][row, column]
    rows, columns = np.indices(pixels.shape)
    close = (np.hypot(rows - row, columns - column) <= 5) & ~mask
    return -_crossing(pixels, level) * close / 11.0
