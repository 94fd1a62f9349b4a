"""Where the files of a table are, which may have been written on another computer."""

import collections
import ntpath
import os
import re


class Locations:
    """A function of a table's path -> where that file or folder is; as the table says it if it is nowhere.

    A relative path starts at the table's folder or else at `volumes`. The separators may be those of Windows, and
    capitals may differ. An absolute path that is not there is looked for by its name below `volumes` (without: below
    the table's folder); of several that have it, by the folders before it. found: {path of the table: path} of what
    was found otherwise than as it is written; what would be a guess is not found.
    """

    def __init__(self, table, volumes=None):
        self.folders = [os.path.dirname(table)] + [volumes] * bool(volumes and os.path.isdir(volumes))
        self.found, self._names = collections.OrderedDict(), None

    def __call__(self, text):
        asked = os.path.normpath(text)
        for path in (os.path.join(folder, asked) for folder in self.folders):
            if os.path.exists(path):
                return path
        if text not in self.found:
            path = self._otherwise(text)
            if not path:
                return os.path.join(self.folders[0], asked)
            self.found[text] = path
        return self.found[text]

    def require_one_place(self):
        """ValueError if two paths of another computer would be one file."""
        asked = {}
        for text, path in ((text, path) for text, path in self.found.items() if _is_absolute(text)):
            other = asked.setdefault(path, text)
            if other.replace('\\', '/').lower() != text.replace('\\', '/').lower():
                raise ValueError(f'{other} and {text} would both be {path}; write paths from the folder of the table')

    def _otherwise(self, text):
        """Where a path is that is not there as it is written, or None."""
        parts = [part for part in re.split(r'[\\/]+', text) if part not in ('', '.')]
        if not _is_absolute(text):
            return next(filter(None, (_without_capitals(folder or '.', parts) for folder in self.folders)), None)
        nearness = collections.defaultdict(list)
        for path in self._below()[parts[-1].lower()] if parts else ():
            own = os.path.abspath(path).lower().split(os.sep)[::-1]
            same = [there.lower() == here for there, here in zip(parts[::-1], own)]
            nearness[(same + [False]).index(False)].append(path)
        nearest = nearness[max(nearness)] if nearness else ()
        return nearest[0] if len(nearest) == 1 else None

    def _below(self):
        """{name without capitals: paths} of all below the folder of the scans."""
        if self._names is None:
            self._names = collections.defaultdict(list)
            for parent, folders, names in os.walk(self.folders[-1] or '.'):
                for name in folders + names:
                    self._names[name.lower()].append(os.path.normpath(os.path.join(parent, name)))
        return self._names


def _is_absolute(text):
    """Whether a path of any computer is absolute."""
    return bool(ntpath.splitdrive(text)[0]) or text.startswith(('/', '\\'))


def _without_capitals(path, parts):
    """The one path below a folder whose parts are the same but for capitals, or None."""
    for part in parts:
        exact = os.path.join(path, part)
        if os.path.exists(exact):
            path = exact
            continue
        alike = [name for name in os.listdir(path) if name.lower() == part.lower()] if os.path.isdir(path) else ()
        if len(alike) != 1:
            return None
        path = os.path.join(path, alike[0])
    return os.path.normpath(path)
