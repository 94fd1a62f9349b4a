"""Sliced Wasserstein distance between sets of images, on the levels of a Laplacian pyramid (Karras et al. 2018)."""

import numpy as np

from metrics import parallel
from metrics.filters import laplacian_pyramid
from metrics.parallel import chunks

SIDE = 7  # pixels of a neighbourhood
MOST = 2**20  # neighbourhoods from a level, of all images together
BINS = 2**15  # of projections


def _neighbourhoods(images, rows, columns):
    """[n, each, C, SIDE, SIDE] of images [n, C, R, R]; rows, columns: of their corners, [n, each]."""
    n, c, size, _ = images.shape
    shape = n, c, size - SIDE + 1, size - SIDE + 1, SIDE, SIDE
    windows = np.lib.stride_tricks.as_strided(images, shape, images.strides + images.strides[2:], writeable=False)
    return windows[np.arange(n)[:, None], :, rows, columns]


def descriptors(images, seed=0, each=128, track=iter):
    """Random 7x7 neighbourhoods from each level of the Laplacian pyramid of images, {resolution: [N, each, C * 49]}.

    They are normalised to mean 0 and standard deviation 1 a channel and level, as in Karras et al. 2018, section 5.
    each: from an image, fewer where they would be more than MOST in all.
    """
    count, c, size, _ = images.shape
    if size < 16:
        message = 'sliced Wasserstein distance needs images of at least 16x16 pixels; these are %dx%d'
        raise ValueError(message % (size, size))
    each, random, corners = max(min(each, MOST // count), 1), np.random.RandomState(seed), []
    widths = [2**level for level in range(size.bit_length() - 1, 3, -1)]
    for part in chunks(count):
        places = [random.randint(width - SIDE + 1, size=[2, part.stop - part.start, each]) for width in widths]
        corners.append((part, places))
    patches = {width: np.zeros([count, each, c, SIDE, SIDE], np.float32) for width in widths}
    axes, values_per_channel = (0, 1, 3, 4), float(count * each * SIDE**2)

    def describe(work):
        """The neighbourhoods of a part; their sums, a row of channels for each level."""
        part, places = work
        for few in chunks(part.stop - part.start, size=32):  # as many as the cache of a core holds
            whole = slice(part.start + few.start, part.start + few.stop)
            for level, (rows, columns) in zip(laplacian_pyramid(images[whole]), places):
                patches[level.shape[-1]][whole] = _neighbourhoods(level, rows[few], columns[few])
        return [patches[width][part].sum(axis=axes, dtype=np.float64) for width in widths]

    def squares(part):
        pairs = zip(widths, means)
        return [np.square(patches[width][part] - mean[:, None, None]).sum(axis=axes) for width, mean in pairs]

    def normalise(part):
        for width, mean, deviation in zip(widths, means, deviations):
            patches[width][part] -= mean.astype(np.float32)[:, None, None]
            patches[width][part] /= deviation.astype(np.float32)[:, None, None]

    means = np.sum(parallel.ordered(describe, corners, track), axis=0) / values_per_channel  # [levels, C]
    blocks = list(chunks(count, size=32))
    deviations = np.sqrt(np.sum(parallel.ordered(squares, blocks), axis=0) / values_per_channel)
    for width, deviation in zip(widths, deviations):
        if not (deviation > 0).all():
            message = 'the images do not vary at %dx%d pixels, so a sliced Wasserstein distance means nothing'
            raise ValueError(message % (width, width))
    parallel.ordered(normalise, blocks)
    return {width: values.reshape(count, each, -1) for width, values in patches.items()}


def _axes(length, directions, seed):
    """Random unit vectors, the columns of [length, directions]."""
    axes = np.random.RandomState(seed).randn(length, directions).astype(np.float32)
    return axes / np.sqrt(np.sum(np.square(axes), axis=0, keepdims=True))


def _projected(axes, neighbourhoods):
    """[directions, N * each] of neighbourhoods [N, each, length]."""
    return axes.T.dot(neighbourhoods.reshape(-1, len(axes)).T)


def distances(described, reference, width, seed=0, directions=512, track=iter):
    """Sliced Wasserstein distances x 1000 of the `descriptors` of several sets from a reference's, at one resolution.

    The mean, over `directions` random directions, of the Wasserstein-1 distance of the projections (Rabin et al. 2011),
    which is the integral of the absolute difference of their distribution functions. It is summed over BINS steps,
    with an error of about 1e-5 of the distance. All sets are of the same size.
    """
    shape = reference[width].shape
    if any(levels[width].shape != shape for levels in described):
        raise ValueError('sliced Wasserstein distance compares sets of the same number of images')
    axes = _axes(shape[2], directions, seed)

    def compare(part):
        expected, result = _projected(axes[:, part], reference[width]), []
        for levels in described:
            pairs = zip(expected, _projected(axes[:, part], levels[width]))
            result.append(sum(_distance(*pair) for pair in pairs))
        return result

    parts = parallel.ordered(compare, chunks(directions, size=32), track)
    return [1000 * float(np.sum(values)) / directions for values in zip(*parts)]


def _distance(a, b):
    """Wasserstein-1 distance of two sets of as many numbers, float32."""
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    step = (float(high) - float(low)) / BINS or 1.0
    counts = [np.bincount(((x - low) / np.float32(step)).astype(np.intp), minlength=BINS + 1) for x in (a, b)]
    return np.abs(np.cumsum(counts[0] - counts[1])).sum() * step / len(a)


def sliced_wasserstein(a, b, width, seed=0, directions=512):
    """`distances` of the `descriptors` of two equal sets, as a function of weights."""
    count, each, length = a[width].shape
    few, sketches = min(each, 8), []  # few are enough, as the spread comes from the choice of images

    def sketch():
        """[(values, images)] of both, [directions, N * few]: projections, sorted once, and whose they are."""
        axes = _axes(length, directions, seed)[:, :32]
        for levels in (a, b):
            values = _projected(axes, levels[width][:, :few])
            order = np.argsort(values, axis=1)
            sketches.append((np.take_along_axis(values, order, axis=1), order // few))

    def statistic(*weights):
        if all((w == 1).all() for w in weights):
            return distances([a], b, width, seed, directions)[0]
        if not sketches:
            sketch()
        x, y = [np.repeat(v.ravel(), w[i].ravel()).reshape(v.shape) for (v, i), w in zip(sketches, weights)]
        return 1000 * float(np.abs(x - y).mean(axis=1).mean())

    return statistic
