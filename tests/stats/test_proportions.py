"""Intervals and tests of proportions against published examples, SciPy and simulated readers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from stats import proportions


def scipys(successes, count, share, alternative):
    test = stats.binomtest if hasattr(stats, 'binomtest') else stats.binom_test  # SciPy 1.5 has the latter
    result = test(successes, count, share, alternative=alternative)
    return getattr(result, 'pvalue', result)


def test_wilson_intervals_are_the_published_ones():
    assert_allclose(proportions.wilson(0.605 * 206, 206), [0.537, 0.669], atol=0.0005)
    assert_allclose(proportions.wilson(0, 25), [0, 0.133], atol=0.0005)  # Agresti's vegetarians


@pytest.mark.parametrize('successes, count', [(1, 10), (5, 10), (9, 10), (125, 206)])
def test_the_ends_of_a_wilson_interval_are_what_a_score_test_just_does_not_reject(successes, count):
    share, ends = successes / float(count), np.array(proportions.wilson(successes, count, coverage=0.9))
    assert_allclose((share - ends) / np.sqrt(ends * (1 - ends) / count), [1.644854, -1.644854], rtol=1e-5)


@pytest.mark.parametrize('successes, count', [(0, 10), (3, 10), (5, 10), (10, 10), (174, 300)])
def test_the_test_against_a_half_is_scipys_and_the_exact_interval_is_what_one_sided_tests_just_do_not_reject(
    successes, count
):
    assert proportions.binomial(successes, count) == pytest.approx(scipys(successes, count, 0.5, 'two-sided'))
    low, high = proportions.clopper_pearson(successes, count, 0.9)
    assert low == 0 if successes == 0 else scipys(successes, count, low, 'greater') == pytest.approx(0.05)
    assert high == 1 if successes == count else scipys(successes, count, high, 'less') == pytest.approx(0.05)


@pytest.mark.parametrize('successes', range(110, 191, 4))
def test_equivalence_is_two_one_sided_tests_and_the_interval_within_the_margin(successes):
    result = proportions.equivalence(successes, 300, 0.1)
    p = max(scipys(successes, 300, 0.4, 'greater'), scipys(successes, 300, 0.6, 'less'))
    assert result.p == pytest.approx(p) and result.shown == (p < 0.05)
    assert result.shown == (result.interval[0] > 0.4 and result.interval[1] < 0.6)


def test_few_answers_are_never_equivalent_and_no_margin_reaches_all_or_nothing():
    assert not proportions.equivalence(25, 50, 0.1).shown and proportions.equivalence(50, 100, 0.1).shown
    for margin in (0, 0.5, -0.1):
        with pytest.raises(ValueError, match='margin lies between'):
            proportions.equivalence(50, 100, margin)


def test_readers_who_all_say_the_same_count_once_and_independent_ones_each(random):
    signals = np.arange(400) % 2 == 0
    one = (random.uniform(size=[1, 400]) < 0.6).astype(float)
    assert proportions.effective(one, signals) == (one.sum(), 400)
    assert_allclose(proportions.effective(np.repeat(one, 4, axis=0), signals).count, 400, rtol=0.02)
    several = (random.uniform(size=[4, 400]) < 0.6).astype(float)
    assert_allclose(proportions.effective(several, signals).count, 1600, rtol=0.12)
    assert proportions.effective(np.ones([3, 50]), np.ones(50)) == (50, 50)


def test_cases_of_which_each_was_read_by_one_are_independent_whoever_read_them(random):
    right = np.full([3, 90], np.nan)
    right[np.arange(90) % 3, np.arange(90)] = random.randint(2, size=90)
    assert proportions.effective(right, np.arange(90) % 2) == (np.nansum(right), 90)


def test_the_variance_of_dependent_answers_is_what_simulated_studies_vary_by(random):
    signals, shares, variances = np.arange(100) % 2 == 0, [], []
    for _ in range(600):
        evidence = 0.8 * random.randn(100) + 0.6 * random.randn(3, 100) + np.where(signals, 0.8, 0)
        right = ((evidence > 0) == signals).astype(float)  # who leans to the signal has 0.5 of the noise right
        right[1, :40] = np.nan
        successes, count = proportions.effective(right, signals)
        shares.append(successes / count)
        variances.append(shares[-1] * (1 - shares[-1]) / count)
    assert_allclose(np.mean(variances), np.var(shares), rtol=0.15)
