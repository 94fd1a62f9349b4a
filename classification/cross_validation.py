"""The folds of a cross-validation, as 0-dataset_create.py --folds --inner writes them, checked for leaks."""

import collections
import glob
import itertools
import json
import os
import re

import numpy as np

import dataset
from common import card
from common.formatting import natural_order
from metrics import image_sets, memorisation

MIN_NODULES = 3  # of a class in a training or test split
CLASS_ORDER = 'AIS', 'MIA', 'IA', 'IAC'  # from the least to the most invasive, as weighted kappa expects
REMEDY = 'make the folds again with 0-dataset_create.py --folds 5 --inner 5'

# Two images that differ by at most this share of the standard deviation of their gray levels may be slices of one
# nodule. Of 1,000 phantoms of MIA and 1,000 others the nearest two have 0.23 at 64x64 pixels, 0.24 at 32x32, 0.29 at
# 16x16; of slices of 300 phantoms and those 1 mm beside, 8, 2 and 0.3 % are nearer.
LIKE_SLICES = 0.2
NEAR_PAIRS = 8  # closest pairs of a fold that are looked at

# images: uint8 [N, C, R, R]; labels: [N], indices of classes; nodules: [N], names; patients: [N], names, where they are
# not known those of the scan or else the nodule; is_known, is_alone: bool [N], whether the patient is recorded, and
# whether neither patient nor scan is; a phantom is known, as a patient of its own. names: {kind: sorted names} and
# image_names: [N], of dataset.Pyramid; digests: {class: digest of its images}, and of all under ''.
Split = collections.namedtuple(
    'Split', 'classes images labels nodules patients is_known is_alone names image_names digests'
)


def read_split(path, least=MIN_NODULES):
    """The Split in a folder of class folders; ValueError without names of nodules, or with too few nodules.

    least: the fewest nodules of a class.
    """
    data = dataset.Pyramid(path)
    data_card = data.card
    members, phantoms = data_card.members(), data_card.phantoms
    if members is None:
        message = '%s has a class without a NAME.json that says which image is of which nodule; '
        raise ValueError((message + REMEDY) % path)
    nodules = [nodule for nodule, _, _ in members]
    classes = sorted(data.classes, key=_class_order)
    labels = np.array([classes.index(label) for label in data.classes])[data.labels]
    for index, label in enumerate(classes):
        count = len({nodule for nodule, label_index in zip(nodules, labels) if label_index == index})
        if count < least:
            message = '%s has %d nodules of %s; an experiment needs at least %d of each class; make fewer folds'
            raise ValueError(message % (path, count, label, least))
    _check_entries(path, classes, labels, members)
    patients = [card.normalize(patient) if patient else scan or nodule for nodule, scan, patient in members]
    return Split(
        classes=classes,
        images=data.images[data.top],
        labels=labels,
        nodules=nodules,
        patients=patients,
        is_known=np.array([bool(patient) or phantoms for _, _, patient in members]),
        is_alone=np.array([not (patient or scan or phantoms) for _, scan, patient in members]),
        names=data_card.names,
        image_names=data.image_names(),
        digests=dict(zip(data.classes, data.parts), **{'': data.digest}),
    )


def _check_entries(path, classes, labels, members):
    """ValueError for a nodule in two classes or of two patients."""
    facts_of = {}
    for (nodule, _, patient), label in zip(members, labels):
        facts = 'class ' + classes[label], 'patient %s' % patient
        for one, other in zip(facts_of.setdefault(nodule, facts), facts):
            if card.normalize(one) != card.normalize(other):
                message = '%s: the nodule %s is of %s and of %s; name nodules anew, or remove one of the two'
                raise ValueError(message % (path, nodule, one, other))


def _class_order(label):
    place = CLASS_ORDER.index(label) if label in CLASS_ORDER else len(CLASS_ORDER)
    return place, natural_order(label)


class Folds:
    """All folds of a folder, with so many inner folds each; reading them checks that nothing leaks.

    No nodule, patient, scan or image may be in two of the splits of a fold, and no nodule in two classes. inner: how
    many inner folds are used. count: of folds; classes: names in CLASS_ORDER; digest: of all images, labels and names;
    test_names, validation_names: for each fold, and each of its inner folds, {kind: names}; train_digests: of each
    inner fold of each fold, Split.digests; unknown_patients: nodules whose patient is not recorded; near_pairs: [(name,
    other name, memorisation.Pair)] of images of nodules without a recorded patient or scan that look like slices of one
    nodule, in the test and the training split of a fold.
    """

    def __init__(self, path, inner):
        self.path = path
        self.inner = inner
        self.count = _count_folds(path, inner)
        self.classes = None
        self.digest = ''
        self.test_names, self.validation_names, self.train_digests = [], [], []
        self.near_pairs = []
        self._nodules = {}  # {nodule: (label, patient, fold that tests it)}
        self.unknown_patients = 0
        for fold in range(self.count):
            self._check_fold(fold)

    def folder(self, fold, side, inner=None):
        """The folder of a split, 'train' or 'test', of a fold, or of an inner fold of it."""
        parts = [] if inner is None else ['inner%d' % inner]
        return os.path.join(self.path, 'fold%d' % fold, *parts + [side])

    def test_split(self, fold):
        """The Split of the nodules that a fold tests."""
        return read_split(self.folder(fold, 'test'))

    def splits(self, fold, inner):
        """(training, validation, test) Splits of a fold: the validation split chooses the step."""
        validation = read_split(self.folder(fold, 'test', inner), least=1)
        return read_split(self.folder(fold, 'train', inner)), validation, self.test_split(fold)

    def nodules(self):
        """(labels [N], patients [N]) of all nodules, each once."""
        labels, patients, _ = zip(*self._nodules.values())
        return np.array(labels), list(patients)

    def patient_of(self, nodule):
        """The patient of a nodule, or what stands for it; the nodule itself for a generated one."""
        return self._nodules[nodule][1] if nodule in self._nodules else nodule

    def _check_fold(self, fold):
        self.validation_names.append([])
        self.train_digests.append([])
        nodules = None
        for inner in range(self.inner):
            train, validation, test = self.splits(fold, inner)
            self._check_classes(fold, inner, train, validation, test)
            named = zip(('training', 'validation', 'test'), (train, validation, test))
            for (one, first), (other, second) in itertools.combinations(named, 2):
                self._check_names(fold, inner, (one, first), (other, second))
            learned = set(train.nodules) | set(validation.nodules)
            nodules = nodules or learned
            if learned != nodules:
                message = '%s: the inner folds of fold %d hold different nodules; ' + REMEDY
                raise ValueError(message % (self.path, fold))
            if inner == 0:
                self._check_images(fold, train, validation, test)
                self._add_test(fold, test)
            self._update_digest(train, validation, test)
            self.validation_names[fold].append(validation.names)
            self.train_digests[fold].append(train.digests)

    def _check_classes(self, fold, inner, *splits):
        for split in splits:
            self.classes = self.classes or split.classes
            if split.classes != self.classes:
                message = '%s: a split of fold %d, inner fold %d, has the classes %s, others %s; make them the same'
                values = self.path, fold, inner, ' '.join(split.classes), ' '.join(self.classes)
                raise ValueError(message % values)
            if split.images.shape[1:] != splits[0].images.shape[1:]:
                message = '%s: the splits of fold %d, inner fold %d, hold images of different sizes'
                raise ValueError(message % (self.path, fold, inner))

    def _check_names(self, fold, inner, one, other):
        shared = card.in_common(one[1].names, other[1].names)
        if shared:
            message = '%s: the %s %s is in the %s and the %s split of fold %d, inner fold %d; ' + REMEDY
            raise ValueError(message % ((self.path,) + shared + (one[0], other[0], fold, inner)))

    def _check_images(self, fold, train, validation, test):
        """ValueError for an image of the test split in the others, or in two classes; look for slices of one nodule."""
        images = np.concatenate([train.images, validation.images])
        names = train.image_names + validation.image_names
        copies = image_sets.in_common(test.images, test.image_names, images, names)
        if copies:
            message = '%s: the test split of fold %d and its training split have %s; keep what belongs together in one '
            raise ValueError((message + 'split') % (self.path, fold, copies))
        for one, other in itertools.combinations(range(len(self.classes)), 2):
            parts = [np.flatnonzero(test.labels == label) for label in (one, other)]
            copies = image_sets.in_common(*itertools.chain.from_iterable(
                (test.images[part], [test.image_names[i] for i in part]) for part in parts
            ))  # fmt: skip
            if copies:
                message = '%s: %s and %s have %s; an image has one class, so remove one of them'
                values = self.path, self.classes[one], self.classes[other], copies
                raise ValueError(message % values)
        alone = test.is_alone
        others = np.concatenate([train.is_alone, validation.is_alone])
        if alone.any() and others.any():
            self._find_near_pairs(test, np.flatnonzero(alone), images, names, np.flatnonzero(others))

    def _find_near_pairs(self, test, alone, images, names, others):
        best = memorisation.nearest(test.images[alone], images[others])
        for pair in memorisation.closest_pairs(test.images[alone], images[others], best, NEAR_PAIRS):
            spread = memorisation.crop(pair.image, pair.reach).std()
            if pair.distance <= LIKE_SLICES * spread:
                other = others[best.index[pair.index]]
                self.near_pairs.append((test.image_names[alone[pair.index]], names[other], pair))

    def _add_test(self, fold, test):
        self.test_names.append(test.names)
        self.unknown_patients += len({n for n, known in zip(test.nodules, test.is_known) if not known})
        for nodule, label, patient in zip(test.nodules, test.labels.tolist(), test.patients):
            tested = self._nodules.setdefault(nodule, (label, patient, fold))
            if tested != (label, patient, fold):
                message = '%s: the nodule %s is in the test splits of folds %d and %d'
                raise ValueError(message % (self.path, nodule, tested[2], fold))

    def _update_digest(self, *splits):
        facts = [[split.nodules, split.labels.tolist(), split.patients] for split in splits]
        text = json.dumps([self.digest, [self.classes] + facts])
        images = [split.images for split in splits]
        self.digest = dataset.digest(np.frombuffer(text.encode(), np.uint8), *images)


def _count_folds(path, inner):
    folders = glob.glob(os.path.join(glob.escape(path), 'fold*', 'test', ''))
    matches = [re.search(r'fold(\d+).test.$', folder) for folder in folders]
    indices = sorted(int(match.group(1)) for match in matches if match)
    if len(indices) < 2 or indices != list(range(len(indices))):
        message = '%s does not hold fold0/test, fold1/test and so on; '
        raise ValueError((message + REMEDY) % path)
    for fold in indices:
        for index in range(inner):
            if not os.path.isdir(os.path.join(path, 'fold%d' % fold, 'inner%d' % index)):
                message = '%s has %d inner folds in fold %d, too few for --repeats %d, each on another; lower it, or '
                raise ValueError((message + REMEDY) % (path, index, fold, inner))
    return len(indices)
