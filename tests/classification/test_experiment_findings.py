"""What is concluded from the numbers of an experiment, by tables of numbers that are made up."""

import types

import pytest

from classification import experiment_findings, experiment_summary

ARMS = 'raw', 'common', 'duplicates', 'gan', 'gan x2', 'shuffled'
CONTROLS = {'common': 'raw', 'duplicates': 'common', 'gan': 'duplicates', 'gan x2': 'duplicates', 'shuffled': 'common'}
BY_ARM = {name: types.SimpleNamespace(arm=name.split()[0], ratio=2.0 if 'x2' in name else 1.0) for name in ARMS}
GOOD, BAD, OPEN = (0.02, 0.15), (-0.15, -0.02), (-0.05, 0.08)  # intervals of a difference


def comparison(interval=OPEN, p=0.5, nodules=90, arms=ARMS, controls=CONTROLS, repeats=3, **accuracies):
    """A summary as of arm_comparison: each arm differs from its control by this interval, with p, after Holm 20 p."""
    primary = 'gan' if controls.get('gan') else None
    summary = dict(
        primary=primary, per_class=[nodules // 3] * 3, classes=['AIS', 'MIA', 'IA'], arms={}, repeats=repeats
    )
    for name in arms:
        value = accuracies.get(name.split()[0], 0.5 if name != 'shuffled' else 0.33)
        accuracy = dict(value=value, interval=[value - 0.05, value + 0.05], repeats=[value])
        summary['arms'][name] = dict(
            metrics=dict(balanced_accuracy=accuracy),
            control=controls.get(name),
            difference=dict(balanced_accuracy=dict(value=sum(interval) / 2, interval=list(interval))),
            permutation=dict(p=p, p_holm=None if name == primary else min(20 * p, 1)),
        )
    return summary, {name: BY_ARM[name] for name in arms}


def keys(findings):
    return [finding['key'] for finding in findings]


@pytest.mark.parametrize(
    'interval, p, key, exploratory',
    [(GOOD, 0.04, 'better', 'not_shown'), (BAD, 0.04, 'worse', 'not_shown'), (GOOD, 0.001, 'better', 'better'),
     (OPEN, 0.001, 'not_shown', 'not_shown'), (GOOD, 0.06, 'not_shown', 'not_shown')],
)  # fmt: skip
def test_a_difference_is_shown_where_test_and_interval_agree_and_only_the_primary_one_without_correction(
    interval, p, key, exploratory
):
    summary, by_arm = comparison(interval, p)
    assert experiment_findings.outcome(summary, 'gan') == key
    assert experiment_findings.outcome(summary, 'gan x2') == exploratory
    sentence = experiment_findings.first_sentence(summary, by_arm, False)
    assert sentence.startswith(experiment_findings.OUTCOMES[key] + ': on 90 nodules, balanced accuracy is 50.0 % with')
    assert 'with as many turned copies of real images' in sentence
    assert 'p = %.3f)' % p in sentence and '%.1f' % (100 * abs(interval[0])) in sentence


def test_nothing_is_claimed_without_a_primary_comparison():
    summary, by_arm = comparison(GOOD, 0.001, arms=['raw', 'common'], controls=dict(common='raw'))
    assert experiment_findings.outcome(summary, None) is None is experiment_findings.outcome(summary, 'raw')
    assert experiment_findings.outcome(summary, 'common') == 'better'
    assert experiment_findings.notes(summary, by_arm) == []
    sentence = experiment_findings.first_sentence(summary, by_arm, True)
    assert sentence.startswith('This experiment, on 90 phantoms, not patients, does not tell whether')


@pytest.mark.parametrize(
    'options, expected',
    [
        (dict(), ['room_left', 'control', 'other_ratios', 'paper_order']),
        (dict(repeats=1), ['room_left', 'one_repeat', 'control', 'other_ratios', 'paper_order']),
        (dict(interval=(0, 0), p=1.0), ['no_width', 'control', 'other_ratios', 'paper_order']),
        (dict(interval=GOOD), ['tests_disagree', 'control', 'other_ratios', 'paper_order']),
        (dict(p=0.01), ['tests_disagree', 'control', 'other_ratios', 'paper_order']),
        (dict(interval=GOOD, p=0.01), ['few_nodules', 'control', 'other_ratios', 'paper_order']),
        (dict(interval=BAD, p=0.01, nodules=300), ['control', 'other_ratios', 'paper_order']),
        (dict(arms=['common', 'gan'], controls=dict(gan='common')), ['room_left', 'no_duplicates']),
    ],
)
def test_notes_say_what_limits_the_finding(options, expected):
    notes = experiment_findings.notes(*comparison(**options))
    assert keys(notes) == expected
    if expected[0] == 'room_left':
        assert (notes[0]['gain'], notes[0]['loss']) == (0.08, 0.05)


@pytest.mark.parametrize('raw, common, gan, confirmed', [(0.3, 0.4, 0.5, True), (0.4, 0.3, 0.5, False)])
def test_whether_the_order_of_the_paper_is_seen(raw, common, gan, confirmed):
    order = experiment_findings.notes(*comparison(raw=raw, common=common, gan=gan))[-1]
    assert order == dict(key='paper_order', confirmed=confirmed, accuracies=[raw, common, gan])


@pytest.mark.parametrize(
    'options, phantoms, expected',
    [
        (dict(), False, [('shuffled_at_chance', 'good')]),
        (dict(shuffled=0.45), False, [('shuffled_not_at_chance', 'bad')]),
        (dict(arms=['raw', 'gan']), False, [('no_shuffled_arm', 'open')]),
        (dict(gan=0.8), False, [('shuffled_at_chance', 'good'), ('too_good', 'bad')]),
        (dict(gan=0.8), True, [('shuffled_at_chance', 'good')]),
        (dict(gan=0.8, nodules=300), False, [('shuffled_at_chance', 'good')]),
    ],
)
def test_leaks_are_suspected_from_shuffled_labels_and_from_success_that_is_too_good(options, phantoms, expected):
    checks = experiment_findings.checks(*comparison(**options), phantoms=phantoms)
    assert [(check['key'], check['tone']) for check in checks] == expected
    if expected[-1][0] == 'too_good':
        assert checks[-1]['arms'] == ['gan', 'gan x2']


def test_the_ratio_nearest_to_1_stands_for_an_arm():
    _, by_arm = comparison()
    assert experiment_summary.nearest(by_arm, 'gan') == 'gan' and experiment_summary.nearest(by_arm, 'tstr') is None
