"""Damage to files: the same for the same random state."""

import re

EXTREMES = [0, 1, -1, 2**7, 2**15 - 1, 2**16, 2**31 - 1, -(2**31), 2**32 - 1, 2**40, 2**62, -(2**63)]
TEXTS = [b'', b'-1', b'0', b'1e999', b'nan', b'99999999999', b'1' * 400, b'null', b'[]', b'{}', b'"a"', b'\xff\xfe']


def _truncate(data, other, random):
    return data[: random.randint(len(data) + 1)]


def _flip(data, other, random):
    data = bytearray(data)
    for place in random.randint(len(data), size=random.randint(1, 9)):
        data[place] ^= 1 << random.randint(8)
    return bytes(data)


def _extreme(data, other, random):
    """Writes an extreme number of 1 to 8 bytes somewhere, mostly near the beginning, where headers are."""
    width = 2 ** random.randint(4)
    value = EXTREMES[random.randint(len(EXTREMES))] % 256**width
    place = random.randint(min(len(data), 400) if random.rand() < 0.8 else len(data))
    return data[:place] + value.to_bytes(width, 'little' if random.rand() < 0.8 else 'big') + data[place + width :]


def _splice(data, other, random):
    begin, end = sorted(random.randint(len(other) + 1, size=2))
    place = random.randint(len(data) + 1)
    return data[:place] + other[begin:end] + data[place + (end - begin) * random.randint(2) :]


def _repeat(data, other, random):
    begin = random.randint(len(data))
    end = begin + random.randint(1, 200)
    return data[:end] + data[begin:end] * random.randint(1, 400) + data[end:]


def _reword(data, other, random):
    """Replaces a number or a name in a text."""
    matches = list(re.finditer(rb'[-\d.]+|"\w*"|\btrue\b|\bnull\b', data[:4000]))
    if not matches:
        return _flip(data, other, random)
    match = matches[random.randint(len(matches))]
    return data[: match.start()] + TEXTS[random.randint(len(TEXTS))] + data[match.end() :]


DAMAGE = [_truncate, _flip, _extreme, _splice, _repeat, _reword]


def mutate(data, other, random):
    """`data` with one to three types of damage; other: bytes that pieces are copied from."""
    for _ in range(random.randint(1, 4)):
        if data:
            data = DAMAGE[random.randint(len(DAMAGE))](data, other, random)
    return data
