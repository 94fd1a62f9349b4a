"""A study while it is served: what readers see of it, and what they answer."""

import collections
import contextlib
import json
import secrets
import threading

from turing_test import blinding, study

MAX_READERS = 1000
LETTERS = 'abcdefghkmnpqrstuvwxyz23456789'  # none that is taken for another
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ')"

Entry = collections.namedtuple('Entry', 'secret word')


@contextlib.contextmanager
def opened(path):
    """A ReadingSession of a study; no other process can open the study meanwhile."""
    with study.served(path) as parts:
        yield ReadingSession(*parts)


class ReadingSession:
    """What readers see of a study while it is served, and what they answer; threads may share it.

    The truth leaves it in practice only. Methods raise ValueError with a sentence for the reader, and OSError where the
    disk is full or the file was replaced.
    """

    def __init__(self, path, db, guard):
        self.path, self._db, self._guard, self._lock = path, db, guard, threading.RLock()
        self.protocol = study.read_protocol(db)
        facts = dict(db.execute('SELECT key, value FROM facts'))
        self.token, self._secret = facts['token'], facts['secret']
        self._patches = {row[:2]: row[2] for row in db.execute('SELECT number, place, pixels FROM patches')}
        self._kinds = dict(db.execute('SELECT number, kind FROM cases'))
        self._practice = sum(kind == 'practice' for kind in self._kinds.values())

    @contextlib.contextmanager
    def _change(self):
        """A transaction, which is on the disk when the block ends, in the file that lies at the study's path."""
        with self._lock, study.errors(self.path):
            self._guard.check()
            self._db.execute('BEGIN IMMEDIATE')
            try:
                yield self._db
                self._db.execute('COMMIT')
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute('ROLLBACK')
                raise
            finally:
                self._guard.grow()
            self._guard.check()

    def enter(self, name, years):
        """A new reader's Entry: a secret for the browser, and a word to go on with from another one."""
        with self._change() as db:
            count = db.execute('SELECT COUNT(*) FROM readers').fetchone()[0]
            if count >= MAX_READERS:
                raise ValueError('this study has %d readers, which is the most' % count)
            if db.execute('SELECT 1 FROM readers WHERE name = ?', (name,)).fetchone():
                raise ValueError('that code name is taken: choose another, or give the word that you were shown')
            entry = Entry(secrets.token_urlsafe(24), ''.join(secrets.choice(LETTERS) for _ in range(8)))
            row = count, name, years, entry.secret, entry.word
            db.execute('INSERT INTO readers VALUES (?, ?, ?, ?, ?, %s)' % NOW, row)
            order = blinding.reading_order(self._kinds, self.protocol['repeat'], self._secret, count)
            rows = [(secrets.token_hex(8), count, position, number, int(again))
                    for position, (number, again) in enumerate(order)]  # fmt: skip
            db.executemany('INSERT INTO items VALUES (?, ?, ?, ?, ?)', rows)
        return entry

    def resume(self, name, word):
        """The secret of a reader who comes back from another browser."""
        with self._lock, study.errors(self.path):
            row = self._db.execute('SELECT secret, word FROM readers WHERE name = ?', (name,)).fetchone()
        if not row or not secrets.compare_digest(row[1].encode(), word.encode()):
            raise ValueError('no reader has that code name and that word')
        return row[0]

    def reader(self, secret):
        """The number of the reader with a secret, or None."""
        with self._lock, study.errors(self.path):
            row = self._db.execute('SELECT number FROM readers WHERE secret = ?', (secret,)).fetchone()
        return row[0] if row else None

    def _upcoming(self, reader):
        """(items done, [(id, number)] of the current and the next one) of a reader."""
        done = self._db.execute(
            'SELECT COUNT(*) FROM answers JOIN items ON item = id WHERE reader = ? AND undone IS NULL', (reader,)
        ).fetchone()[0]
        rows = self._db.execute(
            'SELECT id, number FROM items WHERE reader = ? AND position >= ? ORDER BY position LIMIT 2', (reader, done)
        )
        return done, rows.fetchall()

    def state(self, reader):
        """The progress of a reader, as a dict.

        phase: practice, reading or end; item, next: ids of the current and the next item, or None; images: in an item;
        done, total: items of reading; practice_done, practice_total; pause: is one due before the item; can_undo.
        """
        with self._lock, study.errors(self.path):
            done, items = self._upcoming(reader)
            total = self._db.execute('SELECT COUNT(*) FROM items WHERE reader = ?', (reader,)).fetchone()[0]
            can_undo = self._undoable(reader) is not None
        ids = [item for item, _ in items] + [None, None]
        read = max(done - self._practice, 0)
        pause = self.protocol['pause']
        return dict(
            phase=self._kinds[items[0][1]] if items else 'end',
            item=ids[0],
            next=ids[1],
            images=2 if self.protocol['mode'] == '2afc' else 1,
            done=read,
            total=total - self._practice,
            practice_done=min(done, self._practice),
            practice_total=self._practice,
            can_undo=can_undo,
            pause=bool(pause and items and read and read % pause == 0),
        )

    def pixels(self, reader, item, which):
        """The gray levels of a patch of the current or the next item, uint8, row by row."""
        with self._lock, study.errors(self.path):
            _, items = self._upcoming(reader)
        number = dict(items).get(item)
        if number is None or (number, which) not in self._patches:
            raise ValueError('that case is not the one to read now')
        return self._patches[number, which]

    def answer(self, reader, item, verdict, milliseconds, windows, zoom):
        """Keep an answer, once if it is sent again. Returns the truth of the case in practice, else None."""
        with self._change() as db:
            _, items = self._upcoming(reader)
            row = db.execute('SELECT number FROM items WHERE id = ? AND reader = ?', (item, reader)).fetchone()
            kept = db.execute('SELECT verdict FROM answers WHERE item = ? AND undone IS NULL', (item,)).fetchone()
            if row is None or not (kept or items and items[0][0] == item):
                raise ValueError('that case is not the one to read now')
            if kept and kept[0] != verdict:
                raise ValueError('that case has another answer; take that one back first')
            if not kept:
                values = item, verdict, milliseconds, json.dumps(windows), zoom
                db.execute('INSERT INTO answers VALUES (?, ?, ?, ?, ?, %s, NULL)' % NOW, values)
            if self._kinds[row[0]] != 'practice':
                return None
            signal = db.execute('SELECT signal FROM truth WHERE number = ?', row).fetchone()[0]
        return (('left', 'right') if self.protocol['mode'] == '2afc' else ('generated', 'real'))[signal]

    def undo(self, reader):
        """Take the last answer back: one step, and not in practice."""
        with self._change() as db:
            row = self._undoable(reader)
            if row is None:
                raise ValueError('there is no answer to take back: one step is all, and none in practice')
            db.execute('UPDATE answers SET undone = %s WHERE rowid = ?' % NOW, (row,))

    def _undoable(self, reader):
        """The row of a reader's last answer, or None if that may not be taken back."""
        row = self._db.execute(
            'SELECT answers.rowid, number, undone FROM answers JOIN items ON item = id WHERE reader = ? '
            'ORDER BY answers.rowid DESC LIMIT 1', (reader,)
        ).fetchone()  # fmt: skip
        return row[0] if row and self._kinds[row[1]] == 'reading' and row[2] is None else None
