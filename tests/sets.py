"""Sets of images for tests of metrics."""

import numpy as np


def pictures(random, count, size=32, blur=2):
    """Blurred noise with the gray levels of a patch, uint8 [N, 1, R, R]."""
    x = random.randn(count, 1, size, size)
    for axis in (2, 3):
        for _ in range(blur):
            x = x + np.roll(x, 1, axis) + np.roll(x, -1, axis)
    return np.clip(110 + 30 * x / x.std(), 0, 255).astype(np.uint8)


def value(statistic, *counts):
    return statistic(*[np.ones(count, int) for count in counts])
