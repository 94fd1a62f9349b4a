"""What data sets call scans, patients, nodules and files: keyed hashes, which reveal nothing without the key."""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile

from common import card, files, log

DIGITS = 12  # of a hash: of a million names, two collide with a chance of 0.2 %


def namer(cfg):
    """A function (kind, name) -> the name in the data set: the same for the same key, or the name itself.

    A patient has one hash in all spellings (see card.normalize). kind: 'scan', 'patient', 'nodule' or 'file'; cfg: has
    the settings key and keep_names.
    """
    if cfg.keep_names:
        if cfg.key:
            raise ValueError('--key with --keep-names, which needs none; leave one out')
        return lambda kind, name: name
    key = _key(cfg.key or _default_path())

    def hashed(kind, name):
        name = card.normalize(name) if kind == 'patient' else name
        return hmac.new(key, f'{kind} {name}'.encode(), hashlib.sha256).hexdigest()[:DIGITS]

    return hashed


def _default_path():
    config = os.environ.get('XDG_CONFIG_HOME') or os.path.join(os.path.expanduser('~'), '.config')
    return os.path.join(config, 'nodule-generation', 'key')


def _key(path):
    """The key in a file; made there, for its owner alone to read, if there is none."""
    if not os.path.lexists(path):
        folder = os.path.dirname(os.path.abspath(path))
        os.makedirs(folder, mode=0o700, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as part:  # mode 0600
            part.write(secrets.token_hex(32).encode() + b'\n')
            part.flush()
            with contextlib.suppress(FileExistsError):  # another process was faster
                os.link(part.name, path)
        log.info(f'{path} is the new key of the names in data sets; keep it, and keep it to yourself')
    files.require_regular(path)
    with open(path, 'rb') as file:
        key = file.read(1 << 16).strip()
    if len(key) < 32:
        raise ValueError(f'{path} is no key, which has 32 characters or more; name another with --key, or remove it')
    return key
