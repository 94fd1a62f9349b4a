"""Place, size and shape of masks, bool [N, R, R], in pixels; NaN for those that are empty.

A pixel is a square of side 1; indices are those of its centre.
"""

import numpy as np
from scipy import spatial

# How far a pixel reaches from its centre to each side where axes are measured. With 0.5, its edge, discs come out 0.4
# to 0.8 pixels too long, as the longest of all directions is taken; with 0, 0.1 to 0.5 too short.
REACH = 0.25


def area(masks):
    """[N], 0 for empty masks."""
    return np.asarray(masks, bool).sum(axis=(1, 2))


def centroid(masks):
    """Row and column, [N, 2]."""
    return _moments(masks)[:2].T


def equivalent_diameter(masks):
    """Diameter of a circle of the same area, [N]."""
    areas = area(masks)
    return np.where(areas > 0, 2 * np.sqrt(areas / np.pi), np.nan)


def elongation(masks):
    """Ratio of the axes of the ellipse with the same second central moments, [N], 1 or more.

    Those of a mask are those of its pixels, squares whose own moment is 1/12 (Haralick and Shapiro, Computer and Robot
    Vision, 1992, appendix A of volume 1).
    """
    rows, columns, mixed = _moments(masks)[2:]
    mean, spread = (rows + columns) / 2, np.hypot((rows - columns) / 2, mixed)
    return np.sqrt((mean + spread) / (mean - spread))


def _moments(masks):
    """Means of rows and columns, and the second central moments of rows, of columns and of both, [5, N]."""
    masks = np.asarray(masks, bool)
    row, column = [index.ravel().astype(np.float64) for index in np.indices(masks.shape[1:])]
    powers = np.stack([np.ones_like(row), row, column, row**2, column**2, row * column], axis=1)
    sums = masks.reshape(len(masks), -1).astype(np.float64).dot(powers)
    count = np.where(sums[:, :1] > 0, sums[:, :1], np.nan)
    row, column, rows, columns, both = (sums[:, 1:] / count).T
    extent = 1 / 12.0
    return np.stack([row, column, rows - row**2 + extent, columns - column**2 + extent, both - row * column])


def circularity(masks):
    """4 pi area / perimeter^2, [N]: 1 for a disc, less for other shapes (Cox, Journal of Paleontology 1927;1:179).

    The perimeter is Crofton's, from how often lines in four directions cross the outline (Legland et al., Image
    Analysis and Stereology 2007;26:83). It is right for a disc and up to 5 % off for a straight edge.
    """
    padded = np.pad(np.asarray(masks, bool), [(0, 0), (1, 1), (1, 1)], 'constant')
    straight = _crossings(padded[:, 1:], padded[:, :-1]) + _crossings(padded[:, :, 1:], padded[:, :, :-1])
    diagonal = _crossings(padded[:, 1:, 1:], padded[:, :-1, :-1]) + _crossings(padded[:, 1:, :-1], padded[:, :-1, 1:])
    perimeter = np.pi / 8 * (straight + diagonal / np.sqrt(2))  # diagonal lines are 1 / sqrt(2) pixels apart
    return 4 * np.pi * area(masks) / np.square(np.where(perimeter > 0, perimeter, np.nan))


def _crossings(pixels, neighbours):
    return (pixels != neighbours).sum(axis=(1, 2))


def long_and_short(masks):
    """Long and short axis, two arrays [N], as radiologists measure them (Bankier et al., Radiology 2017;285:584).

    The long axis is the largest distance between two points of the outline (maximum Feret diameter). The short axis is
    the longest chord at right angles to it, within the convex hull. Both are right within about half a pixel for discs
    and ellipses, and within a pixel where there are corners.
    """
    axes = [_axes(mask) if mask.any() else (np.nan, np.nan) for mask in np.asarray(masks, bool)]
    return tuple(np.array(axes, np.float64).reshape(-1, 2).T)


def _axes(mask):
    """Long and short axis of a mask that is not empty."""
    (rows,) = np.nonzero(mask.any(axis=1))
    first = mask[rows].argmax(axis=1)
    last = mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    pixels = np.concatenate([np.stack([rows, first], axis=1), np.stack([rows, last], axis=1)])
    points = (pixels[:, None] + REACH * np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])).reshape(-1, 2)
    hull = points[spatial.ConvexHull(points).vertices]  # in their order along it
    distances = np.square(hull[:, None] - hull).sum(axis=2)
    start, end = np.unravel_index(distances.argmax(), distances.shape)
    length = np.sqrt(distances[start, end])
    along = (hull[end] - hull[start]) / length
    turned = np.roll(hull, -start, axis=0) - hull[start]
    x, y = turned.dot(along), turned.dot([-along[1], along[0]])
    half = (end - start) % len(hull)
    one, other = slice(half + 1), np.append(np.arange(half, len(hull)), 0)[::-1]
    chords = np.interp(x, x[one], y[one]) - np.interp(x, x[other], y[other])  # is longest at one of the corners
    return length, np.abs(chords).max()
