"""Tests of two classifiers on the same nodules: permutation of patients, and Holm's correction."""

import numpy as np

PERMUTATIONS = 9999
_ALIKE = 1e-9  # of the sum of all sizes: sums that differ by less are equal, and only rounded differently


def sign_flips(count, n=PERMUTATIONS, seed=0):
    """Signs [M, count], 1 and -1: all 2 ** count patterns if they are at most n + 1, else n random ones and all 1."""
    if count < 40 and 2**count <= n + 1:
        return 1 - 2 * (np.arange(2**count)[:, None] >> np.arange(count) & 1)
    patterns = 1 - 2 * np.random.RandomState(seed).randint(2, size=[n + 1, count])
    patterns[0] = 1
    return patterns


def permutation(differences, signs):
    """p [...] of the two-sided paired permutation test of differences [..., P], one for each patient.

    The statistic is their sum. Under the null hypothesis the two classifiers may be exchanged within any patient, which
    turns the sign of the patient's difference (Fisher 1935). signs: of `sign_flips`. The observed pattern is among
    them, so p is exact, or a little too large, and never 0 (Phipson and Smyth, Stat Appl Genet Mol Biol 2010;9:39).
    """
    differences = np.asarray(differences, float)
    least = np.abs(differences.sum(axis=-1)) - _ALIKE * np.abs(differences).sum(axis=-1)
    sums = np.abs(differences.dot(signs.T.astype(float)))
    return (sums >= least[..., None]).mean(axis=-1)


def holm(p):
    """p-values [M] corrected for their number, in their order (Holm, Scand J Stat 1979;6:65-70)."""
    p = np.asarray(p, float)
    order = np.argsort(p, kind='mergesort')
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1)
    return corrected.tolist()
