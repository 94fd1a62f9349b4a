"""The SQLite file of a study: cases, their truth, readers and answers, and what keeps them safe while it is served.

At rest the file is all there is. While the study is served, the file does not change, and `study.sqlite-wal` beside it
holds the new answers; copy both. Frames of that journal carry checksums, so a copy that is taken at any moment is
whole. The truth is in a table of its own.
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

NAME = 'study.sqlite'
VERSION = 1
# FILE FORMAT. Facts: protocol, JSON; token, of the link; secret, from which sides and orders follow, in no page nor
# export. Kinds of cases: practice, reading. A case is one patch, or two of a class (left, right) in mode 2afc.
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

# kind: practice or reading; pixels: uint8 [patches, H, W]; sources: where each patch came from.
Case = collections.namedtuple('Case', 'kind pixels signal label sources')
Reader = collections.namedtuple('Reader', 'name years')
Answer = collections.namedtuple('Answer', 'reader case position repeat verdict signal label milliseconds windows zoom')
# What was read, without practice. protocol: as given to `write`; readers: {number: Reader}; answers: by reader and
# position; cases: {number: Case}.
Readings = collections.namedtuple('Readings', 'protocol readers answers cases')


def original(protocol):
    """What patches that were not generated are called: real, or simulated if they are phantoms."""
    return 'simulated' if protocol.get('phantoms') else 'real'


def path_of(study):
    """The file of a study that is named by its folder or by the file; FileNotFoundError if there is none."""
    path = os.path.join(study, NAME) if os.path.isdir(study) else study
    if not os.path.isfile(path):
        raise FileNotFoundError('%s holds no study; make one with 6-turing_test.py create' % study)
    return path


@contextlib.contextmanager
def errors(path):
    """Turn SQLite's errors into errors that name the file and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error)  # Python 3.6 has no error codes of SQLite
        if 'locked' in text:
            message = '%s is in use by another server; stop that one first, or copy the folder and take the copy'
            raise ValueError(message % path) from None
        if 'full' in text or 'disk I/O' in text:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path) from None
        if 'readonly' in text or 'unable to open' in text:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path) from None
        raise ValueError('%s is no study, or damaged (%s); take a copy from before' % (path, text)) from None


def write(folder, protocol, token, secret, cases):
    """Write a new study into a folder. secret: text, for turing_test.blinding; cases: [Case]."""
    path = os.path.join(folder, NAME)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))  # it holds the truth
    with errors(path), contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript('PRAGMA application_id = %d; PRAGMA user_version = %d; BEGIN;' % (_ID, VERSION) + _TABLES)
        facts = dict(protocol=json.dumps(protocol), token=token, secret=secret)
        db.executemany('INSERT INTO facts VALUES (?, ?)', sorted(facts.items()))
        for number, case in enumerate(cases):
            db.execute('INSERT INTO cases VALUES (?, ?)', (number, case.kind))
            rows = [(number, place, patch.tobytes()) for place, patch in enumerate(case.pixels)]
            db.executemany('INSERT INTO patches VALUES (?, ?, ?)', rows)
            truth = number, int(case.signal), case.label, json.dumps(case.sources)
            db.execute('INSERT INTO truth VALUES (?, ?, ?, ?)', truth)
        db.commit()


@contextlib.contextmanager
def connected(study, writable=False):
    """(path, connection) of a file that was checked; no other process can open it meanwhile."""
    path = path_of(study)
    with errors(path):
        uri = pathlib.Path(os.path.abspath(path)).as_uri() + '?mode=rw'
        db = sqlite3.connect(uri, uri=True, timeout=1, isolation_level=None, check_same_thread=False)
        with contextlib.closing(db):
            db.execute('PRAGMA locking_mode = EXCLUSIVE')
            if writable:
                for setting in ('journal_mode = WAL', 'synchronous = FULL', 'wal_autocheckpoint = 0'):
                    db.execute('PRAGMA ' + setting).fetchall()
                db.execute('BEGIN IMMEDIATE')  # takes the lock
                db.execute('COMMIT')
            marks = [db.execute('PRAGMA ' + name).fetchone()[0] for name in ('application_id', 'user_version')]
            if marks != [_ID, VERSION]:
                raise sqlite3.DatabaseError('it is of another program or version')
            check = db.execute('PRAGMA quick_check(1)').fetchone()[0]
            if check != 'ok':
                raise sqlite3.DatabaseError(check.split('\n')[-1])
            yield path, db


def read_protocol(db):
    return json.loads(db.execute("SELECT value FROM facts WHERE key = 'protocol'").fetchone()[0])


def _read_cases(db):
    """{number: Case}"""
    size = read_protocol(db)['size']
    patches = collections.defaultdict(list)
    for number, pixels in db.execute('SELECT number, pixels FROM patches ORDER BY number, place'):
        patches[number].append(np.frombuffer(pixels, np.uint8).reshape(size, size))
    rows = db.execute('SELECT number, kind, signal, label, sources FROM cases JOIN truth USING (number) ORDER BY 1')
    return {number: Case(kind, np.stack(patches[number]), bool(signal), label, json.loads(sources))
            for number, kind, signal, label, sources in rows}  # fmt: skip


def readings(study):
    """The Readings of a study, its folder or file; ValueError if it is being served, damaged, or none."""
    with connected(study) as (_, db):
        cases = {number: case for number, case in _read_cases(db).items() if case.kind == 'reading'}
        readers = {row[0]: Reader(*row[1:]) for row in db.execute('SELECT number, name, years FROM readers')}
        rows = db.execute(
            'SELECT reader, number, position, again, verdict, milliseconds, windows, zoom FROM answers '
            'JOIN items ON item = id WHERE undone IS NULL ORDER BY reader, position'
        )
        answers = [
            Answer(reader, number, position, bool(again), verdict, cases[number].signal, cases[number].label, took,
                   json.loads(windows), zoom)
            for reader, number, position, again, verdict, took, windows, zoom in rows if number in cases
        ]  # fmt: skip
        return Readings(read_protocol(db), readers, answers, cases)


def cases(study):
    """(protocol, [Case]) of a study that is not being served: all but its readers."""
    with connected(study) as (_, db):
        return read_protocol(db), list(_read_cases(db).values())


def truth(study):
    """{the patches of a case, as bytes: signal} of all cases of a study that is not being served."""
    return {case.pixels.tobytes(): case.signal for case in cases(study)[1]}


@contextlib.contextmanager
def served(study):
    """(path, connection, Guard) to keep answers.

    If the guard finds at the end that the file was replaced, all that is known is written into a new file beside it,
    and ValueError names that; what lies at the study's place by then is left alone.
    """
    with connected(study, writable=True) as (path, db):
        db.execute('PRAGMA cache_size = -1000000')  # KiB: all that was read stays known, whatever the file becomes
        db.execute('PRAGMA quick_check(1)').fetchall()  # reads it
        db.execute("INSERT OR IGNORE INTO facts VALUES ('secret', ?)", (secrets.token_hex(32),))  # older files
        guard = Guard(path)
        try:
            yield path, db, guard
        finally:
            if guard.changed():
                rescued = _rescue(path, db)
                guard.clear()
                message = '%s was replaced, changed or deleted while it was served; what was answered is in %s'
                raise ValueError(message % (path, rescued)) from None
        db.execute('PRAGMA journal_mode = DELETE')  # one file again


class Guard:
    """Notices that the file of a served study, or its journal, was replaced, as by a backup that is restored.

    While the study is served, the file does not change, and its journal changes by answers only.
    """

    def __init__(self, path):
        self.path = path
        self._file, self._journal = self._look()

    def _look(self):
        """What identifies the file and its journal as they are now, None for what is not there."""
        file, journal = _stat(self.path), _stat(self.path + '-wal')
        return (
            file and (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns),
            journal and (journal.st_dev, journal.st_ino, journal.st_size),
        )

    def changed(self):
        """Whether file or journal were replaced, deleted, or written by another program."""
        return self._look() != (self._file, self._journal)

    def check(self):
        """OSError if they were."""
        if self.changed():
            message = 'the file of the study was replaced, changed or deleted; tell whoever runs this server'
            raise OSError(errno.ESTALE, message, self.path)

    def grow(self):
        """Take note of what was written to the journal just now, if it is still the same one."""
        file, journal = self._look()
        if file == self._file and journal and journal[:2] == self._journal[:2] and journal[2] >= self._journal[2]:
            self._journal = journal

    def clear(self):
        """Delete a journal that is left, so that it is not taken for that of the file which replaced ours."""
        file, journal = self._look()
        if file != self._file and journal and journal == self._journal:
            os.unlink(self.path + '-wal')


def _stat(path):
    try:
        return os.stat(path)
    except OSError:
        return None


def _rescue(path, db):
    """Write what a connection knows into a new file beside `path`, close the connection, and return the file's path."""
    stem, ending = os.path.splitext(path)
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    names = ('%s-rescued%s%s' % (stem, '-%d' % i if i > 1 else '', ending) for i in itertools.count(1))
    rescued = next(name for name in names if not os.path.lexists(name))
    os.close(os.open(rescued, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(rescued)) as other:
            marks = 'PRAGMA application_id = %d; PRAGMA user_version = %d;' % (_ID, VERSION)
            other.executescript(marks + '\n'.join(db.iterdump()))
    except BaseException:
        os.unlink(rescued)
        raise
    finally:
        _leave(path, db)
    return rescued


def _leave(path, db):
    """Close a connection without a change to what lies at its path by now.

    SQLite writes its journal into the file, and deletes it, unless it sees that the file has been moved.
    """
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(path))) as aside:
        moved = os.path.join(aside, 'moved')
        with contextlib.suppress(OSError):  # it was deleted
            os.rename(path, moved)
        try:
            db.close()
        finally:
            if os.path.exists(moved):
                os.rename(moved, path)
