"""How often the classifier experiment is wrong: its power, false alarms and coverage, simulated. Prints tables."""

import collections
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import numpy as np  # noqa: E402
from scipy import stats  # noqa: E402

from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from stats import arm_comparison, paired_tests, power  # noqa: E402

LABELS = np.repeat([0, 1, 2], [30, 119, 57])  # the nodules of the founding paper, AIS, MIA and IA
COUNTS = np.bincount(LABELS)
GAIN = 0.073  # and its gain, from 53.2 to 60.5 %
FOLDS = 5
REPEATS = 3
RESAMPLES = 500
Settings = settings(
    'Settings',
    'How often the classifier experiment is wrong: its power, false alarms and coverage, simulated',
    experiments=(1000, 'simulated experiments for each row', positive),
)


class Experiments:
    """n simulated experiments on these nodules, each analysed as a real one is.

    each: nodules of a patient; icc: of right and wrong answers of one network to these; networks: standard deviation of
    the accuracy of networks, one for each arm, repeat and fold; accuracy and disagreement as of power.Simulation.
    """

    def __init__(self, n, each=1, icc=0.0, networks=0.0, accuracy=power.ACCURACY, disagreement=0.2, repeats=REPEATS):
        places = np.concatenate([np.arange(count) for count in COUNTS])
        patients = 1000 * LABELS + places // each
        icc = np.sin(np.pi / 2 * icc)  # of the normal deviates
        self.simulation = power.Simulation(LABELS, patients, repeats, disagreement, accuracy, icc, n)
        self.patients = self.simulation.patients
        self.folds = self.patients % FOLDS
        self.random = np.random.RandomState(1)
        threshold = stats.norm.ppf(accuracy)
        spread = networks / stats.norm.pdf(threshold)
        for deviates in self.simulation.deviates:
            deviates += spread * self.random.randn(n, repeats, FOLDS)[..., self.folds]
        self.accuracy = stats.norm.cdf(threshold / np.sqrt(1 + spread**2))  # of all networks that there could be
        self.weights = np.concatenate(
            [np.ones([1, len(LABELS)]), arm_comparison.resamples(LABELS, patients, RESAMPLES)]
        )
        self.pairings = self.random.rand(arm_comparison.PAIRINGS, repeats, FOLDS).argsort(axis=1)

    def measures(self, right):
        """The arm_comparison.Measures of the balanced accuracy of answers, 0 or 1, [repeats, N], or of a difference."""
        of_classes = self.weights.dot(np.eye(len(COUNTS))[LABELS])
        shares = self.weights / (len(COUNTS) * of_classes[:, LABELS])
        paired = right[self.pairings[:, :, self.folds], np.arange(len(LABELS))]
        values = dict(balanced_accuracy=right.dot(shares.T)), dict(balanced_accuracy=paired.dot(shares[0]))
        return arm_comparison.Measures(*values)

    def intervals(self, gain=0.0):
        """Intervals [n, 2] of the balanced accuracy of the control, and of the difference."""
        counts = [len(np.unique(self.patients[LABELS == label])) for label in range(len(COUNTS))]
        control, arm = [right.astype(float) for right in self.simulation.right(gain)]
        return [
            np.array([
                arm_comparison.estimates(self.measures(x), counts, [])['balanced_accuracy'][0]['interval'] for x in each
            ])
            for each in (control, arm - control)
        ]  # fmt: skip

    def verdicts(self, gain=0.0):
        """Shares of experiments whose test is significant, and whose interval excludes 0, too; towards the gain."""
        differences = self.simulation.differences(gain)
        found = paired_tests.permutation(differences, self.simulation.signs) < power.ALPHA
        if gain:
            found &= differences.sum(axis=1) > 0
        low, high = self.intervals(gain)[1].T
        return found.mean(), (found & ((low > 0) | (high < 0))).mean()

    def coverage(self):
        """Shares of experiments whose interval of the balanced accuracy, and of the difference, holds the true one."""
        held = [
            (ends[:, 0] <= true) & (true <= ends[:, 1]) for true, ends in zip((self.accuracy, 0.0), self.intervals())
        ]
        return np.mean(held, axis=1)


# shares: of the experiments, from 0 to 1, one for each of the COLUMNS of the topic.
Row = collections.namedtuple('Row', 'topic setting shares')
COLUMNS = {
    'power': ('permutation test', 'and interval, as reported'),
    'false alarms': ('permutation test', 'and interval, as reported'),
    'coverage': ('interval of balanced accuracy', 'interval of the difference'),
}
SETTINGS = {
    'power': [
        ('both disagree on %d %% of the nodules' % percent, dict(disagreement=percent / 100.0))
        for percent in (10, 20, 30)
    ],
    'false alarms': [
        ('no difference', {}),
        ('no difference, networks vary by 3 points', dict(networks=0.03)),
        ('the same, one repeat', dict(networks=0.03, repeats=1)),
        ('no difference, three nodules a patient, ICC 0.8', dict(each=3, icc=0.8)),
        ('shuffled labels: both at chance', dict(accuracy=1 / 3.0)),
    ],
    'coverage': [
        ('one nodule a patient', {}),
        ('three nodules a patient, ICC 0.5', dict(each=3, icc=0.5)),
        ('three nodules a patient, ICC 0.8', dict(each=3, icc=0.8)),
        ('networks vary by 3 points', dict(networks=0.03)),
        ('networks vary by 10 points', dict(networks=0.1)),
    ],
}  # fmt: skip


def rows(n=1000):
    """All Rows, of n simulated experiments each."""
    shares = {
        'power': lambda experiments: experiments.verdicts(GAIN),
        'false alarms': Experiments.verdicts,
        'coverage': Experiments.coverage,
    }
    return [
        Row(topic, setting, [float(share) for share in shares[topic](Experiments(n, **options))])
        for topic, cases in SETTINGS.items()
        for setting, options in cases
    ]


def main(argv=None):
    cfg = parse(Settings, argv)
    found = rows(cfg.experiments)
    for topic, columns in COLUMNS.items():
        title = '%s at a gain of %.1f points' % (topic, 100 * GAIN) if topic == 'power' else topic
        print('| %s | %s |' % (title, ' | '.join(columns)))
        print('|---' * (1 + len(columns)) + '|')
        for row in found:
            if row.topic == topic:
                print('| %s | %s |' % (row.setting, ' | '.join('%.1f %%' % (100 * share) for share in row.shares)))
        print()


if __name__ == '__main__':
    command(main)
