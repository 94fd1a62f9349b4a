"""Attributes of nodules, which sliders move: diameter, mean density, place, distance to the wall, solid part.

The nodule is what metrics.nodules finds in the middle. Where nobody recorded how large a pixel is, lengths are in
pixels; where the HU window is not known, densities are gray levels, and there is no wall nor solid part.
"""

import collections

import numpy as np
from scipy import ndimage

from common.hounsfield import gray_level, per_gray_level
from metrics import nodules, outlines
from metrics.chest_wall import SOFT_TISSUE, chest_wall

NEAR = 3  # pixels round a nodule in which its outline may move
SOFTNESS = 12.0  # gray levels; thresholds are this soft in gradients
CLOSE, SPREAD = 2.0, 2.0  # pixels: see _nearest_places; SD along the edges of what counts as one place

HELD = 'x', 'y', 'wall'  # kinds that are held unless somebody lets them go

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
    kinds = [attribute.kind for attribute in attributes]
    at = _coordinates(len(pixels), scale)
    near = ndimage.binary_dilation(mask, iterations=NEAR)
    weights = {'diameter': scale / np.sqrt(np.pi * area) * near}  # by which probabilities change an attribute
    for kind, place in (('x', at[None, :]), ('y', at[:, None])):
        weights[kind] = (place - (place * mask).sum() / area) / area * near
    density = per_gray_level(window) if window else 1.0
    weights['mean'] = (pixels - pixels[mask].mean()) * density / area * near
    if 'wall' in kinds:
        of_wall, of_outline = _nearest_places(pixels, mask, window)
        weights['wall'] = -scale * of_outline
    by_outline = [i for i, kind in enumerate(kinds) if kind in weights]
    if by_outline:
        cotangents = np.array([weights[kinds[i]] for i in by_outline])
        result[by_outline] = outlines.shared().gradients(pixels, cotangents, window)
    for i, kind in enumerate(kinds):
        if kind == 'mean':
            result[i] += mask / area * density
        elif kind == 'solid':
            result[i] = _crossing(pixels, gray_level(nodules.SOLID, window)) * mask / area
        elif kind == 'wall':
            result[i] -= scale * _crossing(pixels, gray_level(SOFT_TISSUE, window)) * of_wall * ~mask
    return result


def _coordinates(size, scale):
    """Places of pixels from the middle of the image, [R]."""
    return (np.arange(size) - (size - 1) / 2.0) * scale


def _crossing(pixels, level):
    """How much more each pixel counts as above a level when it grows brighter by a gray level."""
    return np.exp(-0.5 * np.square((pixels - level) / SOFTNESS)) / (SOFTNESS * np.sqrt(2 * np.pi))


def _nearest_places(pixels, mask, window):
    """By how many pixels the distance to the wall falls per pixel that the wall, and the outline, gain: two [R, R].

    The distance is the least over the outline, so that another place soon counts when one has moved away. Places count
    the less the farther they are, by a factor of e per CLOSE pixels, which together foresee more than the nearest one.
    """
    result = np.zeros((2,) + pixels.shape, np.float32)
    (wall,) = chest_wall(((pixels > gray_level(SOFT_TISSUE, window)) & ~mask)[None])
    if not wall.any():
        return result
    distance, nearest = ndimage.distance_transform_edt(~wall, return_indices=True)
    outline = np.nonzero(mask & ~ndimage.binary_erosion(mask))
    shares = np.exp((distance[outline].min() - distance[outline]) / CLOSE)
    shares /= shares.sum()
    np.add.at(result[0], (nearest[0][outline], nearest[1][outline]), shares)
    np.add.at(result[1], outline, shares)
    along = SPREAD * np.sqrt(2 * np.pi)  # so that the weights along a straight edge sum to 1
    return along * ndimage.gaussian_filter(result, (0, SPREAD, SPREAD))
