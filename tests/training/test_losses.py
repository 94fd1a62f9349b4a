import os

import numpy as np
import pytest
from numpy.testing import assert_allclose

import networks
import tfutil
from places import DATA
from tfutil import tf
from training import losses


@pytest.mark.slow
@pytest.mark.parametrize('lod', ['lod0.0', 'lod0.4', 'lod1.0', 'lod2.7', 'lod4.0'])
def test_losses_and_gradients_are_those_of_the_reference_implementation(session, lod):
    with np.load(os.path.join(DATA, 'cond.npz')) as file:
        measured = dict(file)
    G, D, _ = tfutil.load(os.path.join(DATA, 'cond.pkl'), networks.BUILDERS)
    for network in (G, D):
        network.set({'lod': np.float32(lod[3:])})
    level = 6 - int(float(lod[3:]))
    box = 2 ** (6 - level)
    reals = measured['images'].reshape(8, 1, 2**level, box, 2**level, box).mean(axis=(3, 5))
    labels = tf.constant(measured['labels'])
    result = losses.wgan_gp(
        lambda x: D(x, level=level),
        tf.constant(reals),
        G(tf.constant(measured['latents']), labels, level=level),
        tf.constant(measured['mix']),
        labels,
        box,
    )
    # A unit on the bend of a leaky ReLU may fall on either side: oneDNN rounds otherwise, norms move by up to 2.6e-4.
    limit = 5e-4 if tf.__version__.startswith('2') and os.environ['TF_ENABLE_ONEDNN_OPTS'] == '1' else 1e-4
    for network, loss, role in ((G, result.generator, 'G'), (D, result.critic, 'D')):
        assert_allclose(tfutil.run(loss), measured['%s/%s_loss' % (lod, role)], rtol=1e-5)
        gradients = [tf.zeros([]) if g is None else g for g in tf.gradients(loss, list(network.trainables.values()))]
        norms = dict(zip(network.trainables, tfutil.run([tf.norm(g) for g in gradients])))
        expected = dict(zip(measured[role + '_trainables'], measured['%s/%s_grad_norms' % (lod, role)]))
        assert set(norms) == set(expected)
        errors = [abs(norms[name] - expected[name]) / (expected[name] or 1) for name in norms]
        assert max(errors) < limit


def test_the_penalty_is_that_of_a_linear_critic_in_closed_form(session, random):
    w, reals, fakes = (random.randn(4, 1, 4, 4).astype(np.float32) for _ in range(3))
    critic = lambda x: (tf.reduce_sum(x * w[:1], axis=[2, 3]), tf.zeros([4, 0]))  # noqa: E731
    result = losses.wgan_gp(
        critic,
        tf.constant(reals),
        tf.constant(fakes),
        tf.constant(random.rand(4, 1, 1, 1).astype(np.float32)),
        tf.zeros([4, 0]),
        8,
    )
    scores = [(x * w[:1]).sum(axis=(1, 2, 3)) for x in (reals, fakes)]
    norm = np.sqrt((w[:1] ** 2).sum()) / 8
    expected = scores[1].mean() - scores[0].mean() + 10 * (norm - 1) ** 2 + 0.001 * (scores[0] ** 2).mean()
    assert_allclose(tfutil.run(result.critic), expected, rtol=1e-4)
    assert_allclose(tfutil.run(result.generator), -scores[1].mean(), rtol=1e-5)
    assert_allclose(tfutil.run(result.terms['gradient_norm']), norm, rtol=1e-5)


def test_r3_is_that_of_a_quadratic_critic_in_closed_form(session, random):
    w, reals, fakes = (random.randn(4, 1, 4, 4).astype(np.float32) for _ in range(3))
    critic = lambda x: (tf.reduce_sum(x * x * w[:1], axis=[2, 3]), tf.zeros([4, 0]))  # noqa: E731
    result = losses.r3(critic, tf.constant(reals), tf.constant(fakes), tf.zeros([4, 0]), 8)
    scores = [(x * x * w[:1]).sum(axis=(1, 2, 3)).astype(float) for x in (reals, fakes)]
    penalties = [np.square(2 * x * w[:1]).sum(axis=(1, 2, 3)).mean() / 64 for x in (reals, fakes)]
    expected = np.log1p(np.exp(scores[1] - scores[0])).mean() + 0.5 * sum(penalties)
    assert_allclose(tfutil.run(result.critic), expected, rtol=1e-5)
    assert_allclose(tfutil.run(result.generator), np.log1p(np.exp(scores[0] - scores[1])).mean(), rtol=1e-5)
    assert_allclose(tfutil.run([result.terms['r1'], result.terms['r2']]), penalties, rtol=1e-5)


def test_softened_reals_are_mixed_with_their_box_averages(session, random):
    x = random.randn(2, 1, 4, 4).astype(np.float32)
    coarse = x.reshape(2, 1, 2, 2, 2, 2).mean(axis=(3, 5)).repeat(2, axis=2).repeat(2, axis=3)
    for fade in (0.0, 0.25, 1.0):
        assert_allclose(
            tfutil.run(losses.fade_reals(tf.constant(x), tf.constant(fade))), x * (1 - fade) + coarse * fade, atol=1e-6
        )
