"""Programs replace and remove nothing but files that they wrote themselves."""

import errno
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from common import files, folders, manifest
from places import ROOT, visible
from writing import RECORD, program, write  # noqa: F401


def refused(path, message='is there already, and is not, or no longer, as this program wrote it'):
    """Writing to a path is refused, and leaves no file besides those that were there."""
    before = visible(path.parent)
    with pytest.raises(OSError, match=message) as caught:
        write(path, b'new')
    assert str(path) in str(caught.value) and visible(path.parent) == before


def test_a_file_that_was_there_before_is_not_replaced(tmp_path):
    (tmp_path / 'a').write_bytes(b'mine')
    refused(tmp_path / 'a')
    assert (tmp_path / 'a').read_bytes() == b'mine' and os.listdir(str(tmp_path)) == ['a']


def test_a_file_that_the_program_wrote_is_replaced_until_somebody_changes_it(tmp_path):
    for text in (b'one', b'two', b'one', b'six'):
        write(tmp_path / 'a', text)
        assert (tmp_path / 'a').read_bytes() == text
    (tmp_path / 'a').write_bytes(b'SIX')  # as long as before
    refused(tmp_path / 'a')
    assert (tmp_path / 'a').read_bytes() == b'SIX'


def test_the_record_holds_name_size_and_sha256_of_what_was_written(tmp_path):
    write(tmp_path / 'a', b'abc')
    (line,) = (tmp_path / RECORD).read_text().strip().split('\n')
    digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'  # FIPS 180-4, of "abc"
    assert json.loads(line) == dict(name='a', by='test', size=3, sha256=digest)


def test_what_another_kind_of_program_wrote_is_not_replaced(tmp_path):
    manifest.begin('training', [])
    write(tmp_path / 'network.pkl', b'weights')
    manifest.begin('predictions', [])
    refused(tmp_path / 'network.pkl')
    assert (tmp_path / 'network.pkl').read_bytes() == b'weights'


def test_a_file_is_whole_or_absent(tmp_path):
    path = str(tmp_path / 'a')
    with pytest.raises(KeyboardInterrupt):
        with files.atomic(path) as f:
            f.write(b'half')
            raise KeyboardInterrupt
    assert os.listdir(str(tmp_path)) == []
    with files.atomic(path, durable=True) as f:
        f.write(b'whole')
        assert not os.path.exists(path)
    assert open(path, 'rb').read() == b'whole' and visible(tmp_path) == ['a']


def test_a_full_disk_is_reported_with_the_name_of_the_file(tmp_path):
    resource = pytest.importorskip('resource')
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50000, limits[1]))  # no file may grow further, as on a full disk
    try:
        with pytest.raises(OSError) as caught:
            with files.atomic(str(tmp_path / 'a')) as f:
                f.write(b'x' * 100000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.filename == str(tmp_path / 'a') and os.listdir(str(tmp_path)) == []


def test_a_copied_folder_takes_its_record_along(tmp_path):
    (tmp_path / 'here').mkdir()
    write(tmp_path / 'here' / 'a', b'old')
    shutil.copytree(str(tmp_path / 'here'), str(tmp_path / 'there'))
    write(tmp_path / 'there' / 'a', b'new')
    assert (tmp_path / 'there' / 'a').read_bytes() == b'new' and (tmp_path / 'here' / 'a').read_bytes() == b'old'
    os.unlink(str(tmp_path / 'there' / RECORD))
    refused(tmp_path / 'there' / 'a')


@pytest.mark.parametrize('source', ['a', 'link'])
def test_an_input_is_not_replaced_though_the_program_wrote_it(tmp_path, source):
    target = tmp_path / 'a'
    write(target, b'old')
    os.symlink('a', str(tmp_path / 'link'))
    manifest.begin('test', [str(tmp_path / source)])
    refused(target, 'is an input of this command')
    assert target.read_bytes() == b'old' and not files.remove(str(target))
    manifest.begin('test', [])
    write(target, b'new')


def test_in_a_folder_of_inputs_only_what_the_program_wrote_is_replaced(tmp_path):
    manifest.begin('test', [str(tmp_path)])
    for content in (b'old', b'new'):
        write(tmp_path / 'a', content)
        with files.open_text(str(tmp_path / 'log.txt'), 'a') as f:
            f.write('line\n')
    (tmp_path / 'scan').write_bytes(b'mine')
    refused(tmp_path / 'scan')
    assert (tmp_path / 'a').read_bytes() == b'new' and (tmp_path / 'scan').read_bytes() == b'mine'


def test_a_log_is_not_written_through_a_link(tmp_path):
    (tmp_path / 'thesis').write_bytes(b'mine')
    with files.open_text(str(tmp_path / 'log.txt'), 'a') as f:
        f.write('1\n')
    os.unlink(str(tmp_path / 'log.txt'))
    os.symlink('thesis', str(tmp_path / 'log.txt'))
    with pytest.raises(FileExistsError, match='log.txt is a link'):
        with files.open_text(str(tmp_path / 'log.txt'), 'a') as f:
            f.write('2\n')
    assert (tmp_path / 'thesis').read_bytes() == b'mine'


def test_a_link_is_replaced_and_never_the_file_behind_it(tmp_path):
    write(tmp_path / 'a', b'old')
    (tmp_path / 'disk').mkdir()
    os.rename(str(tmp_path / 'a'), str(tmp_path / 'disk' / 'a'))
    os.symlink(os.path.join('disk', 'a'), str(tmp_path / 'a'))  # moved to another disk
    write(tmp_path / 'a', b'new')
    assert not (tmp_path / 'a').is_symlink() and (tmp_path / 'a').read_bytes() == b'new'
    assert (tmp_path / 'disk' / 'a').read_bytes() == b'old'
    (tmp_path / 'precious').write_bytes(b'mine')
    for target in ('precious', 'nowhere'):
        os.symlink(target, str(tmp_path / 'b'))
        refused(tmp_path / 'b')
        os.unlink(str(tmp_path / 'b'))
    assert (tmp_path / 'precious').read_bytes() == b'mine' and not (tmp_path / 'nowhere').exists()


def test_folders_and_pipes_at_the_name_are_refused_and_stay(tmp_path):
    (tmp_path / 'a').mkdir()
    refused(tmp_path / 'a', 'directory')
    os.mkfifo(str(tmp_path / 'b'))
    refused(tmp_path / 'b')  # and does not wait for its other end
    assert stat.S_ISFIFO(os.stat(str(tmp_path / 'b')).st_mode)


def test_what_lies_at_the_names_that_temporary_files_had_is_left_alone(tmp_path):
    (tmp_path / 'precious').write_bytes(b'mine')
    (tmp_path / 'p.csv.part').write_bytes(b'mine')
    os.symlink('precious', str(tmp_path / 'q.csv.part'))
    write(tmp_path / 'p.csv', b'new')
    write(tmp_path / 'q.csv', b'new')
    assert {path.read_bytes() for path in tmp_path.glob('*.part')} == {b'mine'}
    assert (tmp_path / 'precious').read_bytes() == b'mine'


def test_files_and_folders_have_the_mode_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / 'a', b'')
        with folders.folder(str(tmp_path / 'b')):
            pass
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(os.stat(str(tmp_path / name)).st_mode) for name in ('a', 'b', RECORD)]
    assert modes == [0o640, 0o750, 0o640]


def test_a_file_that_comes_up_while_another_is_written_stays(tmp_path):
    with pytest.raises(FileExistsError):
        with files.atomic(str(tmp_path / 'a')) as f:
            f.write(b'new')
            (tmp_path / 'a').write_bytes(b'mine')
    assert (tmp_path / 'a').read_bytes() == b'mine' and visible(tmp_path) == ['a']


def test_a_torn_line_and_lines_of_others_are_ignored(tmp_path):
    write(tmp_path / 'a', b'old')
    with open(str(tmp_path / RECORD), 'ab') as f:
        f.write(b'[]\n{"name": 1}\n\xff\n' + b'[' * 100000 + b'\n{"name": "a", "by": "te')
    write(tmp_path / 'a', b'new')
    write(tmp_path / 'a', b'newer')
    assert (tmp_path / 'a').read_bytes() == b'newer'


def test_a_record_that_is_a_link_or_cannot_be_written_is_an_error_that_names_it(tmp_path):
    (tmp_path / 'precious').write_bytes(b'mine')
    os.symlink('precious', str(tmp_path / RECORD))
    with pytest.raises(OSError) as caught:
        write(tmp_path / 'a', b'new')
    assert caught.value.filename == str(tmp_path / RECORD)
    assert (tmp_path / 'precious').read_bytes() == b'mine' and visible(tmp_path) == ['precious']


KILLED = """
import os, signal, sys
from common import files, manifest
manifest.begin('test', [])
os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
with files.atomic(sys.argv[1], durable=True) as f:
    f.write(b'new')
"""


@pytest.mark.parametrize('exists', [False, True])
def test_a_program_killed_before_the_file_has_its_name_is_no_hindrance_to_the_next(tmp_path, exists):
    if exists:
        write(tmp_path / 'a', b'old')
    run = subprocess.Popen([sys.executable, '-c', KILLED, str(tmp_path / 'a')], env=dict(os.environ, PYTHONPATH=ROOT))
    assert run.wait() == -signal.SIGKILL and visible(tmp_path) == ['a'] * exists
    assert not exists or (tmp_path / 'a').read_bytes() == b'old'
    (tmp_path / '.a-mine.part').write_bytes(b'mine')
    files.remove_unfinished(str(tmp_path))
    assert sorted(os.listdir(str(tmp_path))) == ['.a-mine.part', RECORD] + ['a'] * exists
    write(tmp_path / 'a', b'newer')


BUSY = """
import sys
from common import files, manifest
manifest.begin('test', [])
for i in range(300):
    for name in (sys.argv[2], 'both'):
        with files.atomic('%s/%s' % (sys.argv[1], name)) as f:
            f.write(b'%d' % i)
"""


def test_two_programs_write_into_a_folder_at_once(tmp_path):
    command = [sys.executable, '-c', BUSY, str(tmp_path)]
    runs = [subprocess.Popen(command + [name], env=dict(os.environ, PYTHONPATH=ROOT)) for name in ('a', 'b')]
    assert [run.wait() for run in runs] == [0, 0]
    assert visible(tmp_path) == ['a', 'b', 'both'] and (tmp_path / 'both').read_bytes() == b'299'
    assert all(manifest.is_ours(str(tmp_path / name)) for name in ('a', 'b', 'both'))


def test_a_file_that_grows_is_begun_by_the_program_or_refused(tmp_path):
    (tmp_path / 'mine.txt').write_text('mine\n')
    for name in ('log.txt', 'log.txt'):
        with files.open_text(str(tmp_path / name), 'a') as f:
            f.write('line\n')
    assert (tmp_path / 'log.txt').read_text() == 'line\nline\n'
    write(tmp_path / 'log.txt', b'line\n')
    with pytest.raises(FileExistsError):
        with files.open_text(str(tmp_path / 'mine.txt'), 'a') as f:
            f.write('line\n')
    assert (tmp_path / 'mine.txt').read_text() == 'mine\n'


def test_a_linked_output_folder_works_as_the_folder_does(tmp_path):
    (tmp_path / 'disk').mkdir()
    os.symlink('disk', str(tmp_path / 'out'))
    write(tmp_path / 'out' / 'a', b'old')
    write(tmp_path / 'disk' / 'a', b'new')
    write(tmp_path / 'out' / 'a', hashlib.sha256(b'').digest())
    assert visible(tmp_path / 'disk') == ['a'] and (tmp_path / 'out').is_symlink()


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
