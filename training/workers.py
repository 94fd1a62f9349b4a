"""Several devices and machines: who takes part, steps that all take together, and what they have to agree on."""

import contextlib
import json
import os
import re
import socket
import sys
import threading
import time
import zlib

import numpy as np

from tfutil import collective_ops, session, tf

FIRST_PATIENCE = 900  # seconds until a worker that does not answer is taken for dead, while all of them build
SAID_AFTER = 3  # seconds until a worker says which others it waits for


def cluster():
    """(index of this worker, addresses of all) from TF_CONFIG, or (0, []) without it."""
    text = os.environ.get('TF_CONFIG')
    if not text:
        return 0, []
    try:
        value = json.loads(text)
        index, addresses = int(value['task']['index']), list(value['cluster']['worker'])
        named = all(re.match(r'[^:]+:\d+$', address) for address in addresses)
        if value['task']['type'] != 'worker' or not 0 <= index < len(addresses) or not named:
            raise ValueError
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        form = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise ValueError('TF_CONFIG is not %s' % form) from None
    return index, addresses


def _listens(address):
    host, _, port = address.rpartition(':')
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        return True
    except OSError:
        return False


def wait_for_others(limit, stop):
    """Return when all other workers listen; ConnectionError that names the missing ones after `limit` seconds."""
    worker, missing = cluster()
    missing, begin, said = missing[:worker] + missing[worker + 1 :], time.time(), None
    while True:
        missing = [address for address in missing if not _listens(address)]
        if not missing:
            return
        stop.check()
        waited, names = time.time() - begin, ', '.join(missing)
        if waited > limit:
            words = '%s did not come in %g seconds; start all workers, or wait longer with --wait'
            raise ConnectionError(words % (names, limit))
        if waited > SAID_AFTER and names != said:
            print('waiting for %s' % names, flush=True)
            said = names
        time.sleep(0.5)


class Circle:
    """The workers of a run, who tell each other numbers in the same order. Of one worker alone, nothing is asked."""

    def __init__(self, device):
        self.device, (self.worker, self.addresses) = device, cluster()
        self._operations = {}

    def tensors(self, size, key):
        """(placeholder, tensor) [workers, size] float32: what the placeholders of all workers sum to."""
        if key not in self._operations:
            shape = [len(self.addresses), size]
            with tf.device(self.device):
                mine = tf.placeholder(tf.float32, shape)
                together = collective_ops.all_reduce(tf.reshape(mine, [-1]), shape[0], 2, key, 'Add', 'Id')
                self._operations[key] = mine, tf.reshape(together, shape)
        return self._operations[key]

    def row(self, numbers):
        """What the placeholder is fed so that the others find these numbers in this worker's row."""
        rows = np.zeros([len(self.addresses), len(numbers)], np.float32)
        rows[self.worker] = numbers
        return rows

    def compare(self, facts, key, patience, remedy):
        """ValueError, on all workers, if one of the facts, {name: value}, is not the same on all. key: of this use."""
        if not self.addresses:
            return
        digests = [zlib.crc32(repr(value).encode()) for value in facts.values()]
        halves = [half for digest in digests for half in divmod(digest, 2**16)]  # float32 holds them exactly
        mine, together = self.tensors(len(halves), key)
        for _ in range(2):  # in the second one nobody leaves before all have read the first
            with other_workers(patience):
                rows = run_together(together, {mine: self.row(halves)})
        rows = rows.reshape(len(rows), -1, 2)
        for name, column in zip(facts, rows.transpose(1, 0, 2)):
            for address, found in zip(self.addresses, column):
                if (found != column[0]).any():
                    words = '%s differs between the workers %s and %s; %s'
                    raise ValueError(words % (name, self.addresses[0], address, remedy))


def run_together(fetches, feed):
    """As tfutil.run, where `all_reduce_mean` is involved: every worker has to call it equally often."""
    options = tf.RunOptions()
    options.experimental.collective_graph_key = 1  # workers agree on the number of a step by this key
    return session().run(fetches, feed, options=options)


@contextlib.contextmanager
def other_workers(patience):
    """For a block that waits for the other workers: if one is dead, or silent for `patience` seconds, this one ends.

    TensorFlow 1.12 waits for a dead worker for ever, deaf to its own time limits, so the process ends itself.
    """
    words = 'another worker has gone or does not answer; start all of them again, with --resume'

    def give_up():
        print('%s: %s' % (sys.argv[0], words), file=sys.stderr)
        os._exit(2)

    if not cluster()[1]:
        yield
        return
    timer = threading.Timer(patience, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError):
        raise ConnectionError(words) from None
    finally:
        timer.cancel()


def all_reduce_mean(tensors, replicas, key):
    """Tensors averaged over all replicas of all workers, which run this together. key: one for each use in a graph."""
    if replicas == 1:
        return tensors
    flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
    flat = collective_ops.all_reduce(flat, replicas, 1, key, 'Add', 'Div')
    pieces = tf.split(flat, [tensor.shape.num_elements() for tensor in tensors])
    return [tf.reshape(piece, tensor.shape) for piece, tensor in zip(pieces, tensors)]
