"""Labels of a dataset's images: NAME-rxx.labels beside NAME-r02.tfrecords and so on, as the reference's tools write it.

FILE FORMAT: the letters rxx stand as they are, for all resolutions have the same labels. NumPy's format, float32
[N, size], a row for each record in order; usually one-hot.
"""

import os
import re

import numpy as np

from common import arrays


def beside(path):
    """NAME-rxx.labels beside a file NAME-r??.tfrecords, or None if it is not there."""
    path = re.sub(r'-r\d\d\.tfrecords$', '-rxx.labels', path)
    return path if path.endswith('.labels') and os.path.exists(path) else None


def read(path, number, most=None):
    """float32 [number, size], the first `most` columns; ValueError for other than `number` rows of finite numbers."""
    array = arrays.load(path)
    if array.ndim != 2 or array.shape[1] < 1:
        raise ValueError('%s has the shape %s; labels are [images, classes]' % (path, list(array.shape)))
    if len(array) != number:
        words = '%s has labels of %d images, the records beside it are %d; make both again, together'
        raise ValueError(words % (path, len(array), number))
    with np.errstate(over='ignore'):
        array = np.array(array, np.float32)
    if not np.isfinite(array).all():
        raise ValueError('%s holds numbers that are not finite; replace them' % path)
    return first_columns(array, most, path)


def first_columns(vectors, most, path):
    """The first `most` columns of labels, all for None; ValueError if there are fewer."""
    if most is not None and most > vectors.shape[1]:
        words = '--max-label-size %d: the labels of %s have %d numbers; lower it'
        raise ValueError(words % (most, path, vectors.shape[1]))
    return vectors[:, :most]


def one_hot(vectors):
    """Whether each row of labels [N, size] names one class: a single 1 among zeros."""
    return bool((((vectors == 0) | (vectors == 1)).all(axis=1) & (vectors.sum(axis=1) == 1)).all())
