import json
import os

import numpy as np
import pytest

import dataset

CLASSES = ['AIS', 'IA', 'MIA']


def write_side(path, members, size=16, seed=0):
    """A side of a fold: class folders of blobs. members: [(label, nodule, patient)], two images of each."""
    random = np.random.RandomState(seed)
    at = np.hypot(*(np.mgrid[:size, :size] - size / 2 + 0.5)) < size / 4
    for index, label in enumerate(CLASSES):
        images, entries = [], []
        for member_label, nodule, patient in members:
            if member_label == label:
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


@pytest.fixture(scope='session')
def make_folds(tmp_path_factory):
    """A function that writes folds; change: a function (fold, side, members) -> members."""

    def make(folds=2, each=6, change=None, name='cv'):
        root = tmp_path_factory.mktemp(name)
        everyone = [(label, '%s-%d' % (label, i), 'p-%s-%d' % (label, i)) for label in CLASSES for i in range(each)]
        for fold in range(folds):
            for side in ('train', 'test'):
                kept = [member for i, member in enumerate(everyone) if (i % folds == fold) == (side == 'test')]
                kept = change(fold, side, kept) if change else kept
                write_side(root / ('fold%d' % fold) / side, kept, seed=10 * fold + (side == 'test'))
        return str(root)

    return make


@pytest.fixture(scope='session')
def cv(make_folds):
    return make_folds()
