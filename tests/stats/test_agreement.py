"""Kappas against the examples of those who published them, scikit-learn, and chance."""

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from stats import agreement

# Fleiss 1971: diagnoses 1 to 5 of thirty patients by six psychiatrists each.
DIAGNOSES = (
    '444444 222555 233335 555555 222444 113333 333355 113334 114444 555555 144444 124444 222333 144444 224445 '
    '333335 111455 111112 224444 133555 555555 244444 224555 114444 144445 222224 111155 224444 133333 555555'
)


def table():
    return [[text.count(category) for category in '12345'] for text in DIAGNOSES.split()]


def test_fleiss_kappa_of_his_psychiatrists_is_0_430():
    assert agreement.fleiss(table())[0] == pytest.approx(0.430, abs=0.0005)
    assert np.sum(table(), axis=0).tolist() == [26, 26, 30, 55, 43]


def test_fleiss_kappa_leaves_out_what_one_alone_rated_and_takes_any_number_of_raters():
    both = [[2, 0], [0, 2], [1, 1], [2, 0]]
    assert agreement.fleiss(both + [[1, 0], [0, 0]])[0] == agreement.fleiss(both)[0]
    assert agreement.fleiss([[4, 0], [0, 3], [0, 2]])[0] == 1 and np.isnan(agreement.fleiss([[2, 0]] * 5)[0])


def test_cohens_kappa_of_a_textbook_table_is_0_4():
    first, second = np.repeat([[1, 1, 0, 0], [1, 0, 1, 0]], [20, 5, 10, 15], axis=1)
    kappa, (low, high) = agreement.cohen(first, second)
    assert kappa == pytest.approx(0.4) == sklearn_metrics.cohen_kappa_score(first, second)
    error = np.sqrt(0.7 * 0.3 / 50) / 0.5  # of large samples, Cohen 1960
    assert low == pytest.approx(0.4 - 1.96 * error, abs=0.03) and high == pytest.approx(0.4 + 1.96 * error, abs=0.03)


def test_kappa_is_scikit_learns_and_undefined_for_two_who_always_say_the_same_thing(random):
    for _ in range(5):
        first, second = random.randint(2, size=[2, 30])
        assert agreement.cohen(first, second)[0] == pytest.approx(sklearn_metrics.cohen_kappa_score(first, second))
    kappa, interval = agreement.cohen([1, 1, 1], [1, 1, 1])
    assert np.isnan(kappa) and np.isnan(interval).all()


def test_intervals_hold_zero_for_95_of_100_pairs_who_guess(random):
    pairs = [agreement.cohen(*random.randint(2, size=[2, 100]))[1] for _ in range(60)]
    assert sum(low <= 0 <= high for low, high in pairs) >= 52
