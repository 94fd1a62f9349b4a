"""Whether a generator copies: the distance of images to the nearest training image, mirrored, turned and shifted. NumPy only.

A copy may be mirrored, turned by right angles and shifted, as augmentation does it. The distance of two images is the root mean square difference of
gray levels over the middle of the one, 10/16 of its width, and a part of the other that is up to 3/16 of the width off its middle.
"""
import collections

import numpy as np

from metrics import chunks

SYMMETRIES = 8              # what turns and mirrors can make of a square
CANDIDATES = 40             # training images of the coarse search that the fine one looks at

# distance: in gray levels; index: of the training image; symmetry, rows, columns: how the image was turned and where on the other it lies.
Nearest = collections.namedtuple('Nearest', 'distance symmetry rows columns index')


def turned(images, symmetry):
    """Images [..., H, H] in one of 8 positions: turned by 90 degrees `symmetry` % 4 times; from 4 on, then mirrored left to right."""
    images = np.rot90(images, symmetry % 4, axes=(-2, -1))
    return images[..., ::-1] if symmetry >= 4 else images


def part(images, reach, rows=0, columns=0):
    """The part of images [..., H, H] within `reach` pixels of the border, moved by rows and columns."""
    size = images.shape[-1]
    return images[..., reach + rows:size - reach + rows, reach + columns:size - reach + columns]


def nearest(images, training, track=iter):
    """The nearest training image of each image: Nearest of arrays [N]. images, training: gray levels [N, C, R, R].

    First all training images in all positions are compared blurred, at 16x16 pixels; then the forty best ones pixel by pixel, in the best position
    and at the shifts round it.
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
        """Shifted parts [n, d + 1]; the last number makes the product with a query minus half the squared distance, up to a constant."""
        x = part(x, reach, *shift).reshape(len(x), -1)
        return np.concatenate([x, -np.square(x).sum(axis=1, keepdims=True) / 2], axis=1)

    queries = np.stack([part(turned(coarse(images), symmetry), reach).reshape(count, -1) for symmetry in range(SYMMETRIES)])
    queries = np.concatenate([queries, np.ones_like(queries[:, :, :1])], axis=2)                        # [8, N, d + 1]
    scores, indices = np.zeros([count, 0], np.float32), np.zeros([count, 0], int)
    for block in chunks(len(training), track):
        x = coarse(training[block])
        score = np.full([count, len(x)], -np.inf, np.float32)
        for shift in shifts:
            products = queries.reshape(SYMMETRIES * count, -1).dot(keys(x, shift).T)
            for product in products.reshape(SYMMETRIES, count, -1):
                np.maximum(score, product, out=score)
        scores, indices = [np.concatenate(pair, axis=1) for pair in (
            (scores, score), (indices, np.broadcast_to(np.arange(block.start, block.stop), score.shape)))]
        order = np.argpartition(-scores, min(CANDIDATES, scores.shape[1]) - 1, axis=1)[:, :CANDIDATES]
        scores, indices = np.take_along_axis(scores, order, axis=1), np.take_along_axis(indices, order, axis=1)
    rows = []
    for block in chunks(count, track):
        for i in range(block.start, block.stop):
            candidates = training[indices[i]]
            small = coarse(candidates)
            places = np.stack([keys(small, shift).dot(queries[:, i].T) for shift in shifts], axis=1).reshape(len(small), -1).argmax(axis=1)
            rows.append(_refined(images[i], candidates, places % SYMMETRIES, np.array(shifts)[places // SYMMETRIES] * scale, scale, reach * scale))
            rows[-1] = rows[-1][:-1] + (indices[i][rows[-1][-1]],)
    return Nearest(*map(np.array, zip(*rows)))


def _refined(image, others, symmetries, shifts, scale, reach):
    """The nearest of `others` [K, C, R, R], each in its position of the coarse search and moved by less than a coarse pixel more or less:
    distance, symmetry, rows, columns, index."""
    mine = np.stack([part(turned(np.asarray(image, np.float32), symmetry), reach) for symmetry in symmetries])
    size, around, found = mine.shape[-1], scale - 1, []
    others = np.pad(others, [(0, 0), (0, 0), (around, around), (around, around)], 'edge').astype(np.float32)
    windows = np.stack([other[:, reach + row:reach + row + size + 2 * around, reach + column:reach + column + size + 2 * around]
                        for other, (row, column) in zip(others, shifts)])
    for row in range(2 * around + 1):
        for column in range(2 * around + 1):
            distances = np.square(windows[:, :, row:row + size, column:column + size] - mine).mean(axis=(1, 2, 3))
            distances[(np.abs(shifts + np.array([row - around, column - around])) > reach).any(axis=1)] = np.inf
            best = int(distances.argmin())
            found.append((float(np.sqrt(distances[best])), int(symmetries[best]), int(shifts[best][0]) + row - around,
                          int(shifts[best][1]) + column - around, best))
    return min(found)


def copied(fakes, reals, percentile=1):
    """Share of fakes that are nearer to their training image than the first percentile of held-out reals is to theirs, as a function of the weights
    of fakes and reals. fakes, reals: distances [N]. About a hundredth if fakes are as new as held-out reals."""
    def statistic(weights_fakes, weights_reals):
        limit = np.percentile(np.repeat(reals, weights_reals), percentile)
        return float(np.average(fakes < limit, weights=weights_fakes))
    return statistic


def side_by_side(images, training, found, count=8):
    """The `count` closest pairs, uint8 [count, C, R, 2R]: the image, turned as it was matched, and its nearest training image."""
    closest = np.argsort(found.distance, kind='mergesort')[:count]
    return np.stack([np.concatenate([turned(images[i], found.symmetry[i]), training[found.index[i]]], axis=-1) for i in closest])
