"""Draws what a generator that only repeats its training images does to the choice of the step: docs/memorising.png.

If it saw the nodules that choose the step of a classifier, these look learned: their loss and the temperature of
calibration are too low. Ten minutes on two cores.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np  # noqa: E402
from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import tfutil  # noqa: E402
from classification import classifier_training, classify_settings, cross_validation  # noqa: E402
from classification.training_results import Training  # noqa: E402
from common import images  # noqa: E402
from common.commandline import command, parse, settings  # noqa: E402
from common.types import positive  # noqa: E402
from config import CPU  # noqa: E402

Settings = settings(
    'Settings',
    'Draws what a generator that only repeats its training images does to the choice of the step',
    data=classify_settings.DATA,
    inner=(2, 'inner folds of each fold', positive),
    steps=(600, 'optimiser steps of a training', positive),
    outdir=('docs', 'the output path'),
    cpu=CPU,
)
WAYS = {'common': 'no generated\nimages', 'new': 'it did not see\nthe nodules', 'old': 'it saw\nthe nodules'}
FACTS = {'inner_loss': 'loss on the nodules that choose the step', 'temperature': 'temperature of calibration'}
INK, SOFT, COLOURS = '#222222', '#767676', {'common': '#767676', 'new': '#4c72b0', 'old': '#c44e52'}


def memorised(*splits):
    """Added images of a generator that returns those of some Splits in random order: {'gan': (images, labels)}."""
    pixels, labels = [np.concatenate([getattr(split, part) for split in splits]) for part in ('images', 'labels')]
    order = np.random.RandomState(0).permutation(len(labels))
    return dict(gan=(pixels[order], labels[order]))


def measure(cfg):
    """{way of WAYS: {fact of FACTS: values [trainings]}}."""
    folds = cross_validation.Folds(cfg.data, cfg.inner)
    run = classify_settings.Run(data=cfg.data, steps=cfg.steps, cpu=cfg.cpu)
    values = {way: {fact: [] for fact in FACTS} for way in WAYS}
    for fold in range(folds.count):
        for inner in range(cfg.inner):
            splits = train, validation, _ = folds.splits(fold, inner)
            added = dict(common={}, new=memorised(train), old=memorised(train, validation))
            with tfutil.init_tf(cpu=cfg.cpu):
                classifier = classifier_training.TrainableClassifier(
                    run.network, train.images.shape[1:], folds.classes, run.lrate
                )
                for way in WAYS:
                    training = Training('common' if way == 'common' else 'gan', 1.0, inner, fold)
                    result = classifier_training.train_classifier(classifier, run, training, splits, added[way])
                    for fact in FACTS:
                        values[way][fact].append(result['facts'][fact])
    return values


def draw(values, path):
    """Write a PNG with a panel for each fact; lines join trainings of the same fold and inner fold."""
    figure = Figure(figsize=(8, 3.2), dpi=150)
    for place, (fact, label) in enumerate(FACTS.items()):
        axes = figure.add_axes([0.08 + 0.5 * place, 0.14, 0.41, 0.74])
        columns = np.array([values[way][fact] for way in WAYS])
        axes.plot(columns, color='#dddddd', linewidth=0.8, zorder=1)
        for x, (way, column) in enumerate(zip(WAYS, columns)):
            axes.plot(np.full(len(column), x), column, 'o', color=COLOURS[way], markersize=4, alpha=0.8)
            axes.plot([x - 0.18, x + 0.18], [column.mean()] * 2, color=INK, linewidth=1.6)
        axes.set_xlim(-0.5, 2.5)
        axes.set_xticks(range(3))
        axes.set_xticklabels(WAYS.values(), color=INK)
        axes.set_title(label, loc='left', color=INK, fontsize=10)
        for side in ('top', 'right'):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=8, color=SOFT)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].transpose(2, 0, 1)
    images.save_drawing(path, pixels, 'Loss and temperature of classifiers with a generator that repeats its images')


def main(argv=None):
    cfg = parse(Settings, argv)
    values = measure(cfg)
    print('| generator | ' + ' | '.join(FACTS.values()) + ' |')
    print('|---' * (1 + len(FACTS)) + '|')
    for way, label in WAYS.items():
        cells = ['%.3f ± %.3f' % (np.mean(x), np.std(x, ddof=1)) for x in values[way].values()]
        print('| %s | %s |' % (label.replace('\n', ' '), ' | '.join(cells)))
    draw(values, os.path.join(cfg.outdir, 'memorising.png'))


if __name__ == '__main__':
    command(main)
