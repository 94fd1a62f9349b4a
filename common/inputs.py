"""Files and folders that a user names as inputs: what is meant where there is none of that name."""

import difflib
import itertools
import os
import re

from common import files

# Settings of all scripts that are paths to read, or lists of such.
NAMES = set(
    'annotations data datasets evaluation features folder images labels latents masks model phantoms pix2pix '
    'pretrain project real_holdout resume study tfrecords transfer validation volumes'.split()
)
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
            found = _nearest(path, rest)
            if found:
                return found
    return None


def _alike(folder, wanted):
    """Names in a folder that may be meant, likeliest first: that very one, then those that are nearly so."""
    try:
        with os.scandir(folder or os.curdir) as entries:
            names = [entry.name for entry in itertools.islice(entries, _LOOKED_AT)]
    except OSError:
        names = []
    small = {name.lower(): name for name in sorted(names, reverse=True) if not name.startswith('.')}
    near = [small[name] for name in difflib.get_close_matches(wanted.lower(), list(small), 3, 0.6)]
    return [wanted] + [name for name in near if name != wanted]


def check(record):
    """Refuse inputs of a record of settings: what is no file or folder, and what is not there if something like it is.

    Of others that are not there the scripts know what to do.
    """
    for name, value in record._asdict().items():
        for path in value if isinstance(value, list) else [value]:
            if name in NAMES and isinstance(path, str) and path not in ('', 'latest') and '{' not in path:
                require_near(path)


def require_near(path):
    """FileNotFoundError that names the path that was probably meant, if this one is not there."""
    if os.path.exists(path):
        files.require_regular(path)
        return
    meant = nearest(path)
    if meant:
        raise FileNotFoundError('%s does not exist; did you mean %s?' % (path, meant))
