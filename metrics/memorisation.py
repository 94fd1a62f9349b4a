"""Whether a generator copies: the distance of images to the nearest training image, mirrored, turned and shifted.

A copy may be mirrored, turned by right angles and shifted, as augmentation does it. The distance of two images is the
root mean square difference of gray levels over the middle of the one, 10/16 of its width, and a part of the other that
is up to 3/16 of the width off its middle.
"""

import collections

import numpy as np

from metrics.bootstrap import chunks

SYMMETRIES = 8  # what turns and mirrors can make of a square
CANDIDATES = 40  # training images of the coarse search that the fine one looks at

# distance: in gray levels; index: of the training image; symmetry, rows, columns: how the image was turned and where on
# the other it lies.
Nearest = collections.namedtuple('Nearest', 'distance symmetry rows columns index')


def turned(images, symmetry):
    """Images [..., H, H] in one of 8 positions: turned by 90 degrees `symmetry` % 4 times; from 4 on, then mirrored."""
    images = np.rot90(images, symmetry % 4, axes=(-2, -1))
    return images[..., ::-1] if symmetry >= 4 else images


def crop(images, reach, rows=0, columns=0):
    """The part of images [..., H, H] within `reach` pixels of the border, moved by rows and columns."""
    size = images.shape[-1]
    return images[..., reach + rows : size - reach + rows, reach + columns : size - reach + columns]


def nearest(images, training, track=iter):
    """The nearest training image of each image: Nearest of arrays [N]. images, training: gray levels [N, C, R, R].

    First all training images in all positions are compared blurred, at 16x16 pixels; then the forty best ones pixel by
    pixel, in the best position and at the shifts round it.
    """
    count, size = len(images), images.shape[-1]
    scale = max(size // 16, 1)
    width = size // scale
    reach = 3 * width // 16
    shifts = [(rows, columns) for rows in range(-reach, reach + 1) for columns in range(-reach, reach + 1)]

    def coarse(x):
        n, c = x.shape[:2]
        x = np.asarray(x, np.float32).reshape(n, c, width, scale, width, scale).mean(axis=(3, 5)) - 128
        x = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], 'edge')
        x = x[:, :, 2:] + 2 * x[:, :, 1:-1] + x[:, :, :-2]
        return (x[:, :, :, 2:] + 2 * x[:, :, :, 1:-1] + x[:, :, :, :-2]) / 16

    def keys(x, shift):
        """Shifted crops [n, d + 1], whose product with a query is minus half the squared distance, up to a constant."""
        x = crop(x, reach, *shift).reshape(len(x), -1)
        return np.concatenate([x, -np.square(x).sum(axis=1, keepdims=True) / 2], axis=1)

    small = coarse(images)
    queries = np.stack([crop(turned(small, k), reach).reshape(count, -1) for k in range(SYMMETRIES)])
    queries = np.concatenate([queries, np.ones_like(queries[:, :, :1])], axis=2)  # [8, N, d + 1]
    scores, indices = np.zeros([count, 0], np.float32), np.zeros([count, 0], int)
    for block in chunks(len(training), track):
        x = coarse(training[block])
        score = np.full([count, len(x)], -np.inf, np.float32)
        for shift in shifts:
            products = queries.reshape(SYMMETRIES * count, -1).dot(keys(x, shift).T)
            for product in products.reshape(SYMMETRIES, count, -1):
                np.maximum(score, product, out=score)
        new = np.broadcast_to(np.arange(block.start, block.stop), score.shape)
        scores, indices = np.concatenate([scores, score], axis=1), np.concatenate([indices, new], axis=1)
        order = np.argpartition(-scores, min(CANDIDATES, scores.shape[1]) - 1, axis=1)[:, :CANDIDATES]
        scores, indices = np.take_along_axis(scores, order, axis=1), np.take_along_axis(indices, order, axis=1)
    rows = []
    for block in chunks(count, track):
        for i in range(block.start, block.stop):
            candidates = training[indices[i]]
            small = coarse(candidates)
            products = [keys(small, shift).dot(queries[:, i].T) for shift in shifts]
            places = np.stack(products, axis=1).reshape(len(small), -1).argmax(axis=1)
            positions = places % SYMMETRIES, np.array(shifts)[places // SYMMETRIES] * scale
            found = _refined(images[i], candidates, *positions, scale, reach * scale)
            rows.append(found[:-1] + (indices[i][found[-1]],))
    return Nearest(*map(np.array, zip(*rows)))


def _refined(image, others, symmetries, shifts, scale, reach):
    """The nearest of `others` [K, C, R, R]: distance, symmetry, rows, columns, index.

    Each lies in its position of the coarse search, moved by less than a coarse pixel more or less.
    """
    mine = np.stack([crop(turned(np.asarray(image, np.float32), symmetry), reach) for symmetry in symmetries])
    size, around, found = mine.shape[-1], scale - 1, []
    others = np.pad(others, [(0, 0), (0, 0), (around, around), (around, around)], 'edge').astype(np.float32)
    wide = size + 2 * around
    corners = [(reach + row, reach + column) for row, column in shifts]
    windows = np.stack([x[:, row : row + wide, column : column + wide] for x, (row, column) in zip(others, corners)])
    for row in range(2 * around + 1):
        for column in range(2 * around + 1):
            distances = np.square(windows[:, :, row : row + size, column : column + size] - mine).mean(axis=(1, 2, 3))
            distances[(np.abs(shifts + np.array([row - around, column - around])) > reach).any(axis=1)] = np.inf
            best = int(distances.argmin())
            moved = int(shifts[best][0]) + row - around, int(shifts[best][1]) + column - around
            found.append((float(np.sqrt(distances[best])), int(symmetries[best])) + moved + (best,))
    return min(found)


def copied(fakes, reals, percentile=1):
    """Share of fakes nearer to their training image than the first percentile of held-out reals, a function of weights.

    fakes, reals: distances [N]. About a hundredth if fakes are as new as held-out reals.
    """

    def statistic(weights_fakes, weights_reals):
        limit = np.percentile(np.repeat(reals, weights_reals), percentile)
        return float(np.average(fakes < limit, weights=weights_fakes))

    return statistic


def side_by_side(images, training, found, count=8):
    """The `count` closest pairs, uint8 [count, C, R, 2R]: the image, as it was matched, and the training image."""
    closest, pairs = np.argsort(found.distance, kind='mergesort')[:count], []
    for i in closest:
        pairs.append(np.concatenate([turned(images[i], found.symmetry[i]), training[found.index[i]]], axis=-1))
    return np.stack(pairs)
