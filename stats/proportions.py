"""Proportions: intervals, and tests against a half.

Counts need not be whole numbers: a mean over repeats is none, nor is an effective count, which stands for answers that
depend on each other.
"""

import collections

import numpy as np
from scipy import special, stats

# interval: [low, high], which lies within the margins if and only if both tests of level (1 - coverage) / 2 reject;
# p: the larger one of both.
Equivalence = collections.namedtuple('Equivalence', 'shown p interval')
Effective = collections.namedtuple('Effective', 'successes count')


def wilson(successes, count, coverage=0.95):
    """The interval [low, high] of a proportion (Wilson 1927)."""
    z, share = stats.norm.ppf(0.5 + coverage / 2), successes / float(count)
    middle = share + z**2 / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    ends = (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)
    return [float(max(ends[0], 0)), float(min(ends[1], 1))]


def clopper_pearson(successes, count, coverage=0.95):
    """The exact interval [low, high] of a proportion (Clopper and Pearson 1934)."""
    tail, failures = (1 - coverage) / 2, count - successes
    low = special.betaincinv(successes, failures + 1, tail) if successes else 0
    high = special.betaincinv(successes + 1, failures, 1 - tail) if failures else 1
    return [float(low), float(high)]


def _at_least(successes, count, share):
    """The binomial probability of at least so many successes."""
    return float(special.betainc(successes, count - successes + 1, share)) if successes else 1.0


def binomial(successes, count):
    """The p of the exact, two-sided binomial test of a proportion against a half."""
    tails = _at_least(successes, count, 0.5), _at_least(count - successes, count, 0.5)
    return min(2 * min(tails), 1.0)


def equivalence(successes, count, margin, level=0.05):
    """Whether a proportion lies within a half +- margin: two one-sided exact tests (Schuirmann 1987)."""
    if not 0 < margin < 0.5:
        raise ValueError('a margin lies between 0 and 0.5, not %s' % margin)
    p = max(_at_least(part, count, 0.5 - margin) for part in (successes, count - successes))
    return Equivalence(p < level, p, clopper_pearson(successes, count, 1 - 2 * level))


def effective(right, groups):
    """The Effective count of independent answers that are worth as much as several readers' answers to the same cases.

    right: [readers, cases], 1 right, 0 wrong, NaN not answered; groups [cases]: strata whose sizes were chosen, as real
    and generated. The variance is that of a ratio over clusters (Rao and Scott, Biometrics 1992;48:577-585); counts as
    these go into exact intervals and tests after Korn and Graubard (Surv Methodol 1998;24:193-201). They speak of these
    readers and of other cases. There are never more than answers, nor fewer than cases if all have all right.
    """
    answered = ~np.isnan(right)
    right, readings, groups = np.where(answered, right, 0).sum(axis=0), answered.sum(axis=0), np.asarray(groups)
    total = float(readings.sum())
    share = right.sum() / total
    if readings.max() <= 1:
        return Effective(float(right.sum()), total)
    variance = 0.0
    for group in np.unique(groups[readings > 0]):
        members = (groups == group) & (readings > 0)
        of_group, answers, cases = right[members], readings[members], int(members.sum())
        residuals = of_group - answers * of_group.sum() / float(answers.sum())
        variance += cases / max(cases - 1.0, 1.0) * np.square(residuals).sum() / total**2
    plain = share * (1 - share) / total
    count = total / max(variance / plain, 1.0) if plain else float((readings > 0).sum())
    return Effective(share * count, count)
