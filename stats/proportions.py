"""Intervals of proportions.

Counts need not be whole numbers: a mean over repeats is none, nor is an effective count, which stands for answers that
depend on each other.
"""

import numpy as np
from scipy import stats


def wilson(successes, count, coverage=0.95):
    """The interval [low, high] of a proportion (Wilson 1927)."""
    z, share = stats.norm.ppf(0.5 + coverage / 2), successes / float(count)
    middle = share + z**2 / (2 * count)
    half = z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2)
    ends = (middle - half) / (1 + z**2 / count), (middle + half) / (1 + z**2 / count)
    return [float(max(ends[0], 0)), float(min(ends[1], 1))]
