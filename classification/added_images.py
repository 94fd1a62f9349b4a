"""Images that arms add to the real ones, from generators, pix2pix and phantoms, with checks for leaks."""

import os

import numpy as np

import dataset
from common import card, safe_pickle
from common.formatting import natural_order
from metrics import image_sets
from sampling import Generator
from sampling.generator import one_hot

WEIGHTS = 'network-best.pkl', 'network-final.pkl'  # of a run folder, the first that exists


class AddedImages:
    """The images of each fold that arms need; whatever is missing or leaks is refused before anything is trained.

    cfg: classify_settings.Run; sources: which of gan, pix2pix and phantom are needed. paths: {source: {(fold, class):
    path}} of weights and datasets; digests: {source: [text of each fold]} of what these hold.
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
            self.digests[source] = [
                ' '.join(digests[paths[fold, label]] for label in folds.classes) for fold in range(folds.count)
            ]

    def _paths(self, pattern):
        return {
            (fold, label): pattern.replace('{fold}', str(fold)).replace('{class}', label)
            for fold in range(self.folds.count)
            for label in self.folds.classes
        }

    def _find_generators(self, paths):
        """Replace paths of folders by those of the weights in them, each checked."""
        for (fold, label), path in paths.items():
            paths[fold, label] = find_weights(path, fold, label)
            check_generator(paths[fold, label], self.folds.test_names[fold], fold, self.cfg.trust_generators)
        for path in set(paths.values()):
            safe_pickle.read(path)

    def of_fold(self, fold, train, test, ratio):
        """{source: (uint8 images [N, C, R, R], labels [N])} of a fold; generators make `ratio` images for a real one.

        train, test: the Splits of the fold.
        """
        images = {}
        for source, paths in self.paths.items():
            fold_paths = [paths[fold, label] for label in self.folds.classes]
            if source == 'gan':
                counts = [max(int(np.ceil(ratio * count)), 1) for count in np.bincount(train.labels)]
                images[source] = self._generate(fold, fold_paths, counts, train.images.shape[1:])
            else:
                images[source] = read_added(fold_paths, fold, test)
        return images

    def _generate(self, fold, paths, counts, shape):
        conditional = '{class}' not in self.cfg.generators
        dataset_order = sorted(self.folds.classes, key=natural_order)  # in which dataset.Pyramid counts classes
        pixels = []
        for index, (label, path, count) in enumerate(zip(self.folds.classes, paths, counts)):
            if card.sha256(path) not in self.digests['gan'][fold].split():
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


def check_generator(path, test_names, fold, trust):
    """ValueError for a generator that learned from the test split of a fold, or, without trust, from unknown data."""
    learned = card.of_weights(path).names
    if learned is None:
        if trust:
            return
        message = '%s: not known from which nodules it learned (no run.json with their names is beside it); '
        raise ValueError((message + 'train it with 5-classify.py gans, or add --trust-generators') % path)
    shared = card.in_common(test_names, learned)
    if shared:
        message = '%s learned from the %s %s, which is in the test split of fold %d; train another with 5-classify.py '
        raise ValueError((message + 'gans') % (path, shared[0], shared[1], fold))


def read_added(paths, fold, test):
    """(images, labels) of a dataset for each class; ValueError if they hold images of the test Split of a fold."""
    images, labels = [], []
    for index, path in enumerate(paths):
        data = dataset.Pyramid(path)
        pixels = data.images[data.top]
        if pixels.shape[1:] != test.images.shape[1:]:
            message = '%s has images of %s, the folds of %s; they have to agree'
            raise ValueError(message % (path, pixels.shape[1:], test.images.shape[1:]))
        shared = card.in_common(test.names, data.card.names or {})
        if shared:
            raise ValueError('%s has images of the test split of fold %d, of the %s %s' % ((path, fold) + shared))
        copies = image_sets.in_common(test.images, test.image_names, pixels, data.image_names())
        if copies:
            raise ValueError('%s and the test split of fold %d have %s; name others' % (path, fold, copies))
        images.append(pixels)
        labels += [index] * data.count
    return np.concatenate(images), np.array(labels)
