"""Whether pictures of 16 bits are scaled to the 16 bits at all; those of CT often hold 12 bits, or HU and an offset."""

import contextlib

import numpy as np

FULL = 0, 65535
LEAST = 8192  # values that a set of pictures spans at least if it is scaled to 16 bits: twice the 12 bits of CT
OFFSETS = (1024, 32768)  # what programs add to HU, so that none is negative


class RangeNeeded(ValueError):
    """It is not known which stored values are black and white. fact: why not, without the remedy."""

    def __init__(self, fact, remedy):
        super().__init__('%s; %s' % (fact, remedy))
        self.fact = fact


@contextlib.contextmanager
def remedy(words):
    """RangeNeeded of the block gets another remedy, for programs that have no --range."""
    try:
        yield
    except RangeNeeded as error:
        raise RangeNeeded(error.fact, words) from None


class RangeCheck:
    """What the 16-bit pictures of a set span; 0 and 65535 are not counted, which also stand for padding and drawings.

    The set decides and no single picture: one of them may be dark.
    """

    def __init__(self):
        self.path, self.least, self.most = None, np.inf, -np.inf

    def add(self, path, pixels):
        """Add uint16 pixels of a file."""
        inner = pixels[(pixels > FULL[0]) & (pixels < FULL[1])]
        if inner.size:
            self.path = self.path or path
            self.least, self.most = min(self.least, int(inner.min())), max(self.most, int(inner.max()))

    def require(self):
        """RangeNeeded if the pictures span so little of 0..65535 that they would be black or flat."""
        if self.path is None or self.most - self.least >= LEAST:
            return
        fact = '%s: 16-bit pictures that hold only values %d..%d of 0..65535' % (self.path, self.least, self.most)
        remedy = (
            'say with --range LO,HI which of them are black and white, such as %s0,65535 if they are right as they are'
        )
        raise RangeNeeded(fact, remedy % self._likely())

    def _likely(self):
        """Ranges that may be meant, as words."""
        words = '0,4095 of 12 bits, ' if self.most < 4096 else ''
        for offset in OFFSETS:
            if offset - 3072 <= self.least and self.most < offset - 1024 + LEAST:
                words += '%d,%d of HU + %d in --window paper, ' % (offset - 1900, offset + 1100, offset)
        return words and words[:-2] + ', or '


def scaled(path, pixels, limits=None, check=None):
    """Pixels of a file, of more than 8 bits, with limits (LO, HI) as 0 and 255: float32; as images.load says."""
    if limits is None and not (pixels.dtype.kind == 'u' and pixels.dtype.itemsize == 2):
        fact = '%s holds %s numbers' % (path, pixels.dtype)
        raise RangeNeeded(fact, 'say with --range LO,HI which of them are black and white')
    if limits is None:
        checked = check or RangeCheck()
        checked.add(path, pixels)
        if check is None:
            checked.require()
    lo, hi = limits or FULL
    with np.errstate(all='ignore'):  # beyond single precision is black or white
        return ((pixels.astype(np.float32) - lo) * (255.0 / (hi - lo))).clip(0, 255)
