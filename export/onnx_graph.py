"""Networks as ONNX graphs, written from their weights.

Images are NCHW, -1..1, and the number of images is free. What is constant in a trained network is folded into the
weights: the scales of the equalized learning rate, kernels that scale by two, and the fade.
"""

import inspect

import numpy as np

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    raise ImportError('ONNX files are written with the package onnx: pip install onnx') from None

from common import VERSION
from networks import HE_GAIN, log2_resolution
from pix2pix.unet import DROPPED, depth, dropout_size, fmaps, noise_size

OPSET, IR = 15, 7  # FILE FORMAT: the newest that onnxruntime 1.10 loads, the last version for Python 3.6


class _Graph:
    """Nodes and weights of a graph; a method adds nodes and returns the name of their output.

    values: {local name: array} of the network. half: weights are stored in 16 bits and computed with in 32.
    """

    def __init__(self, values, use_wscale, half):
        self.values, self.use_wscale, self.half = values, use_wscale, half
        self.nodes, self.weights, self.inputs = [], [], []

    def input(self, name, *shape):
        """An input [N, *shape]."""
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ['N'] + list(shape)))
        return name

    def add(self, operation, *inputs, **attributes):
        name = '%s_%d' % (operation, len(self.nodes))
        self.nodes.append(helper.make_node(operation, list(inputs), [name], name, **attributes))
        return name

    def constant(self, array, name=None):
        array = np.array(array, order='C')
        array = array.astype(np.float32) if array.dtype.kind == 'f' else array
        name = name or 'constant_%d' % len(self.weights)
        half = self.half and array.dtype == np.float32 and array.size > 1
        array = array.astype(np.float16) if half else array
        self.weights.append(numpy_helper.from_array(array, name))
        return self.add('Cast', name, to=TensorProto.FLOAT) if half else name

    def scaled(self, layer, gain=HE_GAIN, fan_in=None):
        """The kernel or matrix of a layer, scaled as `networks.get_weight` does at run time."""
        w = self.values[layer + '/weight']
        return w * np.float32(gain / np.sqrt(fan_in or np.prod(w.shape[:-1]))) if self.use_wscale else w

    def matmul(self, x, layer, w):
        return self.add('MatMul', x, self.constant(w, layer + '/weight'))

    def bias(self, x, layer, *shape):
        """Features plus the bias of a layer. shape: of the bias, by default that of maps."""
        bias = self.values[layer + '/bias'].reshape(shape or (1, -1, 1, 1))
        return self.add('Add', x, self.constant(bias, layer + '/bias'))

    def conv(self, x, layer, w, stride=1, mirror=False):
        """Convolution with a kernel [H, W, in, out], padded as TensorFlow's SAME pads even sizes.

        mirror: padded with one pixel of `padded`.
        """
        kernel = self.constant(w.transpose(3, 2, 0, 1), layer + '/weight')
        pads = [0 if mirror else (w.shape[0] - stride) // 2] * 4
        return self.add('Conv', self.padded(x) if mirror else x, kernel, strides=[stride] * 2, pads=pads)

    def transposed_conv(self, x, layer, w, mirror=False):
        """Twice as high and wide, by a kernel [4, 4, out, in] or one of 3x3 that is enlarged as in `networks`."""
        kernel = self.constant((w if len(w) == 4 else _fused(w)).transpose(3, 2, 0, 1), layer + '/weight')
        pads = [3 if mirror else 1] * 4  # what is cut off
        return self.add('ConvTranspose', self.padded(x) if mirror else x, kernel, strides=[2, 2], pads=pads)

    def padded(self, x):
        """With one more row and column on each side, equal to the outermost ones."""
        return self.add('Pad', x, self.constant([0, 0, 1, 1, 0, 0, 1, 1]), mode='edge')

    def leaky_relu(self, x):
        return self.add('LeakyRelu', x, alpha=0.2)

    def pixel_norm(self, x, epsilon):
        square = self.add('ReduceMean', self.add('Mul', x, x), axes=[1], keepdims=1)
        return self.add('Div', x, self.add('Sqrt', self.add('Add', square, self.constant(epsilon))))

    def enlarge(self, x, factor):
        """`factor` times as high and wide, by repeating pixels."""
        scales = self.constant([1.0, 1.0, factor, factor])
        options = dict(mode='nearest', nearest_mode='floor', coordinate_transformation_mode='asymmetric')
        return self.add('Resize', x, '', scales, **options)

    def reshape(self, x, *shape):
        return self.add('Reshape', x, self.constant(shape))


def _fused(w):
    """As networks.fused_scale_kernel, in NumPy."""
    return sum(np.pad(w, [(a, 1 - a), (b, 1 - b), (0, 0), (0, 0)], 'constant') for a in (0, 1) for b in (0, 1))


def _generator(graph, options):
    """G_paper: latents [N, latent_size], and labels [N, label_size] if there are any, -> images."""
    top = log2_resolution(options['resolution'])
    act = graph.leaky_relu if options['use_leakyrelu'] else lambda x: graph.add('Relu', x)

    def norm(x):
        return graph.pixel_norm(x, options['pixelnorm_epsilon'])

    def layer(x, name):
        x = act(graph.bias(x, name))
        return norm(x) if options['use_pixelnorm'] else x

    def conv(x, name):
        return layer(graph.conv(x, name, graph.scaled(name)), name)

    def block(x, res):
        name = '%dx%d/' % (2**res, 2**res)
        if res == 2:
            w = graph.scaled(name + 'Dense', HE_GAIN / 4)
            x = graph.reshape(graph.matmul(x, name + 'Dense', w), -1, w.shape[1] // 16, 4, 4)
            return conv(layer(x, name + 'Dense'), name + 'Conv')
        if options['fused_scale']:
            up = name + 'Conv0_up'
            w = graph.scaled(up, fan_in=9 * graph.values[up + '/weight'].shape[3])
            return conv(layer(graph.transposed_conv(x, up, w), up), name + 'Conv1')
        return conv(conv(graph.enlarge(x, 2), name + 'Conv0'), name + 'Conv1')

    def image(x, res):
        name = 'ToRGB_lod%d' % (top - res)
        return graph.bias(graph.conv(x, name, graph.scaled(name, 1)), name)

    labels = options['label_size']
    inputs = len(graph.values['4x4/Dense/weight']) - labels
    x = graph.input('latents', inputs)
    if labels:
        x = graph.add('Concat', x, graph.input('labels', labels), axis=1)
    x = norm(x) if options['normalize_latents'] else x
    fades = {res: np.clip(graph.values['lod'] - (top - res), 0, 1) for res in range(3, top + 1)}
    last = max([2] + [res for res, fade in fades.items() if fade < 1])  # what is finer does not show yet
    coarser = None
    for res in range(2, last + 1):
        coarser, x = x, block(x, res)
    images, fade = image(x, last), fades.get(last, 0)
    if fade > 0:
        coarse = graph.enlarge(image(coarser, last - 1), 2)
        mixed = (images, 1 - fade), (coarse, fade)
        images = graph.add('Add', *[graph.add('Mul', part, graph.constant(share)) for part, share in mixed])
    if last < top:
        images = graph.enlarge(images, 2 ** (top - last))
    return 'images', images, [options['num_channels']] + [options['resolution']] * 2


def _batch_norm(graph, x, layer):
    """Each feature map to mean 0 and variance 1 over the minibatch, then scaled and moved."""
    difference = graph.add('Sub', x, graph.add('ReduceMean', x, axes=[0, 2, 3], keepdims=1))
    variance = graph.add('ReduceMean', graph.add('Mul', difference, difference), axes=[0, 2, 3], keepdims=1)
    deviation = graph.add('Sqrt', graph.add('Add', variance, graph.constant(1e-5)))
    scale, offset = [
        graph.constant(graph.values['%s/%s' % (layer, name)].reshape(1, -1, 1, 1), '%s/%s' % (layer, name))
        for name in ('scale', 'offset')
    ]
    return graph.add('Add', graph.add('Mul', graph.add('Div', difference, deviation), scale), offset)


def _u_net(graph, options):
    """U_net: masks [N, C, R, R] and factors of dropout [N, features], all 1 for none, -> images.

    With noise also normal numbers [N, numbers], all 0 for none.
    """
    size, ngf, noise, mirror = options['size'], options['ngf'], options['noise'], options['padding'] == 'mirror'
    layers = depth(size)
    x, skips, used = graph.input('masks', options['in_channels'], size, size), [], {}
    drawn = [('dropout', dropout_size(size, ngf)), ('noise', noise_size(size, noise))]
    drawn = {name: graph.input(name, count) for name, count in drawn if count}

    def numbers(name, width, maps):
        """The next maps of an input of random numbers, [N, width, width, maps]."""
        begin, used[name] = used.get(name, 0), used.get(name, 0) + width * width * maps
        ends = [graph.constant([value]) for value in (begin, used[name], 1)]
        return graph.reshape(graph.add('Slice', drawn[name], *ends), -1, width, width, maps)

    def nchw(x):
        return graph.add('Transpose', x, perm=[0, 3, 1, 2])

    for layer in range(layers):
        name = 'Down%d' % layer
        x = graph.conv(graph.leaky_relu(x) if layer else x, name, graph.values[name + '/weight'], 2, mirror)
        x = _batch_norm(graph, x, name) if 0 < layer < layers - 1 else graph.bias(x, name)
        skips.append(x)
    for layer in range(layers - 2, -2, -1):
        name, width = 'Up%d' % (layer + 1), 2 ** (layers - 1 - layer)
        x = graph.transposed_conv(graph.add('Relu', x), name, graph.values[name + '/weight'], mirror)
        x = _batch_norm(graph, x, name) if layer >= 0 else graph.bias(x, name)
        if layer > layers - 2 - DROPPED:
            x = graph.add('Mul', x, nchw(numbers('dropout', width, fmaps(layer, ngf))))
        elif noise:
            sums = graph.matmul(numbers('noise', width, noise), name + '/Noise', graph.values[name + '/Noise/weight'])
            x = graph.add('Add', x, nchw(sums))
        if layer >= 0:
            x = graph.add('Concat', x, skips[layer], axis=1)
    return 'images', graph.add('Tanh', x), [options['out_channels'], size, size]


def _small(graph, x, options):
    for stage in range(4):
        for layer in (0, 1) if stage == 3 else (0,):
            name = 'Conv%d_%d' % (stage, layer)
            x = graph.leaky_relu(graph.bias(graph.conv(x, name, graph.values[name + '/weight']), name))
        x = _halved(graph, x) if stage < 3 else x
    return x


def _resnet10(graph, x, options):
    x = graph.bias(graph.conv(x, 'Conv', graph.values['Conv/weight']), 'Conv')
    for block in range(4):
        scope = 'Block%d/' % block
        residual = x = x if block == 0 else _halved(graph, x)
        for layer in (0, 1):
            name = scope + 'Conv%d' % layer
            residual = graph.conv(graph.leaky_relu(residual), name, graph.values[name + '/weight'])
            residual = graph.bias(residual, name)
        if scope + 'Shortcut/weight' in graph.values:
            x = graph.conv(x, scope + 'Shortcut', graph.values[scope + 'Shortcut/weight'])
        x = graph.add('Add', x, graph.add('Mul', residual, graph.constant(graph.values[scope + 'factor'])))
    return graph.leaky_relu(x)


def _halved(graph, x):
    return graph.add('AveragePool', x, kernel_shape=[2, 2], strides=[2, 2])


def _classifier(features):
    """The graph of a classifier: images [N, C, R, R] -> probabilities [N, K], as `classifier.Predictor` has them."""

    def build(graph, options):
        size, classes = options['size'], options['num_classes']
        x = graph.input('images', options['num_channels'], size, size)
        mirrored = [x] + [_mirrored(graph, x, axes) for axes in ([3], [2], [2, 3])]
        x = features(graph, graph.add('Concat', *mirrored, axis=0), options)
        x = graph.matmul(graph.add('ReduceMean', x, axes=[2, 3], keepdims=0), 'Dense', graph.values['Dense/weight'])
        x = graph.add('Softmax', graph.bias(x, 'Dense', 1, -1), axis=1)
        x = graph.reshape(x, len(mirrored), -1, classes)
        return 'probabilities', graph.add('ReduceMean', x, axes=[0], keepdims=0), [classes]

    return build


def _mirrored(graph, x, axes):
    backwards = [-1] * len(axes)
    limits = backwards, [np.iinfo(np.int64).min] * len(axes), axes, backwards
    return graph.add('Slice', x, *[graph.constant(values) for values in limits])


_GRAPHS = dict(G_paper=_generator, U_net=_u_net, small=_classifier(_small), resnet10=_classifier(_resnet10))


def build(network, half=False, facts=None):
    """The onnx.ModelProto of a tfutil.Network: a generator, a generator of pix2pix or a classifier.

    Its inputs and outputs are float32. half: weights are stored in 16 bits. facts: {key: text}, kept as its metadata.
    ValueError for a discriminator.
    """
    if network.build.__name__ not in _GRAPHS:
        raise ValueError('%s is a discriminator; choose a generator' % network.name)
    parameters = inspect.signature(network.build).parameters.values()
    options = {p.name: p.default for p in parameters if p.default is not p.empty}
    options.update(network.static_kwargs)
    graph = _Graph(network.values(), options.get('use_wscale', False), half)
    name, result, shape = _GRAPHS[network.build.__name__](graph, options)
    graph.nodes.append(helper.make_node('Identity', [result], [name], name))
    output = helper.make_tensor_value_info(name, TensorProto.FLOAT, ['N'] + shape)
    body = helper.make_graph(graph.nodes, network.build.__name__, graph.inputs, [output], graph.weights)
    model = helper.make_model(
        body, opset_imports=[helper.make_opsetid('', OPSET)], ir_version=IR, producer_name='nodule generation',
        producer_version=VERSION,
    )  # fmt: skip
    helper.set_model_props(model, facts or {})
    onnx.checker.check_model(model)
    return model
