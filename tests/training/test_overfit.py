"""The gap between training and held-out images, and what it steers."""

import csv
import json

import numpy as np
import pytest
from numpy.testing import assert_allclose

import dataset
from places import ONCE
from runs import assert_same_weights, train, weights
from training import overfit
from training.overfit import OverfitMonitor, r_v


def test_the_gap_is_zero_without_memory_and_knows_neither_shift_nor_scale():
    assert r_v(3.0, 3.0, 1.0) == 0 and r_v(3.0, 1.0, 1.0) == 1
    assert r_v(7 * 3.0 + 5, 7 * 2.0 + 5, 7 * 1.0 + 5) == pytest.approx(r_v(3.0, 2.0, 1.0)) == 0.5
    assert np.isnan(r_v(1.0, 0.0, 1.0)) and np.isnan(r_v(1.0, 0.0, 2.0))


def test_the_running_mean_is_the_weighted_mean_of_what_was_measured(random):
    watch, measured = OverfitMonitor(None), random.randn(30, 3)
    for scores in measured:
        watch.add(scores, 2.0)
    ages = 2.0 * np.arange(29, -1, -1)
    assert_allclose(watch.scores, np.average(measured, axis=0, weights=0.5 ** (ages / overfit.HALF)))


def test_adaptive_augmentation_rises_while_the_gap_is_high_and_falls_while_it_is_low():
    watch = OverfitMonitor('adaptive')
    for _ in range(20):
        watch.add([3.0, 1.5, 1.0], 2.0)
    assert watch.probability == pytest.approx(40 / overfit.RISE)
    for _ in range(100):
        watch.add([3.0, 2.9, 1.0], 2.0)
    assert watch.probability == 0
    assert OverfitMonitor('always').probability == 0.8 and OverfitMonitor(None).probability == 0


def test_a_watch_goes_on_from_its_state(random):
    whole = OverfitMonitor('adaptive')
    for scores in random.randn(9, 3):
        whole.add(scores, 3.0)
    half = OverfitMonitor('adaptive', whole.state())
    for watch in (whole, half):
        watch.add([2.0, 0.0, 1.0], 3.0)
    assert whole.state().tolist() == half.state().tolist()


def test_a_gap_that_stays_high_is_told_once_with_what_to_do():
    watch, said = OverfitMonitor(None), []
    for _ in range(120):
        watch.add([3.0, 1.2, 1.0], 1.0)
        said.append(watch.advice())
    assert said.index(next(filter(None, said))) == overfit.WARN - 1 and sum(map(bool, said)) == 1
    assert 'overfit 0.90' in next(filter(None, said)) and '--augment-critic adaptive' in next(filter(None, said))


@pytest.fixture
def nodules(tmp_path, training_data):
    """The training data as 20 nodules of 2 images."""
    dataset.write(str(tmp_path / 'AIS'), 'AIS', dataset.read(training_data + '/AIS-r03.tfrecords'))
    with open(str(tmp_path / 'AIS' / 'AIS.json'), 'w') as f:
        json.dump(dict(entries=[dict(nodule=str(i), records=2) for i in range(20)]), f)
    return str(tmp_path / 'AIS')


FLAGS = '--holdout 0.2 --augment-critic adaptive --minibatch 4 --mbstd-group-size 4 --total-kimg 0.192'.split()


@pytest.mark.slow
@ONCE
def test_a_run_logs_the_gap_and_goes_on_to_the_same_weights_after_a_stop(script, tmp_path, nodules, monkeypatch):
    monkeypatch.setattr(overfit, 'RISE', 0.5)
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    code, out, err = train(script, nodules, whole, *FLAGS)
    assert code == 0 and 'overfit' in out, err
    with open(str(whole / '000-AIS' / 'log.csv')) as f:
        rows = list(csv.DictReader(f))
    assert np.isfinite(float(rows[-1]['overfit_mean'])) and {'overfit', 'augment'} <= set(rows[0])
    assert train(script, nodules, parts, *FLAGS[:-1], '0.128')[0] == 0
    assert script('3-train.py', '--resume', parts / '000-AIS', '--total-kimg', '0.192')[0] == 0
    assert_same_weights(whole / '000-AIS' / 'network-final.pkl', parts / '000-AIS' / 'network-final.pkl')


@ONCE
@pytest.mark.slow
def test_frozen_blocks_of_the_critic_stay_as_they_were_transferred(script, tmp_path, nodules, finished_run):
    transfer = finished_run + '/network-final.pkl'
    flags = ['--transfer', transfer, '--freeze-critic', '1', '--augment-critic', '--lod-initial-resolution', '8']
    code, _, err = train(script, nodules, tmp_path / 'out', *flags)
    assert code == 0, err
    before, after = [weights(path)[1] for path in (transfer, tmp_path / 'out' / '000-AIS' / 'network-final.pkl')]
    same = {name for name in before if np.array_equal(before[name], after[name])} - {'lod'}
    assert {name for name in before if name.startswith('4x4/')} <= same
    assert not any(name.startswith('8x8/') for name in same)
