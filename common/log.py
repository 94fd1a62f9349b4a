"""The log of a script: progress unless --quiet; versions, devices and times with --verbose.

Results are printed with print. How much is logged is a fact about the process, as standard output is.
"""

import contextlib
import functools
import os
import sys
import threading
import time

_amount = {'quiet': False, 'verbose': False}


def set_verbosity(quiet, verbose):
    """Log only errors, or also details; the default is progress without details."""
    _amount.update(quiet=quiet, verbose=verbose)


def info(line):
    """Log a line about progress, above the bar if there is one."""
    if not _amount['quiet']:
        with _aside():
            print(line, flush=True)


def _aside():
    """A block in which no bar is on the screen; without tqdm there is none anyway."""
    return _tqdm().external_write_mode() if 'tqdm' in sys.modules else contextlib.ExitStack()


@functools.lru_cache(maxsize=None)
def _tqdm():
    """tqdm's class with a lock for threads: the default is a semaphore, which a terminated process leaves behind."""
    import tqdm  # here, because -h should not wait for it

    tqdm.tqdm.set_lock(threading.RLock())
    return tqdm.tqdm


def debug(line):
    """Log a detail."""
    if _amount['verbose']:
        print(line, flush=True)


@contextlib.contextmanager
def timed(what):
    """A block whose seconds are logged as a detail."""
    begin = time.time()
    yield
    debug('%6.1f s  %s' % (time.time() - begin, what))


def progress(items=None, **options):
    """A tqdm bar, with its options; none if stderr is no terminal, or with --quiet."""
    return _tqdm()(items, disable=True if _amount['quiet'] else None, **options)


def program():
    """The name of the program, as error messages begin: 2-inference.py, or python -m pix2pix."""
    folder, name = os.path.split(sys.argv[0])
    return 'python -m ' + os.path.basename(folder) if name == '__main__.py' else name


def one_line(message):
    """A message as printable text of at most 500 characters, whatever it holds; what is cut out is in the middle."""
    line = ''.join(c if c.isprintable() else '?' for c in ' '.join(str(message).split()))
    return line if len(line) <= 500 else line[:250] + '...' + line[-247:]


def reason(error):
    """The message of an exception, after the file that it is about if it has one."""
    named = isinstance(error, OSError) and error.filename
    return '%s: %s' % (error.filename, error.strerror) if named else str(error)


def warning(message):
    """A line on stderr, whatever the message holds."""
    print('%s: %s' % (program(), one_line(message)), file=sys.stderr)
