"""Patches of a dataset: where they come from, and how each is cropped, mirrored and turned into images."""

import collections

import numpy as np

SHIFT = 10  # pixels, the most that a shifted crop is off the centre

# name: if the user gives none; labels: the classes, or [None]; total: number of patches; patches: a generator; about:
# for NAME.json; notes: for the user; groups: (label, group) of each nodule, for folds; warnings: what makes the set
# weaker than it looks; left_out: [(lines of the table, reason)] of what should have been in it; parts: the splits that
# it comes with, {group: part} as of fold_assignment.published
Source = collections.namedtuple('Source', 'name labels total patches about notes groups warnings left_out parts')
Source.__new__.__defaults__ = (), (), (), None
# pixels: uint8 [C,S,S]; label: the class or None; nodule: its name; facts: what NAME.json says of it; mask: None or
# bool [S,S]; group: what never comes apart, a patient or a scan; None: the nodule
Patch = collections.namedtuple('Patch', 'pixels label nodule facts mask group')
Patch.__new__.__defaults__ = (None,)
# FILE FORMAT: the records of an image follow each other crop by crop, and of each crop in this order.
VARIANTS = (
    ('original', lambda x: x),
    ('left-right', lambda x: x[:, :, ::-1]),
    ('up-down', lambda x: x[:, ::-1]),
    ('rot90', lambda x: np.rot90(x, 1, (1, 2))),
    ('rot270', lambda x: np.rot90(x, 3, (1, 2))),
)


def margin(cfg):
    """Pixels that a patch is larger than the images, on each side, so that shifted ones can be cropped from it."""
    if cfg.shifts > 1 and not cfg.augment:
        raise ValueError(f'--shifts {cfg.shifts} without --augment; add it')
    return SHIFT if cfg.shifts > 1 else 0


def offsets(shifts, rng):
    """(rows, columns) of that many crops off the centre, all different: (0, 0), then random ones up to SHIFT pixels."""
    width = 2 * SHIFT + 1
    centre = width * width // 2
    places = rng.permutation(width * width)
    places = places[places != centre][: shifts - 1]
    return [(0, 0)] + [(int(i) // width - SHIFT, int(i) % width - SHIFT) for i in places]


def off_centre(seed, index):
    """[rows, columns], up to SHIFT pixels: how far off the centre the image of that index is cropped."""
    return np.random.RandomState([seed, 1, index]).randint(-SHIFT, SHIFT + 1, size=2).tolist()


def crop(pixels, resolution, offset):
    """The part [C,R,R] of an image [C,S,S] whose centre is `offset` (rows, columns) off the image's."""
    top, left = [(pixels.shape[-1] - resolution) // 2 + shift for shift in offset]
    return pixels[:, top : top + resolution, left : left + resolution]
