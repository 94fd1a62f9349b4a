"""What a study found as a page, turing_test.html."""

import collections
import os

import numpy as np

from common import page
from stats.reader_metrics import LEAST_CASES, power_table
from turing_test import reader_plots, study

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'turing_test.html')
EXAMPLES = 6  # cases of each kind

# pictures: one, or two of a pair; truth: text; right: how many of the answers.
Example = collections.namedtuple('Example', 'pictures label truth right answers')


def write(path, readings, data):
    """Write the page. data: of study_analysis.analyse."""
    protocol, readers, pooled = readings.protocol, data['readers'], data['pooled']
    pairs, word = data['mode'] == '2afc', data['original']
    page.write(
        path,
        PAGE,
        'Can readers tell %s from generated?' % word,
        tuple(protocol['window']),
        protocol=protocol,
        pairs=pairs,
        sides=dict(low='left', high='right') if pairs else dict(low='generated', high=word),
        least_cases=LEAST_CASES,
        groups=examples(readings),
        forest=reader_plots.forest(readers, pooled, data['margin']),
        roc=reader_plots.roc(readers, pooled, pairs, word),
        answers=reader_plots.answers(pooled['counts'], pairs, word),
        times=reader_plots.times(readers, _seconds(readings)),
        power_table=power_table(),
        **data,
    )


def examples(readings):
    """[(heading, [Example])]: the cases that readers were most surely wrong, and most surely right, about."""
    certainties = certainty(readings)
    word = study.original(readings.protocol)
    groups = []
    if readings.protocol['mode'] == '2afc':
        kinds = [((False, True), 'Pairs that were told apart wrongly', 'Pairs that were told apart rightly')]
    else:
        kinds = [
            ((False,), 'Generated patches taken for ' + word, 'Generated patches recognised'),
            ((True,), word.capitalize() + ' patches taken for generated', word.capitalize() + ' patches recognised'),
        ]
    for signals, wrong_heading, right_heading in kinds:
        means = {case: np.mean(certainties[case]) for case in sorted(certainties)
                 if readings.cases[case].signal in signals}  # fmt: skip
        order = sorted(means, key=means.get)
        wrong = [case for case in order if means[case] < 0][:EXAMPLES]
        right = [case for case in order[::-1] if means[case] > 0][:EXAMPLES]
        for heading, chosen in ((wrong_heading, wrong), (right_heading, right)):
            groups.append((heading, [_example(case, readings.cases[case], certainties[case], word) for case in chosen]))
    return groups


def certainty(readings):
    """{case: [how surely each reader was right, from -2.5 to 2.5]} of first showings."""
    certainties = collections.defaultdict(list)
    for answer in readings.answers:
        if not answer.repeat:
            certainties[answer.case].append((answer.verdict - 3.5) * (1 if answer.signal else -1))
    return certainties


def _example(number, case, certainties, word):
    if len(case.pixels) == 2:
        truth = word + (': right' if case.signal else ': left')
        patch_truths = ['generated', word] if case.signal else [word, 'generated']
    else:
        truth = word if case.signal else 'generated'
        patch_truths = [truth]
    pictures = [page.picture(patch[None], 'case %d, %s, %s' % (number, case.label, patch_truth))
                for patch, patch_truth in zip(case.pixels, patch_truths)]  # fmt: skip
    return Example(pictures, case.label, truth, sum(x > 0 for x in certainties), len(certainties))


def _seconds(readings):
    """Seconds of the first showings of each reader who answered, in their order."""
    seconds = {}
    for answer in sorted(readings.answers, key=lambda answer: (answer.reader, answer.position)):
        if not answer.repeat:
            seconds.setdefault(answer.reader, []).append(answer.milliseconds / 1000.0)
    return list(seconds.values())
