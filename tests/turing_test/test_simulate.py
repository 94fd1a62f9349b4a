"""Simulated readers read through the server, and are as good as they were said to be."""

import json

import numpy as np
import pytest
from scipy import stats

from turing_test import simulate, study

SCRIPT = '6-turing_test.py'


@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_simulated_readers_have_as_much_right_as_was_asked_for(mode, make_study, succeeds):
    folder = make_study(number=120, mode=mode, size=4)
    said = succeeds(SCRIPT, 'simulate', folder, '--accuracy', 0.8, '--readers', 3)
    assert '3 readers have read' in said
    found = study.readings(folder)
    right = [(answer.verdict >= 4) == answer.signal for answer in found.answers if not answer.repeat]
    assert len(right) == 360 and abs(np.mean(right) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 360)
    assert {answer.verdict for answer in found.answers} == {1, 2, 3, 4, 5, 6}
    succeeds(SCRIPT, 'analyse', folder)
    with open(folder + '/turing_test.json') as f:
        said = json.load(f)
    assert said['pooled']['accuracy'] == pytest.approx(np.mean(right))
    assert [one['name'] for one in said['readers']] == ['simulated 1', 'simulated 2', 'simulated 3']


def test_impressions_are_those_of_the_equal_variance_model():
    truth = {str(i).encode(): i % 2 == 0 for i in range(4000)}
    reader = simulate.Impressions(truth, 0.7, 1)
    verdicts = np.array([reader.verdict(case) for case in truth])
    again = np.array([reader.verdict(case) for case in truth])
    signals = np.array(list(truth.values()))
    above = np.mean(
        [[(verdicts[signals] >= step).mean(), (verdicts[~signals] >= step).mean()] for step in (4,)], axis=0
    )
    assert stats.norm.ppf(above[0]) - stats.norm.ppf(above[1]) == pytest.approx(2 * stats.norm.ppf(0.7), abs=0.1)
    agree = np.mean((verdicts >= 4) == (again >= 4))
    both = stats.multivariate_normal([stats.norm.ppf(0.7)] * 2, [[1, 0.5], [0.5, 1]]).cdf([0, 0])
    assert agree == pytest.approx(1 - 2 * (0.3 - both), abs=0.03)


def test_a_second_simulation_of_one_study_is_refused_in_words(make_study, succeeds, script):
    folder = make_study(number=4, repeat=0.0, size=4)
    succeeds(SCRIPT, 'simulate', folder, '--readers', 1)
    code, _, err = script(SCRIPT, 'simulate', folder, '--readers', 1)
    assert code == 2 and 'code name is taken' in err and err.count('\n') == 1
