"""Random networks, and scripts that open each of them once."""

import contextlib

import numpy as np
import pytest

import networks
import tfutil
from runs import random_networks
from sampling import Generator, inference


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """A pickle of random networks of 16x16 with two classes."""
    path = str(tmp_path_factory.mktemp('weights') / 'random.pkl')
    return random_networks(path, label_size=2, fmap_base=128, fmap_max=16)


@pytest.fixture(scope='session')
def plain(tmp_path_factory):
    """An 8x8 network without labels, unfused, snapshotted while it grew."""
    path = str(tmp_path_factory.mktemp('model') / 'plain.pkl')
    with tfutil.init_tf():
        G = tfutil.Network('G', networks.G_paper, resolution=8, fmap_base=64, fmap_max=8, fused_scale=False)
        G.set({'lod': 0.25})
        Gs = G.clone('Gs')
        G.set({'4x4/Conv/bias': np.ones(8)})
        tfutil.save(path, (G, tfutil.Network('D', networks.D_paper, resolution=8, fmap_base=64, fmap_max=8), Gs))
    return path


@pytest.fixture(scope='session')
def opened():
    """Generators by path, role and cpu."""
    generators = {}
    yield generators
    for generator in generators.values():
        generator.close()


@pytest.fixture(autouse=True)
def _generators_are_opened_once(monkeypatch, opened):
    @contextlib.contextmanager
    def open_once(*key):
        if key not in opened:
            opened[key] = Generator(*key)
        yield opened[key]

    monkeypatch.setattr(inference, 'Generator', open_once)
