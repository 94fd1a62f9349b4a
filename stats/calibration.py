"""Whether the probabilities of a classifier are right: Brier score, calibration error, and temperature scaling.

Labels [N], probabilities [N, K] and weights [..., N] are as in stats.classifier_metrics.
"""

import collections

import numpy as np
from scipy import optimize, special

from stats.classifier_metrics import checked, known_labels, ratio, weighted

BINS = 15
EDGES = np.linspace(0, 1, BINS + 1)
TEMPERATURES = 0.05, 20.0  # the bounds of the search

# Of the nodules in each bin of the highest probability, [..., 15]: their share of all, the mean of that probability and
# the share of them that are right. The last two are NaN for an empty bin. A bin holds its upper edge.
Reliability = collections.namedtuple('Reliability', 'share confidence accuracy')


def brier(labels, probabilities, weights=None):
    """Mean squared distance of the probabilities from those of who knows the label, [...]: from 0 to 2 (Brier 1950)."""
    labels, probabilities = checked(labels, probabilities)
    weights = weighted(weights, labels)
    distances = np.square(probabilities - np.eye(probabilities.shape[1])[labels]).sum(axis=1)
    return ratio(weights.dot(distances), weights.sum(axis=-1))


def reliability(labels, probabilities, weights=None):
    """Reliability of the predicted class in 15 bins of equal width."""
    labels, probabilities = checked(labels, probabilities)
    weights, top = weighted(weights, labels), probabilities.max(axis=1)
    inside = _inside(top)
    right = (probabilities.argmax(axis=1) == labels).astype(float)
    counts = weights.dot(inside)
    tops, rights = [ratio(weights.dot(inside * values[:, None]), counts) for values in (top, right)]
    return Reliability(ratio(counts, weights.sum(axis=-1)[..., None]), tops, rights)


def calibration_error(bins):
    """Expected calibration error, [...], of a Reliability (Guo et al., ICML 2017). Few nodules lift it: see below."""
    return np.nansum(bins.share * np.abs(bins.accuracy - bins.confidence), axis=-1)


def errors_by_chance(probabilities, number, seed=0):
    """Calibration errors [number] of right probabilities [N, K], by which answers are drawn to be right or wrong.

    A seed draws alike for all probabilities of the same nodules (Broecker and Smith, Weather Forecast 2007;22:651-661).
    """
    top = np.max(probabilities, axis=1)
    right = np.random.RandomState(seed).rand(number, len(top)) < top
    return np.abs((right - top).dot(_inside(top))).sum(axis=1) / len(top)


def _inside(top):
    """Whether the highest probability [N] is in a bin, 0 or 1, [N, 15]."""
    return np.eye(BINS)[np.digitize(top, EDGES[1:-1], right=True)]


def temperature(logits, labels):
    """What logits, or log-probabilities, [N, K] are best divided by, from 0.05 to 20 (Guo et al., ICML 2017).

    It has the least mean negative log-likelihood of the labels [N], which must not be those of a test side. It changes
    no predicted class. ValueError for what is not finite, or for unknown labels.
    """
    logits, labels = np.asarray(logits, float), np.asarray(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not labels.size or not np.isfinite(logits).all():
        raise ValueError('a temperature needs finite logits [nodules, classes] and labels [nodules], at least one')
    known_labels(labels, logits.shape[1])

    def loss(log_temperature):
        return -special.log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(len(labels)), labels].mean()

    return float(np.exp(optimize.minimize_scalar(loss, bounds=np.log(TEMPERATURES), method='bounded').x))


def tempered(logits, degrees):
    """Probabilities [..., K] of logits, or log-probabilities, [..., K] at a temperature."""
    return special.softmax(np.asarray(logits, float) / degrees, axis=-1)
