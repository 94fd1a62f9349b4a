"""Outlines of nodules: how probably each pixel of a patch belongs to the nodule at a point, by a small network.

It learned from phantoms whose masks are known (`metrics/outline_trainer.py`). TensorFlow is loaded when an `Outliner`
is made, which takes seconds, and not with this module.
"""

import collections
import os
import threading

import numpy as np

from common import arrays, card, files
from metrics.parallel import chunks
from sampling.session_owner import SessionOwner

WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'outlines.npz')
SIZE = 64  # width and height in pixels of what the network sees
HU = -1100.0, 300.0  # the range that it sees; what lies outside is clipped
NEAR = 10.0  # pixels over which the map of the point falls to 1/e
_MINIBATCH = 8  # patches computed at a time: few, so that their features stay in a processor's cache

# maps: feature maps of each level, as text; values: {name: array} of variables
Weights = collections.namedtuple('Weights', 'maps values')


def write(path, weights):
    """FILE FORMAT of Weights: an .npz of the variables by name, float16, and `maps`, numbers."""
    halves = {name: np.asarray(value, np.float16) for name, value in weights.values.items()}
    with files.atomic(path, durable=True) as f:
        np.savez(f, maps=np.array([int(width) for width in weights.maps.split(',')]), **halves)


def read(path=WEIGHTS):
    """The Weights of a file; BadFile if it holds something else."""
    values = {name: np.asarray(value, np.float32) for name, value in arrays.load_npz(path).items()}
    if 'maps' not in values:
        raise files.BadFile(path, 'holds no weights of outlines', 'train them with python -m metrics train-outlines')
    return Weights(','.join('%d' % width for width in values.pop('maps').ravel()), values)


def resampling(size, source, zoom=1.0, shift=0.0):
    """float32 [size, source]: the matrix whose product with `source` samples gives `size` samples of the same extent.

    Interpolation is linear between more samples, and a weighted mean where they become fewer. zoom: how much larger
    things become; shift: the sample, from the middle, that comes to lie in the middle. Beyond the ends the last sample
    stays.
    """
    step = source / (size * float(zoom))
    places = (np.arange(size) - (size - 1) / 2.0) * step + (source - 1) / 2.0 + shift
    weights = (1 - abs(np.arange(source) - places[:, None].clip(0, source - 1)) / max(step, 1)).clip(0)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def middles(count, size):
    """Points [count, 2] (row, column) in the middle of images."""
    return np.full([count, 2], (size - 1) / 2.0)


def network_points(count, size, at=None):
    """Points at [count, 2] of images of size x size pixels, as the network sees them; None: the middles."""
    points = middles(count, size) if at is None else np.asarray(at, np.float64).reshape(count, 2)
    return (points - (size - 1) / 2.0) * SIZE / size + (SIZE - 1) / 2.0


class Outliner(SessionOwner):
    """The network, with a graph and session of its own. Threads may share it.

    weights: Weights; None: those that come with the program. cpu: leave the GPUs alone.
    """

    def __init__(self, weights=None, cpu=False):
        maps, values = weights or read()
        super().__init__(cpu)
        import tfutil  # here, as TensorFlow takes seconds to load
        from metrics import outline_network
        from tfutil import tf

        with self.closed_after_an_error():
            network = tfutil.Network('outlines', outline_network.outline_unet, values, maps=maps)
            self._feeds = dict(
                pixels=tf.placeholder(tf.float32, [None, None, None]),
                points=tf.placeholder(tf.float32, [None, 2]),
                window=tf.placeholder(tf.float32, [2]),
                shrink=tf.placeholder(tf.float32, [SIZE, None]),
                enlarge=tf.placeholder(tf.float32, [None, SIZE]),
                cotangents=tf.placeholder(tf.float32, [None, None, None]),
            )
            self._build(tf, network, outline_network.inputs)

    def _build(self, tf, network, inputs):
        feeds = self._feeds

        def resampled(x, matrix):
            for _ in range(2):  # the rows, which become the last axis, then the columns
                x = tf.tensordot(x, matrix, [[1], [1]])
            return x

        low, high = feeds['window'][0], feeds['window'][1]
        hu = resampled(feeds['pixels'], feeds['shrink']) * ((high - low) / 255) + low
        hu.set_shape([None, SIZE, SIZE])
        x = inputs(hu, feeds['points'])
        mirrors = [[], [2], [3], [2, 3]]
        logits = network(tf.concat([tf.reverse(x, axes) for axes in mirrors], axis=0))
        parts = tf.split(logits, len(mirrors))
        mean = tf.add_n([tf.reverse(part, [axis - 1 for axis in axes]) for part, axes in zip(parts, mirrors)]) / 4
        self._probabilities = resampled(tf.sigmoid(mean), feeds['enlarge'])
        alone = resampled(tf.sigmoid(network(x)), feeds['enlarge'])
        self._gradient = tf.gradients(alone, feeds['pixels'], feeds['cotangents'])[0]

    def _feed(self, pixels, window, at):
        """What the graph is fed for images [N, R, R], without the cotangents."""
        size = pixels.shape[-1]
        values = dict(
            pixels=pixels,
            points=network_points(len(pixels), size, at),
            window=card.PUBLISHED_WINDOW if window is None else window,
            shrink=resampling(SIZE, size),
            enlarge=resampling(size, SIZE),
        )
        return {self._feeds[name]: value for name, value in values.items()}

    def probabilities(self, images, window=None, at=None, track=iter):
        """float32 [N, R, R], 0..1: how probably each pixel belongs to the nodule at a point.

        They are the mean over an image and its mirror images, and depend on no other image. Images of other sizes than
        64 pixels are resampled to that, and the probabilities back.
        images: gray levels [N, C, R, R], whose channels are averaged. window: HU at gray 0 and 255; None: the published
        one. at: [N, 2], row and column of a point in each nodule; None: the middle. track: wraps the list of
        minibatches, as a progress bar does.
        """
        parts = [np.zeros([0] + list(np.shape(images)[2:]), np.float32)]
        for part in chunks(len(images), track, _MINIBATCH):
            pixels = np.asarray(images[part], np.float32).mean(axis=1)
            feed = self._feed(pixels, window, None if at is None else at[part])
            parts.append(self._session.run(self._probabilities, feed))
        return np.concatenate(parts)

    def gradients(self, image, cotangents, window=None, at=None):
        """float32 [K, R, R]: the derivatives of sums of cotangents * probabilities with respect to the gray levels.

        The probabilities are those of the image alone, without its mirror images, which takes a quarter of the time.
        image: gray levels [R, R]; cotangents: [K, R, R]; window, at ([2]): as of `probabilities`.
        """
        count = len(cotangents)
        pixels = np.broadcast_to(np.asarray(image, np.float32), cotangents.shape)
        feed = self._feed(pixels, window, None if at is None else np.broadcast_to(at, [count, 2]))
        feed[self._feeds['cotangents']] = cotangents
        return self._session.run(self._gradient, feed)


_shared, _lock = [], threading.Lock()


def shared():
    """The one `Outliner()` of this process, made at the first call."""
    with _lock:
        if not _shared:
            _shared.append(Outliner())
    return _shared[0]
