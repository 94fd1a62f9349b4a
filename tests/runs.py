"""Small trainings and their weights, for tests."""

import glob
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np

import networks
import tfutil
from common import safe_pickle
from places import ROOT
from tfutil import tf

TINY = '--fmap-base 64 --fmap-max 8 --minibatch 8 --lod-training-kimg 0.064 --lod-transition-kimg 0.064'.split()
TINY += '--tick-kimg 0.064 --snapshot-kimg 0.064 --total-kimg 0.192'.split()
TINY_PIX2PIX = '--ngf 4 --ndf 4 --minibatch 4 --epochs 4 --snapshot-epochs 1 --keep 0 --cpu'.split()


def train(script, data, outdir, *arguments):
    return script('3-train.py', '--data', data, '--outdir', outdir, *(TINY + list(arguments)))


def random_networks(path, resolution=16, card_text=None, fmap_base=64, fmap_max=8, **options):
    """A pickle of random networks; options: of their builders. card_text: what they carry."""
    options.update(fmap_base=fmap_base, fmap_max=fmap_max)
    builders = ('G', networks.G_paper), ('D', networks.D_paper), ('Gs', networks.G_paper)
    with tfutil.init_tf(cpu=True):
        tf.set_random_seed(1)
        trio = [tfutil.Network(name, build, resolution=resolution, **options) for name, build in builders]
        for network in trio:
            network.card = card_text
        tfutil.save(path, trio)
    return path


def weights(path):
    return [dict(state['variables']) for state in safe_pickle.read(str(path))]


def events_histograms(folder):
    """{step: {tag: tf.HistogramProto}} of the events files in a folder."""
    histograms = {}
    for path in glob.glob(os.path.join(str(folder), 'events.out.tfevents.*')):
        for event in tf.train.summary_iterator(path):
            of_event = {value.tag: value.histo for value in event.summary.value if value.HasField('histo')}
            if of_event:
                histograms.setdefault(event.step, {}).update(of_event)
    return histograms


def assert_same_weights(one, other, limit=0):
    for a, b in zip(weights(one), weights(other)):
        for name in a:
            difference = np.abs(a[name] - b[name]).max()
            assert difference <= limit, '%s differs by up to %g' % (name, difference)


def start(training_data, outdir, *arguments):
    return start_python(['3-train.py', '--data', training_data, '--outdir', outdir] + TINY + list(arguments))


def cluster(n):
    """Environment variables of n workers on this machine."""
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(('127.0.0.1', 0))
    addresses = ['127.0.0.1:%d' % each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    descriptions = [dict(cluster=dict(worker=addresses), task=dict(type='worker', index=i)) for i in range(n)]
    return [dict(os.environ, TF_CONFIG=json.dumps(description)) for description in descriptions]


def start_python(arguments, environment=None):
    """A process of this Python at the top of the project, with unbuffered output.

    It handles SIGINT, which commands that shells start in the background ignore.
    """
    return subprocess.Popen(
        [sys.executable, '-u'] + list(map(str, arguments)),
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )


def start_workers(data, outdirs, flags, last=(), before=(), delay=0):
    """A training by workers that write to `outdirs`. Of the last of them only: flags, what stands before the script on
    its command line, and seconds until it starts."""
    processes = []
    for environment, outdir in zip(cluster(len(outdirs)), outdirs):
        arguments = ['3-train.py', '--data', data, '--outdir', outdir] + flags
        if len(processes) == len(outdirs) - 1:
            arguments = list(before) + arguments + list(last)
            time.sleep(delay)
        processes.append(start_python(arguments, environment))
    return processes


def outcomes(processes, seconds=120):
    """[(exit code, stdout, stderr)] of processes, which have to end."""
    try:
        ends = [process.communicate(timeout=seconds) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode,) + end for process, end in zip(processes, ends)]


def await_file(process, path):
    while not os.path.exists(str(path)):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


def read_or_written_first(fetches):
    """[(write, read)], names of operations on one variable of which a run of `fetches` may do either first."""

    def upstream(*operations):
        seen, todo = set(), list(operations)
        while todo:
            operation = todo.pop()
            if operation not in seen:
                seen.add(operation)
                todo += [tensor.op for tensor in operation.inputs] + list(operation.control_inputs)
        return seen

    def variable(operation):
        """The variable that it reads or writes, also in a branch of tf.cond."""
        while operation.type not in ('VarHandleOp', 'VariableV2'):
            operation = operation.inputs[0].op
        return operation

    operations = upstream(*[getattr(fetch, 'op', fetch) for fetch in fetches])
    reads = {x: upstream(x) for x in operations if x.type == 'ReadVariableOp'}
    races = []
    for write in operations:
        if write.type.startswith(('ResourceApply', 'Assign')):
            before = upstream(write)
            same = [read for read in reads if variable(read) is variable(write)]
            races += [(write.name, read.name) for read in same if read not in before and write not in reads[read]]
    return races
