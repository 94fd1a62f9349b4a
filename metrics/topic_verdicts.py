"""Whether generated images differ from real ones, and in what.

A metric of the generated images is compared with the same metric of as many real ones. The 95 % interval of their
difference comes from the two intervals (MOVER: Zou and Donner, Stat Med 2008;27:1693-1702, formula for independent
estimates; both are measured against the same held-out images, so it is rather too wide than too narrow).

An evaluation has some twenty rows, one of which differs by chance in more than half of the evaluations if each is
judged by its own interval. So p-values are corrected for all rows together (Holm 1979), which holds whatever the
dependence of the rows: one or more of them differ by chance in at most 1 of 20 evaluations. A clear difference counts
only if it is at least the least one that matters. For being alike, nothing is corrected: a topic is alike only if all
of its rows are (Berger, Technometrics 1982;24:295).
"""

import collections

import numpy as np
from scipy import special

from metrics.metric import TOPICS
from stats.bootstrap import COVERAGE
from stats.paired_tests import holm

ENOUGH = 500  # images of each kind, from which on sets may be called alike

# state: alike, higher, lower or undecided. p: of no difference from real images in the direction that speaks against
# the generated ones, corrected for all rows. weight: the difference, in multiples of the least one that matters.
Comparison = collections.namedtuple('Comparison', 'row state p weight')
# topic: a key of TOPICS; state: alike, differs, undecided or unknown; message: a sentence without its end; comparisons:
# those that it follows from.
Verdict = collections.namedtuple('Verdict', 'topic state message comparisons')


def interval_of_difference(fakes, reals):
    """The 95 % interval (low, high) of the difference of two Estimates, fakes - reals."""
    (fake, (fake_low, fake_high)), (real, (real_low, real_high)) = fakes[:2], reals[:2]
    difference = fake - real
    low = difference - np.hypot(fake - fake_low, real_high - real)
    return low, difference + np.hypot(fake_high - fake, real - real_low)


def p_value(row):
    """p of no difference between the generated and real images of a row, one-sided where one side speaks for them.

    It is that of Student's t, whose scale follows from the end of the 95 % interval that lies towards no difference
    (Altman and Bland, BMJ 2011;343:d2304).
    """
    low, high = interval_of_difference(row.fakes, row.reals)
    difference = row.fakes.value - row.reals.value
    width = difference - low if difference > 0 else high - difference
    degrees = max(row.count - 1, 1)
    quantile = special.stdtrit(degrees, 0.5 + COVERAGE / 2)
    scaled = quantile * difference / width if width > 0 else np.sign(difference) * np.inf if difference else 0.0
    above, below = special.stdtr(degrees, [-scaled, scaled])
    if row.metric.higher and row.metric.lower:
        return float(2 * min(above, below))
    return float(above if row.metric.higher else below)


def _state(row, p):
    """The state of a row whose corrected p-value is p."""
    low, high = interval_of_difference(row.fakes, row.reals)
    difference, matters = row.fakes.value - row.reals.value, row.metric.least_difference(row.reals.value)
    if p <= 1 - COVERAGE and abs(difference) >= matters:
        return 'higher' if difference > 0 else 'lower'
    not_higher, not_lower = high < matters or not row.metric.higher, low > -matters or not row.metric.lower
    return 'alike' if row.count >= ENOUGH and not_higher and not_lower else 'undecided'


def compare(rows):
    """[Comparison] of the generated and real images of all rows of an evaluation."""
    comparisons = []
    for row, p in zip(rows, holm([p_value(row) for row in rows])):
        matters = row.metric.least_difference(row.reals.value)
        weight = abs(row.fakes.value - row.reals.value) / max(matters, 1e-9)
        comparisons.append(Comparison(row, _state(row, p), p, weight))
    return comparisons


def _message(against):
    """What Comparisons say against the generated images."""
    messages = collections.OrderedDict()
    for comparison in against:
        metric = comparison.row.metric
        messages[metric.higher if comparison.state == 'higher' else metric.lower] = metric.key, comparison.state
    more_varied = [text for text, what in messages.items() if what == ('ms_ssim', 'lower')]
    others = [text for text in messages if text not in more_varied]
    if more_varied and others:
        return '%s, but %s' % (more_varied[0], ' and '.join(others))
    return '; '.join(messages)


def verdict(topic, comparisons, real='real'):
    """The Verdict on a topic from its comparisons, at least one; the largest differences come first.

    real: what the images compared with are called, as in `metric`.
    """
    ordered = sorted(comparisons, key=lambda comparison: -comparison.weight)
    against = [comparison for comparison in ordered if comparison.state in ('higher', 'lower')]
    undecided = [comparison for comparison in ordered if comparison.state == 'undecided']
    if against:
        return Verdict(topic, 'differs', _message(against), against)
    if undecided:
        return Verdict(topic, 'undecided', 'too few images to decide', undecided)
    return Verdict(topic, 'alike', 'as good as %s images' % real, ordered)


def verdicts(compared, trained_on, real='real'):
    """A Verdict on each topic that has Comparisons. trained_on: whether the weights are known to have seen the data.

    If they are not, copies that were found count, but that none were found says nothing.
    """
    result = []
    for topic in TOPICS:
        of_topic = [comparison for comparison in compared if comparison.row.metric.topic == topic]
        if of_topic:
            result.append(verdict(topic, of_topic, real))
    if trained_on:
        return result
    message = 'it is not recorded that the weights learned from these images, so copies of those they did may be missed'
    unknown = dict(state='unknown', message=message)
    return [
        verdict._replace(**unknown) if verdict.topic == 'copies' and verdict.state != 'differs' else verdict
        for verdict in result
    ]


def summary(result, n, real='real'):
    """One or two sentences on all verdicts, on n images."""

    def listed(state):
        names = {topic: name.lower() for topic, name in TOPICS.items()}
        names['copies'] = 'nearness to training images'
        topics = [names[verdict.topic] for verdict in result if verdict.state == state]
        return ' and '.join([', '.join(topics[:-1]), topics[-1]] if topics[1:] else topics)

    begins = ('differs', 'differ in '), ('alike', 'are as good in ')
    parts = [begin + listed(state) for state, begin in begins if listed(state)]
    sentences = ['Compared with %s images, the generated ones %s.' % (real, ' and '.join(parts))] if parts else []
    if listed('undecided'):
        sentences.append('%d images are too few to decide on %s.' % (n, listed('undecided')))
    if listed('unknown'):
        sentences.append('Whether they are copies of training images is not known.')
    return ' '.join(sentences)
