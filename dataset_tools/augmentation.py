"""How often a nodule comes in a dataset: shifted cuts, mirrored and turned variants, and folds for cross-validation."""

import numpy as np

from dataset_tools.sources import SHIFT

# FILE FORMAT: the records of an image follow each other cut by cut, and of each cut in this order.
VARIANTS = (
    ('original', lambda x: x),
    ('left-right', lambda x: x[:, :, ::-1]),
    ('up-down', lambda x: x[:, ::-1]),
    ('rot90', lambda x: np.rot90(x, 1, (1, 2))),
    ('rot270', lambda x: np.rot90(x, 3, (1, 2))),
)
NO_FOLDS = (None, None)


def offsets(shifts, rng):
    """(rows, columns) of that many cuts off the centre, all different: (0, 0), then random ones up to SHIFT pixels."""
    wide = 2 * SHIFT + 1
    others = rng.permutation(wide * wide)
    others = others[others != wide * wide // 2][: shifts - 1]
    return [(0, 0)] + [(int(i) // wide - SHIFT, int(i) % wide - SHIFT) for i in others]


def cut(pixels, resolution, offset):
    """The part [C,R,R] of an image [C,S,S] whose centre is `offset` (rows, columns) off the image's."""
    top, left = [(pixels.shape[-1] - resolution) // 2 + shift for shift in offset]
    return pixels[:, top : top + resolution, left : left + resolution]


class Folds:
    """Deals nodules to folds as they come, evenly in each class; a nodule stays where it is."""

    def __init__(self, number, seed):
        self.number, self.seed, self.places, self.dealt = number, seed, {}, {}

    def place(self, label, nodule):
        if nodule not in self.places:
            round_, seat = divmod(self.dealt.get(label, 0), self.number)
            self.places[nodule] = int(np.random.RandomState([self.seed, round_]).permutation(self.number)[seat])
            self.dealt[label] = self.dealt.get(label, 0) + 1
        return self.places[nodule]

    def all_sides(self):
        """[(fold, 'train' or 'test')] of all folds, or [NO_FOLDS]."""
        if self.number is None:
            return [NO_FOLDS]
        return [(fold, side) for fold in range(self.number) for side in ('train', 'test')]

    def sides(self, label, nodule):
        """Where a nodule belongs: [(fold, 'train' or 'test')], or [NO_FOLDS]."""
        if self.number is None:
            return [NO_FOLDS]
        place = self.place(label, nodule)
        return [(fold, 'test' if fold == place else 'train') for fold in range(self.number)]
