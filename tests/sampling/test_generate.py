"""Images as a sized iterable."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from runs import random_networks
from sampling import generate


def test_images_are_counted_before_and_computed_while_one_iterates(session, weights, monkeypatch):
    generator, computed = generate.load_generator(weights), []
    run = generator.run

    def counted(*arrays, **how):
        computed.append(len(arrays[0]))
        return run(*arrays, **how)

    monkeypatch.setattr(generator, 'run', counted)
    images = generate.images(generator, number=7, seed=3, minibatch=3)
    assert len(images) == 7 and images.shape == [7, 1, 16, 16] and computed == []
    first = next(iter(images))
    assert first.shape == (1, 16, 16) and computed == [3]
    assert [image.shape for image in images] == [(1, 16, 16)] * 7 and computed == [3, 3, 3, 1]


def test_image_i_is_that_of_latent_i_and_of_class_i_in_turn(session, weights):
    generator = generate.load_generator(weights)
    latents = [np.random.RandomState([3, i]).randn(16) for i in range(5)]
    raw = generator.run(latents, np.eye(2)[[0, 1, 0, 1, 0]])
    images = generate.images(generator, 5, seed=3, minibatch=2)
    assert np.abs(np.stack(list(images)) - raw).max() < 1e-5
    pixels = images.pixels()
    assert pixels.dtype == np.uint8 and np.abs(pixels - np.clip(raw * 127.5 + 127.5, 0, 255)).max() <= 0.51
    assert_array_equal(generate.images(generator, 2, seed=3, minibatch=2).pixels(), pixels[:2])


def test_a_network_of_five_channels_is_refused_with_the_file(refuses, tmp_path, training_data):
    path = random_networks(str(tmp_path / 'five.pkl'), num_channels=5, fmap_base=64, fmap_max=8)
    refuses('2-inference.py', '--model', path, words=['five.pkl', '5 channels', '1 (gray) or 3 (colour)'])
    refuses('4-evaluate.py', '--model', path, '--data', training_data, words=['five.pkl', '5 channels'])


def test_a_discriminator_is_no_generator(session, weights):
    with pytest.raises(ValueError, match='is no generator'):
        generate.load_generator(weights, 'D')
