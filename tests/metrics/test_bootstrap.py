import numpy as np
import pytest
from numpy.testing import assert_allclose

from metrics import bootstrap


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution(random):
    x = random.randn(400) - 10
    estimate = bootstrap.estimate(lambda weights: float(np.average(x, weights=weights)), [400], resamples=2000)
    assert_allclose(np.array(estimate.interval) - x.mean(), np.array([-1.96, 1.96]) * x.std() / 20, atol=0.015)
    assert estimate.value == pytest.approx(x.mean())
