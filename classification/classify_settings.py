"""Settings of 5-classify.py: a record for each of its sub-commands."""

from common.commandline import group, settings
from common.types import flag_type, nonempty, positive, positive_float
from config import CPU, SEED, Train

GENERATORS = 'results/gans/fold{fold}/inner{inner}/{class}'
REPEATS = 3


@flag_type('numbers above 0, with commas')
def ratios(text):
    """The numbers as text, sorted."""
    values = sorted({positive_float.parse(part) for part in text.split(',')})
    return ','.join('%g' % value for value in values)


DATA = 'datasets/cv', 'a folder of folds with inner folds, as 0-dataset_create.py --folds --inner writes it'
TRAINING = (
    'total_kimg lod_initial_resolution lod_training_kimg lod_transition_kimg minibatch D_repeats G_lrate D_lrate '
    'lrate_decay G_smoothing G_smoothing_kimg mirror_augment balance_classes holdout augment_critic freeze_critic '
    'fmap_base fmap_decay fmap_max latent_size no_pixelnorm relu no_wscale no_fused_scale mbstd_group_size '
    'max_minibatch_per_gpu tick_kimg snapshot_kimg keep metrics precision xla gpus cpu seed'
).split()  # settings of 3-train.py that hold for all generators

Gans = settings(
    'Gans',
    'train generators for each class and fold, each on the training split of an inner fold',
    group(
        'input',
        data=DATA,
        repeats=(
            REPEATS,
            'generators for each class and fold, each on the training split of another inner fold',
            positive,
        ),
        conditional=(False, 'one network with labels instead of one for each class'),
        pretrain=(None, 'start each from these weights, which must have seen none of the nodules', nonempty),
    ),
    group('output', outdir=('results/gans', 'folder for FOLD/INNER/CLASS/RUN')),
    group('training, as of 3-train.py', **{name: Train.SETTINGS[name] for name in TRAINING}),
    inputs='data pretrain',
    writer='training',
    example='python 5-classify.py gans --data datasets/cv --outdir results/gans --total-kimg 300',
)
Run = settings(
    'Run',
    'train classifiers with and without generated images, and compare them',
    group(
        'input',
        data=DATA,
        generators=(GENERATORS, 'weight files or run folders of generators; without {class}: networks with labels'),
        trust_generators=(False, 'accept generators that learned from other data than the training split'),
        pix2pix=(
            None,
            'for the arm pix2pix: datasets of patches that it drew, with {fold}, {inner} and {class}',
            nonempty,
        ),
        phantoms=(None, 'for the arm phantom: datasets of phantoms, with {class}', nonempty),
    ),
    group(
        'experiment',
        arms=('raw,common,duplicates,gan,shuffled', 'ways to train, with commas: see docs/classification.md', nonempty),
        ratios=('1', 'numbers of generated images for a real one, with commas', ratios),
        repeats=(REPEATS, 'trainings of each arm in each fold, each with generators of its own', positive),
    ),
    group(
        'training',
        network=('small', 'small, of 0.25 million parameters, or resnet10', ('small', 'resnet10')),
        steps=(600, 'optimiser steps of each training, the same for all arms', positive),
        minibatch=(32, 'images in a step, as many of each class', positive),
        lrate=(0.001, 'learning rate of Adam', positive_float),
    ),
    group('output', outdir=('results/classification', 'folder of the experiment, where it also goes on')),
    group('randomness', seed=SEED),
    group('hardware', cpu=CPU),
    inputs='data generators pix2pix phantoms',
    example='python 5-classify.py run --data datasets/cv --arms raw,common,duplicates,gan,shuffled',
)
Predict = settings(
    'Predict',
    'the probabilities that a classifier gives images',
    inputs='model data',
    example='python 5-classify.py predict --model results/classification/classifiers/common-fold0.pkl',
    model=('model.pkl', 'the classifier'),
    data=('processData/AIS', 'a dataset folder, a folder of class folders, or a folder of pictures'),
    out=('predictions.csv', 'the table of probabilities, of images and of nodules'),
    cpu=CPU,
)
DESCRIPTION = (
    'Do generated nodules help a classifier? Generators for folds, the experiment with its controls, and predictions.'
)
COMMANDS = dict(gans=Gans, run=Run, predict=Predict)
