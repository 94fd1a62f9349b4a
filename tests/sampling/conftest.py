import pytest

import networks
import tfutil
from tfutil import tf


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """A pickle of random networks of 16x16 with two classes."""
    path = str(tmp_path_factory.mktemp('weights') / 'random.pkl')
    with tfutil.init_tf(cpu=True):
        tf.set_random_seed(1)
        tfutil.save(
            path,
            [
                tfutil.Network(name, build, resolution=16, label_size=2, fmap_base=128, fmap_max=16)
                for name, build in (('G', networks.G_paper), ('D', networks.D_paper), ('Gs', networks.G_paper))
            ],
        )
    return path
