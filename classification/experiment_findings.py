"""What an experiment shows, as keys and numbers: whether generated nodules helped, its limits, and checks for leaks."""

from classification.experiment_summary import balanced_accuracy, nearest
from common.formatting import p_equals, percent

ALPHA = 0.05  # p-values below it count as shown
FEW = 100  # nodules
CEILING, SMALL = 0.7, 300  # a balanced accuracy that nobody has reached with fewer real nodules than that
OUTCOMES = dict(
    better='Generated nodules helped the classifier',
    worse='Generated nodules made the classifier worse',
    not_shown='It is not shown that generated nodules help the classifier',
)
WITHOUT = dict(
    duplicates='with as many turned copies of real images',
    common='with common augmentation alone',
    raw='with the real images as they are',
)


def signed_points(difference):
    return ('%+.1f' % (100 * difference)).replace('-', '\u2212')


def outcome(summary, name):
    """A key of OUTCOMES for an arm against its control; None without one, or for no arm.

    A difference is shown if the permutation test, after Holm's correction unless the comparison is the primary one, and
    the interval of balanced accuracy agree.
    """
    if name is None or summary['arms'][name]['control'] is None:
        return None
    low, high = summary['arms'][name]['difference']['balanced_accuracy']['interval']
    if p_value(summary, name) < ALPHA and low > 0:
        return 'better'
    if p_value(summary, name) < ALPHA and high < 0:
        return 'worse'
    return 'not_shown'


def p_value(summary, name):
    """The p that counts for an arm: uncorrected for the primary comparison."""
    test = summary['arms'][name]['permutation']
    return test['p'] if name == summary['primary'] else test['p_holm']


def first_sentence(summary, by_arm, phantoms):
    """What the primary comparison found. phantoms: whether the nodules are computed ones."""
    name = summary['primary']
    nodules = '%d %s' % (sum(summary['per_class']), 'phantoms, not patients' if phantoms else 'nodules')
    if name is None:
        return 'This experiment, on %s, does not tell whether generated nodules help a classifier.' % nodules
    arm = summary['arms'][name]
    difference = arm['difference']['balanced_accuracy']
    template = '{outcome}: on {nodules}, balanced accuracy is {value} with them and {control_value} {without}, '
    template += 'a difference of {gap} points (95 % interval {low} to {high}; {p}).'
    return template.format(
        outcome=OUTCOMES[outcome(summary, name)],
        nodules=nodules,
        value=percent(balanced_accuracy(summary, name)['value']),
        control_value=percent(balanced_accuracy(summary, arm['control'])['value']),
        without=WITHOUT[by_arm[arm['control']].arm],
        gap=signed_points(difference['value']),
        low=signed_points(difference['interval'][0]),
        high=signed_points(difference['interval'][1]),
        p=p_equals(p_value(summary, name)),
    )


def notes(summary, by_arm):
    """[{key, numbers}] beside the first sentence: what it leaves open, other ratios, and the order in the paper."""
    name, findings = summary['primary'], []
    if name:
        findings += _limits(summary, by_arm, name)
        control = summary['arms'][name]['control']
        if by_arm[control].arm != 'duplicates':
            findings.append(dict(key='no_duplicates'))
        elif summary['arms'][control]['control']:
            difference = summary['arms'][control]['difference']['balanced_accuracy']
            findings.append(dict(difference, key='control', name=control, control=summary['arms'][control]['control']))
        ratios = [x for x in summary['arms'] if by_arm[x].arm == 'gan' and x != name]
        if ratios:
            findings.append(dict(key='other_ratios', outcomes={x: outcome(summary, x) for x in ratios}))
    order = [nearest(by_arm, arm) for arm in ('raw', 'common', 'gan')]
    if all(order):
        values = [balanced_accuracy(summary, arm)['value'] for arm in order]
        findings.append(dict(key='paper_order', confirmed=values[0] < values[1] < values[2], accuracies=values))
    return findings


def _limits(summary, by_arm, name):
    """Notes on how far the finding of the primary comparison goes."""
    key, findings = outcome(summary, name), []
    low, high = summary['arms'][name]['difference']['balanced_accuracy']['interval']
    if low == high == 0:
        findings.append(dict(key='no_width'))
    elif key == 'not_shown' and low <= 0 <= high and p_value(summary, name) >= ALPHA:
        findings.append(dict(key='room_left', gain=high, loss=-low))
    elif key == 'not_shown':
        findings.append(dict(key='tests_disagree'))
    elif sum(summary['per_class']) < FEW:
        findings.append(dict(key='few_nodules'))
    if summary['repeats'] == 1:
        findings.append(dict(key='one_repeat'))
    return findings


def checks(summary, by_arm, phantoms):
    """[{key, tone, numbers}]: are shuffled labels at chance, and is no accuracy too good to be true?

    tone: good, bad or open.
    """
    name, findings = nearest(by_arm, 'shuffled'), []
    if name is None:
        findings.append(dict(key='no_shuffled_arm', tone='open'))
    else:
        chance = 1.0 / len(summary['classes'])
        low, high = balanced_accuracy(summary, name)['interval']
        at_chance = low <= chance <= high
        key, tone = ('shuffled_at_chance', 'good') if at_chance else ('shuffled_not_at_chance', 'bad')
        findings.append(dict(balanced_accuracy(summary, name), key=key, tone=tone, chance=chance))
    high_arms = [arm for arm in summary['arms'] if balanced_accuracy(summary, arm)['value'] > CEILING]
    if high_arms and sum(summary['per_class']) < SMALL and not phantoms:
        findings.append(dict(key='too_good', tone='bad', arms=high_arms, ceiling=CEILING))
    return findings
