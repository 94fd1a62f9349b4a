"""Simulated readers read through the server, and are as good as they were said to be."""

import json
import os

import numpy as np
import pytest
from scipy import stats

from places import ONCE
from turing_test import reading_session, simulate, study

SCRIPT = '6-turing_test.py'


@ONCE
@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_simulated_readers_have_as_much_right_as_was_asked_for(mode, make_study, succeeds):
    folder = make_study(number=120, mode=mode, size=4)
    said = succeeds(SCRIPT, 'simulate', folder, '--accuracy', 0.8, '--readers', 3)
    folder += '-simulated'
    assert '3 readers have read %s,' % folder in said
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


def test_a_study_is_simulated_in_a_copy_and_never_changes(make_study, succeeds, script):
    folder = make_study(number=4, repeat=0.0, size=4)
    with reading_session.opened(folder) as served:
        entry = served.enter('Owl', 3)
        served.answer(0, served.state(0)['item'], 2, 1, [], 1.0)
    with open(os.path.join(folder, study.NAME), 'rb') as f:
        before = f.read()
    assert folder + '-simulated' in succeeds(SCRIPT, 'simulate', os.path.join(folder, study.NAME), '--readers', 1)
    with open(os.path.join(folder, study.NAME), 'rb') as f:
        assert f.read() == before and os.listdir(folder) == [study.NAME]
    copy = study.readings(folder + '-simulated')
    assert [reader.name for reader in copy.readers.values()] == ['simulated 1']
    assert study.truth(folder + '-simulated') == study.truth(folder)
    with reading_session.opened(folder + '-simulated') as served:
        assert served.reader(entry.secret) is None and served.token != 'token'


def test_a_second_simulation_of_one_study_is_refused_unless_it_has_another_place(make_study, succeeds, script):
    folder = make_study(number=4, repeat=0.0, size=4)
    succeeds(SCRIPT, 'simulate', folder, '--readers', 1)
    code, _, err = script(SCRIPT, 'simulate', folder, '--readers', 1)
    assert code == 2 and '-simulated is there already' in err and '--outdir' in err and err.count('\n') == 1
    succeeds(SCRIPT, 'simulate', folder, '--readers', 1, '--outdir', folder + '-2')
    assert len(study.readings(folder + '-2').answers) == 4


def test_readers_are_not_let_into_what_was_simulated_and_its_page_says_what_it_is(make_study, succeeds, script):
    folder = make_study(number=4, repeat=0.0, size=4)
    succeeds(SCRIPT, 'simulate', folder, '--readers', 1)
    code, _, err = script(SCRIPT, 'serve', folder + '-simulated')
    assert code == 2 and 'was read by simulated readers' in err and err.count('\n') == 1
    succeeds(SCRIPT, 'analyse', folder + '-simulated')
    with open(folder + '-simulated/turing_test.html', encoding='utf-8') as f:
        assert 'These readers are simulated' in f.read()
