"""A classifier with its training step and what it says of images; every number depends on a seed."""

import collections
import json
import zlib

import numpy as np

import tfutil
from classification import cnn
from tfutil import tf
from training.optimizers import check_finite, save_finite

ROLES = ('C',)  # the network of a pickle
SMOOTHING = 0.1  # of labels: Szegedy et al. 2016
DROPOUT = 0.3
KEPT = 0.98  # of the moving average of the weights, by a step
TURNS = 4  # of an image whose probabilities are averaged: as it is, mirrored either way, and both


class Reader:
    """Log probabilities [N, classes] of uint8 images [N, C, R, R]: of the mean over TURNS. network: of cnn.BUILDERS."""

    def __init__(self, network):
        self.network, self.log_probabilities = network, tf.nn.log_softmax(network.outputs[0])

    def __call__(self, pixels, together=32):
        parts, features = [], int(self.network.inputs[1].shape[1])
        for begin in range(0, len(pixels), together):
            images = as_images(pixels[begin : begin + together])
            several = np.concatenate([images, images[..., ::-1], images[..., ::-1, :], images[..., ::-1, ::-1]])
            feed = dict(zip(self.network.inputs, (several, np.ones([len(several), features]))))
            found = np.exp(tfutil.run(self.log_probabilities, feed)).reshape(TURNS, len(images), -1)
            parts.append(np.log(found.mean(axis=0)))
        return np.concatenate(parts)


class Learner:
    """A network of cnn.BUILDERS, and the moving average of its weights, which is what predicts.

    shape: of an image, [C, R, R]; classes: their names. Weights begin with `initialise`.
    """

    def __init__(self, network, shape, classes, lrate):
        options = dict(size=int(shape[1]), num_channels=int(shape[0]), num_classes=len(classes))
        self.C = tfutil.Network('C', cnn.BUILDERS[network], class_names=json.dumps(classes), **options)
        self.average = self.C.clone('average')
        self.features = int(self.C.inputs[1].shape[1])
        images, factors = self.C.inputs
        self.labels = tf.placeholder(tf.float32, [None, len(classes)])
        smooth = self.labels * (1 - SMOOTHING) + SMOOTHING / len(classes)
        losses = tf.nn.softmax_cross_entropy_with_logits_v2(labels=smooth, logits=self.C.outputs[0])
        self.loss, self.feeds = tf.reduce_mean(losses), (images, self.labels, factors)
        self.optimizer = tf.train.AdamOptimizer(lrate)
        step = self.optimizer.minimize(self.loss, var_list=list(self.C.trainables.values()))
        with tf.control_dependencies([step]):
            self.step = self.average.follow(self.C, KEPT)
        self.predict = Reader(self.average)

    def initialise(self, seed):
        """Begin anew with weights drawn from a seed, a list of numbers."""
        tfutil.run([variable.initializer for variable in self.optimizer.variables()])
        values = {}
        for local, variable in self.C.vars.items():
            random = np.random.RandomState(seed + [zlib.crc32(local.encode())])
            shape = variable.shape.as_list()
            values[local] = np.zeros(shape)
            if local.endswith('weight'):
                gain = 1.0 if local.startswith('Dense') or 'Shortcut' in local else np.sqrt(2)
                values[local] = random.randn(*shape) * gain / np.sqrt(np.prod(shape[:-1]))
        for network in (self.C, self.average):
            network.set(values)

    def train(self, images, labels, random):
        """A step on images [N, C, R, R] in -1..1 and labels [N, classes] that sum to 1; the loss."""
        factors = cnn.dropout(random, len(images), self.features, DROPOUT)
        loss, _ = tfutil.run([self.loss, self.step], dict(zip(self.feeds, (images, labels, factors))))
        check_finite({'the loss of the classifier': loss})
        return float(loss)

    def values(self):
        """The weights that predict, {local name: array}."""
        return self.average.values()

    def save(self, path, values):
        """Write (C,) with these weights."""
        self.average.set(values)
        save_finite(path, (self.average,))


def as_images(pixels):
    """uint8 pixels as float32 in -1..1, as networks take them."""
    return pixels.astype(np.float32) / np.float32(127.5) - 1


def by_nodule(log_probabilities, nodules):
    """(nodules in order of their first image, log probabilities of each): of the mean over its images."""
    order = list(collections.OrderedDict.fromkeys(nodules))
    place = {nodule: i for i, nodule in enumerate(order)}
    found = np.zeros([len(order), log_probabilities.shape[1]])
    np.add.at(found, [place[nodule] for nodule in nodules], np.exp(log_probabilities))
    return order, np.log(found / found.sum(axis=1, keepdims=True))
