"""What tests of training share: small runs and their weights."""

import os
import subprocess
import sys
import time

import numpy as np

import networks
import tfutil
from common import safe_pickle
from places import ROOT
from tfutil import tf

TINY = '--fmap-base 64 --fmap-max 8 --minibatch 8 --lod-training-kimg 0.064 --lod-transition-kimg 0.064'.split()
TINY += '--tick-kimg 0.064 --snapshot-kimg 0.064 --total-kimg 0.32'.split()
TINY_PIX2PIX = '--ngf 4 --ndf 4 --minibatch 4 --epochs 4 --snapshot-epochs 1 --keep 0 --cpu'.split()


def train(script, data, outdir, *arguments):
    return script('3-train.py', '--data', data, '--outdir', outdir, *(TINY + list(arguments)))


def random_networks(path, **options):
    """A pickle of random networks of 16x16; options: of their builders."""
    builders = ('G', networks.G_paper), ('D', networks.D_paper), ('Gs', networks.G_paper)
    with tfutil.init_tf(cpu=True):
        tf.set_random_seed(1)
        tfutil.save(path, [tfutil.Network(name, build, resolution=16, **options) for name, build in builders])
    return path


def weights(path):
    return [dict(state['variables']) for state in safe_pickle.read(str(path))]


def assert_same_weights(one, other, limit=0):
    for a, b in zip(weights(one), weights(other)):
        for name in a:
            assert np.abs(a[name] - b[name]).max() <= limit, name


def start(training_data, outdir, *arguments):
    return subprocess.Popen(
        [sys.executable, os.path.join(ROOT, '3-train.py'), '--data', training_data, '--outdir', str(outdir)]
        + TINY
        + list(arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def await_file(process, path):
    while not os.path.exists(str(path)):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
