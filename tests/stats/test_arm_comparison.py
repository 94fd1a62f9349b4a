"""Intervals that hold what they should as often as they should, and a summary that other libraries compute again."""

import collections
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special, stats
from sklearn import metrics as sk

from stats import arm_comparison, calibration, classifier_metrics
from stats.predictions import Predictions

CLASSES = ['AIS', 'MIA', 'IA']
LABELS = np.repeat([0, 1, 2], [30, 119, 57])
NAMES = np.array(['nodule%03d' % i for i in range(206)])


def predicted(random, strength, repeats=3, folds=5):
    """Predictions of 206 nodules, the better the stronger."""
    probabilities = special.softmax(random.randn(repeats, 206, 3) + strength * np.eye(3)[LABELS], axis=2)
    return Predictions(NAMES, LABELS, np.arange(206) % folds, probabilities)


def one_hot(classes):
    return np.eye(3)[classes]


@pytest.fixture
def three(random):
    return collections.OrderedDict((name, predicted(random, x)) for name, x in (('a', 0), ('b', 0.3), ('c', 1.0)))


def test_resampled_sets_keep_the_number_of_each_class_and_are_the_same_for_one_seed():
    weights = arm_comparison.resamples(LABELS, 300, seed=3)
    for k, count in enumerate([30, 119, 57]):
        assert (weights[:, LABELS == k].sum(axis=1) == count).all()
    assert_allclose(weights.mean(axis=0), 1, atol=0.3)
    assert (weights == arm_comparison.resamples(LABELS, 300, seed=3)).all()
    assert (weights != arm_comparison.resamples(LABELS, 300, seed=4)).any()


@pytest.mark.parametrize(
    'measure, answers, true',
    [
        (classifier_metrics.accuracy, lambda random: (LABELS + (random.rand(206) >= 0.6)) % 3, 0.6),
        (classifier_metrics.balanced_accuracy, lambda random: random.permutation(LABELS), 1 / 3.0),  # chance
    ],
)
def test_the_interval_of_accuracy_holds_the_true_one_in_about_95_percent_of_datasets(random, measure, answers, true):
    held = 0
    for seed in range(200):
        weights = arm_comparison.resamples(LABELS, 500, seed)
        matrices = classifier_metrics.confusion(LABELS, one_hot(answers(random)), weights)
        low, high = arm_comparison.interval(measure(matrices), 30)
        held += low <= true <= high
    assert 0.9 <= held / 200.0 <= 0.98


def test_the_interval_of_the_auc_holds_the_true_one_in_about_95_percent_of_datasets(random):
    true, held, folds = stats.norm.cdf(1 / np.sqrt(2)), 0, np.arange(206) % 5
    labels = (LABELS == 1).astype(int)
    for seed in range(200):
        score = special.expit(random.randn(206) + labels)
        weights = arm_comparison.resamples(labels, 300, seed)
        areas = classifier_metrics.auc(labels, np.stack([1 - score, score], axis=1), folds, weights)
        low, high = arm_comparison.interval(classifier_metrics.macro_auc(areas), 87)
        held += low <= true <= high
    assert 0.9 <= held / 200.0 <= 0.98


def test_an_interval_holds_95_percent_of_the_resampled_values_widened_for_few_nodules(random):
    values = random.randn(200000)
    assert_allclose(arm_comparison.interval(values, 10**6), [-1.96, 1.96], atol=0.02)
    few = stats.t.ppf(0.975, 29) * np.sqrt(30 / 29.0)
    assert_allclose(arm_comparison.interval(values, 30), [-few, few], atol=0.02)


def test_every_metric_of_the_summary_is_what_scikit_learn_computes_from_the_predictions(three):
    summary = arm_comparison.summary(three, CLASSES, 'a', 50)
    folds = three['a'].folds
    for arm, result in three.items():
        expected = collections.defaultdict(list)
        for x in result.probabilities:
            answer = x.argmax(axis=1)
            expected['balanced_accuracy'].append(sk.balanced_accuracy_score(LABELS, answer))
            expected['accuracy'].append(sk.accuracy_score(LABELS, answer))
            expected['kappa'].append(sk.cohen_kappa_score(LABELS, answer, weights='quadratic'))
            areas = [sk.roc_auc_score(LABELS[folds == f], x[folds == f], multi_class='ovr') for f in range(5)]
            expected['macro_auc'].append(np.mean(areas))
            expected['brier'].append(sum(sk.brier_score_loss(LABELS == k, x[:, k]) for k in range(3)))
            error = calibration.calibration_error(calibration.reliability(LABELS, x))
            expected['calibration_error'].append(error)
            for k, name in enumerate(CLASSES):
                expected['sensitivity_' + name].append(sk.recall_score(LABELS == k, answer == k))
                expected['specificity_' + name].append(sk.recall_score(LABELS != k, answer != k))
                one = [sk.roc_auc_score(LABELS[folds == f] == k, x[folds == f, k]) for f in range(5)]
                expected['auc_' + name].append(np.mean(one))
        metrics = summary['arms'][arm]['metrics']
        assert set(metrics) == set(expected)
        for name, repeats in expected.items():
            assert_allclose(metrics[name]['repeats'], repeats)
            assert metrics[name]['value'] == pytest.approx(np.mean(repeats))
            assert metrics[name]['interval'][0] <= metrics[name]['value'] <= metrics[name]['interval'][1]
        confusion = np.mean([sk.confusion_matrix(LABELS, x.argmax(axis=1)) for x in result.probabilities], axis=0)
        assert_allclose(summary['arms'][arm]['confusion'], confusion)


def test_every_test_of_the_summary_is_what_scipy_computes_from_the_predictions(three):
    summary, p, gaps = arm_comparison.summary(three, CLASSES, 'a', 50), [], []
    right = {arm: x.probabilities.mean(axis=0).argmax(axis=1) == LABELS for arm, x in three.items()}
    for arm in ('b', 'c'):
        only = [(right['a'] & ~right[arm]).sum(), (right[arm] & ~right['a']).sum()]
        p.append(min(2 * stats.binom.cdf(min(only), sum(only), 0.5), 1))
        result = summary['arms'][arm]['mcnemar']
        assert [result['only_reference'], result['only_arm']] == only and result['p'] == pytest.approx(p[-1])
        several = []
        for x, y in zip(three[arm].probabilities, three['a'].probabilities):
            for fold in range(5):
                inside = three['a'].folds == fold
                one, other = [sk.balanced_accuracy_score(LABELS[inside], z[inside].argmax(axis=1)) for z in (x, y)]
                several.append(one - other)
        t = np.mean(several) / np.sqrt((1 / 15.0 + 1 / 4.0) * np.var(several, ddof=1))
        gaps.append(2 * stats.t.sf(abs(t), 14))
        assert summary['arms'][arm]['nadeau_bengio']['p'] == pytest.approx(gaps[-1])
        assert summary['arms'][arm]['nadeau_bengio']['value'] == pytest.approx(np.mean(several))
    for test, values in (('mcnemar', p), ('nadeau_bengio', gaps)):
        small, large = sorted(values)
        expected = {small: min(2 * small, 1), large: min(max(2 * small, large), 1)}
        result = [summary['arms'][arm][test]['p_holm'] for arm in ('b', 'c')]
        assert_allclose(result, [expected[value] for value in values])


def test_differences_are_paired_so_that_what_arms_have_in_common_cancels(random):
    first = predicted(random, 1.0)
    near = first._replace(probabilities=0.9 * first.probabilities + 0.1 * predicted(random, 3.0).probabilities)
    summary = arm_comparison.summary(dict(first=first, near=near), CLASSES, 'first', 500)
    own, other, gap = [
        summary['arms'][arm][what]['balanced_accuracy']['interval']
        for arm, what in (('first', 'metrics'), ('near', 'metrics'), ('near', 'difference'))
    ]
    assert gap[1] - gap[0] < 0.6 * (own[1] - own[0]) and own[0] < other[1] and other[0] < own[1]
    same = arm_comparison.summary(dict(first=first, same=first), CLASSES, 'first', 50)['arms']['same']
    assert all(x == dict(value=0, interval=[0, 0]) for x in same['difference'].values())
    assert same['mcnemar']['p'] == same['nadeau_bengio']['p'] == 1


def test_repeats_of_a_nodule_do_not_count_as_other_nodules(random):
    once = predicted(random, 1.0, repeats=1)
    thrice = once._replace(probabilities=np.repeat(once.probabilities, 3, axis=0))
    one, other = [arm_comparison.summary(dict(x=x), CLASSES, 'x', 200)['arms']['x']['metrics'] for x in (once, thrice)]
    for name in one:
        assert_allclose(one[name]['interval'], other[name]['interval'])


def test_the_summary_is_json_and_the_same_for_one_seed(three):
    texts = [json.dumps(arm_comparison.summary(three, CLASSES, 'a', 50, seed), allow_nan=False) for seed in (1, 1, 2)]
    result, other = json.loads(texts[0]), json.loads(texts[2])
    kappas = [x['arms']['b']['metrics']['kappa'] for x in (result, other)]
    assert texts[0] == texts[1] and kappas[0]['interval'] != kappas[1]['interval']
    assert kappas[0]['value'] == kappas[1]['value']
    assert result['per_class'] == [30, 119, 57] and result['folds'] == [0, 1, 2, 3, 4] and result['notes'] == []
    assert [result['arms']['a'][name] for name in ('difference', 'mcnemar', 'nadeau_bengio')] == [None] * 3
    low, high = result['arms']['b']['metrics']['calibration_error']['by_chance']
    assert 0 < low < high < 0.2
    assert sum(row['share'] for row in result['arms']['b']['reliability']) == pytest.approx(1)
    assert len(result['arms']['b']['roc']['IA']) == len(result['false_positive_rates'])


def test_shares_of_nodules_that_are_all_right_have_a_wilson_interval_with_a_width():
    result = Predictions(NAMES, LABELS, np.arange(206) % 5, one_hot(LABELS)[None])
    metrics = arm_comparison.summary(dict(x=result), CLASSES, 'x', 50)['arms']['x']['metrics']
    assert metrics['sensitivity_AIS']['interval'] == [1, 1]
    assert_allclose(metrics['sensitivity_AIS']['wilson'], [30 / (30 + 1.959964**2), 1])


def test_who_is_right_as_often_as_he_says_has_a_calibration_error_near_0_and_none_below_it():
    answers = one_hot((LABELS + (np.arange(206) % 5 > 2)) % 3)  # right in three of five
    result = Predictions(NAMES, LABELS, np.arange(206) % 4, (0.4 * answers + 0.2)[None])
    error = arm_comparison.summary(dict(x=result), CLASSES, 'x', 500)['arms']['x']['metrics']['calibration_error']
    assert error['value'] < 0.01 and error['interval'][0] == 0
    assert error['by_chance'][1] == pytest.approx(2.24 * np.sqrt(0.6 * 0.4 / 206), rel=0.15)  # of |x|, x normal


def test_a_class_that_is_alone_in_its_folds_has_no_auc_and_the_summary_says_so(three):
    folds = np.where(LABELS == 0, 9, np.arange(206) % 4)
    alone = collections.OrderedDict((arm, result._replace(folds=folds)) for arm, result in three.items())
    summary = json.loads(json.dumps(arm_comparison.summary(alone, CLASSES, 'a', 50), allow_nan=False))
    metrics = summary['arms']['b']['metrics']
    assert metrics['auc_AIS'] == dict(value=None, interval=[None, None], repeats=[None] * 3)
    assert metrics['macro_auc']['value'] == pytest.approx(
        np.mean([metrics['auc_MIA']['value'], metrics['auc_IA']['value']])
    )
    assert summary['notes'][-1].startswith('fold 9 has no nodule of MIA and IA') and len(summary['notes']) == 5
    assert set(summary['arms']['b']['roc']['AIS']) == {None}


def test_one_fold_has_no_t_test(three):
    held_out = {arm: result._replace(folds=np.zeros(206, int)) for arm, result in three.items()}
    result = arm_comparison.summary(held_out, CLASSES, 'a', 50)['arms']['b']
    assert result['nadeau_bengio'] is None and result['mcnemar']['p_holm'] <= 1


def test_arms_that_cannot_be_compared_are_refused_in_words(three):
    one = three['b']
    with pytest.raises(ValueError, match='two nodules of each class'):
        arm_comparison.resamples(np.array([0, 0, 1]))
    with pytest.raises(ValueError, match='no arm raw to compare with; there are: a, b, c'):
        arm_comparison.summary(three, CLASSES, 'raw')
    with pytest.raises(ValueError, match='probabilities of 3 classes, but names of 2: AIS, MIA'):
        arm_comparison.summary(three, CLASSES[:2], 'a')
    for wrong in (
        one._replace(nodules=one.nodules[::-1]),
        one._replace(labels=one.labels[::-1]),
        one._replace(folds=one.folds + 1),
        one._replace(probabilities=one.probabilities[:2]),
    ):
        with pytest.raises(ValueError, match='arms b and a differ in nodules, labels, folds or repeats'):
            arm_comparison.summary(dict(three, b=wrong), CLASSES, 'a')
    for wrong in (2 * one.probabilities, one.probabilities * np.nan, one.probabilities - [2, -1, -1]):
        with pytest.raises(ValueError, match='arm b: probabilities are not at least 0 with a sum of 1'):
            arm_comparison.summary(dict(three, b=one._replace(probabilities=wrong)), CLASSES, 'a')
    unlabelled = {arm: result._replace(labels=np.minimum(result.labels, 1)) for arm, result in three.items()}
    with pytest.raises(ValueError, match='labels are not 0 to 2, each at least once'):
        arm_comparison.summary(unlabelled, CLASSES, 'a')
