"""Paths between latents, as functions and as a user walks them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from common import images
from places import visible
from sampling import Generator, interpolation


def test_an_arc_keeps_the_length_and_divides_the_angle_evenly(random):
    a, b = random.randn(2, 50)
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    points = interpolation.spherical(a, b, np.linspace(0, 1, 9))
    assert_array_equal(points[[0, -1]], [a, b])
    assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(a), rtol=1e-9)
    angles = np.arccos([p.dot(q) / a.dot(a) for p, q in zip(points, points[1:])])
    assert_allclose(angles, angles[0], rtol=1e-6)


def test_parallel_and_zero_latents_are_joined_by_a_line(random):
    a = random.randn(5)
    for b in (3 * a, a, 0 * a):
        assert_allclose(interpolation.spherical(a, b, [0, 0.25, 1]), [a, a + 0.25 * (b - a), b], atol=1e-9)
    assert_array_equal(interpolation.spherical(np.zeros(5), np.zeros(5), [0, 0.5, 1]), np.zeros([3, 5]))


@pytest.mark.parametrize('factor', [1, 3])
def test_opposite_latents_are_joined_by_a_half_circle_that_divides_the_angle_evenly(random, factor):
    a = random.randn(5)
    points = interpolation.spherical(a, -factor * a, np.linspace(0, 1, 5))
    assert_array_equal(points[[0, -1]], [a, -factor * a])
    lengths = np.linalg.norm(points, axis=1)
    assert_allclose(lengths, np.linalg.norm(a) * np.linspace(1, factor, 5))
    directions = points / lengths[:, None]
    assert_allclose((directions[1:] * directions[:-1]).sum(1), np.cos(np.pi / 4), rtol=1e-9)


def test_a_tour_holds_every_latent_once_and_may_lead_back(random):
    vectors = random.randn(3, 4).astype(np.float32)
    for between in (interpolation.linear, interpolation.spherical):
        forth, back = interpolation.tour(vectors, 5, between), interpolation.tour(vectors, 5, between, closed=True)
        assert forth.shape == (9, 4) and back.shape == (12, 4)
        assert_array_equal(forth[::4], vectors)
        assert_array_equal(back[:9], forth)
        assert_array_equal(back[9:], interpolation.path(vectors[[2, 0]], 5, between)[1:4])


def test_a_path_holds_both_ends_of_every_walk(random):
    vectors = random.randn(3, 4).astype(np.float32)
    for between in (interpolation.linear, interpolation.spherical):
        walk = interpolation.path(vectors, 5, between)
        assert walk.shape == (10, 4)
        assert_array_equal(walk[[0, 4, 5, 9]], vectors[[0, 1, 1, 2]])


def pixels_of(model, latents, labels):
    """Gray levels [N, 1, R, R] of latents, without the script."""
    with Generator(model, cpu=True) as generator:
        return np.rint(np.clip(generator.run(latents, labels) * 127.5 + 127.5, 0, 255))


@pytest.mark.parametrize('kind, between', [('slerp', interpolation.spherical), ('linear', interpolation.linear)])
def test_a_strip_shows_the_images_of_each_walk_in_a_row(succeeds, tmp_path, weights, random, kind, between):
    keys = random.randn(3, 16).astype(np.float32)
    np.save(str(tmp_path / 'keys.npy'), keys)
    walk = ['--latents', tmp_path / 'keys.npy', '--interpolate', kind] + '--label 1 --steps 4 --minibatch 3'.split()
    succeeds('2-inference.py', '--model', weights, '--outdir', tmp_path / 'out', *walk)
    assert visible(tmp_path / 'out') == ['interpolation.png']
    strip = images.read(str(tmp_path / 'out' / 'interpolation.png'))
    rows = [between(a.astype(float), b.astype(float), [0, 1 / 3.0, 2 / 3.0, 1]) for a, b in zip(keys, keys[1:])]
    expected = pixels_of(weights, np.concatenate(rows), np.eye(2)[[1] * 8])
    assert strip.shape == (1, 32, 64)
    for i in range(8):
        x, y = 16 * (i % 4), 16 * (i // 4)
        assert np.abs(strip[:, y : y + 16, x : x + 16] - expected[i]).max() <= 1


def test_a_walk_begins_and_ends_with_the_single_images_and_its_classes_change_evenly(succeeds, tmp_path, weights):
    for arguments in ('', '--interpolate slerp --steps 3 --format frames'):
        arguments = ('--number 3 --seed 4 ' + arguments).split()
        succeeds('2-inference.py', '--model', weights, '--outdir', tmp_path, *arguments)
    single = ['inference_img_%d.png' % i for i in range(3)]
    frames = ['interpolation_img_%d.png' % i for i in range(5)]
    assert visible(tmp_path) == single + frames
    single, frames = [[images.read(str(tmp_path / name)).astype(int) for name in names] for names in (single, frames)]
    assert np.abs(np.array(frames[::2]) - single).max() <= 1
    keys = np.array([np.random.RandomState([4, i]).randn(16) for i in range(2)])
    middle = pixels_of(weights, interpolation.spherical(keys[0], keys[1], [0.5]), np.array([[0.5, 0.5]]))
    assert np.abs(frames[1] - middle[0]).max() <= 1


def test_without_other_flags_a_walk_is_a_strip_of_four_rows_of_eight(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--interpolate', 'slerp', '--outdir', tmp_path)[0] == 0
    assert images.read(str(tmp_path / 'interpolation.png')).shape == (1, 4 * 16, 8 * 16)


def test_an_animation_is_a_loop_with_a_frame_for_each_image(succeeds, tmp_path, weights):
    walk = '--number 3 --interpolate linear --steps 4 --format gif'.split()
    succeeds('2-inference.py', '--model', weights, '--outdir', tmp_path, *walk)
    with Image.open(str(tmp_path / 'interpolation.gif')) as picture:
        assert picture.info['loop'] == 0
        frames = 0
        while True:
            frames += picture.info['duration'] // 60  # equal frames are written as one that lasts longer
            try:
                picture.seek(picture.tell() + 1)
            except EOFError:
                break
    assert frames == 9


@pytest.mark.parametrize('n, steps', [(1, 8), (0, 8), (3, 1)])
def test_a_walk_of_too_few_latents_or_steps_is_refused(n, steps):
    with pytest.raises(ValueError, match='there are %d latents and %d steps' % (n, steps)):
        interpolation.tour(np.zeros([n, 4]), steps, interpolation.linear)
