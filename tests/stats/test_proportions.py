"""Intervals of proportions against published examples and the score test."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from stats import proportions


def test_wilson_intervals_are_the_published_ones():
    assert_allclose(proportions.wilson(0.605 * 206, 206), [0.537, 0.669], atol=0.0005)
    assert_allclose(proportions.wilson(0, 25), [0, 0.133], atol=0.0005)  # Agresti's vegetarians


@pytest.mark.parametrize('successes, count', [(1, 10), (5, 10), (9, 10), (125, 206)])
def test_the_ends_of_a_wilson_interval_are_what_a_score_test_just_does_not_reject(successes, count):
    share, ends = successes / float(count), np.array(proportions.wilson(successes, count, coverage=0.9))
    assert_allclose((share - ends) / np.sqrt(ends * (1 - ends) / count), [1.644854, -1.644854], rtol=1e-5)
