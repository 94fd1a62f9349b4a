import os
import subprocess
import sys

import pytest

from common import log
from dataset_tools import process_pool
from places import ROOT


def square(number):
    return number * number


def die_at_three(number):
    if number == 3:
        os._exit(1)
    return number


def refuse_three(number):
    if number == 3:
        raise ValueError('three is refused')
    return number


@pytest.mark.parametrize('processes', [1, 2, 3])
def test_results_come_in_the_order_of_the_jobs(processes):
    assert list(process_pool.ordered(square, list(range(7)), processes)) == [0, 1, 4, 9, 16, 25, 36]


def test_a_process_that_dies_is_an_error_and_not_a_wait_for_ever():
    with pytest.raises(OSError, match='--processes'):
        list(process_pool.ordered(die_at_three, list(range(9)), 2))


@pytest.mark.parametrize('processes', [1, 2])
def test_what_a_job_refuses_is_raised_after_the_results_before_it(processes):
    results = process_pool.ordered(refuse_three, list(range(9)), processes)
    assert [next(results), next(results), next(results)] == [0, 1, 2]
    with pytest.raises(ValueError, match='three is refused'):
        next(results)


def with_a_bar(number):
    return [
        number for _ in log.progress([1])
    ] * 40000  # more than a pipe holds, so that a process is ended while it waits


def end_processes_that_had_bars():
    for jobs in (3, 40):
        results = process_pool.ordered(with_a_bar, list(range(jobs)), 2)
        assert next(results)[0] == 0
        results.close()


def test_processes_that_were_ended_leave_no_semaphores_behind():
    code = 'import test_process_pool; test_process_pool.end_processes_that_had_bars()'
    paths = os.pathsep.join([ROOT, os.path.join(ROOT, 'tests'), os.path.dirname(os.path.abspath(__file__))])
    run = subprocess.run(
        [sys.executable, '-c', code],
        stderr=subprocess.PIPE,
        universal_newlines=True,
        env=dict(os.environ, PYTHONPATH=paths),
    )
    assert run.returncode == 0 and 'semaphore' not in run.stderr, run.stderr
