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
CONTROLS = dict(b='a', c='a')
LABELS = np.repeat([0, 1, 2], [30, 119, 57])
NAMES = np.array(['nodule%03d' % i for i in range(206)])


def predicted(random, strength, repeats=3, folds=5):
    """Predictions of 206 nodules, the better the stronger."""
    probabilities = special.softmax(random.randn(repeats, 206, 3) + strength * np.eye(3)[LABELS], axis=2)
    return Predictions(NAMES, NAMES, LABELS, np.arange(206) % folds, probabilities)


def one_hot(classes):
    return np.eye(3)[classes]


@pytest.fixture
def three(random):
    return collections.OrderedDict((name, predicted(random, x)) for name, x in (('a', 0), ('b', 0.3), ('c', 1.0)))


def test_resampled_sets_hold_whole_patients_as_many_of_each_class_and_the_same_for_one_seed():
    patients = np.arange(206) // 2  # of two nodules each, of one class but for two patients
    weights = arm_comparison.resamples(LABELS, patients, 300, seed=3)
    pairs = weights.reshape(300, 103, 2)
    assert (pairs[:, :, 0] == pairs[:, :, 1]).all() and (pairs[:, :, 0].sum(axis=1) == 103).all()
    assert_allclose(weights.mean(axis=0), 1, atol=0.3)
    assert (weights[:, LABELS == 0].sum(axis=1) == 30).all()
    assert (weights == arm_comparison.resamples(LABELS, patients, 300, seed=3)).all()
    assert (weights != arm_comparison.resamples(LABELS, patients, 300, seed=4)).any()


def test_no_resampled_set_lacks_a_class_and_no_patient_is_in_all_of_them(random):
    labels = np.array([0, 1, 0, 1, 1, 2, 2, 2])  # each patient of class 1 but one has a nodule of class 0, too
    patients = np.array([0, 0, 1, 1, 2, 3, 4, 5])
    weights = arm_comparison.resamples(labels, patients, 500)
    assert all((weights[:, labels == label].sum(axis=1) > 0).all() for label in range(3))
    assert (weights.min(axis=0) == 0).all()


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
        weights = arm_comparison.resamples(LABELS, NAMES, 500, seed)
        matrices = classifier_metrics.confusion(LABELS, one_hot(answers(random)), weights)
        low, high = arm_comparison.interval(measure(matrices), [30, 119, 57])
        held += low <= true <= high
    assert 0.9 <= held / 200.0 <= 0.98


def test_the_interval_of_the_auc_holds_the_true_one_in_about_95_percent_of_datasets(random):
    true, held, folds = stats.norm.cdf(1 / np.sqrt(2)), 0, np.arange(206) % 5
    labels = (LABELS == 1).astype(int)
    for seed in range(200):
        score = special.expit(random.randn(206) + labels)
        weights = arm_comparison.resamples(labels, NAMES, 300, seed)
        areas = classifier_metrics.auc(labels, np.stack([1 - score, score], axis=1), folds, weights)
        low, high = arm_comparison.interval(classifier_metrics.macro_auc(areas), [87, 119])
        held += low <= true <= high
    assert 0.9 <= held / 200.0 <= 0.98


@pytest.mark.parametrize('icc', [0.5, 0.8])
def test_intervals_hold_the_true_accuracy_as_often_where_patients_have_three_nodules(random, icc):
    places = np.concatenate([np.arange(30), np.arange(119), np.arange(57)])
    patients, held = 1000 * LABELS + places // 3, 0
    _, patients = np.unique(patients, return_inverse=True)
    weights = arm_comparison.resamples(LABELS, patients, 400)
    counts = np.bincount(np.unique(np.stack([LABELS, patients], axis=1), axis=0)[:, 0])
    for _ in range(400):
        together = random.rand(patients.max() + 1) < icc  # all nodules of a patient are right or wrong
        alike, alone = random.rand(patients.max() + 1) < 0.6, random.rand(206) < 0.6
        right = np.where(together[patients], alike[patients], alone)
        matrices = classifier_metrics.confusion(LABELS, one_hot(np.where(right, LABELS, (LABELS + 1) % 3)), weights)
        low, high = arm_comparison.interval(classifier_metrics.balanced_accuracy(matrices), counts)
        held += low <= 0.6 <= high
    assert 0.92 <= held / 400.0 <= 0.98  # 0.87 and 0.78 if nodules were drawn


def test_an_interval_holds_95_percent_of_the_resampled_values_widened_for_few_nodules(random):
    values = random.randn(200000)
    assert_allclose(arm_comparison.interval(values, [10**6] * 3), [-1.96, 1.96], atol=0.02)
    few = stats.t.ppf(0.975, 29) * np.sqrt(30 / 29.0)
    assert_allclose(arm_comparison.interval(values, [30]), [-few, few], atol=0.02)
    more = stats.t.ppf(0.975, 3 * 29) * np.sqrt(30 / 29.0)  # three classes alike: their degrees of freedom add up
    assert_allclose(arm_comparison.interval(values, [30] * 3), [-more, more], atol=0.02)


def test_the_variance_of_repeats_is_that_between_them_less_what_patients_explain(random):
    offsets = np.array([-0.03, 0.0, 0.06])
    of_patients = 0.02 * random.randn(1, 500)
    values = 0.5 + offsets[:, None] + of_patients  # networks differ for all patients alike
    paired = np.tile(0.5 + offsets, (4, 1))
    assert arm_comparison.variance_of_repeats(values, paired) == pytest.approx(np.var(offsets, ddof=1) / 3)
    assert arm_comparison.variance_of_repeats(values[:1], paired[:, :1]) == 0
    # 40,000 repeats of 30 patients each: networks with a variance of 0.01, and each answers with noise of variance 1
    noise = random.randn(2000, 3, 30)
    draws = random.multinomial(30, np.full(30, 1 / 30.0), 300) / 30.0
    found = []
    for networks, answers in zip(0.1 * random.randn(2000, 3), noise):
        values = networks[:, None] + answers.dot(np.concatenate([np.full([1, 30], 1 / 30.0), draws]).T)
        mean = values[:, 0]
        deviations = values[:, 1:] - values[:, 1:].mean(axis=0)
        found.append(mean.var(ddof=1) / 3 - deviations.var(axis=1).mean() / 2)
        assert arm_comparison.variance_of_repeats(values, mean[None]) == pytest.approx(max(found[-1], 0))
    assert np.mean(found) == pytest.approx(0.01 / 3, abs=0.001)


def test_an_interval_is_wider_where_networks_of_other_seeds_are_better_or_worse(random):
    widths = []
    for accuracies in ([0.6, 0.6, 0.6], [0.5, 0.6, 0.7]):
        right = random.rand(3, 206) < np.array(accuracies)[:, None]
        probabilities = one_hot(np.where(right, LABELS, (LABELS + 1) % 3))
        arm = Predictions(NAMES, NAMES, LABELS, np.zeros(206), probabilities)
        metrics = arm_comparison.summary(dict(x=arm), CLASSES, {}, n=200)['arms']['x']['metrics']
        widths.append(np.ptp(metrics['balanced_accuracy']['interval']))
    # Of patients alone SD is sqrt(0.24 * (1 / 30 + 1 / 119 + 1 / 57) / 9 / 3), 2.3 points; networks add 10 / sqrt(3)
    assert widths[1] == pytest.approx(widths[0] * np.hypot(2.3, 5.8) / 2.3, rel=0.25)


def test_every_metric_of_the_summary_is_what_scikit_learn_computes_from_the_predictions(three):
    summary = arm_comparison.summary(three, CLASSES, CONTROLS, n=50)
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


def test_the_primary_comparison_is_not_corrected_and_the_others_are_by_holm(random):
    arms = collections.OrderedDict((name, predicted(random, x)) for name, x in zip('abcd', (0.5, 0.8, 0.9, 0.6)))
    summary = arm_comparison.summary(arms, CLASSES, dict(b='a', c='a', d='b'), 'c', n=50)
    scores, p = {}, {}
    for arm, result in arms.items():
        scores[arm] = np.mean([sk.balanced_accuracy_score(LABELS, x.argmax(axis=1)) for x in result.probabilities])
    for arm, control in (('b', 'a'), ('c', 'a'), ('d', 'b')):
        result = summary['arms'][arm]
        assert result['control'] == control
        assert result['difference']['balanced_accuracy']['value'] == pytest.approx(scores[arm] - scores[control])
        right = [(x.probabilities.argmax(axis=2) == LABELS).mean(axis=0) for x in (arms[control], arms[arm])]
        gains = (right[1] - right[0]) / (3 * np.bincount(LABELS)[LABELS])
        random_signs = random.choice([-1, 1], size=[20000, 206])
        p[arm] = np.mean(np.abs(random_signs.dot(gains)) >= abs(gains.sum()) - 1e-12)
        assert result['permutation']['p'] == pytest.approx(p[arm], abs=0.02)
    small, large = sorted([summary['arms'][arm]['permutation']['p'] for arm in 'bd'])
    corrected = {small: min(2 * small, 1), large: min(max(2 * small, large), 1)}
    for arm in 'bd':
        test = summary['arms'][arm]['permutation']
        assert test['p_holm'] == pytest.approx(corrected[test['p']])
    assert summary['primary'] == 'c' and summary['arms']['c']['permutation']['p_holm'] is None
    assert summary['arms']['a']['control'] is None is summary['arms']['a']['permutation']


def test_differences_are_paired_so_that_what_arms_have_in_common_cancels(random):
    first = predicted(random, 1.0)
    near = first._replace(probabilities=0.9 * first.probabilities + 0.1 * predicted(random, 3.0).probabilities)
    summary = arm_comparison.summary(dict(first=first, near=near), CLASSES, dict(near='first'), n=500)
    own, other, gap = [
        summary['arms'][arm][what]['balanced_accuracy']['interval']
        for arm, what in (('first', 'metrics'), ('near', 'metrics'), ('near', 'difference'))
    ]
    assert gap[1] - gap[0] < 0.6 * (own[1] - own[0]) and own[0] < other[1] and other[0] < own[1]
    same = arm_comparison.summary(dict(first=first, same=first), CLASSES, dict(same='first'), n=50)['arms']['same']
    assert all(x == dict(value=0, interval=[0, 0]) for x in same['difference'].values())
    assert same['permutation']['p'] == 1 and same['disagreement'] == 0


@pytest.mark.parametrize('of', ['repeats', 'slices'])
def test_repeats_of_a_nodule_and_nodules_of_a_patient_do_not_count_as_other_patients(random, of):
    once = predicted(random, 1.0, repeats=1)
    if of == 'repeats':
        thrice = once._replace(probabilities=np.repeat(once.probabilities, 3, axis=0))
    else:  # each patient has three nodules, all of which the network answers alike
        names = np.array(['%s-%d' % (name, i) for name in NAMES for i in range(3)])
        parts = [np.repeat(part, 3, axis=-1) for part in once[1:4]]
        thrice = Predictions(names, *parts, probabilities=np.repeat(once.probabilities, 3, axis=1))
    one, other = [arm_comparison.summary(dict(x=x), CLASSES, {}, n=200)['arms']['x']['metrics'] for x in (once, thrice)]
    for name in one:
        assert_allclose(one[name]['interval'], other[name]['interval'])
        if 'wilson' in one[name]:
            assert_allclose(one[name]['wilson'], other[name]['wilson'], atol=0.012)


def test_the_summary_is_json_and_the_same_for_one_seed(three):
    texts = [
        json.dumps(arm_comparison.summary(three, CLASSES, CONTROLS, None, 50, seed), allow_nan=False)
        for seed in (1, 1, 2)
    ]
    result, other = json.loads(texts[0]), json.loads(texts[2])
    kappas = [x['arms']['b']['metrics']['kappa'] for x in (result, other)]
    assert texts[0] == texts[1] and kappas[0]['interval'] != kappas[1]['interval']
    assert kappas[0]['value'] == kappas[1]['value']
    assert result['per_class'] == [30, 119, 57] and result['folds'] == [0, 1, 2, 3, 4] and result['notes'] == []
    assert [result['arms']['a'][name] for name in ('control', 'difference', 'permutation')] == [None] * 3
    assert result['patients'] == 206
    low, high = result['arms']['b']['metrics']['calibration_error']['by_chance']
    assert 0 < low < high < 0.2
    assert sum(row['share'] for row in result['arms']['b']['reliability']) == pytest.approx(1)
    assert len(result['arms']['b']['roc']['IA']) == len(result['false_positive_rates'])


def test_shares_of_nodules_that_are_all_right_have_a_wilson_interval_with_a_width():
    result = Predictions(NAMES, NAMES, LABELS, np.arange(206) % 5, one_hot(LABELS)[None])
    metrics = arm_comparison.summary(dict(x=result), CLASSES, {}, n=50)['arms']['x']['metrics']
    assert metrics['sensitivity_AIS']['interval'] == [1, 1]
    assert_allclose(metrics['sensitivity_AIS']['wilson'], [30 / (30 + 1.959964**2), 1])


def test_who_is_right_as_often_as_he_says_has_a_calibration_error_near_0_and_none_below_it():
    answers = one_hot((LABELS + (np.arange(206) % 5 > 2)) % 3)  # right in three of five
    result = Predictions(NAMES, NAMES, LABELS, np.arange(206) % 4, (0.4 * answers + 0.2)[None])
    error = arm_comparison.summary(dict(x=result), CLASSES, {}, n=500)['arms']['x']['metrics']['calibration_error']
    assert error['value'] < 0.01 and error['interval'][0] == 0
    assert error['by_chance'][1] == pytest.approx(2.24 * np.sqrt(0.6 * 0.4 / 206), rel=0.15)  # of |x|, x normal


def test_a_class_that_is_alone_in_its_folds_has_no_auc_and_the_summary_says_so(three):
    folds = np.where(LABELS == 0, 9, np.arange(206) % 4)
    alone = collections.OrderedDict((arm, result._replace(folds=folds)) for arm, result in three.items())
    summary = json.loads(json.dumps(arm_comparison.summary(alone, CLASSES, CONTROLS, n=50), allow_nan=False))
    metrics = summary['arms']['b']['metrics']
    assert metrics['auc_AIS'] == dict(value=None, interval=[None, None], repeats=[None] * 3)
    assert metrics['macro_auc']['value'] == pytest.approx(
        np.mean([metrics['auc_MIA']['value'], metrics['auc_IA']['value']])
    )
    assert summary['notes'][-1].startswith('fold 9 has no nodule of MIA and IA') and len(summary['notes']) == 5
    assert set(summary['arms']['b']['roc']['AIS']) == {None}


def test_arms_that_cannot_be_compared_are_refused_in_words(three):
    one = three['b']
    with pytest.raises(ValueError, match='two patients with nodules of each class'):
        arm_comparison.resamples(np.array([0, 0, 1, 1]), np.array([0, 1, 2, 2]))
    with pytest.raises(ValueError, match='no arm raw to compare with; there are: a, b, c'):
        arm_comparison.summary(three, CLASSES, dict(b='raw'))
    with pytest.raises(ValueError, match='probabilities of 3 classes, but names of 2: AIS, MIA'):
        arm_comparison.summary(three, CLASSES[:2], CONTROLS)
    for wrong in (
        one._replace(nodules=one.nodules[::-1]),
        one._replace(patients=one.patients[::-1]),
        one._replace(labels=one.labels[::-1]),
        one._replace(folds=one.folds + 1),
        one._replace(probabilities=one.probabilities[:2]),
    ):
        with pytest.raises(ValueError, match='arms b and a differ in nodules, patients, labels, folds or repeats'):
            arm_comparison.summary(dict(three, b=wrong), CLASSES, CONTROLS)
    for wrong in (2 * one.probabilities, one.probabilities * np.nan, one.probabilities - [2, -1, -1]):
        with pytest.raises(ValueError, match='arm b: probabilities are not at least 0 with a sum of 1'):
            arm_comparison.summary(dict(three, b=one._replace(probabilities=wrong)), CLASSES, CONTROLS)
    unlabelled = {arm: result._replace(labels=np.minimum(result.labels, 1)) for arm, result in three.items()}
    with pytest.raises(ValueError, match='labels are not 0 to 2, each at least once'):
        arm_comparison.summary(unlabelled, CLASSES, CONTROLS)
