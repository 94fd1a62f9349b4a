"""Metrics of classifiers against scikit-learn, by sets in which nodules occur repeatedly, and where they are known."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn import metrics as sk

from stats import classifier_metrics

COUNTS = [30, 119, 57]


@pytest.fixture
def nodules(random):
    """Labels, probabilities (with ties) and folds of 206 nodules."""
    labels = np.repeat([0, 1, 2], COUNTS)
    scores = np.exp(random.randn(206, 3) + np.eye(3)[labels])
    probabilities = np.round(scores / scores.sum(axis=1, keepdims=True), 2)
    probabilities[:, 2] = 1 - probabilities[:, 0] - probabilities[:, 1]
    return labels, np.maximum(probabilities, 0), np.arange(206) % 5


@pytest.mark.parametrize('repeated', [False, True])
def test_metrics_of_the_confusion_matrix_are_those_of_scikit_learn_for_repeated_nodules_too(nodules, random, repeated):
    labels, probabilities, _ = nodules
    weights = random.randint(0, 4, 206) if repeated else np.ones(206, int)
    matrix = classifier_metrics.confusion(labels, probabilities, weights)
    truth, predicted = np.repeat(labels, weights), np.repeat(probabilities.argmax(axis=1), weights)
    assert (matrix == sk.confusion_matrix(truth, predicted)).all()
    assert classifier_metrics.accuracy(matrix) == pytest.approx(sk.accuracy_score(truth, predicted))
    assert classifier_metrics.balanced_accuracy(matrix) == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    assert_allclose(classifier_metrics.sensitivity(matrix), sk.recall_score(truth, predicted, average=None))
    others = [sk.recall_score(truth != k, predicted != k) for k in range(3)]
    assert_allclose(classifier_metrics.specificity(matrix), others)
    expected = sk.cohen_kappa_score(truth, predicted, weights='quadratic')
    assert classifier_metrics.kappa(matrix) == pytest.approx(expected)


def test_many_weights_at_once_give_what_each_gives_alone(nodules, random):
    labels, probabilities, folds = nodules
    weights = random.randint(0, 4, [2, 3, 206])
    matrices, areas = (
        classifier_metrics.confusion(labels, probabilities, weights),
        classifier_metrics.auc(*nodules, weights),
    )
    assert matrices.shape == (2, 3, 3, 3) and areas.shape == (2, 3, 5, 3)
    for place in np.ndindex(2, 3):
        assert_allclose(matrices[place], classifier_metrics.confusion(labels, probabilities, weights[place]))
        assert_allclose(areas[place], classifier_metrics.auc(*nodules, weights[place]))


def test_the_auc_of_each_class_and_fold_is_that_of_scikit_learn(nodules, random):
    labels, probabilities, folds = nodules
    weights = random.randint(1, 4, 206)
    areas, heavier = classifier_metrics.auc(*nodules), classifier_metrics.auc(*nodules, weights)
    macro = []
    for fold in range(5):
        x, y, w = probabilities[folds == fold], labels[folds == fold], weights[folds == fold]
        assert_allclose(areas[fold], [sk.roc_auc_score(y == k, x[:, k]) for k in range(3)])
        assert_allclose(heavier[fold], [sk.roc_auc_score(y == k, x[:, k], sample_weight=w) for k in range(3)])
        macro.append(sk.roc_auc_score(y, x, multi_class='ovr'))
    assert classifier_metrics.macro_auc(areas) == pytest.approx(np.mean(macro))


def test_networks_that_rank_their_own_fold_rightly_have_an_auc_of_1_though_their_scores_are_not_comparable():
    labels, folds = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    first = np.array([0.9, 0.6, 0.4, 0.1])
    probabilities = np.stack([first, 1 - first], axis=1)
    assert sk.roc_auc_score(labels == 0, first) == 0.75  # of the folds together
    assert classifier_metrics.macro_auc(classifier_metrics.auc(labels, probabilities, folds)) == 1


def test_a_fold_that_lacks_a_class_counts_for_the_others_alone(nodules):
    labels, probabilities, folds = nodules
    folds = np.where(labels == 0, folds % 4, folds)  # the last fold has no AIS
    areas = classifier_metrics.auc(labels, probabilities, folds)
    assert np.isnan(areas[4, 0]) and np.isnan(areas).sum() == 1
    expected = np.mean(list(areas[:4].mean(axis=1)) + [areas[4, 1:].mean()])
    assert classifier_metrics.macro_auc(areas) == pytest.approx(expected)


def test_one_answer_for_all_nodules_is_chance():
    labels, constant = np.repeat([0, 1, 2], COUNTS), np.tile([0.2, 0.5, 0.3], [206, 1])
    matrix = classifier_metrics.confusion(labels, constant)
    assert classifier_metrics.accuracy(matrix) == pytest.approx(119 / 206.0)
    assert classifier_metrics.balanced_accuracy(matrix) == pytest.approx(1 / 3.0)
    assert classifier_metrics.kappa(matrix) == pytest.approx(0)
    assert (classifier_metrics.auc(labels, constant, np.arange(206) % 5) == 0.5).all()


def test_the_mean_roc_curve_rises_from_0_to_1_and_has_the_mean_auc(nodules):
    curves, areas = classifier_metrics.mean_roc(*nodules), classifier_metrics.auc(*nodules).mean(axis=0)
    false = classifier_metrics.FALSE_POSITIVE_RATES
    assert (curves[:, 0] == 0).all() and (curves[:, -1] == 1).all() and (np.diff(curves) >= 0).all()
    below = (np.diff(false) * (curves[:, 1:] + curves[:, :-1]) / 2).sum(axis=1)
    assert_allclose(below, areas, atol=0.01)


def test_the_roc_curve_of_one_fold_has_the_share_of_a_class_that_is_above_so_many_others(random):
    labels, score = np.repeat([0, 1], [30, 100]), 1 / (1 + np.exp(-random.randn(130) - np.repeat([1, 0], [30, 100])))
    curves = classifier_metrics.mean_roc(labels, np.stack([score, 1 - score], axis=1), np.zeros(130))
    others = np.sort(score[30:])[::-1]
    assert_allclose(curves[0, 1:-1], [(score[:30] > other).mean() for other in others])
