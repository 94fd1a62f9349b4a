import json
import os
import signal
import threading
import time

import pytest

from runs import TINY, assert_same_weights, cluster, outcomes, start_python
from training import circle, signals

FEW = TINY + '--mbstd-group-size 0 --minibatch 16 --lod-initial-resolution 16 --total-kimg 0.192 --wait 60'.split()
FINAL = '000-AIS/network-final.pkl'
MEETING = """
import sys, time
from common import commandline
from training import circle, signals
def main():
    others = circle.Circle()
    with signals.Stop() as stop:
        try:
            others.meet(%g, stop)
        except signals.Stopped as asked:
            sys.exit(128 + asked.number)
    print('met')
    with others.watch(%g, ()):
        time.sleep(60)
commandline.command(main)
"""


def start_workers(data, outdirs, *arguments, environments=None, delay=0):
    processes = []
    for environment, outdir in zip(environments or cluster(len(outdirs)), outdirs):
        time.sleep(delay if processes else 0)
        processes.append(
            start_python(['3-train.py', '--data', data, '--outdir', outdir] + FEW + list(arguments), environment)
        )
    return processes


def said(process, word):
    """What a process prints until a line with a word."""
    lines = [next(process.stdout)]
    while word not in lines[-1]:
        lines.append(next(process.stdout))
    return ''.join(lines)


@pytest.fixture
def met(monkeypatch):
    """Calls action(circle) in a thread for each of some workers that have met; what they return or raise."""

    def call(*actions):
        circles, ends = [], [None] * len(actions)
        for environment in cluster(len(actions)):
            monkeypatch.setenv('TF_CONFIG', environment['TF_CONFIG'])
            circles.append(circle.Circle())

        def act(i):
            try:
                circles[i].meet(20, signals.Stop())
                ends[i] = actions[i](circles[i])
            except (ValueError, OSError) as error:
                ends[i] = error

        threads = [threading.Thread(target=act, args=(i,), daemon=True) for i in range(len(actions))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return [one.addresses for one in circles][0], ends

    return call


@pytest.fixture(scope='module')
def pair(training_data, tmp_path_factory):
    """The folder that an uninterrupted run of two workers and one of one worker were told to write to."""
    folder = tmp_path_factory.mktemp('pair')
    workers = start_workers(training_data, [folder / 'first', folder / 'second'], delay=6)
    workers.append(start_python(['3-train.py', '--data', training_data, '--outdir', folder / 'alone'] + FEW))
    ends = outcomes(workers)
    assert [end[0] for end in ends] == [0, 0, 0], ends
    assert ends[0][1].startswith('waiting for 127.0.0.1:')
    return folder


def test_two_workers_equal_one_and_the_first_waits_for_the_other_and_alone_writes(pair):
    assert sorted(os.listdir(str(pair))) == ['alone', 'first']
    assert_same_weights(pair / 'first' / FINAL, pair / 'alone' / FINAL, 5e-5)


def test_a_signal_to_one_worker_ends_all_at_the_same_step_from_which_they_go_on(training_data, tmp_path, pair):
    stopped, folder = tmp_path / 'stopped', tmp_path / 'stopped' / '000-AIS'
    workers = start_workers(training_data, [stopped] * 2, '--snapshot-kimg', '100')
    said(workers[0], 'new networks')
    workers[1].send_signal(signal.SIGTERM)
    ends = outcomes(workers)
    assert [end[0] for end in ends] == [143, 143], ends
    assert 'ends at the next safe place' in ends[1][2] and not ends[0][2]
    assert not os.path.exists(str(folder / 'network-final.pkl'))
    ends = outcomes(start_workers(training_data, [stopped] * 2, '--resume', str(folder), '--snapshot-kimg', '100'))
    assert [end[0] for end in ends] == [0, 0], ends
    assert_same_weights(pair / 'first' / FINAL, stopped / FINAL)


def test_workers_with_other_settings_all_say_which_and_on_which_of_them(training_data, tmp_path):
    workers = [
        start_workers(training_data, [tmp_path], *flags, environments=[environment])[0]
        for flags, environment in zip([[], ['--seed', '5']], cluster(2))
    ]
    for code, _, err in outcomes(workers, 30):
        assert code == 2 and '--seed differs: 0 on 127.0.0.1:' in err and err.count('\n') == 1
    assert not os.listdir(str(tmp_path))


@pytest.mark.parametrize('number', [2, 3])
def test_workers_say_what_they_do_not_agree_on(met, number):
    def agree(others):
        facts = dict(one=1, two=[2, 3] if others.worker < number - 1 else [2, 4])
        return others.exchange(others.worker, 5), others.agree(facts, 5, 'mend it')

    addresses, ends = met(*[agree] * number)
    words = 'two differs: [2, 3] on %s, [2, 4] on %s; mend it' % (addresses[0], addresses[-1])
    assert [str(end) for end in ends] == [words] * number


def test_workers_hear_each_other_in_their_order(met):
    _, ends = met(*[lambda others: others.exchange(others.worker * 10, 5)] * 3)
    assert ends == [[0, 10, 20]] * 3


def test_a_worker_that_does_not_answer_is_not_waited_for_longer_than_the_patience(met):
    begin = time.time()
    _, ends = met(lambda others: others.exchange(1, 0.5), lambda others: others and time.sleep(1))
    assert str(ends[0]) == circle.GONE and time.time() - begin < 10


def test_a_missing_worker_is_named_in_time_and_then_by_all_that_came():
    environments = cluster(3)
    address = json.loads(environments[2]['TF_CONFIG'])['cluster']['worker'][2]
    workers = [start_python(['-c', MEETING % (5, 60)], environment) for environment in environments[:2]]
    begin = time.time()
    for worker in workers:
        assert worker.stdout.readline() == 'waiting for %s\n' % address
    assert time.time() - begin < 5
    for code, _, err in outcomes(workers, 10):
        assert code == 2 and '%s did not come in 5 seconds' % address in err and err.count('\n') == 1


def test_a_worker_that_waits_ends_with_a_signal_and_its_place_can_be_taken_again():
    environments = cluster(3)
    workers = [start_python(['-c', MEETING % (30, 60)], environment) for environment in environments[:2]]
    assert 'waiting' in workers[1].stdout.readline()
    workers[1].terminate()
    assert outcomes(workers[1:])[0][0] == 143
    workers[1:] = [start_python(['-c', MEETING % (30, 60)], environment) for environment in environments[1:]]
    for worker in workers:
        said(worker, 'met')
        worker.kill()


@pytest.mark.parametrize('killed', [0, 2])
def test_the_others_of_a_killed_worker_end_at_once(killed):
    workers = [start_python(['-c', MEETING % (30, 60)], environment) for environment in cluster(3)]
    for worker in workers:
        said(worker, 'met')
    workers.pop(killed).kill()
    for code, _, err in outcomes(workers, 10):
        assert code == 2 and err.endswith(circle.GONE + '\n') and err.count('\n') == 1


def test_the_others_of_a_stopped_worker_end_after_their_patience():
    workers = [start_python(['-c', MEETING % (30, 1)], environment) for environment in cluster(2)]
    for worker in workers:
        said(worker, 'met')
    workers[0].send_signal(signal.SIGSTOP)
    assert outcomes(workers[1:], 10)[0][0] == 2
    workers[0].kill()
    workers[0].communicate()


@pytest.mark.parametrize(
    'text, words',
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
def test_a_bad_cluster_description_is_refused_in_words(monkeypatch, text, words):
    if not isinstance(text, str):
        task = dict(dict(type='worker', index=0), **(text if isinstance(text, dict) else {}))
        text = json.dumps(dict(cluster=dict(worker=['a:1'] if isinstance(text, dict) else text), task=task))
    monkeypatch.setenv('TF_CONFIG', text)
    with pytest.raises(ValueError) as error:
        circle.cluster()
    assert 'TF_CONFIG' in str(error.value) and words in str(error.value) and '\n' not in str(error.value)
