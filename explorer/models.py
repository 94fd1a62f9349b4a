"""Generators, and the images of states: the settings of the page's sliders as latents and pixels."""

import base64
import collections
import os

import numpy as np

import tfutil
from common import page
from common.images import to_uint8
from common.types import float_between, json_type, nonnegative, number, text
from explorer import axes, editing, measure
from sampling import Generator, generator, interpolation
from tfutil import tf

# FILE FORMAT: what a page sends and its session files hold. seed: a whole number is a row of the latents of seed 0 of
# 2-inference.py; between two of them nodules blend. latent: replaces the seed. moves: by axis, in its unit, from the
# image without moves; locks: axes that stay as they are there unless they are moved. truncation: 1, as drawn, to 0, the
# typical nodule.
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


def state(values):
    """The State of an object that fits STATE."""
    return State(*(values.get(name) for name in State._fields))


def encoded(pixels):
    """uint8 pixels as base64, row by row."""
    return base64.b64encode(np.ascontiguousarray(pixels)).decode()


class Model:
    """A generator as the page plays with it. ValueErrors of its methods are messages for the user.

    data_card: the card.Card of a dataset, which counts where nothing is recorded of the weights.
    Attributes: window, mm: HU at gray 0 and 255 and mm per pixel, None if not known; attributes: those that can be
    measured; axes: axes.Axes, None while they are not known; learning: the share of the work that is done, 0 to 1, and
    the seconds it took, once somebody learns them.
    """

    def __init__(self, path, data_card=None, cpu=False):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        self.generator = Generator(path, cpu=cpu)
        if self.generator.shape[0] != 1:
            raise ValueError('%s makes colour images; the explorer shows gray ones' % path)
        self.size, self.latent_size = self.generator.resolution, self.generator.latent_size
        learned = self.generator.card
        scale = learned if learned.digest else data_card or learned
        self.window, self.mm = scale.window, scale.mm_per_pixel
        self.attributes = measure.attributes(self.window, self.mm)
        self.axes = None
        self.learning = None
        self.cache = {}  # of explorer.editing
        self._dragged = None, None  # the State without moves from which a slider was dragged, and the Nodule there
        self._backward = None

    @property
    def held(self):
        """Names of the attributes that are locked unless somebody lets them go."""
        return [attribute.name for attribute in self.attributes if attribute.kind in measure.HELD]

    @property
    def facts(self):
        """What axes depend on beside the weights."""
        return self.window and tuple(self.window), self.mm

    def _labels(self, n, label):
        return self.generator.labels(n, label if self.generator.label_size else None)

    def images(self, latents, label=0):
        """Network output float32 [N, 1, R, R] of latents [N, L], in one minibatch."""
        labels = self._labels(len(latents), label)
        return self.generator.run(np.asarray(latents, np.float32), labels, minibatch=len(latents))

    def sample(self, n, seed=0, label=None, yield_=lambda: None):
        """Gray levels uint8 [n, 1, R, R] of random latents; yield_: called after each image."""
        labels = self._labels(n, label)
        return self.generator.images(n, seed, labels).pixels(lambda images: _yielding(images, yield_))

    def build_vjp(self):
        """Build the graph that the first move of a slider needs; the first image does not wait for it."""
        if self._backward:
            return
        network = self.generator.network
        with self.generator.as_default():
            (image,) = network.outputs
            upstream = tf.placeholder(tf.float32, image.shape)
            self._backward = upstream, tf.gradients(image, network.inputs[0], upstream)[0]

    def vjp(self, latent, label, gradients):
        """[K, L]: gradients with respect to a latent [L] of numbers whose gradients by its image are [K, R, R]."""
        self.build_vjp()
        upstream, result = self._backward
        latents = np.repeat(np.asarray(latent, np.float32)[None], len(gradients), axis=0)
        feed = dict(zip(self.generator.network.inputs, (latents, self._labels(len(latents), label))))
        feed[upstream] = gradients[:, None]
        with self.generator.as_default():
            return tfutil.run(result, feed).astype(np.float64)

    def measure(self, pixels):
        """({attribute name: [N]}, masks [N, R, R]) of uint8 images [N, 1, R, R]."""
        return measure.measure(pixels, self.window, self.mm)

    def measure_many(self, pixels, yield_=lambda: None):
        """The first of these for many images; yield_: called several times a second."""
        columns = {attribute.name: [] for attribute in self.attributes}
        for begin in range(0, len(pixels), 16):
            for name, values in self.measure(pixels[begin : begin + 16])[0].items():
                columns[name].extend(values)
            yield_()
        return columns

    def _base(self, state):
        """The latent [L] that a state begins from."""
        if state.label >= max(self.generator.label_size, 1):
            raise ValueError('%s has no class %d' % (self.name, state.label))
        if state.latent is not None:
            if len(state.latent) != self.latent_size:
                message = 'that latent has %d numbers; those of %s have %d'
                raise ValueError(message % (len(state.latent), self.name, self.latent_size))
            latent = np.array(state.latent, np.float32)
        else:
            seed, share = int(state.seed), state.seed - int(state.seed)
            latent = generator.random_latent(seed, self.latent_size)
            if share:
                after = generator.random_latent(seed + 1, self.latent_size)
                latent = interpolation.spherical(latent, after, [share])[0]
        if state.truncation < 1:
            centre = self._require_axes().centre * np.linalg.norm(latent)
            latent = interpolation.spherical(centre, latent, [state.truncation])[0]
        return latent

    def _require_axes(self):
        if self.axes is None:
            raise ValueError('the axes of %s are still being computed; try again in a moment' % self.name)
        return self.axes

    def latent(self, state):
        """The latent [L] of a State, float32."""
        latent, moves = self._base(state), _nonzero(state.moves)
        if moves:
            latent = editing.edited(self, latent, state.label, self._require_axes(), moves, state.locks)
        return np.asarray(latent, np.float32)

    def pixels(self, state):
        """Gray levels uint8 [R, R] of a State: those of 2-inference.py for its latent."""
        return to_uint8(self.images(self.latent(state)[None], state.label))[0, 0]

    def answer(self, state, rough=False):
        """What the page shows of a State: pixels, attributes, also of the nodule without moves (start), and outline.

        rough: while a slider is dragged, what it asks for may be reached less well, and sooner.
        """
        latent, moves = self._base(state), _nonzero(state.moves)
        if rough and moves:
            origin = state._replace(moves={})
            last = self._dragged[1] if self._dragged[0] == origin else None
            nodule = editing.dragged(self, latent, state.label, self._require_axes(), moves, state.locks, last)
            self._dragged = origin, nodule
            pixels, values, mask = nodule.pixels, nodule.values, nodule.mask
        else:
            pixels = self.pixels(state)
            values, masks = self.measure(pixels[None, None])
            values, mask = {name: value[0] for name, value in values.items()}, masks[0]
        start = editing.values(self, latent, state.label) if moves else values
        values, start = [{name: _rounded(value) for name, value in each.items()} for each in (values, start)]
        return dict(pixels=encoded(pixels), measured=values, start=start, outline=page.outline(mask))

    def reach(self, state, name, yield_=lambda: None):
        """[low, high], about how far an attribute gets from a State within the limits of its axis.

        None if it cannot be measured there. yield_: called several times a second.
        """
        limits = dict(zip([attribute.name for attribute in self.attributes], self._require_axes().limits))
        if name not in limits:
            raise ValueError('%s has no axis %.40s' % (self.name, name))
        latent = self._base(state)
        start = editing.values(self, latent, state.label)[name]
        if np.isnan(start):
            return None
        ends = [start]
        for limit in limits[name]:
            change = limit - start
            ends.append(editing.farthest(self, latent, state.label, self.axes, name, change, state.locks, yield_))
        return [_rounded(np.nanmin(ends)), _rounded(np.nanmax(ends))]

    def size_text(self, image):
        """['9.8mm'], the diameter of the nodule in an image uint8 [1, R, R], or [] where none is found."""
        values, _ = self.measure(image[None])
        diameter = next(attribute for attribute in self.attributes if attribute.kind == 'diameter')
        value = values[diameter.name][0]
        return ['%.1f%s' % (value, diameter.unit)] if np.isfinite(value) else []

    def walk(self, states, steps, yield_):
        """Gray levels uint8 [N * steps, 1, R, R] of a closed loop through N States; yield_: called after each image."""
        latents = np.stack([self.latent(state) for state in states])
        labels = np.concatenate([self._labels(1, state.label) for state in states])
        latents = interpolation.tour(latents, steps + 1, interpolation.spherical, closed=True)
        labels = interpolation.tour(labels, steps + 1, interpolation.linear, closed=True)
        images = generator.Images(self.generator, latents, labels)
        return images.pixels(lambda images: _yielding(images, yield_))

    def about(self):
        """What the page needs to know of a model."""
        facts = dict(name=self.name, file=self.path, size=self.size, latent=self.latent_size)
        facts.update(labels=self.generator.label_size, classes=self.generator.classes)
        facts.update(window=self.window, mm=self.mm, axes_ready=self.axes is not None)
        facts.update(held=self.held)
        facts.update(learning=self.learning and dict(zip(('share', 'seconds'), self.learning)))
        return dict(facts, axes=axes.sliders(self.axes, self.attributes) if self.axes else [])


def _nonzero(moves):
    return {name: value for name, value in moves.items() if value}


def _rounded(value):
    return None if np.isnan(value) else round(float(value), 3)


def _yielding(items, yield_):
    """The items, with a call of yield_ after each."""
    for item in items:
        yield item
        yield_()
