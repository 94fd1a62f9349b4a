"""Latents whose nodule is larger or denser by so much, while what is locked stays as it is.

What is measured of a nodule is far from linear in the latent, so one direction for all nodules reaches little: the way
begins along the gradient of this nodule's attributes, at right angles to those of the locked ones as far as they go,
and is corrected by what is measured on it (Gauss-Newton steps with a search along each great circle).
"""

import numpy as np

from common.images import to_uint8
from explorer import axes
from explorer.image_gradients import gradients

ROUNDS, FEW = 8, 2  # Gauss-Newton steps; while a hand still moves the slider
SHARES = np.array([0.3, 0.7, 1.2])  # of the step that are tried, in one minibatch
LONGEST = 0.6  # radians of one step
ENOUGH = 0.3  # tolerances away from what was asked for
REMEMBERED = 16  # nodules from which sliders began


def moved(model, latent, label, known, moves, locks, rounds=ROUNDS):
    """The latent [L] near `latent` at which attributes differ from those there by `moves`, {name: change}.

    Attributes named in locks stay. moves of sefa1 and so on are degrees along that direction. known: axes.Axes. Where
    a change cannot be reached it is the nearest that was found.
    """
    names = [one.name for one in model.attributes]
    others = set(moves) - set(names)
    tangent = np.zeros(len(latent))
    for name in sorted(others):
        number = name[4:]
        if not (name.startswith('sefa') and number.isdigit() and 1 <= int(number) <= len(known.sefa)):
            raise ValueError('%s has no axis %.40s; its axes are %s' % (model.name, name, ', '.join(names)))
        tangent += axes.STEP * moves[name] * known.sefa[int(number) - 1]
    unknown = set(locks) - set(names)
    if unknown:
        raise ValueError('%s has no axis %.40s to lock' % (model.name, min(unknown)))
    latent = np.asarray(latent, np.float64)
    start = axes.great_circle(latent, axes.tangents(tangent, latent))
    wanted = [one for one in model.attributes if moves.get(one.name) or one.name in locks]
    if not wanted:
        return start
    point = _known(model, latent, label)
    here = point.values
    for one in wanted:
        if np.isnan(here[one.name]) and one.name in moves:
            raise ValueError('the %s of this nodule cannot be measured, nor changed' % one.title)
    wanted = [one for one in wanted if np.isfinite(here[one.name])]
    goal = {one.name: here[one.name] + moves.get(one.name, 0.0) for one in wanted}
    return _search(model, _known(model, start, label) if others else point, label, wanted, goal, rounds)


class _Point:
    """A latent [L], its pixels [R, R], its nodule's mask, what is measured, and the gradients that are known."""

    def __init__(self, latent, pixels, mask, values):
        self.latent, self.pixels, self.mask, self.values, self.gradients = latent, pixels, mask, values, {}

    def gradient(self, model, label, attributes):
        """[K, L]: the change of attributes, in tolerances, with the unit latent, on the sphere."""
        names = tuple(one.name for one in attributes)
        if names not in self.gradients:  # together, as one computed beside others is rounded otherwise
            found = 127.5 * gradients(self.pixels, self.mask, names, model.window, model.mm)
            found = model.pull(self.latent, label, found) * np.linalg.norm(self.latent)
            with np.errstate(invalid='ignore'):  # who uses it looks whether it is finite
                self.gradients[names] = axes.tangents(found, self.latent)
        return self.gradients[names] / np.array([[one.tolerance] for one in attributes])


def _points(model, latents, label):
    """The _Point of each of latents [N, L]."""
    pixels = to_uint8(model.images(latents, label))
    measured, masks = model.measure(pixels)
    values = [dict(zip(measured, row)) for row in zip(*measured.values())]
    return [_Point(*row) for row in zip(latents, pixels[:, 0], masks, values)]


def _known(model, latent, label):
    """The _Point of a latent, remembered: while a slider is dragged the way begins at the same one again and again."""
    key = latent.tobytes(), label
    if key not in model.begun:
        if len(model.begun) >= REMEMBERED:
            model.begun.clear()
        model.begun[key] = _points(model, latent[None], label)[0]
    return model.begun[key]


def _search(model, point, label, attributes, goal, rounds):
    """The latent [L] near a _Point at which attributes are about what `goal`, {name: value}, says."""

    def missing(one):
        return np.array([(goal[row.name] - one.values[row.name]) / row.tolerance for row in attributes])

    shares, left, before = SHARES, missing(point), None
    for _ in range(rounds):
        if not np.linalg.norm(left) >= ENOUGH:  # there, or nothing can be measured here
            break
        gradient = point.gradient(model, label, attributes)
        if before is not None:  # what the step before did corrects what the gradient leaves out
            way = axes.tangents(axes.unit(point.latent) - axes.unit(before.latent), point.latent)
            gradient = gradient + np.outer(missing(before) - left - gradient.dot(way), way) / way.dot(way)
        if not (np.isfinite(gradient).all() and np.isfinite(left).all()):  # LAPACK would complain, or never end
            break
        step = np.linalg.lstsq(gradient, left, rcond=1e-2)[0]
        step = step * min(1, LONGEST / max(np.linalg.norm(step), 1e-9))
        latents = np.stack([axes.great_circle(point.latent, share * step) for share in shares])
        tried = _points(model, latents, label)
        away = [np.linalg.norm(missing(one)) for one in tried]
        away = np.where(np.isfinite(away), away, np.inf)
        best = int(np.argmin(away))
        if away[best] < np.linalg.norm(left):
            point, left, before = tried[best], missing(tried[best]), point
        else:
            shares = shares / 3
    return point.latent
