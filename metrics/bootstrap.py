"""Intervals of metrics, from resampled sets of images."""

import collections

import numpy as np
from scipy import special

Estimate = collections.namedtuple('Estimate', 'value interval')
MANY = 500  # resamples that show where the tails of a distribution end; fewer show its width only


def estimate(statistic, counts, seed=0, resamples=MANY, coverage=0.95, value=None):
    """The value of statistic(weights, ...), all weights 1, and a bootstrap interval [lo, hi] (Efron 1979).

    counts: how many images each of its sets holds. value: a better one than that, if there is one. Resampled sets are
    further apart than the sets themselves, which lifts every distance; so the interval that holds `coverage` of the
    resampled values is moved until their mean is the value. With fewer than 500 resamples it is that of Student's t
    distribution for their standard deviation. Either is widened for small sets, whose resamples vary too little: by
    sqrt(n / (n - 1)) and, as the interval of a mean is, by t(n - 1) / t(infinity) (Hesterberg 2015, section 3.3). Its
    lower end is not below zero where the value is not.
    """
    random = np.random.RandomState(seed)
    if value is None:
        value = statistic(*[np.ones(count, int) for count in counts])
    values = []
    for _ in range(resamples):
        weights = [random.multinomial(count, np.full(count, 1.0 / count)) for count in counts]
        values.append(statistic(*weights))
    smallest, tail = min(counts), 0.5 + coverage / 2
    spread = np.sqrt(smallest / (smallest - 1.0))
    if resamples >= MANY:
        ends = np.percentile(values, [100 - 100 * tail, 100 * tail]) - np.mean(values)
        ends *= spread * special.stdtrit(smallest - 1, tail) / special.ndtri(tail)
    else:
        width = special.stdtrit(min(resamples, smallest) - 1, tail) * spread * np.std(values, ddof=1)
        ends = np.array([-width, width])
    return Estimate(value, [float(max(end, 0.0)) if value >= 0 else float(end) for end in ends + value])
