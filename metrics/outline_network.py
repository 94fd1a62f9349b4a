"""The network that outlines nodules, as a function that builds a TensorFlow graph: a small U-Net.

Ronneberger et al. 2015. FILE FORMAT: its options and defaults, and the names and shapes of its variables.
Features are not normalised, so that a patch is outlined the same in any minibatch. Inside they have the layout
`data_format`.
"""

from metrics.outlines import HU, NEAR, SIZE
from networks import apply_bias, conv2d, downscale2d, leaky_relu, to_native, to_nchw, upscale2d
from tfutil import tf


def inputs(hu, at):
    """What `outline_unet` takes: [N, 2, SIZE, SIZE] of HU [N, SIZE, SIZE] and points [N, 2] (row, column; pixels)."""
    scaled = (tf.clip_by_value(hu, *HU) - sum(HU) / 2) * (2 / (HU[1] - HU[0]))
    index = tf.range(SIZE, dtype=tf.float32)
    rows, columns = tf.square(index - at[:, :1]), tf.square(index - at[:, 1:])
    distance = tf.sqrt(rows[:, :, None] + columns[:, None, :])
    return tf.stack([scaled, tf.exp(-distance / NEAR)], axis=1)


def outline_unet(images_in, maps='12,24,40,56', data_format='NCHW', compute_dtype=tf.float32, **_):
    """`inputs` [N, 2, SIZE, SIZE] -> logits [N, SIZE, SIZE] of the nodule at the point.

    maps: feature maps of each level, of which each is half as wide as the one before.
    """
    options = dict(data_format=data_format, compute_dtype=compute_dtype)
    widths = [int(width) for width in maps.split(',')]
    images_in.set_shape([None, 2, SIZE, SIZE])
    x = to_native(images_in, data_format)

    def layers(x, width, count=2):
        for layer in range(count):
            with tf.variable_scope('Conv%d' % layer):
                x = leaky_relu(apply_bias(conv2d(x, width, 3, **options), data_format))
        return x

    skips = []
    for level, width in enumerate(widths):
        with tf.variable_scope('Down%d' % level):
            x = layers(downscale2d(x, data_format) if level else x, width, 1 if level == 0 else 2)
        skips.append(x)
    for level in reversed(range(len(widths) - 1)):
        with tf.variable_scope('Up%d' % level):
            with tf.variable_scope('Narrow'):
                x = apply_bias(conv2d(x, widths[level], 1, gain=1.0, **options), data_format)
            x = tf.concat([upscale2d(x, data_format), skips[level]], axis=data_format.index('C'))
            x = layers(x, widths[level], 2 if level else 1)
    with tf.variable_scope('Out'):
        x = apply_bias(conv2d(x, 1, 1, gain=1.0, **options), data_format)
    return tf.identity(to_nchw(x, data_format)[:, 0], name='logits_out')


BUILDERS = {'outline_unet': outline_unet}
