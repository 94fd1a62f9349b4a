"""A numbered folder for a run: settings, logs, pictures, and snapshots to go on from."""

import csv
import glob
import json
import os
import platform
import re
import sys
import textwrap

import numpy as np

from common import commandline, files, locks, log, schema, types
from training import snapshots

FINAL = 'network-final.pkl'
COLUMNS = 100  # of a line on the terminal
TABLES = 'log.csv', 'metrics.csv'
LOGS = ('log.txt',) + TABLES
_OWN = re.compile(r'(run\.json|(reals|fakes\d{6})\.png|training\.gif|network-(snapshot-\d{6}|final|best)\.(pkl|npz))$')
_ABOUT = dict(settings=types.mapping, data=dict(digest=types.text))
_REMEDY = 'start a new run, with --transfer from its last snapshot'


def _run_number(name):
    """NNN of a run folder's name NNN-name, -1 of other names."""
    match = re.match(r'(\d{3,})-', name)
    return int(match.group(1)) if match else -1


def create(outdir, name):
    """A new folder outdir/NNN-name of the next free number, which runs that start at once do not share; its path."""
    os.makedirs(outdir, exist_ok=True)
    number = -1
    while True:
        number = max([number] + [_run_number(other) for other in os.listdir(outdir)]) + 1
        reserved = os.path.join(outdir, '.%03d' % number)
        try:
            os.mkdir(reserved)
        except FileExistsError:  # another run takes this number at this moment
            continue
        if number not in map(_run_number, os.listdir(outdir)):  # nor did one between the two lines above
            path = os.path.join(outdir, '%03d-%s' % (number, name))
            os.rename(reserved, path)
            return path
        os.rmdir(reserved)


def find(path, outdir):
    """The run folder that `--resume path` means: that folder, or with 'latest' that of the highest number in outdir."""
    if path == 'latest':
        runs = [os.path.dirname(name) for name in glob.glob(os.path.join(glob.escape(outdir), '[0-9]*-*', 'run.json'))]
        if not runs:
            raise FileNotFoundError('%s holds no runs to resume; name the run folder or its --outdir' % outdir)
        return max(runs, key=lambda run: _run_number(os.path.basename(run)))
    if not os.path.isfile(os.path.join(path, 'run.json')):
        raise FileNotFoundError('%s is not a run folder (it has no run.json); name one like results/000-AIS' % path)
    return path


def resumed(record, free, cfg, given, path):
    """The settings of the run in `path` and the digest of its data.

    Of cfg those count whose names are `given` and `free` to change.
    """
    where = os.path.join(path, 'run.json')
    about = schema.read(where, _ABOUT, _REMEDY)
    stored = commandline.from_json(record, about['settings'], where)
    files.adopt(path, {name: name in LOGS for name in sorted(os.listdir(path)) if name in LOGS or _OWN.match(name)})
    for name in given - set(free):
        if getattr(cfg, name) != getattr(stored, name):
            raise ValueError(
                '--%s %s: the run in %s has %s; leave the flag out or start a new run'
                % (name.replace('_', '-'), getattr(cfg, name), path, getattr(stored, name))
            )
    changed = {name: getattr(cfg, name) for name in given & set(free)}
    return stored._replace(**dict(changed, resume=path)), about['data']['digest']


def finished(path, state):
    """Whether network-final.pkl in a run folder is that of the snapshot with this state."""
    final = os.path.join(path, FINAL)
    return os.path.exists(final) and snapshots.checksum(final) == int(state['crc'])


def wrapped(line):
    """A line as lines of at most COLUMNS columns; words, such as paths, stay whole."""
    return textwrap.fill(line, COLUMNS, subsequent_indent='  ', break_long_words=False, break_on_hyphens=False)


def _is_after(kimg, header, line, column):
    """Whether a line of a table, bytes, is a row from after `kimg`; what somebody noted there is none."""
    names, cells = header.decode('latin-1').strip().split(','), line.decode('latin-1').strip().split(',')
    try:
        return len(cells) == len(names) and float(cells[names.index(column)]) > kimg
    except ValueError:
        return False


class Run:
    """An open run folder; no second process can open it meanwhile. Used as a context manager."""

    def __init__(self, path, keep=3):
        self.path, self.keep = path, keep
        self._lock = locks.acquire(path, 'wait for it or start a new run')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._lock:
            self._lock.release()

    def file(self, name):
        return os.path.join(self.path, name)

    def pictures(self):
        """Paths of the pictures of fakes, oldest first."""
        return sorted(self.file(name) for name in os.listdir(self.path) if re.match(r'fakes\d{6}\.png$', name))

    def write_json(self, cfg, data, devices, tensorflow):
        """run.json: settings, facts about the data, devices and versions. tensorflow: its version."""
        versions = dict(python=platform.python_version(), tensorflow=tensorflow, numpy=np.__version__)
        about = dict(settings=cfg._replace(resume=None)._asdict(), data=data, command=sys.argv)
        about.update(devices=devices, versions=versions)
        with files.atomic(self.file('run.json'), durable=True) as f:
            f.write(json.dumps(about, indent=1).encode())

    def log(self, line, result=False, terminal=None):
        """Keep a line in log.txt and print it; one that is no result only without --quiet.

        terminal: what is printed instead of the line; otherwise it is wrapped there, unless it is a result.
        """
        with files.open_text(self.file('log.txt'), 'a') as f:
            f.write(line + '\n')
        if result:
            print(line)
        else:
            log.info(terminal or wrapped(line))

    def tick(self, row, name='log.csv'):
        """Append a row, {column: number}, to a table."""
        path = self.file(name)
        fresh = not os.path.exists(path)
        with files.open_text(path, 'a') as f:
            writer = csv.DictWriter(f, list(row))
            if fresh:
                writer.writeheader()
            writer.writerow(row)

    def rows(self, name):
        """The whole lines of a table, {column: text} each; a power cut may have left half a line."""
        if not os.path.exists(self.file(name)):
            return []
        with open(self.file(name), newline='', encoding='utf-8', errors='replace') as f:
            lines = [line for line in f.read().splitlines(True) if line.endswith('\n')]
        return list(csv.DictReader([line for line in lines if line.count(',') == lines[0].count(',')]))

    def rewind(self, kimg, column='kimg'):
        """Forget rows of tables, pictures and unusable snapshots from after `kimg`, or epochs; the run goes on."""
        for name in TABLES:
            if os.path.exists(self.file(name)):
                with open(self.file(name), 'rb') as f:
                    lines = f.read().splitlines(True)
                kept = [line for line in lines if line.endswith(b'\n') and not _is_after(kimg, lines[0], line, column)]
                if kept != lines:
                    with files.atomic(self.file(name), durable=True) as f:
                        f.write(b''.join(kept))
        for snapshot in snapshots.paths(self.path):
            if int(snapshot[-10:-4]) > kimg:
                snapshots.remove(snapshot)
        for picture in self.pictures():
            if int(picture[-10:-4]) > kimg:
                files.remove(picture)

    def complete(self, snapshot):
        """The last snapshot of a run that has had its images becomes network-final.pkl, the last file it writes."""
        path = self.file(FINAL)
        snapshots.copy(snapshot, path)
        self.log('done: %s' % path, result=True)

    def save(self, kimg, write_networks, state):
        """A snapshot: network-snapshot-KKKKKK.pkl, written by write_networks(path), and beside it what to go on from.

        state: {name: array}.
        """
        path = self.file('network-snapshot-%06d.pkl' % int(kimg))
        snapshots.write(path, write_networks, state)
        for old in snapshots.paths(self.path)[: -self.keep] if self.keep else ():
            if old != path:
                snapshots.remove(old)
        return path
