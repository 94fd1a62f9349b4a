"""Feature networks of other origin: frozen TensorFlow graphs, which are programs, so only arithmetic is let in."""

import warnings

import numpy as np
from google.protobuf.message import DecodeError

from common import files
from tfutil import run, tf

# What a feature network may consist of: arithmetic, and nothing that reads, writes or calls.
_ARITHMETIC = set(
    """
    Add AddN AddV2 AvgPool BatchNormWithGlobalNormalization BiasAdd Cast CheckNumerics Concat ConcatV2 Const Conv2D
    DepthwiseConv2dNative Div Elu ExpandDims FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 Identity LRN LeakyRelu
    MatMul Max MaxPool Maximum Mean Minimum Mul Neg NoOp Pack Pad PadV2 Placeholder PlaceholderWithDefault Pow Prod
    RealDiv Relu Relu6 Reshape ResizeBilinear Rsqrt Selu Shape Sigmoid Slice Softmax Softplus Split SplitV Sqrt Square
    SquaredDifference Squeeze StridedSlice Sub Sum Tanh Transpose
    """.split()
)


def _read_graph(path):
    graph = tf.GraphDef()
    with open(path, 'rb') as f:
        data = f.read()
    files.require_other_type(path, data[:16])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            graph.ParseFromString(data)
        if not graph.node:
            raise DecodeError
    except DecodeError:
        remedy = 'export one with its weights as constants'
        raise files.BadFile(path, 'is not a frozen TensorFlow graph', remedy) from None
    return graph


def _import(graph, output):
    """Placeholder and output of the part of a graph that computes `output`, in the current graph."""
    graph = tf.graph_util.extract_sub_graph(graph, [output])
    unknown = sorted({node.op for node in graph.node} - _ARITHMETIC)
    if unknown:
        raise ValueError('it has the operation %.60s, which is no arithmetic' % unknown[0])
    places = [node.name + ':0' for node in graph.node if node.op.startswith('Placeholder')]
    if len(places) != 1:
        message = 'it has %d placeholders between its input and %.60s; it should have one'
        raise ValueError(message % (len(places), output))
    return tf.import_graph_def(graph, return_elements=[places[0], output + ':0'], name='features')


def _scaled(images, place):
    """Images [N, C, R, R] as the placeholder of a graph takes them."""
    channels, resolution = images.shape.as_list()[1:3]
    shape = place.shape.as_list() if place.shape.ndims == 4 else [None]
    last = shape[-1] in (1, 3)
    if not last and (len(shape) < 4 or shape[1] not in (1, 3)):
        message = 'its input has the shape %s; it should be [N, H, W, C] or [N, C, H, W] of 1 or 3 channels'
        raise ValueError(message % place.shape)
    scaled = tf.transpose(images, [0, 2, 3, 1])
    if channels == 1 and (shape[-1] if last else shape[1]) == 3:
        scaled = tf.tile(scaled, [1, 1, 1, 3])
    sizes = shape[1:3] if last else shape[2:]
    if None not in sizes and sizes != [resolution, resolution]:
        scaled = tf.image.resize_bilinear(scaled, sizes)
    return tf.cast(scaled if last else tf.transpose(scaled, [0, 3, 1, 2]), place.dtype)


def features(path, channels, resolution, tensor=None):
    """A function from images [N, C, R, R] of gray levels 0..255 to features [N, d] of a frozen graph (a GraphDef file).

    The graph has one placeholder, [N, H, W, C] or [N, C, H, W] of 1 or 3 channels; images are scaled to its H and W,
    gray ones repeated for 3 channels. tensor: the name of the output, by default the last operation in the file.
    """
    graph = _read_graph(path)
    output = (tensor or graph.node[-1].name).split(':')[0]
    try:
        place, result = _import(graph, output)
        images = tf.placeholder(tf.float32, [None, channels, resolution, resolution])
        scaled = _scaled(images, place)

        def compute(pixels):
            values = run(result, {place: run(scaled, {images: pixels})})
            if values.ndim < 2 or len(values) != len(pixels) or values.dtype.kind != 'f':
                message = '%s: %s gives %s of shape %s for %d images; name another tensor'
                raise ValueError(message % (path, output, values.dtype, list(values.shape), len(pixels)))
            return values.reshape(len(values), -1)

        compute(np.zeros([1, channels, resolution, resolution], np.float32))
        return compute
    except (AssertionError, KeyError):
        raise ValueError('%s has no operation %.60s' % (path, output))
    except (ValueError, TypeError, tf.errors.OpError) as error:
        raise ValueError('%s cannot be used: %s' % (path, getattr(error, 'message', error)))
