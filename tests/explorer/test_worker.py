"""Who is served when: the urgent first, the newest of each browser, nobody after the end."""

import threading

import pytest

from explorer import worker


@pytest.fixture
def busy():
    """A worker, and an event that ends the job that keeps it busy."""
    runner, go, started = worker.Worker(), threading.Event(), threading.Event()

    def wait():
        started.set()
        go.wait(20)

    runner.submit(wait, worker.IMAGE)
    started.wait(20)
    yield runner, go
    go.set()
    runner.close()


def test_of_requests_that_wait_the_newest_of_each_key_is_answered(busy):
    runner, go = busy
    jobs = [runner.submit(lambda i=i: i, worker.IMAGE, key) for i, key in enumerate('ababc')]
    go.set()
    for i in (0, 1):
        with pytest.raises(worker.Superseded, match='newer request'):
            jobs[i].result(10)
    assert [jobs[i].result(10) for i in (2, 3, 4)] == [2, 3, 4]


def test_requests_without_a_key_are_all_answered(busy):
    runner, go = busy
    jobs = [runner.submit(lambda i=i: i, worker.IMAGE) for i in range(5)]
    go.set()
    assert [job.result(10) for job in jobs] == list(range(5))


def test_what_is_urgent_comes_first_and_in_the_midst_of_what_is_not(busy):
    runner, go = busy
    events = []

    def search():
        events.append('search begins')
        runner.submit(lambda: events.append('image'), worker.IMAGE)
        runner.submit(lambda: events.append('other search'), worker.SEARCH)
        runner.yield_()
        events.append('search ends')

    learning = runner.submit(lambda: (events.append('learning'), runner.yield_()), worker.LEARNING)
    runner.submit(search, worker.SEARCH)
    go.set()
    learning.result(10)
    assert events == ['search begins', 'image', 'search ends', 'other search', 'learning']


def test_an_error_goes_to_who_asked_and_the_next_is_served(busy):
    runner, go = busy
    go.set()
    with pytest.raises(ZeroDivisionError):
        runner.submit(lambda: 1 / 0, worker.IMAGE).result(10)
    assert runner.submit(lambda: 7, worker.IMAGE).result(10) == 7


def test_the_end_ends_what_goes_on_and_refuses_what_waits():
    runner = worker.Worker()
    started = threading.Event()

    def endless():
        started.set()
        while True:
            runner.yield_()

    going = runner.submit(endless, worker.SEARCH)
    started.wait(20)
    waiting = runner.submit(lambda: None, worker.SEARCH)
    runner.close()
    for job in (going, waiting):
        with pytest.raises(InterruptedError, match='the server ends'):
            job.result(10)
    with pytest.raises(InterruptedError):
        runner.submit(lambda: None, worker.IMAGE)
