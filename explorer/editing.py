"""Latents whose nodule is larger or denser by so much, while locked attributes stay as they are.

An attribute is far from linear in the latent, so one direction for all nodules reaches little. The search begins along
the gradients of this nodule's attributes, and is corrected by what is measured on the way (steps of Levenberg and
Marquardt, tried at several lengths and dampings).
"""

import numpy as np

from common.images import to_uint8
from explorer import axes as latent_axes
from explorer import measure

ROUNDS = 20  # steps at most; a slider that is dragged takes one
REACH = 0.15, 0.3, 0.5, 0.75, 1  # of the way to the end of a scale: where its reach is searched for, in turn
REACH_ROUNDS = 2  # steps to each of them
SHARES = np.array([0.2, 0.6, 0.9, 1.2])  # of a step that are tried, in one minibatch
DAMPINGS = np.array([0.3, 0.3, 0.1, 0.03])  # of these steps, in largest singular values of the gradients
LONGEST = 0.6  # radians of one step
SHORTEST = 0.2  # share of a step below which none is tried
HOP = 0.15  # radians to where the search goes on then
ENOUGH, ROUGHLY = 0.3, 1.0  # tolerances away from what is asked at which a search, and that of a drag, ends
SLACK = 3  # tolerances by which no step moves what is held
HELD_WEIGHT = 0.4  # weight of what is held, compared with what is asked
CACHED = 16  # nodules from which edits began


def edited(model, latent, label, axes, moves, locks):
    """The latent [L] near `latent` at which attributes differ from those there by `moves`, {name: change}.

    Attributes named in locks and not in moves stay within SLACK. moves of sefa1 and so on are degrees along that
    direction. axes: axes.Axes. Where a change cannot be reached it is the nearest that was found. ValueError for
    unknown axes, and for an attribute that cannot be measured.
    """
    return _edited(model, latent, label, axes, moves, locks, None, ROUNDS).latent


def dragged(model, latent, label, axes, moves, locks, last=None):
    """The Nodule about where `edited` would find one, sooner and less near: for a slider that is being dragged.

    last: the Nodule that this returned for other moves of this latent with these locks; the search begins there.
    """
    return _edited(model, latent, label, axes, moves, locks, last, 1, ROUGHLY)


def farthest(model, latent, label, axes, name, change, locks, yield_):
    """The value of an attribute about as near to a change of it as `edited` gets. yield_: called now and then."""
    nodule = None
    for share in REACH:
        moves = {name: share * change}
        nodule = _edited(model, latent, label, axes, moves, locks, nodule, REACH_ROUNDS, yield_=yield_)
    return nodule.values[name]


def _edited(model, latent, label, axes, moves, locks, last, rounds, enough=ENOUGH, yield_=lambda: None):
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
        return _cached(model, start, label)
    nodule = _cached(model, latent, label)
    for attribute in attributes:
        if attribute.name in moves and np.isnan(nodule.values[attribute.name]):
            raise ValueError('the %s of this nodule cannot be measured, nor changed' % attribute.title)
    attributes = [each for each in attributes if np.isfinite(nodule.values[each.name])]
    goal = _Goal(attributes, nodule.values, moves)
    if directions:
        nodule = _cached(model, start, label)
    return _search(model, nodule, nodule if directions else last or nodule, label, goal, rounds, enough, yield_)


def values(model, latent, label):
    """{attribute name: value} of a latent [L]; NaN where there is none."""
    return _cached(model, np.asarray(latent, np.float64), label).values


def _direction(model, name, count):
    """The index of the direction that sefa1, sefa2, ... names."""
    for i in range(count):
        if name == 'sefa%d' % (i + 1):
            return i
    names = ', '.join(attribute.name for attribute in model.attributes)
    raise ValueError('%s has no axis %.40s; its axes are %s' % (model.name, name, names))


class Nodule:
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
    """The Nodule of each of latents [N, L]."""
    pixels = to_uint8(model.images(latents, label))
    measured, masks = model.measure(pixels)
    values = [dict(zip(measured, row)) for row in zip(*measured.values())]
    return [Nodule(*row) for row in zip(latents, pixels[:, 0], masks, values)]


def _cached(model, latent, label):
    """The Nodule of a latent; while a slider is dragged the search begins at the same one again and again."""
    key = latent.tobytes(), label
    if key not in model.cache:
        if len(model.cache) >= CACHED:
            model.cache.clear()
        model.cache[key] = _nodules(model, latent[None], label)[0]
    return model.cache[key]


class _Goal:
    """Values of K attributes, of which some are asked for and the others held; differences are in tolerances.

    values: {name: value} at first; moves: {name: change}.
    """

    def __init__(self, attributes, values, moves):
        self.attributes = attributes
        self.asked = np.array([bool(moves.get(each.name)) for each in attributes], bool)
        self.weights = np.where(self.asked, 1.0, HELD_WEIGHT)
        self._names = [each.name for each in attributes]
        self._values = np.array([values[name] + moves.get(name, 0.0) for name in self._names])
        self._tolerances = np.array([each.tolerance for each in attributes])

    def missing(self, nodule):
        """Differences [K] of a Nodule from the goal."""
        return (self._values - [nodule.values[name] for name in self._names]) / self._tolerances

    def slip(self, nodule):
        """The largest difference of what is held."""
        return np.abs(self.missing(nodule))[~self.asked].max(initial=0)

    def reached(self, nodule, enough):
        """Whether a Nodule is near enough; where something is asked, what is held may slip a little."""
        if not self.asked.any():
            return self.slip(nodule) < 1
        return np.linalg.norm(self.missing(nodule)[self.asked]) < enough and self.slip(nodule) < SLACK


def _allowed(start, nodule):
    """Whether a Nodule is still there, and as clear of the chest wall and the wall as much in view as at the start."""
    walls = [each.values.get('wall_mm', each.values.get('wall_px', np.nan)) for each in (start, nodule)]
    same_view = np.isnan(walls[0]) == np.isnan(walls[1])
    return nodule.mask.any() and same_view and not (walls[1] == 0 and walls[0] > 0)


def _search(model, start, last, label, goal, rounds, enough, yield_):
    """The Nodule near `start` at which a _Goal is about reached, by steps that are all _allowed, from there or `last`.

    Where no step leads nearer, the search goes on from the best of a few latents that lie round the best so far.
    """
    slack = max(SLACK, goal.slip(start))

    def distance(nodule):
        if not _allowed(start, nodule) or not goal.slip(nodule) <= slack:
            return np.inf
        return np.linalg.norm(goal.weights * goal.missing(nodule))

    def nearest(origin, steps):
        latents = np.stack([latent_axes.great_circle(origin.latent, step) for step in steps])
        return min(_nodules(model, latents, label), key=distance)

    random = np.random.RandomState(0)
    nodule = best = min(start, last, key=distance)
    before, length = None, 1.0
    for _ in range(rounds):
        if goal.reached(nodule, enough):
            return nodule
        left = goal.weights * goal.missing(nodule)
        gradient = goal.weights[:, None] * nodule.gradient(model, label, goal.attributes)
        if not (np.isfinite(gradient).all() and np.isfinite(left).all()):  # LAPACK would complain, or never end
            break
        if before is not None:  # Broyden's update: what the last step did corrects what the gradient leaves out
            way = latent_axes.unit(nodule.latent) - latent_axes.unit(before.latent)
            way = latent_axes.tangents(way, nodule.latent)
            error = goal.weights * goal.missing(before) - left - gradient.dot(way)
            gradient = gradient + np.outer(error, way) / way.dot(way)
        if length < SHORTEST:
            around = latent_axes.tangents(random.randn(len(SHARES), len(best.latent)), best.latent)
            tried = nearest(best, HOP * latent_axes.unit(around))
            if np.isfinite(distance(tried)):
                nodule, before, length = tried, None, 1.0
        else:
            tried = nearest(nodule, length * SHARES[:, None] * _steps(gradient, left))
            if distance(tried) < np.linalg.norm(left):
                nodule, before, length = tried, nodule, min(2 * length, 1.0)
            else:
                before, length = None, length / 3
        best = min(best, nodule, key=distance)
        yield_()
    return nodule if goal.reached(nodule, enough) else best


def _steps(gradient, left):
    """Steps [S, L] by which gradient [K, L] leads to differences [K], for each of the DAMPINGS; at most LONGEST."""
    left_vectors, values, vectors = np.linalg.svd(gradient, full_matrices=False)
    filters = values / (np.square(values) + np.square(DAMPINGS[:, None] * values[0]) + 1e-30)
    steps = (filters * left_vectors.T.dot(left)).dot(vectors)
    return steps * np.minimum(1, LONGEST / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-9))
