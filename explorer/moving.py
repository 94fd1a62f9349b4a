"""Latents whose nodule is larger or denser by so much, while what is locked stays as it is.

What is measured of a nodule is far from linear in the latent, so one direction for all nodules reaches little: the way
begins along the gradient of this nodule's attributes, at right angles to those of the locked ones as far as they go,
and is corrected by what is measured on it (Gauss-Newton steps with a search along each great circle).
"""

import numpy as np

from common.images import to_uint8
from explorer import axes
from explorer.slopes import slopes

ROUNDS = 3
SHARES = np.array([0.15, 0.35, 0.7, 1.0, 1.4])  # of the step that are tried, in one minibatch
LONGEST = 0.6  # radians of one step
ENOUGH = 0.3  # tolerances away from what was asked for


def moved(model, latent, label, known, moves, locks):
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
    search = _Search(model, label, wanted)
    here = search.at(latent[None])[0]
    for one, value in zip(wanted, here.values):
        if np.isnan(value) and one.name in moves:
            raise ValueError('the %s of this nodule cannot be measured, nor changed' % one.title)
    search.choose(np.isfinite(here.values))
    goal = here.values[search.chosen] + [moves.get(one.name, 0.0) for one in search.attributes]
    return search.near(start if others else latent, goal)


class _Point:
    """A latent, its pixels, its nodule's mask, and what is measured: values [K]."""

    def __init__(self, latent, pixels, mask, values):
        self.latent, self.pixels, self.mask, self.values = latent, pixels, mask, values


class _Search:
    """The search for a latent whose attributes are what one wants."""

    def __init__(self, model, label, attributes):
        self.model, self.label, self.attributes = model, label, attributes
        self.chosen = slice(None)

    def choose(self, which):
        """Look at these of the attributes alone, bool [K]."""
        self.chosen = which
        self.attributes = [one for one, wanted in zip(self.attributes, which) if wanted]

    def at(self, latents):
        """The _Point of each of latents [N, L]."""
        pixels = to_uint8(self.model.images(latents, self.label))
        measured, masks = self.model.measure(pixels)
        values = np.stack([measured[one.name] for one in self.attributes], axis=1)
        return [_Point(*row) for row in zip(latents, pixels[:, 0], masks, values)]

    def gradient(self, point):
        """[K, L]: the change of attributes, in tolerances, with the unit latent, on the sphere."""
        names = [one.name for one in self.attributes]
        found = slopes(point.pixels, point.mask, names, self.model.window, self.model.mm)
        found = self.model.pull(point.latent, self.label, 127.5 * found) * np.linalg.norm(point.latent)
        return axes.tangents(found / self._tolerances()[:, None], point.latent)

    def _tolerances(self):
        return np.array([one.tolerance for one in self.attributes])

    def near(self, latent, goal):
        """The latent at which the attributes are about `goal`, [K]."""
        (point,), shares = self.at(latent[None]), SHARES
        missing = (goal - point.values) / self._tolerances()
        if not np.isfinite(missing).all():
            return latent
        gradient = self.gradient(point)
        for _ in range(ROUNDS):
            if np.linalg.norm(missing) < ENOUGH:
                break
            step = np.linalg.lstsq(gradient, missing, rcond=1e-2)[0]
            step = step * min(1, LONGEST / max(np.linalg.norm(step), 1e-9))
            tried = self.at(np.stack([axes.great_circle(point.latent, share * step) for share in shares]))
            left = (goal - np.stack([one.values for one in tried])) / self._tolerances()
            away = np.where(np.isfinite(left).all(axis=1), np.linalg.norm(left, axis=1), np.inf)
            best = int(away.argmin())
            if away[best] < np.linalg.norm(missing):
                point, missing = tried[best], left[best]
                gradient = self.gradient(point)
            else:
                shares = shares / 3
        return point.latent
