"""What the networks of an arm, one way to train a classifier, predict of nodules that they were not trained on."""

import collections

import numpy as np

from stats import classifier_metrics

# nodules, labels, folds: [N]; probabilities: [repeats, N, K]. A fold is that whose network predicts the nodule.
Predictions = collections.namedtuple('Predictions', 'nodules labels folds probabilities')


def gathered(nodules, repeats, folds, labels, probabilities):
    """Predictions, by name of nodule, of rows in any order: four columns [M] and probabilities [M, K].

    ValueError unless each nodule has one row in each repeat, all of one label and fold.
    """
    nodules, repeats, folds, labels = [np.asarray(x) for x in (nodules, repeats, folds, labels)]
    probabilities = np.asarray(probabilities, float)
    if not nodules.size:
        raise ValueError('there are no predictions')
    rows = collections.Counter(zip(nodules.tolist(), repeats.tolist()))
    for nodule in np.unique(nodules).tolist():
        for repeat in np.unique(repeats).tolist():
            if rows[nodule, repeat] != 1:
                words = 'nodule %s has %d rows in repeat %s; each nodule has one in each repeat'
                raise ValueError(words % (nodule, rows[nodule, repeat], repeat))
    order = np.lexsort([nodules, repeats])
    shape = len(np.unique(repeats)), -1
    names, labels, folds = [x[order].reshape(shape) for x in (nodules, labels, folds)]
    for word, values in (('label', labels), ('fold', folds)):
        differ = (values != values[0]).any(axis=0)
        if differ.any():
            raise ValueError('nodule %s has more than one %s' % (names[0, np.argmax(differ)], word))
    return Predictions(names[0], labels[0], folds[0], probabilities[order].reshape(shape + probabilities.shape[1:]))


def check(arms, classes, reference):
    """ValueError unless all of {arm: Predictions} are of the same nodules, repeats and classes, the reference too."""
    if reference not in arms:
        raise ValueError('no arm %s to compare with; there are: %s' % (reference, ', '.join(arms)))
    first = arms[reference]
    for arm, found in arms.items():
        alike = all(np.array_equal(x, y) for x, y in zip(found[:3], first[:3]))
        if not alike or np.shape(found.probabilities) != np.shape(first.probabilities):
            raise ValueError('arms %s and %s differ in nodules, labels, folds or repeats' % (arm, reference))
        for repeat in found.probabilities:
            try:
                classifier_metrics.checked(found.labels, repeat)
            except ValueError as error:
                raise ValueError('arm %s: %s' % (arm, error))
    if first.probabilities.shape[2] != len(classes):
        words = 'probabilities of %d classes, but names of %d: %s'
        raise ValueError(words % (first.probabilities.shape[2], len(classes), ', '.join(classes)))


def lacking(found, classes):
    """A sentence on each fold that lacks a class."""
    notes, words = [], 'fold %s has no nodule of %s: it counts for the AUC and balanced accuracy of the others alone'
    for fold in np.unique(found.folds):
        missing = set(range(len(classes))) - set(found.labels[found.folds == fold].tolist())
        if missing:
            notes.append(words % (fold, ' and '.join(classes[k] for k in sorted(missing))))
    return notes


def fold_scores(found):
    """Balanced accuracy in each fold of each repeat, [repeats * folds]."""
    inside = (found.folds == np.unique(found.folds)[:, None]).astype(float)
    matrices = [classifier_metrics.confusion(found.labels, x, inside) for x in found.probabilities]
    return np.ravel([classifier_metrics.balanced_accuracy(matrix) for matrix in matrices])


def right(found):
    """bool [N]: whether the class of highest probability, averaged over repeats, is the nodule's.

    McNemar's test needs one answer for each nodule. Three votes for three classes may end in a tie; means of
    probabilities hardly ever do.
    """
    return found.probabilities.mean(axis=0).argmax(axis=1) == found.labels
