"""Distance of the gray-level histograms of two sets of images."""

import numpy as np


def gray_distance(a, b):
    """Wasserstein-1 distance of the gray-level histograms of uint8 images, in gray levels, as a function of weights.

    It is the area between their cumulative distributions.
    """
    counts = [np.stack([np.bincount(image.ravel(), minlength=256) for image in images]) for images in (a, b)]
    counts = [count.astype(np.float64) for count in counts]  # exact, and multiplied much faster than whole numbers

    def statistic(*weights):
        sums = [w.astype(np.float64).dot(count) for w, count in zip(weights, counts)]
        shares = [x / x.sum() for x in sums]
        return float(np.abs(np.cumsum(shares[0] - shares[1])).sum())

    return statistic
