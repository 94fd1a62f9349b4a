"""The benchmarks run, and their last line is JSON."""

import json
import os

import pytest

from places import ONCE, ROOT

SMALL = {
    'train_step': '--resolution 16 --minibatch 4 --fmap-max 8 --iterations 2',
    'generation': '--resolution 16 --minibatch 2 --fmap-max 8 --number 4',
    'classifier_step': '--resolution 16 --minibatch 3 --iterations 2',
    'pix2pix_step': '--resolution 32 --minibatch 2 --ngf 4 --iterations 2',
}


@ONCE
@pytest.mark.slow
@pytest.mark.parametrize('name', SMALL)
def test_a_benchmark_reports_its_speed_as_json(succeeds, monkeypatch, name):
    monkeypatch.syspath_prepend(os.path.join(ROOT, 'benchmarks'))
    out = succeeds('benchmarks/%s.py' % name, '--cpu', *SMALL[name].split())
    figures = json.loads(out.splitlines()[-1])
    assert figures['images_per_sec'] > 0 and figures['fraction_of_matrix_product'] > 0
