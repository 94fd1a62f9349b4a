"""Tests against published worked examples, whole numbers and closed forms."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from stats import paired_tests

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]  # eighths of an inch, cross- less self-fertilized


def permutation(differences, n=paired_tests.PERMUTATIONS, seed=0):
    return paired_tests.permutation(differences, paired_tests.sign_flips(np.shape(differences)[-1], n, seed))


def test_the_permutation_test_gives_what_fisher_counted_for_darwins_plants():
    # Of 2 ** 15 patterns of signs, 863 have a sum of at least 314 (Fisher, The Design of Experiments, section 21)
    assert permutation(DARWIN, n=2**15) == 2 * 863 / 2.0**15
    assert permutation(DARWIN, n=9999) == pytest.approx(2 * 863 / 2.0**15, abs=0.01)


@pytest.mark.parametrize('first, second', [(0, 0), (1, 0), (3, 3), (2, 9), (8, 1)])
def test_of_equal_weights_it_is_the_two_sided_binomial_test(first, second):
    differences = np.concatenate([np.full(first, -0.1), np.full(second, 0.1)])
    expected = min(2 * stats.binom.cdf(min(first, second), first + second, 0.5), 1)
    assert permutation(differences) == pytest.approx(expected)
    assert permutation(np.append(differences, np.zeros(4)), n=2**15) == pytest.approx(expected)  # who do not differ


def test_it_is_what_scipy_or_a_count_of_all_patterns_gives_for_unequal_weights(random):
    differences = random.randn(12) + 0.4
    if hasattr(stats, 'permutation_test'):
        options = dict(permutation_type='samples', n_resamples=np.inf)
        expected = stats.permutation_test((differences, np.zeros(12)), lambda x, y: np.sum(x - y), **options).pvalue
    else:
        sums = [abs(np.dot(signs, differences)) for signs in itertools.product((1, -1), repeat=12)]
        expected = np.mean(np.array(sums) >= abs(differences.sum()) - 1e-12)
    assert permutation(differences) == pytest.approx(expected)


def test_without_a_difference_p_is_uniform_and_never_0(random):
    p = permutation(random.randn(2000, 60) * random.rand(60), n=499)
    assert stats.kstest(p, 'uniform').pvalue > 0.001 and p.min() >= 1 / 500.0
    assert permutation(np.full(60, 1.0), n=499) == 1 / 500.0


def test_holm_corrects_a_textbook_example_in_its_order():
    assert_allclose(paired_tests.holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    assert paired_tests.holm([0.2]) == [0.2] and paired_tests.holm([0.9, 0.8]) == [1, 1] and paired_tests.holm([]) == []
