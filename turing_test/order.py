"""Everything random of which readers must not know: sides, and the order in which each of them sees the cases.

It follows from a secret that lies in the file of the study alone, not from a seed, which others may know or guess.
"""

import hashlib
import hmac

import numpy as np

APART = 20  # cases between two showings of one, where there are so many


def generator(secret, *purpose):
    """A RandomState of a secret, text, and of what it is for; without the secret none tells anything of another."""
    digest = hmac.new(secret.encode(), repr(purpose).encode(), hashlib.sha256).digest()
    return np.random.RandomState(np.frombuffer(digest, '<u4'))


def of_reader(kinds, repeat, secret, reader):
    """[(number of a case, whether it is shown again)] for a reader, who has a number too; the same for one secret.

    kinds: {number: 'practice' or 'reading'}. Practice comes first. repeat: the share of the other cases that are shown
    again, in the second half.
    """
    random = generator(secret, 'order', reader)
    practice = random.permutation([number for number in sorted(kinds) if kinds[number] == 'practice']).tolist()
    reading = random.permutation([number for number in sorted(kinds) if kinds[number] == 'reading']).tolist()
    number = int(round(repeat * len(reading)))
    half = max(len(reading) // 2, min(number, len(reading)))
    again = random.permutation(half)[:number]  # places in the first half
    slots = [(place, 0, case, False) for place, case in enumerate(reading)]
    for place in again.tolist():
        first = max(half, min(place + APART, len(reading)))
        slots.append((random.uniform(first - 0.5, len(reading)), 1, reading[place], True))
    return [(case, False) for case in practice] + [(case, twice) for _, _, case, twice in sorted(slots)]
