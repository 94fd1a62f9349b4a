"""What difference an experiment can find, against closed forms."""

import numpy as np
import pytest
from scipy import stats

from stats import power

LABELS, ALONE = np.repeat([0, 1, 2], [30, 119, 57]), np.arange(206)


def simulation(disagreement=0.2, repeats=2, patients=ALONE, **options):
    return power.Simulation(LABELS, patients, repeats, disagreement, **options)


@pytest.mark.parametrize('disagreement', [0.1, 0.3])
def test_the_arms_have_the_accuracy_and_disagree_as_often_as_asked_for(disagreement):
    control, arm = simulation(disagreement, icc=0.0).right(0.1)
    assert control.mean() == pytest.approx(0.53, abs=0.005) and arm.mean() == pytest.approx(0.63, abs=0.005)
    control, arm = simulation(disagreement).right(0.0)
    assert (control != arm).mean() == pytest.approx(disagreement, abs=0.005)


def test_nodules_of_a_patient_are_correlated_as_asked_for():
    control, _ = simulation(0.0, patients=np.arange(206) // 2, icc=np.sin(np.pi / 2 * 0.8)).right(0.0)
    first, second = control[:, 0, ::2].ravel(), control[:, 0, 1::2].ravel()
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(0.8, abs=0.02)


def test_without_a_gain_one_experiment_in_twenty_alarms():
    assert 0.035 <= simulation(n=2000).power(0.0) <= 0.065


def test_the_power_is_near_that_of_a_normal_test_with_the_spread_of_the_differences():
    simulated = simulation(0.2, n=2000)
    sums = simulated.differences(0.07).sum(axis=1)
    assert sums.mean() == pytest.approx(0.07, abs=0.003)
    expected = stats.norm.sf(stats.norm.ppf(0.975) - 0.07 / sums.std())
    assert simulated.power(0.07) == pytest.approx(expected, abs=0.03)
    assert simulated.power(simulated.detectable()) == pytest.approx(0.8, abs=0.02)


def test_more_repeats_and_less_disagreement_find_smaller_gains_and_few_nodules_none():
    gains = [simulation(disagreement, repeats).detectable() for disagreement, repeats in ((0.1, 4), (0.1, 1), (0.3, 1))]
    assert gains == sorted(gains)
    labels = np.repeat([0, 1, 2], 2)
    assert power.Simulation(labels, np.arange(6), 1, 0.3).detectable() is None
