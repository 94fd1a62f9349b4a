import numpy as np
import pytest

from common import hounsfield
from dataset_tools.phantom import phantom


@pytest.fixture(scope='session')
def phantoms():
    """400 phantoms of 32x32."""
    made = [phantom('MIA', np.random.RandomState([7, i]), 32, 1.2).hu for i in range(400)]
    return hounsfield.to_gray(np.array(made)[:, None], hounsfield.WINDOWS['paper'])
