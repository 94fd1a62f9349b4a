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
from metrics import evaluation, frozen_graph, image_sets, memorisation, parallel, sliced_wasserstein
from metrics.cache import Cache, user_folder
from metrics.evaluation import RELATIONS, Facts, Note
from metrics.real_reference import Reference
from sampling import Generator

NOT_FOUND = 2  # percent of images without a nodule, above which an evaluation says so


def relation(learned, data):
    """What data are to weights, a key of RELATIONS. learned: the card.Card of the weights; data: that of the data."""
    if not (learned.digest or learned.parts) or not data.digest:
        return 'unknown'
    seen, here = set(learned.parts or ()), set(data.parts)
    if learned.digest == data.digest:  # that of all pixels, whatever the parts are
        seen |= here
    elif not seen or learned.digest in here:
        seen.add(learned.digest)
    if seen == here:
        return 'same'
    if not seen & here:
        return 'transferred' if learned.transfer else 'different'
    return 'more' if seen < here else 'part'


def describe_relation(learned, data):
    """`relation` as a sentence."""
    kind = relation(learned, data)
    text = RELATIONS[kind] % data.path
    return '%s (those were %s)' % (text, learned.source) if learned.source and kind == 'different' else text


def _memory(models, n, shape):
    """Bytes that an evaluation of n images of a shape takes at its largest, while SWD is measured."""
    levels, together = max(shape[1].bit_length() - 4, 0), min(models, evaluation.TOGETHER)
    neighbourhoods = min(128 * n, sliced_wasserstein.MOST)
    descriptors = neighbourhoods * sliced_wasserstein.SIDE**2 * shape[0] * 4
    projections = 2 * parallel.threads() * neighbourhoods * 32 * 4
    return (together + 2) * levels * descriptors + projections + (8 + models) * n * int(np.prod(shape))


def _generated(generator, compared, n, seed, minibatch):
    """uint8 [n, C, R, R] of a Generator; ValueError if they cannot be compared."""
    log.info('generating %d images of %s' % (n, generator.model))
    images = generator.images(n, seed, minibatch=minibatch)
    _check_shape(images.shape[1:], compared, generator.model)
    fakes = images.pixels(parallel.progress_bar('images'))
    if (fakes == fakes[:1]).all():
        message = '%s makes the same image from every latent; there is nothing to measure'
        raise ValueError(message % generator.model)
    return fakes


def _check_shape(shape, compared, name):
    if list(shape) != list(compared.training.shape[1:]):
        message = '%s makes images of %s, %s holds %s; name the data it was trained on, or their --resolution'
        raise ValueError(message % (name, list(shape), compared.card.path, list(compared.training.shape[1:])))


def _warnings(compared, model, learned, label_size):
    """[Note] of what makes the comparison of a model, whose card is given, with image_sets.Sets doubtful."""
    data, warnings, trained_classes = compared.card, [], learned.classes or []
    same = set(trained_classes) == set(data.classes) or relation(learned, data) in ('same', 'part')
    if len(data.classes) > 1 and not label_size and not same:
        stem = os.path.splitext(os.path.basename(model))[0]
        likely = [name for name in data.classes if name in trained_classes or name == stem]
        place = os.path.join(data.path, (likely or data.classes)[0])
        of = 'whether %s learned from all of them is not known' % model
        if trained_classes:
            of = '%s learned from %s' % (model, ', '.join(trained_classes))
        message = '%s pools %d classes (%s), and %s; --data %s compares with one class'
        text = message % (data.path, len(data.classes), ', '.join(data.classes), of, place)
        warnings.append(Note('classes', 'classes', text))
    for field, consequence in (('window', 'gray levels are compared, not HU'), ('mm_per_pixel', 'sizes are in pixels')):
        if field in data.differing:
            title = field.replace('_', ' ')
            message = '%s differs between the classes (%s): %s'
            warnings.append(Note(field, title, message % (title, data.differing_text(field), consequence)))
    if learned.mirrored and not compared.mirrored:
        text = '%s learned from mirrored images; real ones are not mirrored, as not all weights compared here did so'
        warnings.append(Note('mirrored', 'mirrored', text % model))
    if learned.window and data.unit == 'HU' and learned.window != data.gray_window:
        message = '%s learned from images of %g to %g HU, those of %s have %g to %g HU: equal gray levels mean other HU'
        text = message % ((model,) + learned.window + (data.path,) + data.gray_window)
        warnings.append(Note('window', 'window', text))
    return warnings


def _origin(compared, learned, source):
    """Which images the generated ones are compared with, in words. source: of another dataset."""
    path = compared.card.path
    if compared.origin == 'dataset':
        return source
    if compared.origin == 'half':
        return 'half of %s, kept out of the comparison, not of a training on these data' % path
    before = '; whether the weights that it began with had seen them is not recorded' if learned.transfer else ''
    return 'nodules of %s that the training kept out (--holdout %g)' % (path, learned.holdout[0]) + before


def _describe(evaluated, model, learned, source, trained_on=False):
    """Add to an Evaluation what was compared. source: of the images compared with, where they are of another dataset.

    trained_on: the weights learned from the training images, whatever their card is.
    """
    evaluated.learned = learned
    compared, drawn, n, swd = evaluated.sets, evaluated.drawn, len(evaluated.images), None
    data, kind = compared.card, relation(learned, compared.card)
    if drawn:
        message = 'mean of %d draws of neighbourhoods and directions; its standard error is at most %.1f %%'
        swd = message % (drawn.draws, 100 * drawn.error)
    evaluated.facts = Facts(
        swd=swd,
        model=model,
        data='%s (%d images)' % (data.path, compared.count),
        searched='%d of them' % len(compared.training),
        reference=_origin(compared, learned, source),
        compared='%d generated images with %d reference images; the baseline with %d others' % (n, n, n),
        seed=evaluated.seed,
    )
    evaluated.relation = 'same' if trained_on else kind
    provenance = 'the training images were given' if trained_on else describe_relation(learned, data)
    evaluated.notes.append(Note('provenance', 'provenance', provenance))
    if compared.mirrored:
        text = 'the images compared with are mirrored at random, as those that the weights learned from'
        evaluated.notes.append(Note('mirrored', 'mirrored', text))
    if evaluated.nodules is None:
        text = 'density, size and shape are measured of gray images only'
        evaluated.notes.append(Note('colour', 'colour', text))
    missing = [100 * (1 - measured.found.mean()) for measured in evaluated.nodules or ()]
    if missing and max(missing) > NOT_FOUND:
        text = 'none was found in %.1f %% of the generated and %.1f %% of the %s images; rows on nodules omit these'
        text %= tuple(missing) + (data.adjective,)
        evaluated.notes.append(Note('not_found', 'nodules', text))
    found = tuple(count for counts in evaluated.detected.values() for count in counts)
    text = 'the search finds %d of %d training images that were mirrored, turned by right angles and shifted, and '
    text += '%%d of %%d that were turned by %d to %d degrees with noise' % memorisation.PLANTED_ANGLES
    evaluated.notes.append(Note('detection', 'planted copies', text % found))
    undecided = [x.row.metric.label for x in evaluated.comparisons() if x.state == 'undecided']
    if undecided:
        text = '%d of each cannot tell generated and %s ones apart in: %s'
        text %= n, data.adjective, '; '.join(undecided)
        evaluated.notes.append(Note('too_few', 'too few images to decide', text))


def _cache(compared, seed, folder):
    data = compared.card
    return Cache([*compared[:3], data.gray_window, data.mm_per_pixel, seed], folder)


def evaluate_models(
    models, data, real_holdout=None, number=2000, audit=1000, features=None, feature_tensor=None, seed=0, minibatch=16,
    cpu=False, outdir=None, cache=True, resolution=None
):  # fmt: skip
    """[Evaluation] of the Gs of several pickles against the same real images, with the same seed.

    models: paths, or Generators. data: the dataset that they were trained on, or a folder of class folders.
    real_holdout: one that they were not trained on (None: the nodules that their trainings kept out, or else half of
    `data`, is taken for that). number: images of each kind. features, feature_tensor: a frozen graph and its output.
    outdir: a folder to make before the minutes that the metrics take. cache: look in the user's cache folder for what
    depends on the real images only, and keep it there.
    resolution: that of the models, if the data have finer levels.
    ValueError for what cannot be compared. The other settings are those of config.Evaluate.
    """
    if number < image_sets.LEAST:
        raise ValueError('--number %d: an evaluation needs at least %d images' % (number, image_sets.LEAST))
    cards = [model.card if isinstance(model, Generator) else card.of_weights(model) for model in models]
    compared = image_sets.choose(data, real_holdout, number, seed, cards, resolution)
    n, shape = len(compared.heldout_reals), list(compared.training.shape[1:])
    made = '--number %d (as many images of %dx%d of each model, and of real ones)' % ((n,) + tuple(shape[1:]))
    capacity.require_memory(_memory(len(models), n, shape), made)
    with tfutil.init_tf(cpu=cpu):
        network, name = None, ''
        if features:
            network = frozen_graph.features(features, shape[0], shape[1], feature_tensor)
            name = '%s %s' % (manifest.size_and_digest(features)[1], feature_tensor)
        fakes, learned, warnings = [], [], []
        for model in models:
            generator = model if isinstance(model, Generator) else Generator(model, cpu=cpu)
            fakes.append(_generated(generator, compared, n, seed, minibatch))
            learned.append(generator.card)
            warnings.append(_warnings(compared, generator.model, generator.card, generator.label_size))
            if generator is not model:
                generator.close()
        for sentence in collections.OrderedDict.fromkeys(note.text for of_model in warnings for note in of_model):
            log.warning(sentence)
        if outdir:
            os.makedirs(outdir, exist_ok=True)
        kept = _cache(compared, seed, user_folder() if cache else None)
        evaluations = evaluation.measure(fakes, Reference(compared, seed, network, name, kept), audit)
    for evaluated, of_weights, of_model in zip(evaluations, learned, warnings):
        evaluated.weights = [card.sha256(of_weights.path)]
        _describe(evaluated, of_weights.path, of_weights, real_holdout)
        evaluated.warnings = of_model
        evaluated.notes += of_model
    return evaluations


def _check_array(images, name):
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[2] != images.shape[3]:
        message = '%s is %s %s; images are uint8 [N, C, R, R], gray levels from 0 to 255'
        raise ValueError(message % (name, images.dtype, list(images.shape)))


def evaluate(images, real_images, seed=0, number=2000, audit=1000, cpu=False, training_images=None):
    """The Evaluation of a generator or of images; described in metrics.evaluate."""
    arrays = dict(images=images, real_images=real_images, training_images=training_images)
    for name, value in arrays.items():
        if isinstance(value, np.ndarray):
            _check_array(value, name)
    if isinstance(real_images, str) and training_images is not None:
        raise ValueError('training_images: %s is a data set, which is what the weights learned from' % real_images)
    if isinstance(real_images, str) and not isinstance(images, np.ndarray):
        return evaluate_models([images], real_images, number=number, audit=audit, seed=seed, cpu=cpu)[0]
    if isinstance(images, np.ndarray):
        number = min(number, len(images))
    if number < image_sets.LEAST:
        raise ValueError('%d images of each kind; an evaluation needs at least %d' % (number, image_sets.LEAST))
    if isinstance(real_images, str):
        compared = image_sets.choose(real_images, None, number, seed)
    else:
        compared = image_sets.of_images(real_images, number, seed, training_images)
    n, learned, name = len(compared.heldout_reals), card.Card(), 'an array'
    if isinstance(images, np.ndarray):
        _check_shape(images.shape[1:], compared, name)
        fakes = images[:n]
    else:
        generator = images if isinstance(images, Generator) else Generator(images, cpu=cpu)
        fakes, learned, name = _generated(generator, compared, n, seed, 16), generator.card, generator.model
    reference = Reference(compared, seed, cache=_cache(compared, seed, None))
    (evaluated,) = evaluation.measure([fakes], reference, audit)
    _describe(evaluated, name, learned, 'an array', training_images is not None)
    return evaluated
