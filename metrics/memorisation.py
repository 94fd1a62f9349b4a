"""Whether a generator copies: the distance of images to the nearest training image, mirrored, turned and shifted.

A copy may be mirrored, turned by right angles and shifted, as augmentation does it. The distance of two images is the
root mean square difference of gray levels over the middle of the one, 10/16 of its width, and a part of the other that
is up to 3/16 of the width off its middle.
"""

import collections

import numpy as np

try:
    from scipy import fft
except ImportError:
    raise ImportError('copies of images are searched for with SciPy: pip install scipy') from None

from metrics import parallel
from metrics.parallel import chunks

SYMMETRIES = 8  # what turns and mirrors can make of a square
CANDIDATES = 40  # training images of the coarse search that the fine one looks at
# The same for images of one set, of which only near ones matter.
CANDIDATES_WITHIN = 12
# A copy's distance, as a share of the standard deviation of its gray levels, is at most this. Of 1,000 phantoms and
# 1,000 others the nearest two have 0.22 at 64x64 pixels, 0.21 at 32x32 and 0.16 at 16x16; copies that are only
# mirrored, turned and shifted have 0, and those with noise of a twentieth of that deviation 0.05.
ALIKE = 0.1
ROUNDED = 1.0  # gray levels by which the same image may differ, unless it has less contrast
SMALLEST = 16  # pixels; of smaller images only equal ones are copies
SEARCHED = 1000  # images of a large set that are compared pixel by pixel, evenly spread
PERCENT = 1  # of held-out reals, those nearest to a training image; they set the limit below which images may be copies

# distance: in gray levels; index: of the training image; symmetry, rows, columns: how the image was turned and where on
# the other it lies.
Nearest = collections.namedtuple('Nearest', 'distance symmetry rows columns index')
# index: of the image; image: as it was turned; other: the training image, both uint8 [C, R, R]; difference: in gray
# levels [R, R], NaN where it was not looked at, which is the border of the image, `reach` pixels wide; rows, columns:
# how far off the middle the same part of the other lies; distance: in gray levels.
Pair = collections.namedtuple('Pair', 'index image other difference reach rows columns distance')


def turned(images, symmetry):
    """Images [..., H, H] in one of 8 positions: turned by 90 degrees `symmetry` % 4 times; from 4 on, then mirrored."""
    images = np.rot90(images, symmetry % 4, axes=(-2, -1))
    return images[..., ::-1] if symmetry >= 4 else images


def crop(images, reach, rows=0, columns=0):
    """Images [..., H, H] without a border of `reach` pixels; rows, columns: how far the part that is kept is moved."""
    size = images.shape[-1]
    return images[..., reach + rows : size - reach + rows, reach + columns : size - reach + columns]


def _reach(size):
    """Pixels that a part may be off the middle at about 16x16, and how many times as large an image of a size is."""
    scale = max(size // 16, 1)
    return 3 * (size // scale) // 16, scale


def nearest(images, training, track=iter):
    """The nearest training image of each image: Nearest of arrays [N]. images, training: gray levels [N, C, R, R].

    First all training images in all positions are compared blurred, at 16x16 pixels; then the forty best ones pixel by
    pixel in all positions, so the distance is exact wherever the nearest one is among the forty.
    """
    return _nearest(images, training, track, CANDIDATES)


def nearest_others(images, track=iter):
    """The nearest other image of each image of a set, at least 2, as `nearest`; fewer are compared pixel by pixel."""
    return _nearest(images, images, track, min(CANDIDATES_WITHIN, len(images) - 1), itself=False)


def _nearest(images, training, track, candidates, itself=True):
    """`nearest`, by so many candidates. itself: False: both are one set, whose images are compared with the others."""
    count, (reach, scale) = len(images), _reach(images.shape[-1])
    width = images.shape[-1] // scale
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
    groups = list(chunks(count, size=128))

    def score(group, x):
        """[images of the group, training images]: the best of all positions."""
        few, best = queries[:, group], np.full([group.stop - group.start, len(x[0])], -np.inf, np.float32)
        few = few.reshape(-1, few.shape[2])
        for key in x:
            products = few.dot(key.T).reshape(SYMMETRIES, len(best), -1)
            np.maximum(best, products.max(axis=0), out=best)
        return best

    scores, indices = np.zeros([count, 0], np.float32), np.zeros([count, 0], int)
    for block in chunks(len(training), track):
        x = coarse(training[block])
        shifted = [keys(x, shift) for shift in shifts]
        new = np.concatenate(parallel.ordered(lambda group, x=shifted: score(group, x), groups))
        if not itself:
            new[np.arange(block.start, block.stop), np.arange(block.stop - block.start)] = -np.inf
        index = np.broadcast_to(np.arange(block.start, block.stop), new.shape)
        scores, indices = np.concatenate([scores, new], axis=1), np.concatenate([indices, index], axis=1)
        order = np.argpartition(-scores, min(candidates, scores.shape[1]) - 1, axis=1)[:, :candidates]
        scores, indices = np.take_along_axis(scores, order, axis=1), np.take_along_axis(indices, order, axis=1)

    def fine(i):
        return _nearest_of(images[i], training[indices[i]], reach * scale)

    best = Nearest(*map(np.array, zip(*parallel.ordered(fine, list(range(count)), track))))
    return best._replace(index=indices[np.arange(count), best.index])


def _nearest_of(image, others, reach):
    """Nearest of an image to some others [K, C, R, R], over all positions.

    Squared distances of all shifts come from a product in the frequency domain; the least one is computed again.
    """
    image, others = [np.asarray(x, np.float32) - 128 for x in (image, others)]
    mine = np.stack([crop(turned(image, symmetry), reach) for symmetry in range(SYMMETRIES)])
    size, side, shifts = image.shape[-1], mine.shape[-1], 2 * reach + 1
    spectra = [fft.rfft2(x, (size, size)) for x in (others, mine)]
    products = np.einsum('kcyx,scyx->ksyx', spectra[0], np.conj(spectra[1]), optimize=True)
    products = fft.ifft(products, axis=2, overwrite_x=True)[:, :, :shifts]  # only the shifts that there are
    products = fft.irfft(products, size, axis=3)[..., :shifts]
    at = np.arange(size) - np.arange(shifts)[:, None]
    window = ((at >= 0) & (at < side)).astype(np.float64)  # [shifts, size]: the rows, or columns, under a shifted crop
    squares = window.dot(np.square(others).sum(axis=1, dtype=np.float64)).transpose(1, 0, 2).dot(window.T)
    place = (squares[:, None] - 2 * products).argmin()
    index, symmetry, row, column = np.unravel_index(place, products.shape)
    difference = others[index, :, row : row + side, column : column + side] - mine[symmetry]
    return float(np.sqrt(np.square(difference).mean())), symmetry, row - reach, column - reach, index


def copies(images, others, track=iter):
    """{index of an image: index of the other that it is a copy of}; uint8 [N, C, R, R] and [M, C, R, R].

    Copies are equal in one of the 8 positions of `turned` or, from 16x16 pixels on, as near as ALIKE says in one of the
    positions of `nearest`, for which up to SEARCHED images are looked at.
    """
    index_of = {hash(np.ascontiguousarray(other).tobytes()): index for index, other in enumerate(others)}
    copy_of = collections.OrderedDict()
    for index, image in enumerate(images):
        keys = (hash(np.ascontiguousarray(turned(image, symmetry)).tobytes()) for symmetry in range(SYMMETRIES))
        other = next((index_of[key] for key in keys if key in index_of), None)
        if other is not None:
            copy_of[index] = other
    left = np.array([index for index in range(len(images)) if index not in copy_of], int)
    if images.shape[-1] < SMALLEST or not len(left) or not len(others):
        return copy_of
    left = left[np.unique(np.linspace(0, len(left) - 1, min(len(left), SEARCHED)).astype(int))]
    (reach, scale), looked_at = _reach(images.shape[-1]), images[left]
    best = nearest(looked_at, others, track)
    spread = crop(looked_at, reach * scale).reshape(len(left), -1).std(axis=1)
    alike = np.flatnonzero(best.distance <= np.maximum(ALIKE * spread, np.minimum(spread, ROUNDED)))
    copy_of.update(zip(left[alike].tolist(), best.index[alike].tolist()))
    return copy_of


def limit(reals):
    """The distance from which down an image may be a copy: that of the nearest PERCENT of reals, [N]."""
    return float(np.percentile(reals, PERCENT))


def copied(fakes, reals):
    """Share of fakes as near to an image as the nearest PERCENT of reals are, a function of weights.

    fakes, reals: distances [N]. About a hundredth if fakes are as new as reals.
    """

    def statistic(weights_fakes, weights_reals):
        below = fakes <= limit(np.repeat(reals, weights_reals))
        return float(np.average(below, weights=weights_fakes))

    return statistic


def closest_pairs(images, training, best, count=8):
    """The `count` closest of images and their nearest training images, a list of Pair. best: their Nearest."""
    reach, scale = _reach(images.shape[-1])
    reach *= scale
    pairs = []
    for i in np.argsort(best.distance, kind='mergesort')[:count]:
        image, other = turned(images[i], best.symmetry[i]), training[best.index[i]]
        rows, columns = int(best.rows[i]), int(best.columns[i])
        difference = np.full(image.shape[1:], np.nan, np.float32)
        here = crop(np.asarray(image, np.float32), reach) - crop(np.asarray(other, np.float32), reach, rows, columns)
        crop(difference, reach)[...] = here.mean(axis=0)
        pairs.append(Pair(i, image, other, difference, reach, rows, columns, float(best.distance[i])))
    return pairs
