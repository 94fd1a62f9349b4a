"""Settings of 8-export.py: a record for each of its sub-commands."""

import re

from common.commandline import group, settings
from common.types import Type, integer_between, nonempty, text
from config import CPU, SEED

_MODEL = ('demo/weight/AIS.pkl', 'the weights, a .pkl or .safetensors file')
_NETWORK = ('Gs', 'Gs, the moving average of the generator, or G, its latest weights', ('Gs', 'G'))
_GATE = group(
    'what must be true before anything leaves',
    evaluation=(
        None,
        'evaluation.json of these weights on the data that they learned from (default: the newest in demo/output)',
        nonempty,
    ),
    unaudited=(False, 'export without such a search for copies of training images; cards and files will say so'),
    patients_agreed=(
        False,
        'the weights learned from patients, or from data of unknown origin, and you may pass on what they make',
    ),
)


def _license_name(value):
    if not re.fullmatch(r'[\w.+-]+', value):  # it goes into the front matter of a card
        raise ValueError
    return value


_LICENSE = (
    'unknown',
    'name of the license that you give the export, as mit or cc-by-4.0',
    Type('a name of letters, digits, dots and hyphens, as mit or cc-by-4.0', _license_name, _license_name),
)
_IMAGES = group(
    'images',
    number=(10, 'images', integer_between(1, 10000)),
    label=(None, 'class of all images, its name or number (default: in turn)', text),
    seed=SEED,
)

Onnx = settings(
    'Onnx',
    'a network for onnxruntime and other engines; also of pix2pix, and classifiers',
    group('network', model=_MODEL, network=_NETWORK, half=(False, 'store weights in 16 bits: half the size')),
    _GATE,
    group('output', out=('results/generator.onnx', 'the file', nonempty), license=_LICENSE),
    inputs='model evaluation',
    writer='export',
    example='python 8-export.py onnx --model demo/weight/AIS.pkl --unaudited',
)
Safetensors = settings(
    'Safetensors',
    'all networks of a pickle in a format that holds only numbers; 2-inference.py and --transfer take it',
    group('network', model=_MODEL),
    _GATE,
    group('output', out=('results/generator.safetensors', 'the file', nonempty), license=_LICENSE),
    inputs='model evaluation',
    writer='export',
    example='python 8-export.py safetensors --model demo/weight/AIS.pkl --unaudited',
)


def _slices(record_name, description, command):
    """The settings of a command that writes generated images."""
    return settings(
        record_name,
        description,
        group('network', model=_MODEL, network=_NETWORK),
        _IMAGES,
        _GATE,
        group('output', outdir=('results/export', 'a folder', nonempty)),
        group('hardware', cpu=CPU),
        inputs='model evaluation',
        writer='export',
        example='python 8-export.py %s --model demo/weight/AIS.pkl --number 10 --unaudited' % command,
    )


Dicom = _slices('Dicom', 'generated images as DICOM that says everywhere that it is synthetic', 'dicom')
Nifti = _slices('Nifti', 'generated images as the slices of one NIfTI file', 'nifti')
HuggingFace = settings(
    'HuggingFace',
    'a folder as Hugging Face expects it: card, safetensors, ONNX, sample images, scorecard; nothing is uploaded',
    group('network', model=_MODEL),
    _GATE,
    group('output', outdir=('results/hf', 'a folder', nonempty), license=_LICENSE),
    group('hardware', cpu=CPU),
    inputs='model evaluation',
    writer='export',
    example='python 8-export.py hf --model demo/weight/AIS.pkl --license mit --unaudited',
)
Page = settings(
    'Page',
    'the explorer as one file, which any browser opens, without a server or a network',
    group(
        'networks',
        model=(['demo/weight/AIS.pkl', 'demo/weight/MIA.pkl', 'demo/weight/IA.pkl'], 'weights, a button for each file'),
        pix2pix=(None, 'weights of pix2pix, for nodules that are drawn', nonempty),
    ),
    _GATE,
    group('output', out=('results/explorer.html', 'the file', nonempty)),
    group('hardware', cpu=CPU),
    inputs='model pix2pix evaluation',
    writer='export',
    example='python 8-export.py page --model demo/weight/AIS.pkl --unaudited',
)
DESCRIPTION = 'Generators, patches and classifiers for other programs, behind a gate; nothing is uploaded.'
COMMANDS = dict(onnx=Onnx, safetensors=Safetensors, dicom=Dicom, nifti=Nifti, hf=HuggingFace, page=Page)
