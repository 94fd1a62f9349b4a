import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from stats import calibration


def drawn(random, logits):
    """A label for each row of logits, drawn by its probabilities."""
    return (np.cumsum(special.softmax(logits, axis=1), axis=1) < random.rand(len(logits), 1)).sum(axis=1)


def test_the_brier_score_is_the_sum_of_those_of_the_classes(random):
    logits = 2 * random.randn(300, 3)
    labels, probabilities = drawn(random, logits), special.softmax(logits, axis=1)
    of_classes = [sk.brier_score_loss(labels == k, probabilities[:, k]) for k in range(3)]
    assert calibration.brier(labels, probabilities) == pytest.approx(sum(of_classes))
    weights = random.randint(0, 3, [2, 300])
    of_classes = [sk.brier_score_loss(labels == k, probabilities[:, k], sample_weight=weights[1]) for k in range(3)]
    assert calibration.brier(labels, probabilities, weights)[1] == pytest.approx(sum(of_classes))


def test_the_brier_score_is_0_for_who_knows_2_for_who_errs_and_two_thirds_for_who_knows_nothing():
    labels = np.array([0, 1, 2])
    known = [calibration.brier(labels, x) for x in (np.eye(3), np.eye(3)[[1, 2, 0]], np.full([3, 3], 1 / 3.0))]
    assert_allclose(known, [0, 2, 2 / 3.0])


def test_bins_and_their_error_follow_the_definition(random):
    logits = 2 * random.randn(500, 3)
    labels, probabilities = drawn(random, 0.5 * logits), special.softmax(logits, axis=1)
    top, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    error, bins = 0, calibration.reliability(labels, probabilities)
    for m in range(15):
        inside = (top > m / 15.0) & (top <= (m + 1) / 15.0)
        assert bins.share[m] == pytest.approx(inside.mean())
        if inside.any():
            assert_allclose([bins.confidence[m], bins.accuracy[m]], [top[inside].mean(), right[inside].mean()])
            error += inside.mean() * abs(right[inside].mean() - top[inside].mean())
        else:
            assert np.isnan(bins.confidence[m]) and np.isnan(bins.accuracy[m])
    assert calibration.calibration_error(bins) == pytest.approx(error) and error > 0.1
    accuracy, confidence = calibration_curve(right, top, n_bins=15)
    assert_allclose(bins.accuracy[bins.share > 0], accuracy)
    assert_allclose(bins.confidence[bins.share > 0], confidence)


def test_a_bin_holds_its_upper_edge():
    bins = calibration.reliability([0, 1], [[0.6, 0.4], [0, 1]])
    assert np.flatnonzero(bins.share).tolist() == [8, 14]


def test_the_error_is_near_0_for_right_probabilities_and_the_gap_for_boasting_ones(random):
    logits = 2 * random.randn(50000, 3)
    labels, probabilities = drawn(random, logits), special.softmax(logits, axis=1)
    assert calibration.calibration_error(calibration.reliability(labels, probabilities)) < 0.01
    sure = np.tile([0.9, 0.1], [10, 1])
    bins = calibration.reliability([0] * 6 + [1] * 4, sure)
    assert calibration.calibration_error(bins) == pytest.approx(0.3)


def test_errors_by_chance_are_those_of_labels_that_are_drawn_by_the_probabilities(random):
    logits = 1.5 * random.randn(206, 3)
    probabilities = special.softmax(logits, axis=1)
    errors = []
    for _ in range(1000):
        bins = calibration.reliability(drawn(random, logits), probabilities)
        errors.append(calibration.calibration_error(bins))
    result = calibration.errors_by_chance(probabilities, 1000)
    assert_allclose(np.percentile(result, [5, 50, 95]), np.percentile(errors, [5, 50, 95]), atol=0.005)
    assert (result == calibration.errors_by_chance(probabilities, 1000)).all()


def test_repeated_nodules_have_the_error_of_a_set_that_holds_them_repeatedly(random):
    logits = 2 * random.randn(80, 3)
    labels, probabilities, weights = drawn(random, logits), special.softmax(logits, axis=1), random.randint(1, 4, 80)
    heavier = calibration.reliability(labels, probabilities, weights)
    repeated = calibration.reliability(np.repeat(labels, weights), np.repeat(probabilities, weights, axis=0))
    assert_allclose(np.nan_to_num(heavier), np.nan_to_num(repeated))


@pytest.mark.parametrize('planted', [0.5, 1.0, 2.5])
def test_a_planted_temperature_is_found_from_logits_and_from_log_probabilities(random, planted):
    logits = 3 * random.randn(20000, 3)
    labels = drawn(random, logits / planted)
    result = calibration.temperature(logits, labels)
    assert result == pytest.approx(planted, rel=0.05)
    assert calibration.temperature(special.log_softmax(logits, axis=1), labels) == pytest.approx(result, rel=1e-3)
    assert_allclose(calibration.tempered(logits, planted), special.softmax(logits / planted, axis=1))


def test_no_other_temperature_has_a_lower_log_loss_and_no_class_changes(random):
    logits = 3 * random.randn(60, 3)
    labels = drawn(random, logits / 4)
    best = calibration.temperature(logits, labels)
    losses = [sk.log_loss(labels, calibration.tempered(logits, best * factor)) for factor in (0.5, 0.9, 1, 1.1, 2)]
    assert min(losses) == losses[2]
    assert (calibration.tempered(logits, best).argmax(axis=1) == logits.argmax(axis=1)).all()


@pytest.mark.parametrize('logits', [[[1.0, np.inf]], [[np.nan, 0]]])
def test_no_temperature_is_fitted_to_logits_that_are_not_finite(logits):
    with pytest.raises(ValueError, match='finite logits'):
        calibration.temperature(logits, [0])
