"""Work on many images: in chunks, in threads on all cores, with a progress bar.

Results are the same, in the same order, however many threads there are. Threads help where NumPy and SciPy release
Python's lock: sorting, arithmetic on large arrays, Fourier transforms.
"""

import concurrent.futures
import os

from common import log

CHUNK = 256  # images worked on at a time, so that memory grows with the results and not with what leads to them
MAX_THREADS = 8  # each has arrays of its own


def chunks(count, track=iter, size=CHUNK):
    """Slices of `size` that cover `count` images; track: wraps the list, as a progress bar does."""
    return track([slice(begin, min(begin + size, count)) for begin in range(0, count, size)])


def progress_bar(description):
    """A progress bar for a list."""
    return lambda items: log.progress(items, desc=description, leave=False)


def threads():
    """Number of threads: one for each core that this process may use, up to MAX_THREADS."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return min(cores, MAX_THREADS)


def ordered(function, items, track=iter):
    """[function(item) for each of a list's items]. track: wraps the list, as a progress bar does."""
    with concurrent.futures.ThreadPoolExecutor(threads()) as pool:
        waiting = [pool.submit(function, item) for item in items]
        try:
            return [future.result() for future in track(waiting)]
        finally:  # after an error or Ctrl-C, what has not begun does not run
            for future in waiting:
                future.cancel()
