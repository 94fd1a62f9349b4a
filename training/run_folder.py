"""The numbered folder of a run: its settings, its lock, its logs and tables."""

import collections
import csv
import os
import platform
import re
import sys
import textwrap

import numpy as np

from common import commandline, files, locks, log, run_names, schema, types
from training import checkpoint

COLUMNS = 100  # of a line on the terminal
TABLES = 'log.csv', 'metrics.csv'
LOGS = ('log.txt',) + TABLES  # files that grow
WHOLE = 'run.json', 'reals.png', 'training.gif', 'training.mp4'
_PICTURE = re.compile(r'fakes(\d{6})\.png$')
_RUN_JSON = dict(settings=types.mapping, data=dict(digest=types.text))
_REMEDY = 'start a new run, with --transfer from its last snapshot'

# Where a run begins. folder: of a run that goes on, or None for a new one; digest: of the data of the run that goes on,
# or None; snapshot: to go on from, or None.
Start = collections.namedtuple('Start', 'cfg folder digest snapshot')


def create(outdir, name):
    """A new folder outdir/NNN-name of the next free number, which runs that start at once do not share; its path."""
    os.makedirs(outdir, exist_ok=True)
    number = -1
    while True:
        number = max([number] + [run_names.run_number(other) for other in os.listdir(outdir)]) + 1
        reserved = os.path.join(outdir, '.%03d' % number)
        try:
            os.mkdir(reserved)
        except FileExistsError:  # another run takes this number at this moment
            continue
        if number not in map(run_names.run_number, os.listdir(outdir)):  # nor did one between the two lines above
            path = os.path.join(outdir, '%03d-%s' % (number, name))
            os.rename(reserved, path)
            return path
        os.rmdir(reserved)


def start(cfg, record, changeable, explicit, needed=checkpoint.NEEDED, number=None):
    """The Start of a new run or, with cfg.resume, of one that goes on with the settings of its run.json.

    record: the type of cfg. explicit: names of the settings that were given for this start. Those in `changeable` may
    differ from run.json; ValueError for others that do. needed: as of checkpoint.last. number: that of the snapshot to
    go on from, in a new folder; None: the last one.
    """
    if not cfg.resume:
        return Start(cfg, None, None, None)
    folder = run_names.find(cfg.resume, cfg.outdir)
    run_json = os.path.join(folder, 'run.json')
    about = schema.read(run_json, _RUN_JSON, _REMEDY)
    stored = commandline.from_json(record, about['settings'], run_json)
    _adopt(folder)
    changed = {'resume': folder}
    for name in explicit:
        value, before = getattr(cfg, name), getattr(stored, name)
        if name in changeable:
            changed.setdefault(name, value)
        elif value != before:
            raise ValueError(
                '--%s %s: the run in %s has %s; leave the flag out or start a new run'
                % (name.replace('_', '-'), value, folder, before)
            )
    cfg, digest = stored._replace(**changed), about['data']['digest']
    if number is None:
        return Start(cfg, folder, digest, checkpoint.last(folder, needed))
    return Start(cfg, None, digest, checkpoint.numbered(folder, number, needed))


def _adopt(folder):
    """Record the files of a copy of a run folder, which has lost its hidden record, as written by this program."""
    names = {name: True for name in LOGS}
    for name in sorted(os.listdir(folder)):
        if checkpoint.is_file_name(name) or _PICTURE.match(name) or name in WHOLE:
            names[name] = False
    files.adopt(folder, names)


def wrapped(line):
    """A line as lines of at most COLUMNS columns; words, such as paths, stay whole."""
    return textwrap.fill(line, COLUMNS, subsequent_indent='  ', break_long_words=False, break_on_hyphens=False)


class Run:
    """An open run folder. As a context manager it is locked against other processes."""

    def __init__(self, path):
        self.path = path
        self._lock = None

    def __enter__(self):
        self._lock = locks.acquire(self.path, 'wait for it or start a new run')
        return self

    def __exit__(self, *_):
        if self._lock:
            self._lock.release()

    def file(self, name):
        return os.path.join(self.path, name)

    def picture(self, position):
        """Path of the picture of fakes at so many whole kimg (or epochs)."""
        return self.file('fakes%06d.png' % int(position))

    def pictures(self):
        """Paths of the pictures of fakes, oldest first."""
        return sorted(self.file(name) for name in os.listdir(self.path) if _PICTURE.match(name))

    def write_json(self, cfg, data, devices, tensorflow):
        """run.json: settings, facts about the data, devices and versions. tensorflow: its version."""
        versions = dict(python=platform.python_version(), tensorflow=tensorflow, numpy=np.__version__)
        about = dict(settings=cfg._replace(resume=None)._asdict(), data=data, command=sys.argv)
        about.update(devices=devices, versions=versions)
        files.write_json(self.file('run.json'), about, durable=True)

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

    def add_row(self, row, table='log.csv'):
        """Append a row, {column: value}, to a table."""
        path = self.file(table)
        is_new = not os.path.exists(path)
        with files.open_text(path, 'a') as f:
            writer = csv.DictWriter(f, list(row))
            if is_new:
                writer.writeheader()
            writer.writerow(row)

    def rows(self, table):
        """The whole lines of a table, {column: text} each; a power cut may have left half a line."""
        if not os.path.exists(self.file(table)):
            return []
        with open(self.file(table), newline='', encoding='utf-8', errors='replace') as f:
            lines = [line for line in f.read().splitlines(True) if line.endswith('\n')]
        return list(csv.DictReader([line for line in lines if line.count(',') == lines[0].count(',')]))

    def rewind(self, limit, column='kimg'):
        """Remove rows of tables, and pictures, from after `limit` kimg (or epochs); the run goes on from there."""
        for table in filter(os.path.exists, map(self.file, TABLES)):
            with open(table, 'rb') as f:
                lines = f.read().splitlines(True)
            kept = [line for line in lines if line.endswith(b'\n') and not _is_after(limit, lines[0], line, column)]
            if kept != lines:
                with files.atomic(table, durable=True) as f:
                    f.write(b''.join(kept))
        for picture in self.pictures():
            if int(_PICTURE.search(picture).group(1)) > limit:
                files.remove(picture)


def _is_after(limit, header, line, column):
    """Whether a line of a table, bytes, is a row from after `limit`; what somebody noted there is none."""
    names = header.decode('latin-1').strip().split(',')
    cells = line.decode('latin-1').strip().split(',')
    try:
        return len(cells) == len(names) and float(cells[names.index(column)]) > limit
    except ValueError:
        return False
