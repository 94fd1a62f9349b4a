"""How often a nodule comes in a dataset: shifted cuts, and mirrored and turned variants."""

import numpy as np

from dataset_tools.patch_sources import SHIFT

# FILE FORMAT: the records of an image follow each other cut by cut, and of each cut in this order.
VARIANTS = (
    ('original', lambda x: x),
    ('left-right', lambda x: x[:, :, ::-1]),
    ('up-down', lambda x: x[:, ::-1]),
    ('rot90', lambda x: np.rot90(x, 1, (1, 2))),
    ('rot270', lambda x: np.rot90(x, 3, (1, 2))),
)


def offsets(shifts, rng):
    """(rows, columns) of that many cuts off the centre, all different: (0, 0), then random ones up to SHIFT pixels."""
    wide = 2 * SHIFT + 1
    others = rng.permutation(wide * wide)
    others = others[others != wide * wide // 2][: shifts - 1]
    return [(0, 0)] + [(int(i) // wide - SHIFT, int(i) % wide - SHIFT) for i in others]


def crop(pixels, resolution, offset):
    """The part [C,R,R] of an image [C,S,S] whose centre is `offset` (rows, columns) off the image's."""
    top, left = [(pixels.shape[-1] - resolution) // 2 + shift for shift in offset]
    return pixels[:, top : top + resolution, left : left + resolution]
