"""One thread with one TensorFlow session that does the work of all requests: short jobs first, also amid a long one."""

import collections
import threading
from concurrent.futures import Future

import tfutil

GONE = 'the server ends'


class Superseded(ValueError):
    """A newer request of the same browser took the place of this one."""


class Worker:
    """Does jobs, functions without arguments, one at a time. cpu: leave the GPUs alone; prepare: the first job."""

    def __init__(self, prepare, cpu=True):
        self._changed, self._ended = threading.Condition(), False
        self._short, self._long = collections.deque(), collections.deque()  # of (key, job, Future)
        self.prepared = Future()
        self._thread = threading.Thread(target=self._run, args=(prepare, cpu), daemon=True)
        self._thread.start()

    def _run(self, prepare, cpu):
        with tfutil.init_tf(cpu=cpu):
            _do(prepare, self.prepared)
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._short or self._long or self._ended)
                    if self._ended:
                        break
                    _, job, future = (self._short or self._long).popleft()
                _do(job, future)

    def breathe(self):
        """Of a long job, between two of its steps: do the short ones that wait; InterruptedError at the end."""
        while True:
            with self._changed:
                if self._ended:
                    raise InterruptedError(GONE)
                if not self._short:
                    return
                _, job, future = self._short.popleft()
            _do(job, future)

    def begin(self, job):
        """The Future of a long job: it has to call `breathe` several times a second."""
        return self._add(self._long, None, job)

    def ask(self, job, key=None):
        """What a short job returns or raises; Superseded if another of the same key came while it waited."""
        return self._add(self._short, key, job).result()

    def _add(self, queue, key, job):
        future = Future()
        with self._changed:
            if self._ended:
                raise InterruptedError(GONE)
            for waiting in [entry for entry in queue if key is not None and entry[0] == key]:
                queue.remove(waiting)
                waiting[2].set_exception(Superseded('a newer request took the place of this one'))
            queue.append((key, job, future))
            self._changed.notify()
        return future

    def close(self):
        """Let the current job end and refuse those that wait."""
        with self._changed:
            self._ended, waiting = True, list(self._short) + list(self._long)
            self._changed.notify()
        for _, _, future in waiting:
            future.set_exception(InterruptedError(GONE))
        self._thread.join()


def _do(job, future):
    try:
        future.set_result(job())
    except BaseException as error:
        future.set_exception(error)
