"""Attributes of nodules, which sliders move: diameter, mean density, place, distance to the wall, solid part.

The nodule is what metrics.nodules finds in the middle. Where nobody recorded how large a pixel is, lengths are in
pixels; where the HU window is not known, densities are gray levels, and there is no wall nor solid part.
"""

import collections

import numpy as np
from scipy import ndimage

from common.hounsfield import gray_level
from metrics import nodules, outlines
from metrics.chest_wall import SOFT_TISSUE, chest_wall

NEAR = 3  # pixels round a nodule in which its outline may move
SOFTNESS = 12.0  # gray levels; thresholds are this soft in gradients

# kind: what is measured. name: kind and unit, the key of the axis. unit: for people. step: of its slider. tolerance:
# what differs by less is about the same.
Attribute = collections.namedtuple('Attribute', 'kind name title unit step tolerance')


def attributes(window, mm):
    """The Attributes that can be measured. window: HU at gray 0 and 255, or None; mm: per pixel, or None."""
    length = ('mm', 'mm', 0.1, 0.25) if mm else ('px', 'px', 0.2, 0.4)
    density = ('hu', 'HU', 10.0, 10.0) if window else ('gray', 'gray levels', 1.0, 1.0)
    rows = [
        ('diameter', 'diameter', length),
        ('mean', 'mean density', density),
        ('x', 'place, left to right', length),
        ('y', 'place, top to bottom', length),
    ]
    if window:
        rows.append(('wall', 'distance to the wall', length))
        rows.append(('solid', 'share of the solid part', ('share', '', 0.02, 0.02)))
    return [
        Attribute(kind, '%s_%s' % (kind, key), title, unit, step, tolerance)
        for kind, title, (key, unit, step, tolerance) in rows
    ]


def measure(images, window, mm):
    """({attribute name: float64 [N]}, masks bool [N, R, R]) of the nodules in images uint8 [N, C, R, R].

    NaN where there is none: no nodule, or no wall in sight.
    """
    record = nodules.measure(images, window, mm)
    middle, scale = (images.shape[-1] - 1) / 2.0, mm or 1.0
    values = dict(
        diameter=record.diameter_mm,
        mean=record.mean_hu,
        x=(record.column - middle) * scale,
        y=(record.row - middle) * scale,
        wall=record.wall_mm,
        solid=record.solid_share,
    )
    return {row.name: values[row.kind] for row in attributes(window, mm)}, record.masks


def gradients(image, mask, attributes, window, mm):
    """Change of attributes per gray level of each pixel, float32 [K, R, R]; zeros where there is no nodule.

    image: gray levels [R, R]; mask: its nodule. Attributes count pixels above thresholds, whose derivative is nothing
    or infinite. So the outline's gradients are those of its probabilities near the mask, and a pixel counts as above
    another threshold the more the brighter it is, while it is within about SOFTNESS gray levels of it.
    """
    pixels, area, scale = np.asarray(image, np.float32), float(mask.sum()), mm or 1.0
    result = np.zeros((len(attributes),) + pixels.shape, np.float32)
    if not area:
        return result
    at = _coordinates(len(pixels), scale)
    near = ndimage.binary_dilation(mask, iterations=NEAR)
    weights = {'diameter': scale / np.sqrt(np.pi * area) * near}  # by which probabilities change an attribute
    for kind, place in (('x', at[None, :]), ('y', at[:, None])):
        weights[kind] = (place - (place * mask).sum() / area) / area * near
    density = _hu_per_gray_level(window) if window else 1.0
    weights['mean'] = (pixels - pixels[mask].mean()) * density / area * near
    by_outline = [i for i, attribute in enumerate(attributes) if attribute.kind in weights]
    if by_outline:
        cotangents = np.array([weights[attributes[i].kind] for i in by_outline])
        result[by_outline] = outlines.shared().gradients(pixels, cotangents, window)
    for i, attribute in enumerate(attributes):
        if attribute.kind == 'mean':
            result[i] += mask / area * density
        elif attribute.kind == 'solid':
            result[i] = _crossing(pixels, gray_level(nodules.SOLID, window)) * mask / area
        elif attribute.kind == 'wall':
            result[i] = _wall_gradient(pixels, mask, window) * scale
    return result


def _coordinates(size, scale):
    """Places of pixels from the middle of the image, [R]."""
    return (np.arange(size) - (size - 1) / 2.0) * scale


def _hu_per_gray_level(window):
    return (window[1] - window[0]) / 255.0


def _crossing(pixels, level):
    """How much more each pixel counts as above a level when it grows brighter by a gray level."""
    return np.exp(-0.5 * np.square((pixels - level) / SOFTNESS)) / (SOFTNESS * np.sqrt(2 * np.pi))


def _wall_gradient(pixels, mask, window):
    """Change of the distance to the wall with each pixel, which is near the wall's nearest place alone."""
    level = gray_level(SOFT_TISSUE, window)
    (wall,) = chest_wall(((pixels > level) & ~mask)[None])
    if not wall.any():
        return np.zeros_like(pixels)
    distance, nearest = ndimage.distance_transform_edt(~wall, return_indices=True)
    row, column = np.unravel_index(np.where(mask, distance, np.inf).argmin(), mask.shape)
    row, column = nearest[0][row, column], nearest[1][row, column]
    rows, columns = np.indices(pixels.shape)
    close = (np.hypot(rows - row, columns - column) <= 5) & ~mask
    return -_crossing(pixels, level) * close / 11.0
