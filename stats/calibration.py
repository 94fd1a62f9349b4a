"""Whether the probabilities of a classifier are right: Brier score, calibration error, and temperature scaling.

Labels [N], probabilities [N, K] and weights [..., N] are as in stats.classifier_metrics.
"""

import collections

import numpy as np
from scipy import optimize, special

from stats.classifier_metrics import ratio, weighted

BINS = 15
EDGES = np.linspace(0, 1, BINS + 1)
TEMPERATURES = 0.05, 20.0  # the bounds of the search

# Of the nodules in each bin of the highest probability, [..., 15]: their share of all, the mean of that probability and
# the share of them that are right. The last two are NaN for an empty bin. A bin holds its upper edge.
Reliability = collections.namedtuple('Reliability', 'share confidence accuracy')


def brier(labels, probabilities, weights=None):
    """Mean squared distance of the probabilities from one-hot labels, [...]: from 0 to 2 (Brier 1950)."""
    weights = weighted(weights, len(labels))
    distances = np.square(probabilities - np.eye(np.shape(probabilities)[1])[labels]).sum(axis=1)
    return ratio(weights.dot(distances), weights.sum(axis=-1))


def reliability(labels, probabilities, weights=None):
    """Reliability of the predicted class in 15 bins of equal width."""
    weights, top = weighted(weights, len(labels)), np.max(probabilities, axis=1)
    inside = _inside(top)
    right = (np.argmax(probabilities, axis=1) == labels).astype(float)
    counts = weights.dot(inside)
    tops, rights = [ratio(weights.dot(inside * values[:, None]), counts) for values in (top, right)]
    return Reliability(ratio(counts, weights.sum(axis=-1)[..., None]), tops, rights)


def calibration_error(bins):
    """Expected calibration error, [...], of a Reliability (Guo et al., ICML 2017). Few nodules lift it: see below."""
    return np.nansum(bins.share * np.abs(bins.accuracy - bins.confidence), axis=-1)


def errors_by_chance(probabilities, n, seed=0):
    """Calibration errors [n] that chance gives a calibrated classifier with probabilities [N, K].

    Whether it is right is drawn from its highest probability; a seed draws alike for all probabilities of the same
    nodules (Broecker and Smith, Weather Forecast 2007;22:651-661).
    """
    top = np.max(probabilities, axis=1)
    right = np.random.RandomState(seed).rand(n, len(top)) < top
    return np.abs((right - top).dot(_inside(top))).sum(axis=1) / len(top)


def _inside(top):
    """Whether the highest probability [N] is in a bin, 0 or 1, [N, 15]."""
    return np.eye(BINS)[np.digitize(top, EDGES[1:-1], right=True)]


def temperature(logits, labels):
    """The temperature, from 0.05 to 20, that logits or log-probabilities [N, K] are divided by (Guo et al., ICML 2017).

    It has the least mean negative log-likelihood of the labels [N], which must not be those of a test split. It changes
    no predicted class. ValueError for logits that are not finite.
    """
    logits = np.asarray(logits, float)
    if not np.isfinite(logits).all():
        raise ValueError('a temperature needs finite logits')

    def loss(log_temperature):
        return -special.log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(len(labels)), labels].mean()

    return float(np.exp(optimize.minimize_scalar(loss, bounds=np.log(TEMPERATURES), method='bounded').x))


def tempered(logits, degrees):
    """Probabilities [..., K] of logits, or log-probabilities, [..., K] at a temperature."""
    return special.softmax(np.asarray(logits, float) / degrees, axis=-1)
