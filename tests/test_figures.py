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
from places import ROOT, visible


@pytest.fixture(scope='module')
def draw():
    return runpy.run_path(os.path.join(ROOT, 'imgs', 'draw.py'))


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A folder of random weights of the three classes, 16x16, those of IA with two labels."""
    folder = tmp_path_factory.mktemp('weights')
    with tfutil.init_tf(cpu=True):
        for name, label_size in (('AIS', 0), ('MIA', 0), ('IA', 2)):
            G = tfutil.Network('Gs', networks.G_paper, resolution=16, label_size=label_size, fmap_base=64, fmap_max=8)
            D = tfutil.Network('D', networks.D_paper, resolution=16, label_size=label_size, fmap_base=64, fmap_max=8)
            tfutil.save(str(folder / (name + '.pkl')), (G, D, G))
    return str(folder)


def test_the_layers_of_a_figure_are_those_of_the_network(draw):
    with tfutil.init_tf(cpu=True):
        G = tfutil.Network('G', networks.G_paper, resolution=16, fmap_base=64, fmap_max=12, latent_size=5)
        D = tfutil.Network('D', networks.D_paper, resolution=16, fmap_base=64, fmap_max=12, label_size=2)
        for network, blocks, gray in (
            (
                G,
                {
                    4: [('Dense', 5, 192), ('Conv', 12, 12)],
                    8: [('Conv0_up', 12, 12), ('Conv1', 12, 12)],
                    16: [('Conv0_up', 12, 8), ('Conv1', 8, 8)],
                },
                {4: 12, 8: 12, 16: 8},
            ),
            (
                D,
                {
                    16: [('Conv0', 8, 8), ('Conv1_down', 8, 12)],
                    8: [('Conv0', 12, 12), ('Conv1_down', 12, 12)],
                    4: [('Conv', 13, 12), ('Dense0', 192, 12), ('Dense1', 12, 3)],
                },
                {4: 12, 8: 12, 16: 8},
            ),
        ):
            assert draw['layers'](network) == (
                blocks,
                gray,
                sum(int(np.prod(v.shape)) for local, v in network.values().items() if local != 'lod'),
            )


def test_all_figures_are_drawn_and_small_and_say_what_the_committed_ones_say(script, tmp_path, weights):
    code, out, err = script('imgs/draw.py', '--outdir', tmp_path / 'a' / 'b', '--weights', weights)
    assert code == 0, err
    found = {name: os.path.getsize(str(tmp_path / 'a' / 'b' / name)) for name in visible(tmp_path / 'a' / 'b')}
    assert set(found) == {'architecture.png', 'blocks.png', 'interpolation.png', 'nodules.gif', 'real-generated.png'}
    assert max(found.values()) < 300000
    for name in ('architecture.png', 'blocks.png'):
        with Image.open(str(tmp_path / 'a' / 'b' / name)) as picture:
            pixels = np.asarray(picture.convert('L'))
            words = picture.text['Description']
        assert pixels[[0, -1]].min() > 250 and pixels[:, [0, -1]].min() > 250  # nothing is cut off at the border
        assert pixels.min() < 60 and pixels.mean() > 200
        with Image.open(os.path.join(ROOT, 'imgs', name)) as committed:
            assert committed.text['Description'] == words, 'run python imgs/draw.py again'
    sheet = images.read(str(tmp_path / 'a' / 'b' / 'interpolation.png'))
    assert sheet.shape[1] > 4 * 32 and sheet.shape[2] > 10 * 32
    sheet = images.read(str(tmp_path / 'a' / 'b' / 'real-generated.png'))
    reals = dataset.read(os.path.join(ROOT, 'processData', 'AIS', 'AIS-r04.tfrecords'), 5)
    for place, real in ((56, reals[0]), (56 + 4 * 32, reals[4])):  # in the lung window, twice as large
        hu = hounsfield.to_hu(real[0].repeat(2, axis=0).repeat(2, axis=1), hounsfield.WINDOWS['paper'])
        shown = sheet[0, 40:72, place : place + 32].astype(int)
        assert np.abs(shown - hounsfield.to_gray(hu, hounsfield.WINDOWS['lung'])).max() <= 1


def test_figures_of_weights_that_are_not_there_are_left_as_they_are(draw, capsys, tmp_path, monkeypatch):
    main = draw['main']
    for name in ('architecture', 'blocks'):
        monkeypatch.setitem(main.__globals__, name, lambda path: None)
    main(['--outdir', str(tmp_path), '--weights', str(tmp_path)])
    out = capsys.readouterr().out
    assert (
        out.count('\n') == 3
        and 'interpolation.png is left' in out
        and 'real-generated.png is left' in out
        and 'MIA.pkl' in out
    )
    assert os.listdir(str(tmp_path)) == []


def test_the_figures_that_the_pages_show_are_those_that_the_scripts_draw():
    shown = set()
    for page in ('README.md', os.path.join('docs', 'design.md')):
        with open(os.path.join(ROOT, page), encoding='utf-8') as f:
            shown |= set(re.findall(r'\]\((?:\.\./)?imgs/(.*?)\)', f.read()))
    drawn = {'architecture.png', 'blocks.png', 'interpolation.png', 'nodules.gif', 'real-generated.png'}
    assert shown == drawn | {'explorer.gif'}  # which imgs/explorer.py takes from a browser
    assert shown <= set(os.listdir(os.path.join(ROOT, 'imgs')))


def test_the_committed_figure_of_few_nodules_has_a_line_for_each_way_to_train(tmp_path):
    few = runpy.run_path(os.path.join(ROOT, 'imgs', 'few_nodules.py'))
    run = dict(gaps=[(0, 0.1, 0), (1, 0.9, 1)])
    run['snapshots'] = [dict(kimg=k, swd32=5.0, swd16=4.0, precision=0.5, recall=0.5, gap=1.0) for k in (0, 1)]
    few['draw']({arm: [run, run] for arm in few['ARMS']}, dict(recall=[0.8]), str(tmp_path / 'few-nodules.png'))
    with Image.open(str(tmp_path / 'few-nodules.png')) as drawn, Image.open(
        os.path.join(ROOT, 'docs', 'few-nodules.png')
    ) as kept:
        assert kept.text['Description'] == drawn.text['Description'] and kept.size == drawn.size


def test_the_area_under_the_roc_curve_of_the_gap_is_the_share_of_pairs_in_order():
    few = runpy.run_path(os.path.join(ROOT, 'imgs', 'few_nodules.py'))
    shots = [(0.1, 0.2), (0.4, 0.5), (0.35, 0.3), (0.8, 0.2), (float('nan'), 0.1)]  # gap, recall
    runs = [dict(snapshots=[dict(gap=gap, recall=recall) for gap, recall in shots])]
    assert few['roc']({'plain': runs}) == (0.75, 2, 2)  # as scikit-learn's example of roc_auc_score has it
