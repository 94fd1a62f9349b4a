"""Latents whose nodule is larger or denser by so much, while locked attributes stay as they are.

An attribute is far from linear in the latent, so one direction for all nodules reaches little. The search begins along
the gradients of this nodule's attributes, and is corrected by what is measured on the way (Gauss-Newton steps with a
search along each great circle).
"""

import numpy as np

from common.images import to_uint8
from explorer import axes as latent_axes
from explorer import measure

ROUNDS, ROUGH_ROUNDS = 8, 2  # Gauss-Newton steps; those while a slider is still being dragged
SHARES = np.array([0.3, 0.7, 1.2])  # of the step that are tried, in one minibatch
LONGEST = 0.6  # radians of one step
ENOUGH = 0.3  # tolerances away from the goal at which the search ends
CACHED = 16  # nodules from which edits began


def edited(model, latent, label, axes, moves, locks, rounds=ROUNDS):
    """The latent [L] near `latent` at which attributes differ from those there by `moves`, {name: change}.

    Attributes named in locks stay. moves of sefa1 and so on are degrees along that direction. axes: axes.Axes. Where
    a change cannot be reached it is the nearest that was found. ValueError for unknown axes, and for an attribute that
    cannot be measured.
    """
    names = [attribute.name for attribute in model.attributes]
    directions = sorted(set(moves) - set(names))
    tangent = np.zeros(len(latent))
    for name in directions:
        tangent += latent_axes.STEP * moves[name] * axes.sefa[_direction(model, name, len(axes.sefa))]
    unknown = set(locks) - set(names)
    if unknown:
        raise ValueError('%s has no axis %.40s to lock' % (model.name, min(unknown)))
    latent = np.asarray(latent, np.float64)
    start = latent_axes.great_circle(latent, latent_axes.tangents(tangent, latent))
    attributes = [each for each in model.attributes if moves.get(each.name) or each.name in locks]
    if not attributes:
        return start
    nodule = _cached(model, latent, label)
    for attribute in attributes:
        if attribute.name in moves and np.isnan(nodule.values[attribute.name]):
            raise ValueError('the %s of this nodule cannot be measured, nor changed' % attribute.title)
    attributes = [each for each in attributes if np.isfinite(nodule.values[each.name])]
    goal = {each.name: nodule.values[each.name] + moves.get(each.name, 0.0) for each in attributes}
    if directions:
        nodule = _cached(model, start, label)
    return _search(model, nodule, label, attributes, goal, rounds)


def _direction(model, name, count):
    """The index of the direction that sefa1, sefa2, ... names."""
    for i in range(count):
        if name == 'sefa%d' % (i + 1):
            return i
    names = ', '.join(attribute.name for attribute in model.attributes)
    raise ValueError('%s has no axis %.40s; its axes are %s' % (model.name, name, names))


class _Nodule:
    """A latent [L], its pixels [R, R], the mask and attributes of its nodule, and the gradients computed so far."""

    def __init__(self, latent, pixels, mask, values):
        self.latent, self.pixels, self.mask, self.values = latent, pixels, mask, values
        self._gradients = {}

    def gradient(self, model, label, attributes):
        """[K, L]: the change of attributes, in tolerances, with the unit latent, on the sphere."""
        names = tuple(attribute.name for attribute in attributes)
        if names not in self._gradients:  # computed together: one beside others is rounded otherwise
            of_pixels = 127.5 * measure.gradients(self.pixels, self.mask, attributes, model.window, model.mm)
            of_latent = model.vjp(self.latent, label, of_pixels) * np.linalg.norm(self.latent)
            with np.errstate(invalid='ignore'):  # the search looks whether it is finite
                self._gradients[names] = latent_axes.tangents(of_latent, self.latent)
        return self._gradients[names] / np.array([[attribute.tolerance] for attribute in attributes])


def _nodules(model, latents, label):
    """The _Nodule of each of latents [N, L]."""
    pixels = to_uint8(model.images(latents, label))
    measured, masks = model.measure(pixels)
    values = [dict(zip(measured, row)) for row in zip(*measured.values())]
    return [_Nodule(*row) for row in zip(latents, pixels[:, 0], masks, values)]


def _cached(model, latent, label):
    """The _Nodule of a latent; while a slider is dragged the search begins at the same one again and again."""
    key = latent.tobytes(), label
    if key not in model.cache:
        if len(model.cache) >= CACHED:
            model.cache.clear()
        model.cache[key] = _nodules(model, latent[None], label)[0]
    return model.cache[key]


def _search(model, nodule, label, attributes, goal, rounds):
    """The latent [L] near a _Nodule at which attributes are about what `goal`, {name: value}, says."""
    tolerances = np.array([attribute.tolerance for attribute in attributes])
    target = np.array([goal[attribute.name] for attribute in attributes])

    def missing(nodule):
        return (target - [nodule.values[attribute.name] for attribute in attributes]) / tolerances

    shares, before = SHARES, None
    for _ in range(rounds):
        left = missing(nodule)
        if not np.linalg.norm(left) >= ENOUGH:  # reached, or nothing can be measured here
            break
        gradient = nodule.gradient(model, label, attributes)
        if before is not None:  # Broyden's update: what the last step did corrects what the gradient leaves out
            way = latent_axes.unit(nodule.latent) - latent_axes.unit(before.latent)
            way = latent_axes.tangents(way, nodule.latent)
            error = missing(before) - left - gradient.dot(way)
            gradient = gradient + np.outer(error, way) / way.dot(way)
        if not (np.isfinite(gradient).all() and np.isfinite(left).all()):  # LAPACK would complain, or never end
            break
        step = np.linalg.lstsq(gradient, left, rcond=1e-2)[0]
        step = step * min(1, LONGEST / max(np.linalg.norm(step), 1e-9))
        latents = np.stack([latent_axes.great_circle(nodule.latent, share * step) for share in shares])
        tried = _nodules(model, latents, label)
        distances = [np.linalg.norm(missing(each)) for each in tried]
        distances = np.where(np.isfinite(distances), distances, np.inf)
        best = int(np.argmin(distances))
        if distances[best] < np.linalg.norm(left):
            nodule, before = tried[best], nodule
        else:
            shares = shares / 3
    return nodule.latent
