"""Runs of every kind, to be disturbed."""

import collections

import numpy as np
import pytest

import dataset
from pix2pix import trainer
from runs import TINY, TINY_PIX2PIX, random_networks
from training import checkpoint

# command: how it is started. needed, roles: how checkpoint.last and safe_pickle.read are told what it writes.
Kind = collections.namedtuple('Kind', 'name command needed roles')


@pytest.fixture(scope='session')
def classes(tmp_path_factory):
    """A folder of two data sets of 20 images of 16x16."""
    folder, random = tmp_path_factory.mktemp('classes'), np.random.RandomState(0)
    for name in ('AIS', 'MIA'):
        dataset.write(str(folder / name), name, random.randint(256, size=[20, 1, 16, 16]).astype(np.uint8))
    return str(folder)


@pytest.fixture
def kind(request, classes, pairs, tmp_path_factory):
    """The Kind that the test's parameter names."""
    name, needed, roles = request.param, {}, ()
    if name == 'pix2pix':
        command = ['-m', 'pix2pix', 'train', '--data', pairs] + TINY_PIX2PIX
        needed, roles = dict(needed=(checkpoint.STEP, checkpoint.ELAPSED)), (trainer.ROLES,)
    else:
        path = str(tmp_path_factory.mktemp('transfer') / 'a.pkl')
        command = ['3-train.py', '--data', classes + ('' if name == 'conditional' else '/AIS')] + TINY
        command += ['--total-kimg', '0.32']
        command += {
            'plain': [],
            'conditional': ['--conditional'],
            'metrics': ['--metrics', 'swd'],
            'transfer': ['--transfer', random_networks(path, latent_size=8)],
        }[name]
    return Kind(name, command, needed, roles)
