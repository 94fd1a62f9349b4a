"""Images that arms add to the real ones, from generators, pix2pix and phantoms, with checks for leaks."""

import itertools
import os

import numpy as np

import dataset
from common import card, log, weight_files
from common.formatting import natural_order
from metrics import image_sets
from sampling import Generator
from sampling.generator import one_hot

WEIGHTS = 'network-best.pkl', 'network-final.pkl'  # of a run folder, the first that exists


class AddedImages:
    """The images of each repeat and fold that arms need; what is missing or leaks is refused before any training.

    cfg: classify_settings.Run; sources: which of gan, pix2pix and phantom are needed. paths: {source: {(fold, inner
    fold, class): path}} of weights and datasets; digests: {source: {(fold, inner fold): text}} of what these hold.
    """

    def __init__(self, cfg, folds, sources):
        self.cfg, self.folds = cfg, folds
        self.paths, self.digests = {}, {}
        flags = dict(
            gan=('--generators', cfg.generators),
            pix2pix=('--pix2pix', cfg.pix2pix),
            phantom=('--phantoms', cfg.phantoms),
        )
        for source in sorted(sources):
            flag, pattern = flags[source]
            if not pattern:
                raise ValueError('the arm %s needs %s' % (source, flag))
            self.paths[source] = paths = self._paths(pattern)
            if source == 'gan':
                self._find_generators(paths)
            digest = card.sha256 if source == 'gan' else _dataset_digest
            digests = {path: digest(path) for path in set(paths.values())}
            self.digests[source] = {
                (fold, inner): ' '.join(digests[paths[fold, inner, label]] for label in folds.classes)
                for fold, inner in self._places()
            }

    def _places(self):
        return list(itertools.product(range(self.folds.count), range(self.folds.inner)))

    def _paths(self, pattern):
        return {
            (fold, inner, label): pattern.replace('{fold}', str(fold))
            .replace('{inner}', str(inner))
            .replace('{class}', label)
            for fold, inner in self._places()
            for label in self.folds.classes
        }

    def _find_generators(self, paths):
        """Replace paths of folders by those of the weights in them, each checked."""
        conditional = '{class}' not in self.cfg.generators
        for (fold, inner, label), path in paths.items():
            paths[fold, inner, label] = path = find_weights(path, fold, label)
            check_generator(path, self.folds, fold, inner, '' if conditional else label, self.cfg.trust_generators)
        for path in set(paths.values()):
            weight_files.read(path)

    def of_repeat(self, fold, inner, splits, ratio):
        """{source: (uint8 images [N, C, R, R], labels [N])}; generators make `ratio` images for a real one.

        splits: the training, validation and test Splits of the fold and inner fold.
        """
        images, (train, *held_out) = {}, splits
        for source, paths in self.paths.items():
            of_classes = [paths[fold, inner, label] for label in self.folds.classes]
            if source == 'gan':
                counts = [max(int(np.ceil(ratio * count)), 1) for count in np.bincount(train.labels)]
                images[source] = self._generate((fold, inner), of_classes, counts, train.images.shape[1:])
            else:
                images[source] = read_added(of_classes, fold, held_out)
        return images

    def _generate(self, place, paths, counts, shape):
        conditional = '{class}' not in self.cfg.generators
        dataset_order = sorted(self.folds.classes, key=natural_order)  # in which dataset.Pyramid counts classes
        pixels = []
        for index, (label, path, count) in enumerate(zip(self.folds.classes, paths, counts)):
            if card.sha256(path) not in self.digests['gan'][place].split():
                raise ValueError('%s was changed meanwhile; start again when nothing trains there' % path)
            with Generator(path, cpu=self.cfg.cpu) as generator:
                class_index = 0
                if conditional:
                    place = dataset_order.index(label)
                    class_index = generator.card.label_of_class(generator.label_size, label, place)
                labels = one_hot(np.full(count, class_index), generator.label_size)
                pixels.append(generator.sample(count, self.cfg.seed + index, labels, minibatch=50))
            if pixels[-1].shape[1:] != shape:
                message = '%s makes images of %s, the folds hold %s; train one on them'
                raise ValueError(message % (path, list(pixels[-1].shape[1:]), list(shape)))
        return np.concatenate(pixels), np.repeat(np.arange(len(counts)), counts)


def _dataset_digest(path):
    return dataset.Pyramid(path).digest


def find_weights(path, fold, label):
    """The weight file that a path means: the file itself, or that of a run folder, or of the newest run in a folder."""
    if os.path.isfile(path):
        return path
    runs = sorted(os.listdir(path), key=natural_order, reverse=True) if os.path.isdir(path) else []
    for folder in [path] + [os.path.join(path, run) for run in runs]:
        for name in WEIGHTS:
            if os.path.isfile(os.path.join(folder, name)):
                return os.path.join(folder, name)
    message = '%s holds no weights of fold %d, class %s; train them with 5-classify.py gans, or name others with '
    raise FileNotFoundError((message + '--generators') % (path, fold, label))


def check_generator(path, folds, fold, inner, label, trust):
    """ValueError for a generator that did not learn from the training split of an inner fold, and that alone.

    label: the class, or '' for a network with labels. It is recognised by the digest of its data. With `trust`, one
    that learned from other data is used, with a warning, unless its record names a nodule of the other splits.
    """
    learned = card.of_weights(path)
    held_out = dict(test=folds.test_names[fold], validation=folds.validation_names[fold][inner])
    for side, names in held_out.items():
        shared = card.in_common(names, learned.names or {})
        if shared:
            message = (
                '%s learned from the %s %s, which is in the %s split of fold %d, inner fold %d; train another with '
            )
            message += '5-classify.py gans, and name it with {fold} and {inner} in --generators'
            raise ValueError(message % (path, shared[0], shared[1], side, fold, inner))
    expected = folds.train_digests[fold][inner][label]
    if learned.digest != expected:
        message = '%s learned from other data (%s) than the training split of fold %d, inner fold %d (%s)'
        fact = message % (path, learned.digest or 'not recorded', fold, inner, expected)
        if not trust:
            raise ValueError(fact + '; train it with 5-classify.py gans, or add --trust-generators')
        log.warning(fact + '; it is trusted not to have seen the nodules that test it')


def read_added(paths, fold, held_out):
    """(images, labels) of a dataset for each class; ValueError if they hold images of the held-out Splits of a fold."""
    images, labels = [], []
    for index, path in enumerate(paths):
        data = dataset.Pyramid(path)
        pixels = data.images[data.top]
        for split in held_out:
            if pixels.shape[1:] != split.images.shape[1:]:
                message = '%s has images of %s, the folds of %s; they have to agree'
                raise ValueError(message % (path, pixels.shape[1:], split.images.shape[1:]))
            shared = card.in_common(split.names, data.card.names or {})
            if shared:
                message = '%s has images of the test or validation split of fold %d, of the %s %s'
                raise ValueError(message % ((path, fold) + shared))
            copies = image_sets.in_common(split.images, split.image_names, pixels, data.image_names())
            if copies:
                message = '%s and the test or validation split of fold %d have %s; name others'
                raise ValueError(message % (path, fold, copies))
        images.append(pixels)
        labels += [index] * data.count
    return np.concatenate(images), np.array(labels)
