"""A study as it is served: what readers see of it, and what they answer."""

import collections
import contextlib
import json
import secrets
import threading

from turing_test import order, study

MOST_READERS = 1000
LETTERS = 'abcdefghkmnpqrstuvwxyz23456789'  # none that is taken for another
NOW = "strftime('%Y-%m-%dT%H:%M:%fZ')"

Entry = collections.namedtuple('Entry', 'secret word')


@contextlib.contextmanager
def opened(path):
    """A Study to serve; no other process can open it meanwhile."""
    with study.served(path) as parts:
        yield Study(*parts)


class Study:
    """What readers see of a study, and what they answer; threads may share it. Its truth it tells in practice alone.

    Methods raise ValueError in words for the reader, and OSError where the disk is full or the file was replaced.
    """

    def __init__(self, path, base, guard):
        self.path, self._base, self._guard, self._lock = path, base, guard, threading.RLock()
        self.protocol = study.protocol(base)
        facts = dict(base.execute('SELECT key, value FROM facts'))
        self.token, self._secret = facts['token'], facts['secret']
        self._patches = {row[:2]: row[2] for row in base.execute('SELECT number, place, pixels FROM patches')}
        self._kinds = dict(base.execute('SELECT number, kind FROM cases'))

    @contextlib.contextmanager
    def _change(self):
        """A transaction, on the disk when the block ends, in the file that everybody will find at its place."""
        with self._lock, study.errors(self.path):
            self._guard.check()
            self._base.execute('BEGIN IMMEDIATE')
            try:
                yield self._base
                self._base.execute('COMMIT')
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute('ROLLBACK')
                raise
            finally:
                self._guard.grow()
            self._guard.check()

    def enter(self, name, years):
        """A new reader's Entry: a secret for the browser, and a word to go on with from another one."""
        with self._change() as base:
            count = base.execute('SELECT COUNT(*) FROM readers').fetchone()[0]
            if count >= MOST_READERS:
                raise ValueError('this study has %d readers, which is the most' % count)
            if base.execute('SELECT 1 FROM readers WHERE name = ?', (name,)).fetchone():
                raise ValueError('that code name is taken: choose another, or give the word that you were shown')
            entry = Entry(secrets.token_urlsafe(24), ''.join(secrets.choice(LETTERS) for _ in range(8)))
            base.execute(
                'INSERT INTO readers VALUES (?, ?, ?, ?, ?, %s)' % NOW, (count, name, years, entry.secret, entry.word)
            )
            shown = order.of_reader(self._kinds, self.protocol['repeat'], self._secret, count)
            rows = [
                (secrets.token_hex(8), count, position, number, int(again))
                for position, (number, again) in enumerate(shown)
            ]
            base.executemany('INSERT INTO items VALUES (?, ?, ?, ?, ?)', rows)
        return entry

    def resume(self, name, word):
        """The secret of a reader who comes back from another browser."""
        with self._lock, study.errors(self.path):
            row = self._base.execute('SELECT secret, word FROM readers WHERE name = ?', (name,)).fetchone()
        if not row or not secrets.compare_digest(row[1].encode(), word.encode()):
            raise ValueError('no reader has that code name and that word')
        return row[0]

    def reader(self, secret):
        """The number of the reader with a secret, or None."""
        with self._lock, study.errors(self.path):
            row = self._base.execute('SELECT number FROM readers WHERE secret = ?', (secret,)).fetchone()
        return row[0] if row else None

    def _upcoming(self, reader):
        """(items done, [(id, number)] of the current and the next one) of a reader."""
        done = self._base.execute(
            'SELECT COUNT(*) FROM answers JOIN items ON item = id WHERE reader = ? AND undone IS NULL', (reader,)
        ).fetchone()[0]
        rows = self._base.execute(
            'SELECT id, number FROM items WHERE reader = ? AND position >= ? ORDER BY position LIMIT 2', (reader, done)
        )
        return done, rows.fetchall()

    def state(self, reader):
        """Where a reader is: a dict of phase ('practice', 'reading' or 'end'), item and next (ids, or None), images (in
        an item), done, total, practice_done, practice_total, pause (is one due before the item?) and can_undo."""
        with self._lock, study.errors(self.path):
            done, items = self._upcoming(reader)
            total = self._base.execute('SELECT COUNT(*) FROM items WHERE reader = ?', (reader,)).fetchone()[0]
        practice = sum(kind == 'practice' for kind in self._kinds.values())
        read, pause = max(done - practice, 0), self.protocol['pause']
        ids = [item for item, _ in items] + [None, None]
        return dict(
            phase='end' if not items else self._kinds[items[0][1]], item=ids[0], next=ids[1],
            images=2 if self.protocol['mode'] == '2afc' else 1, done=read, total=total - practice,
            practice_done=min(done, practice), practice_total=practice, can_undo=self._last(reader) is not None,
            pause=bool(pause and items and read and read % pause == 0)
        )  # fmt: skip

    def pixels(self, reader, item, which):
        """The gray levels of a patch of the current or the next item, uint8, row by row."""
        with self._lock, study.errors(self.path):
            _, items = self._upcoming(reader)
        number = dict(items).get(item)
        if number is None or (number, which) not in self._patches:
            raise ValueError('that case is not the one to read now')
        return self._patches[number, which]

    def answer(self, reader, item, verdict, milliseconds, windows, zoom):
        """Keep an answer; in practice, what the case was. One that is sent again is kept once."""
        with self._change() as base:
            _, items = self._upcoming(reader)
            row = base.execute('SELECT number FROM items WHERE id = ? AND reader = ?', (item, reader)).fetchone()
            kept = base.execute('SELECT verdict FROM answers WHERE item = ? AND undone IS NULL', (item,)).fetchone()
            if row is None or not (kept or items and items[0][0] == item):
                raise ValueError('that case is not the one to read now')
            if kept and kept[0] != verdict:
                raise ValueError('that case has another answer; take that one back first')
            if not kept:
                base.execute(
                    'INSERT INTO answers VALUES (?, ?, ?, ?, ?, %s, NULL)' % NOW,
                    (item, verdict, milliseconds, json.dumps(windows), zoom),
                )
            if self._kinds[row[0]] == 'practice':
                return self._truth(base, row[0])
        return None

    def _truth(self, base, number):
        signal = base.execute('SELECT signal FROM truth WHERE number = ?', (number,)).fetchone()[0]
        return (('left', 'right') if self.protocol['mode'] == '2afc' else ('generated', 'real'))[signal]

    def undo(self, reader):
        """Take the last answer back, one step, not in practice."""
        with self._change() as base:
            last = self._last(reader)
            if last is None:
                raise ValueError('there is no answer to take back: one step is all, and none in practice')
            base.execute('UPDATE answers SET undone = %s WHERE rowid = ?' % NOW, (last,))

    def _last(self, reader):
        """The row of a reader's last answer, if that may be taken back."""
        row = self._base.execute(
            'SELECT answers.rowid, number, undone FROM answers JOIN items ON item = id WHERE reader = ? '
            'ORDER BY answers.rowid DESC LIMIT 1', (reader,)
        ).fetchone()  # fmt: skip
        return row[0] if row and self._kinds[row[1]] == 'reading' and row[2] is None else None
