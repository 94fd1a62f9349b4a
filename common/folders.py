"""Folders that are whole or absent and replace only what programs wrote."""

import contextlib
import filecmp
import glob
import os
import shutil

from common import files, manifest


def first_foreign(folder):
    """The first file or folder in a folder that is not, or no longer, as this program wrote it, or None."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        return folder
    for place, folders, names in os.walk(folder):
        folders.sort()
        if manifest.RECORD not in names:
            return os.path.join(place, min(folders + names)) if folders + names else place
        for name in sorted(folders + names):
            path = os.path.join(place, name)
            if name in folders and os.path.islink(path):
                return path
            if name not in folders and name != manifest.RECORD and not manifest.is_ours(path):
                return path
    return None


def require_own_folder(path):
    """Refuse a folder to be replaced in which there is anything but what this program wrote, or an input."""
    foreign, fact = first_foreign(path), 'is not, or no longer, as this program wrote it'
    if not foreign and manifest.holds_input(path):
        foreign, fact = path, 'holds an input of this command'
    if foreign:
        message = '%s is not replaced, as %s %s; choose another name, or move it away'
        raise FileExistsError(message % (path, foreign, fact))


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
        kept = [name for name in names if name != manifest.RECORD and not files.remove(os.path.join(place, name))]
        if not kept and os.listdir(place) == [manifest.RECORD]:
            os.unlink(os.path.join(place, manifest.RECORD))
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
    part, old = files.hidden(path, 'part'), files.hidden(path, 'old')
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
        files.rename_in(error, path, part)
        raise
    with contextlib.suppress(OSError):
        _remove_folder(old)
