"""Images of a generator, for every program that wants some: latents, labels, and the images one by one."""

import numpy as np

import networks
import tfutil
from common import log
from common.images import check_channels, to_uint8


def load_generator(path, role='Gs'):
    """The generator of a published pickle, `Gs` or `G`, in the current session; ValueError if it is none."""
    with log.timed('%s read and built' % path):
        (generator,) = tfutil.load(path, networks.BUILDERS, role)
    if len(generator.inputs) != 2:
        raise ValueError('%s: its %s is no generator; the networks of the file should be (G, D, Gs)' % (path, role))
    check_channels(path, int(generator.outputs[0].shape[1]))
    return generator


def sizes(generator):
    """How long its latents and its labels are."""
    return [int(tensor.shape[1]) for tensor in generator.inputs]


def random_latent(index, size, seed=0):
    """Row `index` of `random_latents`, [size]."""
    return np.random.RandomState([seed, index]).randn(size).astype(np.float32)


def random_latents(number, size, seed=0):
    """Latents [number, size]; row i depends on the seed and on i alone."""
    rows = [random_latent(i, size, seed) for i in range(number)]
    return np.array(rows, np.float32).reshape(number, size)


def one_hot(classes, label_size):
    """Labels [N, label_size] of class numbers [N]; [N, 0] for a network without labels."""
    if not label_size:
        return np.zeros([len(classes), 0], np.float32)
    return np.eye(label_size, dtype=np.float32)[classes]


def taking_turns(number, label_size):
    """Labels [number, label_size] of the classes in turn."""
    return one_hot(np.arange(number) % max(label_size, 1), label_size)


class Images:
    """The images of latents, computed a minibatch at a time as one iterates; len() tells how many there are.

    Iterating gives float32 [C, R, R] in about -1..1; `pixels` gives all as gray levels. shape: [N, C, R, R].
    """

    def __init__(self, generator, latents, labels, minibatch=16):
        self.generator, self.latents, self.labels, self.minibatch = generator, latents, labels, minibatch
        self.shape = [len(latents)] + [int(size) for size in generator.outputs[0].shape[1:]]

    def __len__(self):
        return len(self.latents)

    def __iter__(self):
        for begin in range(0, len(self), self.minibatch):
            part = slice(begin, begin + self.minibatch)
            yield from self.generator.run(self.latents[part], self.labels[part], minibatch=self.minibatch)

    def pixels(self, track=iter):
        """Gray levels 0..255 of all images, uint8 [N, C, R, R]. track: wraps the iterable, as a progress bar does."""
        found = np.zeros(self.shape, np.uint8)
        for i, image in enumerate(track(self)):
            found[i] = to_uint8(image)
        return found


def images(generator, number, seed=0, minibatch=16):
    """`number` Images of a generator: image i depends on the seed and on i alone, and the classes take turns."""
    latent_size, label_size = sizes(generator)
    latents, labels = random_latents(number, latent_size, seed), taking_turns(number, label_size)
    return Images(generator, latents, labels, minibatch)
