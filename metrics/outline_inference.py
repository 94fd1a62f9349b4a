"""The outlines of a few images, computed with NumPy from the same weights as `outlines.Outliner`.

To load TensorFlow takes seconds and 400 MB of memory, more than the work itself for the page of a data set.
"""

import functools

import numpy as np

from common import card
from metrics import outlines
from metrics.outlines import HU, NEAR, SIZE


def probabilities(images, window=None, at=None):
    """As Outliner.probabilities, without TensorFlow; they agree to about 1e-5."""
    parts = [np.zeros([0] + list(images.shape[2:]), np.float32)]
    size = images.shape[-1]
    shrink, enlarge = outlines.resampling(SIZE, size), outlines.resampling(size, SIZE)
    low, high = card.PUBLISHED_WINDOW if window is None else window
    points = outlines.network_points(len(images), size, at)
    for index in range(len(images)):  # one at a time: its features stay in a processor's cache
        part = slice(index, index + 1)
        gray = np.asarray(images[part], np.float32).mean(axis=1)
        hu = _resampled(gray, shrink) * np.float32((high - low) / 255) + np.float32(low)
        x = _inputs(hu, points[part])
        mirrors = [x, x[:, ::-1], x[:, :, ::-1], x[:, ::-1, ::-1]]
        a, b, c, d = np.split(_logits(np.concatenate(mirrors)), 4)
        mean = (a + b[:, ::-1] + c[:, :, ::-1] + d[:, ::-1, ::-1]) / 4
        parts.append(_resampled(1 / (1 + np.exp(-mean)), enlarge))
    return np.concatenate(parts)


def _resampled(x, matrix):
    """Images [N, R, R] whose rows and columns are products with a matrix of outlines.resampling."""
    return matrix @ x @ matrix.T


def _inputs(hu, points):
    """HU [N, 64, 64] and points [N, 2] as the network sees them: [N, 64, 64, 2]."""
    scaled = (hu.clip(*HU) - np.float32(sum(HU) / 2)) * np.float32(2 / (HU[1] - HU[0]))
    away = np.arange(SIZE, dtype=np.float32) - points[..., None].astype(np.float32)  # [N, 2, 64]
    distance = np.sqrt(away[:, 0, :, None] ** 2 + away[:, 1, None] ** 2)
    return np.stack([scaled, np.exp(distance / np.float32(-NEAR))], axis=3)


@functools.lru_cache(maxsize=1)
def _weights():
    return outlines.read()


def _logits(x):
    """outline_network.outline_unet on features [N, H, W, C]: [N, H, W]."""
    maps, values = _weights()
    depth = len(maps.split(','))

    def layers(x, name):
        layer = 0
        while f'{name}/Conv{layer}/weight' in values:
            x = _convolution(x, values, f'{name}/Conv{layer}')
            x = np.maximum(x, np.float32(0.2) * x)
            layer += 1
        return x

    skips = []
    for level in range(depth):
        if level:
            n, h, w, c = x.shape
            x = x.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))
        x = layers(x, f'Down{level}')
        skips.append(x)
    for level in reversed(range(depth - 1)):
        x = _convolution(x, values, f'Up{level}/Narrow').repeat(2, axis=1).repeat(2, axis=2)
        x = layers(np.concatenate([x, skips[level]], axis=3), f'Up{level}')
    return _convolution(x, values, 'Out')[..., 0]


def _convolution(x, values, name):
    """Features [N, H, W, C] after a convolution of 1x1 or 3x3 pixels, with zeros round them, and its bias."""
    weight = values[name + '/weight']
    if len(weight) == 3:
        n, h, w, c = x.shape
        padded = np.zeros([n, h + 2, w + 2, c], np.float32)
        padded[:, 1:-1, 1:-1] = x
        shifts = [padded[:, i : i + h, j : j + w] for i in range(3) for j in range(3)]
        x = np.concatenate(shifts, axis=3)
    flat = x.reshape(-1, x.shape[3]) @ weight.reshape(-1, weight.shape[3])
    return flat.reshape(x.shape[:3] + (-1,)) + values[name + '/bias']
