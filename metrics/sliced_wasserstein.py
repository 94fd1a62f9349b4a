"""Sliced Wasserstein distance between sets of images, on the levels of a Laplacian pyramid (Karras et al. 2018)."""

import collections

import numpy as np

from metrics.chunks import chunks
from metrics.filters import laplacian_pyramid


class Descriptors:
    """Random 7x7 neighbourhoods from each level of the Laplacian pyramid of a set of images.

    levels: {resolution: [N, per image, C * 49]}, normalised to mean 0 and standard deviation 1 a channel and level, as
    in Karras et al. 2018, section 5: 128 an image while they are at most `most` in all, else fewer.
    """

    def __init__(self, images, seed=0, each=128, most=2**20, side=7, track=iter):
        count, c, size, _ = images.shape
        if size < 16:
            words = 'sliced Wasserstein distance needs images of at least 16x16 pixels; these are %dx%d'
            raise ValueError(words % (size, size))
        each, random = max(min(each, most // count), 1), np.random.RandomState(seed)
        parts = collections.defaultdict(list)
        for part in chunks(count, track):
            for level in laplacian_pyramid(images[part]):
                n, width = len(level), level.shape[-1]
                rows, columns = [random.randint(width - side + 1, size=[n, each, 1, 1, 1]) for _ in 'yx']
                y, x = [np.arange(side).reshape(shape) for shape in ([side, 1], [1, side])]
                image, channel = np.arange(n).reshape(n, 1, 1, 1, 1), np.arange(c).reshape(c, 1, 1)
                parts[width].append(level[image, channel, rows + y, columns + x])  # [n,each,C,7,7]
        self.levels = {}
        for width, pieces in parts.items():
            patches = np.concatenate(pieces)
            how = dict(axis=(0, 1, 3, 4), keepdims=True, dtype=np.float64)
            mean, deviation = [f(patches, **how).astype(np.float32) for f in (np.mean, np.std)]
            if not (deviation > 0).all():
                words = 'the images do not vary at %dx%d pixels, so a sliced Wasserstein distance means nothing'
                raise ValueError(words % (width, width))
            self.levels[width] = ((patches - mean) / deviation).reshape(count, each, -1)


def sliced_wasserstein(a, b, width, seed=0, directions=512, track=iter):
    """Sliced Wasserstein distance x 1000 of two equal sets' Descriptors at one resolution, as a function of weights.

    Along each of `directions` random directions the sorted projections of both sets are compared (Rabin et al. 2011);
    the mean of their absolute differences is the Wasserstein-1 distance there.
    """
    if a.levels[width].shape != b.levels[width].shape:
        raise ValueError('sliced Wasserstein distance compares sets of the same number of images')
    count, each, length = a.levels[width].shape
    random = np.random.RandomState(seed)
    axes = random.randn(length, directions).astype(np.float32)
    axes /= np.sqrt(np.sum(np.square(axes), axis=0, keepdims=True))

    def projected(descriptors, part, few):
        """[directions of the part, count * few], from `few` descriptors of an image."""
        return axes[:, part].T.dot(descriptors.levels[width][:, :few].reshape(count * few, length).T)

    def sketch(few=8, number=32):
        """For the bootstrap: few descriptors and directions, sorted once, and whose they are."""
        values = [projected(descriptors, slice(number), few) for descriptors in (a, b)]
        orders = [np.argsort(rows, axis=1) for rows in values]
        return [[(row[order], order // few) for row, order in zip(*pair)] for pair in zip(values, orders)]

    sketches = []  # few are enough, as the spread comes from the choice of images

    def statistic(weights_a, weights_b):
        if (weights_a == 1).all() and (weights_b == 1).all():
            differences = []
            for part in chunks(directions, track, 32):
                values = [np.sort(projected(descriptors, part, each)) for descriptors in (a, b)]
                differences.append(np.abs(values[0] - values[1]).mean())
            return 1000 * float(np.mean(differences))
        if not sketches:
            sketches.extend(sketch(min(each, 8), min(directions, 32)))
        differences = []
        for (x, i), (y, j) in zip(*sketches):
            differences.append(np.abs(np.repeat(x, weights_a[i]) - np.repeat(y, weights_b[j])).mean())
        return 1000 * float(np.mean(differences))

    return statistic
