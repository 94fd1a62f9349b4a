"""What SIGINT and SIGTERM do to a run, at whatever moment they come."""

import os
import signal
import time

import pytest

from runs import TINY, outcomes, start_python
from training import signals

DEAF = 'import hashlib; hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)'  # for minutes, and no handler of Python runs
HEARING = """
from training import signals
with signals.Stop() as stop:
    print('ready')
    %s
"""
CODES = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]


def spoken(stream, word):
    line = stream.readline()
    assert word in line, line


@pytest.mark.parametrize('number, code', CODES)
def test_the_first_signal_is_said_and_the_second_ends_at_once_a_process_that_is_deep_in_a_library(number, code):
    process = start_python(['-c', HEARING % DEAF])
    spoken(process.stdout, 'ready')
    begin = time.time()
    process.send_signal(number)
    spoken(process.stderr, '%s: ends at the next safe place' % signal.Signals(number).name)
    assert process.poll() is None
    process.send_signal(number)
    assert [(end[0], end[2].count('\n')) for end in outcomes([process], 5)] == [(code, 1)]
    assert time.time() - begin < 2


def test_a_signal_is_said_even_where_stderr_is_silenced_for_a_library():
    silenced = 'import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 2); %s' % DEAF
    process = start_python(['-c', HEARING % silenced])
    spoken(process.stdout, 'ready')
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    spoken(process.stderr, 'ends at the next safe place')
    process.kill()
    process.communicate()


def test_signals_mean_what_they_meant_before_once_a_run_has_ended():
    before = [signal.getsignal(number) for number in signals.SIGNALS]
    with signals.Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        end = time.time() + 5
        while not stop.signal and time.time() < end:
            time.sleep(0.01)
        with pytest.raises(signals.Stopped):
            stop.check()
    assert [signal.getsignal(number) for number in signals.SIGNALS] == before


@pytest.mark.slow
@pytest.mark.parametrize('number, code', CODES)
def test_a_signal_while_a_run_starts_ends_it_without_a_trace(tmp_path, training_data, number, code):
    arguments = ['3-train.py', '--data', training_data, '--outdir', tmp_path / 'out'] + TINY
    processes = []
    for seconds in (0.12, 0.25, 0.4):
        processes.append(start_python(arguments))
        time.sleep(seconds)
        processes[-1].send_signal(number)
    for end, _, err in outcomes(processes):
        assert end in (code, -number) and 'Traceback' not in err, err
