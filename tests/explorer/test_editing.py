"""Sliders of a generator whose images are known: discs of a diameter and a brightness that its latents say."""

import numpy as np
import pytest

from explorer import axes, editing, measure
from metrics import nodules
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


def test_a_rough_edit_computes_fewer_images_and_the_final_one_comes_nearer():
    latents = [generator.random_latent(i, 6) for i in range(20)]
    away, images = [], []
    for rounds in (editing.ROUGH_ROUNDS, editing.ROUNDS):
        model, asked = Planted(), []
        make = model.images
        model.images = lambda *given, make=make, asked=asked: asked.append(given) or make(*given)
        after = [editing.edited(model, z, 0, AXES, {'diameter_mm': 2.0}, ['mean_hu'], rounds) for z in latents]
        away.append(np.mean([abs(values(model, m) - values(model, z) - [2, 0])[0] for m, z in zip(after, latents)]))
        images.append(len(asked))
    assert away[0] > 1.2 * away[1] and images[0] < images[1], (away, images)


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
    assert result[1].sum() == pytest.approx(3000 / 255.0)  # all pixels a gray level brighter
    assert abs((result[2] * larger).sum()) < 1e-3  # in the middle they stay
    assert not measure.gradients(image, np.zeros_like(mask), attributes, WINDOW, MM).any()


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_a_gradient_that_is_not_finite_ends_the_search_and_does_not_reach_lapack(capfd, value):
    planted = Planted()
    planted.vjp = lambda latent, label, gradients: np.full([len(gradients), 6], value)
    latent = np.random.RandomState(1).randn(6)
    result = editing.edited(planted, latent, 0, AXES, {'diameter_mm': 2.0}, [])
    assert np.isfinite(result).all() and capfd.readouterr().err == ''
