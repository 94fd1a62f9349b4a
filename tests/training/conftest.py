import os
import subprocess
import sys

import pytest

import config
import dataset
import tfutil
from places import ROOT
from runs import TINY
from training.step import Trainer


@pytest.fixture(scope='session')
def finished_run(tmp_path_factory, training_data):
    """The folder of an uninterrupted run."""
    outdir = str(tmp_path_factory.mktemp('finished_run'))
    subprocess.check_call(
        [sys.executable, os.path.join(ROOT, '3-train.py'), '--data', training_data, '--outdir', outdir] + TINY
    )
    return os.path.join(outdir, '000-AIS')


@pytest.fixture
def trainer(training_data):
    cfg = config.Train(fmap_base=64, fmap_max=8, mirror_augment=True, D_repeats=2)
    with tfutil.init_tf():
        trainer = Trainer(cfg, dataset.Pyramid(training_data))
        trainer.prepare(3, 8)
        trainer.reset_optimizers()
        trainer.initialise()
        trainer.set_lod(1.5)
        yield trainer
