"""One step, and whole runs."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import ndimage

from common import safe_pickle
from pix2pix import data, pix2pix_settings
from pix2pix.trainer import ROLES, Trainer
from places import ONCE, ROOT
from runs import TINY_PIX2PIX, read_or_written_first


@pytest.mark.slow
def test_a_step_moves_every_weight_and_steps_lower_the_error(session, pairs):
    _, patches, masks = data.pairs(pairs)
    cfg = pix2pix_settings.Train(ngf=4, ndf=4, minibatch=6, lrate=1e-3)
    trainer = Trainer(cfg, masks, patches)
    trainer.initialise()
    before = [network.values() for network in (trainer.G, trainer.D)]
    first = trainer.train_step(0)
    for network, values in zip((trainer.G, trainer.D), before):
        after = network.values()
        assert [name for name in values if np.array_equal(values[name], after[name])] == []
    for number in range(1, 40):
        last = trainer.train_step(number)
    assert last['squared_error'] < first['squared_error'] / 3


@pytest.mark.slow
def test_losses_are_those_of_the_original_and_are_computed_before_a_weight_changes(session, pairs):
    _, patches, masks = data.pairs(pairs)
    trainer = Trainer(pix2pix_settings.Train(ngf=4, ndf=4, minibatch=5), masks, patches)
    trainer.initialise()
    drawn = trainer.draw(0)
    assert_array_equal([len(x) for x in drawn.values()], 5)
    assert drawn['real_label'].min() >= 0.8 and drawn['real_label'].max() <= 1.1
    inputs, reals = [drawn[name] / 127.5 - 1 for name in ('inputs', 'targets')]
    fakes = trainer.G.run(inputs, drawn['random'])
    real, fake = [1 / (1 + np.exp(-trainer.D.run(inputs, x).astype(float))) for x in (reals, fakes)]
    assert read_or_written_first(list(trainer.terms.values()) + [trainer.step]) == []
    terms = trainer.train_step(0)
    assert_allclose(terms['squared_error'], np.mean((fakes - reals) ** 2), rtol=1e-4)
    assert_allclose(terms['G_adversarial'], -np.mean(np.log(fake)), rtol=1e-4)
    label = drawn['real_label']
    wanted = -np.mean(label * np.log(real) + (1 - label) * np.log(1 - real)) - np.mean(np.log(1 - fake))
    assert_allclose(terms['D_loss'], wanted, rtol=1e-4)


@ONCE
@pytest.mark.slow
def test_the_learning_rate_falls_over_the_last_share_of_the_epochs_or_stays(session, pairs):
    _, patches, masks = data.pairs(pairs)
    options = dict(ngf=4, ndf=4, minibatch=len(masks), epochs=100, lrate=2e-3)  # a step is an epoch
    for share, expected in ((0.0, [2e-3, 2e-3, 2e-3]), (0.5, [2e-3, 2e-3 * 0.1**0.5, 2e-4])):
        trainer = Trainer(pix2pix_settings.Train(lrate_decay=share, **options), masks, patches)
        assert_allclose([trainer.learning_rate(step) for step in (50, 75, 100)], expected)


@pytest.mark.slow
def test_r3_compares_each_patch_with_that_of_the_real_image(session, pairs):
    _, patches, masks = data.pairs(pairs)
    trainer = Trainer(
        pix2pix_settings.Train(ngf=4, ndf=4, minibatch=5, loss='r3', padding='mirror', noise=2), masks, patches
    )
    trainer.initialise()
    drawn = trainer.draw(0)
    inputs, reals = [drawn[name] / 127.5 - 1 for name in ('inputs', 'targets')]
    fakes = trainer.G.run(inputs, drawn['random'])
    real, fake = [trainer.D.run(inputs, x).astype(float) for x in (reals, fakes)]
    terms = trainer.train_step(0)
    assert_allclose(terms['G_adversarial'], np.mean(np.log1p(np.exp(real - fake))), rtol=1e-4)
    assert terms['D_loss'] > np.mean(np.log1p(np.exp(fake - real)))
    before = trainer.D.values()
    trainer.train_step(1)
    same = [name for name, value in trainer.D.values().items() if np.array_equal(value, before[name])]
    assert same == ['Conv4/bias']  # which cancels in differences


@pytest.mark.slow
def test_inconsistency_is_what_changes_far_from_an_added_nodule(session, pairs):
    _, patches, masks = data.pairs(pairs)
    options = dict(ngf=4, ndf=4, minibatch=5, l2_weight=0)
    trainer = Trainer(pix2pix_settings.Train(consistency=1e4, noise=2, **options), masks, patches)
    trainer.initialise()
    drawn = trainer.draw(0)
    inputs = drawn['inputs']
    added = np.maximum(inputs, np.roll(inputs, -1, axis=0))
    before, after = [trainer.G.run(x / 127.5 - 1, drawn['random']) for x in (inputs, added)]
    margin = inputs.shape[2] // 10
    near = ndimage.binary_dilation(inputs != added, np.ones([1, 1, 2 * margin + 1, 2 * margin + 1]))
    assert 0 < near.mean() < 1
    first = trainer.train_step(0)['inconsistency']
    assert_allclose(first, np.mean(np.where(near, 0, np.abs(before - after))), rtol=1e-4)
    later = [trainer.train_step(0)['inconsistency'] for _ in range(20)]
    assert later[-1] < first / 2


def start(pairs, outdir, *arguments):
    return subprocess.Popen(
        [sys.executable, '-m', 'pix2pix', 'train', '--data', pairs, '--outdir', str(outdir)]
        + TINY_PIX2PIX
        + list(arguments),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def run_of(outdir):
    return os.path.join(str(outdir), sorted(os.listdir(str(outdir)))[0])


@pytest.mark.slow
@ONCE
def test_a_run_that_was_killed_or_interrupted_and_resumed_is_the_same_run(pix2pix, pairs, tmp_path, trained):
    process = start(pairs, tmp_path / 'killed', '--epochs', '2000')
    while not (
        os.path.isdir(str(tmp_path / 'killed'))
        and os.path.exists(os.path.join(run_of(tmp_path / 'killed'), 'network-snapshot-000002.npz'))
    ):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.kill()
    process.communicate()
    run = run_of(tmp_path / 'killed')
    for name in os.listdir(run):  # as if it had been killed after two epochs
        if re.match(r'network-snapshot-0*([3-9]|\d\d+)\.', name):
            os.unlink(os.path.join(run, name))
    code, _, err = pix2pix('train', '--resume', run, '--epochs', '4')
    assert code == 0, err
    for mine, other in zip(
        *(safe_pickle.read(path, ROLES) for path in (os.path.join(run, 'network-final.pkl'), trained))
    ):
        for (name, array), (_, wanted) in zip(mine['variables'], other['variables']):
            assert_array_equal(array, wanted, name)
    with open(os.path.join(run, 'log.csv')) as f:
        assert [line.split(',')[0] for line in f] == ['epoch', '1', '2', '3', '4']
    process = start(pairs, tmp_path / 'stopped', '--epochs', '2000')
    while 'epoch 1 ' not in process.stdout.readline():
        assert process.poll() is None, process.communicate()
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    assert [name for name in os.listdir(run_of(tmp_path / 'stopped')) if name.endswith('.npz')]


def test_consistency_of_masks_made_of_patches_is_refused(pix2pix, pairs, tmp_path):
    flags = '--direction ct2mask --consistency 1'.split()
    code, _, err = pix2pix('train', '--data', pairs, '--outdir', tmp_path, *flags)
    assert code == 2 and '--direction mask2ct' in err and not os.listdir(str(tmp_path)), err


@ONCE
@pytest.mark.slow
def test_a_run_begins_with_the_weights_of_another_or_says_why_not(pix2pix, pairs, tmp_path, trained):
    start = ['train', '--data', pairs, '--outdir', tmp_path, '--transfer', trained] + TINY_PIX2PIX + ['--epochs', '1']
    code, out, err = pix2pix(*(start + ['--lrate', '1e-30']))  # which changes no weight
    assert code == 0 and 'transfer from' in out + err, err
    run = run_of(tmp_path)
    states = [safe_pickle.read(path, ROLES) for path in (os.path.join(run, 'network-final.pkl'), trained)]
    for mine, other in zip(*states):
        assert [name for name, _ in mine['variables']] == [name for name, _ in other['variables']]
        for (_, array), (_, wanted) in zip(mine['variables'], other['variables']):
            assert_array_equal(array, wanted)
    with open(os.path.join(run, 'run.json')) as mine, open(os.path.join(os.path.dirname(trained), 'run.json')) as other:
        assert json.load(other)['data']['digest'] in json.load(mine)['data']['parts']  # also what those learned from
    code, _, err = pix2pix(*(start + ['--ngf', '8']))
    assert code == 2 and trained in err and 'ngf' in err and err.count('\n') == 1, err
    code, _, err = pix2pix(*(start + ['--transfer', tmp_path / 'nothing.pkl']))
    assert code == 2 and 'nothing.pkl' in err and err.count('\n') == 1, err
    assert os.listdir(str(tmp_path)) == [os.path.basename(run)]


@pytest.mark.slow
def test_a_weight_that_is_not_finite_stops_the_run_in_words(pix2pix, pairs, tmp_path):
    code, _, err = pix2pix('train', '--data', pairs, '--outdir', tmp_path, *(TINY_PIX2PIX + ['--lrate', '1e30']))
    assert code == 2 and err.count('\n') == 1 and 'diverged' in err and '--lrate' in err


def test_pickles_hold_the_settings_and_the_source_of_the_networks(trained):
    states = safe_pickle.read(trained, ROLES)
    assert [state['build_func_name'] for state in states] == ['U_net', 'PatchGAN'] and states[0]['static_kwargs'][
        'ngf'
    ] == 4
    with open(os.path.join(os.path.dirname(trained), 'run.json')) as f:
        about = json.load(f)
    assert about['settings']['ndf'] == 4
    assert about['data']['window'] == [-1000, 400] and about['data']['mm_per_pixel'] == 0.7  # as the pairs' NAME.json
