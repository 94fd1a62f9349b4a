"""Whether the file of a study that is served is still at its place: backups that are restored replace it."""

import errno
import os


class Guard:
    """Of a file that is open and does not change, and of the journal beside it, which grows by what is answered."""

    def __init__(self, path):
        self.path = path
        self._file, self._journal = self._look()

    def _look(self):
        """What tells whether file and journal are the same as before, None for what is not there."""
        file, journal = _stat(self.path), _stat(self.path + '-wal')
        return (
            file and (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns),
            journal and (journal.st_dev, journal.st_ino, journal.st_size),
        )

    def changed(self):
        """Whether file or journal were replaced, deleted, or written by somebody else."""
        return self._look() != (self._file, self._journal)

    def check(self):
        """OSError where they were."""
        if self.changed():
            words = 'the file of the study was replaced, changed or deleted; tell whoever runs this server'
            raise OSError(errno.ESTALE, words, self.path)

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
