"""Axes of a generator's latents: directions along which what can be measured of its nodules changes.

All is said of unit latents, as a generator normalises its latents: on the sphere one moves along great circles.
"""

import collections
import hashlib
import os

import numpy as np

try:
    from sklearn.linear_model import RidgeCV
except ImportError:
    raise ImportError('axes are learnt with scikit-learn: pip install scikit-learn') from None

from common import arrays, files, log

USABLE = 0.2  # of R2; below, a slider does not do what it says
SEFA = 6  # directions of the first layer
STEP = np.pi / 180  # of an axis: a degree of the great circle
PENALTIES = np.logspace(-6, 3, 19)  # of the ridge regression, of which cross-validation chooses
RULE = 1  # changes with what is learnt and how, so that axes of another rule are learnt anew

# Of K attributes and latents of L numbers. weights: [K, L], of the regression; r2: [K], held out; follows: [K], R2 of
# the changes that were asked for and those that were measured, NaN while not known; effects: [K, K], how much each
# attribute (column) changes with a step along the axis of another (row); limits: [K, 2], of the sliders; sefa:
# [SEFA, L], closed-form directions; centre: [L], the latent of the image nearest the mean image.
Axes = collections.namedtuple('Axes', 'weights r2 follows effects limits sefa centre')


def unit(latents):
    """Latents [..., L] of length 1."""
    return latents / np.linalg.norm(latents, axis=-1, keepdims=True)


def regression(latents, values):
    """Weights [L] and held-out R2 of the ridge regression of values [N], some NaN, on unit latents [N, L].

    The last fifth is held out; the weights are of all.
    """
    there = np.isfinite(values)
    points, values = unit(np.asarray(latents, np.float64)[there]), np.asarray(values, np.float64)[there]
    held = len(values) // 5
    if held < 20 or np.ptp(values) == 0:  # such as no wall in any image
        return np.zeros(latents.shape[1]), 0.0
    r2 = RidgeCV(PENALTIES).fit(points[:-held], values[:-held]).score(points[-held:], values[-held:])
    return RidgeCV(PENALTIES).fit(points, values).coef_, float(r2)


def great_circle(latent, tangent):
    """The latent [L] moved along a great circle, by the length of a tangent [L], in radians; it keeps its length."""
    length, angle = np.linalg.norm(latent), np.linalg.norm(tangent)
    if not angle:
        return latent
    return np.cos(angle) * latent + np.sin(angle) * length * (tangent / angle)


def tangents(vectors, latent):
    """What of vectors [..., L] is at right angles to a latent [L]."""
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


def described(found, attributes):
    """What the page is told of Axes: a list of objects."""
    rows = []
    for i, one in enumerate(attributes):
        row = dict(name=one.name, title=one.title, unit=one.unit, step=one.step, linear_r2=round(float(found.r2[i]), 3))
        low, high = [round(float(end), 4) for end in found.limits[i]]
        follows = round(float(found.follows[i]), 3)
        rows.append(dict(row, r2=follows, usable=follows >= USABLE, low=low, high=high))
    for i in range(len(found.sefa)):
        row = dict(name='sefa%d' % (i + 1), title='direction %d' % (i + 1), unit='\u00b0', step=1, linear_r2=None)
        rows.append(dict(row, r2=None, usable=True, low=-90, high=90))
    return rows


def cache_path(path):
    """Where the axes of weights are kept."""
    return os.path.splitext(path)[0] + '.axes.npz'


def _digest(path, facts):
    with open(path, 'rb') as f:
        return hashlib.sha256(f.read() + repr((facts, RULE)).encode()).digest()


def recall(path, facts):
    """The Axes that were kept of weights, or None. facts: what else they depend on."""
    try:
        found = arrays.load_npz(cache_path(path))
        same = found.pop('of').tobytes() == _digest(path, facts)
        return Axes(**found) if same else None
    except (OSError, ValueError, TypeError, KeyError):
        return None  # what can be computed again is no reason to stop


def keep(path, facts, found):
    """Keep Axes beside their weights; where nobody may write there they are computed at each start."""
    values = {name: np.asarray(value, np.float64) for name, value in found._asdict().items()}
    try:
        with files.atomic(cache_path(path)) as f:
            np.savez(f, of=np.frombuffer(_digest(path, facts), np.uint8), **values)
    except OSError as error:
        log.warning('the axes of %s are not kept for the next time (%s)' % (path, log.reason(error)))
