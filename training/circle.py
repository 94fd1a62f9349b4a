"""The workers of a run on several machines: how they meet, what they tell each other, and that none of them has gone.

Gradients go through TensorFlow; what is said here goes through a connection of each worker with the first one. So it
needs no TensorFlow that understands the other's, and ends with the process at its other end.
"""

import contextlib
import json
import os
import re
import select
import socket
import threading
import time

from common import log, schema, types

GONE = 'another worker has gone or does not answer; start all of them again, with --resume'
SAID_AFTER = 3  # seconds until a worker says which others it waits for
BEAT = 0.5  # seconds between two looks at who is there
STARTING = 900  # seconds until a worker that does not answer is taken for dead, while all of them build
LONGEST = 2**20  # bytes of a line
_FORM = dict(cluster=dict(worker=[types.text]), task=dict(type=types.text, index=types.nonnegative))


def cluster():
    """(index of this worker, addresses of all) from TF_CONFIG, or (0, []) without it."""
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


class _Peer:
    """A connection with another worker that carries values as lines of JSON."""

    def __init__(self, connection):
        self.connection, self.received = connection, b''
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, value, patience):
        self.connection.settimeout(patience)
        self.connection.sendall(json.dumps(value).encode() + b'\n')

    def receive(self, patience):
        """The next value; OSError or ValueError if none comes."""
        end = time.time() + patience
        while b'\n' not in self.received:
            self.connection.settimeout(max(end - time.time(), 0.001))
            piece = self.connection.recv(65536)
            if not piece or len(self.received) > LONGEST:
                raise ConnectionError(GONE)
            self.received += piece
        line, _, self.received = self.received.partition(b'\n')
        return json.loads(line.decode())

    def gone(self):
        try:
            return bool(select.select([self.connection], [], [], 0)[0]) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True


def _listener(address):
    """A socket that hears what comes to this worker's address, as IPv6 where the machine has it."""
    for family in (socket.AF_INET6, socket.AF_INET):
        with contextlib.suppress(OSError):
            listener = socket.socket(family)
            with contextlib.ExitStack() as undo:
                undo.callback(listener.close)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(('', int(address.rpartition(':')[2])))
                listener.listen(128)
                undo.pop_all()
                return listener
    raise ValueError('%s: this worker cannot listen there; is the port in use?' % address)


class Circle:
    """All workers of a run. One that is alone has nobody to wait for or to ask."""

    def __init__(self):
        self.worker, self.addresses = cluster()
        self.peers, self.end = [], None  # end: until when the block under `watch` may take

    def meet(self, limit, stop):
        """Return when all are there; ConnectionError that names the missing ones after `limit` seconds."""
        self.begin, self.limit, self.stop, self.said = time.time(), limit, stop, None
        if self.worker:
            self.peers = [self._join()]
        elif self.addresses:
            with contextlib.closing(_listener(self.addresses[0])) as listener:
                self.peers = self._gather(listener)
        if self.peers:
            threading.Thread(target=self._watch, daemon=True).start()

    def _wait_for(self, missing):
        self.stop.check()
        waited, names = time.time() - self.begin, ', '.join(missing)
        if waited > self.limit:
            words = '%s did not come in %g seconds; start all workers, or wait longer with --wait'
            raise ConnectionError(words % (names, self.limit))
        if waited > SAID_AFTER and names != self.said:
            log.info('waiting for %s' % names)
            self.said = names

    def _join(self):
        """Tell the first worker who this is, and hear from it, at each beat, who is missing."""
        host, _, port = self.addresses[0].rpartition(':')
        peer = None
        while True:
            try:
                if not peer:
                    peer = _Peer(socket.create_connection((host, int(port)), timeout=2))
                    peer.send(self.worker, 2)
                missing = peer.receive(5)
            except (OSError, ValueError):
                peer, missing = None, self.addresses[:1]
                time.sleep(BEAT)
            if isinstance(missing, str):
                raise ConnectionError(missing)
            if not missing:
                return peer
            self._wait_for(missing)

    def _gather(self, listener):
        here = {}
        while True:
            here = {worker: peer for worker, peer in here.items() if not peer.gone()}
            missing = [address for worker, address in enumerate(self.addresses) if worker and worker not in here]
            self._tell(here, missing)
            if not missing:
                return [here[worker] for worker in sorted(here)]
            try:
                self._wait_for(missing)
            except ConnectionError as error:
                self._tell(here, str(error))
                raise
            with contextlib.suppress(OSError, ValueError):
                listener.settimeout(BEAT)
                peer = _Peer(listener.accept()[0])
                worker = peer.receive(2)
                if worker not in range(1, len(self.addresses)) or worker in here and not here[worker].gone():
                    words = '%s has no place for a worker of index %.20s, or has one; look at TF_CONFIG'
                    peer.send(words % (self.addresses[0], worker), 2)
                else:
                    here[worker] = peer

    @staticmethod
    def _tell(here, value):
        for peer in here.values():
            with contextlib.suppress(OSError):
                peer.send(value, 2)

    def exchange(self, value, patience):
        """What all workers say here, in their order; each of them has to call this equally often."""
        try:
            if self.worker:
                self.peers[0].send(value, patience)
                return self.peers[0].receive(patience)
            values = [value] + [peer.receive(patience) for peer in self.peers]
            for peer in self.peers:
                peer.send(values, patience)
            return values
        except (OSError, ValueError):
            raise ConnectionError(GONE) from None

    def agree(self, facts, patience, remedy):
        """ValueError, on all workers, if one of the facts, {name: value}, is not the same on all."""
        if not self.peers:
            return
        first, *others = self.exchange({name: str(value) for name, value in facts.items()}, patience)
        for address, other in zip(self.addresses[1:], others):
            for name in sorted(set(first) | set(other), key=list(facts).index):
                values = first.get(name), other.get(name)
                if values[0] != values[1]:
                    words = '%s differs: %.64s on %s, %.64s on %s; %s'
                    raise ValueError(words % (name, values[0], self.addresses[0], values[1], address, remedy))

    @contextlib.contextmanager
    def watch(self, patience, errors):
        """For a block in TensorFlow that waits for the others: if one has gone, or all takes too long, this one ends.

        TensorFlow 1.12 waits for a dead worker for ever, deaf to its own time limits, or crashes with it. So a
        thread of its own looks and ends the process. patience: seconds. errors: of TensorFlow, which mean
        that another worker has gone.
        """
        self.end = time.time() + patience
        try:
            yield
        except errors:
            if not self.peers:
                raise
            raise ConnectionError(GONE) from None
        finally:
            self.end = None

    def _watch(self):
        connections = [peer.connection for peer in self.peers]
        while True:
            heard = select.select(connections, [], [], BEAT)[0]
            end = self.end
            if end and (time.time() > end or any(peer.gone() for peer in self.peers)):
                os.write(2, ('%s: %s\n' % (log.program(), GONE)).encode(errors='replace'))
                os._exit(2)
            if heard:  # and not yet read
                time.sleep(0.02)
