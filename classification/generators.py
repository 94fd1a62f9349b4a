"""Generators of the training sides of folds: where they are, what they learnt from, and their images."""

import os

import numpy as np

from common import formatting, model_record, safe_pickle
from metrics import training_data
from sampling import Generator
from sampling.generate import one_hot

BEST = 'network-best.pkl', 'network-final.pkl'  # of a run folder, the first that there is


def find(pattern, fold, label):
    """The weight file that a pattern with {fold} and, perhaps, {class} means: a file, or the newest run in a folder."""
    path = pattern.replace('{fold}', str(fold)).replace('{class}', label)
    if os.path.isfile(path):
        return path
    runs = sorted(os.listdir(path), key=formatting.natural_order, reverse=True) if os.path.isdir(path) else []
    for folder in [path] + [os.path.join(path, run) for run in runs]:
        for name in BEST:
            if os.path.isfile(os.path.join(folder, name)):
                return os.path.join(folder, name)
    words = (
        '%s holds no weights of fold %d, class %s; train them with 5-classify.py gans, or name others with --generators'
    )
    raise FileNotFoundError(words % (path, fold, label))


def check(path, tested, fold, trust):
    """Refuse a generator that learnt from whom the test side of a fold holds, or of which nobody knows."""
    known = training_data.learnt_from(path)
    if known is None:
        if not trust:
            words = (
                '%s: not known from which nodules it learnt (no run.json with their names is beside it); train it with '
            )
            raise ValueError((words + '5-classify.py gans, or take it on trust with --trust-generators') % path)
        return
    both = training_data.in_common(tested, known)
    if both:
        words = '%s learnt from the %s %s, which is on the test side of fold %d; train another with 5-classify.py gans'
        raise ValueError(words % (path, both[0], both[1], fold))


class Generators:
    """The weight file of each fold and class, found and checked before anything is trained.

    Patterns without {class} mean a network with labels. digests: of the weight files, a text for each fold.
    """

    def __init__(self, pattern, folds, trust):
        self.conditional, self.classes = '{class}' not in pattern, folds.classes
        self.paths, self._known = {}, {}  # the latter: {path: digest}
        for fold, tested in enumerate(folds.tested):
            for label in folds.classes:
                path = self.paths[fold, label] = find(pattern, fold, label)
                check(path, tested, fold, trust)
                if path not in self._known:
                    safe_pickle.read(path)
                    self._known[path] = model_record.digest(path)
        several = [[self.paths[fold, label] for label in folds.classes] for fold in range(folds.number)]
        self.digests = [' '.join(self._known[path] for path in paths) for paths in several]

    def images(self, fold, counts, seed, shape, cpu, minibatch=50):
        """(uint8 images [N, C, R, R], labels [N]): so many of each class."""
        parts, labels = [], []
        for index, (label, count) in enumerate(zip(self.classes, counts)):
            path = self.paths[fold, label]
            if model_record.digest(path) != self._known[path]:
                raise ValueError('%s was changed meanwhile; start again when nothing trains there' % path)
            with Generator(path, cpu=cpu) as generator:
                place = sorted(self.classes, key=formatting.natural_order).index(
                    label
                )  # as dataset.Pyramid counts them
                own = 0
                if self.conditional:
                    own = model_record.label_of_class(path, generator.label_size, label, place)
                wanted = one_hot(np.full(count, own), generator.label_size)
                found = generator.sample(count, seed + index, wanted, minibatch=minibatch)
            if list(found.shape[1:]) != list(shape):
                words = '%s makes images of %s, the folds hold %s; train one on them'
                raise ValueError(words % (path, list(found.shape[1:]), list(shape)))
            parts.append(found)
            labels += [index] * count
        return np.concatenate(parts), np.array(labels)
