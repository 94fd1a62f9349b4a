"""Signals that end a run: the first one at the next safe place, the second one at once."""

import contextlib
import os
import signal
import socket
import threading

from common import log

SIGNALS = signal.SIGINT, signal.SIGTERM


class Stopped(Exception):
    """The run was asked to end and has nothing to finish. number: of the signal."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


class Stop:
    """A context in which signals ask a run to end. number: of the first signal, or None.

    Python's own handlers wait for the main thread, which may be deep in TensorFlow for minutes. So a thread of its own
    is told of signals through a socket, says at once that the first one came, and ends the process with the second.
    """

    def __init__(self):
        self.number = None

    def __enter__(self):
        self._heard, self._told = socket.socketpair()
        self._told.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._told.fileno())
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        self._stderr = os.dup(2)  # its place may be taken meanwhile, as tfutil does where TensorFlow is imported
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._told.close()
        self._thread.join()
        self._heard.close()
        os.close(self._stderr)

    def _listen(self):
        for number in iter(lambda: self._heard.recv(1), b''):
            if number[0] not in SIGNALS:
                continue
            name = signal.Signals(number[0]).name
            if self.number:
                self._say('%s: ended at once' % name)
                os._exit(128 + number[0])
            self._say('%s: ends at the next safe place; once more ends at once' % name)
            self.number = number[0]

    def _say(self, words):
        with contextlib.suppress(OSError):
            os.write(self._stderr, ('%s: %s\n' % (log.program(), words)).encode(errors='replace'))

    def check(self):
        """A safe place before there is anything to save: raise Stopped if the run was asked to end."""
        if self.number:
            raise Stopped(self.number)
