"""The studies behind figures of docs/, at small size: python -m pytest -q -s tests/soak/soak_figures.py"""

import os
import runpy

import numpy as np
from PIL import Image

from places import ROOT


def test_the_table_of_spoilt_phantoms_has_a_column_for_each_and_marks_what_differs(script, tmp_path):
    code, out, err = script('imgs/spoilt.py', '--number', '20', '--audit', '10', '--outdir', tmp_path)
    assert code == 0, err
    with Image.open(str(tmp_path / 'spoilt.png')) as drawn, Image.open(
        os.path.join(ROOT, 'docs', 'spoilt.png')
    ) as kept:
        assert kept.text['Description'] == drawn.text['Description'] and kept.size == drawn.size
        pixels = np.asarray(drawn.convert('RGB'))
    columns = np.split(pixels[250:, 351:1326], 5, axis=1)
    orange = [((x[..., 0] > 230) & (x[..., 2] < 190)).mean() for x in columns]
    assert min(orange[1:]) > 0 and orange[3] > orange[0]


def test_a_few_nodules_are_trained_on_judged_kept_and_drawn(monkeypatch, capsys, tmp_path):
    few = runpy.run_path(os.path.join(ROOT, 'imgs', 'few_nodules.py'))
    arms = few['ARMS']
    monkeypatch.setitem(few['main'].__globals__, 'ARMS', {'augmented': arms['augmented']})
    options = ['--nodules', '5', '--many', '10', '--number', '20', '--kimg', '0.2', '--seeds', '1']
    options += ['--workdir', str(tmp_path / 'work'), '--outdir', str(tmp_path)]
    few['main'](options)
    line = [line for line in capsys.readouterr().out.splitlines() if line.startswith('| augmented')]
    assert len(line) == 1 and 'nan' not in line[0].split('|')[2]
    weights = tmp_path / 'work' / 'augmented-0' / '000-few' / 'network-final.pkl'
    before = os.path.getmtime(str(weights))
    few['main'](options)  # takes up what is there
    assert os.path.getmtime(str(weights)) == before and line[0] in capsys.readouterr().out
