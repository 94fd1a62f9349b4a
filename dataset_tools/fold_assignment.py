"""Folds for cross-validation: groups of images that stay together, dealt so that each class is spread evenly."""

import collections
import itertools
import os

import numpy as np

# fold: its number, or None without folds; inner: the number of the fold within its training side, or None; side:
# 'train' or 'test'
Side = collections.namedtuple('Side', 'fold inner side')
NO_FOLDS = Side(None, None, None)


def folder(side):
    """Where a side lies below the folder of all folds: fold0/train, fold0/inner1/test."""
    if side == NO_FOLDS:
        return ''
    inner = [] if side.inner is None else ['inner%d' % side.inner]
    return os.path.join('fold%d' % side.fold, *inner + [side.side])


def all_sides(number, inner):
    """Sides of so many folds, and of so many in the training side of each; either may be None."""
    if not number:
        return [NO_FOLDS]
    places = [(fold, within) for fold in range(number) for within in [None] + list(range(inner or 0))]
    return [Side(fold, within, side) for fold, within in places for side in ('train', 'test')]


class Folds:
    """Which sides the images of each group belong to.

    groups: (class, group) of each image, nodule or whatever is to be spread evenly; a group may have several classes.
    number: of folds, or None for none; inner: of folds in the training side of each, or None.
    """

    def __init__(self, groups, number=None, inner=None, seed=0):
        if inner and not number:
            raise ValueError('--inner %d without --folds; add it' % inner)
        self.number, self.inner = number, inner
        self.outer = _assigned(groups, number, [seed]) if number else {}
        self.within = []
        for fold in range(number if inner else 0):
            training = [(label, group) for label, group in groups if self.outer[group] != fold]
            self.within.append(_assigned(training, inner, [seed, fold]))

    def sides(self, group):
        if not self.number:
            return [NO_FOLDS]
        found = [Side(fold, None, _side(fold, self.outer[group])) for fold in range(self.number)]
        for fold, dealt in enumerate(self.within):
            if group in dealt:
                found += [Side(fold, inner, _side(inner, dealt[group])) for inner in range(self.inner)]
        return found


def _side(fold, place):
    return 'test' if fold == place else 'train'


def _assigned(groups, number, seed):
    """{group: fold}. Groups that hold the same numbers of each class are alike, so these are dealt, kind by kind."""
    labels = list(collections.OrderedDict.fromkeys(label for label, _ in groups))
    counts = collections.OrderedDict()
    for label, group in groups:
        counts.setdefault(group, np.zeros(len(labels), int))[labels.index(label)] += 1
    if len(counts) < number:
        whose = 'patients of the table or of DICOM headers, else scans or nodules'
        raise ValueError('%d folds of %d groups (%s); lower --folds' % (number, len(counts), whose))
    random = np.random.RandomState(seed)
    names = list(counts)
    random.shuffle(names)
    kinds, kind_of, many = np.unique([counts[name] for name in names], axis=0, return_inverse=True, return_counts=True)
    shares, places = _shares(kinds, many, number, random), np.zeros(len(names), int)
    for kind in range(len(kinds)):
        places[np.ravel(kind_of) == kind] = np.repeat(np.arange(number), shares[:, kind])
    return dict(zip(names, places.tolist()))


def _shares(kinds, many, number, random):
    """How many groups of each kind each fold gets, [folds, kinds]; kinds: images of each class, [kinds, classes]."""
    weights = 1.0 / (many @ kinds)  # an image of a rare class counts more
    shares = np.tile(many // number, (number, 1))
    for kind in np.argsort(-kinds.sum(axis=1), kind='mergesort'):  # what is left over: large groups first
        for _ in range(many[kind] % number):
            held = shares @ kinds
            more = ((held + kinds[kind]) ** 2 - held**2) @ weights
            least = np.flatnonzero(more <= more.min() + 1e-9)
            least = least[held[least].sum(axis=1) == held[least].sum(axis=1).min()]
            shares[random.choice(least), kind] += 1
    while _exchanged(shares, kinds, weights):
        pass
    return shares


def _exchanged(shares, kinds, weights):
    """Whether two folds became more alike by an exchange of two groups, or by one that moved."""
    for here, there in itertools.permutations(range(len(shares)), 2):
        ahead = (shares[here] - shares[there]) @ kinds
        for kind in np.flatnonzero(shares[here]):
            back = np.flatnonzero(shares[there])
            change = kinds[back] - kinds[kind]
            if shares[here].sum() > 1:
                back, change = np.append(back, -1), np.vstack([change, -kinds[kind]])
            gain = ((ahead + change) * change) @ weights
            if gain.min() < -1e-9:
                shares[here, kind] -= 1
                shares[there, kind] += 1
                if back[gain.argmin()] >= 0:
                    shares[here, back[gain.argmin()]] += 1
                    shares[there, back[gain.argmin()]] -= 1
                return True
    return False
