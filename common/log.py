"""What a script says: results always, how it goes unless --quiet, versions, devices and times with --verbose.

Results are printed with print. How much is said is a fact about the process, as standard output is.
"""

import contextlib
import functools
import os
import sys
import threading
import time

_amount = {'quiet': False, 'verbose': False}


def set_verbosity(quiet, verbose):
    """Say only results and errors, or also details; a program that imports the project hears neither."""
    _amount.update(quiet=quiet, verbose=verbose)


def info(line):
    """A line about how it goes, above the bar if there is one."""
    if not _amount['quiet']:
        with _aside():
            print(line, flush=True)


def _aside():
    """A block in which no bar is on the screen; without tqdm there is none anyway."""
    return _tqdm().external_write_mode() if 'tqdm' in sys.modules else contextlib.ExitStack()


@functools.lru_cache(maxsize=None)
def _tqdm():
    """tqdm's class, with a lock of threads alone: its own is a semaphore, which a process that is terminated leaves."""
    import tqdm  # here, because -h should not wait for it

    tqdm.tqdm.set_lock(threading.RLock())
    return tqdm.tqdm


def debug(line):
    """A line for those who want to know more."""
    if _amount['verbose']:
        print(line, flush=True)


@contextlib.contextmanager
def timed(what):
    """With --verbose: how many seconds the block took."""
    begin = time.time()
    yield
    debug('%6.1f s  %s' % (time.time() - begin, what))


def progress(items=None, **options):
    """A tqdm bar, with its options, where somebody sees it."""
    return _tqdm()(items, disable=True if _amount['quiet'] else None, **options)


def program():
    """What the user started, as error messages begin: 2-inference.py, or python -m pix2pix."""
    folder, name = os.path.split(sys.argv[0])
    return 'python -m ' + os.path.basename(folder) if name == '__main__.py' else name


def one_line(message):
    """A message as printable text of at most 500 characters, whatever it holds; what is cut out is in the middle."""
    line = ''.join(c if c.isprintable() else '?' for c in ' '.join(str(message).split()))
    return line if len(line) <= 500 else line[:250] + '...' + line[-247:]


def reason(error):
    """What an exception says, after the file that it is about if it knows one."""
    named = isinstance(error, OSError) and error.filename
    return '%s: %s' % (error.filename, error.strerror) if named else str(error)


def warning(message):
    """A line on stderr, whatever the message holds."""
    print('%s: %s' % (program(), one_line(message)), file=sys.stderr)
