"""Axes of latents: what is learned is what was planted, and moves stay on the sphere."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose

from explorer import axes
from sampling import Generator


def test_a_planted_linear_generator_is_recovered(random):
    latents, planted = random.randn(500, 12), random.randn(12)
    values = 3 + axes.unit(latents).dot(planted)
    values[::7] = np.nan
    weights, r2 = axes.regression(latents, values)
    assert_allclose(weights, planted, atol=1e-4)
    assert r2 == pytest.approx(1, abs=1e-6)


def test_r2_is_that_of_images_that_were_held_out(random):
    latents = random.randn(400, 30)
    assert axes.regression(latents, random.randn(400))[1] < axes.USABLE
    assert axes.regression(latents, np.full(400, 7.0))[1] == 0
    assert axes.regression(latents, np.full(400, np.nan))[1] == 0


def test_a_great_circle_keeps_the_length_and_goes_by_the_angle(random):
    latent = random.randn(20)
    tangent = axes.tangents(random.randn(20), latent)
    assert abs(tangent.dot(latent)) < 1e-9
    tangent *= 0.3 / np.linalg.norm(tangent)
    moved = axes.great_circle(latent, tangent)
    assert np.linalg.norm(moved) == pytest.approx(np.linalg.norm(latent))
    assert np.arccos(axes.unit(moved).dot(axes.unit(latent))) == pytest.approx(0.3)
    assert_allclose(axes.great_circle(latent, 0 * tangent), latent)


def test_cross_effects_are_changes_with_a_degree_along_each_axis(random):
    weights, at = random.randn(3, 20), random.randn(20)
    effects = axes.cross_effects(weights)
    for k in range(3):
        step = axes.STEP * weights[k] / np.linalg.norm(weights[k])
        assert_allclose(effects[k], weights.dot(at + step) - weights.dot(at))


@pytest.mark.slow
def test_sefa_directions_are_the_singular_vectors_of_the_first_layer(made):
    generator = Generator(made.one, cpu=True)
    with generator.as_default():
        weights = generator.network.values()['4x4/Dense/weight']
    left = np.linalg.svd(weights.astype(float))[0].T[: axes.SEFA]
    assert_allclose(np.abs((axes.sefa(generator) * left).sum(axis=1)), 1, atol=1e-6)


@pytest.fixture
def saved(tmp_path, random):
    path = str(tmp_path / 'G.pkl')
    with open(path, 'wb') as f:
        f.write(b'weights')
    return path, axes.Axes(*(random.randn(3, 4) for _ in axes.Axes._fields))


def test_axes_are_saved_beside_their_weights(saved):
    path, learned = saved
    assert axes.load(path, 1) is None
    axes.save(path, 1, learned)
    again = axes.load(path, 1)
    for name in axes.Axes._fields:
        assert_allclose(getattr(again, name), getattr(learned, name), rtol=0)
    assert axes.load(path, 2) is None
    with open(path, 'ab') as f:
        f.write(b'.')
    assert axes.load(path, 1) is None


@pytest.mark.parametrize('content', [b'', b'PK\x03\x04', b'\x80\x03cos\nsystem\n.'])
def test_axes_that_are_damaged_are_computed_anew(saved, content):
    path, learned = saved
    axes.save(path, 1, learned)
    with open(axes.cache_path(path), 'wb') as f:
        f.write(content)
    assert axes.load(path, 1) is None


def test_a_warning_says_that_axes_cannot_be_saved(saved, capsys):
    path, learned = saved
    os.mkdir(os.path.join(os.path.dirname(path), '.written.jsonl'))  # as in a folder that is read-only, also for root
    axes.save(path, 1, learned)
    assert 'not kept' in capsys.readouterr().err and not os.path.exists(axes.cache_path(path))
