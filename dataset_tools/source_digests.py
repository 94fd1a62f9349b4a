"""Which bytes and which programs a data set came from."""

import functools
import hashlib
import importlib
import os
import platform

from common import VERSION, manifest
from dataset_tools import completeness


def sha256(paths):
    """SHA-256 of files, one after the other, in hex."""
    return manifest.size_and_digest(*paths)[1]


@functools.lru_cache(maxsize=64)
def stamp(path):
    """A digest of the sizes and times of a volume's files."""
    paths = [path]
    if os.path.isdir(path):
        paths = [os.path.join(parent, name) for parent, _, names in sorted(os.walk(path)) for name in sorted(names)]
    elif os.path.isfile(path):
        paths = completeness.files_of(path)
    stats = [os.stat(name) for name in paths if os.path.exists(name)]
    facts = [paths] + [(stat.st_size, stat.st_mtime_ns) for stat in stats]
    return hashlib.sha256(repr(facts).encode('utf-8', 'replace')).hexdigest()


def versions(*libraries):
    """{name: version} of this program, Python, and those libraries that are installed."""
    installed = {'nodule-generation': VERSION, 'python': platform.python_version()}
    for name in libraries:
        try:
            installed[name] = importlib.import_module(name).__version__
        except ImportError:
            continue
    return installed
