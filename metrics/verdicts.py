"""Whether generated images differ from real ones, and in what.

A metric of the generated images is compared with the same metric of as many real ones. The 95 % interval of their
difference comes from the two intervals (MOVER: Zou and Donner, Stat Med 2008;27:1693-1702, formula for independent
estimates; both are measured against the same held-out images, so it is rather too wide than too narrow).
"""

import collections

import numpy as np

from metrics.metric import TOPICS

ENOUGH = 500  # images of each kind, from which on sets may be called alike

# state: alike, higher, lower or undecided. weight: the difference, in multiples of the least one that matters.
Comparison = collections.namedtuple('Comparison', 'row state weight')
# topic: a key of TOPICS; outcome: alike, differs, undecided or unknown; message: a sentence without its end;
# comparisons: those that it follows from.
Verdict = collections.namedtuple('Verdict', 'topic outcome message comparisons')


def interval_of_difference(fakes, reals):
    """The 95 % interval (low, high) of the difference of two Estimates, fakes - reals."""
    (fake, (fake_low, fake_high)), (real, (real_low, real_high)) = fakes[:2], reals[:2]
    difference = fake - real
    low = difference - np.hypot(fake - fake_low, real_high - real)
    return low, difference + np.hypot(fake_high - fake, real - real_low)


def compare(row):
    """The Comparison of a row's generated and real images."""
    low, high = interval_of_difference(row.fakes, row.reals)
    matters = row.metric.least_difference(row.reals.value)
    if row.count >= ENOUGH and -matters < low and high < matters:
        state = 'alike'
    else:
        state = 'higher' if low > 0 else 'lower' if high < 0 else 'undecided'
    return Comparison(row, state, abs(row.fakes.value - row.reals.value) / max(matters, 1e-9))


def _against(comparison):
    """What a Comparison says against the generated images, or None."""
    metric = comparison.row.metric
    return {'higher': metric.higher, 'lower': metric.lower}.get(comparison.state)


def verdict(topic, comparisons):
    """The Verdict on a topic from its comparisons, at least one; the largest differences come first."""
    ordered = sorted(comparisons, key=lambda comparison: -comparison.weight)
    against = [comparison for comparison in ordered if _against(comparison)]
    undecided = [comparison for comparison in ordered if comparison.state == 'undecided']
    if against:
        messages = collections.OrderedDict.fromkeys(map(_against, against))
        return Verdict(topic, 'differs', '; '.join(messages), against)
    if undecided:
        return Verdict(topic, 'undecided', 'too few images to decide', undecided)
    return Verdict(topic, 'alike', 'as good as real images', ordered)


def verdicts(compared, trained_on):
    """A Verdict on each topic that has Comparisons. trained_on: whether the weights are known to have seen the data."""
    result = []
    for topic in TOPICS:
        of_topic = [comparison for comparison in compared if comparison.row.metric.topic == topic]
        if of_topic:
            result.append(verdict(topic, of_topic))
    if trained_on:
        return result
    message = 'it is not recorded that the weights learned from these images, so copies of those they did may be missed'
    unknown = dict(outcome='unknown', message=message)
    return [verdict._replace(**unknown) if verdict.topic == 'copies' else verdict for verdict in result]


def summary(result, n):
    """One or two sentences on all verdicts, on n images."""

    def listed(outcome):
        names = {topic: name.lower() for topic, name in TOPICS.items()}
        names['copies'] = 'nearness to training images'
        topics = [names[verdict.topic] for verdict in result if verdict.outcome == outcome]
        return ' and '.join([', '.join(topics[:-1]), topics[-1]] if topics[1:] else topics)

    begins = ('differs', 'differ in '), ('alike', 'are as good in ')
    parts = [begin + listed(outcome) for outcome, begin in begins if listed(outcome)]
    sentences = ['Compared with real images, the generated ones %s.' % ' and '.join(parts)] if parts else []
    if listed('undecided'):
        sentences.append('%d images are too few to decide on %s.' % (n, listed('undecided')))
    if listed('unknown'):
        sentences.append('Whether they are copies of training images is not known.')
    return ' '.join(sentences)
