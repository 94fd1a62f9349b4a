"""Weights of another run: where training begins with them, and those without fused scaling."""

import json
import os

import numpy as np
import pytest
from numpy.testing import assert_allclose

import config
import networks
import tfutil
from common import safe_pickle
from dataset import Pyramid, write
from places import ONCE
from runs import random_networks
from training import transfer
from training.step import Trainer


def state(resolution, lod):
    return dict(static_kwargs=dict(resolution=resolution), variables=[('lod', np.float32(lod))])


def test_training_begins_at_the_resolution_that_the_weights_were_trained_at():
    cases = {(64, 0): 64, (32, 0): 32, (64, 1): 32, (64, 1.5): 16, (64, 4): 4, (64, 9): 4}
    for (resolution, lod), expected in cases.items():
        assert transfer.resolution([state(resolution, lod)] * 3) == expected


@pytest.mark.slow
@ONCE
def test_a_run_says_and_keeps_the_resolution_of_its_transferred_weights(succeeds, tmp_path, random):
    write(str(tmp_path / 'noise'), 'noise', random.randint(256, size=[8, 1, 8, 8]).astype(np.uint8))
    weights = random_networks(str(tmp_path / 'weights.pkl'))
    flags = '--fmap-base 64 --fmap-max 8 --minibatch 4 --total-kimg 0.004 --cpu --data'.split()
    flags += [tmp_path / 'noise', '--outdir', tmp_path / 'out', '--transfer', weights]
    assert [line[:3] for line in succeeds('3-train.py', *(flags + ['--dry-run'])).splitlines()[1:2]] == ['8x8']
    assert 'begins at 8x8' in ' '.join(succeeds('3-train.py', *flags).split())
    assert '"lod_initial_resolution": 8' in (tmp_path / 'out' / '000-noise' / 'run.json').read_text()
    out = succeeds('3-train.py', *(flags + ['--lod-initial-resolution', 4]))
    assert 'begins at 4x4' in ' '.join(out.split())
    os.remove(weights)  # a run that goes on does without them
    before = json.loads((tmp_path / 'out' / '000-noise' / 'run.json').read_text())['data']
    torn = tmp_path / 'out' / '000-noise' / 'network-snapshot-000009.pkl'
    torn.write_bytes(b'without a state, so it is passed over')
    succeeds('3-train.py', '--resume', tmp_path / 'out' / '000-noise', '--total-kimg', '0.008', '--cpu')
    assert json.loads((tmp_path / 'out' / '000-noise' / 'run.json').read_text())['data'] == before


@pytest.mark.slow
def test_a_generator_without_fused_scaling_is_taken_exactly_and_its_discriminator_is_not(tmp_path, random):
    path = random_networks(str(tmp_path / 'unfused.pkl'), fused_scale=False)
    write(str(tmp_path / 'noise'), 'noise', random.randint(256, size=[8, 1, 16, 16]).astype(np.uint8))
    latents, no_labels = random.randn(4, 8), np.zeros([4, 0])
    with tfutil.init_tf(cpu=True):
        G, D, Gs = tfutil.load(path, networks.BUILDERS)
        for network in (G, Gs):  # biases, too, are matched by name
            network.set({n: random.randn(*v.shape) for n, v in network.values().items() if n.endswith('bias')})
        tfutil.save(path, (G, D, Gs))
        expected = G.run(latents, no_labels), Gs.run(latents, no_labels)
        trainer = Trainer(config.Train(fmap_base=64, fmap_max=8), Pyramid(str(tmp_path / 'noise')))
        result, line = transfer.matching_variables(path, safe_pickle.read(path), trainer.first.networks)
        trainer.initialise(result)
        assert_allclose(trainer.first.G.run(latents, no_labels), expected[0], atol=1e-5)
        assert_allclose(trainer.first.Gs.run(latents, no_labels), expected[1], atol=1e-5)
        images = random.randn(4, 1, 16, 16)
        trainer.first.D.set({n.replace('Conv1/', 'Conv1_down/'): v for n, v in D.values().items()})
        assert np.abs(trainer.first.D.run(images)[0] - D.run(images)[0]).max() > 1e-3  # no equal: averaged elsewhere
    assert '4 kernels turned' in line and 'D/8x8/Conv1_down/weight' in line and 'G/' not in line


@pytest.mark.slow
def test_a_generator_with_fused_scaling_is_taken_exactly_by_one_without_it(tmp_path, random):
    path = random_networks(str(tmp_path / 'fused.pkl'))
    write(str(tmp_path / 'noise'), 'noise', random.randint(256, size=[8, 1, 16, 16]).astype(np.uint8))
    latents, no_labels = random.randn(4, 8), np.zeros([4, 0])
    with tfutil.init_tf(cpu=True):
        (Gs,) = tfutil.load(path, networks.BUILDERS, 'Gs')
        trainer = Trainer(config.Train(fmap_base=64, fmap_max=8, no_fused_scale=True), Pyramid(str(tmp_path / 'noise')))
        result, line = transfer.matching_variables(path, safe_pickle.read(path), trainer.first.networks)
        trainer.initialise(result)
        assert_allclose(trainer.first.Gs.run(latents, no_labels), Gs.run(latents, no_labels), atol=1e-5)
    assert '4 kernels turned' in line and 'D/8x8/Conv1/weight' in line and 'G/' not in line


def test_weights_that_are_scaled_elsewhere_are_refused(tmp_path):
    for use_wscale, remedy in ((True, 'leave out --no-wscale'), (False, 'add --no-wscale')):
        path = random_networks(str(tmp_path / 'x.pkl'), resolution=4, use_wscale=use_wscale)
        assert len(transfer.read(path, use_wscale)) == 3
        with pytest.raises(ValueError, match=remedy):
            transfer.read(path, not use_wscale)
