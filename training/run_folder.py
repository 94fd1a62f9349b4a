"""A numbered folder for a training run: settings, logs, pictures, snapshots to go on from; and the signals that end a run."""
import csv
import fcntl
import glob
import json
import os
import re
import signal
import sys
import zipfile
import zlib

import numpy as np

import commandline
import files

SNAPSHOT = re.compile(r'network-snapshot-(\d{6})\.pkl$')


def _number(name):
    """NNN of a run folder's name NNN-name, -1 of other names."""
    match = re.match(r'(\d{3,})-', name)
    return int(match.group(1)) if match else -1


def create(outdir, name):
    """A new folder outdir/NNN-name; its path."""
    os.makedirs(outdir, exist_ok=True)
    path = os.path.join(outdir, '%03d-%s' % (max(map(_number, os.listdir(outdir)), default=-1) + 1, name))
    os.mkdir(path)
    return path


def find(path, outdir):
    """The run folder that `--resume path` means: that folder, or with 'latest' the one of the highest number in outdir."""
    if path == 'latest':
        runs = [os.path.dirname(name) for name in glob.glob(os.path.join(glob.escape(outdir), '[0-9]*-*', 'run.json'))]
        if not runs:
            raise FileNotFoundError('%s holds no runs to resume; name the run folder or its --outdir' % outdir)
        return max(runs, key=lambda run: _number(os.path.basename(run)))
    if not os.path.isfile(os.path.join(path, 'run.json')):
        raise FileNotFoundError('%s is not a run folder (it has no run.json); name one like results/000-AIS' % path)
    return path


def read_json(path):
    try:
        with open(os.path.join(path, 'run.json')) as f:
            return json.load(f)
    except ValueError:
        raise ValueError('%s/run.json is damaged; start a new run, with --transfer from its last snapshot' % path)


def resumed(record, free, cfg, given, path):
    """The settings of the run in `path`, with those of `cfg` whose names are `given` and `free` to change; the digest of its data."""
    about = read_json(path)
    try:
        flags = ['--' + name.replace('_', '-') + ('' if value is True else '=%s' % value)
                 for name, value in about['settings'].items() if value is not None and value is not False]
        digest = about['data']['digest']
    except (TypeError, KeyError, AttributeError):
        raise ValueError('%s/run.json is damaged; start a new run, with --transfer from its last snapshot' % path)
    stored = commandline.parse(record, path, flags)           # as strictly as from the command line
    for name in given - set(free):
        if getattr(cfg, name) != getattr(stored, name):
            raise ValueError('--%s %s: the run in %s has %s; leave the flag out or start a new run' % (
                name.replace('_', '-'), getattr(cfg, name), path, getattr(stored, name)))
    return stored._replace(**dict({name: getattr(cfg, name) for name in given & set(free)}, resume=path)), digest


def crc(*arrays):
    """A digest of arrays, to recognise data again."""
    value = 0
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array), value)
    return '%08x-%d' % (value, len(arrays[0]))


def _digest(path):
    """CRC-32 of a file."""
    crc = 0
    with open(path, 'rb') as f:
        for block in iter(lambda: f.read(1 << 22), b''):
            crc = zlib.crc32(block, crc)
    return crc


def _remove(snapshot):
    for name in (snapshot, snapshot[:-4] + '.npz'):
        if os.path.exists(name):
            os.unlink(name)


class Run:
    """An open run folder; no second process can open it meanwhile. Used as a context manager.

    stopped: the number of a signal that asked the run to end, or None.
    """

    def __init__(self, path, keep=3):
        self.path, self.keep, self.stopped = path, keep, None
        self._lock = open(self.file('lock'), 'a')
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError('%s is in use by another process; wait for it or start a new run' % path)

    def __enter__(self):
        self._handlers = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._lock.close()

    def _stop(self, number, _):
        self.stopped = number
        signal.signal(number, self._handlers[number])       # the second one does not wait for the step

    def file(self, name):
        return os.path.join(self.path, name)

    def pictures(self):
        """Paths of the pictures of fakes, oldest first."""
        return sorted(self.file(name) for name in os.listdir(self.path) if re.match(r'fakes\d{6}\.png$', name))

    def write_json(self, value):
        with files.atomic(self.file('run.json'), durable=True) as f:
            f.write(json.dumps(value, indent=1).encode())

    def log(self, line):
        """Print a line and keep it in log.txt."""
        with files.named(self.file('log.txt'), 'a') as f:
            f.write(line + '\n')
        try:
            print(line, flush=True)
        except BrokenPipeError:                 # `| head` has seen enough; the run goes on
            sys.stdout = open(os.devnull, 'w')

    def tick(self, row, name='log.csv'):
        """Append a row, {column: number}, to a table."""
        path = self.file(name)
        fresh = not os.path.exists(path)
        with files.named(path, 'a') as f:
            writer = csv.DictWriter(f, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)

    def rows(self, name):
        """The whole lines of a table, {column: text} each; a power cut may have left half a line."""
        if not os.path.exists(self.file(name)):
            return []
        with open(self.file(name), newline='') as f:
            lines = [line for line in f.read().splitlines(True) if line.endswith('\n')]
        return list(csv.DictReader([line for line in lines if line.count(',') == lines[0].count(',')]))

    def rewind(self, kimg, column='kimg'):
        """Forget rows of tables, pictures of fakes and unusable snapshots from after `kimg`, or epochs: the run goes on from there."""
        for name in ('log.csv', 'metrics.csv'):
            rows = self.rows(name)
            if rows:
                kept = [list(rows[0])] + [list(row.values()) for row in rows if float(row[column]) <= kimg]
                with files.atomic(self.file(name)) as f:
                    f.write(''.join(','.join(row) + '\r\n' for row in kept).encode())
        for snapshot in snapshots(self.path):
            if int(snapshot[-10:-4]) > kimg:
                _remove(snapshot)
        for picture in self.pictures():
            if int(picture[-10:-4]) > kimg:
                os.unlink(picture)

    def save(self, kimg, write_networks, state):
        """A snapshot: network-snapshot-KKKKKK.pkl, written by write_networks(path), and beside it the state, {name: array}, to go on from."""
        path = self.file('network-snapshot-%06d.pkl' % int(kimg))
        fresh = path + '.new'
        try:
            write_networks(fresh)
            with files.atomic(path[:-4] + '.npz') as f:
                np.savez(f, crc=np.uint32(_digest(fresh)), **state)
                f.flush()
                os.fsync(f.fileno())
                os.replace(fresh, path)         # both are on the disk and take their names one after the other
        except OSError as error:
            error.filename = path if error.filename == fresh else error.filename
            raise
        finally:
            if os.path.exists(fresh):
                os.unlink(fresh)
        for old in snapshots(self.path)[:-self.keep] if self.keep else ():
            if old != path:
                _remove(old)
        return path


def snapshots(path):
    """Paths of the snapshots in a run folder, oldest first."""
    return sorted(os.path.join(path, name) for name in os.listdir(path) if SNAPSHOT.match(name))


def restore(path, needed=('number', 'shown', 'elapsed', 'level', 'lod')):
    """(path of the last snapshot, its state), or (None, None) where the run has none yet. needed: numbers, zero or more, that a state has to hold.

    A snapshot whose writing was cut off has no state that fits and is passed over; a damaged one is an error.
    """
    found = snapshots(path)
    for snapshot in reversed(found):
        sidecar = snapshot[:-4] + '.npz'
        if os.path.exists(sidecar):
            state = _state(sidecar, needed)
            if int(state.pop('crc')) == _digest(snapshot):
                return snapshot, state
    if found:
        raise ValueError('%s: no snapshot is whole (%s and its .npz do not belong together); start a new run, with --transfer %s' % (
            path, os.path.basename(found[-1]), found[-1]))
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
