"""Settings of python -m metrics: a record for each of its sub-commands."""

from common.commandline import group, settings
from common.types import fraction, integers, nonempty, positive, positive_float, texts
from config import CPU, SEED

TrainOutlines = settings(
    'TrainOutlines',
    'train the network that outlines nodules',
    group(
        'input',
        pairs=(..., 'folders of CT | mask pictures, best of 64x64, as 0-dataset_create.py pairs makes them', texts),
        held_out=(0.1, 'share of the pairs on which the threshold is set and the result is measured', fraction),
    ),
    group(
        'output', out=('results/outlines.npz', 'file of the weights; metrics/outlines.npz is the one in use', nonempty)
    ),
    group(
        'optimization',
        steps=(5000, 'training steps', positive),
        minibatch=(64, 'patches in a step', positive),
        lrate=(2e-3, 'learning rate; it falls to zero as half a cosine', positive_float),
    ),
    group('model', maps=('12,24,40,56', 'feature maps of each level, of half the width of the one before', integers)),
    group('randomness', seed=SEED),
    group('hardware', cpu=CPU),
    inputs='pairs',
    example='python -m metrics train-outlines datasets/pairs --out metrics/outlines.npz',
)
DESCRIPTION = 'The network that outlines nodules.'
COMMANDS = {'train-outlines': TrainOutlines}
