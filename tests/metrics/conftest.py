import numpy as np
import pytest

from common import hounsfield
from created import phantom
from metrics import filters, nodules


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


@pytest.fixture
def discs(monkeypatch):
    """Nodules are what is brighter than three quarters of an image near its middle, for tests without the network."""

    def outline(images, window, at, probabilities):
        size = images.shape[-1]
        smooth = filters.binomial_blur(images.mean(axis=1, keepdims=True).astype(np.float32))[:, 0]
        bright = smooth > np.percentile(smooth, 25, axis=(1, 2), keepdims=True)
        rows, columns = np.indices([size, size]) - (size - 1) / 2.0
        return bright & (np.hypot(rows, columns) < size / 4)

    monkeypatch.setattr(nodules, '_outline', outline)
