"""The same random changes of real and generated images before the discriminator sees them, within what CT allows.

After T. Karras et al., Training generative adversarial networks with limited data (NeurIPS 2020), and S. Zhao et al.,
Differentiable augmentation (NeurIPS 2020). What is fed are NumPy arrays, so a step depends on its seed and index alone.
"""

import collections

import numpy as np

from tfutil import tf

SHIFT = 1 / 8.0  # of the width, the furthest translation; what comes in at an edge is mirrored there
BRIGHTNESS = 0.03  # of the network's range of -1 to 1: 45 HU in the paper's window
CONTRAST = 0.1

# Of N images of width S. turned: whether rows and columns change places, bool [N]; rows, columns: where each row and
# column is taken from, int32 [N,S]; gain, offset: of the gray levels, float32 [N,1,1,1]
AugmentParams = collections.namedtuple('AugmentParams', 'turned rows columns gain offset')


def draw(random, n, size, probability=1.0):
    """AugmentParams of n images: each of mirror, turn, shift, brightness and contrast comes with a probability."""

    def chosen(values):
        used = random.rand(n) < probability
        return np.where(used.reshape([n] + [1] * (values.ndim - 1)), values, 0)

    mirrored = chosen(random.randint(2, size=n))
    quarters = chosen(random.randint(4, size=n))
    most = int(size * SHIFT)
    shift = chosen(random.randint(-most, most + 1, size=[n, 2]))
    offset = chosen(random.uniform(-BRIGHTNESS, BRIGHTNESS, n)).astype(np.float32)
    gain = (1 + chosen(random.uniform(-CONTRAST, CONTRAST, n))).astype(np.float32)
    rows = _source(size, shift[:, 0], np.isin(quarters, (1, 2)))  # a quarter turn is a transposition and a mirror
    columns = _source(size, shift[:, 1], np.isin(quarters, (2, 3)) ^ (mirrored == 1))
    return AugmentParams(quarters % 2 == 1, rows, columns, gain.reshape(-1, 1, 1, 1), offset.reshape(-1, 1, 1, 1))


def _source(size, shift, mirrored):
    """Where each of `size` rows is taken from, int32 [N, size]."""
    at = np.arange(size) - shift[:, None]
    at = np.where(at < 0, -at, at)
    at = np.where(at >= size, 2 * (size - 1) - at, at)
    return np.where(mirrored[:, None], size - 1 - at, at).astype(np.int32)


def placeholders(n, size):
    return AugmentParams(
        tf.placeholder(tf.bool, [n]),
        tf.placeholder(tf.int32, [n, size]),
        tf.placeholder(tf.int32, [n, size]),
        tf.placeholder(tf.float32, [n, 1, 1, 1]),
        tf.placeholder(tf.float32, [n, 1, 1, 1]),
    )


def augmented(images, params):
    """Images [N,C,S,S] after AugmentParams of tensors; differentiable twice."""
    n, c, size, _ = images.shape.as_list()
    x = tf.where(params.turned, tf.transpose(images, [0, 1, 3, 2]), images)
    rows, columns = tf.one_hot(params.rows, size), tf.one_hot(params.columns, size)  # [N,to,from]
    x = tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [n, size, c * size])
    x = tf.transpose(tf.reshape(tf.matmul(rows, x), [n, size, c, size]), [0, 2, 1, 3])
    x = tf.matmul(tf.reshape(x, [n, c * size, size]), columns, transpose_b=True)
    x = tf.reshape(x, [n, c, size, size])
    mean = tf.reduce_mean(x, axis=[1, 2, 3], keepdims=True)
    return (x - mean) * params.gain + mean + params.offset
