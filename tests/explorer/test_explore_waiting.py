"""Long work delays no image: pages poll searches and maps, and images are served meanwhile."""

import concurrent.futures
import http.client
import json
import threading
import time
import urllib.parse

import numpy as np
import pytest

import dataset
from common import web_server
from explored import decoded, state
from explorer import explorer_app, mapping, models
from places import ONCE

PAGES = 20


@pytest.fixture
def ask(explorer):
    """Requests of a real server, each on its own connection: (status, JSON) of a path, and perhaps a payload."""
    with web_server.running(explorer_app.application(explorer, 'token')) as url:
        parts = urllib.parse.urlsplit(url)

        def call(path, payload=None):
            connection = http.client.HTTPConnection(parts.netloc, timeout=20)
            headers = {'Cookie': cookie, 'Content-Type': 'application/json'}
            body = json.dumps(payload).encode() if payload is not None else None
            connection.request('POST' if body else 'GET', path, body, headers)
            response = connection.getresponse()
            text = response.read()
            connection.close()
            if '?token=' in path:
                return response.headers['Set-Cookie'].split(';')[0]
            return response.status, json.loads(text.decode())

        cookie = ''
        cookie = call('/?' + parts.query)
        yield call


@pytest.fixture
def slow_similarity_map(monkeypatch):
    """Has maps by similarity take until an event is set; a list of those that were started."""
    go, started = threading.Event(), []

    def slow(by, pixels):
        started.append(by)
        assert go.wait(20)
        return np.zeros([len(pixels), 2])

    monkeypatch.setattr(mapping, 'similarity_map', slow)
    yield go, started
    go.set()


@ONCE
@pytest.mark.slow
def test_an_image_comes_within_a_second_while_twenty_pages_wait_for_a_search_and_twenty_for_a_map(
    ask, explorer, made, slow_similarity_map
):
    go, started = slow_similarity_map
    explorer._maps[0]._futures.clear()
    ended, pixels = threading.Event(), models.encoded(dataset.read(made.data + '/AIS-r05.tfrecords', 1)[0])
    status, search = ask('/api/project', dict(model=0, pixels=pixels))
    paths = ['/api/project/' + search['job'], '/api/map?model=0&by=tsne']
    while ask(paths[0])[0] == 202:  # its graph is being built
        time.sleep(0.05)

    def wait(path):
        """As a page does that waits; the longest of its requests, in seconds."""
        longest = 0
        while not ended.is_set():
            begin = time.time()
            code, answer = ask(path)
            longest = max(longest, time.time() - begin)
            assert code in (200, 202), answer
            time.sleep(0.15)
        return longest

    with concurrent.futures.ThreadPoolExecutor(2 * PAGES) as pool:
        try:
            waiting = [pool.submit(wait, path) for path in paths * PAGES]
            while not started:
                time.sleep(0.05)
            took = []
            for seed in range(5):
                begin = time.time()
                code, answer = ask('/api/image', state(seed=seed))
                took.append(time.time() - begin)
                assert code == 200 and decoded(answer['pixels']).any()
        finally:
            ended.set()
        assert all(page.result() < 2 for page in waiting)
    ask('/api/project/%s/stop' % search['job'], {})
    assert max(took) < 1 and started == ['tsne']
    go.set()
    while ask(paths[1])[0] == 202:
        time.sleep(0.05)
    assert ask(paths[1])[1]['points'] and started == ['tsne']


@ONCE
def test_a_map_that_failed_is_computed_anew(explorer, monkeypatch):
    nodule_map = explorer._maps[1]
    while nodule_map.answer('pca') is None:
        time.sleep(0.05)
    del nodule_map._futures['pca']
    fail = [ValueError('as it happens'), None]

    def similarity_map(by, pixels):
        error = fail.pop(0)
        if error:
            raise error
        return np.ones([len(pixels), 2])

    monkeypatch.setattr(mapping, 'similarity_map', similarity_map)
    with pytest.raises(ValueError, match='as it happens'):
        while nodule_map.answer('pca') is None:
            time.sleep(0.05)
    while nodule_map.answer('pca') is None:
        time.sleep(0.05)
    assert {point['x'] for point in nodule_map.answer('pca')['points']} == {1.0}
