"""The result of each training of an experiment: a JSON file for each, with digests of what it was made of."""

import collections
import json
import os

import numpy as np

from classification.arms import ARMS
from common import files, log

# What each result depends on, beside the data: these settings of classify_settings.Run, and added images.
SETTINGS = 'network', 'steps', 'minibatch', 'lrate', 'seed'
MEANING = dict(data='data', gan='generators', pix2pix='patches of pix2pix', phantom='phantoms')
MEANING.update({name: '--' + name for name in SETTINGS})

# FILE FORMAT. facts: the best step with its loss on validation nodules, the last training loss, the temperature of
# calibration, and seconds; predictions: [[nodule, label, a probability of each class]]; made_of: {name: text}.
FACTS = 'step', 'inner_loss', 'loss', 'temperature', 'seconds'

# ratio: None where the arm adds nothing; repeat: also the index of the inner fold.
Training = collections.namedtuple('Training', 'arm ratio repeat fold')


def path(outdir, training):
    """The file of a training's result."""
    ratio = '' if training.ratio is None else '-%g' % training.ratio
    name = '%s%s-repeat%d-fold%d.json' % (training.arm, ratio, training.repeat, training.fold)
    return os.path.join(outdir, 'parts', name)


def write(outdir, training, result, made_of):
    """Keep a result: {'facts', 'predictions'}."""
    files.write_json(path(outdir, training), dict(result, made_of=made_of), durable=True, indent=None)


def read(outdir, made_of, folds):
    """{training: result} of those that are there; a damaged one is reported, kept under another name and left out.

    made_of: {training: {name: text}}, what each would be made of now. ValueError if any was made of something else.
    """
    results = {}
    for training in made_of:
        name = path(outdir, training)
        if os.path.exists(name):
            try:
                with open(name, encoding='utf-8') as f:
                    result = json.load(f)
                _check(result, training, folds)
                results[training] = result
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                kept = files.set_aside(name)
                log.warning('%s is damaged; it is made again, and kept as %s' % (name, kept))
    _require_same_origin(outdir, made_of, results)
    return results


def _check(result, training, folds):
    """Raise an error for what `write` would not have written."""
    rows, classes = result['predictions'], len(folds.classes)
    nodules, labels = [row[0] for row in rows], [row[1] for row in rows]
    probabilities = np.array([row[2:] for row in rows], float)
    numbers = [result['facts'][name] for name in FACTS] + probabilities.ravel().tolist()
    test_nodules = folds.test_names[training.fold]['nodule']
    if not (
        result['made_of'].keys()
        and np.isfinite(numbers).all()
        and probabilities.shape == (len(rows), classes)
        and np.abs(probabilities.sum(axis=1) - 1).max() < 1e-3
        and probabilities.min() >= 0
        and np.isin(labels, range(classes)).all()
        and (ARMS[training.arm].tested_on != 'real' or sorted(nodules) == sorted(test_nodules))
    ):
        raise ValueError


def _require_same_origin(outdir, made_of, results):
    differing = {}
    for training, result in results.items():
        names = [name for name, text in made_of[training].items() if result['made_of'].get(name) != text]
        if names:
            differing[training] = names
    if differing:
        origins = sorted({MEANING[name] for names in differing.values() for name in names})
        patterns = sorted({os.path.join(outdir, 'parts', training.arm + '-*') for training in differing})
        message = '%s holds results of other %s (%d of %d parts); choose another --outdir, or remove %s'
        values = outdir, ', '.join(origins), len(differing), len(made_of), ' '.join(patterns)
        raise ValueError(message % values)
