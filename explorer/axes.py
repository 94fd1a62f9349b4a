"""Axes of a generator's latents: directions along which an attribute of its nodules changes.

All is said of unit latents, as a generator normalises its latents: on the sphere one moves along great circles.
"""

import collections
import hashlib
import os

import numpy as np

try:
    from sklearn.linear_model import RidgeCV
except ImportError:
    raise ImportError('axes are learned with scikit-learn: pip install scikit-learn') from None

from common import arrays, files, log
from metrics import outlines

USABLE = 0.2  # R2 of requested and measured changes from which a slider does what it says
SEFA = 6  # directions of the first layer
STEP = np.pi / 180  # of an axis: a degree of the great circle
PENALTIES = np.logspace(-6, 3, 19)  # of the ridge regression, of which cross-validation chooses
RULE = 3  # changes with what is learned and how, so that axes of another rule are learned anew

# FILE FORMAT of NAME.axes.npz. Of K attributes and latents of L numbers. weights: [K, L], of the regression; r2: [K],
# held out; follows: [K], R2 of requested and measured changes, NaN while not known; effects: [K, K], how much each
# attribute (column) changes with a step along the axis of another (row); limits: [K, 2], of sliders' scales; sefa:
# [SEFA, L], closed-form directions; centre: [L], the latent of the image nearest the mean image.
Axes = collections.namedtuple('Axes', 'weights r2 follows effects limits sefa centre')


def unit(latents):
    """Latents [..., L] of length 1."""
    return latents / np.linalg.norm(latents, axis=-1, keepdims=True)


def regression(latents, values):
    """Weights [L] and held-out R2 of the ridge regression of values [N], some NaN, on unit latents [N, L].

    The last fifth is held out; the weights are those of all.
    """
    finite = np.isfinite(values)
    points = unit(np.asarray(latents, np.float64)[finite])
    values = np.asarray(values, np.float64)[finite]
    held_out = len(values) // 5
    if held_out < 20 or np.ptp(values) == 0:  # such as no wall in any image
        return np.zeros(latents.shape[1]), 0.0
    learned = RidgeCV(PENALTIES).fit(points[:-held_out], values[:-held_out])
    r2 = learned.score(points[-held_out:], values[-held_out:])
    return RidgeCV(PENALTIES).fit(points, values).coef_, float(r2)


def great_circle(latent, tangent):
    """The latent [L] moved along a great circle by the length of a tangent [L], in radians; it keeps its length."""
    length, angle = np.linalg.norm(latent), np.linalg.norm(tangent)
    if not angle:
        return latent
    return np.cos(angle) * latent + np.sin(angle) * length * (tangent / angle)


def tangents(vectors, latent):
    """The part of vectors [..., L] that is at right angles to a latent [L]."""
    normal = unit(latent)
    return vectors - vectors.dot(normal)[..., None] * normal


def cross_effects(weights):
    """[K, K]: the change of attributes, in columns, with a step along each axis, in rows."""
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return STEP * weights.dot(weights.T) / np.where(lengths > 0, lengths, 1)


def sefa(generator):
    """Directions [SEFA, L] that change the first layer most (Shen and Zhou 2021): eigenvectors of its weights."""
    (name,) = [name for name in generator.network.vars if name.endswith('Dense/weight')]
    with generator.as_default():
        weights = generator.network.values()[name][: generator.latent_size].astype(np.float64)
    _, vectors = np.linalg.eigh(weights.dot(weights.T))
    vectors = vectors.T[::-1][:SEFA]
    signs = np.sign(vectors[np.arange(len(vectors)), np.abs(vectors).argmax(axis=1)])
    return vectors * signs[:, None]


def sliders(axes, attributes):
    """What the page needs to know of each slider, a list of dicts."""
    rows = []
    for i, attribute in enumerate(attributes):
        low, high = [round(float(end), 4) for end in axes.limits[i]]
        follows = round(float(axes.follows[i]), 3)
        row = dict(name=attribute.name, title=attribute.title, unit=attribute.unit, step=attribute.step)
        row.update(tolerance=attribute.tolerance)
        row.update(linear_r2=round(float(axes.r2[i]), 3), r2=follows, usable=follows >= USABLE, low=low, high=high)
        rows.append(row)
    for i in range(1, len(axes.sefa) + 1):
        row = dict(name='sefa%d' % i, title='direction %d' % i, unit='\u00b0', step=1)
        row.update(linear_r2=None, r2=None, usable=True, low=-90, high=90)
        rows.append(row)
    return rows


def cache_path(path):
    """Where the axes of weights are kept."""
    return os.path.splitext(path)[0] + '.axes.npz'


def _digest(path, facts):
    digest = hashlib.sha256(repr((facts, RULE)).encode())
    for weights in (path, outlines.WEIGHTS):  # of the generator, and of what measures its nodules
        with open(weights, 'rb') as f:
            digest.update(f.read())
    return digest.digest()


def load(path, facts):
    """The Axes that were saved for weights, or None. facts: what else they depend on."""
    try:
        values = arrays.load_npz(cache_path(path))
        same = values.pop('of').tobytes() == _digest(path, facts)
        return Axes(**values) if same else None
    except (OSError, ValueError, TypeError, KeyError):
        return None  # what can be computed again is no reason to stop


def save(path, facts, axes):
    """Save Axes beside their weights; where nobody may write there they are computed at each start."""
    values = {name: np.asarray(value, np.float64) for name, value in axes._asdict().items()}
    try:
        with files.atomic(cache_path(path)) as f:
            np.savez(f, of=np.frombuffer(_digest(path, facts), np.uint8), **values)
    except OSError as error:
        log.warning('the axes of %s are not kept for the next time (%s)' % (path, log.reason(error)))
