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
    nodules, repeats, folds, labels = [np.asarray(column) for column in (nodules, repeats, folds, labels)]
    probabilities = np.asarray(probabilities, float)
    if not nodules.size:
        raise ValueError('there are no predictions')
    rows = collections.Counter(zip(nodules.tolist(), repeats.tolist()))
    for nodule in np.unique(nodules).tolist():
        for repeat in np.unique(repeats).tolist():
            if rows[nodule, repeat] != 1:
                message = 'nodule %s has %d rows in repeat %s; each nodule has one in each repeat'
                raise ValueError(message % (nodule, rows[nodule, repeat], repeat))
    order = np.lexsort([nodules, repeats])
    shape = len(np.unique(repeats)), -1
    names, labels, folds = [column[order].reshape(shape) for column in (nodules, labels, folds)]
    for column, values in (('label', labels), ('fold', folds)):
        differ = (values != values[0]).any(axis=0)
        if differ.any():
            raise ValueError('nodule %s has more than one %s' % (names[0, np.argmax(differ)], column))
    return Predictions(names[0], labels[0], folds[0], probabilities[order].reshape(shape + probabilities.shape[1:]))


def check(arms, classes, reference):
    """ValueError unless all of {arm: Predictions} are of the same nodules, repeats and classes, the reference too."""
    if reference not in arms:
        raise ValueError('no arm %s to compare with; there are: %s' % (reference, ', '.join(arms)))
    first = arms[reference]
    for arm, predicted in arms.items():
        alike = all(np.array_equal(x, y) for x, y in zip(predicted[:3], first[:3]))
        if not alike or np.shape(predicted.probabilities) != np.shape(first.probabilities):
            raise ValueError('arms %s and %s differ in nodules, labels, folds or repeats' % (arm, reference))
        with np.errstate(invalid='ignore'):  # NaN is bad, too
            sums = predicted.probabilities.sum(axis=2)
            good = (predicted.probabilities >= 0).all() and (np.abs(sums - 1) <= 2e-3).all()  # 3 decimals of a table
        if not good:
            raise ValueError('arm %s: probabilities are not at least 0 with a sum of 1' % arm)
    if first.probabilities.shape[2] != len(classes):
        message = 'probabilities of %d classes, but names of %d: %s'
        raise ValueError(message % (first.probabilities.shape[2], len(classes), ', '.join(classes)))
    if np.unique(first.labels).tolist() != list(range(len(classes))):
        raise ValueError('labels are not 0 to %d, each at least once' % (len(classes) - 1))


def incomplete_folds(predicted, classes):
    """A sentence on each fold without nodules of a class."""
    notes, message = [], 'fold %s has no nodule of %s: it counts for the AUC and balanced accuracy of the others alone'
    for fold in np.unique(predicted.folds):
        missing = set(range(len(classes))) - set(predicted.labels[predicted.folds == fold].tolist())
        if missing:
            notes.append(message % (fold, ' and '.join(classes[k] for k in sorted(missing))))
    return notes


def fold_scores(predicted):
    """Balanced accuracy in each fold of each repeat, [repeats * folds]."""
    inside = (predicted.folds == np.unique(predicted.folds)[:, None]).astype(float)
    matrices = [classifier_metrics.confusion(predicted.labels, x, inside) for x in predicted.probabilities]
    return np.ravel([classifier_metrics.balanced_accuracy(matrix) for matrix in matrices])


def right(predicted):
    """bool [N]: whether the class of highest probability, averaged over repeats, is the nodule's.

    McNemar's test needs one answer for each nodule. Three votes for three classes may end in a tie; means of
    probabilities hardly ever do.
    """
    return predicted.probabilities.mean(axis=0).argmax(axis=1) == predicted.labels
