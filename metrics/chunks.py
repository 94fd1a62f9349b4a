"""Work in chunks, so that memory grows with the results and not with what leads to them, and progress is seen."""

from common import log

CHUNK = 256  # images worked on at a time


def chunks(count, track=iter, size=CHUNK):
    """Slices of `size` that cover `count` images; track: wraps the list, as a progress bar does."""
    return track([slice(begin, min(begin + size, count)) for begin in range(0, count, size)])


def progress_bar(words):
    """A progress bar for a list."""
    return lambda items: log.progress(items, desc=words, leave=False)
