"""What the server of a study gives away, what it takes, and that nothing a browser sends stops it."""

import json
import os
import signal
import subprocess
import sys

import pytest

from places import ROOT
from turing_test import reading_session, simulate, study, study_app

GOOD = dict(verdict=5, milliseconds=1200, windows=[[-600, 1500]], zoom=1.5)


@pytest.fixture
def served(make_study):
    """A study of 4 and 30 cases that is open to be served."""
    with reading_session.opened(make_study()) as session:
        yield session


@pytest.fixture
def visit(served):
    """Opens the link in a new browser, as a reader of that name if one is given; returns its client."""
    app = study_app.application(served)

    def call(name=None):
        client = app.test_client()
        client.get('/?token=' + served.token)
        if name:
            assert client.post('/api/enter', json=dict(name=name, years=3)).status_code == 200
        return client

    return call


def state(client):
    return client.get('/api/state').get_json()


def answer(client, **changes):
    return client.post('/api/answer', json=dict(dict(item=state(client).get('item'), **GOOD), **changes))


def refused(response, message):
    assert response.status_code == 400 and message in response.get_json()['error'], response.data
    return True


def test_a_reader_enters_practises_reads_and_finishes(visit, served):
    client, truths, progress = visit(), [], []
    assert state(client) == {'phase': 'enter'}
    word = client.post('/api/enter', json=dict(name=' Owl ', years=12.5)).get_json()['word']
    while state(client)['phase'] != 'end':
        reply = answer(client).get_json()
        truths.append(reply['truth'])
        progress.append(reply['state']['done'])
    assert all(truth in ('real', 'generated') for truth in truths[:4]) and truths[4:] == [None] * 33
    assert progress == [0] * 4 + list(range(1, 34))
    other = visit()
    assert refused(other.post('/api/resume', json=dict(name='Owl', word='wrong')), 'no reader')
    assert other.post('/api/resume', json=dict(name='Owl', word=word.upper())).status_code == 200
    assert state(other)['phase'] == 'end'


def test_what_the_page_gets_of_a_study_holds_neither_truth_nor_what_leads_to_it(visit):
    about = visit().get('/api/study').get_json()
    assert set(about) == {'title', 'mode', 'classes', 'window', 'enlarge', 'pause', 'size', 'mm', 'presets', 'original'}
    assert about['presets'][0] == ['lung', -1350.0, 150.0] and about['original'] == 'real'
    client = visit('Owl')
    sent = json.dumps(state(client)) + str(client.get('/api/state').headers)
    for name in ('real', 'generated', 'signal', 'label', 'AIS'):
        assert name not in sent


def test_the_page_is_told_that_patches_of_phantoms_are_simulated(make_study):
    with reading_session.opened(make_study(phantoms=True)) as session:
        client = study_app.application(session).test_client()
        client.get('/?token=' + session.token)
        assert client.get('/api/study').get_json()['original'] == 'simulated'


def test_pixels_are_those_of_the_study_and_nothing_else_about_them_differs(visit, served):
    client, heads, bodies = visit('Owl'), set(), set()
    for _ in range(20):
        response = client.get('/api/pixels/%s/0' % state(client)['item'])
        heads.add(tuple(sorted(response.headers.items())))
        bodies.add(response.data)
        answer(client)
    assert len(heads) == 1 and len(bodies) > 15 and {len(body) for body in bodies} == {64}
    assert bodies <= set(served._patches.values())


def test_pixels_come_for_the_current_and_the_next_case_of_the_reader_alone(visit):
    one, two = visit('one'), visit('two')
    now = state(one)
    assert one.get('/api/pixels/%s/0' % now['next']).status_code == 200
    for client, path in ((two, now['item'] + '/0'), (one, now['item'] + '/1'), (one, 'f' * 16 + '/0')):
        assert refused(client.get('/api/pixels/' + path), 'not the one to read now')
    answer(one)
    assert refused(one.get('/api/pixels/%s/0' % now['item']), 'not the one to read now')
    assert visit().get('/api/pixels/%s/0' % state(one)['item']).status_code == 400
    for path in ('../../study.sqlite/0', '..%2f..%2fstudy.sqlite/0', now['item'] + '/-1', now['item']):
        assert one.get('/api/pixels/' + path).status_code == 404


@pytest.mark.parametrize(
    'changes',
    [
        dict(verdict=7), dict(verdict=0), dict(verdict=2.5), dict(verdict=True), dict(verdict='5'), dict(verdict=None),
        dict(milliseconds=-1), dict(milliseconds=1e3), dict(milliseconds=10**30), dict(milliseconds=[]),
        dict(windows=None), dict(windows=[[0, 0]]), dict(windows=[[0, 1]] * 51), dict(windows=[[0, 1, 2]]),
        dict(windows=[['a', 1]]), dict(zoom=0.5), dict(zoom=-1), dict(zoom='1'), dict(item=None), dict(item='\ud800'),
    ],
)  # fmt: skip
def test_an_answer_that_no_page_sends_is_refused_and_nothing_is_kept(visit, changes):
    client = visit('Owl')
    before = state(client)
    assert refused(answer(client, **changes), 'not what this server takes: ' + list(changes)[0])
    assert state(client) == before


def test_numbers_that_are_not_numbers_and_forms_of_other_sites_are_refused(visit):
    client = visit('Owl')
    for text in ('{"zoom": NaN}', '{"zoom": Infinity}', '{"zoom": -Infinity}'):
        response = client.post('/api/answer', data=text, content_type='application/json')
        assert refused(response, 'it is not JSON')
    for content_type in ('text/plain', 'application/x-www-form-urlencoded'):
        assert client.post('/api/undo', data='{}', content_type=content_type).status_code == 415
        assert client.post('/api/leave', data='{}', content_type=content_type).status_code == 415


@pytest.mark.parametrize('name', ['', '   ', 'a' * 41, 'a\nb', 'a\x00b', '\ud800', 5, None])
@pytest.mark.parametrize('path', ['enter', 'resume'])
def test_a_code_name_is_one_line_of_at_most_40_letters(visit, name, path):
    values = dict(name=name, years=3, word='abc')
    assert refused(visit().post('/api/' + path, json=values), 'name is not a name of 1 to 40 letters')


@pytest.mark.parametrize('years', [-1, 71, '3', None, True, [3]])
def test_years_are_a_number_from_0_to_70(visit, years):
    assert refused(visit().post('/api/enter', json=dict(name='Owl', years=years)), 'years is not a number from 0 to 70')


def test_a_script_for_a_name_is_kept_as_text_and_never_sent_as_a_page(visit, served):
    name = '<script>alert(1)</script>'
    client = visit(name)
    assert served._db.execute('SELECT name FROM readers').fetchall() == [(name,)]
    again = visit().post('/api/enter', json=dict(name=name, years=3))
    assert refused(again, 'name is taken') and again.mimetype == 'application/json'
    assert b'alert(' not in client.get('/').data + client.get('/api/state').data


def test_an_answer_that_is_sent_again_counts_once_and_another_one_is_refused(visit):
    client = visit('Owl')
    item = state(client)['item']
    first, second, third = [answer(client, item=item).get_json() for _ in range(3)]
    assert first == second == third and state(client)['practice_done'] == 1
    assert refused(answer(client, item=item, verdict=2), 'another answer')
    assert refused(answer(client, item=state(client)['next']), 'not the one to read now')


def test_one_answer_is_taken_back_and_the_case_comes_again(visit):
    client = visit('Owl')
    for _ in range(6):
        answer(client)
    now = state(client)
    assert now['can_undo'] and now['done'] == 2
    back = client.post('/api/undo', json={}).get_json()
    assert back['next'] == now['item'] and back['done'] == 1 and not back['can_undo']
    assert refused(client.post('/api/undo', json={}), 'no answer to take back')
    answer(client)
    assert state(client)['item'] == now['item'] and state(client)['can_undo']


def test_who_leaves_makes_room_for_another_reader(visit):
    client = visit('Owl')
    client.post('/api/leave', json={})
    assert state(client) == {'phase': 'enter'}
    assert refused(answer(client, item='a'), 'enter first') and refused(client.post('/api/undo', json={}), 'enter')


def test_a_full_disk_is_reported_and_the_answer_is_taken_once_there_is_room(visit, served, monkeypatch):
    client = visit('Owl')
    with monkeypatch.context() as patch:
        patch.setattr(served, 'answer', lambda *_: (_ for _ in ()).throw(OSError(28, 'No space left on device')))
        response = answer(client)
        assert response.status_code == 503 and 'No space left' in response.get_json()['error']
    assert answer(client).status_code == 200


def test_the_pages_that_are_served_ask_nothing_of_other_machines(visit):
    client, names = visit(), sorted(os.listdir(os.path.join(ROOT, 'turing_test', 'page')))
    assert 'index.html' in names and 'main.js' in names
    for name in names:
        text = client.get('/' + name).data.decode().replace('http://www.w3.org/2000/svg', '')
        assert '://' not in text and 'style="' not in text and ' onclick=' not in text, name


def test_a_study_is_served_from_the_command_line_until_a_signal_and_again_with_the_same_link(make_study, complains):
    folder, urls = make_study(), []
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [sys.executable, '6-turing_test.py', 'serve', folder, '--port', '0']
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        url = process.stdout.readline().decode().split()[1]
        browser = simulate.enter(url, 'reader %d' % number)
        with pytest.raises(ValueError, match='item is not the name of a case'):
            browser.post('/api/answer', verdict=9)
        complains('6-turing_test.py', 'serve', folder, '--port', '0', parts=['in use by another server'])
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
        assert process.returncode == 128 + number and not err and b'every answer is in' in out
        urls.append(url.partition('?')[2])
    assert urls[0] == urls[1] and len(study.readings(folder).readers) == 2
