"""Generators, and the images of states: what the sliders of the page say, as latents and pixels."""

import base64
import collections
import os

import numpy as np

import tfutil
from common import page
from common.images import to_uint8
from common.types import float_between, json_type, nonnegative, number, text
from explorer import axes, measure, moving
from sampling import generate, interpolation
from tfutil import tf

# FILE FORMAT: what a page sends and its session files hold. seed: a whole number is a row of the latents of seed 0 of
# 2-inference.py; between two of them nodules blend. latent: replaces the seed. moves: by axis, in its unit, from the
# image without moves; locks: axes that stay as they are there. truncation: 1, as drawn, to 0, the typical nodule.
State = collections.namedtuple('State', 'model seed label latent moves locks truncation')
MOST_SEED = 10**6


@json_type('an object of numbers by the names of axes')
def _moves(value):
    return isinstance(value, dict) and len(value) <= 50 and all(map(number.accepts, value.values()))


@json_type('a list of names of axes')
def _locks(value):
    return isinstance(value, list) and len(value) <= 50 and all(map(text.accepts, value))


@json_type('a list of numbers, not all of them zero')
def _latent(value):
    return isinstance(value, list) and len(value) <= 4096 and all(map(number.accepts, value)) and any(value)


STATE = {
    'model': nonnegative,
    'seed': float_between(0, MOST_SEED),
    'label': nonnegative,
    'latent?': _latent,
    'moves': _moves,
}
STATE.update(locks=_locks, truncation=float_between(0, 1))


def state(given):
    """The State of an object that fits STATE."""
    return State(*(given.get(name) for name in State._fields))


def encoded(pixels):
    """uint8 pixels as base64, row by row."""
    return base64.b64encode(np.ascontiguousarray(pixels)).decode()


class Model:
    """A generator in the current session. window, mm: HU at gray 0 and 255 and mm per pixel, None if not known.

    axes: axes.Axes, None while they are not known. Methods raise ValueError in words for the user.
    """

    def __init__(self, path, data=None, cpu=False):
        self.path, self.generator = path, generate.Generator(path, cpu=cpu)
        if self.generator.shape[0] != 1:
            raise ValueError('%s makes colour images; the explorer shows gray ones' % path)
        self.size = self.generator.resolution
        self.latent_size, self.labels = self.generator.latent_size, self.generator.label_size
        learnt = self.generator.card
        scale = learnt if learnt.digest else data or learnt
        self.window, self.mm = scale.window, scale.mm_per_pixel
        self.classes = self.generator.classes
        self.attributes = measure.attributes(self.window, self.mm)
        self.axes, self._backward = None, None
        self.begun = {}  # of explorer.moving

    @property
    def name(self):
        return os.path.splitext(os.path.basename(self.path))[0]

    def images(self, latents, label=0):
        """float32 [N, 1, R, R] of latents [N, L], computed at once."""
        labels = generate.one_hot(np.full(len(latents), label), self.labels)
        return self.generator.run(np.asarray(latents, np.float32), labels, minibatch=len(latents))

    def warm(self):
        """Build what the first move of a slider needs, which the first image does not wait for."""
        if self._backward:
            return
        with self.generator.as_default():
            (image,) = self.generator.network.outputs
            upstream = tf.placeholder(tf.float32, image.shape)
            self._backward = upstream, tf.gradients(image, self.generator.network.inputs[0], upstream)[0]

    def pull(self, latent, label, slopes):
        """[K, L]: how numbers change with a latent [L] that change with its image as slopes [K, R, R] say."""
        self.warm()
        upstream, pulled = self._backward
        latents = np.repeat(np.asarray(latent, np.float32)[None], len(slopes), axis=0)
        labels = generate.one_hot(np.full(len(slopes), label), self.labels)
        feed = dict(zip(self.generator.network.inputs, (latents, labels)))
        feed[upstream] = slopes[:, None]
        with self.generator.as_default():
            return tfutil.run(pulled, feed).astype(np.float64)

    def measure(self, pixels):
        """({attribute: [N]}, masks [N, R, R]) of uint8 images [N, 1, R, R]."""
        return measure.measure(pixels, self.window, self.mm)

    def _base(self, shown):
        """The latent [L] that a state begins from."""
        if shown.latent is not None:
            if len(shown.latent) != self.latent_size:
                words = 'that latent has %d numbers; those of %s have %d'
                raise ValueError(words % (len(shown.latent), self.name, self.latent_size))
            latent = np.array(shown.latent, np.float32)
        else:
            below, share = int(shown.seed), shown.seed - int(shown.seed)
            latent = generate.random_latent(below, self.latent_size)
            if share:
                after = generate.random_latent(below + 1, self.latent_size)
                latent = interpolation.spherical(latent, after, [share])[0]
        if shown.truncation < 1:
            centre = self._known_axes().centre * np.linalg.norm(latent)
            latent = interpolation.spherical(centre, latent, [shown.truncation])[0]
        return latent

    def _known_axes(self):
        if self.axes is None:
            raise ValueError('the axes of %s are still being computed; try again in a moment' % self.name)
        return self.axes

    def latent(self, shown, rounds=moving.ROUNDS):
        """The latent [L] of a State, float32. rounds: of moving.moved."""
        if shown.label >= max(self.labels, 1):
            raise ValueError('%s has no class %d' % (self.name, shown.label))
        latent = self._base(shown)
        moves = {name: value for name, value in shown.moves.items() if value}
        if moves:
            latent = moving.moved(self, latent, shown.label, self._known_axes(), moves, shown.locks, rounds)
        return np.asarray(latent, np.float32)

    def pixels(self, shown, rounds=moving.ROUNDS):
        """Gray levels uint8 [R, R] of a State: those of 2-inference.py for its latent."""
        return to_uint8(self.images(self.latent(shown, rounds)[None], shown.label))[0, 0]

    def answer(self, shown, rounds=moving.ROUNDS):
        """Pixels, what is measured of them, and the nodule's outline: what the page shows of a State."""
        pixels = self.pixels(shown, rounds)
        values, masks = self.measure(pixels[None, None])
        measured = {name: None if np.isnan(value[0]) else round(float(value[0]), 3) for name, value in values.items()}
        return dict(pixels=encoded(pixels), measured=measured, outline=page.outline(masks[0]))

    def about(self):
        """What the page is told of a model."""
        known = dict(name=self.name, file=self.path, size=self.size, latent=self.latent_size, labels=self.labels)
        known.update(classes=self.classes, window=self.window, mm=self.mm, axes_ready=self.axes is not None)
        return dict(known, axes=axes.described(self.axes, self.attributes) if self.axes else [])
