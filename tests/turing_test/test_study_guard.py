"""The file of a study is replaced or deleted while it is served: nothing is lost that was said to be saved."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from places import ROOT
from turing_test import reading_session, simulate, study, study_app

GIVEN = dict(milliseconds=900, windows=[], zoom=1)


def replace(path, backup, target=None):
    """Put a copy of a file in the place of itself, or of another file."""
    shutil.copy(path, path + '.new')
    os.replace(path + '.new', target or path)


def overwrite_both(path, backup):
    shutil.copy(backup, path)
    with open(path + '-wal', 'r+b') as f:
        f.truncate(5000)


# What happens to the file, or its journal, while it is served; the journal that is left is not that of another file.
CHANGES = dict(
    replace=replace,
    restore_older=lambda path, backup: replace(backup, None, path),
    overwrite=lambda path, backup: shutil.copy(backup, path),
    overwrite_both=overwrite_both,
    delete=lambda path, backup: os.unlink(path),
    delete_journal=lambda path, backup: os.unlink(path + '-wal'),
    replace_journal=lambda path, backup: replace(path + '-wal', backup),
    delete_folder=lambda path, backup: shutil.rmtree(os.path.dirname(path)),
)


def contents(folder):
    return {entry.name: open(entry.path, 'rb').read() for entry in os.scandir(folder)} if os.path.isdir(folder) else {}


@pytest.mark.parametrize('change', sorted(CHANGES))
def test_no_answer_is_saved_into_a_file_that_is_gone_and_those_before_are_rescued(change, make_study, tmp_path):
    folder = make_study()
    path, backup = os.path.join(folder, study.NAME), str(tmp_path / 'backup')
    with reading_session.opened(folder) as session:
        session.enter('before', 1)
        session.answer(0, session.state(0)['item'], 1, 1, [], 1.0)
    shutil.copy(path, backup)
    with pytest.raises(ValueError, match='what was answered is in .*study-rescued.sqlite'):
        with reading_session.opened(folder) as session:
            client, saved = study_app.application(session).test_client(), []
            client.get('/?token=' + session.token)
            client.post('/api/enter', json=dict(name='Owl', years=3))
            for i in range(12):
                if i == 6:
                    CHANGES[change](path, backup)
                    left = contents(folder)
                item = client.get('/api/state').get_json()['item']
                response = client.post('/api/answer', json=dict(GIVEN, item=item, verdict=1 + i % 6))
                saved += [item] if response.status_code == 200 else []
                if i >= 6:
                    assert response.status_code == 503
                    assert 'replaced, changed or deleted' in response.get_json()['error']
            assert len(saved) == 6 and client.post('/api/undo', json={}).status_code == 503
            assert client.post('/api/enter', json=dict(name='two', years=3)).status_code == 503
    rescued = path.replace('.sqlite', '-rescued.sqlite')
    if change in ('replace', 'restore_older', 'overwrite', 'delete'):  # our journal is not that of another file
        assert left.pop(study.NAME + '-wal')
    assert contents(folder) == dict(left, **{os.path.basename(rescued): open(rescued, 'rb').read()})
    assert os.stat(rescued).st_mode & 0o777 == 0o600
    base = sqlite3.connect(rescued)
    assert [row[0] for row in base.execute('SELECT item FROM answers ORDER BY rowid')][1:] == saved
    base.close()
    assert [reader.name for reader in study.readings(rescued).readers.values()] == ['before', 'Owl']
    with reading_session.opened(rescued) as session:
        assert session.state(1)['done'] + session.state(1)['practice_done'] == 6


def test_a_second_rescue_leaves_the_first_alone(make_study):
    folder = make_study()
    path = os.path.join(folder, study.NAME)
    for number in ('', '-2'):
        with pytest.raises(ValueError, match='study-rescued%s.sqlite' % number):
            with reading_session.opened(folder):
                replace(path, None)
    assert sorted(os.listdir(folder)) == ['study-rescued-2.sqlite', 'study-rescued.sqlite', 'study.sqlite']


def test_a_served_study_that_was_replaced_is_said_in_one_line_when_the_server_ends(make_study):
    folder = make_study()
    command = [sys.executable, '6-turing_test.py', 'serve', folder, '--port', '0']
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    browser = simulate.enter(process.stdout.readline().decode().split()[1], 'Owl')
    item = browser.ask('/api/state')['item']
    replace(os.path.join(folder, study.NAME), None)
    with pytest.raises(ValueError, match='replaced, changed or deleted'):
        browser.post('/api/answer', item=item, verdict=2, **GIVEN)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=20)
    lines = err.decode().splitlines()
    assert process.returncode == 2 and b'every answer is in' not in out
    assert len(lines) == 2 and 'replaced, changed' in lines[0] and 'study-rescued.sqlite' in lines[1]


def test_what_the_server_writes_itself_is_no_change(make_study):
    with reading_session.opened(make_study(number=300, repeat=0.9)) as session:
        for number in range(3):
            session.enter('reader %d' % number, 3)
            with pytest.raises(ValueError, match='taken'):
                session.enter('reader %d' % number, 3)
            session.answer(number, session.state(number)['item'], 1, 1, [], 1.0)
        assert not session._guard.changed()
