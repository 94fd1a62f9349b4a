"""Several devices and machines: who takes part, steps that all take together, and gradients averaged over all."""

import contextlib
import json
import os
import re
import sys
import threading

from tfutil import collective_ops, session, tf


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
