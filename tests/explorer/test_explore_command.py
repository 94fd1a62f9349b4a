"""`7-explore.py` from the command line, and axes learnt from generated images."""

import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request

import numpy as np
import pytest
from PIL import Image

import tfutil
from common import files, manifest
from explorer import axes, learning, models
from places import ONCE, ROOT


@pytest.fixture
def weights(made, tmp_path):
    """A copy of weights that have no axes yet, with what is known of them."""
    path = shutil.copy(made.one, str(tmp_path / 'G.pkl'))
    shutil.copy(made.one.replace('.pkl', '.json'), str(tmp_path / 'G.json'))
    return path


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(learning, 'FOLLOWED', 4)


def test_axes_are_learnt_told_as_json_and_kept_for_the_next_time(succeeds, weights, brief):
    out = succeeds('7-explore.py', 'axes', '--model', weights, '--number', 200, '--cpu')
    told = json.loads(out.splitlines()[-1])['axes']
    assert list(told) == ['diameter_mm', 'mean_hu', 'x_mm', 'y_mm', 'wall_mm', 'soft_share']
    assert set(told['mean_hu']) == {'r2', 'per_step', 'follows', 'usable'}
    with tfutil.init_tf(cpu=True):
        model = models.Model(weights)
        kept = axes.recall(weights, learning.facts(model))
        found = axes.described(kept, model.attributes)
    assert [row['linear_r2'] for row in found[:6]] == pytest.approx([row['r2'] for row in told.values()], abs=1e-3)
    assert [row['usable'] for row in found[:6]] == [row['usable'] for row in told.values()]
    assert np.linalg.norm(kept.centre) == pytest.approx(1)


def test_what_is_not_known_of_weights_is_measured_in_pixels_and_gray_levels(made, brief):
    with tfutil.init_tf(cpu=True):
        model = models.Model(made.labelled)
        breaths = []
        found = learning.learn(model, 200, breathe=lambda: breaths.append(1))
    assert [one.name for one in model.attributes] == ['diameter_px', 'mean_gray', 'x_px', 'y_px']
    assert found.weights.shape == (4, model.latent_size) and len(breaths) > 13
    with tfutil.init_tf(cpu=True):
        of_data = models.Model(made.labelled, dict(window=[-1000.0, 0.0], mm_per_pixel=0.5))
    assert of_data.attributes[0].name == 'diameter_mm' and of_data.window == [-1000.0, 0.0]


@pytest.mark.parametrize(
    'flags, words',
    [
        (['--model', 'absent.pkl'], 'absent.pkl does not exist'),
        (['--pix2pix', 'absent.pkl'], 'absent.pkl does not exist; train it with python -m pix2pix train'),
        (['--data', 'absent'], 'absent is not a folder'),
        (['--port', '70000'], 'port'),
    ],
)
def test_what_cannot_be_served_is_one_line(script, made, flags, words):
    code, _, err = script('7-explore.py', 'serve', '--model', made.one, '--cpu', '--port', '0', *flags)
    assert code == 2 and words in err and err.count('\n') == 1, err


def test_data_of_another_size_than_the_weights_are_refused(script, made, training_data):
    code, _, err = script('7-explore.py', 'serve', '--model', made.one, '--data', training_data, '--cpu', '--port', '0')
    assert code == 2 and 'makes images of 32 pixels, and those of' in err


def test_the_explorer_is_served_until_a_signal(made):
    command = [sys.executable, '7-explore.py', 'serve', '--model', made.one, '--port', '0', '--cpu']
    environment = dict(os.environ, PYTHONUNBUFFERED='1')
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    url = process.stdout.readline().decode().split()[1]
    assert url.startswith('http://127.0.0.1:') and b'icon.svg' in urllib.request.urlopen(url).read()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM and not err and b'ended' in out


@ONCE
def test_the_page_without_a_server_shows_each_usable_axis_and_needs_no_other_file(succeeds, made, tmp_path):
    path = tmp_path / 'explore.html'
    succeeds('7-explore.py', 'page', '--model', made.one, '--out', path, '--cpu')
    text = path.read_text(encoding='utf-8')
    assert len(text) < 5e6 and text.count('type="range"') == 6 and 'http' not in text.replace('http-equiv', '')
    assert text.count('<output>as it is</output>') == text.count('class="nodule"') > 0
    strip = text.split('src="data:image/png;base64,')[1].split('"')[0]
    assert Image.open(io.BytesIO(base64.b64decode(strip))).size == (7 * 32, 32)


def test_weights_are_not_written_over_by_their_page(script, made, tmp_path):
    manifest.begin('explorer', [])
    with open(made.one, 'rb') as source, files.atomic(str(tmp_path / 'm.pkl')) as f:
        f.write(source.read())
    before = (tmp_path / 'm.pkl').read_bytes()
    code, _, err = script('7-explore.py', 'page', '--model', tmp_path / 'm.pkl', '--out', tmp_path / 'm.pkl', '--cpu')
    assert code == 2 and 'm.pkl is an input of this command' in err and err.count('\n') == 1
    assert (tmp_path / 'm.pkl').read_bytes() == before
