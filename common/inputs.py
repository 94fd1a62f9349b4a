"""Files and folders that a user names as inputs: what is meant where there is none of that name."""

import difflib
import glob
import itertools
import os
import re

from common import files

# Settings whose paths are also checked: of what a program reads and may change.
_ALSO = 'resume', 'run', 'study', 'datasets'
_MADE = ('key',)  # inputs that a program makes if they are not there
ALIKE = 0.75  # of difflib, from 0 to 1: names that are less alike are not what was meant
_LOOKED_AT = 10000  # entries of a folder


def nearest(path):
    """The path that is there and whose name is most like that of `path`, which is not; None if none is like it."""
    drive, path = os.path.splitdrive(path)
    parts = [part for part in re.split(r'[/\\]' if os.name == 'nt' else '/', path) if part]
    return _nearest(drive + os.sep if os.path.isabs(path) else drive, parts)


def _nearest(folder, parts):
    if not parts:
        return folder
    wanted, *rest = parts
    for name in _alike(folder, wanted):
        path = os.path.join(folder, name)
        if os.path.exists(path) and (not rest or os.path.isdir(path)):
            nearest_path = _nearest(path, rest)
            if nearest_path:
                return nearest_path
    return None


def _alike(folder, wanted):
    """Names in a folder that may be meant, likeliest first: that very one, then those that are nearly so."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry in itertools.islice(entries, _LOOKED_AT)]
    except OSError:
        names = []
    small = {name.lower(): name for name in sorted(names, reverse=True) if not name.startswith('.')}
    near = [name for name in small if os.path.splitext(name)[0] == wanted.lower()]  # the ending was left out
    near += difflib.get_close_matches(wanted.lower(), list(small), 3, ALIKE)
    return [wanted] + [small[name] for name in near if small[name] != wanted]


def paths(cfg, names=None):
    """What the settings `names` of a record (default: all its inputs) name to be read.

    Patterns such as fold{fold}/{class} give all that is there.
    """
    result = []
    for name in cfg.INPUTS if names is None else names:
        value = getattr(cfg, name)
        for path in value if isinstance(value, list) else [value]:
            if not path or path is True:  # a switch may be called as an input of another program
                continue
            result += glob.glob(re.sub('{[^{}]*}', '*', glob.escape(path))) if '{' in path else [path]
    return result


def check(cfg):
    """Refuse inputs of a record of settings: what is no file or folder, and what is not there if something like it is.

    Of others that are not there the scripts know what to do.
    """
    names = [name for name in list(cfg.INPUTS) + list(_ALSO) if name in cfg._fields and name not in _MADE]
    for path in paths(cfg, names):
        if path != 'latest' and not path.isdecimal():  # a run's number
            require_near(path)


def require_near(path):
    """FileNotFoundError that names the path that was probably meant, if this one is not there."""
    if os.path.exists(path):
        files.require_regular(path)
        return
    meant = nearest(path)
    if meant:
        raise FileNotFoundError('%s does not exist; did you mean %s?' % (path, meant))
