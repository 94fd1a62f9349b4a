"""How an image is turned, mirrored and moved: in steps of pixels and right angles, and by any angle."""

import typing

import numpy as np

from metrics.filters import binomial_blur

SYMMETRIES = 8  # what turns by right angles and mirrors can make of a square


class Position(typing.NamedTuple):
    """How an image lies on another: it is `turned`, then turned about its middle, then moved. Numbers, or arrays."""

    symmetry: object  # of `turned`
    radians: object
    rows: object  # by which it is moved up, pixels
    columns: object  # by which it is moved to the left


def turned(images, symmetry):
    """Images [..., H, H] in one of 8 positions: turned by 90 degrees `symmetry` % 4 times; from 4 on, then mirrored."""
    images = np.rot90(images, symmetry % 4, axes=(-2, -1))
    return images[..., ::-1] if symmetry >= 4 else images


def inverse(symmetry):
    """The symmetry that undoes another one."""
    return symmetry if symmetry >= 4 else -symmetry % 4


def moved_back(symmetry, rows, columns):
    """What a move of a `turned` image is of the image itself."""
    if symmetry >= 4:
        columns = -columns
    for _ in range(symmetry % 4):
        rows, columns = columns, -rows
    return rows, columns


def crop(images, reach, rows=0, columns=0):
    """Images [..., H, H] without a border of `reach` pixels; rows, columns: how far the part that is kept is moved."""
    size = images.shape[-1]
    return images[..., reach + rows : size - reach + rows, reach + columns : size - reach + columns]


def _places(size, reach):
    """Rows and columns, [2, P], of the pixels of a `crop`, from the middle of the image."""
    place = np.arange(reach, size - reach, dtype=np.float32) - np.float32((size - 1) / 2.0)
    return np.stack([x.ravel() for x in np.meshgrid(place, place, indexing='ij')])


def warped(images, radians, rows, columns, reach):
    """The crop of images [K, C, H, H] turned by angles [K] about their middle and moved by [K], float32 [K, C, S, S].

    Pixels are interpolated linearly; beyond the border the outermost ones are repeated.
    """
    count, channels, size, _ = images.shape
    y, x = _places(size, reach)
    radians, *middle = [np.asarray(values, np.float32)[:, None] for values in (radians, rows, columns)]
    cosine, sine = np.cos(radians), np.sin(radians)
    middle = [values + np.float32((size - 1) / 2.0) for values in middle]
    at = cosine * y - sine * x + middle[0], sine * y + cosine * x + middle[1]
    at = [np.clip(place, 0, size - 1) for place in at]
    corner = [np.minimum(place.astype(int), size - 2) for place in at]
    down, right = [(place - first.astype(np.float32))[:, None] for place, first in zip(at, corner)]
    pixels = np.asarray(images, np.float32).reshape(-1)
    first = corner[0] * size + corner[1]
    first = (np.arange(count * channels) * size**2).reshape(count, channels, 1) + first[:, None]
    above = pixels[first] * (1 - right) + pixels[first + 1] * right
    below = pixels[first + size] * (1 - right) + pixels[first + size + 1] * right
    side = size - 2 * reach
    return (above * (1 - down) + below * down).reshape(count, channels, side, side)


def placed(image, position):
    """An image [C, H, H] in a Position, float32."""
    image = np.ascontiguousarray(turned(image, position.symmetry))
    return warped(image[None], *[np.array([value], float) for value in position[1:]], reach=0)[0]


def refined(image, others, radians, rows, columns, reach, steps):
    """(distances [K], radians, rows, columns) of others [K, C, H, H] where they are nearest to an image [C, H, H].

    The last three are where the search begins, and where it ended. The distance is the root mean square difference over
    the crop of the image. Gauss-Newton steps of the angle and the move, whose gradient is that of the image (inverse
    compositional algorithm: Baker and Matthews, Int J Comput Vis 2004;56:221-255).
    """
    image = np.asarray(image, np.float32)
    place = _places(image.shape[-1], reach)
    template = crop(image, reach)
    down, right = [crop(gradient, reach).reshape(len(image), -1) for gradient in np.gradient(image, axis=(1, 2))]
    slopes = np.stack([right * place[0] - down * place[1], down, right], axis=-1).reshape(
        -1, 3
    )  # by radians, rows, ...
    normal = slopes.T.dot(slopes)
    normal[np.diag_indices(3)] += 1e-3 * np.diag(normal) + 1e-6
    solve = np.linalg.inv(normal).dot(slopes.T)
    at = np.array([radians, rows, columns], float)
    best, nearest = np.full(len(others), np.inf), at.copy()
    for _ in range(steps + 1):
        difference = (warped(others, *at, reach=reach) - template).reshape(len(others), -1)
        distance = np.sqrt(np.square(difference).mean(axis=1))
        nearer = distance < best
        best[nearer], nearest[:, nearer] = distance[nearer], at[:, nearer]
        turn, up, left = solve.dot(difference.T)
        cosine, sine = np.cos(at[0]), np.sin(at[0])
        at = at - [turn, cosine * up - sine * left, sine * up + cosine * left]
    return (best, *nearest)


def halved(images, times):
    """Images [..., H, H] averaged over squares of 2 ** times pixels, and blurred a little, float32."""
    side = 2**times
    size = images.shape[-1] // side
    images = np.asarray(images, np.float32).reshape(images.shape[:-2] + (size, side, size, side))
    return binomial_blur(images.mean(axis=(-3, -1)))
