import json
import os
import socket
import subprocess
import sys

import pytest

from places import ROOT
from runs import TINY, assert_same_weights, start
from training import workers


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def test_two_workers_equal_one_and_only_the_first_writes(training_data, tmp_path):
    arguments = ['--mbstd-group-size', '0', '--minibatch', '16']
    addresses = ['127.0.0.1:%d' % free_port() for _ in range(2)]
    processes = []
    for index in (0, 1):
        environment = dict(
            os.environ,
            TF_CONFIG=json.dumps({'cluster': {'worker': addresses}, 'task': {'type': 'worker', 'index': index}}),
        )
        processes.append(
            subprocess.Popen(
                [
                    sys.executable,
                    os.path.join(ROOT, '3-train.py'),
                    '--data',
                    training_data,
                    '--outdir',
                    str(tmp_path / ('out%d' % index)),
                ]
                + TINY
                + arguments,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        )
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    assert not os.path.exists(str(tmp_path / 'out1'))
    process = start(training_data, tmp_path / 'alone', *arguments)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert_same_weights(
        tmp_path / 'out0' / '000-AIS' / 'network-final.pkl', tmp_path / 'alone' / '000-AIS' / 'network-final.pkl', 5e-5
    )


@pytest.mark.parametrize(
    'text',
    [
        '{',
        '[]',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_bad_cluster_description_is_refused_in_words(monkeypatch, text):
    monkeypatch.setenv('TF_CONFIG', text)
    with pytest.raises(ValueError, match='TF_CONFIG'):
        workers.cluster()
