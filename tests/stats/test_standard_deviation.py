import math

import numpy as np
import pytest
from scipy import stats

from stats import standard_deviation


def formula(values):
    """The interval of Bonett (2006) about the median and with Student's t, number by number."""
    n, t, z = len(values), stats.t.ppf(0.975, len(values) - 1), stats.norm.ppf(0.975)
    middle, mean = sorted(values)[n // 2], sum(values) / n
    variance = sum((x - mean) ** 2 for x in values) / (n - 1)
    kurtosis = n * sum((x - middle) ** 4 for x in values) / sum((x - mean) ** 2 for x in values) ** 2
    c = n / (n - z)
    error = c * math.sqrt((kurtosis - (n - 3) / n) / (n - 1))
    return [math.sqrt(math.exp(math.log(c * variance) + sign * t * error)) for sign in (-1, 1)]


def test_the_interval_is_that_of_the_formula(random):
    values = random.standard_t(5, size=21)
    assert standard_deviation.interval(values) == pytest.approx(formula(values.tolist()))
    assert standard_deviation.interval(1000 + 3 * values) == pytest.approx(3 * np.array(formula(values.tolist())))


def test_of_many_normal_values_it_is_that_of_the_chi_square_distribution(random):
    values = random.randn(20000)
    low, high = [values.std(ddof=1) * math.sqrt(19999 / stats.chi2.ppf(p, 19999)) for p in (0.975, 0.025)]
    assert standard_deviation.interval(values) == pytest.approx([low, high], rel=1e-3)


@pytest.mark.parametrize('count', [10, 20, 60])
@pytest.mark.parametrize(
    'draw, expected, least',
    [
        (lambda random, count: random.randn(count), 1.0, 0.94),
        (lambda random, count: random.gamma(4, size=count), 2.0, 0.91),  # skewed as diameters are
    ],
)
def test_intervals_of_95_percent_hold_the_true_standard_deviation_of_few_values(random, count, draw, expected, least):
    held = 0
    for _ in range(1500):
        low, high = standard_deviation.interval(draw(random, count))
        held += low <= expected <= high
    assert least <= held / 1500


def test_values_that_are_the_same_have_no_width_and_four_values_are_refused():
    assert standard_deviation.interval(np.full(9, 3.0)) == [0, 0]
    with pytest.raises(ValueError, match='needs 5 values; there are 4'):
        standard_deviation.interval(np.arange(4))
