import os
import sys
import types

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import networks
import reference
import tfutil
from places import DATA
from tfutil import tf

SMALL = dict(resolution=16, fmap_base=64, fmap_max=8)
LODS = ['lod0.0', 'lod0.4', 'lod1.0', 'lod2.7', 'lod4.0']


def difference(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def scrambled(name, build, random, **options):
    """A network whose every variable is random, biases included."""
    network = tfutil.Network(name, build, **options)
    network.set(
        {local: random.randn(*value.shape) * 0.5 for local, value in network.values().items() if local != 'lod'}
    )
    return network


@pytest.fixture(scope='module')
def measured():
    with np.load(os.path.join(DATA, 'cond.npz')) as file:
        return dict(file)


@pytest.mark.slow
@pytest.mark.parametrize('lod', LODS)
def test_networks_compute_what_the_reference_implementation_computed(session, measured, lod):
    G, D, Gs = tfutil.load(os.path.join(DATA, 'cond.pkl'), networks.BUILDERS)
    for network in (G, D, Gs):
        network.set({'lod': np.float32(lod[3:])})
    scores, labels = D.run(measured['images'])
    assert difference(G.run(measured['latents'], measured['labels']), measured[lod + '/G']) < 1e-5
    assert difference(Gs.run(measured['latents'], measured['labels']), measured[lod + '/Gs']) < 1e-5
    assert difference(scores, measured[lod + '/D_scores']) < 1e-5
    assert difference(labels, measured[lod + '/D_labels']) < 1e-5


@pytest.mark.parametrize(
    'options, plain',
    [
        ({}, {}),
        (dict(fused_scale=False), dict(fused=False)),
        (dict(use_wscale=False), dict(wscale=False)),
        (dict(use_pixelnorm=False), dict(pixelnorm=False)),
        (dict(normalize_latents=False), dict(normalize=False)),
        (dict(use_leakyrelu=False), dict(act=lambda x: np.maximum(x, 0))),
        (dict(latent_size=5, label_size=3, num_channels=2), {}),
        (dict(fmap_decay=0.5, pixelnorm_epsilon=0.1), dict(epsilon=0.1)),
        (dict(dtype='float32', structure='linear'), {}),
    ],
)
def test_generator_equals_its_numpy_counterpart(session, random, options, plain):
    G = scrambled('G', networks.G_paper, random, **dict(SMALL, **options))
    latents, labels = (random.randn(3, int(t.shape[1])).astype(np.float32) for t in G.inputs)
    for lod in (0, 0.3, 1.5):
        G.set({'lod': np.float32(lod)})
        assert (
            difference(G.run(latents, labels), reference.generator(G.values(), latents, labels, 4, lod, **plain)) < 1e-5
        )


@pytest.mark.parametrize(
    'options, plain',
    [
        ({}, {}),
        (dict(fused_scale=False), dict(fused=False)),
        (dict(use_wscale=False), dict(wscale=False)),
        (dict(mbstd_group_size=0), dict(group=0)),
        (dict(mbstd_group_size=2, label_size=3), dict(group=2)),
        (dict(num_channels=3), {}),
        (dict(mbstd_group_size=64), dict(group=64)),
    ],
)
def test_discriminator_equals_its_numpy_counterpart(session, random, options, plain):
    D = scrambled('D', networks.D_paper, random, **dict(SMALL, **options))
    images = random.randn(8, options.get('num_channels', 1), 16, 16).astype(np.float32)
    for lod in (0, 0.3, 1.5):
        D.set({'lod': np.float32(lod)})
        scores, labels = D.run(images)
        expected_scores, expected_labels = reference.discriminator(D.values(), images, 4, lod, **plain)
        assert difference(scores, expected_scores) < 1e-5
        assert labels.shape == expected_labels.shape and np.allclose(labels, expected_labels, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize('level, lod', [(2, 2.0), (3, 2.0), (3, 1.6), (3, 1.0), (4, 0.5), (4, 0.0)])
def test_generator_stopped_at_a_level_and_enlarged_equals_the_whole_one_exactly(session, random, level, lod):
    G = scrambled('G', networks.G_paper, random, **SMALL)
    G.set({'lod': np.float32(lod)})
    latents = random.randn(4, 8).astype(np.float32)
    images = tfutil.run(G(*G.inputs, level=level), {G.inputs[0]: latents, G.inputs[1]: np.zeros([4, 0])})
    assert images.shape == (4, 1, 2**level, 2**level)
    for _ in range(level, 4):
        images = reference.enlarge(images)
    assert_array_equal(images, G.run(latents, np.zeros([4, 0])))


@pytest.mark.parametrize('level, lod', [(2, 2.0), (3, 1.6), (3, 1.0), (4, 0.5)])
def test_discriminator_at_a_level_equals_the_whole_one_on_the_enlarged_images(session, random, level, lod):
    D = scrambled('D', networks.D_paper, random, **SMALL)
    D.set({'lod': np.float32(lod)})
    images = random.randn(4, 1, 2**level, 2**level).astype(np.float32)
    placeholder = tf.placeholder(tf.float32)
    scores, _ = tfutil.run(D(placeholder, level=level), {placeholder: images})
    for _ in range(level, 4):
        images = reference.enlarge(images)
    assert difference(scores, D.run(images)[0]) < 1e-5


def test_both_networks_have_the_22_million_parameters_of_the_paper(session):
    for build, expected in ((networks.G_paper, 22483456), (networks.D_paper, 22488833)):
        with tf.Graph().as_default(), tf.variable_scope('net'):
            build(*[tf.placeholder(tf.float32) for _ in range(2 if build is networks.G_paper else 1)], resolution=64)
            total = sum(v.shape.num_elements() for v in tf.trainable_variables() if 'RGB' not in v.name)
        assert total == expected


def test_gain_of_the_first_layer_makes_outputs_of_unit_size(session, random):
    G = tfutil.Network('G', networks.G_paper, resolution=16, fmap_max=64)
    G.set({name: random.randn(*value.shape) for name, value in G.values().items() if name.endswith('weight')})
    assert 0.5 < G.run(random.randn(64, 64), np.zeros([64, 0])).std() < 2


@pytest.mark.parametrize('resolution', [0, 2, 48, 4096, 'large', None])
def test_a_resolution_that_is_no_power_of_two_is_refused_in_words(session, resolution):
    with pytest.raises(ValueError, match='power of two'):
        tfutil.Network('G', networks.G_paper, resolution=resolution)


def test_embedded_source_builds_beside_a_module_that_has_only_tf(session, random, monkeypatch):
    G = scrambled('G', networks.G_paper, random, **SMALL)
    host, module = types.ModuleType('tfutil'), types.ModuleType('embedded')
    host.tf = tf
    monkeypatch.setitem(sys.modules, 'tfutil', host)
    exec(G.__getstate__()['build_module_src'], module.__dict__)
    with tf.Graph().as_default(), tf.variable_scope('G'):
        images = module.G_paper(
            tf.placeholder(tf.float32), tf.placeholder(tf.float32), is_template_graph=True, **G.static_kwargs
        )
        assert {v.name[2:-2]: v.shape.as_list() for v in tf.global_variables()} == {
            k: v.shape.as_list() for k, v in G.vars.items()
        }
    assert images.shape.as_list() == [None, 1, 16, 16]
