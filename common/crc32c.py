"""CRC-32C (Castagnoli), the checksum of tfrecords files, of many messages at once with NumPy.

The polynomial and the test values are those of RFC 3720, appendix B.4.
"""

import functools

import numpy as np

_POLYNOMIAL = 0x82F63B78  # its bits from the lowest to the highest power
_BLOCK = 256  # bytes that are looked up together
_START = np.array([0x54, 0x64, 0x1F, 0x64], np.uint8)  # after these, a register of zeros holds ones, as it has to


@functools.lru_cache(maxsize=1)
def _table():
    """What a byte at each place of a block adds to the register after the block: uint32 [_BLOCK, 256]."""
    row = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        row = row >> 1 ^ (row & 1) * np.uint32(_POLYNOMIAL)
    rows = [row]
    while len(rows) < _BLOCK:
        rows.append(rows[-1] >> 8 ^ row[rows[-1] & 255])
    return np.stack(rows[::-1])


def crc32c(messages):
    """The checksums, uint32 [N], of messages of one length, uint8 [N, L].

    The register is linear in the bytes, so blocks are summed (xor) on their own: leading zeros change nothing, and what
    is in the register counts like the first four bytes of the next block.
    """
    n, length = messages.shape
    blocks = -(-(length + len(_START)) // _BLOCK)
    padded = np.zeros([n, blocks * _BLOCK], np.uint8)
    begin = blocks * _BLOCK - length
    padded[:, begin - len(_START) : begin] = _START
    padded[:, begin:] = messages
    table = _table()
    places = padded.reshape(-1, _BLOCK) + np.arange(0, table.size, 256, dtype=np.int32)
    sums = np.bitwise_xor.reduce(table.ravel().take(places), axis=1).reshape(n, blocks)
    register = np.zeros(n, np.uint32)
    for column in sums.T:
        for place in range(4):
            column = column ^ table[place].take(register >> 8 * place & 255)
        register = column
    return ~register
