import random
import struct

import pytest

from common import records


def write(path, lengths):
    with open(str(path), 'wb') as f:
        for length in lengths:
            f.write(struct.pack('<Q', length) + b'cccc' + bytes(length) + b'cccc')
    return str(path)


@pytest.mark.parametrize('lengths', [[40] * 7, [40] * 6 + [41], [41] + [40] * 6, [0] * 3, [1000] * 20000 + [7]])
def test_records_are_counted_whether_they_are_alike_or_not(tmp_path, lengths):
    assert records.count(write(tmp_path / 'a', lengths), 1000) == len(lengths)


@pytest.mark.parametrize('number', [2, 20000])
def test_a_length_that_does_not_fit_is_found_among_records_that_are_alike(tmp_path, number):
    path = write(tmp_path / 'a', [1000] * number)
    with open(path, 'r+b') as f:
        f.seek((number - 1) * 1016)
        f.write(struct.pack('<Q', 1001))
    with pytest.raises(ValueError, match='record %d is cut short' % (number - 1)):
        records.count(path, 2000)


def test_what_lies_around_the_bytes_of_a_record_is_told_unless_they_come_twice():
    random.seed(1)
    pixels = bytes(random.randrange(256) for _ in range(16))
    assert records.around(b'head' + pixels + b'tail', pixels) == (b'head', b'tail')
    assert records.around(b'aaaaa', b'aaaa') is None
