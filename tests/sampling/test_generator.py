"""`sampling.Generator`, as Python users call it."""

import json
import shutil

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import tfutil
from common import hounsfield
from runs import random_networks
from sampling import Generator


@pytest.fixture
def generator(weights):
    with Generator(weights, cpu=True) as opened:
        yield opened


def pixels_of(raw):
    return np.clip(np.rint(raw * 127.5 + 127.5), 0, 255)


def test_images_are_counted_before_and_computed_while_one_iterates(generator, monkeypatch):
    computed, run = [], generator.run

    def counted(latents, labels, minibatch):
        computed.append(len(latents))
        return run(latents, labels, minibatch)

    monkeypatch.setattr(generator, 'run', counted)
    images = generator.images(7, seed=3, minibatch=3)
    assert len(images) == 7 and images.shape == [7, 1, 16, 16] and computed == []
    assert next(iter(images)).shape == (1, 16, 16) and computed == [3]
    assert [image.shape for image in images] == [(1, 16, 16)] * 7 and computed == [3, 3, 3, 1]


def test_image_i_is_that_of_latent_i_and_of_class_i_in_turn(generator):
    latents = [np.random.RandomState([3, i]).randn(16) for i in range(5)]
    raw = generator.run(latents, np.eye(2)[[0, 1, 0, 1, 0]])
    sample = generator.sample(5, seed=3, minibatch=2)
    assert sample.dtype == np.uint8 and np.abs(sample - pixels_of(raw)).max() <= 1
    assert_array_equal(generator.sample(2, seed=3, minibatch=2), sample[:2])
    assert_array_equal(generator.sample(5, seed=3, minibatch=2, labels=np.eye(2)[[0, 1, 0, 1, 0]]), sample)


def test_a_class_has_the_name_and_gray_levels_the_window_that_is_recorded(generator, weights, tmp_path):
    assert generator.classes == ['0', '1']
    with pytest.raises(ValueError, match='window of its training data is not recorded'):
        generator.hu(1)
    shutil.copy(weights, str(tmp_path / 'G.pkl'))
    data = dict(digest='1-1', classes=['MIA', 'IA'], window=[-1000.0, 400.0])
    (tmp_path / 'G.json').write_text(json.dumps(dict(data=data)))
    with Generator(str(tmp_path / 'G.pkl'), cpu=True) as recorded:  # two generators at the same time
        by_name = recorded.sample(3, label='IA')
        assert recorded.classes == ['MIA', 'IA']
        assert_array_equal(by_name, generator.sample(3, label=1))
        assert_allclose(recorded.hu(3, label='IA'), hounsfield.to_hu(by_name, (-1000, 400)))
        with pytest.raises(ValueError, match='has no class AIS'):
            recorded.sample(1, label='AIS')


def test_a_walk_holds_the_images_of_its_latents(generator):
    walk = generator.walk(3, steps=4, seed=5, label=1)
    assert walk.shape == (7, 1, 16, 16)
    assert np.abs(walk[::3].astype(int) - generator.sample(3, seed=5, label=1)).max() <= 1
    loop = generator.walk(generator.latents(3, seed=5), steps=4, kind='linear', label=1, closed=True)
    assert len(loop) == 9 and np.abs(loop[:7:3].astype(int) - walk[::3]).max() <= 1


def test_a_projection_is_the_same_each_time_and_adds_to_the_graph_once(generator):
    picture = generator.sample(1, seed=8, label=1)[0]
    projection = generator.project(picture, steps=50, label=1)
    assert projection.latent.shape == (1, 16) and projection.label.tolist() == [[0, 1]]
    assert np.abs(projection.image.astype(int) - picture).mean() < 5
    with generator.as_default() as graph:
        operations = len(graph.get_operations())
        first, again = [generator.project(picture, steps=2) for _ in range(2)]
        assert len(graph.get_operations()) == operations
    assert_array_equal(first.latent, again.latent)


def test_only_the_requested_network_is_built(weights, monkeypatch):
    built, create = [], tfutil.Network.__init__

    def recorded(self, name, *arguments, **options):
        built.append(name)
        create(self, name, *arguments, **options)

    monkeypatch.setattr(tfutil.Network, '__init__', recorded)
    Generator(weights, 'G', cpu=True).close()
    assert built == ['G']


@pytest.mark.parametrize('options, message', [(dict(num_channels=5), '5 channels'), ({}, 'its D is no generator')])
def test_a_network_that_makes_no_pictures_is_refused_with_the_file(tmp_path, options, message):
    path = random_networks(str(tmp_path / 'other.pkl'), **options)
    with pytest.raises(ValueError, match='other.pkl.*' + message):
        Generator(path, 'Gs' if options else 'D', cpu=True)
