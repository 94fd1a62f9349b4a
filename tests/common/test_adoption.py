"""Folders whose record is not there, or cannot be written."""

import errno
import os

import pytest

from common import files, manifest
from writing import write


def refused(path):
    with pytest.raises(FileExistsError, match='as this program wrote it'):
        write(path, b'other')


def test_files_of_a_copy_without_its_record_are_adopted_by_name_and_others_are_not(tmp_path):
    for name in ('run.json', 'mine.json', 'log.txt'):
        (tmp_path / name).write_bytes(b'old')
    files.adopt(str(tmp_path), {'run.json': False, 'log.txt': True, 'absent': False})
    write(tmp_path / 'run.json', b'new')
    refused(tmp_path / 'mine.json')
    with files.open_text(str(tmp_path / 'log.txt'), 'a') as f:
        f.write('!')
    assert [(tmp_path / name).read_bytes() for name in ('run.json', 'mine.json', 'log.txt')] == [
        b'new',
        b'old',
        b'old!',
    ]
    files.adopt(str(tmp_path), {'mine.json': False})  # there is a record now
    refused(tmp_path / 'mine.json')


def test_a_new_file_is_written_where_the_record_belongs_to_another_user(tmp_path, monkeypatch, capsys):
    def denied(path, *_):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), manifest.RECORD)

    monkeypatch.setattr(manifest, 'record', denied)
    write(tmp_path / 'a', b'new')
    assert (tmp_path / 'a').read_bytes() == b'new' and 'will not be replaced later' in capsys.readouterr().err
    refused(tmp_path / 'a')
