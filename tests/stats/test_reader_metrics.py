"""What is said of readers, against SciPy, scikit-learn and readers who are simulated with known skill."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn import metrics as sklearn_metrics

from stats import reader_metrics

CLASSES = np.array(['AIS', 'MIA', 'IA'])


def readers(random, cases, number, dprime=0.0, shared=0.0, spread=0.0, criterion=0.0):
    """(verdicts [readers, cases], signals); shared: how far readers see the same in a case; spread: of their d'."""
    signals = np.arange(cases) % 2 == 0
    skill = np.where(signals, 0.5, -0.5) * (dprime + spread * random.randn(number, 1))
    evidence = np.sqrt(shared) * random.randn(cases) + np.sqrt(1 - shared) * random.randn(number, cases) + skill
    return np.digitize(evidence - criterion, [-1, -0.5, 0, 0.5, 1]) + 1.0, signals


def simulated(random, cases=300, number=3, accuracy=0.5, again=0.0):
    """Verdicts, second verdicts, seconds, signals and labels."""
    verdicts, signals = readers(random, cases, number, 2 * stats.norm.ppf(accuracy))
    second = np.where(random.uniform(size=verdicts.shape) < again, verdicts, np.nan)
    return verdicts, second, random.uniform(2, 9, size=verdicts.shape), signals, CLASSES[np.arange(cases) % 3]


def leave_one_out_error(signals, row):
    """The jackknife standard error of a reader's AUC, by scikit-learn."""
    keep = ~np.eye(len(row), dtype=bool)
    areas = np.array([sklearn_metrics.roc_auc_score(signals[rows], row[rows]) for rows in keep])
    return np.sqrt((len(row) - 1.0) / len(row) * np.square(areas - areas.mean()).sum())


def test_shares_and_areas_of_a_reader_are_those_of_scikit_learn(random):
    verdicts, again, seconds, signals, labels = simulated(random, 120, 2, 0.7)
    result = reader_metrics.summary(verdicts, again, seconds, signals, labels)
    for row, took, one in zip(verdicts, seconds, result['readers']):
        assert one['accuracy'] == pytest.approx(sklearn_metrics.accuracy_score(signals, row >= 4))
        assert one['sensitivity'] == pytest.approx(sklearn_metrics.recall_score(signals, row >= 4))
        assert one['specificity'] == pytest.approx(sklearn_metrics.recall_score(~signals, row < 4))
        assert one['auc'] == pytest.approx(sklearn_metrics.roc_auc_score(signals, row))
        assert one['seconds'] == np.median(took) and one['answers'] == 120
        error = leave_one_out_error(signals, row)
        assert one['p'] == pytest.approx(2 * stats.t.sf((one['auc'] - 0.5) / error, 59))
        half = stats.t.ppf(0.95, 59) * error
        assert_allclose(one['equivalence']['auc']['interval'], [one['auc'] - half, one['auc'] + half])
    assert result['pooled']['auc'] == pytest.approx(np.mean([one['auc'] for one in result['readers']]))
    own = labels == 'MIA'
    expected = np.mean([sklearn_metrics.roc_auc_score(signals[own], row[own]) for row in verdicts])
    assert result['classes']['MIA']['auc'] == pytest.approx(expected)
    assert list(result['classes']) == ['AIS', 'MIA', 'IA']
    expected = sklearn_metrics.cohen_kappa_score(*verdicts >= 4)
    assert result['agreement']['pairs'][0]['kappa'] == pytest.approx(expected)


def test_intervals_are_as_wide_as_measures_vary_between_studies(random):
    studies = [reader_metrics.judge(*readers(random, 100, 1, dprime=0.8)) for _ in range(100)]
    for name, tolerance in (('auc', 0.2), ('dprime', 0.2), ('criterion', 0.2), ('accuracy', 0.2)):
        values = [study[name] for study in studies]
        widths = [np.diff(study[name + '_interval'])[0] / (2 * 1.96) for study in studies]
        assert_allclose(np.mean(widths), np.std(values), rtol=tolerance, err_msg=name)


def test_several_readers_who_answer_alike_have_the_interval_of_one(random):
    verdicts, signals = readers(random, 300, 1, dprime=0.8)
    one = reader_metrics.judge(verdicts, signals)
    four = reader_metrics.judge(np.repeat(verdicts, 4, axis=0), signals)
    for name in reader_metrics.MEASURES:
        assert_allclose(four[name + '_interval'], one[name + '_interval'], rtol=0.02, err_msg=name)
    perfect = reader_metrics.judge(np.where(signals, 6.0, 1.0) * np.ones([3, 1]), signals)
    assert perfect['accuracy_interval'][0] == pytest.approx(300 / (300 + 1.96**2), abs=1e-4)  # Wilson's, of 300 of 300
    assert perfect['auc'] == 1 and perfect['auc_interval'] is None and perfect['verdict'] == 'told_apart'


def test_readers_who_differ_make_the_interval_of_all_wider_than_that_of_each(random):
    rows = [readers(random, 400, 1, dprime=dprime)[0][0] for dprime in (0, 2.5, 0)]
    signals = np.arange(400) % 2 == 0
    each = [np.diff(reader_metrics.judge(row[None], signals)['auc_interval']) for row in rows]
    together = np.diff(reader_metrics.judge(np.array(rows), signals)['auc_interval'])
    assert together > 3 * max(each)


@pytest.mark.parametrize('margin, intervals', [(0.1, 1), (0.05, 1), (0.1, 2)])
def test_margins_are_those_of_readers_who_lean_to_no_side(margin, intervals):
    limits = reader_metrics.margins(margin, intervals)
    dprime = limits['dprime'][1]
    accuracy = stats.norm.cdf(dprime / 2 if intervals == 1 else dprime / np.sqrt(2))
    assert accuracy == pytest.approx(0.5 + margin) == limits['accuracy'][1]
    z = np.linspace(-9, 9, 20001)
    mean = stats.norm.ppf(accuracy)  # a signal's impression; noise has -mean
    area = np.trapezoid if hasattr(np, 'trapezoid') else np.trapz
    expected = area(stats.norm.pdf(z - mean) * stats.norm.cdf(z + mean), z)  # a signal above a noise
    assert limits['auc'] == pytest.approx([1 - expected, expected]) and limits['dprime'][0] == -dprime
    for wrong in (0, 0.5, -0.1):
        with pytest.raises(ValueError, match='margin lies between'):
            reader_metrics.margins(wrong)


def count(verdict, studies):
    return sum(each['verdict'] == verdict for each in studies)


@pytest.mark.parametrize('shared, spread', [(0, 0), (0.8, 0), (0, 0.6), (0.8, 0.6)])
def test_guessing_is_told_apart_in_5_of_100_studies_also_where_cases_are_shared_or_readers_differ(
    random, shared, spread
):
    studies = [reader_metrics.judge(*readers(random, 100, 4, 0, shared, spread)) for _ in range(100)]
    assert count('told_apart', studies) <= 9
    inside = [study['auc_interval'][0] <= 0.5 <= study['auc_interval'][1] for study in studies]
    assert sum(inside) == 100 - count('told_apart', studies)


def test_readers_at_chance_are_mostly_shown_to_be_near_it_with_300_cases(random):
    for number in (1, 4):
        studies = [reader_metrics.judge(*readers(random, 300, number)) for _ in range(20)]
        assert count('not_told_apart', studies) >= 16


def test_an_accuracy_of_65_percent_is_always_found(random):
    dprime = 2 * stats.norm.ppf(0.65)
    for number in (1, 4):
        studies = [reader_metrics.judge(*readers(random, 300, number, dprime)) for _ in range(20)]
        assert count('told_apart', studies) == 20


@pytest.mark.parametrize('cases, criterion', [(100, 1.6), (300, 1.6), (1000, 1.0)])
def test_readers_just_outside_the_margin_are_hardly_ever_called_unable_however_they_lean(random, cases, criterion):
    dprime = reader_metrics.margins(0.1)['dprime'][1]
    studies = [reader_metrics.judge(*readers(random, cases, 1, dprime, criterion=criterion)) for _ in range(40)]
    assert count('not_told_apart', studies) <= 4
    by_accuracy = sum(each['equivalence']['accuracy']['shown'] for each in studies)
    assert by_accuracy > 4  # of which accuracy alone would claim more


def test_accuracy_within_its_margin_is_not_enough(random):
    judged = reader_metrics.judge(*readers(random, 2000, 1, 0.55, criterion=2))
    shown = {name: each['shown'] for name, each in judged['equivalence'].items()}
    assert shown == dict(accuracy=True, auc=True, dprime=False) and judged['verdict'] == 'told_apart'
    signals = np.arange(100) < 50
    few = np.where(np.isin(np.arange(100), [0, 1, 2, 3, 97, 98, 99]), 5.0, 2.0)  # 4 hits, 3 false alarms
    judged = reader_metrics.judge(few[None], signals)
    assert judged['equivalence']['accuracy']['shown'] and not judged['equivalence']['dprime']['shown']
    assert (judged['verdict'], judged['reason']) == ('undecided', 'accuracy_alone')


def test_who_always_says_the_same_is_no_evidence_and_who_can_tell_alone_is_not_averaged_away(random):
    verdicts, signals = readers(random, 300, 4)
    assert reader_metrics.judge(verdicts, signals)['verdict'] == 'not_told_apart'
    verdicts[0] = np.where(random.uniform(size=300) < 0.02, 1, 6)
    judged = reader_metrics.judge(verdicts, signals)
    assert (judged['verdict'], judged['reason']) == ('undecided', 'one_sided')
    verdicts[0] = readers(random, 300, 1, 0.45)[0]
    verdicts[1] = readers(random, 300, 1, -0.45)[0]
    judged = reader_metrics.judge(verdicts, signals, margin=0.3)
    assert (judged['verdict'], judged['reason']) == ('undecided', 'told_alone')


def test_a_reader_who_calls_everything_real_is_measured_as_far_as_that_goes(random):
    verdicts, again, seconds, signals, labels = simulated(random, 60, 1)
    result = reader_metrics.summary(np.full_like(verdicts, 6), again, seconds, signals, labels)
    one = json.loads(json.dumps(result, allow_nan=False))['readers'][0]
    assert one['sensitivity'] == 1 and one['specificity'] == 0 and one['accuracy'] == 0.5 and one['auc'] == 0.5
    assert one['criterion'] < -1 and one['dprime'] == pytest.approx(0) and one['repeats']['agreement'] is None
    assert result['agreement'] == dict(fleiss=None, fleiss_interval=None, cases=0, pairs=[])


def test_what_was_read_so_far_counts_and_what_is_not_defined_is_null(random):
    verdicts, again, seconds, signals, labels = simulated(random, 90, 3)
    verdicts[1, 30:] = verdicts[2, 1:] = np.nan
    result = json.loads(json.dumps(reader_metrics.summary(verdicts, again, seconds, signals, labels), allow_nan=False))
    assert [one['answers'] for one in result['readers']] == [90, 30, 1] and result['pooled']['answers'] == 121
    last = result['readers'][2]
    assert last['specificity'] is None and last['dprime'] is None and last['auc_interval'] is None and last['p'] is None
    assert (last['verdict'], last['reason']) == ('undecided', 'few_cases')
    assert result['pooled']['analysed'] == [0, 1]
    expected = np.mean([one['accuracy'] for one in result['readers'][:2]])
    assert result['pooled']['accuracy'] == pytest.approx(expected)
    assert [pair['cases'] for pair in result['agreement']['pairs']] == [30, 1, 1]
    assert result['agreement']['cases'] == 30
    with pytest.raises(ValueError, match='without answers'):
        reader_metrics.summary(np.full([1, 90], np.nan), again[:1], seconds[:1], signals, labels)


def test_second_showings_count_for_agreement_with_oneself_alone(random):
    verdicts, again, seconds, signals, labels = simulated(random, 200, 1, 0.6, again=0.2)
    without = reader_metrics.summary(verdicts, np.full_like(again, np.nan), seconds, signals, labels)
    changed = np.where(np.arange(200) < 100, again, 7 - again)
    result = reader_metrics.summary(verdicts, changed, seconds, signals, labels)
    assert result['pooled'] == without['pooled']
    shown = ~np.isnan(again[0])
    expected = sklearn_metrics.cohen_kappa_score(verdicts[0, shown] >= 4, changed[0, shown] >= 4)
    repeats = result['readers'][0]['repeats']
    assert repeats['number'] == shown.sum() and repeats['kappa'] == pytest.approx(expected)
    assert repeats['agreement'] == pytest.approx(shown[:100].sum() / float(shown.sum()))


@pytest.mark.parametrize('accuracy, cases', [(0.55, 783), (0.6, 194), (0.65, 85), (0.7, 47), (0.4, 194)])
def test_so_many_cases_give_80_percent_power(accuracy, cases):
    assert reader_metrics.cases_needed(accuracy) == cases
    border = stats.norm.isf(0.025, 0.5, 0.5 / np.sqrt(cases))  # a share above that is told from a half
    power = stats.norm.sf(border, max(accuracy, 1 - accuracy), np.sqrt(accuracy * (1 - accuracy) / cases))
    assert 0.8 <= power < 0.807
