"""How well a reader tells signals from noise by verdicts 1 to 6, from counts [..., 2, 6]: of noise, and of signals.

A verdict of 4 or more says signal. What is not defined, as where there were no signals, is NaN.
"""

import numpy as np
from scipy import special

from stats.classifier_metrics import ratio

VERDICTS, LEAST = 6, 4  # the least verdict that says signal


def cells(signals, verdicts):
    """One-hot counts [N, 2, 6] of N answers; weights.dot makes counts of resampled sets of them."""
    places = np.asarray(signals, int) * VERDICTS + np.asarray(verdicts, int) - 1
    return np.eye(2 * VERDICTS)[places].reshape(-1, 2, VERDICTS)


def confusion(counts):
    """How many noises and signals (rows) were called noise or signal (columns), [..., 2, 2]."""
    return np.stack([counts[..., : LEAST - 1].sum(axis=-1), counts[..., LEAST - 1 :].sum(axis=-1)], axis=-1)


def dprime_and_criterion(counts, intervals=1):
    """d' and c, [...], with the log-linear correction (Hautus, Behav Res Methods 1995;27:46-51).

    c is above 0 for one who rather says noise. intervals: 2 where a case is a pair, which shows sqrt(2) times the d' of
    one patch (Macmillan and Creelman 2005).
    """
    matrix = confusion(counts)
    rates = (matrix[..., 1] + 0.5) / (matrix.sum(axis=-1) + 1.0)
    z = np.where(matrix.sum(axis=-1).all(axis=-1)[..., None], special.ndtri(rates), np.nan)
    return (z[..., 1] - z[..., 0]) / np.sqrt(intervals), -z.mean(axis=-1)


def roc(counts):
    """False-positive and true-positive rates [..., 7], from calling nothing a signal to calling everything one."""
    above = np.cumsum(counts[..., ::-1], axis=-1)
    rates = ratio(above, above[..., -1:])
    rates = np.concatenate([0 * rates[..., :1], rates], axis=-1)
    return rates[..., 0, :], rates[..., 1, :]


def auc(counts):
    """Area under the ROC curve through its points, [...]: equals count half (Bamber 1975)."""
    false, true = roc(counts)
    return ((false[..., 1:] - false[..., :-1]) * (true[..., 1:] + true[..., :-1]) / 2).sum(axis=-1)
