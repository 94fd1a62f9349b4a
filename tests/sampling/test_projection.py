"""Paths between latents and the search for a latent, as functions and as a user runs them."""
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

import images
import latent
import networks
import tfutil
from tfutil import tf


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A pickle of random networks of 16x16 with two classes."""
    path = str(tmp_path_factory.mktemp('weights') / 'random.pkl')
    with tfutil.init_tf(cpu=True):
        tf.set_random_seed(1)
        tfutil.save(path, [tfutil.Network(name, build, resolution=16, label_size=2, fmap_base=128, fmap_max=16) for name, build in (
            ('G', networks.G_paper), ('D', networks.D_paper), ('Gs', networks.G_paper))])
    return path


def test_an_arc_keeps_the_length_and_divides_the_angle_evenly(random):
    a, b = random.randn(2, 50)
    b *= np.linalg.norm(a) / np.linalg.norm(b)
    points = latent.spherical(a, b, np.linspace(0, 1, 9))
    assert_array_equal(points[[0, -1]], [a, b])
    assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(a), rtol=1e-9)
    angles = np.arccos([p.dot(q) / a.dot(a) for p, q in zip(points, points[1:])])
    assert_allclose(angles, angles[0], rtol=1e-6)


def test_parallel_and_zero_latents_are_joined_by_a_line(random):
    a = random.randn(5)
    for b in (3 * a, a, 0 * a):
        assert_allclose(latent.spherical(a, b, [0, 0.25, 1]), [a, a + 0.25 * (b - a), b], atol=1e-9)
    assert_array_equal(latent.spherical(np.zeros(5), np.zeros(5), [0, 0.5, 1]), np.zeros([3, 5]))


@pytest.mark.parametrize('factor', [1, 3])
def test_opposite_latents_are_joined_by_a_half_circle_that_divides_the_angle_evenly(random, factor):
    a = random.randn(5)
    points = latent.spherical(a, -factor * a, np.linspace(0, 1, 5))
    assert_array_equal(points[[0, -1]], [a, -factor * a])
    lengths = np.linalg.norm(points, axis=1)
    assert_allclose(lengths, np.linalg.norm(a) * np.linspace(1, factor, 5))
    directions = points / lengths[:, None]
    assert_allclose((directions[1:] * directions[:-1]).sum(1), np.cos(np.pi / 4), rtol=1e-9)


def test_a_tour_holds_every_latent_once_and_may_lead_back(random):
    vectors = random.randn(3, 4).astype(np.float32)
    for between in (latent.linear, latent.spherical):
        forth, back = latent.tour(vectors, 5, between), latent.tour(vectors, 5, between, closed=True)
        assert forth.shape == (9, 4) and back.shape == (12, 4)
        assert_array_equal(forth[::4], vectors)
        assert_array_equal(back[:9], forth)
        assert_array_equal(back[9:], latent.path(vectors[[2, 0]], 5, between)[1:4])


def test_a_path_holds_both_ends_of_every_walk(random):
    vectors = random.randn(3, 4).astype(np.float32)
    for between in (latent.linear, latent.spherical):
        walk = latent.path(vectors, 5, between)
        assert walk.shape == (10, 4)
        assert_array_equal(walk[[0, 4, 5, 9]], vectors[[0, 1, 1, 2]])


def test_the_pyramid_loss_is_the_mean_over_box_averages(session, random):
    x, y = random.randn(2, 3, 1, 16, 16).astype(np.float32)
    levels, difference = [], x - y[:1]
    for size in (16, 8, 4):
        levels.append(np.square(difference).mean(axis=(1, 2, 3)))
        difference = difference.reshape(3, 1, size // 2, 2, size // 2, 2).mean(axis=(3, 5))
    assert_allclose(tfutil.run(latent.pyramid_loss(tf.constant(x), tf.constant(y[:1]))), np.mean(levels, axis=0), rtol=1e-5)


def test_the_descent_finds_the_minimum_of_a_bowl_and_of_a_curved_valley(random):
    """A quadratic, and Rosenbrock's function, least at (1, 1)."""
    scales, middle = np.logspace(0, 4, 12), random.randn(12)
    found, least = latent.descend(lambda x: (np.sum(scales * (x - middle) ** 2), 2 * scales * (x - middle)), np.zeros(12), 200)
    assert_allclose(found, middle, atol=1e-4)
    assert least < 1e-6

    def valley(x):
        return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2, np.array([2 * (x[0] - 1) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)])
    assert_allclose(latent.descend(valley, np.array([-1.2, 1.0]), 200)[0], [1, 1], atol=1e-5)


def test_the_descent_never_ends_higher_asks_no_more_often_than_it_may_and_stops_on_level_ground():
    asked = []
    for steps in (1, 2, 7):
        del asked[:]
        _, least = latent.descend(lambda x: (asked.append(x), (np.sum(np.abs(x)), np.sign(x)))[1], np.array([3., -2.]), steps)
        assert len(asked) <= steps and least <= 5
    assert latent.descend(lambda x: (1., np.zeros(2)), np.zeros(2), 100) == (pytest.approx(np.zeros(2)), 1.)


def sheet_of(model, latents, labels):
    """Gray levels [N, 1, R, R] of latents, without the script."""
    with tfutil.init_tf(cpu=True):
        Gs, = tfutil.load(model, networks.BUILDERS, 'Gs')
        return np.rint(np.clip(Gs.run(latents, labels) * 127.5 + 127.5, 0, 255))


@pytest.mark.parametrize('kind, between', [('slerp', latent.spherical), ('linear', latent.linear)])
def test_a_strip_shows_the_images_of_each_walk_in_a_row(script, tmp_path, weights, random, kind, between):
    keys = random.randn(3, 16).astype(np.float32)
    np.save(str(tmp_path / 'keys.npy'), keys)
    assert script('2-inference.py', '--model', weights, '--latents', tmp_path / 'keys.npy', '--label', 1, '--interpolate', kind, '--steps', 4,
                  '--minibatch', 3, '--outdir', tmp_path / 'out')[0] == 0
    assert os.listdir(str(tmp_path / 'out')) == ['interpolation.png']
    strip = images.read(str(tmp_path / 'out' / 'interpolation.png'))
    rows = [np.array([between(a.astype(float), b.astype(float), [t])[0] for t in (0, 1 / 3., 2 / 3., 1)]) for a, b in zip(keys, keys[1:])]
    expected = sheet_of(weights, np.concatenate(rows), np.eye(2)[[1] * 8])
    assert strip.shape == (1, 32, 64)
    for i in range(8):
        x, y = 16 * (i % 4), 16 * (i // 4)
        assert np.abs(strip[:, y:y + 16, x:x + 16] - expected[i]).max() <= 1


def test_a_walk_begins_and_ends_with_the_single_images_and_its_classes_change_evenly(script, tmp_path, weights):
    for arguments in ([], ['--interpolate', 'slerp', '--steps', 3, '--format', 'frames']):
        assert script('2-inference.py', '--model', weights, '--number', 3, '--seed', 4, '--outdir', tmp_path, *arguments)[0] == 0
    assert sorted(os.listdir(str(tmp_path))) == ['inference_img_%d.png' % i for i in range(3)] + ['interpolation_img_%d.png' % i for i in range(5)]
    single, frames = [[images.read(str(tmp_path / (name % i))).astype(int) for i in range(count)]
                      for name, count in (('inference_img_%d.png', 3), ('interpolation_img_%d.png', 5))]
    for i in range(3):
        assert np.abs(frames[2 * i] - single[i]).max() <= 1
    keys = np.array([np.random.RandomState([4, i]).randn(16) for i in range(2)])
    middle = sheet_of(weights, latent.spherical(keys[0], keys[1], [0.5]), np.array([[0.5, 0.5]]))
    assert np.abs(frames[1] - middle[0]).max() <= 1


def test_without_other_flags_a_walk_is_a_strip_of_four_rows_of_eight(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--interpolate', 'slerp', '--outdir', tmp_path)[0] == 0
    assert images.read(str(tmp_path / 'interpolation.png')).shape == (1, 4 * 16, 8 * 16)


def test_an_animation_is_a_loop_with_a_frame_for_each_image(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--number', '3', '--interpolate', 'linear', '--steps', '4', '--format', 'gif', '--outdir', tmp_path)[0] == 0
    with Image.open(str(tmp_path / 'interpolation.gif')) as picture:
        assert picture.info['loop'] == 0
        frames = 0
        while True:
            frames += picture.info['duration'] // 60            # equal frames are written as one that lasts longer
            try:
                picture.seek(picture.tell() + 1)
            except EOFError:
                break
    assert frames == 9


def test_projection_finds_the_latent_of_a_generated_image_again_and_is_the_same_each_time(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--number', '2', '--label', '1', '--outdir', tmp_path)[0] == 0
    for name in 'ab':
        code, out, err = script('2-inference.py', '--model', weights, '--project', tmp_path / 'inference_img_1.png', '--project-steps', 200,
                                '--outdir', tmp_path / name)
        assert code == 0 and ', class 1;' in out, (out, err)
    first, again = [np.load(str(tmp_path / name / 'projection.npy')) for name in 'ab']
    assert_array_equal(first, again)
    assert first.shape == (1, 16) and first.dtype == np.float32 and abs(np.square(first).mean() - 1) < 1e-5
    sheet = images.read(str(tmp_path / 'a' / 'projection.png')).astype(float)
    target, image, difference = sheet[:, :, :16], sheet[:, :, 16:32], sheet[:, :, 32:]
    assert_array_equal(target, images.read(str(tmp_path / 'inference_img_1.png')))
    assert_array_equal(np.abs(target - image), difference)
    error = np.sqrt(np.mean(difference ** 2))
    assert error < 1 < 10 < target.std() and 'by %.1f gray levels' % error in out
    assert script('2-inference.py', '--model', weights, '--latents', tmp_path / 'a' / 'projection.npy', '--label', '1', '--outdir', tmp_path / 'c')[0] == 0
    assert np.abs(images.read(str(tmp_path / 'c' / 'inference_img_0.png')) - image).max() <= 1


def test_a_picture_of_16_bits_is_projected_as_its_gray_levels(script, tmp_path, weights, random):
    gray = random.randint(256, size=[16, 16])
    Image.fromarray((gray * 257).astype(np.uint16)).save(str(tmp_path / 'deep.png'))
    assert script('2-inference.py', '--model', weights, '--project', tmp_path / 'deep.png', '--project-steps', 2, '--outdir', tmp_path)[0] == 0
    assert_array_equal(images.read(str(tmp_path / 'projection.png'))[0, :, :16], gray)


def test_bad_wishes_are_refused_in_one_line(refuses, tmp_path, weights, random, monkeypatch):
    monkeypatch.chdir(str(tmp_path))
    images.save('colour.png', random.randint(256, size=[3, 16, 16]).astype(np.uint8))
    images.save('wide.png', random.randint(256, size=[1, 16, 17]).astype(np.uint8))
    images.save('gray.png', random.randint(256, size=[1, 16, 16]).astype(np.uint8))
    np.save('float.npy', random.randn(16, 16))
    np.save('one.npy', random.randn(1, 16))
    np.save('label.npy', np.eye(2))
    with open('text.png', 'w') as f:
        f.write('hello')
    for arguments, words in (
            ('--interpolate slerp --number 1', ['--interpolate', '--number']), ('--interpolate slerp --number 0', ['two latents', '--number']),
            ('--interpolate slerp --latents one.npy', ['two latents', '--latents']), ('--interpolate slerp --steps 1', ['--steps']),
            ('--interpolate cubic', ['--interpolate', 'slerp']), ('--interpolate slerp --format frames --grid', ['--grid', 'frames']),
            ('--grid --format gif', ['--grid', 'gif']), ('--steps 5', ['--steps', '--interpolate']), ('--format frames', ['frames', '--interpolate']),
            ('--label 1 --labels label.npy', ['--label ', '--labels']), ('--project-steps 9', ['--project-steps', '--project;']),
            ('--project colour.png', ['colour.png', 'gray', '16 x 16']), ('--project wide.png', ['wide.png', '17 x 16', '16 x 16 pixels']),
            ('--project float.npy', ['float.npy', 'float64', '8 or 16 bits']), ('--project text.png', ['text.png']), ('--project missing.png', ['missing.png']),
            ('--project .', ['.']), ('--project gray.png --label 2', ['--label 2', '0 to 1']), ('--project gray.png --project-steps 0', ['--project-steps']),
            ('--project gray.png --interpolate slerp', ['--project', '--interpolate']), ('--project gray.png --grid --number 3', ['--grid and --number'])):
        refuses('2-inference.py', '--model', weights, *arguments.split(), words=words)
