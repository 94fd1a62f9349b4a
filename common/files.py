"""Files that are whole or absent and replace only what programs wrote; what is wrong with files of users."""

import collections
import contextlib
import csv
import errno
import io
import itertools
import json
import os
import stat
import sys
import tempfile

from common import log, manifest


class BadFile(ValueError):
    """A file of a user that cannot be used. fact: what is wrong, said of path; remedy: what to do, '' for nothing."""

    def __init__(self, path, fact, remedy=''):
        super().__init__(path, fact, remedy)
        self.path, self.fact, self.remedy = path, fact, remedy

    def __str__(self):
        return '%s %s' % (self.path, self.fact) + ('; ' + self.remedy if self.remedy else '')


# A type of files that people pass by mistake. head: how they begin.
FileType = collections.namedtuple('FileType', 'head name remedy')
_EMPTY = FileType(b'', 'empty', 'copy or download it again')
_WEB_PAGE = FileType(b'<', 'a web page', 'the download link wants a browser, download it there again')
_FILE_TYPES = (
    _WEB_PAGE,
    _WEB_PAGE._replace(head=b'\n<'),
    FileType(b'\x1f\x8b', 'a gzip archive', 'unpack it with gunzip first'),
    FileType(
        b'PK\x03\x04', 'a zip archive', 'unpack it first (a PyTorch file is another format, which is not supported)'
    ),
    FileType(b'\x89PNG', 'a PNG picture', ''),
    FileType(b'\xff\xd8\xff', 'a JPEG picture', ''),
    FileType(b'\x89HDF', 'an HDF5 file, as Keras writes', 'that is another format, which is not supported'),
    FileType(b'\x93NUMPY', 'a NumPy array', ''),
)


def file_type(head):
    """The FileType of a file whose first bytes, 16 or so, are `head`; None if it is none of these."""
    if not head:
        return _EMPTY
    return next((kind for kind in _FILE_TYPES if head.startswith(kind.head)), None)


def require_other_type(path, head):
    """BadFile for one of those types."""
    kind = file_type(head)
    if kind:
        raise BadFile(path, 'is ' + kind.name, kind.remedy)


def holds_utf8():
    """Whether names of files are read as UTF-8, which in the locale C depends on the version of Python."""
    return sys.getfilesystemencoding().lower().replace('-', '') == 'utf8'


def utf8_remedy():
    """What to do about a name of a file that cannot be written as UTF-8."""
    if holds_utf8():
        return 'its name is not UTF-8; rename it'
    return 'this locale has only ASCII; type export LC_ALL=C.UTF-8, then the command again'


def require_utf8(path):
    """ValueError for a name of other bytes: neither JSON nor every library can hold it."""
    try:
        path.encode()
    except UnicodeEncodeError:
        raise ValueError('%s: %s' % (path, utf8_remedy())) from None


def require_regular(path):
    """ValueError for a pipe, a device or a socket, of which reading might never end."""
    try:
        mode = os.stat(path).st_mode
    except OSError:  # opening it will say what is wrong
        return
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise BadFile(path, 'is a pipe, a device or a socket', 'write what it gives into a file first')


def require_replaceable(*paths):
    """Refuse names of files that something else has than a file which this program wrote, unchanged since.

    To be called before work begins, too: what is written is checked when it gets its name.
    """
    for path in paths:
        if not os.path.lexists(path):
            continue
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if manifest.is_input(path):
            raise FileExistsError('%s is an input of this command; choose another place' % path)
        if not manifest.is_ours(path):
            message = '%s is there already, and is not, or no longer, as this program wrote it'
            raise FileExistsError((message + '; choose another place, or move it away') % path)


def remove(path):
    """Remove a file that this program wrote and nobody changed; whether that was so."""
    if manifest.is_input(path) or not manifest.is_ours(path):
        return False
    os.unlink(path)
    return True


def set_aside(path):
    """Give a damaged file a name that nothing has, so that what is in it is kept; the new path."""
    names = (path + '.damaged' + ('-%d' % i if i else '') for i in itertools.count())
    target = next(name for name in names if not os.path.lexists(name))
    os.rename(path, target)
    return target


def adopt(folder, names):
    """Record the files of a folder that has no record, such as a copy without hidden files, as written by this program.

    names: {name: whether it grows}, of files that this program gives those names.
    """
    if not os.path.lexists(os.path.join(folder, manifest.RECORD)):
        for name, grows in names.items():
            path = os.path.join(folder, name)
            if os.path.isfile(path) and not os.path.islink(path):
                manifest.record(path, None if grows else path, durable=True)


def _record(path, content, durable):
    """As manifest.record; a new file is written all the same where the record belongs to another user."""
    try:
        manifest.record(path, content, durable)
    except PermissionError:
        if os.path.lexists(path):
            raise
        log.warning('%s cannot be written: %s will not be replaced later' % (manifest.RECORD, path))


def remove_unfinished(folder):
    """Remove what durable files left that were being written when a process was killed; nobody may write there now."""
    for path in manifest.unfinished(folder):
        os.unlink(path)


def rename(path, target):
    """Give a file that this program wrote another name in its folder; what has that name is replaced as by `atomic`."""
    require_replaceable(target)
    manifest.record(target, path, durable=True)
    os.replace(path, target)


def hidden(path, end):
    """A name beside `path` that nothing has; what is made there has to be made exclusively."""
    folder, name = os.path.split(os.path.abspath(path))
    return tempfile.mktemp('.' + end, '.%s-' % name[:40], folder)


def rename_in(error, path, part):
    """Name the user's file in an error: a full disk names none, and others name the part, which is gone by now."""
    if isinstance(error, OSError) and error.errno and part in str(error.filename or part):
        error.filename, error.filename2 = path, None


def _signature(path):
    """What changes when another file takes the name, or this one is written to; None if there is none."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime


@contextlib.contextmanager
def atomic(path, durable=False, private=False):
    """A binary file to write that takes its name `path` only when the block ends without an error.

    FileExistsError for a name that something has which this program did not write; a link is replaced, never what it
    leads to. durable: force the bytes to the disk before the name changes: a power cut leaves the old file or the new
    one. private: a name that nobody else gives, such as a digest in a hidden folder: replaced always, not recorded.
    """
    before = _signature(path)
    if not private:
        require_replaceable(path)
    part = hidden(path, 'part')
    try:
        if durable and not private:
            manifest.record(part)
        with open(part, 'xb') as f:
            yield f
            if durable:
                f.flush()
                os.fsync(f.fileno())
        if not private:
            if _signature(path) != before:  # another process may have made it meanwhile
                require_replaceable(path)
            _record(path, part, durable)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        rename_in(error, path, part)
        raise


def write_text(path, text, durable=False):
    """Write a text file in UTF-8, as `atomic` does."""
    with atomic(path, durable) as f:
        f.write(text.encode())


def write_json(path, data, durable=False, indent=1):
    """Write data as JSON, as `atomic` does."""
    write_text(path, json.dumps(data, indent=indent), durable)


def write_csv(path, rows):
    """Write rows of cells as comma-separated values, as `atomic` does."""
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    write_text(path, text.getvalue())


@contextlib.contextmanager
def open_text(path, mode):
    """A text file that grows, open; its errors, a full disk among them, name it."""
    try:
        require_replaceable(path)
        if os.path.islink(path):
            raise FileExistsError('%s is a link; remove it, or choose another place' % path)
        if not os.path.lexists(path):
            manifest.record(path, durable=True)
        with open(path, mode, newline='') as f:
            yield f
    except OSError as error:
        if error.errno and not error.filename:
            error.filename = path
        raise
