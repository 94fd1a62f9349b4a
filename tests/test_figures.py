"""The figures of README.md and the script that draws them."""

import os
import re
import runpy

import numpy as np
import pytest
from PIL import Image

import dataset
import networks
import tfutil
from common import hounsfield, images
from places import ONCE, ROOT, visible
from runs import random_networks

DRAWN = {'architecture.png', 'blocks.png', 'interpolation.png', 'nodules.webp', 'real-generated.png'}


@pytest.fixture(scope='module')
def draw():
    return runpy.run_path(os.path.join(ROOT, 'imgs', 'draw.py'))


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A folder of random weights of the three classes, 16x16, those of IA with two labels."""
    folder = tmp_path_factory.mktemp('weights')
    for name, label_size in (('AIS', 0), ('MIA', 0), ('IA', 2)):
        random_networks(str(folder / (name + '.pkl')), label_size=label_size)
    return str(folder)


LAYERS_G = {
    4: [('Dense', 5, 192), ('Conv', 12, 12)],
    8: [('Conv0_up', 12, 12), ('Conv1', 12, 12)],
    16: [('Conv0_up', 12, 8), ('Conv1', 8, 8)],
}
LAYERS_D = {
    16: [('Conv0', 8, 8), ('Conv1_down', 8, 12)],
    8: [('Conv0', 12, 12), ('Conv1_down', 12, 12)],
    4: [('Conv', 13, 12), ('Dense0', 192, 12), ('Dense1', 12, 3)],
}


@pytest.mark.parametrize(
    'name, layers, options', [('G_paper', LAYERS_G, dict(latent_size=5)), ('D_paper', LAYERS_D, dict(label_size=2))]
)
def test_the_layers_of_a_figure_are_those_of_the_network(draw, session, name, layers, options):
    build = networks.BUILDERS[name]
    network = tfutil.Network(name, build, resolution=16, fmap_base=64, fmap_max=12, **options)
    parameters = sum(int(np.prod(value.shape)) for local, value in network.values().items() if local != 'lod')
    assert draw['layers'](network) == (layers, {4: 12, 8: 12, 16: 8}, parameters)


@ONCE
@pytest.mark.slow
def test_all_figures_are_drawn_and_small_and_have_the_texts_of_the_committed_ones(
    succeeds, tmp_path, weights, draw, monkeypatch
):
    monkeypatch.setitem(draw['density'].__globals__, 'CHANGES', (0, 10))  # two frames
    folder = tmp_path / 'a' / 'b'
    succeeds('imgs/draw.py', '--outdir', folder, '--weights', weights)
    assert set(visible(folder)) == DRAWN
    assert max(os.path.getsize(str(folder / name)) for name in DRAWN) < 400000
    for name in ('architecture.png', 'blocks.png'):
        with Image.open(str(folder / name)) as picture:
            pixels = np.asarray(picture.convert('L'))
            description = picture.text['Description']
        assert pixels[[0, -1]].min() > 250 and pixels[:, [0, -1]].min() > 250  # nothing is cut off at the border
        assert pixels.min() < 60 and pixels.mean() > 200
        with Image.open(os.path.join(ROOT, 'imgs', name)) as committed:
            assert committed.text['Description'] == description, 'run python imgs/draw.py again'
    sheet = images.read(str(folder / 'interpolation.png'))
    assert sheet.shape[1] > 4 * 32 and sheet.shape[2] > 10 * 32
    sheet = images.read(str(folder / 'real-generated.png'))
    reals = dataset.read(os.path.join(ROOT, 'processData', 'AIS', 'AIS-r04.tfrecords'), 5)
    for x, real in ((56, reals[0]), (56 + 4 * (32 + 6), reals[4])):  # in the lung window, twice as large
        hu = hounsfield.to_hu(real[0].repeat(2, axis=0).repeat(2, axis=1), hounsfield.WINDOWS['paper'])
        patch = sheet[0, 40:72, x : x + 32].astype(int)
        assert np.abs(patch - hounsfield.to_gray(hu, hounsfield.WINDOWS['lung'])).max() <= 1


def test_figures_of_weights_that_are_missing_are_left_as_they_are(draw, capsys, tmp_path, monkeypatch):
    main = draw['main']
    for name in ('architecture', 'blocks'):
        monkeypatch.setitem(main.__globals__, name, lambda path: None)
    main(['--outdir', str(tmp_path), '--weights', str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].startswith('interpolation.png is left') and 'MIA.pkl' in lines[0]
    assert lines[1].startswith('real-generated.png is left')
    assert os.listdir(str(tmp_path)) == []


def test_the_figures_on_the_pages_are_those_that_the_scripts_draw():
    used = set()
    for page in ('README.md', os.path.join('docs', 'design.md')):
        with open(os.path.join(ROOT, page), encoding='utf-8') as f:
            used |= set(re.findall(r'\]\((?:\.\./)?imgs/(.*?)\)', f.read()))
    assert used == DRAWN | {'explorer.gif'}  # of imgs/record_explorer.py
    assert used <= set(os.listdir(os.path.join(ROOT, 'imgs')))
