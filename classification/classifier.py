"""A trained classifier: its probabilities of images, as an object and as a table."""

import json
import os

import numpy as np

import dataset
import tfutil
from classification import cnn
from common import card, files, images, log, schema, types
from sampling.session_owner import SessionOwner
from tfutil import tf

ROLES = ('C',)  # FILE FORMAT: the network of a pickle
_AS_DATASET = 'make a dataset of them with 0-dataset_create.py images, which takes '
_REMEDIES = {
    images.WrongSize: _AS_DATASET + '--resize',
    images.NotGray: 'save it as gray',
    images.RangeNeeded: _AS_DATASET + '--range',
}
MIRRORED = 4  # versions of an image whose probabilities are averaged: itself, mirrored either way, and both


class Classifier(SessionOwner):
    """The classifier in a file.

    classes: names, in the order of probabilities; shape: [C, R, R] of its images. ValueError for other files.
    """

    def __init__(self, path, cpu=False):
        super().__init__(cpu)
        with self.closed_after_an_error():
            (network,) = tfutil.load(path, cnn.BUILDERS, held=ROLES)
            self.predictor = Predictor(network)
            self.shape = network.inputs[0].shape.as_list()[1:]
            self.classes = _class_names(path, network)

    def log_probabilities(self, pixels):
        """Natural logarithms [N, K] of the probabilities of uint8 images [N, C, R, R]."""
        with self.as_default():
            return self.predictor(pixels)

    def predict(self, pixels):
        """Probabilities [N, K] of uint8 images [N, C, R, R], or of those in a folder."""
        if isinstance(pixels, str):
            pixels, _, _ = read_images(pixels, self.shape)
        if list(pixels.shape[1:]) != self.shape:
            raise ValueError('the classifier takes images of %s, not of %s' % (self.shape, list(pixels.shape[1:])))
        return np.exp(self.log_probabilities(pixels))


def _class_names(path, network):
    """FILE FORMAT: the option class_names is a JSON list, a name for each output."""
    count = int(network.outputs[0].shape[1])
    try:
        classes = json.loads(str(network.static_kwargs.get('class_names')))
    except (ValueError, RecursionError):
        classes = None
    if schema.problem(classes, [types.text]) or len(classes) != count:
        message = '%s does not name %d classes as a JSON list, as a classifier of 5-classify.py does; train it again'
        raise ValueError(message % (path, count))
    return classes


class Predictor:
    """Log probabilities [N, K] of uint8 images [N, C, R, R], by a network of cnn.BUILDERS in the current session.

    Probabilities are the mean over an image and its mirror images.
    """

    def __init__(self, network):
        self.images, self.dropout = network.inputs
        self.output = tf.nn.log_softmax(network.outputs[0])

    def __call__(self, pixels, minibatch=32):
        parts = []
        features = int(self.dropout.shape[1])
        for begin in range(0, len(pixels), minibatch):
            x = as_floats(pixels[begin : begin + minibatch])
            mirrored = np.concatenate([x, x[..., ::-1], x[..., ::-1, :], x[..., ::-1, ::-1]])
            feed = {self.images: mirrored, self.dropout: np.ones([len(mirrored), features])}
            probabilities = np.exp(tfutil.run(self.output, feed)).reshape(MIRRORED, len(x), -1)
            parts.append(np.log(probabilities.mean(axis=0)))
        return np.concatenate(parts)


def as_floats(pixels):
    """uint8 pixels as float32 in -1..1, as networks take them."""
    return pixels.astype(np.float32) / np.float32(127.5) - 1


def mean_by_nodule(log_probabilities, nodules):
    """(nodules in order of their first image, log probabilities of each): of the mean over its images."""
    row_of = {}
    rows = [row_of.setdefault(nodule, len(row_of)) for nodule in nodules]
    sums = np.zeros([len(row_of), log_probabilities.shape[1]])
    np.add.at(sums, rows, np.exp(log_probabilities))
    return list(row_of), np.log(sums / sums.sum(axis=1, keepdims=True))


def read_images(path, shape):
    """(uint8 images [N, C, R, R], names of images, names of their nodules) of a dataset, or a folder of pictures."""
    inside = sorted(os.listdir(path)) if os.path.isdir(path) else []
    pictures = [name for name in inside if os.path.splitext(name)[1].lower() in images.SUFFIXES]
    if pictures:
        check = images.RangeCheck()
        with images.remedies(_REMEDIES):
            pixels = [images.load(os.path.join(path, name), shape[1], shape[0], check=check) for name in pictures]
            check.require()
        return np.stack(pixels), pictures, pictures
    data = dataset.Pyramid(path)
    pixels = data.images[data.top]
    if list(pixels.shape[1:]) != list(shape):
        raise ValueError('%s has images of %s, the classifier wants %s' % (path, list(pixels.shape[1:]), shape))
    names = ['%s-%d' % (data.classes[label], i) for i, label in enumerate(data.labels)]
    members = data.card.members()
    return pixels, names, [nodule for nodule, _, _ in members] if members else names


def write_predictions(cfg):
    """Write the table of classify_settings.Predict: a row for each image, then one for each nodule."""
    files.require_replaceable(cfg.out)
    with Classifier(cfg.model, cfg.cpu) as classifier:
        pixels, names, nodules = read_images(cfg.data, classifier.shape)
        of_images = classifier.log_probabilities(pixels)
    distinct, of_nodules = mean_by_nodule(of_images, nodules)
    _warn_of_training_nodules(cfg.model, distinct)
    predictions = [('image', name, nodule, p) for name, nodule, p in zip(names, nodules, of_images)]
    predictions += [('nodule', nodule, nodule, p) for nodule, p in zip(distinct, of_nodules)]
    rows = [['of', 'name', 'nodule', 'class'] + ['p_' + name for name in classifier.classes]]
    for kind, name, nodule, p in predictions:
        rows.append([kind, name, nodule, classifier.classes[p.argmax()]] + np.exp(p).round(6).tolist())
    files.write_csv(cfg.out, rows)
    print('%s: %d images of %d nodules' % (cfg.out, len(names), len(distinct)))


def _warn_of_training_nodules(model, nodules):
    learned = set((card.of_weights(model).names or {}).get('nodule') or []) & set(nodules)
    if learned:
        message = '%s learned from %d of these nodules, as %s: its probabilities of them do not test it'
        log.warning(message % (model, len(learned), min(learned)))
