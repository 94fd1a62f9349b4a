"""Work in threads on all cores: the same results in the same order, however many threads there are.

Threads help where NumPy and SciPy leave Python's lock: sorting, arithmetic on large arrays, Fourier transforms.
"""

import concurrent.futures
import os

MOST = 8  # threads, as each has arrays of its own


def threads():
    """How many threads work: one for each core that this process may use, up to MOST."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return min(cores, MOST)


def ordered(function, items, track=iter):
    """[function(item) for each of a list's items]. track: wraps the list, as a progress bar does."""
    with concurrent.futures.ThreadPoolExecutor(threads()) as pool:
        waiting = [pool.submit(function, item) for item in items]
        try:
            return [future.result() for future in track(waiting)]
        finally:  # an error or Ctrl-C does not wait for what has not begun
            for future in waiting:
                future.cancel()
