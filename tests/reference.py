"""The two networks once more, in plain NumPy, written from the papers' formulas rather than from networks.py."""

import numpy as np


def conv(x, w):
    """x [N,C,H,W], w [k,k,in,out], zero padding."""
    k = w.shape[0] // 2
    p = np.pad(x, [(0, 0), (0, 0), (k, k), (k, k)], 'constant')
    h, wd = x.shape[2:]
    return sum(
        np.einsum('nchw,cd->ndhw', p[:, :, i : i + h, j : j + wd], w[i, j])
        for i in range(w.shape[0])
        for j in range(w.shape[1])
    )


def enlarge(x):
    return x.repeat(2, axis=2).repeat(2, axis=3)


def shrink(x):
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).mean(axis=(3, 5))


def leaky(x):
    return np.where(x > 0, x, 0.2 * x)


def weight(values, name, gain, wscale, transposed=False):
    w = values[name + '/weight'].astype(np.float64)
    if transposed:
        w = w[::-1, ::-1].transpose(0, 1, 3, 2)  # the gradient of a convolution: a mirrored kernel
    return w * gain / np.sqrt(np.prod(w.shape[:-1])) if wscale else w


def add(x, values, name):
    b = values[name + '/bias'].astype(np.float64)
    return x + (b[None, :, None, None] if x.ndim == 4 else b)


def generator(
    values, latents, labels, top, lod, act=leaky, wscale=True, pixelnorm=True, normalize=True, fused=True, epsilon=1e-8
):
    root2 = np.sqrt(2)

    def norm(x):
        return x / np.sqrt((x**2).mean(axis=1, keepdims=True) + epsilon)

    def finish(x, name):
        x = act(add(x, values, name))
        return norm(x) if pixelnorm else x

    x = np.concatenate([latents, labels], axis=1).astype(np.float64)
    x = norm(x) if normalize else x
    x = x.dot(weight(values, '4x4/Dense', root2 / 4, wscale))
    x = finish(x.reshape(len(x), -1, 4, 4), '4x4/Dense')
    x = finish(conv(x, weight(values, '4x4/Conv', root2, wscale)), '4x4/Conv')
    images = None
    for level in range(2, top + 1):
        if level > 2:
            block = '%dx%d/' % (2**level, 2**level)
            first = block + ('Conv0_up' if fused else 'Conv0')
            x = finish(conv(enlarge(x), weight(values, first, root2, wscale, transposed=fused)), first)
            x = finish(conv(x, weight(values, block + 'Conv1', root2, wscale)), block + 'Conv1')
        rgb = 'ToRGB_lod%d' % (top - level)
        image = add(conv(x, weight(values, rgb, 1, wscale)), values, rgb)
        t = min(max(lod - (top - level), 0), 1)
        images = image if images is None else image * (1 - t) + enlarge(images) * t
    return images


def discriminator(values, images, top, lod, group=4, wscale=True, fused=True):
    root2 = np.sqrt(2)

    def finish(x, name):
        return leaky(add(x, values, name))

    def fromrgb(images, level):
        name = 'FromRGB_lod%d' % (top - level)
        return finish(conv(images, weight(values, name, root2, wscale)), name)

    images = images.astype(np.float64)
    x = fromrgb(images, top)
    for level in range(top, 2, -1):
        block = '%dx%d/' % (2**level, 2**level)
        x = finish(conv(x, weight(values, block + 'Conv0', root2, wscale)), block + 'Conv0')
        if fused:
            x = finish(shrink(conv(x, weight(values, block + 'Conv1_down', root2, wscale))), block + 'Conv1_down')
        else:
            x = shrink(finish(conv(x, weight(values, block + 'Conv1', root2, wscale)), block + 'Conv1'))
        images = shrink(images)
        t = min(max(lod - (top - level), 0), 1)
        x = x * (1 - t) + fromrgb(images, level - 1) * t
    if group > 1:
        group = min(group, len(x))
        deviation = np.empty((len(x), 1, 4, 4))
        for member in range(len(x) // group):  # images member, member + N/g, ... are one group
            rows = x[member :: len(x) // group]
            deviation[member :: len(x) // group] = np.sqrt(rows.var(axis=0) + 1e-8).mean()
        x = np.concatenate([x, deviation], axis=1)
    x = finish(conv(x, weight(values, '4x4/Conv', root2, wscale)), '4x4/Conv')
    x = finish(x.reshape(len(x), -1).dot(weight(values, '4x4/Dense0', root2, wscale)), '4x4/Dense0')
    x = add(x.dot(weight(values, '4x4/Dense1', 1, wscale)), values, '4x4/Dense1')
    return x[:, :1], x[:, 1:]
