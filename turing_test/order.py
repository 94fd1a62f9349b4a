"""The order in which a reader sees the cases: practice first, then the others shuffled, some of them twice."""

import numpy as np

APART = 20  # cases between two showings of one, where there are so many


def of_reader(kinds, repeat, seed, reader):
    """[(number of a case, whether it is shown again)] for a reader, who has a number too; the same for the same seed.

    kinds: {number: 'practice' or 'reading'}. repeat: the share of cases that are shown again, in the second half.
    """
    random = np.random.RandomState([seed, reader, 7])
    practice = [number for number in sorted(kinds) if kinds[number] == 'practice']
    reading = random.permutation([number for number in sorted(kinds) if kinds[number] == 'reading']).tolist()
    number = int(round(repeat * len(reading)))
    half = max(len(reading) // 2, min(number, len(reading)))
    again = random.permutation(half)[:number]  # places in the first half
    slots = [(place, 0, case, False) for place, case in enumerate(reading)]
    for place in again.tolist():
        first = max(half, min(place + APART, len(reading)))
        slots.append((random.uniform(first - 0.5, len(reading)), 1, reading[place], True))
    return [(case, False) for case in practice] + [(case, twice) for _, _, case, twice in sorted(slots)]
