"""Several devices and machines: gradients, facts and stop requests go through TensorFlow's collectives.

Beside them a watchdog looks whether the other workers are there: TensorFlow 1.12 waits for a dead worker for ever, deaf
to its own time limits, or crashes with it.
"""

import json
import os
import re
import socket
import threading
import time
import zlib

import numpy as np

import tfutil
from common import log, schema, types
from tfutil import collective_ops, tf
from training import signals

WORKER_GONE = 'another worker has gone or does not answer; start all of them again, with --resume'
REPORT_AFTER = 3  # seconds until a worker reports which others it waits for
BEAT = 0.5  # seconds between two looks at who is there
STARTING = 900  # seconds until a worker that does not answer is taken for dead, while all of them build
TEXT_BYTES = 64  # bytes of a fact that a message shows
DEVICES, WORKERS = 1, 2  # keys of groups: all devices, and a CPU of each worker
GATHERS = 1000  # keys of `all_gather` begin here; below it are those of levels
# What TensorFlow raises when another worker has gone.
_ERRORS = tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InternalError
_FORM = dict(cluster=dict(worker=[types.text]), task=dict(type=types.text, index=types.nonnegative))


def cluster():
    """(rank of this worker, addresses of all) from TF_CONFIG, or (0, []) without it."""
    text = os.environ.get('TF_CONFIG')
    if not text:
        return 0, []
    try:
        value = json.loads(text)
        wrong = schema.problem(value, _FORM)
    except (ValueError, RecursionError):
        wrong = 'it is not JSON'
    wrong = wrong or _wrong_cluster(value['cluster']['worker'], value['task'])
    if wrong:
        form = '{"cluster": {"worker": ["host:port", ...]}, "task": {"type": "worker", "index": 0}}'
        raise ValueError('TF_CONFIG: %s; it has to be like %s' % (wrong, form))
    return value['task']['index'], value['cluster']['worker']


def _wrong_cluster(addresses, task):
    for address in addresses:
        match = re.match(r'[^:\s]+:([0-9]{1,5})$', address)
        if not match or not 0 < int(match.group(1)) < 65536:
            return '%.60r is not host:port' % address
        if addresses.count(address) > 1:
            return '%.60s is there twice' % address
    if task['type'] != 'worker':
        return 'the task type %.60r is not "worker"' % task['type']
    return None if task['index'] < len(addresses) else 'index %d of %d workers' % (task['index'], len(addresses))


def all_reduce_mean(tensors, count, key):
    """Tensors averaged over all `count` devices of all workers, which run this together. key: one for each use."""
    if count == 1:
        return tensors
    flat = tf.concat([tf.reshape(tensor, [-1]) for tensor in tensors], axis=0)
    flat = collective_ops.all_reduce(flat, count, DEVICES, key, 'Add', 'Div')
    pieces = tf.split(flat, [tensor.shape.num_elements() for tensor in tensors])
    return [tf.reshape(piece, tensor.shape) for piece, tensor in zip(pieces, tensors)]


def _listens(address):
    """Whether a process listens at host:port."""
    host, _, port = address.rpartition(':')
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        return True
    except OSError:
        return False


def encoded(facts):
    """Facts, {name: value}, as float [facts, TEXT_BYTES + 1]: the first bytes of each text, then the CRC-32 of it."""
    texts = [str(value).encode(errors='replace') for value in facts.values()]
    return np.array([list(text[:TEXT_BYTES].ljust(TEXT_BYTES, b'\0')) + [zlib.crc32(text)] for text in texts], float)


def difference(names, rows, addresses):
    """The first fact that is not the same on all workers, in words, or None. rows: [workers, facts, TEXT_BYTES + 1]."""

    def shown(numbers):
        return bytes(numbers[:TEXT_BYTES].astype(np.uint8)).rstrip(b'\0').decode(errors='replace')

    for address, row in zip(addresses[1:], rows[1:]):
        for name, first, other in zip(names, rows[0], row):
            if (first != other).any():
                return '%s differs: %s on %s, %s on %s' % (name, shown(first), addresses[0], shown(other), address)
    return None


class WorkerGroup:
    """All workers of a run, of which this is the rank-th; by default it is alone.

    Each of them has to call `run`, `all_gather` and `check_equal` equally often and in the same order.
    """

    def __init__(self, rank=0, addresses=(), stop=None):
        self.rank, self.addresses, self.stop = rank, addresses, stop or signals.Stop()
        self.size = max(len(addresses), 1)
        self.timeout = STARTING  # seconds until a worker that does not answer is taken for dead
        self._gathers = {}  # {key: (placeholder, its sum over the workers)}
        self._requested = 0  # the signal that a worker was sent, as of the last step of all
        self._deadline = None  # of the step that all are taking

    def check_port(self):
        """ValueError if something listens on this worker's port; TensorFlow would share it."""
        if self.size == 1:
            return
        address = self.addresses[self.rank]
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(('', int(address.rpartition(':')[2])))
            except OSError:
                raise ValueError('%s: this worker cannot listen there; is the port in use?' % address) from None

    def _missing(self):
        """Addresses of the workers that are not there."""
        others = self.addresses[: self.rank] + self.addresses[self.rank + 1 :]
        return [address for address in others if not _listens(address)]

    def wait_for_all(self, seconds):
        """Return when all workers are there; ConnectionError that names the missing ones if it takes too long."""
        begin, reported = time.time(), None
        missing = ', '.join(self._missing())
        while missing:
            self.stop.check()
            waited = time.time() - begin
            if waited > seconds:
                message = '%s did not come in %g seconds; start all workers, or wait longer with --wait'
                raise ConnectionError(message % (missing, seconds))
            if waited > REPORT_AFTER and missing != reported:
                log.info('waiting for %s' % missing)
                reported = missing
            time.sleep(BEAT)
            missing = ', '.join(self._missing())
        if self.size > 1:
            threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        """End this process if another worker has gone, or does not answer, while this one waits for it."""
        suspected = None
        while True:
            time.sleep(BEAT)
            deadline = self._deadline
            if not deadline:
                continue
            is_missing = bool(self._missing())
            is_late = time.time() > deadline
            still_in_that_step = suspected == deadline == self._deadline
            if is_late or is_missing and still_in_that_step:
                os.write(2, ('%s: %s\n' % (log.program(), WORKER_GONE)).encode(errors='replace'))
                os._exit(2)
            suspected = deadline if is_missing else None  # it may have ended after this step, which then ends here, too

    def run(self, fetches, feed=None):
        """As tfutil.run, for a step that all workers take; each hears of the others' stop requests."""
        options = tf.RunOptions()
        options.experimental.collective_graph_key = 1  # workers agree on the number of a step by this key
        if self.size == 1:
            return tfutil.run(fetches, feed, options)
        requests = [number == self.stop.signal for number in signals.SIGNALS]
        placeholder, gathered = self._gather(0, len(requests))
        self._deadline = time.time() + self.timeout
        try:
            feed = {placeholder: self._rows(requests), **(feed or {})}
            values, requests = tfutil.run([fetches, gathered], feed, options)
        except _ERRORS:
            raise ConnectionError(WORKER_GONE) from None
        finally:
            self._deadline = None
        requested = [number for number, any_worker in zip(signals.SIGNALS, requests.any(axis=0)) if any_worker]
        self._requested = max(requested, default=0)
        return values

    def _gather(self, key, n):
        """(placeholder [workers, n], its sum over the workers)."""
        if key not in self._gathers:
            with tf.device('/job:worker/replica:0/task:%d/device:CPU:0' % self.rank):
                placeholder = tf.placeholder(tf.float64, [self.size, n])
                gathered = collective_ops.all_reduce(placeholder, self.size, WORKERS, GATHERS + key, 'Add', 'Id')
            self._gathers[key] = placeholder, gathered
        return self._gathers[key]

    def _rows(self, values):
        """This worker's values in its row of zeros [workers, n]."""
        rows = np.zeros([self.size, len(values)])
        rows[self.rank] = values
        return rows

    def all_gather(self, values):
        """Numbers [workers, n] of all workers, of which each gives n."""
        if self.size == 1:
            return np.array([values], float)
        placeholder, gathered = self._gather(len(values), len(values))
        return self.run(gathered, {placeholder: self._rows(values)})

    def check_equal(self, facts, remedy):
        """ValueError, on all workers, if one of the facts, {name: value}, is not the same on all of them."""
        rows = self.all_gather(encoded(facts).ravel()).reshape(self.size, len(facts), TEXT_BYTES + 1)
        wrong = difference(facts, rows, self.addresses)
        if wrong:
            raise ValueError('%s; %s' % (wrong, remedy))

    def stop_signal(self):
        """The signal that ends the run, or 0; of several workers, one of which all have heard in the same step."""
        return self._requested if self.size > 1 else self.stop.signal or 0
