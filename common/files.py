"""Files that are whole or absent, and words for files that are not what they should be."""

import contextlib
import os
import shutil
import stat
import sys
import uuid

# How files that people pass by mistake begin, and what to do about each.
_HEADS = (
    (b'<', 'a web page: the download link wants a browser, download it there again'),
    (b'\n<', 'a web page: the download link wants a browser, download it there again'),
    (b'\x1f\x8b', 'a gzip archive: unpack it with gunzip first'),
    (b'PK\x03\x04', 'a zip archive: unpack it first (a PyTorch file is another format, which is not supported)'),
    (b'\x89PNG', 'a PNG picture'),
    (b'\xff\xd8\xff', 'a JPEG picture'),
    (b'\x89HDF', 'an HDF5 file, as Keras writes: another format, which is not supported'),
    (b'\x93NUMPY', 'a NumPy array'),
)


def describe_file_type(head):
    """What a file is whose first bytes are `head`, with the remedy, or None if they tell nothing."""
    if not head:
        return 'empty: copy or download it again'
    return next((words for magic, words in _HEADS if head.startswith(magic)), None)


LOCALE = 'this locale knows only ASCII; type export LC_ALL=C.UTF-8, then the command again'


def holds_utf8():
    """Whether names of files are read as UTF-8, which in the locale C depends on the version of Python."""
    return sys.getfilesystemencoding().lower().replace('-', '') == 'utf8'


def require_utf8(path):
    """ValueError for a name of other bytes: neither JSON nor every library can hold it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        remedy = 'its name is not UTF-8; rename it' if holds_utf8() else LOCALE
        raise ValueError('%s: %s' % (path, remedy)) from None


def require_regular(path):
    """ValueError for a pipe, a device or a socket, of which reading might never end."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # whoever opens it says what is wrong
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ValueError('%s is a pipe, a device or a socket; write what it gives into a file first' % path)


def _rename_in(error, path, part):
    """Name the user's file in an error: a full disk names none, and others name the part, which is gone by now."""
    if isinstance(error, OSError) and error.errno and part in str(error.filename or part):
        error.filename, error.filename2 = path, None


@contextlib.contextmanager
def atomic(path, durable=False):
    """A binary file to write that takes its name `path` only when the block ends without an error.

    durable: force the bytes to the disk before the name changes: a power cut leaves the old file or the new one.
    """
    part = path + '.part'
    try:
        with open(part, 'wb') as f:
            yield f
            if durable:
                f.flush()
                os.fsync(f.fileno())
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        _rename_in(error, path, part)
        raise


@contextlib.contextmanager
def folder(path, replace=False):
    """An empty folder to fill, hidden until the block ends without an error; then it takes its name `path`.

    Where something else has that name by then: replace it, or fail. After an error nothing is left, nor are parents
    that had to be made.
    """
    parent, name = os.path.split(os.path.abspath(path))
    part, old = [os.path.join(parent, '.%s-%s.%s' % (name, uuid.uuid4().hex[:8], end)) for end in ('part', 'old')]
    made = [parent]
    while not os.path.lexists(made[-1]):
        made.append(os.path.dirname(made[-1]))
    try:
        os.makedirs(parent, exist_ok=True)
        os.mkdir(part)
        yield part
        if replace and os.path.lexists(path):
            os.rename(path, old)
        try:
            os.rename(part, path)
        except OSError:
            if os.path.lexists(old):
                os.rename(old, path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        with contextlib.suppress(OSError):
            for parent in made[:-1]:
                os.rmdir(parent)
        _rename_in(error, path, part)
        raise


@contextlib.contextmanager
def open_text(path, mode):
    """A text file, open; its errors, a full disk among them, say which file it was."""
    try:
        with open(path, mode, newline='') as f:
            yield f
    except OSError as error:
        error.filename = path
        raise
