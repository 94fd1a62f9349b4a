"""Studies whose server is killed, or has many readers: python -m pytest -q -s tests/soak/soak_reader_study.py"""

import concurrent.futures
import http.client
import os
import re
import shutil
import sqlite3
import threading
import time

import numpy as np

import studies
from common import web_server
from runs import start_python
from turing_test import reading_session, simulate, study, study_app

KILLS, KILLED_READERS, LOAD_READERS = 50, 20, 50
THOUGHT = 2.0  # seconds between two answers of a reader, on average


class Stubborn(simulate.Browser):
    """A browser that tries again until the server is back."""

    def _send(self, request):
        for _ in range(600):
            try:
                return super()._send(request)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
        raise AssertionError('the server did not come back')


def read(link, index, reader, taken, ended, thought=0.0):
    """Answers until the end or until `ended` is set. taken: {item: verdict}, filled with what the server accepted."""
    random = np.random.RandomState(index)
    time.sleep(2 * thought * random.rand())
    browser = Stubborn(link)
    try:
        browser.post('/api/enter', name='reader %d' % index, years=1)
    except ValueError as error:
        assert 'taken' in str(error)  # the server was killed after it had taken the name
    state = browser.ask('/api/state')
    while state.get('item') and not ended.is_set():
        time.sleep(thought * random.exponential())
        patches = browser.get('/api/pixels/%s/0' % state['item'])
        verdict = reader.verdict(patches)
        item = state['item']
        state = browser.post('/api/answer', item=item, verdict=verdict, milliseconds=1, windows=[], zoom=1)['state']
        taken[item] = verdict
    return browser


def start(folder, port):
    process = start_python(['6-turing_test.py', 'serve', folder, '--port', port])
    line = process.stdout.readline()
    return process, re.search(r'http://\S+', line).group()


def noise(tmp_path, n):
    """A study of n cases, more than are read."""
    (tmp_path / 'study').mkdir()
    studies.noise(str(tmp_path / 'study'), number=n, practice=0, pause=0)
    return str(tmp_path / 'study')


def test_no_answer_that_was_taken_is_lost_or_doubled_when_servers_are_killed(tmp_path):
    large = noise(tmp_path, 4000)
    truth, random = study.truth(large), np.random.RandomState(int(time.time()))
    process, link = start(large, 0)
    port, ended, taken = re.search(r':(\d+)/', link).group(1), threading.Event(), [{} for _ in range(KILLED_READERS)]
    with concurrent.futures.ThreadPoolExecutor(KILLED_READERS) as pool:
        jobs = [
            pool.submit(read, link, i, simulate.Impressions(truth, 0.4, 0.0, i), taken[i], ended)
            for i in range(KILLED_READERS)
        ]
        for i in range(KILLS):
            time.sleep(random.uniform(0.1, 1.5))
            if i % 10 == 0:
                before = sum(map(len, taken))
                shutil.copytree(large, str(tmp_path / ('copy%d' % i)))
                assert len(study.readings(str(tmp_path / ('copy%d' % i))).answers) >= before
            process.kill()
            process.communicate()
            process, _ = start(large, port)
        time.sleep(1)
        ended.set()
        for job in jobs:
            job.result()
    process.terminate()
    process.communicate()
    kept = dict(rows(large, 'SELECT item, verdict FROM answers'))
    acknowledged = {item: verdict for answers in taken for item, verdict in answers.items()}
    print('%d kills, %d answers acknowledged, %d kept' % (KILLS, len(acknowledged), len(kept)))
    assert len(rows(large, 'SELECT item FROM answers')) == len(kept)
    assert all(kept[item] == verdict for item, verdict in acknowledged.items()) and len(acknowledged) > KILLS


def rows(folder, query):
    base = sqlite3.connect(os.path.join(folder, study.NAME))
    result = base.execute(query).fetchall()
    base.close()
    return result


def test_fifty_readers_at_once_wait_at_most_a_tenth_of_a_second(tmp_path):
    folder = noise(tmp_path, 300)
    truth, ended, took = study.truth(folder), threading.Event(), []
    with reading_session.opened(folder) as opened, web_server.running(study_app.application(opened)) as link:
        with concurrent.futures.ThreadPoolExecutor(LOAD_READERS) as pool:
            jobs = [
                pool.submit(read, link, i, simulate.Impressions(truth, 0.4, 0.0, i), {}, ended, THOUGHT)
                for i in range(LOAD_READERS)
            ]
            time.sleep(30)
            ended.set()
            for job in jobs:
                took += job.result().seconds
    print(
        '%d requests, median %.0f ms, 95 %% within %.0f ms'
        % ((len(took),) + tuple(1000 * np.percentile(took, [50, 95])))
    )
    assert np.percentile(took, 95) <= 0.1
