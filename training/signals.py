"""Signals that end a run: the first one at the next safe place, the second one at once."""

import contextlib
import os
import signal
import socket
import sys
import threading

from common import log

SIGNALS = signal.SIGINT, signal.SIGTERM


class Stopped(Exception):
    """A signal has ended the run, which has saved what it had to. signal: the number of that signal."""

    def __init__(self, number):
        super().__init__(number)
        self.signal = number


class Stop:
    """A context in which signals ask a run to end, and in which Stopped ends the process. signal: the first, or None.

    Python's own handlers wait for the main thread, which may be deep in TensorFlow for minutes. So a thread hears of
    signals through a socket, reports the first one at once, and ends the process with the second.
    """

    def __init__(self):
        self.signal = None

    def __enter__(self):
        self._receiver, self._sender = socket.socketpair()
        self._sender.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._sender.fileno())
        self._handlers = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        self._stderr = os.dup(2)  # its place may be taken meanwhile, as tfutil does where TensorFlow is imported
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind, error, trace):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._sender.close()
        self._thread.join()
        self._receiver.close()
        os.close(self._stderr)
        if isinstance(error, Stopped):
            sys.exit(128 + error.signal)

    def _listen(self):
        for received in iter(lambda: self._receiver.recv(1), b''):
            number = received[0]
            if number not in SIGNALS:
                continue
            name = signal.Signals(number).name
            if self.signal:
                self._report('%s: ended at once' % name)
                os._exit(128 + number)
            self._report('%s: ends at the next safe place; once more ends at once' % name)
            self.signal = number

    def _report(self, message):
        with contextlib.suppress(OSError):
            os.write(self._stderr, ('%s: %s\n' % (log.program(), message)).encode(errors='replace'))

    def check(self):
        """A safe place: raise Stopped if the run was asked to end."""
        if self.signal:
            raise Stopped(self.signal)
