import json
import os

import numpy as np
import pytest

import dataset

CLASSES = ['AIS', 'IA', 'MIA']
INNER = 2  # inner folds of each fold


def write_side(path, members, size=16, seed=0):
    """A side of a fold: class folders of blobs. members: [(label, nodule, patient)], two images of each.

    The images of a nodule are the same wherever it is; another seed draws others.
    """
    at = np.hypot(*(np.mgrid[:size, :size] - size / 2 + 0.5)) < size / 4
    for index, label in enumerate(CLASSES):
        images, entries = [], []
        for member_label, nodule, patient in members:
            if member_label == label:
                random = np.random.RandomState([seed] + list(nodule.encode()))
                for _ in range(2):
                    images.append(90 + 8 * random.randn(1, size, size) + 30 * index * at)
                entries.append(dict(nodule=nodule, records=2, **({'patient': patient} if patient else {})))
        if entries:
            folder = os.path.join(str(path), label)
            dataset.write(folder, label, np.clip(images, 0, 255).astype(np.uint8))
            with open(os.path.join(folder, label + '.json'), 'w') as f:
                json.dump(dict(records=len(images), resolution=size, channels=1, entries=entries), f)


@pytest.fixture
def make_side():
    return write_side


def write_fold(path, train, test):
    """The splits of a fold, with INNER inner folds: each third nodule of a class is in the test side of one of them."""
    write_side(path / 'train', train)
    write_side(path / 'test', test)
    places = [[other[0] for other in train[:i]].count(member[0]) for i, member in enumerate(train)]
    for inner in range(INNER):
        for side in ('train', 'test'):
            kept = [member for place, member in zip(places, train) if (place % 3 == inner) == (side == 'test')]
            write_side(path / ('inner%d' % inner) / side, kept)


@pytest.fixture(scope='session')
def make_folds(tmp_path_factory):
    """A function that writes folds; change: a function (fold, side, members) -> members of a fold's train or test."""

    def make(folds=2, each=10, change=None, name='cv', patients=True):
        root = tmp_path_factory.mktemp(name)
        everyone = [(label, '%s-%d' % (label, i), patients and 'p-%s-%d' % (label, i) or None)
                    for label in CLASSES for i in range(each)]  # fmt: skip
        for fold in range(folds):
            sides = []
            for side in ('train', 'test'):
                kept = [member for i, member in enumerate(everyone) if (i % folds == fold) == (side == 'test')]
                sides.append(change(fold, side, kept) if change else kept)
            write_fold(root / ('fold%d' % fold), *sides)
        return str(root)

    return make


@pytest.fixture(scope='session')
def cv(make_folds):
    return make_folds()
