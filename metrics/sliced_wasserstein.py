"""How good, how varied and how new generated images are. NumPy only; images are uint8 or float arrays of gray levels 0..255, [N, C, R, R].

Most metrics come as a function of weights, how often each image of a set counts, because that is what a bootstrap repeats: with ones it is
the metric itself. `interval` makes the bootstrap.
"""
import collections

import numpy as np

CHUNK = 256                 # images worked on at a time, so that memory grows with the results and not with what leads to them


def chunks(count, track=iter, size=CHUNK):
    """Slices of `size` that cover `count` images; track: wraps the list, as a progress bar does."""
    return track([slice(begin, min(begin + size, count)) for begin in range(0, count, size)])


def ones(*arrays):
    return [np.ones(len(array), int) for array in arrays]


Estimate = collections.namedtuple('Estimate', 'value interval')


def estimate(statistic, counts, seed=0, resamples=50, coverage=0.95):
    """The value of statistic(weights, ...) with each of the `counts` images of its sets once, and a bootstrap interval [lo, hi] (Efron 1979).

    Resampled sets are further apart than the sets themselves, which lifts every distance; so the interval that holds `coverage` of the resampled
    values is moved until their mean is the value. Its lower end is not below zero where the value is not.
    """
    random = np.random.RandomState(seed)
    value = statistic(*[np.ones(count, int) for count in counts])
    values = [statistic(*[random.multinomial(count, np.full(count, 1. / count)) for count in counts]) for _ in range(resamples)]
    ends = np.percentile(values, [50 - 50 * coverage, 50 + 50 * coverage]) - np.mean(values) + value
    return Estimate(value, [float(max(end, 0.)) if value >= 0 else float(end) for end in ends])

# ---------------------------------------------------------------------------- sliced Wasserstein distance


def _blur(images, gain=1.):
    """Binomial 5x5 filter of Burt and Adelson (1983), borders mirrored; gain: of the sum of its taps."""
    taps = np.array([1, 4, 6, 4, 1], np.float32) / 16 * np.float32(np.sqrt(gain))
    for axis in (2, 3):
        width = [(0, 0)] * 4
        width[axis] = 2, 2
        padded, size = np.pad(images, width, 'reflect'), images.shape[axis]
        images = sum(tap * padded.take(range(i, i + size), axis) for i, tap in enumerate(taps))
    return images


def laplacian_pyramid(images, coarsest=16):
    """Band-pass images, finest first, each half as wide as the one before; the last one, `coarsest` pixels wide, is low-pass."""
    levels = [np.asarray(images, np.float32)]
    while levels[-1].shape[-1] > coarsest:
        coarse = _blur(levels[-1])[:, :, ::2, ::2]
        spread = np.zeros_like(levels[-1])
        spread[:, :, ::2, ::2] = coarse
        levels[-1] = levels[-1] - _blur(spread, 4.)
        levels.append(coarse)
    return levels


class Descriptors:
    """Random 7x7 neighbourhoods from each level of the Laplacian pyramid of a set of images, {resolution: [N, per image, C * 49]}.

    Each set is normalised to mean 0 and standard deviation 1 per channel and level, as in Karras et al. 2018, appendix/section 5: 128 a image
    while they are at most `most` in all, else fewer.
    """

    def __init__(self, images, seed=0, each=128, most=2 ** 20, side=7, track=iter):
        count, c, size, _ = images.shape
        if size < 16:
            raise ValueError('sliced Wasserstein distance needs images of at least 16x16 pixels; these are %dx%d' % (size, size))
        each, random, parts = max(min(each, most // count), 1), np.random.RandomState(seed), collections.defaultdict(list)
        for part in chunks(count, track):
            for level in laplacian_pyramid(images[part]):
                n, width = len(level), level.shape[-1]
                rows, columns = [random.randint(width - side + 1, size=[n, each, 1, 1, 1]) for _ in 'yx']
                y, x = [np.arange(side).reshape(shape) for shape in ([side, 1], [1, side])]
                patches = level[np.arange(n).reshape(n, 1, 1, 1, 1), np.arange(c).reshape(c, 1, 1), rows + y, columns + x]     # [n,each,C,7,7]
                parts[width].append(patches)
        self.levels = {}
        for width, pieces in parts.items():
            patches = np.concatenate(pieces)
            mean, deviation = [f(patches, axis=(0, 1, 3, 4), keepdims=True, dtype=np.float64).astype(np.float32) for f in (np.mean, np.std)]
            if not (deviation > 0).all():
                raise ValueError('the images do not vary at %dx%d pixels, so a sliced Wasserstein distance means nothing' % (width, width))
            self.levels[width] = ((patches - mean) / deviation).reshape(count, each, -1)


def sliced_wasserstein(a, b, width, seed=0, directions=512, track=iter):
    """Sliced Wasserstein distance x 1000 between two Descriptors of as many images, at one resolution, as a function of the images' weights.

    Along each of `directions` random directions the sorted projections of both sets are compared (Rabin et al. 2011); the mean of their
    absolute differences is the Wasserstein-1 distance there.
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
        """For the bootstrap, whose spread comes from the choice of images: few descriptors, few directions, sorted once, and whose they are."""
        values = [projected(descriptors, slice(number), few) for descriptors in (a, b)]
        orders = [np.argsort(rows, axis=1) for rows in values]
        return [[(row[order], order // few) for row, order in zip(*pair)] for pair in zip(values, orders)]

    sketches = []

    def statistic(weights_a, weights_b):
        if (weights_a == 1).all() and (weights_b == 1).all():
            differences = [np.abs(np.sort(projected(a, part, each)) - np.sort(projected(b, part, each))).mean() for part in chunks(directions, track, 32)]
            return 1000 * float(np.mean(differences))
        if not sketches:
            sketches.extend(sketch(min(each, 8), min(directions, 32)))
        differences = [np.abs(np.repeat(x, weights_a[i]) - np.repeat(y, weights_b[j])).mean() for (x, i), (y, j) in zip(*sketches)]
        return 1000 * float(np.mean(differences))

    return statistic

# ---------------------------------------------------------------------------- multi-scale structural similarity


def _gaussian(images, size, sigma):
    """Gaussian filter [size x size] where it fits, as images [N, H - size + 1, W - size + 1]."""
    at = np.arange(size) - (size - 1) / 2.
    taps = np.exp(-at ** 2 / (2 * sigma ** 2))
    taps /= taps.sum()
    for axis in (1, 2):
        length = images.shape[axis] - size + 1
        images = sum(tap * images.take(range(i, i + length), axis) for i, tap in enumerate(taps))
    return images


def ms_ssim(a, b, weights=(0.0448, 0.2856, 0.3001, 0.2363, 0.1333)):
    """Multi-scale structural similarity of image pairs, [N] in 0..1 (Wang, Simoncelli and Bovik 2003), gray levels 0..255.

    An 11x11 window of standard deviation 1.5, smaller with it where the image is; as many of the five scales as images of this size have,
    their weights normalised to sum 1 (64 pixels: all five, the last one of 4x4). Negative contrast-structure terms count as zero.
    """
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    channels = a.shape[1]
    a, b = [np.asarray(x, np.float64).reshape([-1] + list(x.shape[2:])) for x in (a, b)]     # each channel on its own
    count = len(a)
    scales = min(len(weights), int(np.log2(a.shape[-1])) - 1)
    weights, value = np.array(weights[:scales]) / sum(weights[:scales]), np.ones(count)
    for scale, weight in enumerate(weights):
        size = min(11, a.shape[-1])
        mean_a, mean_b, aa, bb, ab = [_gaussian(x, size, 1.5 * size / 11.) for x in (a, b, a * a, b * b, a * b)]
        contrast = (2 * (ab - mean_a * mean_b) + c2) / (aa - mean_a ** 2 + bb - mean_b ** 2 + c2)
        luminance = (2 * mean_a * mean_b + c1) / (mean_a ** 2 + mean_b ** 2 + c1)
        term = contrast if scale < scales - 1 else contrast * luminance
        value *= np.maximum(term.mean(axis=(1, 2)), 0) ** weight
        a, b = [x.reshape(count, x.shape[1] // 2, 2, x.shape[2] // 2, 2).mean(axis=(2, 4)) for x in (a, b)]
    return value.reshape(-1, channels).mean(axis=1)


def diversity(images, seed=0, pairs=2000, track=iter):
    """MS-SSIM of random pairs of a set, as a function of the weights of the pairs, and their number: high where the images are alike."""
    if len(images) < 2:
        raise ValueError('MS-SSIM needs at least 2 images')
    random = np.random.RandomState(seed)
    first = random.randint(len(images), size=pairs)
    second = (first + random.randint(1, len(images), size=pairs)) % len(images)
    values = np.concatenate([ms_ssim(images[first[part]], images[second[part]]) for part in chunks(pairs, track)])
    return (lambda weights: float(np.average(values, weights=weights))), pairs

# ---------------------------------------------------------------------------- gray levels and nodules


def gray_distance(a, b):
    """Wasserstein-1 distance of the gray-level histograms of uint8 images, in gray levels, as a function of weights: the area between their
    cumulative distributions."""
    counts = [np.stack([np.bincount(image.ravel(), minlength=256) for image in images]) for images in (a, b)]

    def statistic(*weights):
        shares = [w.dot(count) / float(w.dot(count).sum()) for w, count in zip(weights, counts)]
        return float(np.abs(np.cumsum(shares[0] - shares[1])).sum())

    return statistic


Nodules = collections.namedtuple('Nodules', 'gray diameter')


def nodules(images, track=iter):
    """Mean gray level and diameter in pixels of the nodule in the middle of each image, Nodules of [N], by the same rule for every image.

    The image is blurred; the nodule is what hangs together with the middle within a quarter of the image's width of it and lies above the mean of
    the middle's gray level and the lung's, which is the first quartile of the image. The diameter is that of a circle of the same area. Vessels
    and pleura that touch the nodule count with it: good for comparing sets of images, not for measuring one nodule.
    """
    size = images.shape[-1]
    at = np.square(np.arange(size) - (size - 1) / 2.)
    squares = at[:, None] + at
    disc, middle = squares <= (size / 4.) ** 2, squares <= max(size / 32., 1) ** 2
    grays, areas = [], []
    for part in chunks(len(images), track):
        pixels = np.asarray(images[part], np.float32).mean(axis=1)
        smooth = _blur(pixels[:, None])[:, 0]
        core = smooth[:, middle].mean(axis=1)
        lung = np.percentile(pixels.reshape(len(pixels), -1), 25, axis=1)
        bright = (smooth > ((core + lung) / 2)[:, None, None]) & disc
        grown = bright & middle
        while True:
            wide = np.pad(grown, [(0, 0), (1, 1), (1, 1)], 'constant')
            wider = bright & (grown | wide[:, 2:, 1:-1] | wide[:, :-2, 1:-1] | wide[:, 1:-1, 2:] | wide[:, 1:-1, :-2])
            if (wider == grown).all():
                break
            grown = wider
        area = grown.sum(axis=(1, 2))
        grays.append(np.where(area > 0, (pixels * grown).sum(axis=(1, 2)) / np.maximum(area, 1), core))
        areas.append(area)
    return Nodules(np.concatenate(grays), 2 * np.sqrt(np.concatenate(areas) / np.pi))
