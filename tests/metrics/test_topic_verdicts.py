"""What an evaluation says in words, for figures whose meaning is known."""

import numpy as np
import pytest
from scipy import stats

from metrics import metric, topic_verdicts
from metrics.evaluation import Row
from stats.bootstrap import Estimate


def row(key, fakes, reals, **parameters):
    """A row; fakes, reals: (value, low, high)."""
    estimates = [Estimate(x[0], list(x[1:]), None) for x in (fakes, reals)]
    return Row(metric.metric(key, **dict(dict(space='network'), **parameters)), *estimates, count=0)


def judged(rows, n=2000, trained_on=True):
    result = topic_verdicts.verdicts(topic_verdicts.compare([each._replace(count=n) for each in rows]), trained_on)
    return {x.topic: (x.state, x.message) for x in result}


def chance(value, spread=0.05):
    """A row of reals and generated images that are alike."""
    around = (value, value - spread, value + spread)
    return row('precision', around, around)


def test_a_recall_below_that_of_the_reals_is_less_variety_at_any_number_of_images():
    rows = [row('recall', (0.57, 0.5, 0.63), (0.8, 0.74, 0.86))]
    for n in (50, 5000):
        assert judged(rows, n) == {'variety': ('differs', metric.metric('recall', space='').lower)}


def test_more_similarity_of_pairs_is_less_variety_too():
    rows = [row('ms_ssim', (0.31, 0.3, 0.32), (0.22, 0.21, 0.23), scales='')]
    assert judged(rows) == {'variety': ('differs', metric.metric('ms_ssim', scales='').higher)}


def test_measures_of_variety_that_disagree_are_both_named_in_one_sentence():
    rows = [
        row('recall', (0.57, 0.5, 0.63), (0.8, 0.74, 0.86)),
        row('ms_ssim', (0.14, 0.13, 0.15), (0.22, 0.21, 0.23), scales=''),
    ]
    state, message = judged(rows)['variety']
    assert state == 'differs' and message.count(', but ') == 1 and ';' not in message
    less_alike, missing = message.split(', but ')
    assert 'MS-SSIM' in less_alike and 'less alike' in less_alike and 'recall' in missing


@pytest.mark.parametrize(
    'spread, n, state', [(0.02, 2000, 'alike'), (0.02, 499, 'undecided'), (0.2, 2000, 'undecided')]
)
def test_sets_are_alike_only_if_images_are_many_and_a_difference_that_matters_is_ruled_out(spread, n, state):
    around = [0.8 - spread, 0.8 + spread]
    assert judged([row('recall', [0.8] + around, [0.8] + around)], n)['variety'][0] == state


@pytest.mark.parametrize('n, state', [(50000, 'alike'), (100, 'undecided')])
def test_a_clear_difference_that_does_not_matter_is_none(n, state):
    close = row('nodule_gray_mean', (-600, -603, -597), (-610, -613, -607), unit='HU')
    assert topic_verdicts.p_value(close._replace(count=n)) < 1e-4
    assert judged([close], n)['density'][0] == state


def test_a_difference_counts_only_if_chance_makes_none_so_large_among_all_rows_together():
    # a one-sided p of 0.01: with four other rows 0.05, with five 0.06
    half = 0.2 * 1.9601 / 2.3263 / 2**0.5
    clear = row('recall', (0.6, 0.6 - half, 0.6 + half), (0.8, 0.8 - half, 0.8 + half))
    assert topic_verdicts.p_value(clear._replace(count=10**6)) == pytest.approx(0.01, rel=1e-3)
    for others, state in ((3, 'differs'), (4, 'undecided')):
        assert judged([clear] + others * [chance(0.7)], 10**6)['variety'][0] == state
    assert topic_verdicts.compare([clear._replace(count=10**6)] + 3 * [chance(0.7)])[0].p == pytest.approx(
        0.04, rel=1e-3
    )


@pytest.mark.parametrize('count', [12, 400])
def test_the_p_value_of_two_means_is_that_of_a_test_of_their_difference(count):
    random = np.random.RandomState(count)
    sides = [random.randn(count), random.randn(count) + 2 / count**0.5]
    estimates = []
    for x in sides:
        half = stats.t.ppf(0.975, count - 1) * x.std(ddof=1) / count**0.5
        estimates.append((x.mean(), x.mean() - half, x.mean() + half))
    two_sided = topic_verdicts.p_value(row('diameter_mean', *estimates, unit='mm')._replace(count=count))
    error = ((sides[0].var(ddof=1) + sides[1].var(ddof=1)) / count) ** 0.5
    expected = stats.t.sf(abs(sides[0].mean() - sides[1].mean()) / error, count - 1)
    assert two_sided == pytest.approx(2 * expected, rel=1e-6)
    assert topic_verdicts.p_value(row('coverage', *estimates)._replace(count=count)) == pytest.approx(
        expected, rel=1e-6
    )
    assert topic_verdicts.p_value(row('swd', *estimates, size=64)._replace(count=count)) == pytest.approx(1 - expected)


def test_equal_values_without_width_are_no_evidence_and_unequal_ones_are():
    none, some = (0.0, 0.0, 0.0), (0.4, 0.4, 0.4)
    assert topic_verdicts.p_value(row('duplicates', none, none)) == 0.5
    assert topic_verdicts.p_value(row('duplicates', some, none)) == 0
    assert topic_verdicts.p_value(row('duplicates', none, some)) == 1


def test_a_smaller_distance_or_a_higher_share_than_that_of_the_reals_does_not_count_against_the_images():
    rows = [row('swd', (4, 3.9, 4.1), (8, 7.9, 8.1), size=64), row('precision', (0.9, 0.89, 0.91), (0.7, 0.69, 0.71))]
    assert judged(rows)['fidelity'][0] == 'alike'
    assert judged(rows, 100)['fidelity'][0] == 'undecided'


def test_copies_differ_from_as_many_near_images_as_real_ones_have():
    few, many, reals = (0.011, 0.007, 0.016), (0.4, 0.37, 0.43), (0.01, 0.006, 0.015)
    assert judged([row('nearer_share', few, reals)])['copies'][0] == 'alike'
    state, message = judged([row('nearer_share', many, reals)])['copies']
    assert state == 'differs' and 'as near to a training image as copies are' in message


def test_that_no_copies_are_found_says_nothing_where_the_weights_are_not_known_to_have_learnt_from_the_data():
    rows = [row('nearer_share', (0.011, 0.007, 0.016), (0.01, 0.006, 0.015))]
    rows.append(row('recall', (0.8, 0.79, 0.81), (0.8, 0.79, 0.81)))
    result = judged(rows, trained_on=False)
    assert result['copies'][0] == 'unknown' and result['variety'][0] == 'alike'
    copied = [row('nearer_share', (0.4, 0.37, 0.43), (0.01, 0.006, 0.015))]
    assert judged(copied, trained_on=False)['copies'][0] == 'differs'


def test_simulated_images_are_called_so_in_messages_and_in_the_summary():
    around = (0.8, 0.79, 0.81)
    compared = topic_verdicts.compare([row('recall', around, around)._replace(count=2000)])
    (verdict,) = topic_verdicts.verdicts(compared, True, 'simulated')
    assert verdict.message == 'as good as simulated images'
    assert topic_verdicts.summary([verdict], 2000, 'simulated').startswith(
        'Compared with simulated images, the generated'
    )
    lower = metric.metric('precision', space='network', real='simulated').lower
    assert lower == 'fewer of them look like a simulated image'


def test_what_differs_most_comes_first_and_every_metric_that_differs_is_shown():
    rows = [
        row('swd', (value, value - 1, value + 1), (8, 7, 9), size=size)._replace(count=2000)
        for size, value in ((64, 20), (32, 90), (16, 8))
    ]
    (verdict,) = topic_verdicts.verdicts(topic_verdicts.compare(rows), True)
    assert [x.row.metric.size for x in verdict.comparisons] == [32, 64]


def test_the_interval_of_a_difference_is_that_of_independent_estimates():
    result = topic_verdicts.interval_of_difference(Estimate(10, [7, 14], None), Estimate(5, [1, 8], None))
    assert result == pytest.approx((5 - (9 + 9) ** 0.5, 5 + (16 + 16) ** 0.5))


def test_the_summary_names_what_differs_what_does_not_and_what_is_open():
    result = [
        topic_verdicts.Verdict(*x, message='', comparisons=[])
        for x in (('variety', 'differs'), ('density', 'alike'), ('fidelity', 'undecided'), ('copies', 'unknown'))
    ]
    assert topic_verdicts.summary(result, 100) == (
        'Compared with real images, the generated ones differ in variety and are as good in density. '
        '100 images are too few to decide on fidelity. '
        'Whether they are copies of training images is not known.'
    )


@pytest.mark.parametrize('key', list(metric.METRICS))
def test_every_metric_has_a_topic_what_is_wanted_and_texts_without_gaps(key):
    result = metric.metric(key, size=16, unit='HU', space='network', scales='')
    assert result.topic in metric.TOPICS and result.wanted in ('low', 'high', 'as reals')
    texts = [result.label, result.meaning, result.higher or '', result.lower or '']
    assert result.meaning and not any('{' in text for text in texts)
    assert result.higher or result.lower  # something speaks against the images
    assert result.least_difference(1.0) > 0
    assert result.facts()['key'] == key and result.facts()['metric'] == result.label


def test_labels_name_the_size_and_the_unit():
    assert metric.metric('swd', size=64).label == 'SWD x1000, 64x64'
    assert metric.metric('diameter_sd', unit='mm').label == 'nodule diameter, mm, SD'
    assert metric.metric('gray_distance', unit='gray levels').least_difference(9) == 2
