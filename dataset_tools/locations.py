"""Where the files of a table are, which may have been written on another computer."""

import collections
import ntpath
import os
import re

FIELD = re.compile(r'{([^{}:]+)(?::0(\d))?}')  # of a pattern: {COLUMN}, or {COLUMN:04} with zeros before a number


def split_pattern(volumes):
    """(folder, pattern) of --volumes: 'scans/LNDb-{LNDbID:04}.mhd' -> ('scans', 'LNDb-{LNDbID:04}.mhd').

    The pattern begins with the first part of the path that has a brace; it is None if none has. Without a folder, that
    is None.
    """
    if not volumes or '{' not in volumes:
        return volumes, None
    parts = re.split(r'[\\/]', volumes[: volumes.index('{')])
    begin = volumes.index('{') - len(parts[-1])
    return volumes[: max(begin - 1, 0)] or None, volumes[begin:].replace('\\', '/')


def from_pattern(pattern, row):
    """The name or path that a pattern gives for a row, {column as the pattern names it: text}; ValueError if none."""

    def text(match):
        name, digits = match.groups()
        if not digits:
            return row[name]
        if not re.match(r'\d+(\.0*)?$', row[name]):
            raise ValueError(f'{name} is {row[name][:40]!r}, and {match.group()} of --volumes needs a whole number')
        return row[name].partition('.')[0].zfill(int(digits))

    return FIELD.sub(text, pattern)


class Locations:
    """A function of a table's path -> where that file or folder is; as the table says it if it is nowhere.

    A relative path starts at the table's folder or else at `volumes`. The separators may be those of Windows, and
    capitals may differ. An absolute path that is not there is looked for by its name below `volumes` (without: below
    the table's folder); of several that have it, by the folders before it. moved: {path of the table: path} of what is
    elsewhere than it is written; what would be a guess is not in it.
    """

    def __init__(self, table, volumes=None):
        self.folders = [os.path.dirname(table)]
        if volumes and os.path.isdir(volumes):
            self.folders.append(volumes)
        self.moved = collections.OrderedDict()
        self._names = None

    def __call__(self, written):
        normal = os.path.normpath(written)
        for folder in self.folders:
            if os.path.exists(os.path.join(folder, normal)):
                return os.path.join(folder, normal)
        if written not in self.moved:
            path = self._search(written)
            if not path:
                return os.path.join(self.folders[0], normal)
            self.moved[written] = path
        return self.moved[written]

    def require_one_place(self):
        """ValueError if two paths of another computer would be one file."""
        first = {}
        for written, path in self.moved.items():
            if _is_absolute(written):
                other = first.setdefault(path, written)
                if other.replace('\\', '/').lower() != written.replace('\\', '/').lower():
                    remedy = 'write paths from the folder of the table'
                    raise ValueError(f'{other} and {written} would both be {path}; {remedy}')

    def _search(self, written):
        """Where a path is that is not there as it is written, or None."""
        parts = [part for part in re.split(r'[\\/]+', written) if part not in ('', '.')]
        if not _is_absolute(written):
            paths = [_without_capitals(folder or '.', parts) for folder in self.folders]
            return next(filter(None, paths), None)
        candidates = collections.defaultdict(list)  # {how many of the last parts are the same: paths}
        for path in self._below()[parts[-1].lower()] if parts else ():
            actual = os.path.abspath(path).lower().split(os.sep)
            same = 0
            for part, actual_part in zip(reversed(parts), reversed(actual)):
                if part.lower() != actual_part:
                    break
                same += 1
            candidates[same].append(path)
        nearest = candidates[max(candidates)] if candidates else ()
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
        names = os.listdir(path) if os.path.isdir(path) else ()
        same = [name for name in names if name.lower() == part.lower()]
        if len(same) != 1:
            return None
        path = os.path.join(path, same[0])
    return os.path.normpath(path)
