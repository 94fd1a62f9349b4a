"""Snapshots of a run: network-snapshot-KKKKKK.pkl holds networks, and the .npz beside it the state to go on from.

FILE FORMAT: the state is an .npz of arrays; `crc` is the checksum of its pickle. While a pickle is being replaced, the
new state is called .new.npz; it gets the place of the old one after the pickle did. So whenever the process ends, there
is a pickle with a state that fits, the old or the new.
"""

import collections
import io
import os
import re
import shutil
import zlib

import numpy as np

from common import arrays, files, run_names, safe_pickle

FINAL = 'network-final.pkl'  # the last snapshot of a run that has ended
BEST = 'network-best.pkl'  # with --metrics, the snapshot of the least distance
# FILE FORMAT: names in a state, besides the moments of the optimizers.
STEP, IMAGES_SEEN, ELAPSED, OVERFIT = 'number', 'shown', 'elapsed', 'watch'
NEEDED = STEP, IMAGES_SEEN, ELAPSED, 'level', 'lod', 'minibatch'  # numbers, zero or more
_FILE = re.compile(r'network-(snapshot-\d{6}|final|best)\.(pkl|npz)$')
_UNFINISHED = re.compile(r'network-snapshot-\d{6}\.(pkl\.new|new\.npz)$')

Snapshot = collections.namedtuple('Snapshot', 'path state')  # state: {name: array}


def is_file_name(name):
    """Whether a file of a run folder has the name of a pickle or a state."""
    return bool(_FILE.match(name))


def _checksum(path):
    """CRC-32 of a file."""
    crc = 0
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 22), b''):
            crc = zlib.crc32(block, crc)
    return crc


def described(path):
    """'NAME (CRC xxxxxxxx)' of a file, or 'none'."""
    return '%s (CRC %08x)' % (os.path.basename(path), _checksum(path)) if path else 'none'


def _states(pickle_path):
    """Where the state of a pickle may be: its place and, until it gets there, the name beside it."""
    return pickle_path[:-4] + '.npz', pickle_path[:-4] + '.new.npz'


def write(folder, position, write_networks, state, keep=0):
    """Write a snapshot and remove the oldest ones; the path of its pickle.

    position: kimg, or epochs of pix2pix. write_networks: a function of a path. state: {name: array}. keep: snapshots to
    keep, 0 for all.
    """
    path = os.path.join(folder, run_names.snapshot_name(position))
    fresh = path + '.new'
    place, beside = _states(path)
    try:
        write_networks(fresh)
        archive = io.BytesIO()  # a full disk would make zipfile itself complain on stderr
        np.savez(archive, crc=np.uint32(_checksum(fresh)), **state)
        with files.atomic(beside, durable=True) as f:
            f.write(archive.getbuffer())
        files.rename(fresh, path)
        files.rename(beside, place)
    except OSError as error:
        if error.filename == fresh:
            error.filename = path
        raise
    finally:
        files.remove(fresh)
    if keep:
        for old in run_names.snapshots(folder)[:-keep]:
            if old != path:
                _remove(old)
    return path


def _remove(pickle_path):
    """Remove a snapshot, if it is as it was written."""
    for path in (pickle_path,) + _states(pickle_path):
        files.remove(path)


def copy(pickle_path, name):
    """Copy a snapshot's networks to FINAL or BEST, whole or not at all; the path."""
    path = os.path.join(os.path.dirname(pickle_path), name)
    _copy(pickle_path, path)
    return path


def _copy(pickle_path, path):
    with open(pickle_path, 'rb') as source, files.atomic(path, durable=True) as target:
        shutil.copyfileobj(source, target)


def copy_to(folder, snapshot):
    """A copy of a Snapshot in another run folder."""
    number = run_names.position_of(snapshot.path)
    state = {name: array for name, array in snapshot.state.items() if name != 'crc'}
    return snapshot._replace(path=write(folder, number, lambda path: _copy(snapshot.path, path), state))


def last(folder, needed=NEEDED):
    """The last Snapshot of a run, or None if it has none yet. needed: numbers that its state has to hold.

    A snapshot that was being written when the process ended has no state that fits, and is passed over. ValueError for
    a damaged state, and if no snapshot is whole.
    """
    pickles = run_names.snapshots(folder)
    for path in reversed(pickles):
        snapshot = _snapshot(path, needed)
        if snapshot:
            return snapshot
    if pickles:
        raise ValueError(
            '%s: no snapshot is whole (%s and its .npz do not belong together); start a new run, with --transfer %s'
            % (folder, os.path.basename(pickles[-1]), pickles[-1])
        )
    return None


def numbered(folder, number, needed=NEEDED):
    """The Snapshot of a run with this number in its name; FileNotFoundError or ValueError if it cannot be used."""
    numbers = {run_names.position_of(path): path for path in run_names.snapshots(folder)}
    if number not in numbers:
        there = ' '.join(map(str, sorted(numbers))) or 'none'
        raise FileNotFoundError('%s has no snapshot %d; choose from those it has: %s' % (folder, number, there))
    snapshot = _snapshot(numbers[number], needed)
    if not snapshot:
        message = '%s and its .npz do not belong together; choose another snapshot, or start a new run with --transfer'
        raise ValueError(message % numbers[number])
    return snapshot


def _snapshot(path, needed):
    """The Snapshot of a pickle, or None if no state fits it."""
    crc = _checksum(path)
    for state_path in filter(os.path.exists, _states(path)):
        state = _read_state(state_path, needed)
        if int(state['crc']) == crc:
            return Snapshot(path, state)
    return None


def _read_state(path, needed):
    try:
        state = arrays.load_npz(path)
        numbers = [float(state[name]) for name in ('crc',) + tuple(needed)]
        if not np.isfinite(numbers).all() or min(numbers) < 0 or state.get('minibatch', 1) < 1:
            raise ValueError
        return state
    except (ValueError, TypeError, KeyError):
        raise ValueError('%s is damaged; delete it to go on from the snapshot before it' % path) from None


def is_final(folder, snapshot):
    """Whether FINAL in a run folder is this snapshot."""
    path = os.path.join(folder, FINAL)
    return os.path.exists(path) and _checksum(path) == int(snapshot.state['crc'])


def values(snapshot, networks, moments):
    """{variable: array} to go on from a snapshot; ValueError if its networks are others.

    networks: {role: tfutil.Network}, in the order of the pickle. moments: {name: variable} of the optimizers.
    """
    states = safe_pickle.read(snapshot.path, tuple(networks))
    result = weights(snapshot.path, states, networks, 'run.json describes')
    for name, variable in moments.items():
        # A run that was lengthened reaches new levels, whose moments begin afresh as at every new level.
        array = snapshot.state.get(name)
        if array is not None and array.shape == tuple(variable.shape.as_list()):
            result[variable] = array
    return result


def weights(path, states, networks, described):
    """{variable: array} of the states of a pickle, for the same networks, {role: tfutil.Network}, in that order.

    ValueError if one is another network than `described`, which ends the sentence.
    """
    result = {}
    for (role, network), saved in zip(networks.items(), states):
        shapes = {local: tuple(variable.shape.as_list()) for local, variable in network.vars.items()}
        if {local: array.shape for local, array in saved['variables']} != shapes:
            raise ValueError('%s: its %s is another network than %s' % (path, role, described))
        result.update({network.vars[local]: array for local, array in saved['variables']})
    return result


def tidy(folder, snapshot, position=float('inf')):
    """Finish what an interrupted write left in the folder of a run that goes on from a Snapshot, or from None.

    Snapshots from after `position`, in kimg or epochs, are not whole, and are removed.
    """
    if snapshot:
        place, beside = _states(snapshot.path)
        if os.path.exists(beside) and int(_read_state(beside, ())['crc']) == int(snapshot.state['crc']):
            files.rename(beside, place)
    files.remove_unfinished(folder)
    for name in filter(_UNFINISHED.match, os.listdir(folder)):
        files.remove(os.path.join(folder, name))
    for path in run_names.snapshots(folder):
        if run_names.position_of(path) > position:
            _remove(path)
