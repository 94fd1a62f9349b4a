"""What is said of readers, against SciPy, scikit-learn and readers who are simulated with known skill."""

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats
from sklearn import metrics as sklearn_metrics

from stats import reader_metrics

CLASSES = np.array(['AIS', 'MIA', 'IA'])


def simulated(random, cases=300, number=3, accuracy=0.5, shared=0.0, again=0.0):
    """Verdicts, second verdicts, seconds, signals and labels; shared: how far readers see the same in a case."""
    signals = np.arange(cases) % 2 == 0
    skill = np.where(signals, 1, -1) * stats.norm.ppf(accuracy)
    evidence = np.sqrt(shared) * random.randn(cases) + np.sqrt(1 - shared) * random.randn(number, cases) + skill
    verdicts = np.digitize(evidence, [-1, -0.5, 0, 0.5, 1]) + 1.0
    second = np.where(random.uniform(size=verdicts.shape) < again, verdicts, np.nan)
    return verdicts, second, random.uniform(2, 9, size=verdicts.shape), signals, CLASSES[np.arange(cases) % 3]


def test_shares_and_areas_of_a_reader_are_those_of_scikit_learn(random):
    verdicts, again, seconds, signals, labels = simulated(random, 120, 2, 0.7)
    result = reader_metrics.summary(verdicts, again, seconds, signals, labels)
    for row, took, one in zip(verdicts, seconds, result['readers']):
        assert one['accuracy'] == pytest.approx(sklearn_metrics.accuracy_score(signals, row >= 4))
        assert one['sensitivity'] == pytest.approx(sklearn_metrics.recall_score(signals, row >= 4))
        assert one['specificity'] == pytest.approx(sklearn_metrics.recall_score(~signals, row < 4))
        assert one['auc'] == pytest.approx(sklearn_metrics.roc_auc_score(signals, row))
        assert one['seconds'] == np.median(took) and one['answers'] == 120
        test = stats.binomtest if hasattr(stats, 'binomtest') else stats.binom_test
        p = test(one['right'], 120)
        assert one['p'] == pytest.approx(getattr(p, 'pvalue', p))
    assert result['pooled']['auc'] == pytest.approx(np.mean([one['auc'] for one in result['readers']]))
    own = labels == 'MIA'
    expected = np.mean([sklearn_metrics.roc_auc_score(signals[own], row[own]) for row in verdicts])
    assert result['classes']['MIA']['auc'] == pytest.approx(expected)
    assert list(result['classes']) == ['AIS', 'MIA', 'IA']
    expected = sklearn_metrics.cohen_kappa_score(*verdicts >= 4)
    assert result['agreement']['pairs'][0]['kappa'] == pytest.approx(expected)


def test_the_interval_of_an_area_is_as_wide_as_the_area_varies_between_studies(random):
    areas, widths = [], []
    for _ in range(60):
        verdicts, _, _, signals, _ = simulated(random, 100, 1, 0.65)
        result = reader_metrics._auc(verdicts, signals, 0)
        areas.append(result['auc'])
        widths.append(np.diff(result['auc_interval'])[0] / (2 * 1.96))
    assert_allclose(np.mean(widths), np.std(areas), rtol=0.25)


def test_intervals_of_three_readers_say_how_readers_differ_and_those_of_two_do_not(random):
    signals = np.arange(400) % 2 == 0
    skills = [simulated(random, 400, 1, accuracy)[0][0] for accuracy in (0.5, 0.9, 0.5)]
    two, three = [
        np.diff(reader_metrics._auc(np.array(rows), signals, 0)['auc_interval']) for rows in (skills[:2], skills)
    ]
    assert three > 3 * two


def groups(random, studies, **how):
    """What is said of all readers of simulated studies."""
    result = []
    for _ in range(studies):
        verdicts, _, seconds, signals, _ = simulated(random, **how)
        result.append(reader_metrics._group(verdicts, signals, seconds, 1, 0.1, 0))
    return result


@pytest.mark.parametrize('shared', [0, 0.8])
def test_guessing_is_taken_for_skill_in_5_of_100_studies_also_where_readers_see_the_same(random, monkeypatch, shared):
    monkeypatch.setattr(reader_metrics, 'RESAMPLES', 2)
    result = groups(random, 40, shared=shared)
    assert sum(each['p'] < 0.05 for each in result) <= 5
    assert sum(each['accuracy_interval'][0] <= 0.5 <= each['accuracy_interval'][1] for each in result) >= 35
    assert sum(each['equivalence']['shown'] for each in result) >= 30


def test_an_accuracy_of_65_percent_is_always_found_and_never_taken_for_chance(random, monkeypatch):
    monkeypatch.setattr(reader_metrics, 'RESAMPLES', 2)
    for number in (1, 3):
        for each in groups(random, 20, number=number, accuracy=0.65):
            assert each['p'] < 0.05 and not each['equivalence']['shown']


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
    assert last['specificity'] is None and last['dprime'] is None and last['auc_interval'] == [None, None]
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


def test_readers_are_compared_with_chance_by_a_t_test_where_there_are_three(random):
    result = reader_metrics.summary(*simulated(random, 100, 4, 0.6))
    shares = [one['accuracy'] for one in result['readers']]
    assert result['pooled']['p_readers'] == pytest.approx(stats.ttest_1samp(shares, 0.5).pvalue)
    assert reader_metrics.summary(*simulated(random, 100, 2, 0.6))['pooled']['p_readers'] is None


@pytest.mark.parametrize('accuracy, cases', [(0.55, 783), (0.6, 194), (0.65, 85), (0.7, 47), (0.4, 194)])
def test_so_many_cases_give_80_percent_power(accuracy, cases):
    assert reader_metrics.cases_needed(accuracy) == cases
    border = stats.norm.isf(0.025, 0.5, 0.5 / np.sqrt(cases))  # a share above that is told from a half
    power = stats.norm.sf(border, max(accuracy, 1 - accuracy), np.sqrt(accuracy * (1 - accuracy) / cases))
    assert 0.8 <= power < 0.807
