"""The tree of vessels round the nodule of a phantom. Lengths are in mm with the nodule's middle at (0, 0, 0)."""

import numpy as np

REACH = 5.0  # mm above and below the nodule's middle that the tree fills
PIECES = np.linspace(0, 1, 5)  # a branch is drawn in four straight pieces
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


def vessels(c, rng, twigs, blood, depth, towards):
    """Draws a tree that branches towards the lung's surface, and into the nodule, into blood: its share of each pixel.

    twigs: phantom_recipes.Twigs; depth: mm below the lung's surface, [n,n]; towards: direction of the nearest surface
    (radians). Radii follow Murray's law: the cube of a vessel's radius is the sum of its branches'. Returns the
    branches: points of each, [5,3,N], and radii, [N].
    """
    side = c.half + 3
    flat = rng.uniform(*twigs.flat) if np.ptp(twigs.flat) else twigs.flat[0]
    n = rng.poisson(rng.uniform(*twigs.density) * 8 * side**2 * (REACH * flat) / 1000)
    points = rng.uniform(-1, 1, (3, n)) * [[side], [side], [REACH * flat]]
    column, row = [np.searchsorted(c.at, v).clip(0, c.n - 1) for v in points[:2]]
    points = points[:, depth[row, column] < -1.5]
    way, out = towards + np.pi + rng.normal(0, 0.5), 1.5 * side
    root = [[out * np.cos(way)], [out * np.sin(way)], [rng.uniform(-REACH, REACH)]]
    fed = rng.normal(0, 1.3, (3, 1))  # the end in the nodule
    points = np.hstack([fed, points])
    order = np.argsort(((points - root) ** 2).sum(0))
    points = np.hstack([root, points[:, order]])
    parent, ends = branches(points, twigs.balance)
    radius = rng.uniform(*twigs.end) * ends ** (1 / 3.0)
    radius[order == 0] = np.maximum(radius[order == 0], rng.uniform(0.25, 0.5))
    start, end = points[:, parent], points[:, 1:]
    before = np.append(0, parent)[parent]  # of the root: itself
    ahead = start - points[:, before]
    ahead = ahead / np.sqrt((ahead**2).sum(0)).clip(1e-9) + rng.normal(0, 0.2, end.shape)
    middle = start + 0.4 * np.sqrt(((end - start) ** 2).sum(0)) * ahead
    middle = middle + twigs.straight * (0.4 * start + 0.6 * end - middle)
    t = PIECES[:, None, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * middle + t**2 * end  # [5,3,N]
    a, b = [part.transpose(1, 0, 2).reshape(3, -1) for part in (curve[:-1], curve[1:])]
    first, last, tip = twigs.tapering
    shares = first + (np.where(ends > 1, last, tip) - first) * PIECES[:, None]  # [5,N]
    before, after = [(radius * part).ravel() for part in (shares[:-1], shares[1:])]
    c.tubes(blood, a, b, (before, after), (1.0, 1.0))
    return curve, radius


def airways(c, rng, most, curve, radius, clear):
    """(wall, lumen): shares of each pixel of up to `most` airways, each beside a vessel of `vessels`.

    clear: mm round the nodule's middle in which there are none. An airway is about as wide as its vessel.
    """
    wall, lumen = np.zeros((2, c.n, c.n))
    x, y, z = curve[2]
    length = np.sqrt(((curve[-1] - curve[0]) ** 2).sum(0))
    seen = (np.maximum(abs(x), abs(y)) < c.half) & (np.hypot(x, y) > clear) & (abs(z) < 2) & (length > 3)
    count, side = rng.randint(1, most + 1), rng.choice((-1, 1), most)
    width, thick = rng.uniform(0.8, 1.4, most), rng.uniform(0.3, 0.6, most)
    chosen = sorted(np.flatnonzero(seen), key=lambda i: -radius[i])[:count]
    for k, i in enumerate(chosen):
        line = curve[:, :, i]  # [5,3]
        inner = max(width[k] * radius[i], 0.7)
        way = (line[-1] - line[0])[:2] / np.hypot(*(line[-1] - line[0])[:2]).clip(1e-9)
        line = line + side[k] * (radius[i] + inner + thick[k]) * np.array([-way[1], way[0], 0])
        a, b = line[:-1].T, line[1:].T
        c.tubes(wall, a, b, (inner + thick[k], inner + thick[k]), (1.0, 1.0))
        c.tubes(lumen, a, b, (inner, inner), (1.0, 1.0))
    return wall, lumen
