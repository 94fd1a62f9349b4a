"""What the networks of an arm, one way to train a classifier, predict of nodules that they were not trained on."""

import collections

import numpy as np

# nodules, patients, labels, folds: [N]; probabilities: [repeats, N, K]. A fold is that whose network predicts the
# nodule; a nodule whose patient is not known has a patient of its own.
Predictions = collections.namedtuple('Predictions', 'nodules patients labels folds probabilities')


def gathered(nodules, patients, repeats, folds, labels, probabilities):
    """Predictions, by name of nodule, of rows in any order: five columns [M] and probabilities [M, K].

    ValueError unless each nodule has one row in each repeat, all of one patient, label and fold.
    """
    columns = nodules, patients, repeats, folds, labels
    nodules, patients, repeats, folds, labels = [np.asarray(column) for column in columns]
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
    names, patients, labels, folds = [column[order].reshape(shape) for column in (nodules, patients, labels, folds)]
    for column, values in (('patient', patients), ('label', labels), ('fold', folds)):
        differ = (values != values[0]).any(axis=0)
        if differ.any():
            raise ValueError('nodule %s has more than one %s' % (names[0, np.argmax(differ)], column))
    probabilities = probabilities[order].reshape(shape + probabilities.shape[1:])
    return Predictions(names[0], patients[0], labels[0], folds[0], probabilities)


def check(arms, classes, controls):
    """ValueError unless all of {arm: Predictions} are of the same nodules, repeats and classes, and controls arms."""
    for control in filter(None, controls.values()):
        if control not in arms:
            raise ValueError('no arm %s to compare with; there are: %s' % (control, ', '.join(arms)))
    reference, first = next(iter(arms.items()))
    for arm, predicted in arms.items():
        alike = all(np.array_equal(x, y) for x, y in zip(predicted[:4], first[:4]))
        if not alike or np.shape(predicted.probabilities) != np.shape(first.probabilities):
            raise ValueError('arms %s and %s differ in nodules, patients, labels, folds or repeats' % (arm, reference))
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


def right(predicted):
    """float [N]: the share of repeats in which the class of highest probability is the nodule's."""
    return (predicted.probabilities.argmax(axis=2) == predicted.labels).mean(axis=0)


def patient_differences(first, second):
    """What each patient adds to the balanced accuracy of `second` less that of `first`, mean over repeats, [P].

    The sum is that difference, of Predictions of the same nodules.
    """
    gains = right(second) - right(first)
    counts = np.bincount(first.labels)
    _, patients = np.unique(first.patients, return_inverse=True)
    return np.bincount(patients, gains / (len(counts) * counts[first.labels]))


def disagreement(first, second):
    """Share of nodules that one of two arms has right and the other wrong, mean over repeats."""
    one, other = [x.probabilities.argmax(axis=2) == x.labels for x in (first, second)]
    return float((one != other).mean())
