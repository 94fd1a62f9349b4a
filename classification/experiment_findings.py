"""What an experiment found, in words: whether generated nodules helped, for whom it holds, and how sure it is."""

import collections

from classification.gathering import nearest
from common.formatting import interval, p_equals, percent

ALPHA = 0.05  # p-values below it, after Holm's correction, count as shown
FEW = 100  # nodules
CEILING, SMALL = 0.7, 300  # a balanced accuracy that nobody has reached with fewer real nodules than that
OUTCOMES = {
    'better': 'Generated nodules helped the classifier',
    'worse': 'Generated nodules made the classifier worse',
    'not shown': 'It is not shown that generated nodules help the classifier',
}
WITHOUT = {
    'duplicates': 'with as many repeated real images',
    'common': 'with common augmentation alone',
    'raw': 'with the real images as they are',
}

# tone: 'good', 'bad' or 'open'.
Check = collections.namedtuple('Check', 'tone words')


def points(gap):
    return ('%+.1f' % (100 * gap)).replace('-', '\u2212')


def balanced(summary, name):
    """{value, interval, repeats} of balanced accuracy of an arm."""
    return summary['arms'][name]['metrics']['balanced_accuracy']


def outcome(summary, name):
    """One of OUTCOMES for an arm against the reference, or None for the reference itself, or no arm.

    Shown is what McNemar's test, after Holm's correction, and the interval of balanced accuracy both say.
    """
    if name is None or name == summary['reference']:
        return None
    low, high = summary['arms'][name]['difference']['balanced_accuracy']['interval']
    test = summary['arms'][name]['mcnemar']
    more = test['only_arm'] - test['only_reference']
    if test['p_holm'] < ALPHA and low > 0 and more > 0:
        return 'better'
    return 'worse' if test['p_holm'] < ALPHA and high < 0 and more < 0 else 'not shown'


def first_sentence(summary, cases, phantoms):
    """What was found of the arm gan, at the ratio nearest 1. phantoms: whether the nodules are computed ones."""
    name, reference, number = nearest(cases, 'gan'), summary['reference'], sum(summary['per_class'])
    whom = '%d phantoms, not patients' % number if phantoms else '%d nodules' % number
    found = outcome(summary, name)
    if found is None:
        return 'This experiment, on %s, does not tell whether generated nodules help a classifier.' % whom
    gap, test = summary['arms'][name]['difference']['balanced_accuracy'], summary['arms'][name]['mcnemar']
    words = '%s: on %s, balanced accuracy is %s with them and %s %s, a difference of %s points '
    words += "(95 %% interval %s to %s; %s after Holm's correction)."
    values = [percent(balanced(summary, arm)['value']) for arm in (name, reference)]
    values.append(WITHOUT.get(cases[reference].arm, 'with the arm ' + reference))
    values += map(points, [gap['value']] + gap['interval'])
    return words % tuple([OUTCOMES[found], whom] + values + [p_equals(test['p_holm'])])


def notes(summary, cases):
    """Sentences that go with the first one: what it leaves open, other ratios, and the order that the paper reports."""
    said, name, reference, number = [], nearest(cases, 'gan'), summary['reference'], sum(summary['per_class'])
    found = outcome(summary, name)
    if found == 'not shown':
        low, high = summary['arms'][name]['difference']['balanced_accuracy']['interval']
        if low <= 0 <= high:
            words = '%d nodules leave room for a gain of up to %.1f points and for a loss of up to %.1f points.'
            said.append(words % (number, 100 * high, -100 * low))
        else:
            said.append("The interval leaves out 0, but McNemar's test does not agree: a hint, no proof.")
    elif found:
        test = summary['arms'][name]['nadeau_bengio']
        if test and test['p_holm'] >= ALPHA:
            words = 'The t-test over folds and repeats does not show it (%s): other trainings may say otherwise.'
            said.append(words % p_equals(test['p_holm']))
    if found not in (None, 'not shown') and number < FEW:
        said.append('%d nodules are few: see whether others give the same answer.' % number)
    if found and cases[reference].arm != 'duplicates':
        said.append('Without the arm duplicates, a gain may come from more images of any kind.')
    others = [x for x in summary['arms'] if cases[x].arm == 'gan' and x not in (name, reference)]
    if found and others:
        each = ['%s (%s)' % (x, outcome(summary, x)) for x in others]
        said.append('Other ratios, compared with %s: %s.' % (reference, ', '.join(each)))
    order = [nearest(cases, arm) for arm in ('raw', 'common', 'gan')]
    if all(order):
        values = [balanced(summary, x)['value'] for x in order]
        seen = 'is' if values[0] < values[1] < values[2] else 'is not'
        words = "The paper's order, raw below common below generated, %s seen here: %s."
        said.append(words % (seen, ', '.join('%.1f' % (100 * value) for value in values) + ' %'))
    return said


def checks(summary, cases, phantoms):
    """Checks for leaks: shuffled labels at chance, and no accuracy that is too good to be true."""
    chance, found = 1.0 / len(summary['classes']), []
    name, number = nearest(cases, 'shuffled'), sum(summary['per_class'])
    if name is None:
        found.append(Check('open', 'No arm learnt from shuffled labels, so it is not checked that labels do not leak.'))
    else:
        own = balanced(summary, name)
        at = 'balanced accuracy is %s (%s), and chance is %s'
        at = at % (percent(own['value']), interval(own['interval']), percent(chance))
        if own['interval'][0] <= chance <= own['interval'][1]:
            found.append(Check('good', 'Shuffled labels teach nothing, as it should be: %s.' % at))
        else:
            words = (
                'With shuffled labels %s: the experiment leaks, or it is the 1 in 20 that chance puts outside. Do not '
                'trust the figures below before another --seed has shown which.'
            )
            found.append(Check('bad', words % at))
    high = [x for x in summary['arms'] if balanced(summary, x)['value'] > CEILING]
    if high and number < SMALL and not phantoms:
        words = 'Suspect a leak: %s reached more than %.0f %% with %d nodules, which no published work has. Look for a '
        words += 'nodule, scan or patient on both sides of a fold.'
        found.append(Check('bad', words % (' and '.join(high), 100 * CEILING, number)))
    return found
