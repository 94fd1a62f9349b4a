"""`Generator`: nodules of a weight file as arrays, and the latents and labels that they are made of."""

import numpy as np

from common import card, log
from common.images import check_channels, to_uint8
from sampling import interpolation
from sampling.session_owner import SessionOwner


def random_latent(index, size, seed=0):
    """Row `index` of `random_latents`, float32 [size]."""
    return np.random.RandomState([seed, index]).randn(size).astype(np.float32)


def random_latents(n, size, seed=0):
    """Latents float32 [n, size]; row i depends on the seed and on i alone."""
    rows = [random_latent(i, size, seed) for i in range(n)]
    return np.array(rows, np.float32).reshape(n, size)


def one_hot(classes, label_size):
    """Labels float32 [N, label_size] of class indices [N]; [N, 0] for a network without labels."""
    if not label_size:
        return np.zeros([len(classes), 0], np.float32)
    return np.eye(label_size, dtype=np.float32)[classes]


def taking_turns(n, label_size):
    """Labels [n, label_size] of the classes in turn."""
    return one_hot(np.arange(n) % max(label_size, 1), label_size)


def sizes(network):
    """Latent size and label size of a generator network."""
    return [int(tensor.shape[1]) for tensor in network.inputs]


class Images:
    """The images of latents, computed a minibatch at a time while one iterates; len() is their number.

    Iterating gives float32 [C, R, R] in about -1..1; `pixels` gives all as gray levels. shape: [N, C, R, R].
    """

    def __init__(self, generator, latents, labels, minibatch=16):
        self.generator, self.latents, self.labels, self.minibatch = generator, latents, labels, minibatch
        if len(labels) != len(latents):
            raise ValueError('%d labels for %d latents; give as many' % (len(labels), len(latents)))
        self.shape = [len(latents)] + generator.shape

    def __len__(self):
        return len(self.latents)

    def __iter__(self):
        for begin in range(0, len(self), self.minibatch):
            part = slice(begin, begin + self.minibatch)
            yield from self.generator.run(self.latents[part], self.labels[part], self.minibatch)

    def pixels(self, track=iter):
        """Gray levels uint8 [N, C, R, R] of all images. track: wraps the iterable, as a progress bar does."""
        pixels = np.zeros(self.shape, np.uint8)
        for i, image in enumerate(track(self)):
            pixels[i] = to_uint8(image)
        return pixels


class Generator(SessionOwner):
    """The generator of a weight file.

    model: the path of a pickle (G, D, Gs). network: Gs, the moving average of the generator, or G, its latest weights.
    cpu: leave the GPUs alone. Wherever classes matter, `label` is one class for all images, by name or index, and
    `labels` is an array [N, label_size]; without either, the classes take turns.
    Attributes: model; shape, [C, R, R] of an image; resolution; latent_size; label_size; classes, their names; card,
    the card.Card of the training data; network, a tfutil.Network.
    ValueError if the file cannot be used.
    """

    def __init__(self, model, network='Gs', cpu=False):
        super().__init__(cpu)
        self.model = model
        self._projector = None
        with self.closed_after_an_error(), log.timed('%s read and built' % model):
            self._load(network)

    def _load(self, role):
        import networks
        import tfutil

        (self.network,) = tfutil.load(self.model, networks.BUILDERS, role)
        if len(self.network.inputs) != 2:
            message = '%s: its %s is no generator; the networks of the file should be (G, D, Gs)'
            raise ValueError(message % (self.model, role))
        self.shape = self.network.outputs[0].shape.as_list()[1:]
        check_channels(self.model, self.shape[0])
        self.resolution = self.shape[1]
        self.latent_size, self.label_size = sizes(self.network)
        self.card = card.of_network(self.network, self.model)
        names = self.card.class_names(self.label_size)
        self.classes = names or [str(index) for index in range(self.label_size)]

    def run(self, latents, labels, minibatch=16):
        """Network output float32 [N, C, R, R], about -1..1, of latents [N, latent_size] and labels [N, label_size]."""
        with self.as_default():
            return self.network.run(latents, labels, minibatch=minibatch)

    def latents(self, n, seed=0):
        """Random latents float32 [n, latent_size]; row i depends on the seed and on i alone."""
        return random_latents(n, self.latent_size, seed)

    def class_index(self, label):
        """The index of a class, which is named or, where no class has that name, counted from 0."""
        if isinstance(label, str):
            return self.card.label(self.label_size, label)
        if not 0 <= label < self.label_size:
            raise ValueError('%s has no class %d; it has %d' % (self.model, label, self.label_size))
        return label

    def labels(self, n, label=None):
        """Labels float32 [n, label_size]."""
        if label is None:
            return taking_turns(n, self.label_size)
        return one_hot(np.full(n, self.class_index(label)), self.label_size)

    def images(self, n, seed=0, labels=None, label=None, minibatch=16):
        """`Images` of n random latents: image i depends on the seed, on i and on its label alone."""
        if labels is None:
            labels = self.labels(n, label)
        return Images(self, self.latents(n, seed), labels, minibatch)

    def sample(self, n, seed=0, labels=None, label=None, minibatch=16):
        """Gray levels uint8 [n, C, R, R]: the pixels that 2-inference.py writes for this seed."""
        return self.images(n, seed, labels, label, minibatch).pixels()

    def hu(self, n, seed=0, labels=None, label=None, minibatch=16):
        """The same images in HU, float32; ValueError if the window of the training data is not recorded."""
        if self.card.window is None:
            raise ValueError('%s: the HU window of its training data is not recorded' % self.model)
        return self.card.to_hu(self.sample(n, seed, labels, label, minibatch))

    def walk(self, latents, steps=8, kind='slerp', seed=0, labels=None, label=None, closed=False):
        """Gray levels uint8 [(N-1) * (steps-1) + 1, C, R, R] on the way from each latent to the next.

        latents: an array [N, latent_size], or N for random ones. steps: images from one latent to the next, both
        included. kind: slerp, along an arc, or linear. labels: of each latent; they change evenly. closed: back to the
        first latent, which is not repeated.
        """
        if np.ndim(latents) == 0:
            latents = self.latents(latents, seed)
        if labels is None:
            labels = self.labels(len(latents), label)
        if kind not in interpolation.KINDS:
            raise ValueError('%r is unknown; choose from %s' % (kind, ', '.join(interpolation.KINDS)))
        latents = interpolation.tour(latents, steps, interpolation.KINDS[kind], closed)
        labels = interpolation.tour(labels, steps, interpolation.linear, closed)
        return Images(self, latents, labels).pixels()

    def project(self, picture, steps=400, seed=0, labels=None, label=None, watch=None):
        """The `projection.Projection` of a picture, uint8 [C, R, R]: the latent with the most similar image.

        labels: [S, label_size], one for each start of the search. watch: as of `projection.Projector.project`.
        """
        from sampling import projection

        if labels is None:
            labels = self.labels(max(projection.STARTS, self.label_size), label)
        with self.as_default():
            if self._projector is None:
                self._projector = projection.Projector(self.network)
            return self._projector.project(picture, labels, steps, seed, watch)
