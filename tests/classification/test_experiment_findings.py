"""What is concluded from the numbers of an experiment, by tables of numbers that are made up."""

import types

import pytest

from classification import experiment_findings, experiment_summary

ARMS = 'raw', 'common', 'duplicates', 'gan', 'gan x2', 'shuffled'
BY_ARM = {name: types.SimpleNamespace(arm=name.split()[0], ratio=2.0 if 'x2' in name else 1.0) for name in ARMS}
GOOD, BAD, OPEN = (0.02, 0.15), (-0.15, -0.02), (-0.05, 0.08)  # intervals of a difference


def comparison(interval=OPEN, p=0.5, more=0, nodules=90, reference='duplicates', arms=ARMS, t_test=None, **accuracies):
    """A summary as of arm_comparison: every arm differs from the reference by this interval, p, and more right ones."""
    summary = dict(reference=reference, per_class=[nodules // 3] * 3, classes=['AIS', 'MIA', 'IA'], arms={})
    for name in arms:
        value = accuracies.get(name.split()[0], 0.5 if name != 'shuffled' else 0.33)
        accuracy = dict(value=value, interval=[value - 0.05, value + 0.05], repeats=[value])
        summary['arms'][name] = dict(
            metrics=dict(balanced_accuracy=accuracy),
            difference=dict(balanced_accuracy=dict(value=sum(interval) / 2, interval=list(interval))),
            mcnemar=dict(only_reference=5, only_arm=5 + more, p_holm=p),
            nadeau_bengio=t_test and dict(p_holm=t_test),
        )
    return summary, {name: BY_ARM[name] for name in arms}


def keys(findings):
    return [finding['key'] for finding in findings]


@pytest.mark.parametrize(
    'interval, p, more, key',
    [(GOOD, 0.01, 4, 'better'), (BAD, 0.01, -4, 'worse'), (OPEN, 0.01, 4, 'not_shown'), (GOOD, 0.06, 4, 'not_shown'),
     (GOOD, 0.01, -4, 'not_shown'), (BAD, 0.01, 4, 'not_shown')],
)  # fmt: skip
def test_a_difference_is_shown_only_where_test_and_interval_agree(interval, p, more, key):
    summary, by_arm = comparison(interval, p, more)
    assert experiment_findings.outcome(summary, 'gan') == key
    sentence = experiment_findings.first_sentence(summary, by_arm, False)
    assert sentence.startswith(experiment_findings.OUTCOMES[key] + ': on 90 nodules, balanced accuracy is 50.0 % with')
    assert 'p = %.3f after' % p in sentence and '%.1f' % (100 * abs(interval[0])) in sentence


def test_nothing_is_claimed_without_generated_images_or_of_the_reference():
    summary, by_arm = comparison(reference='raw', arms=['raw', 'common'])
    assert experiment_findings.outcome(summary, None) is None is experiment_findings.outcome(summary, 'raw')
    assert experiment_findings.notes(summary, by_arm) == []
    sentence = experiment_findings.first_sentence(summary, by_arm, True)
    assert sentence.startswith('This experiment, on 90 phantoms, not patients, does not tell whether')


@pytest.mark.parametrize(
    'options, expected',
    [
        (dict(), ['room_left', 'other_ratios', 'paper_order']),
        (dict(interval=GOOD), ['tests_disagree', 'other_ratios', 'paper_order']),
        (dict(interval=GOOD, p=0.01, more=4), ['few_nodules', 'other_ratios', 'paper_order']),
        (dict(interval=GOOD, p=0.01, more=4, nodules=300, t_test=0.2),
         ['not_over_trainings', 'other_ratios', 'paper_order']),
        (dict(interval=BAD, p=0.01, more=-4, nodules=300, t_test=0.01), ['other_ratios', 'paper_order']),
        (dict(reference='common', arms=['common', 'gan']), ['room_left', 'no_duplicates']),
    ],
)  # fmt: skip
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


def test_the_arm_that_counts_is_at_the_ratio_nearest_to_one_and_the_example_is_of_the_best():
    summary, by_arm = comparison()
    summary['arms']['gan x2']['metrics']['balanced_accuracy']['value'] = 0.6
    assert experiment_summary.nearest(by_arm, 'gan') == 'gan' and experiment_summary.best(by_arm, summary) == 'gan x2'
    assert experiment_summary.nearest(by_arm, 'tstr') is None
