"""What sliders move: diameter, mean density, place, distance to the wall and soft tissue of nodules in images.

The nodule is what metrics.nodules finds in the middle. Of a network of which nobody recorded how large a pixel is,
lengths are in pixels; of one whose HU are not known, densities are gray levels, and there is no wall nor soft tissue.
"""

import collections

import numpy as np
from scipy import ndimage

from metrics import nodules

SOFT = -300.0  # HU; above is soft tissue, below are lung and ground glass
WALL = 1 / 50.0  # share of the image that soft tissue at its border covers at least to count as the chest's wall

# name: of the axis, with its unit at the end; unit: for people; step: of its slider; tolerance: what differs by less is
# about the same.
Attribute = collections.namedtuple('Attribute', 'name title unit step tolerance')


def attributes(window, mm):
    """The Attributes that can be measured. window: HU at gray 0 and 255 or None; mm: per pixel, or None."""
    length = ('mm', 'mm', 0.1, 0.25) if mm else ('px', 'px', 0.2, 0.4)
    gray = ('hu', 'HU', 10.0, 10.0) if window else ('gray', 'gray levels', 1.0, 1.0)
    found = [('diameter', 'diameter', length), ('mean', 'mean density', gray)]
    found += [('x', 'place, left to right', length), ('y', 'place, top to bottom', length)]
    if window:
        found += [('wall', 'distance to the wall', length), ('soft', 'share of soft tissue', ('share', '', 0.02, 0.02))]
    return [Attribute('%s_%s' % (name, of[0]), title, *of[1:]) for name, title, of in found]


def measure(images, window, mm):
    """{name: float64 [N]} of the Attributes of images uint8 [N, C, R, R], and the nodules' masks, bool [N, R, R].

    NaN where there is none: no nodule, or no wall in sight.
    """
    masks, pixels, scale = nodules.masks(images), np.asarray(images, np.float32).mean(axis=1), mm or 1.0
    area = masks.sum(axis=(1, 2))
    there = np.where(area > 0, area, np.nan)
    at = (np.arange(masks.shape[-1]) - (masks.shape[-1] - 1) / 2.0) * scale
    values = [2 * np.sqrt(there / np.pi) * scale, (pixels * masks).sum(axis=(1, 2)) / there]
    values += [(masks * at).sum(axis=(1, 2)) / there, (masks * at[:, None]).sum(axis=(1, 2)) / there]
    if window:
        values[1] = values[1] * ((window[1] - window[0]) / 255.0) + window[0]
        level = (SOFT - window[0]) * 255.0 / (window[1] - window[0])
        soft = pixels > level
        walls = [_to_wall(bright & ~mask, mask) for bright, mask in zip(soft, masks)]
        values += [np.array(walls, np.float64) * scale, (soft & masks).sum(axis=(1, 2)) / there]
    return collections.OrderedDict(zip([row.name for row in attributes(window, mm)], values)), masks


def wall_of(soft):
    """The chest's wall, bool [R, R]: what of soft tissue hangs together with the image's border and is large."""
    regions, _ = ndimage.label(soft)
    border = np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]])
    large = np.bincount(regions.ravel()) >= WALL * soft.size
    large[0] = False
    return np.isin(regions, [number for number in np.unique(border) if large[number]])


def _to_wall(soft, mask):
    """Pixels from a nodule's mask to the nearest of the wall; NaN where one of them is not there."""
    wall = wall_of(soft)
    return ndimage.distance_transform_edt(~wall)[mask].min() if wall.any() and mask.any() else np.nan
