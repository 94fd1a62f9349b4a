"""One thread with one TensorFlow session that does the work of all requests, the urgent first, also amid other work."""

import collections
import threading
from concurrent.futures import Future

import tfutil

IMAGE, LOOP, SEARCH, LEARNING = range(4)  # urgency of jobs, the most urgent first
GONE = 'the server ends'


class Superseded(ValueError):
    """A newer request took the place of this one."""


class Worker:
    """Does jobs, functions without arguments. prepare: the first job; cpu: leave the GPUs alone.

    A job that takes long calls `breathe` several times a second, in which more urgent ones are done.
    """

    def __init__(self, prepare, cpu):
        self._changed, self._ended, self._doing = threading.Condition(), False, LEARNING + 1
        self._waiting = [collections.deque() for _ in range(LEARNING + 1)]  # by urgency, of (key, job, Future)
        self.prepared = Future()
        self._thread = threading.Thread(target=self._run, args=(prepare, cpu), daemon=True)
        self._thread.start()

    def _run(self, prepare, cpu):
        with tfutil.init_tf(cpu=cpu):
            do(prepare, self.prepared)
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: any(self._waiting) or self._ended)
                    if self._ended:
                        break
                self.yield_()

    def yield_(self):
        """Do the waiting jobs that are more urgent than the current one; InterruptedError once the worker ends."""
        current = self._doing
        while True:
            with self._changed:
                if self._ended and current <= LEARNING:
                    raise InterruptedError(GONE)
                urgency = next((i for i in range(current) if self._waiting[i]), None)
                if urgency is None or self._ended:
                    return
                _, job, future = self._waiting[urgency].popleft()
            self._doing = urgency
            do(job, future)
            self._doing = current

    def begin(self, job, urgency, key=None):
        """The Future of a job. key: a job of the same key and urgency that still waits is Superseded."""
        future, replaced = Future(), []
        with self._changed:
            if self._ended:
                raise InterruptedError(GONE)
            queue = self._waiting[urgency]
            if key is not None:
                replaced = [entry for entry in queue if entry[0] == key]
            for entry in replaced:
                queue.remove(entry)
            queue.append((key, job, future))
            self._changed.notify()
        for _, _, old in replaced:
            old.set_exception(Superseded('a newer request took the place of this one'))
        return future

    def close(self):
        """Let the current job end, and refuse those that wait."""
        with self._changed:
            self._ended, waiting = True, [entry for queue in self._waiting for entry in queue]
            self._changed.notify()
        for _, _, future in waiting:
            future.set_exception(InterruptedError(GONE))
        self._thread.join()


def do(job, future):
    """Do a job, a function without arguments, for who waits for its Future."""
    try:
        future.set_result(job())
    except BaseException as error:
        future.set_exception(error)
