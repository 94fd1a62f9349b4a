import functools
import os

import pytest

from pix2pix.__main__ import main
from runs import TINY_PIX2PIX


@pytest.fixture
def pix2pix(outcome):
    """Runs python -m pix2pix; returns exit code, stdout and stderr."""
    return functools.partial(outcome, main)


@pytest.fixture(scope='session')
def trained(pairs, tmp_path_factory):
    """A pickle of 4 epochs."""
    outdir = tmp_path_factory.mktemp('trained')
    main(['train', '--data', pairs, '--outdir', str(outdir)] + TINY_PIX2PIX)
    return str(outdir / os.listdir(str(outdir))[0] / 'network-final.pkl')
