"""The folds of a cross-validation, as 0-dataset_create.py --folds writes them, checked for leaks."""

import collections
import glob
import json
import os
import re

import numpy as np

import dataset
from common import card
from common.formatting import natural_order
from metrics import image_sets

MIN_NODULES = 3  # of a class in a split
CLASS_ORDER = 'AIS', 'MIA', 'IA', 'IAC'  # from the least to the most invasive, as weighted kappa expects

# images: uint8 [N, C, R, R]; labels: [N], indices of classes; nodules: [N], names; groups: [N], integers, the same for
# images of one patient (else scan, else nodule); names: {kind: sorted names} and image_names: [N], of dataset.Pyramid.
Split = collections.namedtuple('Split', 'classes images labels nodules groups names image_names')


def read_split(path):
    """The Split in a folder of class folders; ValueError without names of nodules, or with too few nodules."""
    data = dataset.Pyramid(path)
    members = data.card.members()
    if members is None:
        message = '%s has a class without a NAME.json that says which image is of which nodule; make the folds with '
        raise ValueError((message + '0-dataset_create.py') % path)
    nodules = [nodule for nodule, _, _ in members]
    classes = sorted(data.classes, key=_class_order)
    labels = np.array([classes.index(label) for label in data.classes])[data.labels]
    for index, label in enumerate(classes):
        count = len({nodule for nodule, label_index in zip(nodules, labels) if label_index == index})
        if count < MIN_NODULES:
            message = '%s has %d nodules of %s; an experiment needs at least %d of each class; make fewer --folds'
            raise ValueError(message % (path, count, label, MIN_NODULES))
    group_of = {}
    groups = [group_of.setdefault(patient or scan or nodule, len(group_of)) for nodule, scan, patient in members]
    names, image_names = data.card.names, data.image_names()
    return Split(classes, data.images[data.top], labels, nodules, np.array(groups), names, image_names)


def _class_order(label):
    place = CLASS_ORDER.index(label) if label in CLASS_ORDER else len(CLASS_ORDER)
    return place, natural_order(label)


class Folds:
    """All folds of a folder; reading them checks that no nodule, patient, scan or image is in both splits of a fold.

    count: of folds; classes: names in CLASS_ORDER; digest: of all images, labels and names; test_names: for each fold,
    {kind: names} of its test split.
    """

    def __init__(self, path):
        self.path = path
        self.count = _count_folds(path)
        self.classes = None
        self.digest = ''
        self.test_names = []
        for fold in range(self.count):
            train, test = self.splits(fold)
            for name, split in (('train', train), ('test', test)):
                self.classes = self.classes or split.classes
                if split.classes != self.classes:
                    message = '%s has the classes %s, other splits %s; they have to be the same'
                    values = self.folder(fold, name), ' '.join(split.classes), ' '.join(self.classes)
                    raise ValueError(message % values)
            self._check_leaks(fold, train, test)
            self._update_digest(train, test)
            self.test_names.append(test.names)
        self._check_tested_once()

    def folder(self, fold, name):
        """The folder of a fold's split, 'train' or 'test'."""
        return os.path.join(self.path, 'fold%d' % fold, name)

    def splits(self, fold):
        """The training and the test Split of a fold."""
        return read_split(self.folder(fold, 'train')), read_split(self.folder(fold, 'test'))

    def _check_leaks(self, fold, train, test):
        shared = card.in_common(train.names, test.names)
        if shared:
            message = '%s: the %s %s is in both splits of fold %d; make the folds again with 0-dataset_create.py'
            raise ValueError(message % (self.path, shared[0], shared[1], fold))
        if train.images.shape[1:] != test.images.shape[1:]:
            raise ValueError('%s: the splits of fold %d hold images of different sizes' % (self.path, fold))
        copies = image_sets.in_common(test.images, test.image_names, train.images, train.image_names)
        if copies:
            message = '%s: both splits of fold %d have %s; keep what belongs together in one split'
            raise ValueError(message % (self.path, fold, copies))

    def _update_digest(self, train, test):
        facts = [[split.nodules, split.labels.tolist(), split.groups.tolist()] for split in (train, test)]
        text = json.dumps([self.digest, [self.classes] + facts])
        self.digest = dataset.digest(np.frombuffer(text.encode(), np.uint8), train.images, test.images)

    def _check_tested_once(self):
        fold_of = {}
        for fold, names in enumerate(self.test_names):
            for nodule in names['nodule']:
                if fold_of.setdefault(nodule, fold) != fold:
                    message = '%s: the nodule %s is in the test splits of folds %d and %d'
                    raise ValueError(message % (self.path, nodule, fold_of[nodule], fold))


def _count_folds(path):
    folders = glob.glob(os.path.join(glob.escape(path), 'fold*', 'train', ''))
    matches = [re.search(r'fold(\d+).train.$', folder) for folder in folders]
    indices = sorted(int(match.group(1)) for match in matches if match)
    if len(indices) < 2 or indices != list(range(len(indices))):
        message = '%s does not hold fold0/train, fold0/test, fold1/train and so on; make it with 0-dataset_create.py'
        raise ValueError((message + ' ... --folds 5') % path)
    return len(indices)


def validation_split(split, share, random):
    """(training, validation) indices of the images of a Split: a share of the groups of each class for validation."""
    label_of = {}
    for group, label in zip(split.groups, split.labels):
        label_of.setdefault(group, label)
    held_out = set()
    for label in np.unique(split.labels):
        groups = [group for group in label_of if label_of[group] == label]
        count = max(int(round(share * len(groups))), 1)
        held_out |= set(random.permutation(groups)[:count].tolist())
    is_held_out = np.isin(split.groups, list(held_out))
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)
