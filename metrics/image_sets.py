"""The sets of real images that an evaluation compares with."""

import collections

import numpy as np

import dataset
from common import card
from metrics import memorisation
from metrics.parallel import progress_bar

LEAST = 10  # images of each kind

# heldout_reals: images that the generator should not have seen; training_reals: as many that it may have seen, for the
# baseline; training: all that are searched for copies; all uint8 [N, C, R, R]. card: the card.Card of all of them.
# count: images of the dataset.
Sets = collections.namedtuple('Sets', 'heldout_reals training_reals training card count')


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


def _heldout(path, data):
    """A dataset.Pyramid that has no image in common with the training data."""
    heldout = dataset.Pyramid(path)
    images, training = heldout.images[heldout.top], data.images[data.top]
    if images.shape[1:] != training.shape[1:]:
        message = '%s has images of %s, %s of %s; they have to agree'
        raise ValueError(message % (path, list(images.shape[1:]), data.path, list(training.shape[1:])))
    shared = in_common(images, heldout.image_names(), training, data.image_names())
    if shared:
        message = '%s and %s have %s; held-out images have to be others'
        raise ValueError(message % (path, data.path, shared))
    return heldout


def _check(heldout_reals, path, held, least):
    """ValueError for too few images, or for the same one again and again. held: how many there are, in words."""
    if len(heldout_reals) < LEAST:
        raise ValueError('%s; an evaluation needs at least %d' % (held, least))
    if (heldout_reals == heldout_reals[:1]).all():
        raise ValueError('%s holds the same image again and again; there is nothing to compare with' % path)


def _halves(training, n, seed):
    """(held-out, training, all other images): n each of the first two, at most a half of the images."""
    n = min(n, len(training) // 2)
    order = _chosen(len(training), 2 * n, seed, 5)
    return training[order[:n]], training[order[n:]], np.delete(training, order[:n], axis=0)


def choose(path, real_holdout, n, seed):
    """Sets of up to n images from a dataset that a generator was trained on and, perhaps, a held-out one."""
    data = dataset.Pyramid(path)
    training = data.images[data.top]
    held = '%s holds %d images' % (path, data.count)
    if not real_holdout:
        images = _halves(training, n, seed)
        _check(images[0], path, held, 2 * LEAST)
        return Sets(*images, card=data.card, count=data.count)
    other = _heldout(real_holdout, data)
    pixels = other.images[other.top]
    n = min(n, len(pixels), data.count)
    heldout_reals = pixels[_chosen(len(pixels), n, seed, 5)]
    training_reals = training[_chosen(data.count, n, seed, 6)]
    _check(heldout_reals, real_holdout, held + ' and %s %d' % (real_holdout, len(pixels)), LEAST)
    pooled = card.combined(data.cards() + other.cards())
    pooled = pooled._replace(path=path, classes=data.classes, digest=data.digest, parts=data.parts)
    return Sets(heldout_reals, training_reals, training, pooled, data.count)


def of_images(images, n, seed):
    """Sets of up to n images each from an array, uint8 [N, C, R, R]."""
    halves = _halves(images, n, seed)
    _check(halves[0], 'the array', 'the array holds %d images' % len(images), 2 * LEAST)
    return Sets(*halves, card=card.Card(path='an array', classes=[]), count=len(images))
