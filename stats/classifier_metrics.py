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


def weighted(weights, count):
    """weights [..., count], or ones where there are none."""
    return np.ones(count) if weights is None else np.asarray(weights, float)


def ratio(numerator, denominator):
    """numerator / denominator, NaN where that is 0."""
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.where(denominator == 0, np.nan, numerator / np.asarray(denominator, float))


def mean(values, axis):
    """Mean of those values that are not NaN; NaN if all are."""
    return ratio(np.nansum(values, axis), np.sum(~np.isnan(values), axis))


def confusion(labels, probabilities, weights=None):
    """How many nodules of each class (rows) are taken for each class (columns), [..., K, K]."""
    weights, count = weighted(weights, len(labels)), np.shape(probabilities)[1]
    cells = np.eye(count * count)[np.asarray(labels) * count + np.argmax(probabilities, axis=1)]
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
    index = np.arange(matrix.shape[-1])
    apart = np.square(index[:, None] - index)
    expected = matrix.sum(axis=-1)[..., None] * matrix.sum(axis=-2)[..., None, :]
    total = matrix.sum(axis=(-2, -1))
    return 1 - ratio((apart * matrix).sum(axis=(-2, -1)) * total, (apart * expected).sum(axis=(-2, -1)))


def auc(labels, probabilities, folds, weights=None):
    """Area under the ROC curve of each class against the rest in each fold, [..., F, K]; folds [N], in their order.

    The scores of different networks are not comparable, so folds are never pooled. NaN where a fold has no nodule of
    the class, or none of another.
    """
    labels, probabilities, folds = [np.asarray(values) for values in (labels, probabilities, folds)]
    weights = weighted(weights, len(labels))
    names, count = np.unique(folds), probabilities.shape[1]
    areas = np.empty(weights.shape[:-1] + (len(names), count))
    for f, name in enumerate(names):
        for k in range(count):
            inside = np.flatnonzero((folds == name) & (labels == k))
            outside = np.flatnonzero((folds == name) & (labels != k))
            above = (1 + np.sign(probabilities[inside, k][:, None] - probabilities[outside, k])) / 2  # of equals, half
            counts, others = weights[..., inside], weights[..., outside]
            pairs = counts.sum(axis=-1) * others.sum(axis=-1)
            areas[..., f, k] = ratio((counts.dot(above) * others).sum(axis=-1), pairs)
    return areas


def macro_auc(areas):
    """Mean over the classes of each fold, then over folds, [...], of areas [..., F, K]; those that are NaN left out."""
    return mean(mean(areas, axis=-1), axis=-1)


def mean_roc(labels, probabilities, folds):
    """True-positive rates [K, 102] at FALSE_POSITIVE_RATES, of each class against the rest, averaged over folds.

    That is vertical averaging (Fawcett, Pattern Recognit Lett 2006;27:861-874). NaN for a class that no fold has beside
    another one.
    """
    labels, probabilities, folds = [np.asarray(values) for values in (labels, probabilities, folds)]
    means = []
    for k in range(probabilities.shape[1]):
        curves = [np.full(len(FALSE_POSITIVE_RATES), np.nan)]
        for fold in np.unique(folds):
            of_class = labels[folds == fold] == k
            if of_class.any() and not of_class.all():
                false, true = roc_curve(of_class, probabilities[folds == fold, k])[:2]
                curves.append(np.interp(FALSE_POSITIVE_RATES, false, true))
                curves[-1][0] = 0
        means.append(mean(np.array(curves), axis=0))
    return np.array(means)
