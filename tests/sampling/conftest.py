import pytest

from runs import random_networks


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """A pickle of random networks of 16x16 with two classes."""
    path = str(tmp_path_factory.mktemp('weights') / 'random.pkl')
    return random_networks(path, label_size=2, fmap_base=128, fmap_max=16)
