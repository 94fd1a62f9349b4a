"""Intervals of metrics, from resampled sets of images."""

import collections
import typing

import numpy as np
from scipy import special


class Statistic(typing.NamedTuple):
    """What `estimate` estimates."""

    function: object  # of weights, how often each image counts, an array for each of its sets
    counts: list  # images of each of the sets
    interval: list = None  # [lo, hi] by a formula that is better than the bootstrap's


# value; interval: [lo, hi]; resampled: the values of resampled sets, for `difference`, or None.
Estimate = collections.namedtuple('Estimate', 'value interval resampled')
COVERAGE = 0.95  # of intervals
MANY = 500  # resamples that show where the tails of a distribution end; fewer show its width only


def estimate(statistic, seed=0, resamples=MANY, value=None):
    """The value of a Statistic, all weights 1, and a bootstrap interval [lo, hi] (Efron 1979) if it has none.

    value: a better one than that, if there is one. Resampled sets are further apart than the sets themselves, which
    lifts every distance; so the interval that holds COVERAGE of the resampled values is moved until their mean is the
    value. With fewer than 500 resamples it is that of Student's t distribution for their standard deviation. Either is
    widened for small sets, whose resamples vary too little: by sqrt(n / (n - 1)) and, as the interval of a mean is, by
    t(n - 1) / t(infinity) (Hesterberg 2015, section 3.3). Its lower end is not below zero where the value is not.
    """
    function, counts, interval = statistic
    random = np.random.RandomState(seed)
    if value is None:
        value = function(*[np.ones(count, int) for count in counts])
    values = []
    for _ in range(resamples):
        weights = [random.multinomial(count, np.full(count, 1.0 / count)) for count in counts]
        values.append(function(*weights))
    values = np.array(values)
    if interval is None:
        ends = value + _ends(values, min(counts))
        interval = [float(max(end, 0.0)) if value >= 0 else float(end) for end in ends]
    return Estimate(value, interval, values)


def _ends(values, smallest):
    """How far the ends of an interval lie from its value, from the values of resampled sets."""
    tail, resamples = 0.5 + COVERAGE / 2, len(values)
    spread = np.sqrt(smallest / (smallest - 1.0))
    if resamples >= MANY:
        ends = np.percentile(values, [100 - 100 * tail, 100 * tail]) - np.mean(values)
        return ends * (spread * special.stdtrit(smallest - 1, tail) / special.ndtri(tail))
    width = special.stdtrit(min(resamples, smallest) - 1, tail) * spread * np.std(values, ddof=1)
    return np.array([-width, width])


def difference(a, b, smallest):
    """The Estimate of a - b, of sets that were resampled alike, so that what they have in common cancels.

    a, b: Estimates. smallest: how many images the smallest set holds.
    """
    value, resampled = a.value - b.value, a.resampled - b.resampled
    return Estimate(value, (value + _ends(resampled, smallest)).tolist(), resampled)
