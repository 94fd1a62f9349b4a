"""The networks against NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import tfutil
from pix2pix import unet
from pix2pix.trainer import random_inputs
from reference import leaky

MODES = {'zero': 'constant', 'mirror': 'symmetric'}


def conv(x, w, stride, padding='zero'):
    """[N,C,H,W] and [4,4,in,out], one pixel of padding before and as many as it takes after."""
    x = np.pad(x, [(0, 0), (0, 0), (1, 2), (1, 2)], MODES[padding])
    size = (x.shape[2] - 3) // stride
    return sum(
        np.einsum('nihw,io->nohw', x[:, :, u : u + stride * size : stride, v : v + stride * size : stride], w[u, v])
        for u in range(4)
        for v in range(4)
    )


def deconv(x, w, padding='zero'):
    """Transposed convolution of stride 2 with [4,4,out,in]: a pixel adds a 4x4 patch, middle 2x2 on its own four.

    With [3,3,out,in]: each pixel four times, then a convolution with the kernel turned by 180 degrees.
    """
    n, _, h, _ = x.shape
    if len(w) == 3:
        x = np.pad(x.repeat(2, axis=2).repeat(2, axis=3), [(0, 0), (0, 0), (1, 1), (1, 1)], MODES[padding])
        shifts = [(u, v) for u in range(3) for v in range(3)]
        return sum(
            np.einsum('nihw,oi->nohw', x[:, :, u : u + 2 * h, v : v + 2 * h], w[2 - u, 2 - v]) for u, v in shifts
        )
    x = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)], MODES[padding])
    y = np.zeros([n, w.shape[2], 2 * h + 6, 2 * h + 6])
    for u in range(4):
        for v in range(4):
            y[:, :, u : u + 2 * h + 4 : 2, v : v + 2 * h + 4 : 2] += np.einsum('nihw,oi->nohw', x, w[u, v])
    return y[:, :, 3:-3, 3:-3]


def normal(x, scale, offset):
    mean, variance = x.mean(axis=(0, 2, 3), keepdims=True), x.var(axis=(0, 2, 3), keepdims=True)
    return (x - mean) / np.sqrt(variance + 1e-5) * scale.reshape(1, -1, 1, 1) + offset.reshape(1, -1, 1, 1)


def numpy_unet(v, x, numbers, padding):
    skips, used = [], 0
    for i in range(5):
        x = conv(leaky(x) if i else x, v['Down%d/weight' % i], 2, padding)
        x = (
            normal(x, v['Down%d/scale' % i], v['Down%d/offset' % i])
            if 0 < i < 4
            else x + v['Down%d/bias' % i].reshape(1, -1, 1, 1)
        )
        skips.append(x)
    for i in (4, 3, 2, 1, 0):
        x = deconv(np.maximum(x, 0), v['Up%d/weight' % i], padding)
        x = normal(x, v['Up%d/scale' % i], v['Up%d/offset' % i]) if i else x + v['Up0/bias'].reshape(1, -1, 1, 1)
        n, c, h, w = x.shape
        weights = v.get('Up%d/Noise/weight' % i)
        count = h * w * (c if i > 1 else 0 if weights is None else len(weights))
        drawn, used = numbers[:, used : used + count].reshape(n, h, w, -1), used + count
        if i > 1:
            x = x * drawn.transpose(0, 3, 1, 2)
        elif weights is not None:
            x = x + np.einsum('nhwi,io->nohw', drawn, weights)
        if i:
            x = np.concatenate([x, skips[i - 1]], axis=1)
    return np.tanh(x)


def numpy_patchgan(v, x, y):
    x = np.concatenate([x, y], axis=1)
    for i in range(4):
        x = conv(x, v['Conv%d/weight' % i], 2 if i < 3 else 1)
        x = leaky(
            normal(x, v['Conv%d/scale' % i], v['Conv%d/offset' % i]) if i else x + v['Conv0/bias'].reshape(1, -1, 1, 1)
        )
    return conv(x, v['Conv4/weight'], 1) + v['Conv4/bias'].reshape(1, -1, 1, 1)


@pytest.mark.parametrize('noise', [0, 3])
@pytest.mark.parametrize('padding', unet.PADDING)
@pytest.mark.parametrize('upsample', unet.UPSAMPLE)
def test_the_networks_equal_numpys(session, random, upsample, padding, noise):
    G = tfutil.Network('G', unet.U_net, size=32, ngf=4, upsample=upsample, padding=padding, noise=noise)
    D = tfutil.Network('D', unet.PatchGAN, size=32, ndf=4)
    for network in (G, D):
        network.set(
            {
                name: random.randn(*value.shape) * 0.3 + name.endswith('scale')
                for name, value in network.values().items()
            }
        )
    x, y = random.randn(2, 3, 1, 32, 32)
    numbers = random_inputs(random, 3, G)
    dropped = unet.dropout_size(32, 4)
    factors, normals = numbers[:, :dropped], numbers[:, dropped:]
    assert 0.4 < (factors > 0).mean() < 0.6 and factors.max() == 2
    assert normals.shape == (3, noise * (16 * 16 + 32 * 32)) and (noise == 0 or 0.9 < normals.std() < 1.1)
    values = {k: v.astype(float) for k, v in G.values().items()}
    assert_allclose(G.run(x, numbers), numpy_unet(values, x, numbers, padding), atol=2e-5)
    assert_allclose(D.run(x, y), numpy_patchgan({k: v.astype(float) for k, v in D.values().items()}, x, y), atol=1e-4)


def test_layers_at_64_pixels_have_the_published_shapes(session):
    G, D = tfutil.Network('G', unet.U_net, ngf=8), tfutil.Network('D', unet.PatchGAN, ndf=8)
    down = [[4, 4, 1, 8], [4, 4, 8, 16], [4, 4, 16, 32], [4, 4, 32, 64], [4, 4, 64, 64], [4, 4, 64, 64]]
    up = [[4, 4, 1, 16], [4, 4, 8, 32], [4, 4, 16, 64], [4, 4, 32, 128], [4, 4, 64, 128], [4, 4, 64, 64]]
    assert [G.vars['Down%d/weight' % i].shape.as_list() for i in range(6)] == down
    assert [G.vars['Up%d/weight' % i].shape.as_list() for i in range(6)] == up
    assert {name for name in G.vars if name.endswith('scale')} == {'Down%d/scale' % i for i in (1, 2, 3, 4)} | {
        'Up%d/scale' % i for i in (1, 2, 3, 4, 5)
    }
    assert [D.vars['Conv%d/weight' % i].shape.as_list()[2:] for i in range(5)] == [
        [2, 8],
        [8, 16],
        [16, 32],
        [32, 64],
        [64, 1],
    ]
    assert D.outputs[0].shape.as_list() == [None, 1, 8, 8]
