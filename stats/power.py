"""What difference an experiment of so many nodules can find: its primary comparison, simulated before it is run.

Whether a network has a nodule right depends on a sum of normal deviates: of the patient and the nodule, which all
networks share, of patient and nodule for the networks of one arm, and of the network alone. Of the variance that the
two arms do not share, a half is the arm's and a half the network's.
"""

import numpy as np
from scipy import stats

from stats import paired_tests

ALPHA = 0.05
TARGET = 0.8  # the power that counts as finding a difference
ACCURACY = 0.53  # balanced accuracy of the control: that of the founding paper, and about that of the phantoms
DISAGREEMENTS = 0.15, 0.3  # shares of nodules that one network has right and one of the other arm wrong
ICC = 0.5  # of nodules of one patient
EXPERIMENTS, PERMUTATIONS = 1000, 999
_STEP = 0.002  # of gains


class Simulation:
    """Experiments on nodules with labels [N], patients [N] and so many repeats, without a gain or with one."""

    def __init__(self, labels, patients, repeats, disagreement, accuracy=ACCURACY, icc=ICC, n=EXPERIMENTS, seed=0):
        """deviates: of the control and the arm, [n, repeats, N]; a nodule is right below that of the accuracy."""
        self.labels, self.accuracy = np.asarray(labels), accuracy
        names, self.patients = np.unique(patients, return_inverse=True)
        random = np.random.RandomState(seed)

        def of_nodules(*shape):
            """Normal deviates [..., N], correlated within patients."""
            of_patients = random.randn(*(shape + (len(names),)))[..., self.patients]
            return np.sqrt(icc) * of_patients + np.sqrt(1 - icc) * random.randn(*(shape + (len(self.labels),)))

        alike = np.cos(np.pi * disagreement)  # of two arms: equal signs of normal deviates (Sheppard 1899)
        rest = np.sqrt((1 - alike) / 2)
        shared = np.sqrt(alike) * of_nodules(n)
        self.deviates = [
            (shared + rest * of_nodules(n))[:, None] + rest * random.randn(n, repeats, len(self.labels))
            for _ in range(2)
        ]  # fmt: skip
        self.signs = paired_tests.sign_flips(len(names), PERMUTATIONS, seed)

    def right(self, gain):
        """Whether each nodule is right, by the control and by the arm: two arrays, bool [n, repeats, N]."""
        return [
            deviates < stats.norm.ppf(accuracy)
            for deviates, accuracy in zip(self.deviates, (self.accuracy, self.accuracy + gain))
        ]

    def differences(self, gain):
        """What each patient adds to the difference in balanced accuracy, [n, P]."""
        control, arm = [right.mean(axis=1) for right in self.right(gain)]
        counts = np.bincount(self.labels)
        values = (arm - control) / (len(counts) * counts[self.labels])
        sums = np.zeros([len(values), self.signs.shape[1]])
        np.add.at(sums, (slice(None), self.patients), values)
        return sums

    def power(self, gain):
        """Share of experiments whose permutation test is below ALPHA, in the direction of the gain if there is one."""
        differences = self.differences(gain)
        found = paired_tests.permutation(differences, self.signs) < ALPHA
        return float((found & ((differences.sum(axis=1) > 0) | (not gain))).mean())

    def detectable(self):
        """The smallest gain that is found with the power TARGET; None if no gain is."""
        low, high = 0.0, 0.99 - self.accuracy
        if self.power(high) < TARGET:
            return None
        while high - low > _STEP:
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle) >= TARGET else (middle, high)
        return high


def detectable(labels, patients, repeats):
    """[{disagreement, gain}] for DISAGREEMENTS: the gain in balanced accuracy that is detectable, or None."""
    return [
        dict(disagreement=disagreement, gain=Simulation(labels, patients, repeats, disagreement).detectable())
        for disagreement in DISAGREEMENTS
    ]
