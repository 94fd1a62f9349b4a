import numpy as np
import pytest
from numpy.testing import assert_allclose

from stats import bootstrap


def estimate(function, count, *arguments, **options):
    return bootstrap.estimate(bootstrap.Statistic(function, [count]), *arguments, **options)


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution(random):
    x = random.randn(400) - 10
    result = estimate(lambda weights: float(np.average(x, weights=weights)), 400, resamples=2000)
    assert_allclose(np.array(result.interval) - x.mean(), np.array([-1.96, 1.96]) * x.std() / 20, atol=0.015)
    assert result.value == pytest.approx(x.mean())


@pytest.mark.slow
@pytest.mark.parametrize('count, resamples, trials', [(10, 50, 1000), (30, 10, 2000), (30, 50, 1000), (30, 500, 500)])
def test_intervals_of_95_percent_hold_the_true_mean_in_95_percent_of_trials(random, count, resamples, trials):
    held = 0
    for trial in range(trials):
        x = random.randn(count) - 3
        result = estimate(lambda weights: float(weights.dot(x) / count), count, trial, resamples)
        held += result.interval[0] <= -3 <= result.interval[1]
    assert 0.93 <= held / trials <= 0.97


def test_an_interval_lies_about_a_value_that_is_known_better(random):
    x = random.randn(50) + 9
    one, other = [estimate(lambda w: float(w.dot(x) / 50), 50, value=value) for value in (None, 7.0)]
    assert other.value == 7
    assert_allclose(np.array(other.interval) - 7, np.array(one.interval) - x.mean())


def test_a_paired_difference_has_the_interval_of_the_differences_of_pairs(random):
    x = random.randn(200)
    y = x + 0.05 + 0.1 * random.randn(200)
    both = [estimate(lambda w: float(w.dot(values) / 200), 200, 1, 500) for values in (y, x)]
    result, pairs = bootstrap.difference(*both, smallest=200), y - x
    assert result.value == pytest.approx(pairs.mean())
    expected = pairs.mean() + np.array([-1.96, 1.96]) * pairs.std() / np.sqrt(200)
    assert_allclose(result.interval, expected, atol=0.003)
    assert result.interval[0] > 0 and both[0].interval[0] < both[1].interval[1]  # though the intervals overlap
    few = [estimate(lambda w: float(w.dot(values) / 200), 200, 1, 50) for values in (y, x)]
    assert_allclose(bootstrap.difference(*few, smallest=200).interval, expected, atol=0.01)


def test_an_interval_by_a_formula_stands_in_place_of_the_bootstraps(random):
    x = random.randn(50)
    statistic = bootstrap.Statistic(lambda weights: float(weights.dot(x) / 50), [50], [-5.0, 4.0])
    result = bootstrap.estimate(statistic)
    assert result.interval == [-5, 4] and result.value == pytest.approx(x.mean())
    assert result.resampled.std() == pytest.approx(x.std() / 50**0.5, rel=0.1)  # for differences from other models
