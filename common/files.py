"""Files that are whole or absent and replace only what programs wrote."""

import contextlib
import errno
import filecmp
import glob
import itertools
import os
import shutil
import stat
import sys
import tempfile

from common import written

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


def require_replaceable(*paths):
    """Refuse names of files that something else has than a file which this program wrote, unchanged since.

    To be called before work begins, too: what is written is checked when it gets its name.
    """
    for path in paths:
        if not os.path.lexists(path):
            continue
        if os.path.isdir(path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if written.is_input(path):
            raise FileExistsError('%s is an input of this command, or lies in one; choose another place' % path)
        if not written.is_ours(path):
            words = '%s is there already, and is not, or no longer, as this program wrote it'
            raise FileExistsError((words + '; choose another place, or move it away') % path)


def remove(path):
    """Remove a file that this program wrote and nobody changed; whether that was so."""
    if written.is_input(path) or not written.is_ours(path):
        return False
    os.unlink(path)
    return True


def set_aside(path):
    """Give a damaged file a name that nothing has, so that what is in it is kept; the new path."""
    names = (path + '.damaged' + ('-%d' % number if number else '') for number in itertools.count())
    target = next(name for name in names if not os.path.lexists(name))
    os.rename(path, target)
    return target


def remove_unfinished(folder):
    """Remove what durable files left that were being written when a process was killed; nobody may write there now."""
    for path in written.unfinished(folder):
        os.unlink(path)


def rename(path, target):
    """Give a file that this program wrote another name in its folder; what has that name is replaced as by `atomic`."""
    require_replaceable(target)
    written.record(target, path, durable=True)
    os.replace(path, target)


def _hidden(path, end):
    """A name beside `path` that nothing has; what is made there has to be made exclusively."""
    folder, name = os.path.split(os.path.abspath(path))
    return tempfile.mktemp('.' + end, '.%s-' % name[:40], folder)


def _rename_in(error, path, part):
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
    part = _hidden(path, 'part')
    try:
        if durable and not private:
            written.record(part)
        with open(part, 'xb') as f:
            yield f
            if durable:
                f.flush()
                os.fsync(f.fileno())
        if not private:
            if _signature(path) != before:  # another process may have made it meanwhile
                require_replaceable(path)
            written.record(path, part, durable)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        _rename_in(error, path, part)
        raise


def first_foreign(folder):
    """The first file or folder in a folder that is not, or no longer, as this program wrote it, or None."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        return folder
    for place, folders, names in os.walk(folder):
        folders.sort()
        if written.RECORD not in names:
            return os.path.join(place, min(folders + names)) if folders + names else place
        for name in sorted(folders + names):
            path = os.path.join(place, name)
            if name in folders and os.path.islink(path):
                return path
            if name not in folders and name != written.RECORD and not written.is_ours(path):
                return path
    return None


def require_own_folder(path):
    """Refuse a folder to be replaced in which there is anything but what this program wrote, or an input."""
    foreign, why = first_foreign(path), 'is not, or no longer, as this program wrote it'
    if not foreign and written.holds_input(path):
        foreign, why = path, 'holds an input of this command'
    if foreign:
        words = '%s is not replaced, as %s %s; choose another name, or move it away'
        raise FileExistsError(words % (path, foreign, why))


def left_beside(path, end):
    """Paths of folders that `folder` left beside `path` when it was killed. end: part (new one), or old (replaced)."""
    pattern = '.%s-????????.%s' % (glob.escape(os.path.basename(path)[:40]), end)
    return sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(path)), pattern)))


def _same(folder, other):
    """Whether two folders hold the same files."""
    trees = []
    for top in (folder, other):
        paths = [os.path.join(place, name) for place, _, names in os.walk(top) for name in names]
        trees.append(sorted(os.path.relpath(path, top) for path in paths))
    if trees[0] != trees[1] or not os.path.isdir(other):
        return False
    return all(filecmp.cmp(os.path.join(folder, name), os.path.join(other, name), shallow=False) for name in trees[0])


def _remove_folder(folder):
    """Remove what this program wrote in a folder, and the folder if nothing else is in it."""
    for place, _, names in os.walk(folder, topdown=False):
        kept = [name for name in names if name != written.RECORD and not remove(os.path.join(place, name))]
        if not kept and os.listdir(place) == [written.RECORD]:
            os.unlink(os.path.join(place, written.RECORD))
        with contextlib.suppress(OSError):  # not empty
            os.rmdir(place)


@contextlib.contextmanager
def folder(path, replace=False):
    """An empty folder to fill, hidden until the block ends without an error; then it takes its name `path`.

    Where something has that name by then: with `replace` it is replaced, if this program wrote all that is in it; a
    folder that holds the same stays; anything else is an error. After an error nothing is left, nor are parents that
    had to be made.
    """
    parent = os.path.dirname(os.path.abspath(path))
    part, old = _hidden(path, 'part'), _hidden(path, 'old')
    made = [parent]
    while not os.path.lexists(made[-1]):
        made.append(os.path.dirname(made[-1]))
    try:
        os.makedirs(parent, exist_ok=True)
        os.mkdir(part)
        yield part
        same = _same(part, path)
        if replace and not same and os.path.lexists(path):
            require_own_folder(path)
            os.rename(path, old)
        try:
            shutil.rmtree(part) if same else os.rename(part, path)
        except OSError:
            if os.path.lexists(old):
                os.rename(old, path)
            raise
    except BaseException as error:
        shutil.rmtree(part, ignore_errors=True)
        with contextlib.suppress(OSError):
            for parent in made[:-1]:
                os.rmdir(parent)
        _rename_in(error, path, part)
        raise
    with contextlib.suppress(OSError):
        _remove_folder(old)


@contextlib.contextmanager
def open_text(path, mode):
    """A text file that grows, open; its errors, a full disk among them, say which file it was."""
    try:
        require_replaceable(path)
        if not os.path.lexists(path):
            written.record(path, durable=True)
        with open(path, mode, newline='') as f:
            yield f
    except OSError as error:
        error.filename = error.filename or (path if error.errno else None)
        raise
