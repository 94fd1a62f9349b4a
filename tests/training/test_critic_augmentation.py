"""What the critic sees instead of images, with --augment-critic."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import networks
import tfutil
from tfutil import tf
from training import augmentation, losses, overfit
from training.augmentation import AugmentParams


def changed(images, change):
    feeds = augmentation.placeholders(len(images), images.shape[-1])
    return tfutil.run(augmentation.augmented(tf.constant(images), feeds), dict(zip(feeds, change)))


def nothing(number, size):
    return augmentation.draw(np.random.RandomState(0), number, size, probability=0.0)


@pytest.fixture
def images(random):
    return random.randn(6, 3, 16, 16).astype(np.float32)


def test_with_probability_zero_images_stay_as_they_are(session, images):
    assert_allclose(changed(images, nothing(6, 16)), images, atol=1e-6)


def test_mirrors_and_turns_are_the_eight_symmetries_of_a_square_equally_often(session):
    number, size = 4000, 4  # no shift at 4x4
    picture = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4)
    drawn = augmentation.draw(np.random.RandomState(1), number, size)
    drawn = drawn._replace(gain=np.ones_like(drawn.gain), offset=np.zeros_like(drawn.offset))
    seen = changed(np.repeat(picture, number, axis=0), drawn)
    wanted = [np.rot90(flip, k).ravel() for flip in (picture[0, 0], picture[0, 0, :, ::-1]) for k in range(4)]
    counts = [int((seen.reshape(number, -1) == one).all(axis=1).sum()) for one in wanted]
    assert sum(counts) == number and min(counts) > 400  # 500 +- 21


def test_shifts_move_by_an_eighth_at_most_and_mirror_at_the_edge(session):
    change = nothing(200, 16)
    drawn = augmentation.draw(np.random.RandomState(2), 200, 16)
    ramp = np.tile(np.arange(16, dtype=np.float32), (200, 1, 16, 1))  # [..., column]
    plain = ~np.isin(drawn.columns[:, 8] - drawn.columns[:, 7], [-1])
    seen = changed(ramp, change._replace(columns=drawn.columns))[plain]
    shifts = 8 - seen[:, 0, 0, 8]
    assert set(shifts) == {-2.0, -1.0, 0.0, 1.0, 2.0}
    for row, shift in zip(seen[:, 0, 0], shifts):
        assert_array_equal(row, np.pad(np.arange(16), 2, 'reflect')[2 - int(shift) :][:16])


def test_brightness_and_contrast_stay_small_and_keep_statistics_on_average(session, random):
    number = 3000
    picture = random.randn(1, 1, 8, 8).astype(np.float32) * 0.3 + 0.1
    seen = changed(np.repeat(picture, number, axis=0), augmentation.draw(np.random.RandomState(3), number, 8))
    means, spreads = seen.mean(axis=(1, 2, 3)), seen.std(axis=(1, 2, 3))
    within = abs(means - picture.mean()) <= augmentation.BRIGHTNESS + 1e-5
    assert abs(means.mean() - picture.mean()) < 0.02 and within.mean() > 0.1  # shifts change the mean, too
    unshifted = augmentation.draw(np.random.RandomState(3), number, 4)
    picture = picture[..., :4, :4]
    seen = changed(np.repeat(picture, number, axis=0), unshifted)
    means, spreads = seen.mean(axis=(1, 2, 3)), seen.std(axis=(1, 2, 3)) / picture.std()
    assert abs(means - picture.mean()).max() <= augmentation.BRIGHTNESS + 1e-5
    assert 0.9 - 1e-4 <= spreads.min() < 0.91 and 1.09 < spreads.max() <= 1.1 + 1e-4
    assert abs(means.mean() - picture.mean()) < 0.002 and abs(spreads.mean() - 1) < 0.005


def test_each_kind_of_change_comes_with_the_probability_that_is_asked_for():
    number = 20000
    drawn = augmentation.draw(np.random.RandomState(4), number, 64, probability=0.3)
    assert abs((drawn.gain != 1).mean() - 0.3) < 0.02 and abs((drawn.offset != 0).mean() - 0.3) < 0.02
    assert abs(drawn.turned.mean() - 0.3 / 2) < 0.02


def test_the_gradient_is_that_of_finite_differences_and_exists_twice(session, random):
    images = random.randn(2, 1, 8, 8).astype(np.float32)
    weights = random.randn(2, 1, 8, 8).astype(np.float32)
    change = augmentation.draw(np.random.RandomState(5), 2, 8)
    feeds = augmentation.placeholders(2, 8)
    x = tf.placeholder(tf.float32, [2, 1, 8, 8])
    loss = tf.reduce_sum(tf.tanh(augmentation.augmented(x, feeds)) * weights)
    (gradient,) = tf.gradients(loss, [x])
    (second,) = tf.gradients(tf.reduce_sum(tf.square(gradient)), [x])
    feed = dict(zip(feeds, change))
    analytic, twice = tfutil.run([gradient, second], {x: images, **feed})
    for at in ((0, 0, 3, 4), (1, 0, 0, 7), (1, 0, 5, 5)):
        step = np.zeros_like(images)
        step[at] = 1e-2
        ends = [tfutil.run([loss, gradient], {x: images + sign * step, **feed}) for sign in (1, -1)]
        assert_allclose(analytic[at], (ends[0][0] - ends[1][0]) / 2e-2, rtol=2e-2, atol=2e-3)
        norms = [np.square(end[1]).sum() for end in ends]
        assert_allclose(twice[at], (norms[0] - norms[1]) / 2e-2, rtol=5e-2, atol=2e-2)


def test_the_penalty_is_taken_through_the_change(session, random):
    """A turn leaves the gradient's norm as it is, contrast scales what is not the mean."""
    x = [tf.constant(random.randn(4, 1, 8, 8).astype(np.float32)) for _ in range(2)]
    change = nothing(4, 8)
    change = change._replace(turned=np.ones(4, bool), gain=np.full([4, 1, 1, 1], 1.1, np.float32))
    kernel = random.randn(1, 1, 8, 8).astype(np.float32)
    kernel -= kernel.mean()
    tensors = AugmentParams(*map(tf.constant, change))

    def norm(critic):
        result = losses.wgan_gp(critic, x[0], x[1], tf.ones([4, 1, 1, 1]) * 0.5, tf.zeros([4, 0]))
        return tfutil.run(result.terms['gradient_norm'])

    def linear(images):
        return tf.reduce_sum(images * kernel, axis=[1, 2, 3])[:, None], tf.zeros([4, 0])

    plain, through = norm(linear), norm(lambda images: linear(augmentation.augmented(images, tensors)))
    assert_allclose(through, 1.1 * plain, rtol=1e-5)


def test_the_critic_scores_what_it_is_shown(session, images):
    D = tfutil.Network('D', networks.D_paper, resolution=16, num_channels=3, fmap_base=64, fmap_max=8)
    images, change = images[:4], augmentation.draw(np.random.RandomState(6), 4, 16)
    scores = tfutil.run(D(augmentation.augmented(tf.constant(images), AugmentParams(*map(tf.constant, change))))[0])
    assert_allclose(scores, tfutil.run(D(tf.constant(changed(images, change)))[0]), atol=1e-5)


def test_however_often_images_are_turned_their_own_way_up_is_the_commonest():
    """Else a generator that makes one of the eight ways only would look right to the critic."""
    drawn = augmentation.draw(np.random.RandomState(5), 20000, 8, probability=overfit.MOST)
    rising = [np.sign(np.median(np.diff(at, axis=1), axis=1)) for at in (drawn.rows, drawn.columns)]
    _, many = np.unique(np.stack([drawn.turned] + rising, axis=1), axis=0, return_counts=True)
    own = (~drawn.turned & (rising[0] > 0) & (rising[1] > 0)).sum()
    assert len(many) == 8 and own == many.max() and own > 1.3 * np.sort(many)[-2]
