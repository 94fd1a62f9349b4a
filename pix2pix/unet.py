"""U-Net generator and PatchGAN discriminator of pix2pix (Isola et al. 2017), as functions that build TensorFlow graphs.

FILE FORMAT: the names, options and defaults of the builders, and the names and shapes of their variables.
Images are NCHW, -1..1; inside, features have the layout `data_format` and kernels are [4, 4, in, out], in `Up` [4, 4,
out, in] or [3, 3, out, in].
"""

from networks import apply_bias, channels, convolve, fused_scale_kernel, leaky_relu, to_native, to_nchw
from tfutil import tf

# How a layer of the decoder enlarges: as the paper, whose kernels of 4x4 cover some pixels more than others, which
# leaves a checkerboard; or each pixel twice each way, then a convolution (Odena et al., Distill 2016).
UPSAMPLE = 'transposed', 'resize'
# What is beyond the border of features: zeros, as in the paper, by which a network can tell where the border is and
# draw a frame; or the features mirrored at it.
PADDING = 'zero', 'mirror'
DROPPED = 3  # up-blocks with dropout, from the innermost; those behind them can have noise


def depth(size):
    """Strided layers from size x size to 1 x 1."""
    if size not in [2**n for n in range(5, 12)]:
        raise ValueError('size is %r; it must be a power of two from 32 to 2048' % (size,))
    return int(size).bit_length() - 1


def fmaps(layer, ngf):
    """Feature maps of the encoder's layer 0, 1, ... and of the decoder where it has that size again."""
    return ngf * min(2**layer, 8)


def dropout_size(size, ngf):
    """How many features of an image can be dropped."""
    layers = depth(size)
    return sum(4 ** (i + 1) * fmaps(layers - 2 - i, ngf) for i in range(DROPPED))


def noise_size(size, noise):
    """How many numbers of noise an image takes, for so many maps of noise a layer."""
    return noise * sum(4 ** (i + 1) for i in range(DROPPED, depth(size)))


def weight(shape):
    return tf.get_variable('weight', shape=shape, initializer=tf.initializers.random_normal(0, 0.02))


def from_nhwc(x, data_format):
    return x if data_format == 'NHWC' else to_nchw(x, 'NHWC')


def pad_mirrored(x, data_format):
    """With one more row and column on each side, equal to the outermost ones."""
    return tf.pad(x, [[1, 1] if axis in 'HW' else [0, 0] for axis in data_format], 'SYMMETRIC')


def valid_conv2d(x, w, strides, _, data_format):
    return tf.nn.conv2d(x, w, strides, 'VALID', data_format=data_format)


def conv(x, maps, stride, data_format, compute_dtype, padding='zero'):
    strides = [1, stride, stride, 1] if data_format == 'NHWC' else [1, 1, stride, stride]
    w, options = (
        weight([4, 4, channels(x, data_format), maps]),
        dict(data_format=data_format, compute_dtype=compute_dtype),
    )
    if padding == 'mirror':
        return convolve(valid_conv2d, pad_mirrored(x, data_format), w, strides, **options)
    return convolve(tf.nn.conv2d, x, w, strides, **options)


def deconv(x, maps, upsample, data_format, compute_dtype, padding='zero'):
    """Twice as high and wide, by an UPSAMPLE; both are transposed convolutions, with kernels of 4x4 or made of 3x3."""
    if padding == 'mirror':
        y = deconv(pad_mirrored(x, data_format), maps, upsample, data_format, compute_dtype)
        return y[:, 2:-2, 2:-2] if data_format == 'NHWC' else y[:, :, 2:-2, 2:-2]
    height, width = (2 * int(x.shape[data_format.index(axis)]) for axis in 'HW')
    shape, strides = [height, width, maps], [1, 2, 2, 1]
    if data_format == 'NCHW':
        shape, strides = [maps, height, width], [1, 1, 2, 2]
    size, options = 4 if upsample == 'transposed' else 3, dict(data_format=data_format, compute_dtype=compute_dtype)
    w = weight([size, size, maps, channels(x, data_format)])
    w = w if upsample == 'transposed' else fused_scale_kernel(w)
    return convolve(tf.nn.conv2d_transpose, x, w, tf.stack([tf.shape(x)[0]] + shape), strides, **options)


def batch_norm(x, data_format):
    """Each feature map to mean 0 and variance 1 over the minibatch, always the present one, then scaled and moved."""
    axes = [0] + [data_format.index(axis) for axis in 'HW']
    shape = [1, 1, 1, 1]
    shape[data_format.index('C')] = channels(x, data_format)
    maps, normal = shape[-1:] if data_format == 'NHWC' else shape[1:2], tf.initializers.random_normal(1, 0.02)
    scale = tf.get_variable('scale', shape=maps, initializer=normal)
    offset = tf.get_variable('offset', shape=scale.shape, initializer=tf.initializers.zeros())
    mean = tf.reduce_mean(x, axis=axes, keepdims=True)
    variance = tf.reduce_mean(tf.square(x - mean), axis=axes, keepdims=True)
    return (x - mean) * (tf.rsqrt(variance + 1e-5) * tf.reshape(scale, shape)) + tf.reshape(offset, shape)


def U_net(
    images_in, dropout_in, size=64, in_channels=1, out_channels=1, ngf=128, upsample='transposed', padding='zero',
    noise=0, data_format='NCHW', compute_dtype=tf.float32, **_
):  # fmt: skip
    """Generator: images [N, in_channels, size, size] -> [N, out_channels, size, size], -1..1.

    dropout_in: [N, dropout_size(size, ngf) + noise_size(size, noise)], factors of the features that may be dropped: 0
    or 2 at random, or 1; then standard normal numbers, or 0; each in the order of layers, rows, columns and features,
    whatever data_format is. upsample: one of UPSAMPLE. padding: one of PADDING. noise: maps of noise of a layer, of
    which weighted sums are added to its features.
    """
    layers, options = depth(size), dict(data_format=data_format, compute_dtype=compute_dtype, padding=padding)
    images_in.set_shape([None, in_channels, size, size])
    dropout_in.set_shape([None, dropout_size(size, ngf) + noise_size(size, noise)])
    x, skips = to_native(images_in, data_format), []
    for layer in range(layers):
        with tf.variable_scope('Down%d' % layer):
            x = conv(leaky_relu(x) if layer else x, fmaps(layer, ngf), 2, **options)
            # At 1x1 pixels a minibatch of one image would be all mean.
            x = batch_norm(x, data_format) if 0 < layer < layers - 1 else apply_bias(x, data_format)
        skips.append(x)
    used = 0

    def numbers(maps):
        """The next maps of dropout_in, [N, H, W, maps] for the height and width of x."""
        height, width = [int(x.shape[data_format.index(axis)]) for axis in 'HW']
        count = height * width * maps
        return tf.reshape(dropout_in[:, used : used + count], [-1, height, width, maps]), used + count

    for layer in range(layers - 2, -2, -1):
        with tf.variable_scope('Up%d' % (layer + 1)):
            maps = fmaps(layer, ngf) if layer >= 0 else out_channels
            x = deconv(tf.nn.relu(x), maps, upsample, **options)
            x = batch_norm(x, data_format) if layer >= 0 else apply_bias(x, data_format)
            if layer > layers - 2 - DROPPED:
                factors, used = numbers(maps)
                x *= from_nhwc(factors, data_format)
            elif noise:
                with tf.variable_scope('Noise'):
                    normal, used = numbers(noise)
                    x += from_nhwc(tf.tensordot(normal, weight([noise, maps]), 1), data_format)
            if layer >= 0:
                x = tf.concat([x, skips[layer]], axis=data_format.index('C'))
    return tf.identity(to_nchw(tf.tanh(x), data_format), name='images_out')


def PatchGAN(
    images_in, targets_in, size=64, in_channels=1, out_channels=1, ndf=128, data_format='NCHW',
    compute_dtype=tf.float32, **_
):  # fmt: skip
    """Discriminator: pairs of generator input and target -> logits [N, 1, size / 8, size / 8], one for each patch.

    Both are [N, in_channels or out_channels, size, size].
    """
    options = dict(data_format=data_format, compute_dtype=compute_dtype)
    depth(size)
    images_in.set_shape([None, in_channels, size, size])
    targets_in.set_shape([None, out_channels, size, size])
    x = to_native(tf.concat([images_in, targets_in], axis=1), data_format)
    for layer in range(4):
        with tf.variable_scope('Conv%d' % layer):
            x = conv(x, fmaps(layer, ndf), 2 if layer < 3 else 1, **options)
            x = leaky_relu(batch_norm(x, data_format) if layer else apply_bias(x, data_format))
    with tf.variable_scope('Conv4'):
        x = apply_bias(conv(x, 1, 1, **options), data_format)
    return tf.identity(to_nchw(x, data_format), name='logits_out')


BUILDERS = {'U_net': U_net, 'PatchGAN': PatchGAN}
