"""Whether a generator copies: the distance of images to the nearest training image, mirrored, turned and shifted.

A copy may be mirrored, turned by any angle and shifted, as augmentation does it. The distance of two images is the root
mean square difference of gray levels over the middle of the one, 10/16 of its width, and a part of the other that is up
to 3/16 of the width off its middle.
"""

import collections

import numpy as np

try:
    from scipy import fft
except ImportError:
    raise ImportError('copies of images are searched for with SciPy: pip install scipy') from None

from metrics import alignment, parallel
from metrics.alignment import SYMMETRIES, crop, turned
from metrics.parallel import chunks

CANDIDATES = 40  # training images of the coarse search that the fine one looks at
# The same for images of one set, of which only near ones matter.
CANDIDATES_WITHIN = 12
# Of images turned by other than right angles: angles of the coarse search, whose turns and mirrors are a step apart all
# round; shifts there, at 16x16 pixels; training images that are aligned, and those of them that are aligned pixel by
# pixel; steps of an alignment.
ANGLES = np.deg2rad([-33.75, -22.5, -11.25, 11.25, 22.5, 33.75, 45])
NEAR = [(rows, columns) for rows in (-1, 0, 1) for columns in (-1, 0, 1)]
ALIGNED, FINELY_ALIGNED, STEPS = 8, 2, 4
# What is planted to see which share of copies is found: how many of a kind; and of those that are turned by other than
# right angles, the angles, in degrees, and the noise, as a share of the standard deviation of the gray levels.
PLANTED, PLANTED_ANGLES, PLANTED_NOISE = 50, (5, 40), 0.05
KINDS = 'right_angles', 'other_angles'  # FILE FORMAT: of planted copies
# A copy's distance, as a share of the standard deviation of its gray levels, is at most this. Of 1,000 phantoms and
# 1,000 others the nearest two have 0.18 at 64x64 pixels, 0.19 at 32x32 and 0.14 at 16x16; copies that are only
# mirrored, turned and shifted have 0, and those with noise of a twentieth of that deviation 0.05.
ALIKE = 0.1
ROUNDED = 1.0  # gray levels by which the same image may differ, unless it has less contrast
SMALLEST = 16  # pixels; of smaller images only equal ones are copies
SEARCHED = 1000  # images of a large set that are compared pixel by pixel, evenly spread
PERCENT = 1  # of reference images, those nearest to a training image: they set the limit of what may be a copy

# distance: in gray levels; index: of the training image; the rest: its alignment.Position on the image.
Nearest = collections.namedtuple('Nearest', 'distance symmetry radians rows columns index')
# index: of the image; image; other: the training image in its Position on the image, both uint8 [C, R, R]; difference:
# in gray levels [R, R], NaN where it was not looked at, which is the border of the image, `reach` pixels wide;
# distance: in gray levels.
Pair = collections.namedtuple('Pair', 'index image other difference reach distance')


def _reach(size):
    """Pixels that a part may be off the middle at about 16x16, and how many times as large an image of a size is."""
    scale = max(size // 16, 1)
    return 3 * (size // scale) // 16, scale


def nearest(images, training, track=iter):
    """The nearest training image of each image: Nearest of arrays [N]. images, training: gray levels [N, C, R, R].

    First all training images in all positions are compared blurred, at 16x16 pixels; then the forty best ones pixel by
    pixel in all positions, so the distance is exact wherever the nearest one is among the forty. Images turned by other
    angles (from 16x16 pixels on) are aligned, beginning from the best of some angles.
    """
    return _nearest(images, training, track, CANDIDATES)


def nearest_others(images, track=iter):
    """The nearest other image of each image of a set, at least 2, as `nearest`; fewer are compared pixel by pixel."""
    return _nearest(images, images, track, min(CANDIDATES_WITHIN, len(images) - 1), itself=False)


def _nearest(images, training, track, candidates, itself=True):
    """`nearest`, by so many candidates. itself: False: both are one set, whose images are compared with the others."""
    reach, scale = _reach(images.shape[-1])
    shifts = [(rows, columns) for rows in range(-reach, reach + 1) for columns in range(-reach, reach + 1)]
    small = [np.concatenate([_small(x[part]) for part in chunks(len(x))]) for x in (images, training)]
    _, indices = _candidates(*small, shifts, candidates, track, itself)

    def upright(i):
        *nearest_of, index = _nearest_of(images[i], training[indices[i]], reach * scale)
        return Nearest(*nearest_of, index=indices[i, index])

    searches = [upright]
    if images.shape[-1] >= SMALLEST:
        oblique, angles, queries = _oblique_candidates(*small, min(ALIGNED, candidates), itself)

        def aligned(i):
            found = oblique[i]
            return _aligned(images[i], training[found], queries[i], small[1][found], angles[i], found)

        searches.append(aligned)

    def fine(i):
        return min([search(i) for search in searches], key=lambda found: found.distance)

    return Nearest(*map(np.array, zip(*parallel.ordered(fine, list(range(len(images))), track))))


def _small(images):
    """Images at about 16x16 pixels, blurred, float32."""
    scale = _reach(images.shape[-1])[1]
    n, c, size, _ = images.shape
    x = np.asarray(images, np.float32).reshape(n, c, size // scale, scale, size // scale, scale)
    x = np.pad(x.mean(axis=(3, 5)) - 128, [(0, 0), (0, 0), (1, 1), (1, 1)], 'edge')
    x = x[:, :, 2:] + 2 * x[:, :, 1:-1] + x[:, :, :-2]
    return (x[:, :, :, 2:] + 2 * x[:, :, :, 1:-1] + x[:, :, :, :-2]) / 16


def _candidates(small, small_training, shifts, candidates, track=iter, itself=True):
    """Squared distances and indices [N, candidates] of the training images nearest to images, both `_small`.

    They are compared in 8 positions and some shifts; the order of candidates is no particular one.
    """
    count, reach = len(small), 3 * small.shape[-1] // 16

    def keys(x, shift):
        """Shifted crops [n, d + 1], whose product with a query is minus half the squared distance, up to a constant."""
        x = crop(x, reach, *shift).reshape(len(x), -1)
        return np.concatenate([x, -np.square(x).sum(axis=1, keepdims=True) / 2], axis=1)

    queries = np.stack([crop(turned(small, k), reach).reshape(count, -1) for k in range(SYMMETRIES)])
    squares = np.square(queries[0]).sum(axis=1, keepdims=True)
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
    for block in chunks(len(small_training), track):
        shifted = [keys(small_training[block], shift) for shift in shifts]
        new = np.concatenate(parallel.ordered(lambda group, x=shifted: score(group, x), groups))
        if not itself:
            new[np.arange(block.start, block.stop), np.arange(block.stop - block.start)] = -np.inf
        index = np.broadcast_to(np.arange(block.start, block.stop), new.shape)
        scores, indices = np.concatenate([scores, new], axis=1), np.concatenate([indices, index], axis=1)
        order = np.argpartition(-scores, min(candidates, scores.shape[1]) - 1, axis=1)[:, :candidates]
        scores, indices = np.take_along_axis(scores, order, axis=1), np.take_along_axis(indices, order, axis=1)
    return squares - 2 * scores, indices


def _oblique_candidates(small, small_training, candidates, itself):
    """Images that are nearest to others if these are turned by ANGLES; both `_small`.

    Their indices, the angles [N, candidates], and the images turned by these [N, candidates, C, 16, 16].
    """
    zeros = np.zeros(len(small))
    queries = [alignment.warped(small, zeros + angle, zeros, zeros, reach=0) for angle in ANGLES]
    found = [_candidates(query, small_training, NEAR, candidates, itself=itself) for query in queries]
    distances, indices = [np.concatenate(values, axis=1) for values in zip(*found)]
    order = np.argsort(distances, axis=1)[:, :candidates]
    which = order // (distances.shape[1] // len(ANGLES))
    queries = np.stack(queries, axis=1)[np.arange(len(small))[:, None], which]
    return np.take_along_axis(indices, order, axis=1), ANGLES[which], queries


def _aligned(image, others, queries, small_others, angles, indices):
    """The Nearest of an image to some others [K, C, R, R].

    queries: the `_small` image, turned by angles [K]; small_others: the others so; indices: of the others.
    """
    reach, scale = _reach(image.shape[-1])
    shifted = np.stack([crop(small_others, reach, *shift).reshape(len(others), -1) for shift in NEAR], axis=1)
    turns = np.stack([crop(turned(queries, k), reach).reshape(len(others), -1) for k in range(SYMMETRIES)], axis=1)
    scores = np.matmul(shifted, turns.transpose(0, 2, 1)) - np.square(shifted).sum(axis=2)[:, :, None] / 2
    shifts, symmetries = np.unravel_index(scores.reshape(len(others), -1).argmax(axis=1), scores.shape[1:])
    others = np.stack([turned(other, alignment.inverse(k)) for other, k in zip(others, symmetries)])
    moves = [alignment.moved_back(k, *NEAR[shift]) for k, shift in zip(symmetries, shifts)]
    at, width = [-angles, *np.transpose(moves).astype(float)], small_others.shape[-1]
    halvings = list(range(max(scale.bit_length() - 2, 1), 0, -1)) if scale > 1 else [0]
    for times in halvings + [None]:
        seen = image, others
        if times is not None:
            seen = alignment.halved(image[None], times)[0], alignment.halved(others, times)
        zoom = seen[0].shape[-1] // width
        width *= zoom
        at[1:] = [zoom * move for move in at[1:]]
        distance, *at = alignment.refined(*seen, *at, reach=reach * width * scale // image.shape[-1], steps=STEPS)
        best = np.argsort(distance, kind='mergesort')[:FINELY_ALIGNED]
        others, indices, symmetries, distance = others[best], indices[best], symmetries[best], distance[best]
        at = [values[best] for values in at]
    radians, rows, columns = [float(values[0]) for values in at]
    return Nearest(float(distance[0]), alignment.inverse(int(symmetries[0])), radians, rows, columns, int(indices[0]))


def _nearest_of(image, others, reach):
    """Distance, Position and index of the nearest of some others [K, C, R, R] to an image, over all upright positions.

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
    rows, columns = alignment.moved_back(symmetry, row - reach, column - reach)
    return float(np.sqrt(np.square(difference).mean())), alignment.inverse(symmetry), 0.0, rows, columns, index


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


def placed(other, best, index=0):
    """A training image [C, R, R] in the Position that a Nearest gives it on the image of an index, float32."""
    position = [getattr(best, name)[index] for name in alignment.Position._fields]
    return alignment.placed(other, alignment.Position(*position))


def planted(training, count, seed=0):
    """{kind of KINDS: copies of up to PLANTED training images, uint8 [N, C, R, R]}.

    Copies of right_angles are mirrored, turned by right angles, and shifted as far as is searched; those of
    other_angles are mirrored, turned by right angles and PLANTED_ANGLES more, and have noise.
    """
    random, (reach, scale) = np.random.RandomState([seed, 7]), _reach(training.shape[-1])
    result = collections.OrderedDict()
    for kind in KINDS:
        copies_of_kind = []
        for image in training[random.permutation(len(training))[: min(count, PLANTED)]]:
            moved, radians, noise = random.randint(-reach * scale, reach * scale + 1, size=2), 0.0, 0.0
            if kind == 'other_angles':
                moved, radians = (0, 0), np.deg2rad(random.uniform(*PLANTED_ANGLES) * random.choice([-1, 1]))
                noise = PLANTED_NOISE * image.std() * random.randn(*image.shape)
            position = alignment.Position(random.randint(SYMMETRIES), radians, *moved)
            copies_of_kind.append(alignment.placed(image, position) + noise)
        result[kind] = np.clip(np.rint(copies_of_kind), 0, 255).astype(np.uint8)
    return result


def closest_pairs(images, training, best, count=8):
    """The `count` closest of images and their nearest training images, a list of Pair. best: their Nearest."""
    reach, scale = _reach(images.shape[-1])
    reach *= scale
    pairs = []
    for i in np.argsort(best.distance, kind='mergesort')[:count]:
        other = placed(training[best.index[i]], best, i)
        difference = np.full(other.shape[1:], np.nan, np.float32)
        crop(difference, reach)[...] = crop(np.asarray(images[i], np.float32) - other, reach).mean(axis=0)
        shown = np.rint(other).astype(np.uint8)
        pairs.append(Pair(i, images[i], shown, difference, reach, float(best.distance[i])))
    return pairs
