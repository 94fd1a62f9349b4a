"""Settings of 5-classify.py: a record for each of its sub-commands."""

from common.commandline import settings
from common.types import nonempty, positive, positive_float, wants
from config import CPU, SEED, Progan

GENERATORS = 'results/gans/fold{fold}/{class}'


@wants('numbers above 0, with commas')
def ratios(text):
    """The numbers as text, sorted."""
    found = sorted({positive_float(part) for part in text.split(',')})
    return ','.join('%g' % ratio for ratio in found)


TRAINING = (
    'total_kimg lod_initial_resolution lod_training_kimg lod_transition_kimg minibatch D_repeats G_lrate D_lrate '
    'G_smoothing mirror_augment balance_classes holdout augment_critic freeze_critic fmap_base fmap_max '
    'mbstd_group_size tick_kimg snapshot_kimg keep metrics precision xla gpus cpu seed'
).split()  # settings of 3-train.py that hold for all generators

Gans = settings(
    'Gans',
    inputs='data pretrain',
    writer='training',
    example='python 5-classify.py gans --data datasets/cv --outdir results/gans --total-kimg 300',
    groups='input: data conditional pretrain; output: outdir; training, as of 3-train.py: ' + ' '.join(TRAINING),
    data=('datasets/cv', 'a folder of folds, as 0-dataset_create.py --folds writes it'),
    outdir=('results/gans', 'where FOLD/CLASS/RUN goes'),
    conditional=(False, 'one network with labels for each fold, instead of one for each class'),
    pretrain=(None, 'start each from these weights, which must have seen none of the nodules', nonempty),
    **{name: Progan.ROWS[name] for name in TRAINING},
)
Run = settings(
    'Run',
    inputs='data generators pix2pix phantoms',
    example='python 5-classify.py run --data datasets/cv --arms raw,common,duplicates,gan,shuffled',
    groups='input: data generators trust_generators pix2pix phantoms; experiment: arms ratios repeats; '
    'training: network steps minibatch lrate; output: outdir; randomness: seed; hardware: cpu',
    data=('datasets/cv', 'a folder of folds, as 0-dataset_create.py --folds writes it'),
    generators=(GENERATORS, 'weight files or run folders of generators; without {class}: networks with labels'),
    trust_generators=(False, 'take generators of which nobody knows from which nodules they learnt'),
    pix2pix=(
        None,
        'for the arm of that name: datasets of patches that pix2pix drew, with {fold} and {class}',
        nonempty,
    ),
    phantoms=(None, 'for the arm phantom: datasets of phantoms, with {class}', nonempty),
    arms=('raw,common,duplicates,gan,shuffled', 'ways to train, with commas: see docs/classification.md', nonempty),
    ratios=('1', 'numbers of generated images for a real one, with commas', ratios),
    repeats=(3, 'trainings of each arm in each fold', positive),
    network=('small', 'small, of 0.25 million parameters, or resnet10', ('small', 'resnet10')),
    steps=(600, 'optimiser steps of each training, the same for all arms', positive),
    minibatch=(32, 'images in a step, as many of each class', positive),
    lrate=(0.001, 'learning rate of Adam', positive_float),
    outdir=('results/classification', 'folder of the experiment, where it also goes on'),
    seed=SEED,
    cpu=CPU,
)
Predict = settings(
    'Predict',
    inputs='model data',
    example='python 5-classify.py predict --model results/classification/classifiers/common-fold0.pkl',
    model=('model.pkl', 'the classifier'),
    data=('processData/AIS', 'a dataset folder, a folder of class folders, or a folder of pictures'),
    out=('predictions.csv', 'the table of probabilities, of images and of nodules'),
    cpu=CPU,
)
COMMANDS = dict(
    gans=(Gans, 'train a generator for each class on the training side of each fold'),
    run=(Run, 'train classifiers with and without generated images, and compare them'),
    predict=(Predict, 'the probabilities that a classifier gives images'),
)
