"""The loop against 40 iterations of the reference implementation: its weights after them, from the same feeds.

tests/data/trajectory.npz holds what the reference (TensorFlow 1.12, float32, CPU) was fed and what it gave: 16x16,
grown from 4x4 with fades, minibatch 8, a look at the schedule every four iterations.
"""

import os

import numpy as np
import pytest

import config
import tfutil
from places import ONCE, ROOT
from training import sampler, schedule
from training.step import Trainer
from training.train import TrainingLoop

STEPS, ORDERS = 40, 16
SETTINGS = dict(
    fmap_base=64, fmap_max=8, minibatch='8', lod_training_kimg=0.064,
    lod_transition_kimg=0.064, total_kimg=0.32, cpu=True,
)  # fmt: skip


class Noise:
    """The shape of the reference's data; what is trained with comes from its file."""

    top, count, classes = 4, 40, ['AIS']
    labels = np.zeros(40, int)
    images = {level: np.zeros([40, 1, 2**level, 2**level], np.uint8) for level in (2, 3, 4)}


@pytest.fixture(scope='module')
def reference():
    """{key: array}, the parts of keys joined by |."""
    with np.load(os.path.join(ROOT, 'tests', 'data', 'trajectory.npz')) as archive:
        return dict(archive)


def weights(reference, moment):
    """{network: {variable: array}} of the reference at a moment: initial, or weights|STEP, after that iteration."""
    result = {name: {} for name in ('G', 'D', 'Gs')}
    for key, array in reference.items():
        if key.startswith(moment + '|'):
            network, *local = key[len(moment) + 1 :].split('|')
            result[network]['/'.join(local)] = array
    return result


def selection():
    return sampler.Selection(np.zeros([Noise.count, 0]), sampler.Sampler(np.arange(Noise.count), Noise.labels, 0), None)


def feed(trainer, reference, order, begin=0):
    """Feed a trainer what the reference was fed in the iterations from `begin` on."""
    labels = np.zeros([8, 0])

    def for_D(step, images_seen, n, level, augment):
        fed = [reference['%s|%d' % (name, begin + step)][order] for name in ('latents_D', 'pixels', 'mix')]
        return dict(latents=fed[0], labels=labels, pixels=fed[1], mix=fed[2])

    def for_G(step, n, level, augment):
        return dict(latents=reference['latents_G|%d' % (begin + step)][order], labels=labels)

    trainer.batches.for_D, trainer.batches.for_G = for_D, for_G


def orders():
    """Ways to order the 8 images of a minibatch that change rounding only; groups are those of even and odd places."""
    yield np.arange(8)
    for seed in range(ORDERS - 1):
        permuted = np.random.RandomState(seed).permutation
        yield np.stack([2 * permuted(4), 2 * permuted(4) + 1], axis=1).ravel()


def trained(reference, **changed):
    """For each of `orders`: [(lod, mean loss of D, {network: {variable: array}})] after each of our iterations."""
    cfg = config.Train(**dict(SETTINGS, **changed))
    with tfutil.init_tf(cpu=True):
        trainer = Trainer(cfg, Noise, selection())
        loop = TrainingLoop(trainer)
        loop.build()
        for order in orders():
            feed(trainer, reference, order)
            trainer.reset_optimizers()
            trainer.initialise(weights(reference, 'initial'))
            loop.step, loop.images_seen, loop.phase, result = 0, 0, schedule.phase(0, cfg, Noise.top), []
            while not loop.is_over():
                terms = loop.iterate()
                values = {name: network.values() for name, network in trainer.first.networks.items()}
                result.append((loop.phase.lod, terms['critic_loss'], values))
            yield result


def differences(reference, result):
    """{step: largest difference of a weight}."""
    largest = {}
    for key, array in reference.items():
        if key.startswith('weights|'):
            _, step, network, *local = key.split('|')
            difference = np.abs(result[int(step)][2][network]['/'.join(local)] - array).max()
            largest[int(step)] = max(largest.get(int(step), 0), float(difference))
    return largest


def test_forty_iterations_end_in_the_weights_of_the_reference(reference):
    """Where an activation is zero but for rounding, leaky ReLU has either slope, and weights part by 1e-3 from there.

    So the images of the minibatches are also tried in other orders, which differ in rounding only.
    """
    least, losses = {}, [float(reference['critic_loss|%d' % step]) for step in range(STEPS)]
    for result in trained(reference):
        assert [lod for lod, _, _ in result] == [float(reference['lod|%d' % step]) for step in range(STEPS)]
        assert [loss for _, loss, _ in result[:33]] == pytest.approx(losses[:33], rel=2e-6)
        largest = differences(reference, result)
        print('largest differences: %s' % ', '.join('%.1e after %d' % (d, s) for s, d in sorted(largest.items())))
        assert sorted(largest) == [0, 11, 12, 15, 16, 39] and max(d for s, d in largest.items() if s < 39) < 1e-6
        least = min(least or largest, largest, key=lambda each: each[39])
        if least[39] <= 1e-5:
            break
    assert least[39] <= 1e-5


@pytest.mark.slow
@ONCE
def test_moments_that_are_kept_lead_elsewhere_from_the_first_fade_on(reference):
    largest = differences(reference, next(trained(reference, no_reset_optimizers=True)))
    assert largest[11] < 1e-6 < 1e-4 < largest[12]


@pytest.mark.parametrize('begin, end', [(12, 15), (16, 16)])
def test_weights_of_the_reference_go_on_in_the_middle_of_a_fade_and_at_its_end(reference, begin, end):
    """The reference forgets its moments before these iterations, as it does where it begins from a file.

    Before the 12th 8x8 is half faded in, before the 16th wholly. The weights are those of the iteration before, of
    which the file has only the 11th and the 15th.
    """
    cfg = config.Train(**dict(SETTINGS, transfer='reference.pkl', resume_kimg=begin * 8 / 1000))
    with tfutil.init_tf(cpu=True):
        trainer = Trainer(cfg, Noise, selection())
        loop = TrainingLoop(trainer)
        assert loop.phase.lod == float(reference['lod|%d' % begin])
        loop.build()
        feed(trainer, reference, np.arange(8), begin)
        trainer.reset_optimizers()
        trainer.initialise(weights(reference, 'weights|%d' % (begin - 1)))
        trainer.set_lod(loop.phase.lod)
        for _ in range(begin, end + 1):
            loop.iterate()
        for name, expected in weights(reference, 'weights|%d' % end).items():
            values = trainer.first.networks[name].values()
            assert max(np.abs(values[local] - array).max() for local, array in expected.items()) < 1e-6
