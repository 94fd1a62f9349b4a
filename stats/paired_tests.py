"""Tests of two classifiers on the same nodules, with closed forms: McNemar, Holm, Nadeau and Bengio."""

import collections

import numpy as np
from scipy import stats

# only_first, only_second: nodules that only the first, or the second, classifier has right.
McNemar = collections.namedtuple('McNemar', 'only_first only_second p')
NadeauBengio = collections.namedtuple('NadeauBengio', 'value interval p')


def mcnemar(first, second):
    """McNemar's exact, two-sided test of two classifiers. first, second: whether each nodule is right, bool [N]."""
    first, second = np.asarray(first, bool), np.asarray(second, bool)
    only = int((first & ~second).sum()), int((second & ~first).sum())
    return McNemar(*only, p=float(min(2 * stats.binom.cdf(min(only), sum(only), 0.5), 1)))


def holm(p):
    """p-values [M] corrected for their number, in their order (Holm, Scand J Stat 1979;6:65-70)."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind='mergesort')
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected.tolist()


def nadeau_bengio(differences, test_to_train, coverage=0.95):
    """The corrected resampled t-test of differences [J] in a score, two or more, one for each fold of each repeat.

    test_to_train: nodules of a test split by those of its training split; training splits overlap, so scores vary less
    than those of other nodules would (Nadeau and Bengio, Mach Learn 2003;52:239-281; for repeated folds: Bouckaert and
    Frank 2004).
    """
    differences = np.asarray(differences, float)
    count = differences.size
    value = float(differences.mean())
    error = float(np.sqrt((1.0 / count + test_to_train) * differences.var(ddof=1)))
    half = float(stats.t.ppf(0.5 + coverage / 2, count - 1)) * error
    if error:
        p = float(2 * stats.t.sf(abs(value) / error, count - 1))
    else:
        p = 0.0 if value else 1.0
    return NadeauBengio(value, [value - half, value + half], p)
