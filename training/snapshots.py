"""Snapshots of a run: network-snapshot-KKKKKK.pkl with the networks, and beside it the state to go on from.

The state holds the checksum of its pickle. It lies beside a pickle that is replaced under another name, .new.npz, until
the new pickle has its name: so whenever the writing ends, there is a pickle with a state that fits, the old or the new.
"""

import io
import os
import re
import shutil
import zlib

import numpy as np

from common import arrays, files

SNAPSHOT = re.compile(r'network-snapshot-(\d{6})\.pkl$')
UNFINISHED = re.compile(r'network-snapshot-\d{6}\.(pkl\.new|new\.npz)$')


def checksum(path):
    """CRC-32 of a file."""
    crc = 0
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 22), b''):
            crc = zlib.crc32(block, crc)
    return crc


def _states(snapshot):
    """Where its state may be: in its place and, before it came there, beside it."""
    return snapshot[:-4] + '.npz', snapshot[:-4] + '.new.npz'


def remove(snapshot):
    """Remove a snapshot and its state, if they are as they were written."""
    for name in (snapshot,) + _states(snapshot):
        files.remove(name)


def write(path, write_networks, state):
    """Write a snapshot: networks by write_networks(path), and beside them the state, {name: array}, to go on from."""
    fresh, (place, beside) = path + '.new', _states(path)
    try:
        write_networks(fresh)
        archive = io.BytesIO()  # a full disk would make zipfile itself complain on stderr
        np.savez(archive, crc=np.uint32(checksum(fresh)), **state)
        with files.atomic(beside, durable=True) as f:
            f.write(archive.getbuffer())
        files.rename(fresh, path)
        files.rename(beside, place)
    except OSError as error:
        error.filename = path if error.filename == fresh else error.filename
        raise
    finally:
        files.remove(fresh)


def copy(snapshot, path):
    """The networks of a snapshot under another name, whole or not at all."""
    with open(snapshot, 'rb') as source, files.atomic(path, durable=True) as target:
        shutil.copyfileobj(source, target)


def paths(path):
    """Paths of the snapshots in a run folder, oldest first."""
    return sorted(os.path.join(path, name) for name in os.listdir(path) if SNAPSHOT.match(name))


def restore(path, needed=('number', 'shown', 'elapsed', 'level', 'lod', 'minibatch')):
    """(path of the last snapshot, its state), or (None, None) where the run has none yet.

    needed: numbers, zero or more, that a state has to hold. A snapshot whose writing was cut off has no state that fits
    and is passed over; a damaged one is an error.
    """
    found = paths(path)
    for snapshot in reversed(found):
        crc = checksum(snapshot)
        for sidecar in filter(os.path.exists, _states(snapshot)):
            state = _state(sidecar, needed)
            if int(state['crc']) == crc:
                return snapshot, state
    if found:
        raise ValueError(
            '%s: no snapshot is whole (%s and its .npz do not belong together); start a new run, with --transfer %s'
            % (path, os.path.basename(found[-1]), found[-1])
        )
    return None, None


def tidy(path, snapshot=None, state=None):
    """Finish in a run folder what a writing that was cut off has left. snapshot, state: as `restore` found them."""
    if snapshot:
        place, beside = _states(snapshot)
        if os.path.exists(beside) and int(_state(beside, ())['crc']) == int(state['crc']):
            files.rename(beside, place)
    files.remove_unfinished(path)
    for name in filter(UNFINISHED.match, os.listdir(path)):
        files.remove(os.path.join(path, name))


def _state(sidecar, needed):
    """The arrays of a state file."""
    try:
        state = arrays.load_npz(sidecar)
        numbers = [float(state[name]) for name in ('crc',) + tuple(needed)]
        if not np.isfinite(numbers).all() or min(numbers) < 0 or state.get('minibatch', 1) < 1:
            raise ValueError
        return state
    except (ValueError, TypeError, KeyError):
        raise ValueError('%s is damaged; delete it to go on from the snapshot before it' % sidecar) from None
