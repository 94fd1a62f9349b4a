"""NCHW, the layout that GPUs want, against NHWC: TensorFlow 2 has both for CPUs, with oneDNN."""

import os

import numpy as np
import pytest

import networks
import tfutil
from pix2pix import pix2pix_settings
from pix2pix.trainer import Trainer
from test_networks import difference, scrambled
from tfutil import tf
from training import losses, optimizers

pytestmark = pytest.mark.skipif(
    not hasattr(tf, 'config') or os.environ['TF_ENABLE_ONEDNN_OPTS'] != '1', reason='TensorFlow has no NCHW on this CPU'
)
FORMATS = 'NHWC', 'NCHW'


def assert_close(actual, expected):
    assert set(actual) == set(expected)
    errors = {name: difference(actual[name], expected[name]) for name in expected if np.abs(expected[name]).max() > 0}
    assert errors and max(errors.values()) < 1e-4, errors


def gradients(loss, network):
    """Gradients of the variables that are used, {local name: tensor}."""
    pairs = zip(network.trainables, tf.gradients(loss, list(network.trainables.values())))
    return {name: gradient for name, gradient in pairs if gradient is not None}


@pytest.mark.slow
@pytest.mark.parametrize('fused', [True, False])
@pytest.mark.parametrize('level', [None, 2, 3, 4])
def test_images_losses_and_gradients_do_not_depend_on_the_layout(session, random, monkeypatch, fused, level):
    options = dict(resolution=16, fmap_base=64, fmap_max=8, num_channels=2, label_size=3, fused_scale=fused)
    pixels = 2 ** (level or 4)
    feeds = random.randn(4, 2, pixels, pixels), random.randn(4, 8), random.rand(4, 1, 1, 1), np.eye(3)[[0, 1, 2, 0]]
    reals, latents, mix, labels = [tf.constant(feed, tf.float32) for feed in feeds]
    values, results = [], []
    for data_format in FORMATS:
        monkeypatch.setattr(tfutil, 'native_layout', lambda: data_format)
        pair = [scrambled(name, networks.BUILDERS[name + '_paper'], random, **options) for name in 'GD']
        values = values or [dict(network.values(), lod=np.float32(0.3 + np.log2(16 / pixels))) for network in pair]
        for network, same in zip(pair, values):
            network.set(same)
        G, D = pair
        fakes = G(latents, labels, level=level)
        loss = losses.wgan_gp(lambda x: D(x, level=level), reals, fakes, mix, labels, 16 // pixels)
        first = dict(loss.terms, generator_loss=loss.generator, fakes=fakes)
        results.append(tfutil.run([first, gradients(loss.generator, G), gradients(loss.critic, D)]))
    for expected, actual in zip(*results):
        assert_close(actual, expected)


def pixels_of(trainer):
    feed = {trainer.feeds[name]: array for name, array in trainer.draw(0).items()}
    return tfutil.run(trainer.fakes, feed)


@pytest.mark.slow
def test_a_step_of_pix2pix_does_not_depend_on_the_layout(session, random, monkeypatch):
    inputs, targets = (random.randint(256, size=[6, 1, 32, 32]).astype(np.uint8) for _ in range(2))
    results = []
    for data_format in FORMATS:
        monkeypatch.setattr(tfutil, 'native_layout', lambda: data_format)
        trainer = Trainer(pix2pix_settings.Train(ngf=4, ndf=4, minibatch=6), inputs, targets)
        trainer.initialise()
        terms, fakes = trainer.train_step(0), pixels_of(trainer)
        results.append((terms, dict(fakes=fakes), optimizers.values(trainer.moments())))
    for expected, actual in zip(*results):
        assert_close(actual, expected)
