"""How well a classifier of nodules does, from its probabilities [N, K] and the labels [N], 0 to K - 1, of N nodules.

Where `weights` [..., N] are taken, nodule i counts weights[..., i] times, so that many resampled sets are measured at
once; without them each counts once. Classes are in their order, as AIS, MIA, IA, which kappa depends on. The class that
is predicted is the one of highest probability, of equals the first.
"""

import numpy as np

try:
    from sklearn.metrics import roc_curve
except ImportError:
    raise ImportError('classifiers are measured with scikit-learn: pip install scikit-learn') from None

FALSE_POSITIVE_RATES = np.concatenate([[0], np.arange(101) / 100.0])  # of mean ROC curves, which begin at (0, 0)


def checked(labels, probabilities):
    """labels [N] int and probabilities [N, K] float, each of K > 1 classes among the labels; or else ValueError."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, float)
    if probabilities.ndim != 2 or probabilities.shape[1] < 2 or labels.shape != probabilities.shape[:1]:
        words = 'probabilities of %s for labels of %s; wanted [nodules, classes] and [nodules], 2 classes or more'
        raise ValueError(words % (list(probabilities.shape), list(labels.shape)))
    known_labels(labels, probabilities.shape[1])
    finite = np.where(np.isfinite(probabilities), probabilities, -1)
    bad = (finite < 0).any(axis=1) | (np.abs(finite.sum(axis=1) - 1) > 2e-3)  # a table may hold three decimals
    if bad.any():
        row = int(np.argmax(bad))
        words = 'probabilities %s of row %d (from 0) are not at least 0 with a sum of 1'
        raise ValueError(words % (probabilities[row].tolist(), row))
    missing = sorted(set(range(probabilities.shape[1])) - set(labels.tolist()))
    if missing:
        raise ValueError('no nodule of class %d; each class needs one' % missing[0])
    return labels, probabilities


def known_labels(labels, classes):
    """ValueError unless labels are whole numbers from 0 to classes - 1."""
    unknown = [label for label in labels.tolist() if label not in range(classes)]
    if unknown or labels.dtype.kind not in 'iu':
        words = 'labels are whole numbers from 0 to %d'
        raise ValueError((words + ', not %r' % unknown[0] if unknown else words) % (classes - 1))


def weighted(weights, labels):
    """weights, or ones where there are none."""
    return np.ones(len(labels)) if weights is None else np.asarray(weights, float)


def ratio(numerator, denominator):
    """numerator / denominator, NaN where that is 0."""
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(denominator == 0, np.nan, numerator / np.asarray(denominator, float))


def mean(values, axis):
    """Mean of those values that are not NaN; NaN if all are."""
    return ratio(np.nansum(values, axis), np.sum(~np.isnan(values), axis))


def confusion(labels, probabilities, weights=None):
    """How many nodules of each class (rows) are taken for each class (columns), [..., K, K]."""
    labels, probabilities = checked(labels, probabilities)
    weights, count = weighted(weights, labels), probabilities.shape[1]
    cells = np.eye(count * count)[labels * count + probabilities.argmax(axis=1)]
    return weights.dot(cells).reshape(weights.shape[:-1] + (count, count))


def accuracy(matrix):
    """Share of nodules that are right, [...], of confusion matrices [..., K, K]."""
    return ratio(np.trace(matrix, axis1=-2, axis2=-1), matrix.sum(axis=(-2, -1)))


def sensitivity(matrix):
    """Share of the nodules of a class that are taken for it, [..., K]; NaN for a class that the matrix lacks."""
    return ratio(np.diagonal(matrix, axis1=-2, axis2=-1), matrix.sum(axis=-1))


def specificity(matrix):
    """Share of the nodules of all other classes that are not taken for a class, [..., K]."""
    others = matrix.sum(axis=(-2, -1))[..., None] - matrix.sum(axis=-1)
    return 1 - ratio(matrix.sum(axis=-2) - np.diagonal(matrix, axis1=-2, axis2=-1), others)


def balanced_accuracy(matrix):
    """Mean sensitivity of the classes that the matrix has, [...]; chance is 1 / K."""
    return mean(sensitivity(matrix), axis=-1)


def kappa(matrix):
    """Cohen's kappa with quadratic weights (Psychol Bull 1968;70:213-220), [...]; 0 is chance, 1 is agreement."""
    place = np.arange(matrix.shape[-1])
    apart = np.square(place[:, None] - place)
    expected = matrix.sum(axis=-1)[..., None] * matrix.sum(axis=-2)[..., None, :]
    total = matrix.sum(axis=(-2, -1))
    return 1 - ratio((apart * matrix).sum(axis=(-2, -1)) * total, (apart * expected).sum(axis=(-2, -1)))


def auc(labels, probabilities, folds, weights=None):
    """Area under the ROC curve of each class against the rest in each fold, [..., F, K]; folds [N], in their order.

    The scores of different networks are not comparable, so folds are never pooled. NaN where a fold has no nodule of
    the class, or none of another.
    """
    labels, probabilities = checked(labels, probabilities)
    weights, folds = weighted(weights, labels), np.asarray(folds)
    names, count = np.unique(folds), probabilities.shape[1]
    areas = np.empty(weights.shape[:-1] + (len(names), count))
    for f, name in enumerate(names):
        for k in range(count):
            one, rest = [np.flatnonzero((folds == name) & ((labels == k) == wanted)) for wanted in (True, False)]
            above = (1 + np.sign(probabilities[one, k][:, None] - probabilities[rest, k])) / 2  # of equals, half
            ones, rests = weights[..., one], weights[..., rest]
            areas[..., f, k] = ratio((ones.dot(above) * rests).sum(axis=-1), ones.sum(axis=-1) * rests.sum(axis=-1))
    return areas


def macro_auc(areas):
    """Mean over the classes of each fold, then over folds, [...], of areas [..., F, K]; those that are NaN left out."""
    return mean(mean(areas, axis=-1), axis=-1)


def mean_roc(labels, probabilities, folds):
    """True-positive rates [K, 102] at FALSE_POSITIVE_RATES, of each class against the rest, averaged over folds.

    That is vertical averaging (Fawcett, Pattern Recognit Lett 2006;27:861-874). NaN for a class that no fold has beside
    another one.
    """
    labels, probabilities = checked(labels, probabilities)
    folds, curves = np.asarray(folds), []
    for k in range(probabilities.shape[1]):
        several = [np.full(len(FALSE_POSITIVE_RATES), np.nan)]
        for inside in [folds == name for name in np.unique(folds)]:
            one = labels[inside] == k
            if one.any() and not one.all():
                false, true = roc_curve(one, probabilities[inside, k])[:2]
                several.append(np.interp(FALSE_POSITIVE_RATES, false, true))
                several[-1][0] = 0
        curves.append(mean(np.array(several), axis=0))
    return np.array(curves)
