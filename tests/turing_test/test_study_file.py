"""The file of a study: answers are on the disk, once, and a copy of it is whole; what is damaged is refused."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest

from places import ROOT
from turing_test import reading_session, study

WINDOWS = [[-600, 1500]]


def enter(session, name='reader'):
    return session.reader(session.enter(name, 3).secret)


def play(session, reader, count=None, verdict=lambda i: 1 + i % 6):
    """Answer `count` items, or all; returns feedback."""
    feedback = []
    while session.state(reader)['item'] and (count is None or len(feedback) < count):
        item = session.state(reader)['item']
        feedback.append(session.answer(reader, item, verdict(len(feedback)), 900, WINDOWS, 1.0))
    return feedback


def test_answers_are_read_as_they_were_given_in_an_order_of_each_reader(make_study):
    folder = make_study(number=60)
    with reading_session.opened(folder) as session:
        one, two = enter(session, 'one'), enter(session, 'two')
        feedback = play(session, one)
        play(session, two)
    assert [truth in ('real', 'generated') for truth in feedback] == [True] * 4 + [False] * 66
    readings = study.readings(folder)
    assert readings.readers[0] == study.Reader('one', 3.0) and readings.answers[0].windows == WINDOWS
    assert sorted(readings.cases) == list(range(4, 64))
    assert all(answer.signal == (answer.case % 2 == 0) for answer in readings.answers)
    answers = [answer for answer in readings.answers if answer.reader == one]
    assert [answer.verdict for answer in answers] == [1 + i % 6 for i in range(4, 70)]
    orders = [[answer.case for answer in readings.answers if answer.reader == reader] for reader in (one, two)]
    assert orders[0] != orders[1] and set(orders[0]) == set(orders[1]) == set(readings.cases)
    repeats = [i for i, answer in enumerate(answers) if answer.repeat]  # of the first half, in the second half
    firsts = {answer.case: i for i, answer in enumerate(answers) if not answer.repeat}
    assert len(repeats) == 6 and all(i - firsts[answers[i].case] >= 10 for i in repeats)


@pytest.mark.parametrize('mode, images', [('yes-no', 1), ('2afc', 2)])
def test_feedback_in_practice_is_the_truth_of_the_patches_that_were_shown(mode, images, make_study):
    folder = make_study(mode=mode)
    truth = study.truth(folder)
    with reading_session.opened(folder) as session:
        reader = enter(session)
        for _ in range(4):
            state = session.state(reader)
            assert state['images'] == images
            patches = b''.join(session.pixels(reader, state['item'], which) for which in range(images))
            names = ('left', 'right') if images == 2 else ('generated', 'real')
            assert session.answer(reader, state['item'], 6, 1, [], 1.0) == names[truth[patches]]


def test_an_answer_that_was_taken_back_is_kept_but_does_not_count(make_study):
    folder = make_study()
    with reading_session.opened(folder) as session:
        reader = enter(session)
        play(session, reader, 4)
        with pytest.raises(ValueError, match='no answer to take back'):
            session.undo(reader)
        play(session, reader, 2)
        session.undo(reader)
        play(session, reader, 1, lambda i: 6)
        assert session._db.execute('SELECT COUNT(*) FROM answers').fetchone() == (7,)
    assert [answer.verdict for answer in study.readings(folder).answers] == [1, 6]


def test_a_pause_is_due_after_each_ten_cases_but_not_at_the_end(make_study):
    with reading_session.opened(make_study(number=20, repeat=0.0)) as session:
        reader, due = enter(session), []
        while session.state(reader)['item']:
            due += [session.state(reader)['done']] * session.state(reader)['pause']
            play(session, reader, 1)
        assert due == [10] and not session.state(reader)['pause']


def test_a_reader_comes_back_after_the_server_was_started_again(make_study):
    folder = make_study()
    with reading_session.opened(folder) as session:
        entry = session.enter('Dr. A', 12)
        play(session, session.reader(entry.secret), 7)
    with reading_session.opened(folder) as session:
        assert session.resume('Dr. A', entry.word) == entry.secret
        assert session.state(session.reader(entry.secret))['done'] == 3
        assert session.reader('guess') is None
        for name, word in (('Dr. A', 'guess'), ('Dr. B', entry.word)):
            with pytest.raises(ValueError, match='no reader has'):
                session.resume(name, word)


def test_a_study_that_is_served_is_refused_to_others_and_a_copy_of_it_is_whole(make_study, tmp_path):
    folder = make_study()
    with reading_session.opened(folder) as session:
        reader = enter(session)
        play(session, reader, 14)
        for open_again in (lambda: study.readings(folder), lambda: reading_session.opened(folder).__enter__()):
            with pytest.raises(ValueError, match='in use by another server'):
                open_again()
        shutil.copytree(folder, str(tmp_path / 'copy'))
        play(session, reader)
    assert os.listdir(folder) == ['study.sqlite']
    assert len(study.readings(str(tmp_path / 'copy')).answers) == 10


KILLED = """
import sys
from turing_test import reading_session
with reading_session.opened(sys.argv[1]) as session:
    reader = session.reader(session.enter('reader', 3).secret)
    while session.state(reader)['item']:
        item = session.state(reader)['item']
        session.answer(reader, item, 1, 1, [], 1.0)
        print(item, flush=True)
"""


def test_no_answer_that_was_taken_is_lost_when_the_server_is_killed(make_study):
    folder = make_study(number=200)
    process = subprocess.Popen([sys.executable, '-c', KILLED, folder], cwd=ROOT, stdout=subprocess.PIPE)
    taken = [process.stdout.readline().strip() for _ in range(60)]
    process.send_signal(signal.SIGKILL)
    taken += process.stdout.read().split()
    process.wait()
    db = sqlite3.connect(os.path.join(folder, study.NAME))
    kept = [row[0].encode() for row in db.execute('SELECT item FROM answers ORDER BY rowid')]
    db.close()
    assert kept[: len(taken)] == taken and len(kept) <= len(taken) + 1
    with reading_session.opened(folder) as session:
        assert session.state(0)['done'] == len(kept) - 4


@pytest.mark.parametrize('damage', ['missing', 'empty', 'text', 'other', 'cut', 'overwritten', 'folder'])
def test_a_damaged_study_is_one_line_that_names_it(damage, make_study, complains):
    folder = make_study()
    path = os.path.join(folder, study.NAME)
    with open(path, 'rb') as f:
        content = f.read()
    os.unlink(path)
    if damage == 'other':
        db = sqlite3.connect(path)
        db.execute('CREATE TABLE t (a)')
        db.commit()
        db.close()
    elif damage == 'folder':
        os.mkdir(path)
    elif damage != 'missing':
        middle = content[:5000] + os.urandom(8000) + content[13000:]
        with open(path, 'wb') as f:
            f.write(dict(empty=b'', text=b'<html>', cut=content[: len(content) // 2], overwritten=middle)[damage])
    for command in ('serve', 'analyse', 'simulate'):
        complains('6-turing_test.py', command, folder, parts=[folder])


def test_a_study_without_permission_is_one_line(make_study, complains):
    if os.geteuid() == 0:
        pytest.skip('root may do everything')
    folder = make_study()
    os.chmod(os.path.join(folder, study.NAME), 0)
    complains('6-turing_test.py', 'serve', folder, parts=['change its permissions'])
