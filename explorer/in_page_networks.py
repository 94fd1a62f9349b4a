"""Networks as the page without a server computes them: plain convolutions, with their weights as they are used.

Kernels are [outputs, inputs, side, side], scales of equalized learning rates are multiplied in, and a transposed
convolution that enlarges is the 3x3 convolution of the enlarged image that it equals.
"""

import base64
import json
import zlib

import numpy as np

from common import card
from explorer import drawing
from metrics import outlines
from networks import HE_GAIN, log2_resolution
from pix2pix import trainer, unet


def packed(description):
    """Base64 of a description, dicts and lists that hold arrays.

    Its content is compressed (zlib): the length of the JSON (uint32, little-endian), the JSON, padded with blanks to a
    multiple of 4 bytes, and the numbers of all arrays, float32. In the JSON an array is {"begin": its first number,
    "count": their number}.
    """
    arrays = []
    used = [0]

    def place(value):
        if isinstance(value, np.ndarray):
            arrays.append(np.ascontiguousarray(value, '<f4').ravel())
            used[0] += value.size
            return dict(begin=used[0] - value.size, count=int(value.size))
        if isinstance(value, dict):
            return {name: place(each) for name, each in value.items()}
        return [place(each) for each in value] if isinstance(value, (list, tuple)) else value

    text = json.dumps(place(description)).encode()
    text += b' ' * (-len(text) % 4)
    content = np.array([len(text)], '<u4').tobytes() + text + b''.join(each.tobytes() for each in arrays)
    return base64.b64encode(zlib.compress(content, 9)).decode()


def _convolution(kernel, bias, scale=1.0, **more):
    """A description of a kernel [side, side, inputs, outputs]."""
    kernel = (kernel * np.float32(scale)).transpose(3, 2, 0, 1)
    outputs, inputs, side = kernel.shape[:3]
    return dict(more, outputs=int(outputs), inputs=int(inputs), side=int(side), weights=kernel, bias=bias)


def _enlarging(kernel):
    """The kernel [3, 3, inputs, outputs] after enlarging that a kernel [3, 3, outputs, inputs] is, see `networks`."""
    return kernel[::-1, ::-1].transpose(0, 1, 3, 2)


def generator(source):
    """The description of a sampling.Generator of gray images."""
    network = source.network
    options = network.static_kwargs
    with source.as_default():
        values = network.values()
    scaled = options.get('use_wscale', True)

    def scale(shape, gain=HE_GAIN):
        return gain / np.sqrt(np.prod(shape)) if scaled else 1.0

    top = log2_resolution(source.resolution)
    dense = values['4x4/Dense/weight']
    dense = dense * np.float32(scale(dense.shape[:1], HE_GAIN / 4))
    layers = [_layer(values, '4x4/Conv', scale)]
    for res in range(3, top + 1):
        name = '%dx%d/' % (2**res, 2**res)
        layers += [
            _layer(values, name + first, scale) for first in ('Conv0_up', 'Conv0') if name + first + '/bias' in values
        ]
        layers.append(_layer(values, name + 'Conv1', scale))
    images, rest = [], 1.0
    for left_out in range(top - 1):  # from the full resolution down
        fade = float(np.clip(values['lod'] - left_out, 0, 1)) if left_out < top - 2 else 0.0
        kernel = values['ToRGB_lod%d/weight' % left_out]
        kernel = kernel * np.float32(scale(kernel.shape[:3], 1))
        images.insert(0, dict(weights=kernel, bias=values['ToRGB_lod%d/bias' % left_out], share=rest * (1 - fade)))
        rest *= fade
    return dict(
        latent=source.latent_size,
        labels=source.label_size,
        size=source.resolution,
        slope=0.2 if options.get('use_leakyrelu', True) else 0.0,
        normalized=options.get('use_pixelnorm', True),
        normalizesLatents=options.get('normalize_latents', True),
        epsilon=options.get('pixelnorm_epsilon', 1e-8),
        dense=dict(weights=dense, bias=values['4x4/Dense/bias']),
        layers=layers,
        images=images,
    )


def _layer(values, name, scale):
    kernel, bias = values[name + '/weight'], values[name + '/bias']
    if name.endswith('_up'):
        kernel = _enlarging(kernel)
    return _convolution(kernel, bias, scale(kernel.shape[:3]), up='Conv0' in name)


def outlining():
    """The description of the network that outlines nodules, see `metrics.outlines`."""
    maps, values = outlines.read()
    names = sorted(name[: -len('/weight')] for name in values if name.endswith('/weight'))
    layers = {name: _convolution(values[name + '/weight'], values[name + '/bias']) for name in names}
    return dict(
        size=outlines.SIZE,
        near=outlines.NEAR,
        hu=outlines.HU,
        window=card.PUBLISHED_WINDOW,
        maps=[int(width) for width in maps.split(',')],
        layers=layers,
    )


def pix2pix(painter):
    """The description of the generator of a pix2pix.painter.Painter of gray images, see `unet.U_net`."""
    options = painter.G.static_kwargs
    transposed = options.get('upsample', unet.UPSAMPLE[0]) == 'transposed'
    with painter.as_default():
        values = painter.G.values()
    down, up = [], []
    for layer in range(unet.depth(painter.size)):
        down.append(_unet_layer(values, 'Down%d' % layer, values['Down%d/weight' % layer]))
        kernel = values['Up%d/weight' % layer]
        kernel = kernel.transpose(0, 1, 3, 2) if transposed else _enlarging(kernel)
        up.insert(0, _unet_layer(values, 'Up%d' % layer, kernel))
    return dict(
        size=painter.size,
        minibatch=drawing.MINIBATCH,
        dropout=trainer.DROPOUT,
        dropped=unet.DROPPED,
        mirror=options.get('padding') == 'mirror',
        down=down,
        up=up,
    )


def _unet_layer(values, name, kernel):
    """A layer with a bias, or with the scale and offset of a normalization."""
    count = kernel.shape[3]
    layer = _convolution(kernel, values.get(name + '/bias', np.zeros(count, np.float32)))
    if name + '/scale' in values:
        layer.update(scale=values[name + '/scale'], offset=values[name + '/offset'])
    if name + '/Noise/weight' in values:
        layer.update(noise=values[name + '/Noise/weight'])
    return layer
