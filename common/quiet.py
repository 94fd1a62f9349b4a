"""Standard streams: stderr without what libraries write there, closed streams opened, output whose reader has gone."""

import contextlib
import os
import sys


@contextlib.contextmanager
def suppress_stderr():
    """Nothing on stderr meanwhile, not even what C and C++ write there."""
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


def open_standard_streams():
    """Open those of the descriptors 0, 1 and 2 that the shell closed, as by `2>&-`: no other file gets their number."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    for name in 'stdout', 'stderr':
        if not getattr(sys, name):
            setattr(sys, name, open(os.devnull, 'w', encoding='utf-8'))


class Output:
    """A text stream as `stream`, for which a reader that has gone (`| head`) is no error. Other errors name it."""

    def __init__(self, stream, name):
        self._stream, self._name = stream, name

    def __getattr__(self, attribute):
        return getattr(self._stream, attribute)

    def write(self, text):
        return self._try(self._stream.write, text)

    def flush(self):
        return self._try(self._stream.flush)

    def _try(self, action, *arguments):
        try:
            return action(*arguments)
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())  # for what is still in the stream
            os.close(null)
            if not isinstance(error, BrokenPipeError):
                error.filename = self._name
                raise
            return None
