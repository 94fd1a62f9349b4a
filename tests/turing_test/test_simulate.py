"""Simulated readers read through the server, with the accuracy that was set."""

import json
import os

import numpy as np
import pytest
from scipy import stats

from places import ONCE
from stats import signal_detection
from turing_test import reading_session, simulate, study

SCRIPT = '6-turing_test.py'


@pytest.mark.slow
@ONCE
@pytest.mark.parametrize('mode', ['yes-no', '2afc'])
def test_simulated_readers_have_the_accuracy_that_was_set(mode, make_study, succeeds):
    folder = make_study(number=120, mode=mode, size=4)
    printed = succeeds(SCRIPT, 'simulate', folder, '--accuracy', 0.8, '--readers', 3)
    folder += '-simulated'
    assert '3 readers have read %s,' % folder in printed
    answers = study.readings(folder).answers
    right = [(answer.verdict >= 4) == answer.signal for answer in answers if not answer.repeat]
    assert len(right) == 360 and abs(np.mean(right) - 0.8) < 4 * np.sqrt(0.8 * 0.2 / 360)
    assert {answer.verdict for answer in answers} == {1, 2, 3, 4, 5, 6}
    succeeds(SCRIPT, 'analyse', folder)
    with open(folder + '/turing_test.json') as f:
        data = json.load(f)
    assert data['warnings'][0] == dict(key='simulated_readers')
    assert data['first_sentence'].startswith('3 simulated readers ')
    assert data['pooled']['accuracy'] == pytest.approx(np.mean(right))
    assert [reader['name'] for reader in data['readers']] == ['simulated 1', 'simulated 2', 'simulated 3']


def test_impressions_are_those_of_the_equal_variance_model():
    truth = {str(i).encode(): i % 2 == 0 for i in range(4000)}
    mean = simulate.mean_impression(0.7, None, 'yes-no')
    reader = simulate.Impressions(truth, mean, 0.0, 1)
    verdicts = np.array([reader.verdict(case) for case in truth])
    again = np.array([reader.verdict(case) for case in truth])
    signals = np.array(list(truth.values()))
    hits, false_alarms = (verdicts[signals] >= 4).mean(), (verdicts[~signals] >= 4).mean()
    assert stats.norm.ppf(hits) - stats.norm.ppf(false_alarms) == pytest.approx(2 * stats.norm.ppf(0.7), abs=0.1)
    agree = np.mean((verdicts >= 4) == (again >= 4))
    both = stats.multivariate_normal([stats.norm.ppf(0.7)] * 2, [[1, 0.5], [0.5, 1]]).cdf([0, 0])
    assert agree == pytest.approx(1 - 2 * (0.3 - both), abs=0.03)


@pytest.mark.parametrize('mode, intervals', [('yes-no', 1), ('2afc', 2)])
def test_dprime_and_criterion_are_those_that_were_set(mode, intervals):
    truth = {str(i).encode(): i % 2 == 0 for i in range(20000)}
    reader = simulate.Impressions(truth, simulate.mean_impression(0.65, 1.0, mode), 0.6, 1)
    counts = signal_detection.cells(list(truth.values()), [reader.verdict(case) for case in truth]).sum(axis=0)
    dprime, criterion = signal_detection.dprime_and_criterion(counts, intervals)
    assert [dprime, criterion] == pytest.approx([1.0, 0.6], abs=0.05)


@pytest.mark.slow
@ONCE
def test_a_reader_who_leans_to_one_answer_is_simulated_and_never_found_unable(make_study, succeeds, complains):
    folder = make_study(number=100, size=4)
    flags = '--d-prime', 1, '--criterion', 1.6, '--readers', 1
    succeeds(SCRIPT, 'simulate', folder, *flags)
    succeeds(SCRIPT, 'analyse', folder + '-simulated')
    with open(folder + '-simulated/turing_test.json') as f:
        data = json.load(f)
    assert data['verdict'] in ('told_apart', 'undecided')
    assert data['warnings'][1]['key'] in ('leaning', 'one_sided')
    complains(
        SCRIPT, 'simulate', folder, *flags, '--accuracy', 0.6, parts=['--accuracy and --d-prime', 'leave out one']
    )


def test_a_study_is_simulated_once_in_a_copy_that_no_reader_is_let_into(make_study, succeeds, complains):
    folder = make_study(number=4, repeat=0.0, size=4)
    with reading_session.opened(folder) as session:
        entry = session.enter('Owl', 3)
        session.answer(0, session.state(0)['item'], 2, 1, [], 1.0)
    with open(os.path.join(folder, study.NAME), 'rb') as f:
        before = f.read()
    copy = folder + '-simulated'
    printed = succeeds(SCRIPT, 'simulate', os.path.join(folder, study.NAME), '--readers', 1)
    assert '1 reader has read %s,' % copy in printed
    with open(os.path.join(folder, study.NAME), 'rb') as f:
        assert f.read() == before and os.listdir(folder) == [study.NAME]
    assert [reader.name for reader in study.readings(copy).readers.values()] == ['simulated 1']
    assert study.truth(copy) == study.truth(folder)
    with reading_session.opened(copy) as session:
        assert session.reader(entry.secret) is None and session.token != 'token'
    complains(SCRIPT, 'serve', copy, parts=['was read by simulated readers'])
    complains(SCRIPT, 'simulate', folder, '--readers', 1, parts=['-simulated is there already', '--outdir'])
    succeeds(SCRIPT, 'simulate', folder, '--readers', 1, '--outdir', folder + '-2')
    assert len(study.readings(folder + '-2').answers) == 4
