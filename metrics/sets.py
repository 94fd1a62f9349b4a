"""The sets of images that an evaluation compares."""

import collections

import numpy as np

import dataset
from common import card
from metrics import memorisation
from metrics.chunks import progress_bar

LEAST = 10  # images of each kind

# heldout_reals: images that the generator should not have seen; training_reals: as many that it may have seen, for the
# baseline; training: all that copies are looked for in; all uint8 [N, C, R, R]. window: what gray 0 and 255 are in the
# unit, 'HU' or, where the classes have different windows, 'gray levels'. mm_per_pixel: None if not known. differing: as
# of card.Card. classes: their names. halved: whether the held-out reals are half of the dataset. digest,
# parts: of the dataset, as dataset.Pyramid has them. path, count: of the dataset.
Sets = collections.namedtuple(
    'Sets',
    'heldout_reals training_reals training window unit mm_per_pixel differing classes halved digest parts path count',
)


def _chosen(count, number, *seed):
    return np.random.RandomState(seed).permutation(count)[:number]


def in_common(images, names, others, other_names):
    """How many of the images are memorisation.copies of others, in words that name two of them; '' if none is.

    names, other_names: what to call each image, as of dataset.Pyramid.
    """
    found = memorisation.copies(images, others, progress_bar('copies'))
    if not found:
        return ''
    index = min(found)
    same = 'the same' if (images[index] == others[found[index]]).all() else 'copies, mirrored, turned, moved or changed'
    words = '%d image%s in common (%s and %s are %s)'
    return words % (len(found), 's' * (len(found) > 1), names[index], other_names[found[index]], same)


def _heldout(path, data, training):
    """A dataset.Pyramid, and its images, that is to have none in common with the training data."""
    held = dataset.Pyramid(path)
    images = held.images[held.top]
    if images.shape[1:] != training.shape[1:]:
        words = '%s has images of %s, %s of %s; they have to agree'
        raise ValueError(words % (path, list(images.shape[1:]), data.path, list(training.shape[1:])))
    shared = in_common(images, held.image_names(), training, data.image_names())
    if shared:
        words = '%s and %s have %s; held-out images have to be others'
        raise ValueError(words % (path, data.path, shared))
    return held, images


def choose(path, real_holdout, number, seed):
    """Sets of up to `number` images from a dataset that a generator was trained on and, perhaps, another one."""
    data = dataset.Pyramid(path)
    training, wanted, held, several = data.images[data.top], 2 * LEAST, '', [data]
    if real_holdout:
        other, images = _heldout(real_holdout, data, training)
        number, wanted, held = min(number, len(images), data.count), LEAST, ' and %s %d' % (real_holdout, len(images))
        several.append(other)
        heldout_reals = images[_chosen(len(images), number, seed, 5)]
        training_reals = training[_chosen(data.count, number, seed, 6)]
    else:
        number = min(number, data.count // 2)
        order = _chosen(data.count, 2 * number, seed, 5)
        heldout_reals, training_reals = training[order[:number]], training[order[number:]]
        training = np.delete(training, order[:number], axis=0)
    if number < LEAST:
        words = '%s holds %d images%s; an evaluation needs at least %d'
        raise ValueError(words % (path, data.count, held, wanted))
    if (heldout_reals == heldout_reals[:1]).all():
        words = '%s holds the same image again and again; there is nothing to compare with'
        raise ValueError(words % (real_holdout or path))
    pooled = card.combined([found for dataset_read in several for found in dataset_read.cards()])
    differing = {field: pooled.differing_text(field) for field in pooled.differing}
    facts = pooled.gray_window, pooled.unit, pooled.mm_per_pixel, differing, data.classes, not real_holdout
    facts += data.digest, data.parts, path, data.count
    return Sets(heldout_reals, training_reals, training, *facts)
