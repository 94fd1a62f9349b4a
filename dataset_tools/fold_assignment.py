"""Folds for cross-validation: groups of images that stay together, assigned so that each class is spread evenly."""

import collections
import itertools
import os

import numpy as np

# fold: its index, or None without folds; inner: the index of the fold within its training side, or None; side: 'train'
# or 'test'. FILE FORMAT: NAME.json has these names.
Split = collections.namedtuple('Split', 'fold inner side')
NO_FOLDS = Split(None, None, None)


def folder(split):
    """Where a split lies below the folder of all folds: fold0/train, fold0/inner1/test."""
    if split == NO_FOLDS:
        return ''
    inner = [] if split.inner is None else [f'inner{split.inner}']
    return os.path.join(f'fold{split.fold}', *inner + [split.side])


def all_splits(folds, inner_folds):
    """Splits of so many folds, and of so many in the training side of each; either may be None."""
    if not folds:
        return [NO_FOLDS]
    places = [(fold, inner) for fold in range(folds) for inner in [None] + list(range(inner_folds or 0))]
    return [Split(fold, inner, side) for fold, inner in places for side in ('train', 'test')]


class Folds:
    """Which splits the images of each group belong to.

    groups: (class, group) of each image, nodule or whatever is to be spread evenly; a group may have several classes.
    folds: how many, or None for none; inner_folds: in the training side of each, or None.
    """

    def __init__(self, groups, folds=None, inner_folds=None, seed=0):
        if inner_folds and not folds:
            raise ValueError(f'--inner {inner_folds} without --folds; add it')
        self.folds = folds
        self.inner_folds = inner_folds
        self.test_fold = _assign(groups, folds, [seed]) if folds else {}  # {group: the fold that tests it, or None}
        self.inner_test_fold = []  # of each fold
        for fold in range(folds if inner_folds else 0):
            training = [(label, group) for label, group in groups if self.test_fold[group] != fold]
            self.inner_test_fold.append(_assign(training, inner_folds, [seed, fold]))

    def splits(self, group):
        """The Splits of a group: one for each fold, and one for each inner fold where it is in the training side."""
        if not self.folds:
            return [NO_FOLDS]
        splits = [Split(fold, None, _side(fold, self.test_fold[group])) for fold in range(self.folds)]
        for fold, test_fold in enumerate(self.inner_test_fold):
            if group in test_fold:
                splits += [Split(fold, k, _side(k, test_fold[group])) for k in range(self.inner_folds)]
        return splits


def published(parts):
    """The Folds of splits that a data set comes with: one fold, and an inner one if there is a part 'val'.

    parts: {group: 'train', 'val' or 'test'}. 'val' is the test side of the inner fold; without 'test', of the fold.
    """
    test_part = 'test' if 'test' in parts.values() else 'val'
    folds = Folds([])
    folds.folds = 1
    folds.test_fold = {group: 0 if part == test_part else None for group, part in parts.items()}
    training = {group: part for group, part in parts.items() if part != test_part}
    if 'val' in training.values():
        folds.inner_folds = 1
        folds.inner_test_fold = [{group: 0 if part == 'val' else None for group, part in training.items()}]
    return folds


def _side(fold, test_fold):
    return 'test' if fold == test_fold else 'train'


def _assign(groups, folds, seed):
    """{group: fold}. Groups with the same number of images of each class are of one kind, and assigned together."""
    labels = list(collections.OrderedDict.fromkeys(label for label, _ in groups))
    images = collections.OrderedDict()  # {group: images of each class}
    for label, group in groups:
        images.setdefault(group, np.zeros(len(labels), int))[labels.index(label)] += 1
    if len(images) < folds:
        meaning = 'patients of the table or of DICOM headers, else scans or nodules'
        raise ValueError(f'{folds} folds of {len(images)} groups ({meaning}); lower --folds')
    random = np.random.RandomState(seed)
    names = list(images)
    random.shuffle(names)
    kinds, kind_of, sizes = np.unique([images[name] for name in names], axis=0, return_inverse=True, return_counts=True)
    shares = _shares(kinds, sizes, folds, random)
    fold_of = np.zeros(len(names), int)
    for kind in range(len(kinds)):
        fold_of[np.ravel(kind_of) == kind] = np.repeat(np.arange(folds), shares[:, kind])
    return dict(zip(names, fold_of.tolist()))


def _shares(kinds, sizes, folds, random):
    """How many groups of each kind each fold gets, [folds, kinds].

    kinds: images of each class, [kinds, classes]; sizes: how many groups are of each kind.
    """
    weights = 1.0 / (sizes @ kinds)  # an image of a rare class counts more
    shares = np.tile(sizes // folds, (folds, 1))
    for kind in np.argsort(-kinds.sum(axis=1), kind='mergesort'):  # the remainders: large groups first
        for _ in range(sizes[kind] % folds):
            images = shares @ kinds
            cost = ((images + kinds[kind]) ** 2 - images**2) @ weights
            best = np.flatnonzero(cost <= cost.min() + 1e-9)
            total = images[best].sum(axis=1)
            best = best[total == total.min()]
            shares[random.choice(best), kind] += 1
    while _improve(shares, kinds, weights):
        pass
    return shares


def _improve(shares, kinds, weights):
    """Make two folds more similar by an exchange of two groups, or by moving one; whether that was possible."""
    for here, there in itertools.permutations(range(len(shares)), 2):
        excess = (shares[here] - shares[there]) @ kinds
        for kind in np.flatnonzero(shares[here]):
            returned = np.flatnonzero(shares[there])
            change = kinds[returned] - kinds[kind]
            if shares[here].sum() > 1:
                returned = np.append(returned, -1)  # nothing
                change = np.vstack([change, -kinds[kind]])
            gain = ((excess + change) * change) @ weights
            if gain.min() < -1e-9:
                shares[here, kind] -= 1
                shares[there, kind] += 1
                back = returned[gain.argmin()]
                if back >= 0:
                    shares[here, back] += 1
                    shares[there, back] -= 1
                return True
    return False
