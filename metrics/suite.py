"""Evaluations of generators against real images, as 4-evaluate.py makes them."""

import collections
import os

import numpy as np

try:
    import scipy  # noqa: F401
except ImportError:
    raise ImportError('images are measured with SciPy: pip install scipy') from None

import tfutil
from common import capacity, card, log, manifest
from metrics import draws, frozen_graph, parallel, sets, training_data
from metrics.cache import Cache, user_folder
from metrics.chunks import progress_bar
from metrics.evaluation import evaluate
from metrics.real_reference import Reference
from sampling import Generator


def _memory(models, number, shape):
    """Bytes that an evaluation of so many images of a shape takes at its largest, while SWD is measured."""
    levels, together = max(shape[1].bit_length() - 4, 0), min(models, draws.TOGETHER)
    descriptors = min(128 * number, 2**20) * 49 * shape[0] * 4
    projections = 2 * parallel.threads() * min(128 * number, 2**20) * 32 * 4
    return (together + 2) * levels * descriptors + projections + (8 + models) * number * int(np.prod(shape))


def _generated(model, compared, number, seed, minibatch, cpu):
    """(uint8 [number, C, R, R] of the Gs of a pickle, its label size); ValueError if they cannot be compared."""
    shape = list(compared.training.shape[1:])
    log.info('generating %d images of %s' % (number, model))
    with Generator(model, cpu=cpu) as generator:
        images = generator.images(number, seed, minibatch=minibatch)
        if images.shape[1:] != shape:
            words = '%s makes images of %s, %s holds %s; name the data it was trained on'
            raise ValueError(words % (model, images.shape[1:], compared.path, shape))
        fakes = images.pixels(progress_bar('images'))
    if (fakes == fakes[:1]).all():
        raise ValueError('%s makes the same image from every latent; there is nothing to measure' % model)
    return fakes, generator.label_size


def _doubts(compared, model, known, label_size):
    """[(name, words)] of what makes the comparison of a model with Sets doubtful. known: its card.Card."""
    found, classes = [], compared.classes
    learnt = known.classes or []
    same = set(learnt) == set(classes) or training_data.relation(known, compared) in ('same', 'part')
    if len(classes) > 1 and not label_size and not same:
        stem = os.path.splitext(os.path.basename(model))[0]
        one = next((name for name in classes if name in learnt or name == stem), classes[0])
        said = '%s learnt from %s' % (model, ', '.join(learnt))
        said = said if learnt else 'whether %s learnt from all of them is not known' % model
        words = '%s pools %d classes (%s), and %s; --data %s compares with one class'
        place = os.path.join(compared.path, one)
        found.append(('classes', words % (compared.path, len(classes), ', '.join(classes), said, place)))
    for key, shown in (('window', 'gray levels are compared, not HU'), ('mm_per_pixel', 'sizes are in pixels')):
        if key in compared.differing:
            words = '%s differs between the classes (%s): %s'
            found.append((key.replace('_', ' '), words % (key.replace('_', ' '), compared.differing[key], shown)))
    window = known.window
    if window and compared.unit == 'HU' and tuple(window) != tuple(compared.window):
        words = '%s learnt from images of %g to %g HU, those of %s have %g to %g HU: equal gray levels mean other HU'
        found.append(('window', words % ((model,) + tuple(window) + (compared.path,) + tuple(compared.window))))
    return found


def _describe(found, model, known, source):
    """What was compared, and what a reader must not miss, of the Evaluation of a model."""
    compared, number = found.sets, len(found.fakes)
    kind = training_data.relation(known, compared)
    if not source:
        words = ' but not of the training' if kind == 'same' else ' but perhaps not of the training'
        source = 'half of %s, kept out of the comparison%s' % (compared.path, words)
    numbers = '%d generated images with %d held-out reals; the baseline with %d others' % ((number,) * 3)
    found.about += [('model', model), ('data', '%s (%d images)' % (compared.path, compared.count))]
    found.about += [('searched for copies', '%d of them' % len(compared.training)), ('held-out reals', source)]
    found.about += [('compared', numbers), ('seed', found.seed)]
    found.learnt = kind in training_data.LEARNT
    found.note('provenance', training_data.describe(known, kind, compared.path))
    undecided = [comparison.row.metric for comparison in found.comparisons() if comparison.state == 'undecided']
    if undecided:
        words = '%d of each cannot tell generated and real ones apart in: %s'
        found.note('too few images to decide', words % (number, '; '.join(undecided)))


def evaluate_models(
    models, data, real_holdout=None, number=2000, audit=1000, features=None, feature_tensor=None, seed=0, minibatch=16,
    cpu=False, outdir=None, cache=True
):  # fmt: skip
    """[Evaluation] of the Gs of several pickles against the same real images, with the same seed.

    data: the dataset that they were trained on, or a folder of class folders. real_holdout: one that they were not
    trained on (None: half of `data` is taken for that). number: images of each kind. features, feature_tensor: a frozen
    graph and its output. outdir: a folder to make before the minutes that the metrics take. cache: look in the user's
    cache folder for what depends on the real images only, and keep it there. ValueError for what cannot be compared.
    The other settings are those of config.Evaluate.
    """
    if number < sets.LEAST:
        raise ValueError('--number %d: an evaluation needs at least %d images' % (number, sets.LEAST))
    compared, known = sets.choose(data, real_holdout, number, seed), [card.of_weights(model) for model in models]
    number, shape, network, name = len(compared.heldout_reals), list(compared.training.shape[1:]), None, ''
    made = '--number %d (as many images of %dx%d of each model, and of real ones)' % ((number,) + tuple(shape[1:]))
    capacity.require_memory(_memory(len(models), number, shape), made)
    with tfutil.init_tf(cpu=cpu):
        if features:
            network = frozen_graph.features(features, shape[0], shape[1], feature_tensor)
            name = '%s %s' % (manifest.size_and_digest(features)[1], feature_tensor)
        several, doubts = [], []
        for model, facts in zip(models, known):
            fakes, label_size = _generated(model, compared, number, seed, minibatch, cpu)
            several.append(fakes)
            doubts.append(_doubts(compared, model, facts, label_size))
        for words in collections.OrderedDict.fromkeys(words for some in doubts for _, words in some):
            log.warning(words)
        if outdir:
            os.makedirs(outdir, exist_ok=True)
        depends = list(compared[:3]) + [compared.window, compared.mm_per_pixel, seed]
        kept = Cache(depends, user_folder() if cache else None)
        found = evaluate(several, Reference(compared, seed, network, name, kept), audit)
    for evaluation, model, facts, some in zip(found, models, known, doubts):
        evaluation.weights = [card.sha256(model)]
        _describe(evaluation, model, facts, real_holdout)
        for name, words in some:
            evaluation.doubts.append(words)
            evaluation.note(name, words)
    return found


def evaluate_model(model, data, *settings, **named):
    """The Evaluation of the Gs of one pickle, as of `evaluate_models`, which has the other settings."""
    return evaluate_models([model], data, *settings, **named)[0]
