"""The sides of cross-validation as 0-dataset_create.py --folds writes them, and what must not be true of them."""

import collections
import glob
import json
import os
import re

import numpy as np

import dataset
from common.formatting import natural_order
from metrics import sets, training_data

LEAST = 3  # nodules of a class in a side
ORDER = 'AIS', 'MIA', 'IA', 'IAC'  # from the least to the most invasive, as weighted kappa wants classes

# images: uint8 [N, C, R, R]; labels: [N]; nodules: the name of each one's; names: as of provenance.named; groups: a
# number for each image, the same for those that belong together; image_names: as of provenance.image_names
Side = collections.namedtuple('Side', 'images labels nodules names groups image_names')


def read_side(path):
    """The Side in a folder of class folders, and the names of its classes, in their ORDER."""
    data = dataset.Pyramid(path)
    members = training_data.members(data)
    if members is None:
        words = '%s has a class without a NAME.json that tells which image is of which nodule; make the folds with '
        raise ValueError((words + '0-dataset_create.py') % path)
    nodules = [nodule for nodule, _, _ in members]
    places = {label: place for place, label in enumerate(ORDER)}
    classes = sorted(data.classes, key=lambda label: (places.get(label, len(ORDER)), natural_order(label)))
    labels = np.array([classes.index(label) for label in data.classes])[data.labels]
    for index, label in enumerate(classes):
        number = len({nodule for nodule, own in zip(nodules, labels) if own == index})
        if number < LEAST:
            words = '%s has %d nodules of %s; an experiment needs at least %d of each class; make fewer --folds'
            raise ValueError(words % (path, number, label, LEAST))
    numbers, groups = {}, []
    for nodule, scan, patient in members:
        groups.append(numbers.setdefault(patient or scan or nodule, len(numbers)))
    images = data.images[data.top]
    names = training_data.named(members), np.array(groups), training_data.image_names(data)
    return Side(images, labels, nodules, *names), classes


class Folds:
    """All folds of a folder.

    classes: their names; number: of folds; path; tested: whom each test side holds, as of provenance.named.
    """

    def __init__(self, path):
        self.path = path
        found = glob.glob(os.path.join(glob.escape(path), 'fold*', 'train', ''))
        numbers = sorted(
            int(match.group(1)) for match in (re.search(r'fold(\d+).train.$', name) for name in found) if match
        )
        if len(numbers) < 2 or numbers != list(range(len(numbers))):
            words = '%s does not hold fold0/train, fold0/test, fold1/train and so on; make it with 0-dataset_create.py'
            raise ValueError((words + ' ... --folds 5') % path)
        self.number, self.classes, self.digest, self.tested, seen = len(numbers), None, '', [], {}
        for fold in numbers:
            train, test = self.sides(fold)
            said = [self.classes] + [
                [side.nodules, side.labels.tolist(), side.groups.tolist()] for side in (train, test)
            ]
            said = np.frombuffer(json.dumps([self.digest, said]).encode(), np.uint8)
            self.digest = dataset.digest(said, train.images, test.images)
            both = training_data.in_common(train.names, test.names)
            if both:
                words = '%s: the %s %s is on both sides of fold %d; make the folds again with 0-dataset_create.py'
                raise ValueError(words % (path, both[0], both[1], fold))
            if train.images.shape[1:] != test.images.shape[1:]:
                raise ValueError('%s: the sides of fold %d hold images of different sizes' % (path, fold))
            same = sets.in_common(test.images, test.image_names, train.images, train.image_names)
            if same:
                words = '%s: both sides of fold %d have %s; keep what belongs together on one side'
                raise ValueError(words % (path, fold, same))
            self.tested.append(test.names)
            for nodule in test.names['nodule']:
                if seen.setdefault(nodule, fold) != fold:
                    words = '%s: the nodule %s is on the test side of folds %d and %d'
                    raise ValueError(words % (path, nodule, seen[nodule], fold))

    def folder(self, fold, side):
        return os.path.join(self.path, 'fold%d' % fold, side)

    def sides(self, fold):
        """The training and the test Side of a fold."""
        found = []
        for side in ('train', 'test'):
            read, classes = read_side(self.folder(fold, side))
            if self.classes not in (None, classes):
                words = '%s has the classes %s, other sides %s; they have to be the same'
                raise ValueError(words % (self.folder(fold, side), ' '.join(classes), ' '.join(self.classes)))
            self.classes = classes
            found.append(read)
        return found


def split(side, share, random):
    """(training, inner validation) indices of the images of a Side: of each class this share of what belongs together.

    Nobody's images are on both sides.
    """
    out, first = set(), {}
    for group, label in zip(side.groups, side.labels):
        first.setdefault(group, label)
    for label in np.unique(side.labels):
        own = [group for group, begins in first.items() if begins == label]
        out |= set(random.permutation(own)[: max(int(round(share * len(own))), 1)].tolist())
    held = np.isin(side.groups, list(out))
    return np.flatnonzero(~held), np.flatnonzero(held)


def _paths(pattern, fold, classes):
    """The path for each class that a pattern with {class} and perhaps {fold} names."""
    return [pattern.replace('{fold}', str(fold)).replace('{class}', label) for label in classes]


def digests(pattern, number, classes):
    """A digest for each fold of the datasets that a pattern names."""
    several = [_paths(pattern, fold, classes) for fold in range(number)]
    known = {path: dataset.Pyramid(path).digest for path in sorted({path for paths in several for path in paths})}
    return [' '.join(known[path] for path in paths) for paths in several]


def added(pattern, fold, classes, test):
    """(images, labels) of the datasets that a pattern with {class} and perhaps {fold} names; test: the fold's Side."""
    images, labels = [], []
    for index, path in enumerate(_paths(pattern, fold, classes)):
        data = dataset.Pyramid(path)
        if data.images[data.top].shape[1:] != test.images.shape[1:]:
            words = '%s has images of %s, the folds of %s; they have to agree'
            raise ValueError(words % (path, data.images[data.top].shape[1:], test.images.shape[1:]))
        both = training_data.in_common(test.names, training_data.named(training_data.members(data) or []))
        if both:
            raise ValueError('%s has images of the test side of fold %d, of the %s %s' % ((path, fold) + both))
        same = sets.in_common(test.images, test.image_names, data.images[data.top], training_data.image_names(data))
        if same:
            raise ValueError('%s and the test side of fold %d have %s; name others' % (path, fold, same))
        images.append(data.images[data.top])
        labels += [index] * data.count
    return np.concatenate(images), np.array(labels)
