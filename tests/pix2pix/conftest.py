import functools
import os

import numpy as np
import pytest

from common import images
from pix2pix import data
from pix2pix.__main__ import main
from runs import TINY_PIX2PIX


@pytest.fixture
def pix2pix(outcome):
    """Runs python -m pix2pix; returns exit code, stdout and stderr."""
    return functools.partial(outcome, main)


@pytest.fixture(scope='session')
def pairs(tmp_path_factory):
    """A folder of 13 CT | mask pictures of 32x32; the nodule is bright where the mask is white."""
    folder, random = tmp_path_factory.mktemp('pairs'), np.random.RandomState(0)
    for i in range(13):
        mask = data.draw('ellipse', random.uniform(6, 12), 32, random)
        patch = np.clip(80 + 70.0 * (mask > 0) + 5 * random.randn(1, 32, 32), 0, 255).astype(np.uint8)
        images.save(str(folder / ('%02d.png' % i)), np.concatenate([patch, mask], axis=2))
    (folder / (folder.name + '.json')).write_text('{"window": [-1000, 400], "mm_per_pixel": 0.7}')
    return str(folder)


@pytest.fixture(scope='session')
def trained(pairs, tmp_path_factory):
    """A pickle of 4 epochs."""
    outdir = tmp_path_factory.mktemp('trained')
    main(['train', '--data', pairs, '--outdir', str(outdir)] + TINY_PIX2PIX)
    return str(outdir / os.listdir(str(outdir))[0] / 'network-final.pkl')
