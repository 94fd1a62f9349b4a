"""Paths between latents and the search for a latent, as functions and as a user runs them."""
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


def test_parallel_opposite_and_zero_latents_are_joined_by_a_line(random):
    a = random.randn(5)
    for b in (3 * a, -a, 0 * a):
        assert_allclose(latent.spherical(a, b, [0, 0.25, 1]), [a, a + 0.25 * (b - a), b], atol=1e-9)


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


def test_a_strip_shows_each_walk_in_a_row_and_begins_and_ends_with_the_single_images(script, tmp_path, weights):
    for arguments in ([], ['--interpolate', 'slerp', '--steps', '5', '--grid']):
        assert script('2-inference.py', '--model', weights, '--number', '3', '--label', '1', '--outdir', tmp_path, *arguments)[0] == 0
    strip = images.read(str(tmp_path / 'inference_grid.png'))
    assert strip.shape == (1, 32, 80)
    single = [images.read(str(tmp_path / ('inference_img_%d.png' % i))) for i in range(3)]
    for row, column, i in ((0, 0, 0), (0, 4, 1), (1, 0, 1), (1, 4, 2)):
        assert np.abs(strip[:, 16 * row:16 * row + 16, 16 * column:16 * column + 16].astype(int) - single[i]).max() <= 1


def test_an_animation_has_a_frame_for_each_image(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--number', '3', '--interpolate', 'linear', '--steps', '4', '--format', 'gif', '--outdir', tmp_path)[0] == 0
    with Image.open(str(tmp_path / 'inference.gif')) as picture:
        frames = 0
        while True:
            frames += picture.info['duration'] // 80            # equal frames are written as one that lasts longer
            try:
                picture.seek(picture.tell() + 1)
            except EOFError:
                break
    assert frames == 8


def test_projection_finds_the_latent_of_a_generated_image_again_and_is_the_same_each_time(script, tmp_path, weights):
    assert script('2-inference.py', '--model', weights, '--number', '2', '--label', '1', '--outdir', tmp_path)[0] == 0
    texts = []
    for name in 'ab':
        code, out, err = script('2-inference.py', '--model', weights, '--project', tmp_path / 'inference_img_1.png', '--label', '1',
                                '--outdir', tmp_path / name)
        assert code == 0, err
        texts.append(np.load(str(tmp_path / name / 'projection.npy')))
    assert_array_equal(texts[0], texts[1])
    sheet = images.read(str(tmp_path / 'a' / 'projection.png')).astype(float)
    target, image, difference = sheet[:, :, :16], sheet[:, :, 16:32], sheet[:, :, 32:]
    assert_array_equal(np.abs(target - image), difference)
    assert np.sqrt(np.mean(difference ** 2)) < 0.35 * target.std()
    assert script('2-inference.py', '--model', weights, '--latents', tmp_path / 'a' / 'projection.npy', '--label', '1', '--outdir', tmp_path / 'c')[0] == 0
    assert np.abs(images.read(str(tmp_path / 'c' / 'inference_img_0.png')) - image).max() <= 1


def test_bad_wishes_are_refused_in_one_line(refuses, tmp_path, weights, random):
    colour, text = str(tmp_path / 'colour.png'), str(tmp_path / 'text.png')
    images.save(colour, random.randint(256, size=[3, 16, 16]).astype(np.uint8))
    with open(text, 'w') as f:
        f.write('hello')
    base = ['2-inference.py', '--model', weights]
    refuses(*(base + ['--interpolate', 'slerp', '--number', '1']), words=['--interpolate', '--number'])
    refuses(*(base + ['--interpolate', 'slerp', '--steps', '1']), words=['--steps'])
    refuses(*(base + ['--grid', '--format', 'gif']), words=['--grid', 'gif'])
    refuses(*(base + ['--project', colour]), words=['colour.png', 'gray'])
    refuses(*(base + ['--project', text]), words=['text.png'])
    refuses(*(base + ['--project', 'missing.png']), words=['missing.png'])
    refuses(*(base + ['--project', colour, '--interpolate', 'slerp']), words=['--project', '--interpolate'])
