"""Sliced Wasserstein distances of generated images, as the mean of as many draws of neighbourhoods as it takes."""

import collections

import numpy as np

# How many draws, and the standard error, relative to the SWD, that needs no further one.
LEAST, MOST, PRECISION = 4, 16, 0.01
TOGETHER = 4  # sets of generated images whose descriptors are in memory at a time

# draws: their number; error: their relative standard error; widths, fakes, reals: of the levels, and the SWD x 1000 of
# generated and training reals there, as bootstrap.Estimates.
Measured = collections.namedtuple('Measured', 'draws error widths fakes reals')


def measure(several, reference):
    """[Measured] of several sets of generated images against the held-out reals of a reference.Reference.

    The mean of a set's draws depends on that set alone: each gets draws until its error is small.
    """
    drawn, done, draw = [[] for _ in several], {}, 0
    while len(done) < len(several):
        going = [i for i in range(len(several)) if i not in done]
        for begin in range(0, len(going), TOGETHER):
            group = going[begin : begin + TOGETHER]
            described = [reference.describe(several[i], draw, 0) for i in group]
            distances, reals = reference.distances(described, draw)
            for i, mine, descriptors in zip(group, distances, described):
                drawn[i].append(np.stack([mine, reals], axis=1))  # [levels, 2]
                if draw + 1 < LEAST:
                    continue
                means = np.mean(drawn[i], axis=0)
                error = (np.std(drawn[i], axis=0, ddof=1) / means).max() / np.sqrt(draw + 1)
                if error <= PRECISION or draw + 1 == MOST:
                    fakes = reference.spread(descriptors, means[:, 0], draw)
                    widths, others = list(descriptors.levels), reference.wasserstein(means[:, 1], draw)
                    done[i] = Measured(draw + 1, error, widths, fakes, others)
        draw += 1
    return [done[i] for i in range(len(several))]
