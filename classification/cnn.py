"""Classifiers of nodules, as functions that build TensorFlow graphs.

FILE FORMAT: the names, options and defaults of the builders, and the names and shapes of their variables.
Images are NCHW, -1..1; inside, features have the layout `data_format`. Features are not normalised: the brightness of
a nodule indicates its class, and minibatches of few images give poor statistics.
"""

import numpy as np

from networks import apply_bias, channels, conv2d, dense, downscale2d, leaky_relu, to_native
from tfutil import tf


def _pixels(size):
    if size not in [2**n for n in range(4, 12)]:
        raise ValueError('size is %r; it must be a power of two from 16 to 2048' % (size,))
    return size


def _features(images_in, dropout_in, size, num_channels, features, data_format):
    images_in.set_shape([None, num_channels, _pixels(size), size])
    dropout_in.set_shape([None, features])
    return to_native(images_in, data_format)


def _scores(x, dropout_in, num_classes, data_format):
    """Logits [N, num_classes] of the means of all feature maps."""
    x = tf.reduce_mean(x, axis=[data_format.index(axis) for axis in 'HW']) * dropout_in
    with tf.variable_scope('Dense'):
        return tf.identity(apply_bias(dense(x, num_classes, gain=1.0)), name='logits_out')


def small(
    images_in, dropout_in, size=64, num_channels=1, num_classes=3, class_names='[]', features=128,
    data_format='NCHW', compute_dtype=tf.float32, **_
):  # fmt: skip
    """Images [N, num_channels, size, size] -> logits [N, num_classes]; a quarter of a million parameters.

    Convolutions of 16, 32, 64 and twice `features` maps, each stage half as wide as the one before, and the mean over
    all pixels. dropout_in: [N, features], factors of these means: 0 or 1 / (1 - rate) at random, or 1 for prediction.
    class_names: a JSON list of texts, only kept in the file.
    """
    options = dict(data_format=data_format, compute_dtype=compute_dtype)
    x = _features(images_in, dropout_in, size, num_channels, features, data_format)
    for stage, maps in enumerate([16, 32, 64, features]):
        for layer in (0, 1) if stage == 3 else (0,):
            with tf.variable_scope('Conv%d_%d' % (stage, layer)):
                x = leaky_relu(apply_bias(conv2d(x, maps, 3, **options), data_format))
        if stage < 3:
            x = downscale2d(x, data_format)
    return _scores(x, dropout_in, num_classes, data_format)


def resnet10(
    images_in, dropout_in, size=64, num_channels=1, num_classes=3, class_names='[]', features=128,
    data_format='NCHW', compute_dtype=tf.float32, **_
):  # fmt: skip
    """Images -> logits as `small`, by a residual network of ten layers in four blocks; 0.3 million parameters.

    He et al. 2016. Instead of batch normalisation, each block's residual is multiplied by a learned factor that begins
    at zero (De and Smith 2020).
    """
    options = dict(data_format=data_format, compute_dtype=compute_dtype)
    x = _features(images_in, dropout_in, size, num_channels, features, data_format)
    widths = [features // 8, features // 4, features // 2, features]
    with tf.variable_scope('Conv'):
        x = apply_bias(conv2d(x, widths[0], 3, **options), data_format)
    for block, maps in enumerate(widths):
        with tf.variable_scope('Block%d' % block):
            residual = x = x if block == 0 else downscale2d(x, data_format)
            for layer in (0, 1):
                with tf.variable_scope('Conv%d' % layer):
                    residual = apply_bias(conv2d(leaky_relu(residual), maps, 3, **options), data_format)
            if channels(x, data_format) != maps:
                with tf.variable_scope('Shortcut'):
                    x = conv2d(x, maps, 1, gain=1.0, **options)
            x += residual * tf.get_variable('factor', shape=[], initializer=tf.initializers.zeros())
    return _scores(leaky_relu(x), dropout_in, num_classes, data_format)


BUILDERS = {'small': small, 'resnet10': resnet10}


def dropout(random, count, features, rate):
    """Factors [count, features] of dropout, float32, whose expectation is 1; random: np.random.RandomState."""
    return (random.rand(count, features) >= rate).astype(np.float32) / np.float32(1 - rate)
