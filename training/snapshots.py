"""Snapshots of a run: network-snapshot-KKKKKK.pkl with the networks, and beside it the state to go on from."""

import os
import re
import zipfile
import zlib

import numpy as np

from common import files

SNAPSHOT = re.compile(r'network-snapshot-(\d{6})\.pkl$')


def _checksum(path):
    """CRC-32 of a file."""
    crc = 0
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 22), b''):
            crc = zlib.crc32(block, crc)
    return crc


def remove(snapshot):
    for name in (snapshot, snapshot[:-4] + '.npz'):
        if os.path.exists(name):
            os.unlink(name)


def write(path, write_networks, state):
    """Write a snapshot: networks by write_networks(path), and beside them the state, {name: array}, to go on from."""
    fresh = path + '.new'
    try:
        write_networks(fresh)
        with files.atomic(path[:-4] + '.npz') as f:
            np.savez(f, crc=np.uint32(_checksum(fresh)), **state)
            f.flush()
            os.fsync(f.fileno())
            os.replace(fresh, path)  # both are on the disk and take their names one after the other
    except OSError as error:
        error.filename = path if error.filename == fresh else error.filename
        raise
    finally:
        if os.path.exists(fresh):
            os.unlink(fresh)


def paths(path):
    """Paths of the snapshots in a run folder, oldest first."""
    return sorted(os.path.join(path, name) for name in os.listdir(path) if SNAPSHOT.match(name))


def restore(path, needed=('number', 'shown', 'elapsed', 'level', 'lod')):
    """(path of the last snapshot, its state), or (None, None) where the run has none yet.

    needed: numbers, zero or more, that a state has to hold. A snapshot whose writing was cut off has no state that fits
    and is passed over; a damaged one is an error.
    """
    found = paths(path)
    for snapshot in reversed(found):
        sidecar = snapshot[:-4] + '.npz'
        if os.path.exists(sidecar):
            state = _state(sidecar, needed)
            if int(state.pop('crc')) == _checksum(snapshot):
                return snapshot, state
    if found:
        raise ValueError(
            '%s: no snapshot is whole (%s and its .npz do not belong together); start a new run, with --transfer %s'
            % (path, os.path.basename(found[-1]), found[-1])
        )
    return None, None


def _state(sidecar, needed):
    """The arrays of a .npz file, uncompressed as `Run.save` writes it, so that it cannot grow in memory."""
    try:
        with zipfile.ZipFile(sidecar) as f:
            if any(entry.compress_type or entry.flag_bits & 1 for entry in f.infolist()) or f.testzip():
                raise zipfile.BadZipFile
        with np.load(sidecar, allow_pickle=False) as f:
            state = dict(f)
        numbers = [float(state[name]) for name in ('crc',) + tuple(needed)]
        if not np.isfinite(numbers).all() or min(numbers) < 0 or state.get('minibatch', 1) < 1:
            raise ValueError
        return state
    except (ValueError, TypeError, KeyError, EOFError, OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        raise ValueError('%s is damaged; delete it to go on from the snapshot before it' % sidecar)
