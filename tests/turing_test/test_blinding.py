"""What a server sends beside pixels tells nothing of the truth."""

import os
import sqlite3
import time

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from places import ONCE
from turing_test import blinding, reading_session, study, study_app

CASES = int(os.environ.get('BLINDING_CASES', 600))  # 2,000 take a minute


@ONCE
def test_a_regression_on_all_that_is_sent_but_the_pixels_is_at_chance(make_study):
    folder = make_study(number=CASES, repeat=0.0, practice=0, pause=0)
    truth, rows, signals, headers = study.truth(folder), [], [], set()
    with reading_session.opened(folder) as opened:
        client = study_app.application(opened).test_client()
        client.get('/?token=' + opened.token)
        client.post('/api/enter', json=dict(name='Owl', years=3))
        response = client.get('/api/state')
        for place in range(CASES):
            state = response.get_json()
            state = state.get('state', state)
            begin = time.perf_counter()
            sent = client.get('/api/pixels/%s/0' % state['item'])
            took = time.perf_counter() - begin
            headers.add(str([pair for pair in sent.headers.items() if pair[0] != 'Date']))
            rows.append([place, place % 2, took, len(sent.data), len(response.data)])
            rows[-1] += [int(digit, 16) for digit in state['item']]
            signals.append(truth[sent.data])
            response = client.post(
                '/api/answer', json=dict(item=state['item'], verdict=4, milliseconds=1, windows=[], zoom=1)
            )
    assert len(headers) == 1
    model = make_pipeline(StandardScaler(), LogisticRegression(solver='liblinear'))
    right = cross_val_score(model, np.array(rows, float), signals, cv=10).mean()
    print('%d cases: %.3f right' % (CASES, right))
    assert abs(right - 0.5) < 3.5 * 0.5 / np.sqrt(CASES)


def test_the_same_regression_finds_a_truth_that_leaks():
    random = np.random.RandomState(0)
    signals = random.rand(600) < 0.5
    rows = np.column_stack([random.randint(16, size=[600, 16]), 4096 + 3 * signals + random.randn(600)])
    model = make_pipeline(StandardScaler(), LogisticRegression(solver='liblinear'))
    assert cross_val_score(model, rows, signals, cv=10).mean() > 0.8


def test_the_secret_of_the_order_leaves_the_file_neither_for_a_browser_nor_in_what_is_analysed(make_study, succeeds):
    folder, sent = make_study(practice=1, number=2, repeat=0.0), []
    with reading_session.opened(folder) as opened:
        secret = opened._secret
        client = study_app.application(opened).test_client()
        sent += [client.get('/?token=' + opened.token)]
        sent += [client.post('/api/enter', json=dict(name='Owl', years=3)), client.get('/api/study')]
        while opened.state(0)['item']:
            answer = dict(item=opened.state(0)['item'], verdict=4, milliseconds=1, windows=[], zoom=1)
            sent += [client.get('/api/state'), client.post('/api/answer', json=answer)]
    exported = succeeds('6-turing_test.py', 'analyse', folder)
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), 'rb') as f:
            if name != study.NAME:
                exported += f.read().decode('latin-1')
            else:
                assert secret.encode() in f.read()
    exported += ''.join(str(response.headers) + response.data.decode('latin-1') for response in sent)
    assert len(secret) == 64 and secret not in exported


def test_orders_follow_from_the_secret_and_a_study_of_before_it_had_one_gets_it_when_it_is_served(make_study):
    kinds = {number: 'reading' if number >= 4 else 'practice' for number in range(40)}
    one, again, other, second = [blinding.reading_order(kinds, 0.1, *given) for given in ('a0', 'a0', 'b0', 'a1')]
    assert one == again and one != other and one != second
    assert {number for number, _ in one[:4]} == {number for number, _ in other[:4]} == {0, 1, 2, 3}
    folder, secrets = make_study(), []
    base = sqlite3.connect(os.path.join(folder, study.NAME))
    with base:
        base.execute("DELETE FROM facts WHERE key = 'secret'")
    base.close()
    for _ in range(2):
        with reading_session.opened(folder) as opened:
            secrets.append(opened._secret)
            opened.enter('reader %d' % len(secrets), 3)
    assert len(secrets[0]) == 64 and secrets[0] == secrets[1]
