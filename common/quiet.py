"""Silence for libraries that write to file descriptor 2 themselves, past Python's warnings and logs."""

import contextlib
import os


@contextlib.contextmanager
def hushed():
    """Nothing on stderr meanwhile, not even what C and C++ write there."""
    saved, null = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
