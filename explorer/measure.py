"""Attributes of nodules, which sliders move: diameter, mean density, place, distance to the wall, soft tissue.

The nodule is what metrics.nodules finds in the middle. Where nobody recorded how large a pixel is, lengths are in
pixels; where the HU window is not known, densities are gray levels, and there is no wall nor soft tissue.
"""

import collections

import numpy as np
from scipy import ndimage

from metrics import nodules
from metrics.filters import binomial_blur

SOFT_TISSUE = -300.0  # HU; above is soft tissue, below are lung and ground glass
LEAST_WALL = 1 / 50.0  # share of the image that soft tissue at its border covers at least to count as the chest wall
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
        rows.append(('soft', 'share of soft tissue', ('share', '', 0.02, 0.02)))
    return [
        Attribute(kind, '%s_%s' % (kind, key), title, unit, step, tolerance)
        for kind, title, (key, unit, step, tolerance) in rows
    ]


def measure(images, window, mm):
    """({attribute name: float64 [N]}, masks bool [N, R, R]) of the nodules in images uint8 [N, C, R, R].

    NaN where there is none: no nodule, or no wall in sight.
    """
    masks = nodules.masks(images)
    pixels = np.asarray(images, np.float32).mean(axis=1)
    scale = mm or 1.0
    area = masks.sum(axis=(1, 2))
    area = np.where(area > 0, area, np.nan)
    at = _coordinates(masks.shape[-1], scale)
    mean = (pixels * masks).sum(axis=(1, 2)) / area
    values = {
        'diameter': 2 * np.sqrt(area / np.pi) * scale,
        'mean': mean,
        'x': (masks * at).sum(axis=(1, 2)) / area,
        'y': (masks * at[:, None]).sum(axis=(1, 2)) / area,
    }
    if window:
        soft = pixels > _gray_level(SOFT_TISSUE, window)
        distances = [_distance_to_wall(bright & ~mask, mask) for bright, mask in zip(soft, masks)]
        values['mean'] = mean * _hu_per_gray_level(window) + window[0]
        values['wall'] = np.array(distances, np.float64) * scale
        values['soft'] = (soft & masks).sum(axis=(1, 2)) / area
    return {row.name: values[row.kind] for row in attributes(window, mm)}, masks


def gradients(image, mask, attributes, window, mm):
    """Change of attributes per gray level of each pixel, float32 [K, R, R]; zeros where there is no nodule.

    image: gray levels [R, R]; mask: its nodule. Attributes count pixels above thresholds, whose derivative is nothing
    or infinite. So a threshold is taken to be soft: a pixel counts more as it grows brighter while it is within about
    SOFTNESS gray levels of it.
    """
    pixels, area, scale = np.asarray(image, np.float32), float(mask.sum()), mm or 1.0
    result = np.zeros((len(attributes),) + pixels.shape, np.float32)
    if not area:
        return result
    at = _coordinates(len(pixels), scale)
    places = {'x': at[None, :], 'y': at[:, None]}
    edge = _area_gradient(pixels, mask)
    for i, attribute in enumerate(attributes):
        if attribute.kind == 'diameter':
            result[i] = edge * (2 * scale / np.sqrt(np.pi * area) / 2)
        elif attribute.kind in places:
            place = places[attribute.kind]
            result[i] = edge * (place - (place * mask).sum() / area) / area
        elif attribute.kind == 'mean':
            result[i] = mask / area * (_hu_per_gray_level(window) if window else 1.0)
        elif attribute.kind == 'soft':
            result[i] = _crossing(pixels, _gray_level(SOFT_TISSUE, window)) * mask / area
        elif attribute.kind == 'wall':
            result[i] = _wall_gradient(pixels, mask, window) * scale
    return result


def _coordinates(size, scale):
    """Places of pixels from the middle of the image, [R]."""
    return (np.arange(size) - (size - 1) / 2.0) * scale


def _hu_per_gray_level(window):
    return (window[1] - window[0]) / 255.0


def _gray_level(hu, window):
    return (hu - window[0]) * 255.0 / (window[1] - window[0])


def _chest_wall(soft):
    """The chest wall, bool [R, R]: large regions of soft tissue that touch the border of the image."""
    regions, _ = ndimage.label(soft)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    large = np.bincount(regions.ravel()) >= LEAST_WALL * soft.size
    large[0] = False  # what is not soft tissue
    return np.isin(regions, [region for region in np.unique(border) if large[region]])


def _distance_to_wall(soft, mask):
    """Pixels from a nodule's mask to the nearest of the wall; NaN without a nodule or a wall."""
    wall = _chest_wall(soft)
    if not (wall.any() and mask.any()):
        return np.nan
    return ndimage.distance_transform_edt(~wall)[mask].min()


def _crossing(pixels, level):
    """How much more each pixel counts as above a level when it grows brighter by a gray level."""
    return np.exp(-0.5 * np.square((pixels - level) / SOFTNESS)) / (SOFTNESS * np.sqrt(2 * np.pi))


def _area_gradient(pixels, mask):
    """How much the nodule's area grows with each pixel: around its border, and through its threshold in the middle."""
    smooth = binomial_blur(pixels[None, None])[0, 0]
    middle = nodules.middle(len(pixels))
    level = (smooth[middle].mean() + np.percentile(pixels, 25)) / 2
    near = ndimage.binary_dilation(mask, iterations=2)
    border = _crossing(smooth, level) * near
    return border - border.sum() / 2 * middle / middle.sum()


def _wall_gradient(pixels, mask, window):
    """Change of the distance to the wall with each pixel, which is near the wall's nearest place alone."""
    level = _gray_level(SOFT_TISSUE, window)
    wall = _chest_wall((pixels > level) & ~mask)
    if not wall.any():
        return np.zeros_like(pixels)
    distance, nearest = ndimage.distance_transform_edt(~wall, return_indices=True)
    row, column = np.unravel_index(np.where(mask, distance, np.inf).argmin(), mask.shape)
    row, column = nearest[0][row, column], nearest[1][row, column]
    rows, columns = np.indices(pixels.shape)
    close = (np.hypot(rows - row, columns - column) <= 5) & ~mask
    return -_crossing(pixels, level) * close / 11.0
