"""Sensitivity, criterion and ROC against worked examples, scikit-learn and the model they come from."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn import metrics as sklearn_metrics

from stats import signal_detection


def counts_of(noise, signals):
    return np.array([noise, signals], float)


def faces(times):
    """Macmillan and Creelman's first example: of 25 old faces 20 are recognised, of 25 new ones 10."""
    return times * counts_of([0, 0, 15, 10, 0, 0], [0, 0, 5, 20, 0, 0])


def test_dprime_and_criterion_of_many_answers_are_those_of_the_textbook():
    dprime, criterion = signal_detection.dprime_and_criterion(faces(1e6))
    assert dprime == pytest.approx(1.095, abs=0.0005) and criterion == pytest.approx(-0.294, abs=0.0005)


def test_few_answers_are_corrected_by_half_an_answer_so_that_perfect_ones_stay_finite():
    dprime, criterion = signal_detection.dprime_and_criterion(faces(1))
    hits, alarms = stats.norm.ppf([20.5 / 26, 10.5 / 26])
    assert dprime == pytest.approx(hits - alarms) and criterion == pytest.approx(-(hits + alarms) / 2)
    perfect = counts_of([25, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 25])
    assert signal_detection.dprime_and_criterion(perfect)[0] == pytest.approx(2 * stats.norm.ppf(25.5 / 26))


def test_who_sees_pairs_shows_the_dprime_of_one_patch_times_the_root_of_two():
    random, dprime, n = np.random.RandomState(0), 0.8, 400000
    right = np.arange(n) % 2 == 0
    evidence = random.randn(2, n) + dprime * np.stack([~right, right])
    counts = signal_detection.cells(right, np.where(evidence[1] > evidence[0], 5, 2)).sum(axis=0)
    assert signal_detection.dprime_and_criterion(counts, 2)[0] == pytest.approx(dprime, abs=0.01)


def test_what_nobody_saw_has_no_dprime_and_no_area():
    counts = counts_of([0] * 6, [0, 0, 0, 4, 0, 2])
    assert np.isnan(signal_detection.dprime_and_criterion(counts)).all() and np.isnan(signal_detection.auc(counts))


def test_area_and_curve_are_scikit_learns_also_of_weighted_sets(random):
    signals, verdicts = random.uniform(size=80) < 0.4, random.randint(1, 7, 80)
    cells = signal_detection.cells(signals, verdicts)
    assert signal_detection.auc(cells.sum(axis=0)) == pytest.approx(sklearn_metrics.roc_auc_score(signals, verdicts))
    false, true = signal_detection.roc(cells.sum(axis=0))
    expected = sklearn_metrics.roc_curve(signals, verdicts, drop_intermediate=False)
    assert_allclose([false, true], expected[:2])
    weights = random.randint(4, size=[3, 80])
    result = signal_detection.auc(weights.dot(cells.reshape(80, 12)).reshape(3, 2, 6))
    assert_allclose(result, [sklearn_metrics.roc_auc_score(signals, verdicts, sample_weight=x) for x in weights])
