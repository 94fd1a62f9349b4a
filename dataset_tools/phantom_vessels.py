"""The tree of vessels round the nodule of a phantom. Lengths are in mm with the nodule's middle at (0, 0, 0)."""

import numpy as np

REACH = 5.0  # mm above and below the nodule's middle that the tree fills
DENSITY = 5.0, 18.0  # least, most ends of vessels per cm3
END = 0.14, 0.25  # mm, least, most radius of those
PIECES = np.linspace(0, 1, 5)  # a branch is drawn in four straight pieces
BALANCE = 0.7  # 0: the shortest tree; 1: the shortest ways
LONGEST, AT_ONCE = 30, 512  # mm; points whose parents are looked for at a time


def branches(points, balance):
    """Parent of each of the points [3,N] but the first, which is the root, and how many ends each point feeds.

    Each is joined to the point nearer the root, by LONGEST or little more, that makes the way to it short; points: by
    distance from the root.
    """
    far, parent = np.sqrt(((points - points[:, :1]) ** 2).sum(0)), []
    for first in range(1, len(far), AT_ONCE):
        last, low = first + AT_ONCE, min(first - 1, np.searchsorted(far, far[first] - LONGEST))
        some, others = points[:, first:last], points[:, low:last]
        square = (some**2).sum(0)[:, None] + (others**2).sum(0) - 2 * some.T.dot(others)
        way = np.sqrt(square.clip(0)) + balance * far[low:last]
        way[np.triu_indices(way.shape[0], first - low, way.shape[1])] = np.inf
        parent.append(low + way.argmin(1))
    parent = np.concatenate(parent)
    ends = [1] * len(far)
    for i, above in reversed(list(enumerate(parent.tolist(), 1))):
        ends[above] += ends[i]
    return parent, np.array(ends[1:])


def vessels(c, rng, blood, depth, towards):
    """Draws a tree that branches towards the lung's surface, and into the nodule, into blood: its share of each pixel.

    depth: mm below the lung's surface, [n,n]; towards: direction of the nearest surface (radians). Radii follow
    Murray's law: the cube of a vessel's radius is the sum of its branches'.
    """
    side = c.half + 3
    n = rng.poisson(rng.uniform(*DENSITY) * 8 * side**2 * REACH / 1000)
    points = rng.uniform(-1, 1, (3, n)) * [[side], [side], [REACH]]
    column, row = [np.searchsorted(c.at, v).clip(0, c.n - 1) for v in points[:2]]
    points = points[:, depth[row, column] < -1.5]
    way, out = towards + np.pi + rng.normal(0, 0.5), 1.5 * side
    root = [[out * np.cos(way)], [out * np.sin(way)], [rng.uniform(-REACH, REACH)]]
    fed = rng.normal(0, 1.3, (3, 1))  # the end in the nodule
    points = np.hstack([fed, points])
    order = np.argsort(((points - root) ** 2).sum(0))
    points = np.hstack([root, points[:, order]])
    parent, ends = branches(points, BALANCE)
    radius = rng.uniform(*END) * ends ** (1 / 3.0)
    radius[order == 0] = np.maximum(radius[order == 0], rng.uniform(0.25, 0.5))
    start, end = points[:, parent], points[:, 1:]
    before = np.append(0, parent)[parent]  # of the root: itself
    ahead = start - points[:, before]
    ahead = ahead / np.sqrt((ahead**2).sum(0)).clip(1e-9) + rng.normal(0, 0.2, end.shape)
    middle = start + 0.4 * np.sqrt(((end - start) ** 2).sum(0)) * ahead
    t = PIECES[:, None, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end  # [5,3,N]
    a, b = [part.transpose(1, 0, 2).reshape(3, -1) for part in (curve[:-1], curve[1:])]
    radius = np.tile(radius, len(PIECES) - 1)
    c.tubes(blood, a, b, (radius, radius), (1.0, 1.0))
