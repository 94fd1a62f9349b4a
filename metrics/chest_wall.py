"""The chest wall in patches, and how far nodules are from it."""

import numpy as np
from scipy import ndimage

SOFT_TISSUE = -300.0  # HU; above is soft tissue, below are lung and ground glass
LEAST = 1 / 50.0  # share of the image that soft tissue at its border covers at least to count as the chest wall
NEIGHBOURS = np.array([[[0, 1, 0], [1, 1, 1], [0, 1, 0]]], bool)  # of a pixel, within its image


def chest_wall(soft):
    """The chest wall, bool [N, R, R]: large regions of soft tissue, bool [N, R, R], that touch the image's border."""
    regions, count = ndimage.label(soft, np.pad(NEIGHBOURS, [(1, 1), (0, 0), (0, 0)], 'constant'))
    at_border = np.zeros(count + 1, bool)
    for side in (regions[:, 0], regions[:, -1], regions[:, :, 0], regions[:, :, -1]):
        at_border[side] = True
    large = np.bincount(regions.ravel(), minlength=count + 1) >= LEAST * soft.shape[1] * soft.shape[2]
    large[0] = False  # what is not soft tissue
    return (at_border & large)[regions]


def distances(soft, masks):
    """Pixels between the masks of nodules and the wall [N], 0 if they touch; NaN without a nodule or a wall.

    soft: soft tissue, masks: of nodules, bool [N, R, R]; a nodule's own soft tissue does not count as wall.
    """
    result = np.full(len(masks), np.nan)
    for i, (wall, mask) in enumerate(zip(chest_wall(soft & ~masks), masks)):
        if wall.any() and mask.any():
            nearest = ndimage.distance_transform_edt(~wall)[mask].min()  # between centres of pixels
            result[i] = nearest - 1 if nearest > 1.5 else 0.0  # neighbours touch, also along a diagonal
    return result
