import json
import os
import signal

import numpy as np
import pytest

import config
import dataset
from runs import TINY, assert_same_weights, cluster, outcomes, start_python, start_workers
from tfutil import tf
from training import checks, workers

FEW = TINY + '--mbstd-group-size 0 --minibatch 16 --lod-initial-resolution 8 --total-kimg 0.192 --wait 60'.split()
FINAL = '000-AIS/network-final.pkl'
MEETING = """
import time, tfutil
from common import commandline
from training import signals, workers
def main():
    with signals.Stop() as stop:
        group = workers.WorkerGroup(*workers.cluster(), stop)
        with tfutil.init_tf(cpu=True, worker=group.rank, addresses=group.addresses):
            group.wait_for_all(%g)
            print('all are there:', group.all_gather([group.rank, -1]).tolist())
            group.timeout = %g
            while True:
                group.all_gather([0])
                time.sleep(0.1)
commandline.command(main)
"""


def meeting(environments, wait=60, timeout=60):
    return [start_python(['-c', MEETING % (wait, timeout)], environment) for environment in environments]


def printed_until(process, text):
    """What a process prints until a line with a text."""
    lines = [next(process.stdout)]
    while text not in lines[-1]:
        lines.append(next(process.stdout))
    return ''.join(lines)


@pytest.fixture(scope='module')
def pair(training_data, tmp_path_factory):
    """The folder that an uninterrupted run of two workers and one of one worker were told to write to."""
    folder = tmp_path_factory.mktemp('pair')
    started = start_workers(training_data, [folder / 'first', folder / 'second'], FEW, delay=6)
    started.append(start_python(['3-train.py', '--data', training_data, '--outdir', folder / 'alone'] + FEW))
    ends = outcomes(started)
    assert [end[0] for end in ends] == [0, 0, 0], ends
    assert ends[0][1].startswith('waiting for 127.0.0.1:')
    return folder


@pytest.mark.slow
def test_two_workers_equal_one_and_the_first_waits_for_the_other_and_alone_writes(pair):
    assert sorted(os.listdir(str(pair))) == ['alone', 'first']
    assert_same_weights(pair / 'first' / FINAL, pair / 'alone' / FINAL, 5e-5)


@pytest.mark.slow
def test_a_signal_to_one_worker_ends_all_at_the_same_step_from_which_they_go_on(training_data, tmp_path, pair):
    stopped, folder, flags = tmp_path / 'stopped', tmp_path / 'stopped' / '000-AIS', FEW + ['--snapshot-kimg', '100']
    started = start_workers(training_data, [stopped] * 2, flags)
    printed_until(started[0], 'new networks')
    started[1].send_signal(signal.SIGTERM)
    ends = outcomes(started)
    assert [end[0] for end in ends] == [143, 143], ends
    assert 'ends at the next safe place' in ends[1][2] and not ends[0][2]
    assert not os.path.exists(str(folder / 'network-final.pkl'))
    ends = outcomes(start_workers(training_data, [stopped] * 2, flags + ['--resume', folder]))
    assert [end[0] for end in ends] == [0, 0], ends
    assert_same_weights(pair / 'first' / FINAL, stopped / FINAL)


@pytest.mark.slow
def test_workers_with_other_settings_all_say_which_and_on_which_of_them(training_data, tmp_path):
    started = start_workers(training_data, [tmp_path] * 2, FEW, last=['--seed', '5'])
    for code, _, err in outcomes(started, 60):
        assert code == 2 and '--seed differs: 0 on 127.0.0.1:' in err and err.count('\n') == 1
    assert not os.listdir(str(tmp_path))


@pytest.mark.parametrize('number', [2, 3])
def test_the_first_fact_that_differs_is_named_with_its_values_and_workers(number):
    addresses = ['a:1', 'b:2', 'c:3'][:number]
    rows = [workers.encoded(dict(one=1, two=[2, 3])) for _ in addresses]
    assert workers.difference(['one', 'two'], rows, addresses) is None
    rows[-1] = workers.encoded(dict(one=1, two=[2, 4]))
    message = 'two differs: [2, 3] on a:1, [2, 4] on %s' % addresses[-1]
    assert workers.difference(['one', 'two'], rows, addresses) == message
    rows[-1] = workers.encoded(dict(one=1, two='x' * 100 + 'y'))  # also where it differs behind what is shown
    rows[0] = workers.encoded(dict(one=1, two='x' * 100 + 'z'))
    assert workers.difference(['one', 'two'], rows, addresses).startswith('two differs: ' + 'x' * 64 + ' on a:1')


def test_files_are_compared_before_the_settings_that_depend_on_them(training_data):
    cfg = config.Train(data=training_data)
    facts = list(checks.worker_facts(cfg, dataset.Pyramid(training_data), np.zeros([40, 0]), ['CPU'], None, '2.21'))
    assert facts.index('the file of --transfer') < facts.index('--lod-initial-resolution')


@pytest.mark.slow
def test_a_missing_worker_is_named_in_time_and_then_by_all_that_came():
    environments = cluster(3)
    address = json.loads(environments[2]['TF_CONFIG'])['cluster']['worker'][2]
    started = meeting(environments[:2], wait=8)
    for worker in started:
        printed_until(worker, 'waiting for %s\n' % address)
    for code, _, err in outcomes(started, 20):
        assert code == 2 and '%s did not come in 8 seconds' % address in err and err.count('\n') == 1


@pytest.mark.slow
def test_a_worker_that_waits_ends_with_a_signal_and_its_place_can_be_taken_again_until_one_is_killed():
    environments = cluster(3)
    started = meeting(environments[:2])
    printed_until(started[1], 'waiting')
    started[1].terminate()
    assert outcomes(started[1:])[0][0] == 143
    started[1:] = meeting(environments[1:])
    for worker in started:
        assert '[[0.0, -1.0], [1.0, -1.0], [2.0, -1.0]]' in printed_until(worker, 'all are there')
    started.pop(2).kill()
    assert_gone(started)


def assert_gone(processes):
    for code, _, err in outcomes(processes, 10):
        crashed = code == -signal.SIGSEGV and not hasattr(tf, 'config')  # TensorFlow 1.12, on some sudden deaths
        assert crashed or code == 2 and err.endswith(workers.WORKER_GONE + '\n') and 'Traceback' not in err


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGSTOP])
def test_the_others_of_the_first_worker_end_at_once_if_it_is_killed_and_after_the_timeout_if_it_hangs(number):
    started = meeting(cluster(2), timeout=60 if number == signal.SIGKILL else 2)
    for worker in started:
        printed_until(worker, 'all are there')
    first = started.pop(0)
    first.send_signal(number)
    assert_gone(started)
    first.kill()
    first.communicate()


@pytest.mark.parametrize(
    'text, expected',
    [
        ('{', 'it is not JSON'),
        ('[' * 100000, 'it is not JSON'),
        ('[]', 'it is not an object'),
        ({'index': 1}, 'index 1 of 1'),
        ({'index': -1}, 'task.index'),
        ({'index': True}, 'task.index'),
        ({'index': 10**400}, 'task.index'),
        ({'type': 'ps'}, '"worker"'),
        ({'type': ['worker']}, 'task.type'),
        (['a:1', 'a:1'], 'twice'),
        (['a:0'], 'not host:port'),
        (['a:99999'], 'not host:port'),
        (['a:٣'], 'not host:port'),
        (['a'], 'not host:port'),
        ([':1'], 'not host:port'),
        ([['a:1']], 'cluster.worker[0]'),
        ('{"cluster": {"worker": {}}}', 'cluster.worker is not a list'),
        ([], 'index 0 of 0'),
    ],
)
def test_a_bad_cluster_description_is_refused_in_words(monkeypatch, text, expected):
    if not isinstance(text, str):
        task = dict(dict(type='worker', index=0), **(text if isinstance(text, dict) else {}))
        text = json.dumps(dict(cluster=dict(worker=['a:1'] if isinstance(text, dict) else text), task=task))
    monkeypatch.setenv('TF_CONFIG', text)
    with pytest.raises(ValueError) as error:
        workers.cluster()
    assert 'TF_CONFIG' in str(error.value) and expected in str(error.value) and '\n' not in str(error.value)
