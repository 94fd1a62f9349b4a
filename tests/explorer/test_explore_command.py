"""`7-explore.py` from the command line, and axes learned from generated images."""

import json
import os
import shutil
import signal
import urllib.request

import numpy as np
import pytest

from common.card import Card
from explorer import axes, learning, models
from places import ONCE, ROOT
from runs import start_python


@pytest.fixture
def weights(made, tmp_path):
    """A copy of weights that have no axes yet, with what is known of them."""
    path = shutil.copy(made.one, str(tmp_path / 'G.pkl'))
    shutil.copy(made.one.replace('.pkl', '.json'), str(tmp_path / 'G.json'))
    return path


@pytest.fixture
def brief(monkeypatch):
    monkeypatch.setattr(learning, 'TRIED', 4)


@ONCE
@pytest.mark.slow
def test_axes_are_learnt_printed_as_json_and_saved_for_the_next_time(succeeds, weights, brief):
    out = succeeds('7-explore.py', 'axes', '--model', weights, '--number', 200, '--cpu')
    printed = json.loads(out.splitlines()[-1])['axes']
    assert list(printed) == ['diameter_mm', 'mean_hu', 'x_mm', 'y_mm', 'wall_mm', 'solid_share']
    assert set(printed['mean_hu']) == {'r2', 'per_step', 'follows', 'usable'}
    model = models.Model(weights, cpu=True)
    saved = axes.load(weights, model.facts)
    sliders = axes.sliders(saved, model.attributes)[:6]
    assert [row['linear_r2'] for row in sliders] == pytest.approx([row['r2'] for row in printed.values()], abs=1e-3)
    assert [row['usable'] for row in sliders] == [row['usable'] for row in printed.values()]
    assert np.linalg.norm(saved.centre) == pytest.approx(1)


@ONCE
@pytest.mark.slow
def test_without_a_recorded_scale_attributes_are_measured_in_pixels_and_gray_levels(made, brief):
    model, yields, shares = models.Model(made.labelled, cpu=True), [], []
    learned = learning.learn(model, 200, yield_=lambda: yields.append(1), progress=shares.append)
    assert [attribute.name for attribute in model.attributes] == ['diameter_px', 'mean_gray', 'x_px', 'y_px']
    assert learned.weights.shape == (4, model.latent_size) and len(yields) > 200
    assert shares == sorted(shares) and shares[0] < 0.01 and shares[-1] == 1 and len(shares) > 200
    of_data = models.Model(made.labelled, Card(window=(-1000.0, 0.0), mm_per_pixel=0.5), cpu=True)
    assert of_data.attributes[0].name == 'diameter_mm' and of_data.window == (-1000.0, 0.0)


@pytest.mark.parametrize(
    'flags, message',
    [
        (['--model', 'absent.pkl'], 'absent.pkl does not exist'),
        (['--pix2pix', 'absent.pkl'], 'absent.pkl does not exist; train it with python -m pix2pix train'),
        (['--data', 'absent'], 'absent is not a folder'),
        (['--port', '70000'], 'port'),
        (['--data', os.path.join(ROOT, 'processData', 'MIA')], 'makes images of 32 pixels, and those of'),
    ],
)
def test_what_cannot_be_served_is_one_line(complains, made, flags, message):
    complains('7-explore.py', 'serve', '--model', made.one, '--cpu', '--port', '0', *flags, parts=[message])


@pytest.mark.slow
def test_the_explorer_is_served_until_a_signal(made):
    process = start_python(['7-explore.py', 'serve', '--model', made.one, '--port', '0', '--cpu'])
    url = process.stdout.readline().split()[1]
    assert url.startswith('http://127.0.0.1:') and b'icon.svg' in urllib.request.urlopen(url).read()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + signal.SIGTERM and not err and 'ended' in out
