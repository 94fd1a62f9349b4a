"""The standard deviation of a sample, and its interval where values are not normally distributed."""

import numpy as np
from scipy import special

from stats.bootstrap import COVERAGE


def interval(values):
    """95 % interval [low, high] of the standard deviation of the population that values [N], 5 or more, are from.

    It is about the logarithm, whose variance follows from the kurtosis (Bonett, Comput Stat Data Anal 2006;50:775-782).
    With the median and Student's t instead of the trimmed mean and the normal distribution it is wider for few or skew
    values (Niwitpong and Kirdwichai, Thailand Statistician 2008;6:1-6). ValueError for fewer values.
    """
    values = np.asarray(values, np.float64)
    count = len(values)
    if count < 5:
        raise ValueError('an interval of a standard deviation needs 5 values; there are %d' % count)
    squares = np.sum(np.square(values - values.mean()))
    if not squares:
        return [0.0, 0.0]
    correction = count / (count - special.ndtri(0.5 + COVERAGE / 2))
    kurtosis = count * np.sum((values - np.median(values)) ** 4) / squares**2
    error = correction * np.sqrt(max(kurtosis - (count - 3.0) / count, 0.0) / (count - 1))
    half = special.stdtrit(count - 1, 0.5 + COVERAGE / 2) * error
    return np.sqrt(correction * squares / (count - 1) * np.exp([-half, half])).tolist()
