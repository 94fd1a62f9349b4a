import numpy as np
import pytest

from common import hounsfield
from created import phantom


@pytest.fixture(scope='session')
def phantoms():
    """400 phantoms of 32x32."""
    made = [phantom('MIA', np.random.RandomState([7, i]), 32, 1.2).hu for i in range(400)]
    return hounsfield.to_gray(np.array(made)[:, None], hounsfield.WINDOWS['paper'])


@pytest.fixture(scope='session')
def weights(tmp_path_factory):
    """A pickle of random networks of 16x16."""
    from runs import random_networks  # here, as TensorFlow takes seconds to load

    return random_networks(str(tmp_path_factory.mktemp('weights') / 'random.pkl'))
