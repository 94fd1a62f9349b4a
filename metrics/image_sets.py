"""The sets of real images that an evaluation compares with."""

import typing

import numpy as np

import dataset
from common import card
from common.images import mirrored
from metrics import memorisation
from metrics.parallel import progress_bar

LEAST = 10  # images of each kind


class Sets(typing.NamedTuple):
    """Real images, uint8 [N, C, R, R]."""

    heldout_reals: np.ndarray  # those that generated images are compared with
    training_reals: np.ndarray  # as many others, for the baseline
    training: np.ndarray  # all that are searched for copies
    card: card.Card  # of all of them
    count: int  # images of the dataset
    # How heldout_reals were chosen: from another `dataset`, from the nodules that the training kept out (`holdout`), or
    # `half` of the data, which then is kept out of the comparison, not of the training.
    origin: str
    mirrored: bool = False  # whether the images compared with are mirrored at random


def _chosen(count, n, *seed):
    return np.random.RandomState(seed).permutation(count)[:n]


def in_common(images, names, others, other_names):
    """How many of the images are memorisation.copies of others, in a phrase that names two of them; '' if none is.

    names, other_names: what to call each image, as of dataset.Pyramid.
    """
    copies = memorisation.copies(images, others, progress_bar('copies'))
    if not copies:
        return ''
    index = min(copies)
    equal = (images[index] == others[copies[index]]).all()
    same = 'the same' if equal else 'copies, mirrored, turned, moved or changed'
    message = '%d image%s in common (%s and %s are %s)'
    return message % (len(copies), 's' * (len(copies) > 1), names[index], other_names[copies[index]], same)


def _heldout(path, data, learned, resolution):
    """A dataset.Pyramid with no image in common with the training data, nor data with those of the cards `learned`."""
    heldout = dataset.Pyramid(path, resolution, colour=True)
    images, training = heldout.images[heldout.top], data.images[data.top]
    if images.shape[1:] != training.shape[1:]:
        message = '%s has images of %s, %s of %s; they have to agree'
        raise ValueError(message % (path, list(images.shape[1:]), data.path, list(training.shape[1:])))
    shared = in_common(images, heldout.image_names(), training, data.image_names())
    if shared:
        message = '%s and %s have %s; held-out images have to be others'
        raise ValueError(message % (path, data.path, shared))
    own = heldout.card
    for of_weights in learned:
        seen = {of_weights.digest, *(of_weights.parts or ())} & {own.digest, *own.parts}
        both = card.in_common(own.names or {}, of_weights.names or {})
        if seen or both:
            what = 'the %s %s of %s' % (both + (path,)) if both else path
            message = '%s learned from %s; held-out images have to be of nodules that it has not seen'
            raise ValueError(message % (of_weights.path, what))
    return heldout


def _check(heldout_reals, path, held, least):
    """ValueError for too few images, or for the same one again and again. held: how many there are, in words."""
    if len(heldout_reals) < LEAST:
        raise ValueError('%s; an evaluation needs at least %d' % (held, least))
    if (heldout_reals == heldout_reals[:1]).all():
        raise ValueError('%s holds the same image again and again; there is nothing to compare with' % path)


def _of_arrays(heldout, training, n, seed, **facts):
    """Sets of up to n images of each of two arrays."""
    n = min(n, len(heldout), len(training))
    chosen = heldout[_chosen(len(heldout), n, seed, 5)], training[_chosen(len(training), n, seed, 6)]
    return Sets(*chosen, training=training, **facts)


def _halves(training, n, seed, **facts):
    """Sets of up to n images, at most half of an array."""
    n = min(n, len(training) // 2)
    order = _chosen(len(training), 2 * n, seed, 5)
    rest = np.delete(training, order[:n], axis=0)
    return Sets(training[order[:n]], training[order[n:]], rest, origin='half', **facts)


def _kept_out(data, learned):
    """Which images of a dataset.Pyramid the trainings of weights kept out, bool [N]; None if they are not the same.

    learned: the card.Card of each weight file.
    """
    splits = {of_weights.holdout for of_weights in learned}
    same = all(of_weights.digest == data.digest for of_weights in learned)
    if not same or len(splits) != 1 or splits == {None} or data.card.members() is None:
        return None
    training, _ = dataset.split(data, *splits.pop())
    kept_out = np.ones(data.count, bool)
    kept_out[training] = False
    return kept_out


def choose(path, real_holdout, n, seed, learned=(), resolution=None):
    """Sets of up to n images from a dataset that generators were trained on and, perhaps, a held-out one.

    learned: the card.Card of each weight file; resolution: as of dataset.Pyramid. If all trainings mirrored images at
    random, those compared with are mirrored so, too, as in the reference. ValueError if one of them learned from the
    held-out data.
    """
    sets = _choose(path, real_holdout, n, seed, learned, resolution)
    if not (learned and all(of_weights.mirrored for of_weights in learned)):
        return sets
    random = np.random.RandomState([seed, 8])
    compared = [mirrored(reals, random) for reals in sets[:2]]
    return sets._replace(heldout_reals=compared[0], training_reals=compared[1], mirrored=True)


def _choose(path, real_holdout, n, seed, learned, resolution):
    data = dataset.Pyramid(path, resolution, colour=True)
    training, facts = data.images[data.top], dict(card=data.card, count=data.count)
    held = '%s holds %d images' % (path, data.count)
    if real_holdout:
        other = _heldout(real_holdout, data, learned, resolution)
        pixels = other.images[other.top]
        pooled = card.combined(data.cards() + other.cards())
        pooled = pooled._replace(path=path, classes=data.classes, digest=data.digest, parts=data.parts)
        pooled = pooled._replace(channels=data.channels)
        sets = _of_arrays(pixels, training, n, seed, card=pooled, count=data.count, origin='dataset')
        _check(sets.heldout_reals, real_holdout, held + ' and %s %d' % (real_holdout, len(pixels)), LEAST)
        return sets
    kept_out = _kept_out(data, learned)
    if kept_out is not None and kept_out.sum() >= LEAST:
        sets = _of_arrays(training[kept_out], training[~kept_out], n, seed, origin='holdout', **facts)
        _check(sets.heldout_reals, path, held, LEAST)
        return sets
    sets = _halves(training, n, seed, **facts)
    _check(sets.heldout_reals, path, held, 2 * LEAST)
    return sets


def of_images(images, n, seed, training=None):
    """Sets of up to n images each from an array, uint8 [N, C, R, R]; half of it, unless there are training images."""
    facts = dict(card=card.Card(path='an array', classes=[], channels=images.shape[1]), count=len(images))
    held = 'the array holds %d images' % len(images)
    if training is None:
        sets = _halves(images, n, seed, **facts)
        _check(sets.heldout_reals, 'the array', held, 2 * LEAST)
        return sets
    facts['count'] = len(training)
    sets = _of_arrays(images, training, n, seed, origin='dataset', **facts)
    _check(sets.heldout_reals, 'the array', held + ', that of training images %d' % len(training), LEAST)
    return sets
