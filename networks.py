"""Generator and discriminator of progressive growing WGAN-GP (Karras et al., ICLR 2018), as graph builders.

The text of this file travels inside every saved network and has to build beside any module `tfutil` that has a name
`tf`. FILE FORMAT: the names, options and defaults of the builders, and the names and shapes of their variables.
Images and latents are NCHW and NC outside; inside, features have the layout `data_format`. Kernels are HWIO in either
layout ([H, W, out, in] in the transposed convolution `Conv0_up`), so one file serves both.
"""

import numpy as np

from tfutil import tf

HE_GAIN = np.sqrt(2)  # of kernels before a rectified unit (He et al. 2015)


def get_weight(shape, gain=HE_GAIN, use_wscale=False, fan_in=None):
    """He-initialised kernel; use_wscale: the scale is applied at run time (equalised learning rate, section 4.1)."""
    std = float(gain / np.sqrt(fan_in or np.prod(shape[:-1])))
    w = tf.get_variable('weight', shape=shape, initializer=tf.initializers.random_normal(0, 1 if use_wscale else std))
    return w * np.float32(std) if use_wscale else w


def channels(x, data_format):
    return int(x.shape[data_format.index('C')])


def dense(x, fmaps, gain=HE_GAIN, use_wscale=False):
    return tf.matmul(x, get_weight([int(x.shape[1]), fmaps], gain, use_wscale))


def apply_bias(x, data_format='NC'):
    b = tf.get_variable('bias', shape=[channels(x, data_format)], initializer=tf.initializers.zeros())
    return tf.nn.bias_add(x, b, data_format=None if data_format == 'NC' else data_format)


def convolve(operation, x, w, *arguments, data_format, compute_dtype):
    """A convolution in the type `compute_dtype`; features and kernels stay float32."""
    x, w = tf.cast(x, compute_dtype), tf.cast(w, compute_dtype)
    return tf.cast(operation(x, w, *arguments, 'SAME', data_format=data_format), tf.float32)


def conv2d(x, fmaps, kernel, data_format, compute_dtype, gain=HE_GAIN, use_wscale=False):
    w = get_weight([kernel, kernel, channels(x, data_format), fmaps], gain, use_wscale)
    return convolve(tf.nn.conv2d, x, w, [1, 1, 1, 1], data_format=data_format, compute_dtype=compute_dtype)


def fused_scale_kernel(w):
    """A 3x3 kernel convolved with a 2x2 box of ones: a 4x4 kernel that scales by two while it convolves."""
    return tf.add_n([tf.pad(w, [[a, 1 - a], [b, 1 - b], [0, 0], [0, 0]]) for a in (0, 1) for b in (0, 1)])


def upscale2d_conv2d(x, fmaps, kernel, data_format, compute_dtype, gain=HE_GAIN, use_wscale=False):
    """Nearest-neighbour upscaling and convolution in one."""
    fan_in = channels(x, data_format)
    w = fused_scale_kernel(get_weight([kernel, kernel, fmaps, fan_in], gain, use_wscale, fan_in=kernel**2 * fan_in))
    height, width = (2 * int(x.shape[data_format.index(axis)]) for axis in 'HW')
    count, stride = tf.shape(x)[0], [1, 2, 2, 1]
    shape = [count, height, width, fmaps]
    if data_format == 'NCHW':
        shape, stride = [count, fmaps, height, width], [1, 1, 2, 2]
    options = dict(data_format=data_format, compute_dtype=compute_dtype)
    return convolve(tf.nn.conv2d_transpose, x, w, tf.stack(shape), stride, **options)


def conv2d_downscale2d(x, fmaps, kernel, data_format, compute_dtype, gain=HE_GAIN, use_wscale=False):
    """Convolution and 2x2 averaging in one."""
    w = fused_scale_kernel(get_weight([kernel, kernel, channels(x, data_format), fmaps], gain, use_wscale)) * 0.25
    stride = [1, 2, 2, 1] if data_format == 'NHWC' else [1, 1, 2, 2]
    return convolve(tf.nn.conv2d, x, w, stride, data_format=data_format, compute_dtype=compute_dtype)


def upscale2d(x, data_format):
    """Twice as high and wide, by repeating pixels."""
    sizes = [-1] + [int(size) for size in x.shape[1:]]
    for axis in (data_format.index('H'), data_format.index('W')):
        sizes[axis] *= 2
        x = tf.reshape(tf.stack([x, x], axis=axis + 1), sizes)
    return x


def downscale2d(x, data_format):
    """Half as high and wide, by averaging 2x2 boxes."""
    box = [1, 2, 2, 1] if data_format == 'NHWC' else [1, 1, 2, 2]
    return tf.nn.avg_pool(x, box, box, 'VALID', data_format=data_format)


def leaky_relu(x):
    return tf.nn.leaky_relu(x, 0.2)


def pixel_norm(x, axis, epsilon=1e-8):
    """Each pixel's feature vector scaled to unit mean square (section 4.2)."""
    return x * tf.rsqrt(tf.reduce_mean(tf.square(x), axis=axis, keepdims=True) + epsilon)


def minibatch_stddev(x, group_size, data_format):
    """One more feature map: the standard deviation over a group of images, mean of features and pixels (section 3)."""
    n, (a, b, c) = tf.shape(x)[0], [int(size) for size in x.shape[1:]]
    group = tf.minimum(group_size, n)  # the minibatch must be a multiple of it
    y = tf.reshape(x, [group, -1, a, b, c])  # [N,...] -> [g,N/g,...]
    y -= tf.reduce_mean(y, axis=0, keepdims=True)
    y = tf.sqrt(tf.reduce_mean(tf.square(y), axis=0) + 1e-8)  # [N/g,...]
    y = tf.reduce_mean(y, axis=[1, 2, 3], keepdims=True)  # [N/g,1,1,1]
    times = [group, a, b, c]
    times[data_format.index('C')] = 1
    return tf.concat([x, tf.tile(y, tf.stack(times))], axis=data_format.index('C'))


def lerp(a, b, t):
    """a where t <= 0, b where t >= 1 (both exactly), a mixture between."""
    t = tf.clip_by_value(t, 0.0, 1.0)
    return (1.0 - t) * a + t * b


def to_native(x, data_format):
    return tf.transpose(x, [0, 2, 3, 1]) if data_format == 'NHWC' else x


def to_nchw(x, data_format):
    return tf.transpose(x, [0, 3, 1, 2]) if data_format == 'NHWC' else x


def log2_resolution(resolution):
    if resolution not in [2**n for n in range(2, 12)]:
        raise ValueError('resolution is %r; it must be a power of two from 4 to 2048' % (resolution,))
    return int(resolution).bit_length() - 1


def G_paper(
    latents_in, labels_in, num_channels=1, resolution=32, label_size=0, fmap_base=8192, fmap_decay=1.0, fmap_max=512,
    latent_size=None, normalize_latents=True, use_wscale=True, use_pixelnorm=True, pixelnorm_epsilon=1e-8,
    use_leakyrelu=True, fused_scale=True, level=None, data_format='NCHW', compute_dtype=tf.float32, **_
):  # fmt: skip
    """Generator: latents [N, latent_size], labels [N, label_size] -> images [N, num_channels, R, R], about -1..1.

    level: None builds the whole network, R = resolution; a number stops at R = 2**level, for training.
    The variable `lod` (levels of detail left out, 0 = full resolution) blends the outputs of neighbouring levels.
    data_format, compute_dtype: what the host's convolutions want; they change no weight.
    """
    top = log2_resolution(resolution)
    nf = [min(int(fmap_base / (2.0 ** (stage * fmap_decay))), fmap_max) for stage in range(top)]
    options = dict(data_format=data_format, compute_dtype=compute_dtype, use_wscale=use_wscale)
    act = leaky_relu if use_leakyrelu else tf.nn.relu

    def layer(x):
        x = act(apply_bias(x, data_format))
        return pixel_norm(x, data_format.index('C'), pixelnorm_epsilon) if use_pixelnorm else x

    latents_in.set_shape([None, latent_size or nf[0]])
    labels_in.set_shape([None, label_size])
    lod = tf.get_variable('lod', initializer=np.float32(0.0), trainable=False)

    def block(x, res):
        with tf.variable_scope('%dx%d' % (2**res, 2**res)):
            if res == 2:
                if normalize_latents:
                    x = pixel_norm(x, 1, pixelnorm_epsilon)
                with tf.variable_scope('Dense'):
                    x = dense(x, nf[1] * 16, gain=HE_GAIN / 4, use_wscale=use_wscale)
                    x = layer(to_native(tf.reshape(x, [-1, nf[1], 4, 4]), data_format))
                with tf.variable_scope('Conv'):
                    return layer(conv2d(x, nf[1], 3, **options))
            with tf.variable_scope('Conv0_up' if fused_scale else 'Conv0'):
                if fused_scale:
                    x = layer(upscale2d_conv2d(x, nf[res - 1], 3, **options))
                else:
                    x = layer(conv2d(upscale2d(x, data_format), nf[res - 1], 3, **options))
            with tf.variable_scope('Conv1'):
                return layer(conv2d(x, nf[res - 1], 3, **options))

    def torgb(x, res):
        with tf.variable_scope('ToRGB_lod%d' % (top - res)):
            return apply_bias(conv2d(x, num_channels, 1, gain=1, **options), data_format)

    x = block(tf.concat([latents_in, labels_in], axis=1), 2)
    images = torgb(x, 2)
    for res in range(3, (level or top) + 1):
        x = block(x, res)
        image = torgb(x, res)
        fades = level in (None, res)  # below the level that is being trained nothing fades any more
        images = lerp(image, upscale2d(images, data_format), lod - (top - res)) if fades else image
    return tf.identity(to_nchw(images, data_format), name='images_out')


def D_paper(
    images_in, num_channels=1, resolution=32, label_size=0, fmap_base=8192, fmap_decay=1.0, fmap_max=512,
    use_wscale=True, mbstd_group_size=4, fused_scale=True, level=None, data_format='NCHW', compute_dtype=tf.float32, **_
):  # fmt: skip
    """Discriminator: images [N, num_channels, R, R] -> scores [N, 1], logits [N, label_size]; level as in G_paper."""
    top = log2_resolution(resolution)
    nf = [min(int(fmap_base / (2.0 ** (stage * fmap_decay))), fmap_max) for stage in range(top)]
    options = dict(data_format=data_format, compute_dtype=compute_dtype, use_wscale=use_wscale)

    def layer(x):
        return leaky_relu(apply_bias(x, data_format))

    size = 2 ** (level or top)
    images_in.set_shape([None, num_channels, size, size])
    lod = tf.get_variable('lod', initializer=np.float32(0.0), trainable=False)

    def fromrgb(x, res):
        with tf.variable_scope('FromRGB_lod%d' % (top - res)):
            return layer(conv2d(x, nf[res - 1], 1, **options))

    def block(x, res):
        with tf.variable_scope('%dx%d' % (2**res, 2**res)):
            if res > 2:
                with tf.variable_scope('Conv0'):
                    x = layer(conv2d(x, nf[res - 1], 3, **options))
                if fused_scale:
                    with tf.variable_scope('Conv1_down'):
                        return layer(conv2d_downscale2d(x, nf[res - 2], 3, **options))
                with tf.variable_scope('Conv1'):
                    return downscale2d(layer(conv2d(x, nf[res - 2], 3, **options)), data_format)
            if mbstd_group_size > 1:
                x = minibatch_stddev(x, mbstd_group_size, data_format)
            with tf.variable_scope('Conv'):
                x = layer(conv2d(x, nf[res - 1], 3, **options))
            x = to_nchw(x, data_format)  # FILE FORMAT: the order of Dense0's inputs is C, H, W
            x = tf.reshape(x, [-1, int(np.prod([int(n) for n in x.shape[1:]]))])
            with tf.variable_scope('Dense0'):
                x = leaky_relu(apply_bias(dense(x, nf[res - 2], use_wscale=use_wscale)))
            with tf.variable_scope('Dense1'):
                return apply_bias(dense(x, 1 + label_size, gain=1, use_wscale=use_wscale))

    images = to_native(images_in, data_format)
    x = fromrgb(images, level or top)
    for res in range(level or top, 2, -1):
        x = block(x, res)
        if level in (None, res):
            images = downscale2d(images, data_format)
            x = lerp(x, fromrgb(images, res - 1), lod - (top - res))
    out = block(x, 2)
    return tf.identity(out[:, :1], name='scores_out'), tf.identity(out[:, 1:], name='labels_out')


BUILDERS = {'G_paper': G_paper, 'D_paper': D_paper}
