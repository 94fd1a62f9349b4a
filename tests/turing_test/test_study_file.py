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


def enter(served, name='reader'):
    return served.reader(served.enter(name, 3).secret)


def play(served, reader, number=None, verdict=lambda i: 1 + i % 6):
    """Answer `number` items, or all; returns feedback."""
    said = []
    while served.state(reader)['item'] and (number is None or len(said) < number):
        item = served.state(reader)['item']
        said.append(served.answer(reader, item, verdict(len(said)), 900, WINDOWS, 1.0))
    return said


def test_answers_are_read_as_they_were_given(make_study):
    folder = make_study()
    with reading_session.opened(folder) as served:
        reader = enter(served)
        said = play(served, reader)
    found = study.readings(folder)
    assert [words in ('real', 'generated') for words in said] == [True] * 4 + [False] * 33
    assert [answer.verdict for answer in found.answers] == [1 + i % 6 for i in range(4, 37)]
    assert sorted({answer.case for answer in found.answers}) == sorted(found.cases) == list(range(4, 34))
    assert all(answer.signal == (answer.case % 2 == 0) for answer in found.answers)
    assert found.readers == {0: study.Reader('reader', 3.0)} and found.answers[0].windows == WINDOWS


def test_feedback_in_practice_is_the_truth_of_the_patch_that_was_shown(make_study):
    folder = make_study()
    truth = study.truth(folder)
    with reading_session.opened(folder) as served:
        reader = enter(served)
        for _ in range(4):
            item = served.state(reader)['item']
            signal = truth[served.pixels(reader, item, 0)]
            assert served.answer(reader, item, 6, 1, [], 1.0) == ('real' if signal else 'generated')


def test_cases_that_are_shown_twice_come_again_in_the_second_half(make_study):
    folder = make_study(number=60)
    with reading_session.opened(folder) as served:
        play(served, enter(served))
    answers = study.readings(folder).answers
    again = [i for i, answer in enumerate(answers) if answer.repeat]
    firsts = {answer.case: i for i, answer in enumerate(answers) if not answer.repeat}
    assert len(again) == 6 and all(i - firsts[answers[i].case] >= 10 for i in again)


def test_readers_have_orders_and_identifiers_of_their_own(make_study):
    folder = make_study()
    with reading_session.opened(folder) as served:
        one, two = enter(served, 'one'), enter(served, 'two')
        item = served.state(one)['item']
        with pytest.raises(ValueError, match='not the one to read'):
            served.pixels(two, item, 0)
        with pytest.raises(ValueError, match='not the one to read'):
            served.answer(two, item, 1, 1, [], 1.0)
        play(served, one)
        play(served, two)
    orders = [[a.case for a in study.readings(folder).answers if a.reader == reader] for reader in (one, two)]
    assert orders[0] != orders[1] and set(orders[0]) == set(orders[1])


def test_only_the_current_case_takes_an_answer_and_takes_it_once(make_study):
    folder = make_study()
    with reading_session.opened(folder) as served:
        reader = enter(served)
        play(served, reader, 4)
        state = served.state(reader)
        with pytest.raises(ValueError, match='not the one to read'):
            served.answer(reader, state['next'], 1, 1, [], 1.0)
        for _ in range(3):  # as a browser does that lost the connection
            served.answer(reader, state['item'], 2, 1, [], 1.0)
        with pytest.raises(ValueError, match='another answer'):
            served.answer(reader, state['item'], 3, 1, [], 1.0)
    assert [answer.verdict for answer in study.readings(folder).answers] == [2]


def test_one_answer_can_be_taken_back_but_no_two_and_none_of_practice(make_study):
    folder = make_study()
    with reading_session.opened(folder) as served:
        reader = enter(served)
        play(served, reader, 4)
        with pytest.raises(ValueError, match='no answer to take back'):
            served.undo(reader)
        play(served, reader, 2)
        item = served.state(reader)['item']
        served.undo(reader)
        state = served.state(reader)
        assert state['next'] == item and not state['can_undo'] and state['done'] == 1
        with pytest.raises(ValueError, match='no answer to take back'):
            served.undo(reader)
        play(served, reader, 1, lambda i: 6)
        assert served.state(reader)['item'] == item and served.state(reader)['can_undo']
    assert [answer.verdict for answer in study.readings(folder).answers] == [1, 6]


def test_a_pause_is_due_after_each_ten_cases_but_not_at_the_end(make_study):
    folder = make_study(number=20, repeat=0.0)
    with reading_session.opened(folder) as served:
        reader, due = enter(served), []
        while served.state(reader)['item']:
            due += [served.state(reader)['done']] * served.state(reader)['pause']
            play(served, reader, 1)
        assert due == [10] and not served.state(reader)['pause']


def test_a_reader_comes_back_with_the_secret_or_from_elsewhere_with_the_word(make_study):
    folder = make_study()
    with reading_session.opened(folder) as served:
        entry = served.enter('Dr. A', 12)
        play(served, served.reader(entry.secret), 7)
    with reading_session.opened(folder) as served:
        assert served.resume('Dr. A', entry.word) == entry.secret
        assert served.state(served.reader(entry.secret))['done'] == 3
        assert served.reader('guess') is None
        for name, word in (('Dr. A', 'guess'), ('Dr. B', entry.word)):
            with pytest.raises(ValueError, match='no reader has'):
                served.resume(name, word)
        with pytest.raises(ValueError, match='is taken'):
            served.enter('Dr. A', 1)


def test_pairs_are_two_patches_and_say_which_side_was_real(make_study):
    folder = make_study(mode='2afc')
    truth = study.truth(folder)
    with reading_session.opened(folder) as served:
        reader = enter(served)
        state = served.state(reader)
        patches = b''.join(served.pixels(reader, state['item'], which) for which in (0, 1))
        assert served.answer(reader, state['item'], 6, 1, [], 1.0) == ('right' if truth[patches] else 'left')
        assert state['images'] == 2


def test_a_study_that_is_served_is_refused_to_others_and_a_copy_of_it_is_whole(make_study, tmp_path):
    folder = make_study()
    with reading_session.opened(folder) as served:
        reader = enter(served)
        play(served, reader, 14)
        for other in (lambda: study.readings(folder), lambda: reading_session.opened(folder).__enter__()):
            with pytest.raises(ValueError, match='in use by another server'):
                other()
        shutil.copytree(folder, str(tmp_path / 'copy'))
        play(served, reader)
    assert os.listdir(folder) == ['study.sqlite']
    assert len(study.readings(str(tmp_path / 'copy')).answers) == 10


KILLED = """
import sys
from turing_test import reading_session
with reading_session.opened(sys.argv[1]) as served:
    reader = served.reader(served.enter('reader', 3).secret)
    while served.state(reader)['item']:
        item = served.state(reader)['item']
        served.answer(reader, item, 1, 1, [], 1.0)
        print(item, flush=True)
"""


def test_no_answer_that_was_taken_is_lost_when_the_server_is_killed(make_study):
    folder = make_study(number=200)
    process = subprocess.Popen([sys.executable, '-c', KILLED, folder], cwd=ROOT, stdout=subprocess.PIPE)
    said = [process.stdout.readline().strip() for _ in range(60)]
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read().split()
    process.wait()
    base = sqlite3.connect(os.path.join(folder, study.NAME))
    kept = [row[0].encode() for row in base.execute('SELECT item FROM answers ORDER BY rowid')]
    base.close()
    assert kept[: len(said)] == said and len(kept) <= len(said) + 1
    with reading_session.opened(folder) as served:
        assert served.state(0)['done'] == len(kept) - 4


@pytest.mark.parametrize('how', ['missing', 'empty', 'text', 'other', 'cut', 'overwritten', 'folder'])
def test_a_damaged_study_is_one_line_that_names_it(how, make_study, script, tmp_path):
    folder = make_study()
    path = os.path.join(folder, study.NAME)
    with open(path, 'rb') as f:
        content = f.read()
    os.unlink(path)
    if how == 'other':
        base = sqlite3.connect(path)
        base.execute('CREATE TABLE t (a)')
        base.commit()
        base.close()
    elif how == 'folder':
        os.mkdir(path)
    elif how != 'missing':
        middle = content[:5000] + os.urandom(8000) + content[13000:]
        with open(path, 'wb') as f:
            f.write(dict(empty=b'', text=b'<html>', cut=content[: len(content) // 2], overwritten=middle)[how])
    for command in ('serve', 'analyse', 'simulate'):
        code, out, err = script('6-turing_test.py', command, folder)
        assert code == 2 and err.count('\n') == 1 and folder in err, err


def test_a_study_without_permission_is_one_line(make_study, script):
    if os.geteuid() == 0:
        pytest.skip('root may do everything')
    folder = make_study()
    os.chmod(os.path.join(folder, study.NAME), 0)
    code, out, err = script('6-turing_test.py', 'serve', folder)
    assert code == 2 and 'change its permissions' in err
