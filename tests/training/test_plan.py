"""What a run says about its length before it begins, and --dry-run instead of it."""

import os
import re

import pytest

import config
from places import ONCE
from runs import TINY, train
from training import plan, schedule


def test_spans_are_where_the_schedule_changes_its_level():
    cfg = config.Train()
    spans = schedule.spans(cfg, 6)
    assert [span[1:3] for span in spans] == [(0, 600), (600, 1800), (1800, 3000), (3000, 4200), (4200, 5400)]
    for level, begin, end, minibatch in spans:
        for kimg in (begin + 0.1, end - 0.1):
            assert schedule.phase(kimg, cfg, 6)[::2] == (level, minibatch)
    assert schedule.spans(cfg._replace(total_kimg=700.0), 6)[-1][1:3] == (600, 700)
    assert schedule.spans(cfg._replace(total_kimg=9000.0), 6)[-1][1:3] == (4200, 9000)


def test_seconds_of_what_is_left_are_those_of_each_level_for_its_images():
    cfg, each = config.Train(), {2: 0.001, 3: 0.002, 4: 0.003, 5: 0.004, 6: 0.005}
    assert plan.total_seconds(cfg, 6, each) == pytest.approx(600 + 1200 * (2 + 3 + 4 + 5))
    assert plan.total_seconds(cfg, 6, each, 5000) == pytest.approx(400 * 5)


@pytest.mark.parametrize(
    'seconds, message', [(12, '12 s'), (240, '4 min'), (5400, '90 min'), (9000, '2.5 h'), (10**7, '2778 h (116 days)')]
)
def test_durations_are_in_the_unit_that_people_would_use(seconds, message):
    assert plan.duration(seconds) == message


@pytest.mark.slow
@ONCE
def test_a_dry_run_prints_the_schedule_and_writes_nothing(script, tmp_path, training_data):
    code, out, err = train(script, training_data, tmp_path / 'out', '--dry-run', '--cpu')
    lines = out.strip().split('\n')
    assert code == 0 and not err and not os.path.exists(str(tmp_path / 'out'))
    assert [line.split()[0] for line in lines[1:3]] == ['4x4', '8x8']
    assert [re.search(r'[\d.]+ - [\d.]+', line).group() for line in lines[1:3]] == ['0 - 0.064', '0.064 - 0.192']
    assert re.match(r'about .* for the next 0.192 kimg', lines[3])


def test_a_long_run_says_its_length_and_what_to_begin_with():
    line = plan.estimate(config.Train(), 6, dict.fromkeys(range(2, 7), 2.0))
    assert line.startswith('about 3000 h (125 days)') and line.endswith('for a first look: --preset laptop')


def test_gpus_that_are_not_there_are_not_counted_as_cpus(refuses, training_data):
    arguments = ['--data', training_data, '--cpu', '--gpus', '1'] + TINY
    refuses('3-train.py', *arguments, parts=['--gpus 1: TensorFlow finds no GPU'])


def test_the_pace_is_an_exponential_average_over_ticks():
    pace = plan.Pace()
    result = []
    for seconds in (10, 40, 8):  # of ticks that should have taken 10
        pace.add(seconds, 10)
        result.append(pace.seconds(60))
    assert result == pytest.approx([60, 96, 86.4])  # not 60, 240, 48
