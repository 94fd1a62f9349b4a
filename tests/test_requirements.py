"""What runs with only the four packages of the original, and what the absence of the others is called."""

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from common import images, page, svg_plots, web, web_server
from metrics import suite
from places import ROOT, visible
from runs import TINY
from stats import classifier_metrics

HIDDEN = """
import json, runpy, sys
others = 'scipy sklearn filelock psutil SimpleITK pydicom nibabel jinja2 matplotlib flask waitress'
for name in others.split():
    sys.modules[name] = None
for sys.argv in json.loads(sys.argv[1]):
    runpy.run_path(sys.argv[0], run_name='__main__')
"""


def test_scripts_1_to_3_run_with_the_four_packages_of_the_original_and_say_what_they_do_without(
    tmp_path, training_data
):
    train = ['3-train.py', '--data', training_data] + TINY + ['--lod-initial-resolution', '16', '--total-kimg', '0.008']
    commands = [['1-dataset_display.py', '--number', '1'], ['2-inference.py', '--number', '1'], train]
    commands = json.dumps([command + ['--outdir', str(tmp_path)] for command in commands])
    process = subprocess.Popen(
        [sys.executable, '-c', HIDDEN, commands], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert visible(tmp_path) == ['000-AIS', 'dataset_img_0.png', 'inference_img_0.png']
    assert os.path.exists(str(tmp_path / '000-AIS' / 'network-final.pkl'))
    assert b'pip install filelock' in out and b'memory' not in out


def test_a_package_that_is_missing_is_one_line_with_the_command_that_installs_it(refuses, tmp_path, monkeypatch):
    for name in ('scipy', 'scipy.optimize'):
        monkeypatch.setitem(sys.modules, name, None)
    images.save(str(tmp_path / 'patch.png'), np.zeros([1, 64, 64], np.uint8))
    refuses('2-inference.py', '--project', tmp_path / 'patch.png', words=['pip install scipy'])
    needed = ('scipy', suite), ('sklearn.metrics', classifier_metrics), ('jinja2', page), ('matplotlib', svg_plots)
    needed += ('flask', web), ('waitress', web_server)
    for library, module in needed:
        monkeypatch.setitem(sys.modules, library, None)
        with pytest.raises(ImportError, match='pip install ' + library.replace('sklearn.metrics', 'scikit-learn')):
            importlib.reload(module)
