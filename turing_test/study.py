"""A study in one SQLite file: cases, their truth, readers and answers.

At rest that file is all there is. While the study is served, `study.sqlite-wal` beside it holds what was answered
since; copy both. Frames of that journal carry checksums and the file itself does not change until the server ends, so
that a copy taken at any moment is whole. The truth is in a table of its own.
"""

import collections
import contextlib
import errno
import itertools
import json
import os
import pathlib
import secrets
import sqlite3
import tempfile

import numpy as np

from turing_test import guard

NAME = 'study.sqlite'
VERSION = 1
# FILE FORMAT. Facts: protocol, JSON; token, of the link; secret, from which sides and orders follow, in no page nor
# export. Kinds of items: practice, reading. A case is one patch, or two of a class (left, right) in mode 2afc.
# signal: 1 where the patch is real, or where the right one is. verdict: 1 (surely generated, or left) to 6 (surely
# real, or right). undone: when an answer was taken back.
_TABLES = """
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE cases (number INTEGER PRIMARY KEY, kind TEXT NOT NULL);
CREATE TABLE patches (number INTEGER NOT NULL REFERENCES cases, place INTEGER NOT NULL, pixels BLOB NOT NULL,
                      PRIMARY KEY (number, place));
CREATE TABLE truth (number INTEGER PRIMARY KEY REFERENCES cases, signal INTEGER NOT NULL, label TEXT NOT NULL,
                    sources TEXT NOT NULL);
CREATE TABLE readers (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, years REAL NOT NULL,
                      secret TEXT NOT NULL UNIQUE, word TEXT NOT NULL, entered TEXT NOT NULL);
CREATE TABLE items (id TEXT PRIMARY KEY, reader INTEGER NOT NULL REFERENCES readers, position INTEGER NOT NULL,
                    number INTEGER NOT NULL REFERENCES cases, again INTEGER NOT NULL, UNIQUE (reader, position));
CREATE TABLE answers (item TEXT NOT NULL REFERENCES items, verdict INTEGER NOT NULL, milliseconds INTEGER NOT NULL,
                      windows TEXT NOT NULL, zoom REAL NOT NULL, at TEXT NOT NULL, undone TEXT);
CREATE UNIQUE INDEX one_answer ON answers (item) WHERE undone IS NULL;
"""
_ID = 0x54755465  # SQLite's application_id of such a file

Case = collections.namedtuple('Case', 'label signal pixels')  # pixels: uint8 [patches, H, W]
Reader = collections.namedtuple('Reader', 'name years')
Answer = collections.namedtuple('Answer', 'reader case position repeat verdict signal label milliseconds windows zoom')
# protocol: what `write` was given; readers: {number: Reader}; answers: of reading, in order; cases: {number: Case}.
Readings = collections.namedtuple('Readings', 'protocol readers answers cases')


def path_of(study):
    """The file of a study that is named by its folder or by the file; FileNotFoundError if there is none."""
    path = os.path.join(study, NAME) if os.path.isdir(study) else study
    if not os.path.isfile(path):
        raise FileNotFoundError('%s holds no study; make one with 6-turing_test.py create' % study)
    return path


@contextlib.contextmanager
def errors(path):
    """SQLite's errors in words."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)
        if 'locked' in text:
            words = '%s is in use by another server; stop that one first, or copy the folder and take the copy'
            raise ValueError(words % path) from None
        if 'full' in text or 'disk I/O' in text:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path) from None
        if 'readonly' in text or 'unable to open' in text:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path) from None
        raise ValueError('%s is no study, or damaged (%s); take a copy from before' % (path, text)) from None


def write(folder, protocol, token, secret, cases):
    """Write a new study into a folder.

    secret: text, for turing_test.order; cases: [(kind, pixels uint8 [patches, H, W], signal, label, sources)].
    """
    path = os.path.join(folder, NAME)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds the truth
    with errors(path), contextlib.closing(sqlite3.connect(path)) as base:
        base.executescript('PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN;' % (_ID, VERSION) + _TABLES)
        facts = dict(protocol=json.dumps(protocol), token=token, secret=secret)
        base.executemany('INSERT INTO facts VALUES (?, ?)', sorted(facts.items()))
        for number, (kind, pixels, signal, label, sources) in enumerate(cases):
            base.execute('INSERT INTO cases VALUES (?, ?)', (number, kind))
            rows = [(number, place, patch.tobytes()) for place, patch in enumerate(pixels)]
            base.executemany('INSERT INTO patches VALUES (?, ?, ?)', rows)
            base.execute('INSERT INTO truth VALUES (?, ?, ?, ?)', (number, int(signal), label, json.dumps(sources)))
        base.commit()


@contextlib.contextmanager
def connected(study, writable=False):
    """A connection that no other process shares, to a file that was checked."""
    path = path_of(study)
    with errors(path):
        uri = pathlib.Path(os.path.abspath(path)).as_uri() + '?mode=rw'
        base = sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None, check_same_thread=False)
        with contextlib.closing(base):
            base.execute('PRAGMA locking_mode = EXCLUSIVE')
            if writable:
                for setting in ('journal_mode = WAL', 'synchronous = FULL', 'wal_autocheckpoint = 0'):
                    base.execute('PRAGMA ' + setting).fetchall()
                base.execute('BEGIN IMMEDIATE')  # takes the lock
                base.execute('COMMIT')
            marks = [base.execute('PRAGMA ' + name).fetchone()[0] for name in ('application_id', 'user_version')]
            if marks != [_ID, VERSION]:
                raise sqlite3.DatabaseError('it is of another program or version')
            check = base.execute('PRAGMA quick_check(1)').fetchone()[0]
            if check != 'ok':
                raise sqlite3.DatabaseError(check.split('\n')[-1])
            yield path, base


@contextlib.contextmanager
def served(study):
    """(path, connection, guard.Guard) to keep answers.

    Where the guard finds in the end that the file was replaced, all that is known is written into a new one beside it,
    and ValueError says so; what lies at its place by then is left alone.
    """
    with connected(study, writable=True) as (path, base):
        base.execute('PRAGMA cache_size = -1000000')  # KiB: all that was read stays known, whatever the file becomes
        base.execute('PRAGMA quick_check(1)').fetchall()  # reads it
        base.execute("INSERT OR IGNORE INTO facts VALUES ('secret', ?)", (secrets.token_hex(32),))  # older files
        watched = guard.Guard(path)
        try:
            yield path, base, watched
        finally:
            if watched.changed():
                rescued = _rescue(path, base)
                watched.clear()
                words = '%s was replaced, changed or deleted while it was served; what was answered is in %s'
                raise ValueError(words % (path, rescued)) from None
        base.execute('PRAGMA journal_mode = DELETE')  # one file again


def _rescue(path, base):
    """Write what a connection knows into a new file beside `path`, close the connection, and return the file's path."""
    stem, ending = os.path.splitext(path)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    names = ('%s-rescued%s%s' % (stem, '-%d' % i if i > 1 else '', ending) for i in itertools.count(1))
    rescued = next(name for name in names if not os.path.lexists(name))
    os.close(os.open(rescued, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(rescued)) as other:
            marks = 'PRAGMA application_id = %d; PRAGMA user_version = %d;' % (_ID, VERSION)
            other.executescript(marks + '\n'.join(base.iterdump()))
    except BaseException:
        os.unlink(rescued)
        raise
    finally:
        _leave(path, base)
    return rescued


def _leave(path, base):
    """Close a connection without a change to what lies at its path by now.

    SQLite writes its journal into the file, and deletes it, unless it sees that the file has been moved.
    """
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(path))) as aside:
        moved = os.path.join(aside, 'moved')
        with contextlib.suppress(OSError):  # it was deleted
            os.rename(path, moved)
        try:
            base.close()
        finally:
            if os.path.exists(moved):
                os.rename(moved, path)


def readings(study):
    """The Readings of a study, its folder or file; ValueError if it is being served, damaged, or none."""
    with connected(study) as (_, base):
        agreed = protocol(base)
        readers = {row[0]: Reader(*row[1:]) for row in base.execute('SELECT number, name, years FROM readers')}
        rows = base.execute(
            'SELECT reader, number, position, again, verdict, signal, label, milliseconds, windows, zoom FROM answers '
            "JOIN items ON item = id JOIN cases USING (number) JOIN truth USING (number) WHERE kind = 'reading' "
            'AND undone IS NULL ORDER BY reader, position'
        )
        answers = [
            Answer(reader, number, position, bool(again), verdict, bool(signal), label, took, json.loads(windows), zoom)
            for reader, number, position, again, verdict, signal, label, took, windows, zoom in rows
        ]
        return Readings(agreed, readers, answers, _cases(base, agreed['size']))


def protocol(base):
    """The protocol of a study."""
    return json.loads(base.execute("SELECT value FROM facts WHERE key = 'protocol'").fetchone()[0])


def _patches(base, size):
    found = collections.defaultdict(list)
    for number, pixels in base.execute('SELECT number, pixels FROM patches ORDER BY number, place'):
        found[number].append(np.frombuffer(pixels, np.uint8).reshape(size, size))
    return found


def _cases(base, size):
    patches = _patches(base, size)
    rows = base.execute("SELECT number, label, signal FROM truth JOIN cases USING (number) WHERE kind = 'reading'")
    return {number: Case(label, bool(signal), np.stack(patches[number])) for number, label, signal in rows}


def cases(study):
    """(protocol, cases) of a study that is not being served, as `write` takes them: all but its readers."""
    with connected(study) as (_, base):
        agreed, patches = protocol(base), _patches(base, protocol(base)['size'])
        rows = base.execute(
            'SELECT number, kind, signal, label, sources FROM cases JOIN truth USING (number) ORDER BY 1'
        )
        found = [
            (kind, np.stack(patches[number]), signal, label, json.loads(sources))
            for number, kind, signal, label, sources in rows
        ]
        return agreed, found


def truth(study):
    """{the patches of a case, as bytes: signal} of all cases of a study that is not being served."""
    with connected(study) as (_, base):
        found, signals = collections.defaultdict(bytes), dict(base.execute('SELECT number, signal FROM truth'))
        for number, pixels in base.execute('SELECT number, pixels FROM patches ORDER BY number, place'):
            found[number] += pixels
        return {pixels: bool(signals[number]) for number, pixels in found.items()}
