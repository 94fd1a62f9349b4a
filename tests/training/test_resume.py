"""Runs that were killed, stopped, lengthened or damaged."""

import csv
import functools
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dataset
from places import ONCE, ROOT
from runs import TINY, assert_same_weights, await_file, start, train
from training import checkpoint, run_folder


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, training_data, finished_run):
    run = tmp_path / '000-AIS'
    process = start(training_data, tmp_path)
    await_file(process, run / 'network-snapshot-000000.npz')
    time.sleep(0.05)
    process.kill()
    process.wait()
    assert not os.path.exists(str(run / 'network-final.pkl'))
    process = start(training_data, tmp_path, '--resume', 'latest')
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert 'going on from' in out
    assert_same_weights(finished_run + '/network-final.pkl', run / 'network-final.pkl')
    with open(str(run / 'log.csv')) as f:
        assert [row['kimg'] for row in csv.DictReader(f)] == ['0.064', '0.128', '0.192']


@pytest.mark.slow
@ONCE
def test_a_killed_run_goes_on_with_the_learning_rates_it_would_have_had(script, tmp_path, training_data):
    flags = '--G-lrate 8:5e-4 --lrate-decay 1 --G-smoothing-kimg 0.1 --minibatch-repeats 3'.split()
    whole, killed = tmp_path / 'whole', tmp_path / 'killed'
    assert train(script, training_data, whole, *flags)[0] == 0
    process = start(training_data, killed, *flags)
    await_file(process, killed / '000-AIS' / 'network-snapshot-000000.npz')
    process.kill()
    process.wait()
    assert not os.path.exists(str(killed / '000-AIS' / 'network-final.pkl'))
    code, out, err = script('3-train.py', '--resume', 'latest', '--outdir', killed)
    assert code == 0 and 'the learning rates fall to a tenth from 0.064 to 0.192 kimg' in out, err
    assert_same_weights(*(x / '000-AIS' / 'network-final.pkl' for x in (whole, killed)))


@pytest.mark.slow
@ONCE
def test_an_earlier_snapshot_goes_on_in_a_new_folder_to_the_same_weights(script, tmp_path, training_data, complains):
    flags = '--minibatch 64 --lod-training-kimg 1 --lod-transition-kimg 2 --total-kimg 3 --snapshot-kimg 1'.split()
    assert train(script, training_data, tmp_path, *flags)[0] == 0
    run, branch = str(tmp_path / '000-AIS'), str(tmp_path / '001-AIS')
    before = {name: os.path.getmtime(os.path.join(run, name)) for name in os.listdir(run)}
    parts = [run + ' has no snapshot 7', 'those it has: 1 2 3']
    complains('3-train.py', '--resume', run, '--resume-snapshot', 7, parts=parts)
    code, out, err = script('3-train.py', '--resume', run, '--resume-snapshot', 1)
    assert code == 0 and '001-AIS goes on at 4x4' in out, (out, err)
    assert {name: os.path.getmtime(os.path.join(run, name)) for name in os.listdir(run)} == before
    assert_same_weights(run + '/network-final.pkl', branch + '/network-final.pkl')
    assert_same_weights(run + '/network-snapshot-000001.pkl', branch + '/network-snapshot-000001.pkl')
    with open(branch + '/log.csv') as f:
        assert float(next(csv.DictReader(f))['kimg']) > 1
    code, out, err = script('3-train.py', '--resume', branch, '--total-kimg', 3.2)  # as any other run
    assert code == 0 and '001-AIS goes on at 8x8' in out, err


@ONCE
@pytest.mark.slow
def test_a_signal_finishes_the_step_and_leaves_a_snapshot_to_go_on_from(tmp_path, training_data, finished_run):
    flags, codes = ['--snapshot-kimg', '100'], {signal.SIGINT: 130, signal.SIGTERM: 143}
    outdirs = {number: tmp_path / str(code) for number, code in codes.items()}

    def interrupted(number):
        process = start(training_data, outdirs[number], *flags)
        await_file(process, outdirs[number] / '000-AIS' / 'reals.png')
        process.send_signal(number)
        return process

    with ThreadPoolExecutor() as pool:  # each gets its signal at its own start, not at that of the slower one
        runs = dict(zip(codes, pool.map(interrupted, codes)))
    for number, process in runs.items():
        _, err = process.communicate()
        assert process.returncode == codes[number] and 'Traceback' not in err
        assert checkpoint.last(str(outdirs[number] / '000-AIS'))
    resumed = [start(training_data, x, '--resume', str(x / '000-AIS'), *flags) for x in outdirs.values()]
    assert [process.wait() for process in resumed] == [0, 0]
    for outdir in outdirs.values():
        assert_same_weights(finished_run + '/network-final.pkl', outdir / '000-AIS' / 'network-final.pkl')


def test_resuming_refuses_what_does_not_fit(complains, tmp_path, training_data, finished_run, random):
    copy = str(tmp_path / '000-AIS')
    shutil.copytree(finished_run, copy)
    other = str(tmp_path / 'other')
    dataset.write(other, 'AIS', random.randint(256, size=[40, 1, 16, 16]).astype(np.uint8))

    refused = functools.partial(complains, '3-train.py', '--total-kimg', '1')
    assert 'is not the dataset' in refused('--resume', copy, '--data', other)
    assert '--fmap-max 16' in refused('--resume', copy, '--fmap-max', '16')
    assert 'not a run folder' in refused('--resume', other)
    assert 'no runs' in refused('--resume', 'latest', '--outdir', other)
    with run_folder.Run(copy):
        assert 'in use' in refused('--resume', copy)
    with open(copy + '/network-snapshot-000000.npz', 'r+b') as f:
        f.truncate(3000)
    assert 'network-snapshot-000000.npz is damaged' in refused('--resume', copy)
    with open(copy + '/run.json', 'w') as f:
        f.write('{')
    assert 'run.json is damaged' in refused('--resume', copy)


@pytest.mark.slow
@ONCE
def test_a_finished_run_can_be_lengthened(script, tmp_path, training_data, finished_run):
    shutil.copytree(finished_run, str(tmp_path / '000-AIS'))
    code, out, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path, '--total-kimg', '0.4')
    assert code == 0 and 'kimg 0.4' in out, err


@pytest.mark.slow
@ONCE
def test_a_disk_that_fills_up_ends_the_run_with_the_snapshot_before_it_intact(tmp_path, training_data):
    process = subprocess.Popen(
        [sys.executable, os.path.join(ROOT, '3-train.py'), '--data', training_data, '--outdir', str(tmp_path)]
        + TINY
        + ['--keep', '0'],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000)),
    )
    _, err = process.communicate()
    assert process.returncode == 2 and b'network-snapshot-000000.pkl: File too large' in err and b'Traceback' not in err
    assert not [name for name in os.listdir(str(tmp_path / '000-AIS')) if name.endswith(('.pkl', '.part', '.npz'))]


def test_a_run_without_a_whole_snapshot_is_not_begun_anew(complains, tmp_path, finished_run):
    copy = str(tmp_path / '000-AIS')
    shutil.copytree(finished_run, copy)
    with open(copy + '/network-snapshot-000000.pkl', 'r+b') as f:
        f.truncate(9000)
    complains('3-train.py', '--resume', copy, '--total-kimg', '0.4', parts=['no snapshot is whole'])
    assert len(open(copy + '/log.csv').readlines()) == 4


@pytest.mark.slow
@ONCE
def test_a_run_can_be_lengthened_to_another_resolution_even_by_a_default(script, tmp_path, training_data):
    assert train(script, training_data, tmp_path, '--total-kimg', '0.064')[0] == 0
    code, _, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path, '--fmap-max', '512')
    assert code == 2 and '--fmap-max 512' in err
    code, out, _ = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path)
    assert code == 0 and 'larger --total-kimg' in out
    code, out, err = script('3-train.py', '--resume', 'latest', '--outdir', tmp_path, '--total-kimg', '0.1')
    assert code == 0 and '8x8' in out, err
