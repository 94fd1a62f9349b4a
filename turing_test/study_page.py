"""What a study found as a page, turing_test.html."""

import collections
import os

import numpy as np

from common import page
from stats.reader_metrics import power_table
from turing_test import reader_plots

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'turing_test.html')
SHOWN = 6  # cases of each kind

# pictures: one, or two of a pair; truth: words; right: of so many answers.
Shown = collections.namedtuple('Shown', 'pictures label truth right answers')


def certainty(readings):
    """{case: [how surely each reader was right, from -2.5 to 2.5]} of first showings."""
    found = collections.defaultdict(list)
    for answer in readings.answers:
        if not answer.repeat:
            found[answer.case].append((answer.verdict - 3.5) * (1 if answer.signal else -1))
    return found


def _shown(number, case, own):
    """The Shown of a case."""
    if len(case.pixels) == 2:
        truths = ['generated', 'real'] if case.signal else ['real', 'generated']
        truth = 'real: %s' % ('right' if case.signal else 'left')
    else:
        truths = ['real' if case.signal else 'generated']
        truth = truths[0]
    words = ['case %d, %s, %s' % (number, case.label, each) for each in truths]
    pictures = [page.picture(patch[None], alt) for patch, alt in zip(case.pixels, words)]
    return Shown(pictures, case.label, truth, sum(x > 0 for x in own), len(own))


def cases(readings):
    """[(heading, [Shown])]: what fooled readers most surely, and what they were surest of."""
    sure, pairs = certainty(readings), readings.protocol['mode'] == '2afc'
    groups = []
    kinds = [(None, 'Pairs that were')] if pairs else [(False, 'Generated patches'), (True, 'Real patches')]
    for signal, words in kinds:
        own = [x for x in sorted(sure) if signal is None or readings.cases[x].signal == signal]
        order = sorted(own, key=lambda x: np.mean(sure[x]))
        taken = 'taken for generated' if signal else 'taken for real'
        endings = ['told apart wrongly', 'told apart rightly'] if pairs else [taken, 'recognised']
        fooled = [x for x in order if np.mean(sure[x]) < 0][:SHOWN]
        known = [x for x in order[::-1] if np.mean(sure[x]) > 0][:SHOWN]
        for ending, chosen in zip(endings, (fooled, known)):
            shown = [_shown(x, readings.cases[x], sure[x]) for x in chosen]
            groups.append(('%s %s' % (words, ending), shown))
    return groups


def _seconds(readings):
    """Seconds of the first showings of each reader who answered, in their order."""
    found = collections.OrderedDict()
    for answer in sorted(readings.answers, key=lambda x: (x.reader, x.position)):
        if not answer.repeat:
            found.setdefault(answer.reader, []).append(answer.milliseconds / 1000.0)
    return list(found.values())


def write(path, readings, data):
    """The page. data: as of analysis.analyse."""
    agreed, several, pooled, pairs = readings.protocol, data['readers'], data['pooled'], data['mode'] == '2afc'
    values = dict(data, protocol=agreed, pairs=pairs, groups=cases(readings), answered=len(several))
    values.update(
        forest=reader_plots.forest(several, pooled, data['margin']), roc=reader_plots.roc(several, pooled, pairs)
    )
    values.update(
        answers=reader_plots.answers(pooled['counts'], pairs), times=reader_plots.times(several, _seconds(readings))
    )
    values['needed'] = power_table()
    page.write(path, PAGE, 'Can readers tell real from generated?', tuple(agreed['window']), **values)
