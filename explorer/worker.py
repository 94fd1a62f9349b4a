"""One thread that computes for all requests: the urgent first, also in the middle of other work."""

import collections
import threading
from concurrent.futures import Future

IMAGE, LOOP, SEARCH, LEARNING = range(4)  # urgency of jobs, the most urgent first
IDLE = LEARNING + 1
ENDED = 'the server ends'

_Job = collections.namedtuple('_Job', 'key function future')


class Superseded(ValueError):
    """A newer request took the place of this one."""


class Worker:
    """Runs jobs, functions without arguments. Long ones call `yield_` several times a second: urgent ones run then."""

    def __init__(self):
        self._changed = threading.Condition()
        self._ended = False
        self._current = IDLE  # urgency of the job that runs
        self._queues = [collections.deque() for _ in range(IDLE)]  # by urgency
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended:
            with self._changed:
                self._changed.wait_for(lambda: any(self._queues) or self._ended)
            self.yield_()

    def yield_(self):
        """Run the waiting jobs that are more urgent than the current one; InterruptedError once the worker ends."""
        current = self._current
        while True:
            with self._changed:
                if self._ended and current != IDLE:
                    raise InterruptedError(ENDED)
                urgency = next((i for i in range(current) if self._queues[i]), None)
                if urgency is None or self._ended:
                    return
                job = self._queues[urgency].popleft()
            self._current = urgency
            complete(job.function, job.future)
            self._current = current

    def submit(self, function, urgency, key=None):
        """The Future of a job. A waiting job of the same key and urgency is Superseded."""
        job = _Job(key, function, Future())
        superseded = []
        with self._changed:
            if self._ended:
                raise InterruptedError(ENDED)
            queue = self._queues[urgency]
            if key is not None:
                superseded = [waiting for waiting in queue if waiting.key == key]
            for waiting in superseded:
                queue.remove(waiting)
            queue.append(job)
            self._changed.notify()
        for waiting in superseded:
            waiting.future.set_exception(Superseded('a newer request took the place of this one'))
        return job.future

    def close(self):
        """Let the current job end, and refuse those that wait."""
        with self._changed:
            self._ended = True
            waiting = [job for queue in self._queues for job in queue]
            self._changed.notify()
        for job in waiting:
            job.future.set_exception(InterruptedError(ENDED))
        self._thread.join()


def complete(function, future):
    """Give a Future what a function without arguments returns or raises."""
    try:
        future.set_result(function())
    except BaseException as error:
        future.set_exception(error)
