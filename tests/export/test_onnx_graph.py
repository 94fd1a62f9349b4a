"""Networks as ONNX, run by onnxruntime and compared with TensorFlow."""

import json

import numpy as np
import pytest

import networks
import tfutil
from classification import cnn
from classification.classifier import Predictor
from common import card
from pix2pix import unet
from pix2pix.trainer import random_inputs

onnx = pytest.importorskip('onnx')
onnx_graph = pytest.importorskip('export.onnx_graph')
onnxruntime = pytest.importorskip('onnxruntime')

LIMIT = 1e-5  # relative to the largest value


def session_of(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])


def randomized(network, random, **values):
    """The network with biases and factors that are not zero, and with weights of `random` instead of TensorFlow's."""
    for name, value in network.values().items():
        if name.endswith(('bias', 'factor', 'offset')):
            values[name] = np.asarray(random.randn(*value.shape), np.float32)
        elif name.endswith(('weight', 'scale')) and name not in values:
            values[name] = np.float32(value.mean() + value.std() * random.randn(*value.shape))
    network.set(values)
    return network


def deviation(values, expected):
    assert values.shape == expected.shape
    return np.abs(values - expected).max() / np.abs(expected).max()


@pytest.mark.parametrize(
    'options, lod',
    [
        (dict(), 0),
        (dict(label_size=3), 0),
        (dict(fused_scale=False), 0),
        (dict(), 0.3),
        (dict(fused_scale=False), 1.6),
        (dict(), 2),
        (dict(), 7),
        (dict(num_channels=3), 0),
        (dict(use_pixelnorm=False), 0),
        (dict(use_wscale=False, use_leakyrelu=False, normalize_latents=False, latent_size=10), 0),
    ],
)
def test_a_generator_makes_the_images_of_tensorflow(session, random, options, lod):
    Gs = tfutil.Network('Gs', networks.G_paper, resolution=32, fmap_base=256, fmap_max=32, **options)
    randomized(Gs, random, lod=np.float32(lod))
    (latent_size, label_size), engine = [int(x.shape[1]) for x in Gs.inputs], session_of(onnx_graph.build(Gs))
    for n in (1, 5):
        latents = random.randn(n, latent_size).astype(np.float32)
        labels = random.rand(n, label_size).astype(np.float32)
        feed = dict(latents=latents, labels=labels) if label_size else dict(latents=latents)
        assert deviation(engine.run(['images'], feed)[0], Gs.run(latents, labels)) <= LIMIT


@pytest.mark.parametrize('padding, noise', [('zero', 0), ('mirror', 0), ('mirror', 3)])
@pytest.mark.parametrize('upsample', unet.UPSAMPLE)
def test_pix2pix_makes_the_patches_of_tensorflow(session, random, upsample, padding, noise):
    options = dict(size=32, ngf=8, upsample=upsample, padding=padding, noise=noise)
    G = randomized(tfutil.Network('G', unet.U_net, **options), random)
    masks = random.choice([-1.0, 1.0], [6, 1, 32, 32]).astype(np.float32)
    numbers, dropped = random_inputs(random, 6, G), unet.dropout_size(32, 8)
    feed = dict(masks=masks, dropout=numbers[:, :dropped])
    if noise:
        feed['noise'] = numbers[:, dropped:]
    (patches,) = session_of(onnx_graph.build(G)).run(None, feed)
    assert deviation(patches, G.run(masks, numbers)) <= LIMIT


@pytest.mark.parametrize('build', cnn.BUILDERS.values())
def test_a_classifier_gives_the_probabilities_of_5_classify(session, random, build):
    C = randomized(tfutil.Network('C', build, size=16, num_classes=3, features=16), random)
    pixels = random.randint(256, size=[7, 1, 16, 16]).astype(np.uint8)
    feed = dict(images=pixels.astype(np.float32) / np.float32(127.5) - 1)
    (probabilities,) = session_of(onnx_graph.build(C)).run(['probabilities'], feed)
    assert deviation(probabilities, np.exp(Predictor(C)(pixels))) <= LIMIT


def test_weights_in_16_bits_take_half_the_room_and_move_images_by_less_than_a_gray_level(session, random):
    Gs = randomized(tfutil.Network('Gs', networks.G_paper, resolution=32, fmap_base=512, fmap_max=64), random)
    models = [onnx_graph.build(Gs), onnx_graph.build(Gs, half=True)]
    latents = random.randn(4, 64).astype(np.float32)
    images = [session_of(model).run(None, dict(latents=latents))[0] for model in models]
    sizes = [model.ByteSize() for model in models]
    assert 0.5 < sizes[1] / float(sizes[0]) < 0.55
    assert 0 < np.abs(images[1] - images[0]).max() < 1 / 127.5


def test_a_discriminator_is_refused(session):
    D = tfutil.Network('D', networks.D_paper, resolution=8, fmap_base=32, fmap_max=4)
    with pytest.raises(ValueError, match='discriminator'):
        onnx_graph.build(D)


def test_the_command_writes_a_file_for_old_runtimes_that_says_what_it_is(weights, succeeds, tmp_path):
    path = str(tmp_path / 'new' / 'g.onnx')
    succeeds('8-export.py', 'onnx', '--model', weights, '--out', path, '--unaudited', '--license', 'mit')
    model = onnx.load(path)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert (model.ir_version, model.opset_import[0].version) == (7, 15)
    assert json.loads(facts['card'])['window'] == [-1350, 150] and facts['license'] == 'mit'
    assert facts['weights_sha256'] == card.sha256(weights)
    assert 'UNAUDITED' in facts['audit'] and 'Not a medical device' in facts['notice']
    assert tmp_path.name.encode() not in open(path, 'rb').read()
