"""Everything random that readers must not know: sides, and the order in which each reader sees the cases.

It follows from a secret that lies in the study's file alone, not from a seed, which others may know or guess.
"""

import hashlib
import hmac

import numpy as np

MIN_DISTANCE = 20  # cases between two showings of one case, where there are so many


def generator(secret, *purpose):
    """A RandomState for a purpose; without the secret, text, no generator tells anything of another one."""
    digest = hmac.new(secret.encode(), repr(purpose).encode(), hashlib.sha256).digest()
    return np.random.RandomState(np.frombuffer(digest, '<u4'))


def reading_order(kinds, repeat, secret, reader):
    """[(number of a case, whether it is a second showing)] for the reader with a number; the same for one secret.

    kinds: {number: 'practice' or 'reading'}. Practice comes first. repeat: the share of the other cases that are shown
    again, in the second half.
    """
    random = generator(secret, 'order', reader)
    practice = random.permutation([number for number in sorted(kinds) if kinds[number] == 'practice']).tolist()
    reading = random.permutation([number for number in sorted(kinds) if kinds[number] == 'reading']).tolist()
    repeats = int(round(repeat * len(reading)))
    half = max(len(reading) // 2, min(repeats, len(reading)))
    slots = [(place, 0, case, False) for place, case in enumerate(reading)]
    for place in random.permutation(half)[:repeats].tolist():  # cases of the first half
        first = max(half, min(place + MIN_DISTANCE, len(reading)))
        slots.append((random.uniform(first - 0.5, len(reading)), 1, reading[place], True))
    return [(case, False) for case in practice] + [(case, is_repeat) for _, _, case, is_repeat in sorted(slots)]
