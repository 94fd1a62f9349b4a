"""How often verdicts of reader studies are wrong: simulated readers of known skill, as a table in Markdown."""

import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402

from common.commandline import command, parse, settings  # noqa: E402
from common.types import nonnegative, positive  # noqa: E402
from stats import reader_metrics  # noqa: E402
from turing_test.simulate import STEPS  # noqa: E402

Settings = settings(
    'Settings',
    'How often verdicts of reader studies are wrong: simulated readers of known skill, as a table in Markdown.',
    studies=(2000, 'studies of each row; a fifth of them for readers who lean to one side', positive),
    seed=(0, 'seed of the simulation', nonnegative),
)
MARGIN = 0.1  # that of 6-turing_test.py create
# A row of the table. readers, cases: of each study; dprime: mean of the readers, whose standard deviation is spread;
# criterion: theirs; icc: the share of the variance of impressions that all readers of a case have in common.
Setting = collections.namedtuple('Setting', 'readers cases dprime criterion icc spread')
# told_apart, not_told_apart, undecided: shares of the studies; wrong: that of verdicts that are false.
Row = collections.namedtuple('Row', 'setting studies told_apart not_told_apart undecided wrong')

LEAST_DPRIME = reader_metrics.margins(MARGIN)['dprime'][1]  # of readers outside the margin
CHANCE = [Setting(5, 200, 0.0, 0.0, icc, spread) for spread in (0.0, 0.6) for icc in (0.0, 0.5, 0.9)]
CHANCE += [Setting(readers, 200, 0.0, 0.0, 0.5, 0.6) for readers in (2, 3)]
CHANCE += [Setting(1, 300, 0.0, 0.0, 0.0, 0.0), Setting(5, 300, 0.0, 0.0, 0.5, 0.0)]
OUTSIDE = [Setting(1, 300, LEAST_DPRIME, criterion, 0.0, 0.0) for criterion in (0.0, 1.0, 1.6)]
OUTSIDE += [Setting(5, 300, LEAST_DPRIME, criterion, 0.5, 0.0) for criterion in (0.0, 1.6)]
LEANING = [Setting(readers, cases, 1.0, 1.6, 0.5, 0.0) for readers, cases in ((1, 100), (1, 300), (5, 300))]
POWER = [Setting(1, 50, 1.0, 0.0, 0.0, 0.0), Setting(1, 100, 1.0, 0.0, 0.0, 0.0)]
POWER += [Setting(readers, 100, 1.0, 0.0, 0.5, spread) for readers in (2, 3, 5) for spread in (0.0, 0.6)]


def simulate(setting, random):
    """(verdicts [readers, cases], signals [cases]) of a study by the equal-variance model, half of them signals."""
    signals = np.arange(setting.cases) % 2 == 0
    dprime = setting.dprime + setting.spread * random.randn(setting.readers, 1)
    shared = np.sqrt(setting.icc) * random.randn(setting.cases)
    own = np.sqrt(1 - setting.icc) * random.randn(setting.readers, setting.cases)
    impressions = shared + own + np.where(signals, 0.5, -0.5) * dprime
    return 1.0 + np.searchsorted(STEPS, impressions - setting.criterion), signals


def row(setting, studies, seed):
    """The Row of so many studies; seed: a number, or several."""
    random, counts = np.random.RandomState(seed), collections.Counter()
    for _ in range(studies):
        counts[reader_metrics.judge(*simulate(setting, random), margin=MARGIN)['verdict']] += 1
    shares = [counts[verdict] / float(studies) for verdict in reader_metrics.VERDICTS]
    wrong = shares[0] if setting.dprime == 0 else shares[1]
    return Row(setting, studies, *shares, wrong=wrong)


def rows(studies=2000, seed=0):
    """The [Row] of all settings: readers at chance, at the margin, who lean to one side, and who can tell."""
    fifth = max(studies // 5, 1)
    plan = [(setting, fifth if setting in LEANING else studies) for setting in CHANCE + OUTSIDE + LEANING + POWER]
    return [row(setting, number, [seed, index]) for index, (setting, number) in enumerate(plan)]


def table(result):
    """A table of [Row] in Markdown."""
    lines = ["| readers | cases | d' | SD of d' | criterion | ICC | studies | told apart | not told apart | wrong |"]
    lines.append('|' + '---:|' * 10)
    for each in result:
        readers, cases, dprime, criterion, icc, spread = each.setting
        cells = ['%d' % readers, '%d' % cases, '%.2g' % dprime, '%g' % spread, '%g' % criterion, '%g' % icc]
        cells += ['%d' % each.studies]
        cells += ['%.1f %%' % (100 * share) for share in (each.told_apart, each.not_told_apart, each.wrong)]
        lines.append('| %s |' % ' | '.join(cells))
    return '\n'.join(lines)


def main(argv=None):
    cfg = parse(Settings, argv)
    print(table(rows(cfg.studies, cfg.seed)))


if __name__ == '__main__':
    command(main)
