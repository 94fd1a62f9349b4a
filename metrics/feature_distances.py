"""Images as points, and clouds of points compared: kernel and Frechet distance, precision, recall, density, coverage.

Features are [N, d]. A metric comes as a function of weights, how often each image counts, for the bootstrap.
"""

import numpy as np

from metrics import parallel
from metrics.parallel import chunks

MOST = 2000  # images of each kind that KID compares: it holds a number for each pair


def pixel_pyramid(images):
    """Features [N, d] of box averages, without a network.

    The boxes' mean gray at 4x4, what 8x8 and 16x16 boxes add to it, and the standard deviation in each cell of 8x8
    boxes, each of the four divided by the square root of how many numbers it holds.
    """
    count, _, size, _ = images.shape
    features = []
    for part in chunks(count):
        x, before, bands = np.asarray(images[part], np.float32), 0.0, []
        n, c = x.shape[:2]
        for boxes in [boxes for boxes in (4, 8, 16) if boxes <= size]:
            cells = x.reshape(n, c, boxes, size // boxes, boxes, size // boxes)
            mean = cells.mean(axis=(3, 5))
            bands.append((mean - before).reshape(n, -1))
            before = mean.repeat(2, axis=2).repeat(2, axis=3)
            if boxes == 8 and size > 8:
                texture = cells.std(axis=(3, 5)).reshape(n, -1)
        if size > 8:
            bands.append(texture)
        features.append(np.concatenate([band / np.float32(np.sqrt(band.shape[1])) for band in bands], axis=1))
    return np.concatenate(features)


def kernel_distance(a, b):
    """Kernel inception distance (Binkowski et al. 2018) of features [N, d], as a function of weights.

    The squared maximum mean discrepancy, unbiased, with the kernel (x.y / d + 1)^3. Of larger sets the first MOST are
    used.
    """
    a, b = a[:MOST].astype(np.float64), b[:MOST].astype(np.float64)
    if min(len(a), len(b)) < 2:
        raise ValueError('KID needs at least 2 images')

    def kernel(x, y):
        return (x.dot(y.T) / x.shape[1] + 1) ** 3

    inner_a, inner_b, across = kernel(a, a), kernel(b, b), kernel(a, b)

    def within(inner, weights):
        """Mean over pairs of different images."""
        pairs = weights.sum() ** 2 - np.square(weights).sum()
        return (weights.dot(inner).dot(weights) - np.square(weights).dot(np.diag(inner))) / pairs

    def statistic(weights_a, weights_b):
        wa, wb = [weights[:MOST].astype(np.float64) for weights in (weights_a, weights_b)]
        return float(within(inner_a, wa) + within(inner_b, wb) - 2 * wa.dot(across).dot(wb) / (wa.sum() * wb.sum()))

    return statistic


def frechet_distance(a, b):
    """Frechet inception distance (Heusel et al. 2017) of features [N, d], as a function of weights.

    |mean_a - mean_b|^2 + trace(A + B - 2 (A B)^(1/2)) of the covariances A and B.
    """
    if min(len(a), len(b)) <= a.shape[1]:
        message = 'FID on %d features needs more than %d images of each kind, else their covariance has no full rank'
        raise ValueError(message % (a.shape[1], a.shape[1]))

    def moments(x, weights):
        weights = weights / float(weights.sum())
        mean = weights.dot(x)
        return mean, (x - mean).T.dot((x - mean) * weights[:, None]) * len(x) / (len(x) - 1.0)

    def statistic(weights_a, weights_b):
        mean_a, cov_a = moments(a.astype(np.float64), weights_a)
        mean_b, cov_b = moments(b.astype(np.float64), weights_b)
        values, vectors = np.linalg.eigh(cov_a)
        root = (vectors * np.sqrt(np.maximum(values, 0))).dot(vectors.T)
        spectrum = np.linalg.eigvalsh(root.dot(cov_b).dot(root))  # A^(1/2) B A^(1/2) is symmetric; spectrum of A B
        spectrum = np.maximum(spectrum, 0)
        return float(np.square(mean_a - mean_b).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * np.sqrt(spectrum).sum())

    return statistic


def squared_distances(a, b):
    """[len(a), len(b)] between the rows of two float64 arrays, never negative."""
    products = a.dot(b.T)
    products *= 2
    distances = np.square(a).sum(1)[:, None] + np.square(b).sum(1)
    distances -= products
    return np.maximum(distances, 0, out=distances)


def _radii(x, neighbours, track):
    """Distance, squared, of each point [N, d] to the n-th nearest other one, [N]."""

    def of(part):
        ordered = np.partition(squared_distances(x[part], x), neighbours, axis=1)
        return ordered[:, neighbours].copy()  # the 0th is the point itself; a view would keep all distances

    return np.concatenate(parallel.ordered(of, chunks(len(x), size=64), track))


def _centred(reals, fakes, neighbours, what):
    """Both as float64 about the mean of the reals; ValueError for too few."""
    if min(len(reals), len(fakes)) <= neighbours:
        raise ValueError('%s need more than %d images of each kind' % (what, neighbours))
    middle = reals.mean(axis=0, dtype=np.float64)
    return reals.astype(np.float64) - middle, fakes.astype(np.float64) - middle


def _share(inside):
    return lambda weights: float(np.average(inside, weights=weights))


def precision_recall(reals, fakes, neighbours=3, track=iter):
    """Improved precision and recall (Kynkaanniemi et al. 2019) of features [N, d]: two functions of weights.

    Precision, of the fakes, is the share of them that lie within the distance of some real to its third-nearest real;
    recall, of the reals, the share of them that lie so among the fakes.
    """
    reals, fakes = _centred(reals, fakes, neighbours, 'precision and recall')
    around_reals, around_fakes = [_radii(x, neighbours, track) for x in (reals, fakes)]

    def within(part):
        """Which fakes lie around a part of the reals, and which of those reals around a fake."""
        distances = squared_distances(reals[part], fakes)
        return (distances <= around_reals[part, None]).any(axis=0), (distances <= around_fakes).any(axis=1)

    parts = parallel.ordered(within, chunks(len(reals), size=64), track)
    fakes_within = np.any([part for part, _ in parts], axis=0)
    reals_within = np.concatenate([part for _, part in parts])
    return _share(fakes_within), _share(reals_within)


def density_coverage(reals, fakes, neighbours=5, track=iter):
    """Density and coverage (Naeem et al., ICML 2020, equations 3 and 4) of features [N, d]: two functions of weights.

    Density, of the fakes, is how many reals a fake is as near to as their fifth-nearest real is, on average, divided by
    five: about 1 for a set as the reals. Coverage, of the reals, is the share of them that have a fake so near.
    """
    reals, fakes = _centred(reals, fakes, neighbours, 'density and coverage')
    around_reals = _radii(reals, neighbours, track)

    def within(part):
        """How many of a part of the reals lie around each fake, and which of them have one."""
        inside = squared_distances(reals[part], fakes) <= around_reals[part, None]
        return inside.sum(axis=0), inside.any(axis=1)

    parts = parallel.ordered(within, chunks(len(reals), size=64), track)
    reals_near = np.sum([part for part, _ in parts], axis=0) / float(neighbours)
    return _share(reals_near), _share(np.concatenate([part for _, part in parts]))


def shares(reals, fakes, track=iter):
    """(key of a metric, function of weights) of `precision_recall` and `density_coverage`."""
    functions = precision_recall(reals, fakes, track=track) + density_coverage(reals, fakes, track=track)
    return list(zip(('precision', 'recall', 'density', 'coverage'), functions))
