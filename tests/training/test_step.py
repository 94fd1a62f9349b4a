"""One iteration: optimizers, what is drawn, replicas."""

import os

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import config
import dataset
import networks
import reference
import tfutil
from common import card
from places import ONCE
from runs import read_or_written_first, train, weights
from tfutil import tf
from training import optimizers
from training.step import Trainer


def test_two_adam_steps_equal_numpys(session, random):
    w, gradients = random.randn(5).astype(np.float32), random.randn(2, 5).astype(np.float32)
    variable, gradient = tf.get_variable('w', initializer=w, use_resource=True), tf.placeholder(tf.float32, [5])
    optimizer = optimizers.adam(0.01)
    step = optimizer.apply_gradients([(gradient, variable)])
    tfutil.run([variable.initializer] + [v.initializer for v in optimizer.variables()])
    v = np.zeros(5)
    for t, g in enumerate(gradients.astype(np.float64), 1):
        tfutil.run(step, {gradient: g})
        v = 0.99 * v + 0.01 * g**2
        w = w - 0.01 * np.sqrt(1 - 0.99**t) * g / (np.sqrt(v) + 1e-8)
        assert_allclose(tfutil.run(variable), w, rtol=1e-6)


def test_moving_average_follows_the_trained_weights_and_copies_the_rest(session):
    G = tfutil.Network('G', networks.G_paper, resolution=4, fmap_max=4, fmap_base=32)
    Gs = G.clone('Gs')
    before = Gs.values()
    G.set(dict({name: value + 1 for name, value in before.items() if name != 'lod'}, lod=np.float32(0.5)))
    tfutil.run(Gs.follow(G, 0.9))
    for name, value in Gs.values().items():
        assert_allclose(value, 0.5 if name == 'lod' else before[name] + 0.1, atol=1e-6)


@pytest.mark.slow
def test_no_weight_changes_before_all_of_the_step_has_read_it(trainer):
    (step,) = trainer.steps[3]
    assert read_or_written_first(list(step.terms.values()) + [step.train_D]) == []
    assert read_or_written_first([step.train_G]) == []


def test_training_changes_all_weights_of_the_final_resolution(finished_run, training_data):
    cfg = config.Train(fmap_base=64, fmap_max=8)
    with tfutil.init_tf():
        trainer = Trainer(cfg, dataset.Pyramid(training_data))
        trainer.initialise()
        first = {role: getattr(trainer.first, role).values() for role in ('G', 'D', 'Gs')}
    for role, last in zip(('G', 'D', 'Gs'), weights(finished_run + '/network-final.pkl')):
        same = [name for name in last if np.array_equal(first[role][name], last[name])]
        assert same == ['lod'] or same == []


@pytest.mark.slow
@pytest.mark.parametrize('loss', ['wgan-gp', pytest.param('r3', marks=ONCE)])
def test_two_replicas_equal_one(training_data, loss):
    """Two devices of one machine, here two virtual CPUs, 20 steps without minibatch stddev."""
    cfg = config.Train(fmap_base=64, fmap_max=8, mbstd_group_size=0, loss=loss)
    data, results = dataset.Pyramid(training_data), []
    for cpus in (1, 2):
        with tfutil.init_tf(cpu=True, cpus=cpus):
            trainer = Trainer(cfg, data)
            assert len(trainer.replicas) == cpus
            trainer.prepare(3, 16)
            trainer.reset_optimizers()
            trainer.initialise()
            trainer.set_lod(1.5)
            for number in range(20):
                trainer.train_step(3, number, number * 16)
            results.append([network.values() for network in (trainer.first.G, trainer.first.D, trainer.first.Gs)])
            if cpus == 2:
                last = trainer.replicas[1].G.values()
                assert all(np.array_equal(last[name], value) for name, value in results[1][0].items())
    for one, two in zip(*results):
        for name in one:
            assert_allclose(two[name], one[name], atol=1e-5)


@pytest.mark.slow
def test_each_step_draws_anew_from_the_seed_and_its_number(trainer):
    first, again, other = (trainer.batches.for_D(step, 0, 40, 3, 0.0) for step in (5, 5, 6))
    for name, one in first.items():
        assert_array_equal(one, again[name])
        assert one.size == 0 or (one != other[name]).any()  # no labels; the same images, but others of them mirrored
    plain = trainer.data.images[3][trainer.batches.sampler.take(0, 40)]
    mirrored = [
        (shown == image[..., ::-1]).all() and not (shown == image).all() for shown, image in zip(first['pixels'], plain)
    ]
    assert 10 <= sum(mirrored) <= 30 and all(
        (shown == image).all() for shown, image, flip in zip(first['pixels'], plain, mirrored) if not flip
    )
    assert (trainer.batches.for_G(5, 40, 3, 0.0)['latents'] != first['latents']).any()


@pytest.mark.slow
def test_an_iteration_has_as_many_steps_of_d_as_told_and_a_reset_forgets_them(trainer):
    def powers():
        moments = optimizers.values(trainer.first.moments())
        return {name: float(value) for name, value in moments.items() if name.endswith('beta2_power')}

    trainer.train_step(3, 0, 0)
    trainer.train_step(3, 1, 16)
    assert powers() == pytest.approx({'D/beta2_power': 0.99**5, 'G/beta2_power': 0.99**3})
    trainer.reset_optimizers()
    assert powers() == pytest.approx({'D/beta2_power': 0.99, 'G/beta2_power': 0.99})
    moments = optimizers.values(trainer.first.moments())
    assert all((value == 0).all() for name, value in moments.items() if name.endswith(('/m', '/v')))


def test_a_step_has_the_learning_rates_and_the_smoothing_of_its_resolution_and_time(training_data):
    """The first step of Adam after a reset changes a weight by the learning rate, up or down, or not at all."""
    texts = dict(G_lrate='8:4e-3', D_lrate='8:2e-3', lrate_decay='0.5', G_smoothing_kimg='1,8:0.016', total_kimg='2')
    parsed = {name: config.Train.SETTINGS[name].type.parse(text) for name, text in texts.items()}
    cfg = config.Train(fmap_base=64, fmap_max=8, lod_initial_resolution=8, **parsed)
    with tfutil.init_tf(cpu=True):
        trainer = Trainer(cfg, dataset.Pyramid(training_data))
        trainer.prepare(3, 8)
        trainer.set_lod(0.0)
        for images_seen, factor in ((0, 1), (1500, 0.1**0.5)):  # the decay is from 1 to 2 kimg
            trainer.reset_optimizers()
            trainer.initialise()
            before = {role: network.values() for role, network in trainer.first.networks.items()}
            trainer.train_step(3, 0, images_seen)
            for role, lrate in (('G', 4e-3), ('D', 2e-3)):
                values = getattr(trainer.first, role).values()
                changes = np.concatenate([(values[name] - before[role][name]).ravel() for name in values])
                assert np.median(np.abs(changes[changes != 0])) == pytest.approx(lrate * factor, rel=1e-3)
        trainer.first.Gs.set({name: value + 1 for name, value in trainer.first.G.values().items()})
        trainer.set_lod(0.0)
        trainer.train_step(3, 0, 0, learn=False)  # 8 images, half of 16
        changes = [values - trainer.first.G.values()[name] for name, values in trainer.first.Gs.values().items()]
        assert_allclose(np.concatenate([change.ravel() for change in changes if change.ndim]), 0.5**0.5, rtol=1e-4)


# Parameters of the reference's G_paper that a data set does not decide.
REFERENCE_OPTIONS = 'fmap_base fmap_decay fmap_max latent_size use_wscale use_pixelnorm use_leakyrelu fused_scale'


def test_options_of_the_networks_are_those_of_the_reference_and_begin_with_its_deviations(training_data, random):
    options = dict(fmap_base=2048, fmap_decay=0.5, fmap_max=512, latent_size=20)
    cfg = config.Train(no_pixelnorm=True, relu=True, no_wscale=True, no_fused_scale=True, cpu=True, **options)
    with tfutil.init_tf(cpu=True):
        trainer = Trainer(cfg, dataset.Pyramid(training_data))
        trainer.initialise()
        G, D = trainer.first.G, trainer.first.D
        assert set(G.static_kwargs) == {*REFERENCE_OPTIONS.split(), 'num_channels', 'resolution', 'label_size'}
        latents = random.randn(4, 20).astype(np.float32)
        plain = dict(act=lambda x: np.maximum(x, 0), wscale=False, pixelnorm=False, fused=False)
        expected = reference.generator(G.values(), latents, np.zeros([4, 0]), 3, 0, **plain)
        assert_allclose(G.run(latents, np.zeros([4, 0])), expected, atol=1e-4)
        gains = {'G/4x4/Dense': 2**0.5 / 4, 'G/ToRGB_lod0': 1, 'G/ToRGB_lod1': 1, 'D/4x4/Dense1': 1}  # else root 2
        for role, network in (('G', G), ('D', D)):
            for local, value in network.values().items():
                layer, _, kind = ('%s/%s' % (role, local)).rpartition('/')
                if kind == 'weight':
                    he = gains.get(layer, 2**0.5) / np.prod(value.shape[:-1]) ** 0.5
                    assert value.std() == pytest.approx(he, rel=4 / value.size**0.5), layer
        maps = [int(2048 / 2 ** (0.5 * stage)) for stage in range(3)]
        assert maps == [2048, 1448, 1024] and G.values()['8x8/Conv1/weight'].shape == (3, 3, 512, 512)
        assert trainer.batches.for_G(0, 4, 3, 0.0)['latents'].shape == (4, 20)


def test_a_network_without_feature_maps_is_refused(refuses, training_data):
    flags = '--fmap-base 4 --fmap-decay 1.5 --cpu'.split()
    refuses('3-train.py', '--data', training_data, *flags, parts=['--fmap-base 4', '--fmap-decay 1.5', '8x8'])


def with_labels(folder, training_data, vectors):
    dataset.write(str(folder), 'AIS', dataset.read(training_data + '/AIS-r03.tfrecords', len(vectors)))
    with open(str(folder / 'AIS-rxx.labels'), 'wb') as f:
        np.save(f, vectors)
    return str(folder)


def test_a_step_is_fed_the_labels_that_lie_beside_the_data(tmp_path, training_data, random):
    vectors = random.randn(20, 3).astype(np.float32)
    data = dataset.Pyramid(with_labels(tmp_path / 'AIS', training_data, vectors))
    cfg = config.Train(fmap_base=64, fmap_max=8, conditional=True, max_label_size=2)
    with tfutil.init_tf():
        trainer = Trainer(cfg, data)
        fed = trainer.batches.for_D(0, 0, 8, 3, 0.0)
    assert trainer.batches.labels.shape[1] == 2
    for label, image in zip(fed['labels'], fed['pixels']):
        (index,) = [i for i in range(20) if np.array_equal(data.images[3][i], image)]
        assert_array_equal(label, vectors[index, :2])


@pytest.mark.slow
def test_one_hot_labels_of_a_file_name_the_classes_of_the_weights(tmp_path, training_data, script, refuses):
    folder = with_labels(tmp_path / 'AIS', training_data, np.eye(3, dtype=np.float32)[np.arange(20) % 3])
    flags = '--total-kimg', '0.064', '--conditional'
    code, out, err = train(script, folder, tmp_path / 'results', *flags)
    assert code == 0, err
    weights_file = str(tmp_path / 'results' / '000-AIS' / 'network-final.pkl')
    assert card.of_weights(weights_file).class_names(3) == ['class0', 'class1', 'class2']
    refuses('3-train.py', '--data', folder, '--max-label-size', 2, parts=['--max-label-size 2', '--conditional'])
    parts = ['--max-label-size 4', 'AIS-rxx.labels', 'have 3 numbers']
    refuses('3-train.py', '--data', folder, '--conditional', '--max-label-size', 4, parts=parts)
    os.remove(str(tmp_path / 'AIS' / 'AIS-rxx.labels'))
    refuses('3-train.py', '--data', folder, '--conditional', parts=['NAME-rxx.labels', 'one class'])
