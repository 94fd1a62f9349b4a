"""Sliders of a generator whose images are known: discs of a diameter and a brightness that its latents say."""

import numpy as np
import pytest

from explorer import axes, editing, measure, models
from metrics import nodules
from places import ONCE
from sampling import generator

SIZE, WINDOW, MM = 64, (-1900.0, 1100.0), 0.6
AXES = axes.Axes(None, None, None, None, None, np.eye(6)[:2], None)


def discs(latents):
    """Gray levels [N, SIZE, SIZE] that the first two numbers of unit latents change, and none in a linear way."""
    u = axes.unit(np.asarray(latents, np.float64))
    radius = 9 + 4 * np.tanh(2 * u[:, 0] + u[:, 1] ** 2)
    bright = 120 + 40 * np.tanh(u[:, 1] + 0.5 * u[:, 0])
    at = np.arange(SIZE) - (SIZE - 1) / 2.0
    edge = 1 / (1 + np.exp((np.hypot(at[:, None], at) - radius[:, None, None]) / 0.8))
    return 60 + (bright - 60)[:, None, None] * edge


class Planted:
    name, window, mm, latent_size = 'planted', WINDOW, MM, 6
    attributes = measure.attributes(WINDOW, MM)

    def __init__(self):
        self.cache = {}

    def images(self, latents, label=0):
        return (discs(latents) / 127.5 - 1)[:, None]

    def measure(self, pixels):
        return measure.measure(pixels, WINDOW, MM)

    def vjp(self, latent, label, gradients):
        """By differences."""
        steps = 1e-5 * np.eye(6)
        change = (self.images(latent + steps) - self.images(latent - steps))[:, 0] / 2e-5
        return gradients.reshape(len(gradients), -1).dot(change.reshape(6, -1).T)


def values(model, latent):
    result = model.measure(np.rint(discs(latent[None])[:, None]).astype(np.uint8))[0]
    return np.array([result['diameter_mm'][0], result['mean_hu'][0]])


@ONCE
@pytest.mark.parametrize('moves, lock', [({'diameter_mm': 2.0}, 'mean_hu'), ({'mean_hu': 100.0}, 'diameter_mm')])
def test_the_requested_change_is_measured_and_locked_attributes_stay(moves, lock):
    model, changes = Planted(), []
    for i in range(20):
        latent = generator.random_latent(i, 6)
        after = editing.edited(model, latent, 0, AXES, moves, [lock])
        assert np.linalg.norm(after) == pytest.approx(np.linalg.norm(latent))
        changes.append(values(model, after) - values(model, latent))
    wanted = [moves.get('diameter_mm', 0), moves.get('mean_hu', 0)]
    near = np.abs(np.array(changes) - wanted) < [0.5, 30]
    assert near.all(axis=1).mean() > 0.7, changes  # some are at the end of the range


@ONCE
def test_a_drag_computes_fewer_images_and_the_released_slider_comes_nearer():
    latents = [generator.random_latent(i, 6) for i in range(20)]
    away, images = [], []
    for edit in (lambda *given: editing.dragged(*given).latent, editing.edited):
        model, asked = Planted(), []
        make = model.images
        model.images = lambda *given, make=make, asked=asked: asked.append(given) or make(*given)
        after = [edit(model, z, 0, AXES, {'diameter_mm': 2.0}, ['mean_hu']) for z in latents]
        away.append(np.mean([abs(values(model, m) - values(model, z) - [2, 0])[0] for m, z in zip(after, latents)]))
        images.append(len(asked))
    assert away[0] > 1.2 * away[1] and images[0] < images[1], (away, images)


@ONCE
def test_a_drag_that_goes_on_from_the_last_one_comes_nearer():
    away = []
    for seed in range(20):
        model, latent, last = Planted(), generator.random_latent(seed, 6), None
        fresh = editing.dragged(model, latent, 0, AXES, {'diameter_mm': 4.0}, ['mean_hu'])
        for change in (1.0, 2.0, 3.0, 4.0):
            last = editing.dragged(model, latent, 0, AXES, {'diameter_mm': change}, ['mean_hu'], last)
        away.append([abs(each.values['diameter_mm'] - values(model, latent)[0] - 4) for each in (fresh, last)])
    fresh, last = np.mean(away, axis=0)
    assert last < 0.8 * fresh, (fresh, last)


def test_directions_turn_by_degrees_and_leave_locked_attributes():
    model, latent = Planted(), generator.random_latent(5, 6).astype(float)
    after = editing.edited(model, latent, 0, AXES, {'sefa1': 30.0}, [])
    straight = axes.tangents(AXES.sefa[0], latent)
    angle = np.deg2rad(30) * np.linalg.norm(straight)
    assert axes.unit(after).dot(axes.unit(latent)) == pytest.approx(np.cos(angle))
    kept = editing.edited(model, latent, 0, AXES, {'sefa1': 30.0}, ['diameter_mm'])
    free, locked = [abs(values(model, x) - values(model, latent))[0] for x in (after, kept)]
    assert locked < 0.3 < free


def test_the_same_state_gives_the_same_latent_whatever_came_before():
    fresh, used = Planted(), Planted()
    latent = generator.random_latent(1, 6)
    for change in (0.5, 1.0, 3.0):
        editing.edited(used, latent, 0, AXES, {'diameter_mm': change}, ['mean_hu'])
    one, other = [editing.edited(m, latent, 0, AXES, {'diameter_mm': 1.5}, []) for m in (fresh, used)]
    assert (one == other).all()


@pytest.mark.parametrize('moves, locks', [({'size': 1.0}, []), ({'sefa9': 1.0}, []), ({'mean_hu': 1.0}, ['sefa1'])])
def test_unknown_axes_are_refused(moves, locks):
    with pytest.raises(ValueError, match='has no axis'):
        editing.edited(Planted(), generator.random_latent(0, 6), 0, AXES, moves, locks)


def test_what_cannot_be_measured_cannot_be_changed_and_a_lock_on_it_has_no_effect():
    model, latent = Planted(), generator.random_latent(0, 6)
    with pytest.raises(ValueError, match='distance to the wall of this nodule cannot be measured'):
        editing.edited(model, latent, 0, AXES, {'wall_mm': 1.0}, [])
    after = editing.edited(model, latent, 0, AXES, {'diameter_mm': 1.0}, ['wall_mm'])
    assert values(model, after)[0] - values(model, latent)[0] == pytest.approx(1, abs=0.3)


def test_gradients_of_the_diameter_and_the_density_are_those_of_discs():
    image = discs(generator.random_latent(0, 6)[None])[0]
    mask = nodules.measure(image[None, None]).masks[0]
    attributes = measure.attributes(WINDOW, MM)[:3]  # diameter, mean density, place from left to right
    result = measure.gradients(image, mask, attributes, WINDOW, MM)
    larger = (discs(np.array([[0.01, 1, 0, 0, 0, 0]])) - discs(np.array([[-0.01, 1, 0, 0, 0, 0]])))[0]
    assert (result[0] * larger).sum() > 0
    brighter = 8 * (image - 60) / np.ptp(image)  # of the disc, not of what is round it
    expected, given = [
        measure.measure(each[None, None], WINDOW, MM)[0]['mean_hu'] for each in (image + brighter, image)
    ]
    assert (result[1] * brighter).sum() == pytest.approx(expected - given, rel=0.3)
    assert abs((result[2] * larger).sum()) < 0.25 * (result[0] * larger).sum()  # the place stays
    assert not measure.gradients(image, np.zeros_like(mask), attributes, WINDOW, MM).any()


@pytest.mark.parametrize('seed', [0, 3])
def test_the_reach_is_what_the_generator_can_draw(seed):
    """Radii lie between 9 + 4 tanh(-2) and 9 + 4 tanh(2) pixels, nearly, as the first number of unit latents does."""
    model, yielded = Planted(), []
    model._base = lambda state: generator.random_latent(seed, 6)
    model._require_axes = lambda: AXES._replace(limits=np.array([[1.0, 30.0]] * len(model.attributes)))
    model.axes = AXES
    state = models.State(0, seed, 0, None, {}, [], 1)
    low, high = models.Model.reach(model, state, 'diameter_mm', lambda: yielded.append(0))
    assert low == pytest.approx(2 * MM * (9 + 4 * np.tanh(-2)), abs=0.7)
    assert high == pytest.approx(2 * MM * (9 + 4 * np.tanh(2)), abs=0.7)
    assert len(yielded) > 4 and models.Model.reach(model, state, 'wall_mm') is None


class Walled(Planted):
    """A soft disc beside a wall of soft tissue at the left, which comes nearer as the disc grows.

    The first number of the latent is what grows, the second the wall alone.
    """

    def images(self, latents, label=0):
        u = axes.unit(np.asarray(latents, np.float64))
        at = np.arange(SIZE) - (SIZE - 1) / 2.0
        radius, edge = 9 + 5 * u[:, 0], -16 + 8 * u[:, 0] + 5 * u[:, 1]
        disc = 1 / (1 + np.exp((np.hypot(at[:, None], at) - radius[:, None, None]) / 0.8))
        wall = np.broadcast_to(1 / (1 + np.exp((at - edge[:, None, None]) / 0.8)), disc.shape)
        return (np.maximum(85 + 45 * disc, 85 + 90 * wall) / 127.5 - 1)[:, None]


BESIDE = np.array([-0.2, 0.1, 0.6, 0.5, 0.4, 0.3])


def walls(model, latents):
    """Diameters and distances to the wall, [N, 2], of latents."""
    pixels = np.rint((model.images(np.stack(latents)) + 1) * 127.5).astype(np.uint8)
    result = model.measure(pixels)[0]
    return np.stack([result['diameter_mm'], result['wall_mm']], axis=1)


def test_what_is_held_stays_within_its_slack_and_moves_where_it_is_free():
    model = Walled()
    held, free = [editing.edited(model, BESIDE, 0, AXES, {'diameter_mm': 2.0}, lock) for lock in (['wall_mm'], [])]
    before, still, moved = walls(model, [BESIDE, held, free])
    assert still[0] - before[0] == pytest.approx(2, abs=0.5) and moved[0] - before[0] == pytest.approx(2, abs=0.5)
    assert abs(still[1] - before[1]) <= 0.25 * editing.SLACK + 1e-6 < before[1] - moved[1]


def test_a_lock_on_what_is_moved_itself_does_not_hinder_it():
    model = Walled()
    both = [editing.edited(model, BESIDE, 0, AXES, {'wall_mm': 1.8}, lock) for lock in (['wall_mm'], [])]
    (_, wall), (_, there), _ = walls(model, [BESIDE] + both)
    assert there - wall == pytest.approx(1.8, abs=0.7) and (both[0] == both[1]).all()


def test_a_nodule_grows_towards_the_wall_and_never_into_it():
    model = Walled()
    (before, wall), (after, there) = walls(
        model, [BESIDE, editing.edited(model, BESIDE, 0, AXES, {'diameter_mm': 12.0}, [])]
    )
    assert wall > there > 0 and after > before + 1


@pytest.mark.parametrize(
    'start, step, found, allowed',
    [
        (2.0, 0.6, True, True), (2.0, 0.0, True, False), (0.0, 0.0, True, True), (2.0, 2.0, False, False),
        (2.0, np.nan, True, False), (np.nan, 2.0, True, False), (np.nan, np.nan, True, True),
    ],
)  # fmt: skip
def test_a_step_to_the_wall_or_without_nodule_or_with_another_view_of_the_wall_is_not_taken(
    start, step, found, allowed
):
    mask = np.ones([4, 4], bool)
    first = editing.Nodule(None, None, mask, dict(wall_mm=start))
    assert editing._allowed(first, editing.Nodule(None, None, mask & found, dict(wall_mm=step))) == allowed


def test_the_gradient_of_the_distance_to_the_wall_is_that_of_a_wall_and_an_outline_that_move():
    model = Walled()
    (attribute,) = [each for each in model.attributes if each.kind == 'wall']
    image, right, larger = [(model.images(np.array([u]))[0, 0] + 1) * 127.5 for u in (
        [0, 0, 1, 0, 0, 0], [0, 0.1, 1, 0, 0, 0], [0.1, -0.16, 1, 0, 0, 0])]  # fmt: skip
    mask = nodules.measure(np.rint(image)[None, None]).masks[0]
    (result,) = measure.gradients(image, mask, [attribute], WINDOW, MM)
    by_wall = (result * (right - image)).sum()
    by_outline = (result * (larger - image)).sum()
    assert by_wall == pytest.approx(-0.5 * MM, rel=0.3), by_wall  # pixels that the wall moves
    assert -0.9 * MM < by_outline < -0.1 * MM, by_outline  # pixels that the radius grows


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_ends_the_search_and_does_not_reach_lapack(capfd, value):
    planted = Planted()
    planted.vjp = lambda latent, label, gradients: np.full([len(gradients), 6], value)
    latent = np.random.RandomState(1).randn(6)
    result = editing.edited(planted, latent, 0, AXES, {'diameter_mm': 2.0}, [])
    assert np.isfinite(result).all() and capfd.readouterr().err == ''
