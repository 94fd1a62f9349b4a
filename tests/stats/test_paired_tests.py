"""Tests and intervals against published worked examples, whole numbers and closed forms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats

from stats import paired_tests


def ratings(both, first, second, neither):
    """What two have right, by how many nodules both, one alone and neither have."""
    return [np.repeat(x, [both, first, second, neither]) for x in ([True, True, False, False], [True, False] * 2)]


def test_mcnemar_of_agrestis_approval_ratings_is_the_exact_sum_of_whole_numbers():
    result = paired_tests.mcnemar(*ratings(794, 150, 86, 570))
    tail, term = 0, 1  # term: 236 over k
    for k in range(87):
        tail += term
        term = term * (236 - k) // (k + 1)
    assert result[:2] == (150, 86) and result.p == pytest.approx(2 * tail / 2.0**236)
    assert result.p == pytest.approx(
        special.erfc(np.sqrt(17.36 / 2)), rel=0.25
    )  # his z squared, a normal approximation


@pytest.mark.parametrize('first, second', [(0, 0), (1, 0), (3, 3), (2, 9), (40, 25)])
def test_mcnemar_is_the_two_sided_binomial_test_and_symmetric(first, second):
    result = paired_tests.mcnemar(*ratings(10, first, second, 5))
    if hasattr(stats, 'binomtest'):
        expected = stats.binomtest(first, first + second).pvalue if first + second else 1
    else:
        expected = stats.binom_test(first, first + second) if first + second else 1
    assert result.p == pytest.approx(expected)
    assert paired_tests.mcnemar(*ratings(10, second, first, 5)) == (second, first, result.p)


def test_holm_corrects_a_textbook_example_in_its_order():
    assert_allclose(paired_tests.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert paired_tests.holm([0.2]) == [0.2] and paired_tests.holm([0.9, 0.8]) == [1, 1] and paired_tests.holm([]) == []


def test_nadeau_and_bengio_by_hand_on_five_numbers():
    result = paired_tests.nadeau_bengio([0.02, 0.04, 0.06, 0.08, 0.10], test_to_train=0.25)
    # Variance 0.001, times 1/5 + 1/4: t is 0.06 / sqrt(0.00045), the root of 8, with 4 degrees of freedom
    p = 1 - 2 * 3 / 8.0 * np.sqrt(8 / 3.0) * (1 - 8 / 36.0)
    assert result.value == pytest.approx(0.06) and result.p == pytest.approx(p)
    assert_allclose(
        result.interval, [0.06 - 2.776445 * np.sqrt(0.00045), 0.06 + 2.776445 * np.sqrt(0.00045)], atol=1e-7
    )


def test_without_overlap_nadeau_and_bengio_is_the_t_test(random):
    differences = random.randn(15) + 0.4
    assert paired_tests.nadeau_bengio(differences, 0).p == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)


def test_arms_that_never_differ_have_a_p_of_1():
    assert paired_tests.nadeau_bengio(np.zeros(6), 0.25) == (0, [0, 0], 1)
