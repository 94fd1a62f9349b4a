"""Networks in files of other formats, with what has to be said of them."""

import os

import tfutil
from classification import classifier, cnn
from common import files, safetensors, weight_files
from export import gate
from networks import BUILDERS
from pix2pix import trainer, unet

# The networks of a weight file by their number: roles, builders, and which of them is exported as ONNX.
_KINDS = {
    1: (classifier.ROLES, cnn.BUILDERS, 'C'),
    2: (trainer.ROLES, unet.BUILDERS, 'G'),
    3: (('G', 'D', 'Gs'), BUILDERS, None),
}


def _kind(path):
    """(states, roles, builders, role) of a weight file. role: of its only network to export, or None."""
    if not os.path.exists(path):
        raise FileNotFoundError('%s does not exist; name weights with --model' % path)
    states = weight_files.read(path, None)
    if len(states) not in _KINDS:
        raise files.BadFile(
            path, 'holds %d networks' % len(states), 'it has to be a generator, pix2pix or a classifier'
        )
    return (states,) + _KINDS[len(states)]


def write_onnx(release, path, role, half=False, license='unknown'):
    """Write a network of a weight file as ONNX. role: Gs or G, of a file that holds both."""
    from export import onnx_graph

    _, roles, builders, only = _kind(release.model)
    with tfutil.init_tf(cpu=True):
        (network,) = tfutil.load(release.model, builders, only or role, held=roles)
        model = onnx_graph.build(network, half, release.facts(license))
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    with files.atomic(path) as f:
        f.write(model.SerializeToString())


def write_safetensors(release, path, license='unknown'):
    """Write all networks of a weight file as safetensors."""
    states, roles, _, _ = _kind(release.model)
    os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
    safetensors.write(path, states, roles, release.facts(license))


def run(command, cfg):
    """Write what 8-export.py onnx or safetensors is asked for."""
    if command == 'safetensors' and not safetensors.has_suffix(cfg.out):
        raise ValueError('--out %s: the name has to end in %s' % (cfg.out, safetensors.SUFFIX))
    files.require_replaceable(cfg.out)
    release = gate.release(cfg, len(_kind(cfg.model)[0]) == 3)
    if command == 'onnx':
        write_onnx(release, cfg.out, cfg.network, cfg.half, cfg.license)
    else:
        write_safetensors(release, cfg.out, cfg.license)
    print('%s: %.1f MB. %s %s' % (cfg.out, os.path.getsize(cfg.out) / 1e6, release.origin, release.audit))
