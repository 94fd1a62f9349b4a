"""What is said of a study, and the files for other programs, against the answers themselves."""

import csv
import json
import os

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from places import visible
from readings import simulated
from turing_test import exports, reading_session, study_analysis, study_settings


def first(readings, reader=None):
    return [x for x in readings.answers if not x.repeat and reader in (None, x.reader)]


def test_accuracies_are_those_of_the_answers_and_readers_keep_their_names_and_years():
    readings = simulated([0.6, 0.7], names=['junior', 'senior'])
    data = json.loads(json.dumps(study_analysis.analyse(readings), allow_nan=False))
    for number, reader in enumerate(data['readers']):
        answers = first(readings, number)
        assert reader['accuracy'] == np.mean([(x.verdict >= 4) == x.signal for x in answers]) and reader['finished']
        signals, verdicts = [x.signal for x in answers], [x.verdict for x in answers]
        assert reader['auc'] == pytest.approx(sklearn_metrics.roc_auc_score(signals, verdicts))
        assert reader['seconds'] == pytest.approx(np.median([x.milliseconds for x in answers]) / 1000)
        assert reader['repeats']['number'] == 6
    assert [(reader['name'], reader['years']) for reader in data['readers']] == [('junior', 0), ('senior', 2.5)]
    assert data['pooled']['answers'] == 120 and list(data['classes']) == ['AIS', 'MIA', 'IA']


@pytest.mark.parametrize(
    'skills, number, verdict, end',
    [([0.75] * 3, 300, 'told_apart', 'told apart, better than chance (p = 0.003).'),
     ([0.25], 300, 'told_apart', 'told apart, worse than chance (p < 0.001).'),
     ([0.5] * 3, 300, 'not_told_apart',
      'not told apart, as accuracy (within 10 points of chance), AUC and d\u2032 are shown to be near it.'),
     ([0.5], 60, 'undecided',
      'undecided, neither shown to be told apart (p = 0.540) nor shown to be alike: too few answers.'),
     ([0.5], 12, 'undecided', 'undecided, as no reader has read 10 cases of each kind.')],
)  # fmt: skip
def test_the_first_sentence_says_what_was_shown_and_of_how_many(skills, number, verdict, end):
    data = study_analysis.analyse(simulated(skills, number))
    sentence, pooled = data['first_sentence'], data['pooled']
    who = '1 reader' if len(skills) == 1 else '3 readers'
    numbers = [100 * x for x in [pooled['accuracy']] + (pooled['accuracy_interval'] or [])]
    begin = who + ' told real from generated in %.1f %% (%.1f\u2013%.1f %%) of ' % tuple(numbers)
    assert sentence.startswith('%s%d cases, AUC %.2f' % (begin, number, pooled['auc']))
    assert sentence.endswith(': ' + end) and data['verdict'] == verdict == pooled['verdict']
    assert (data['reason'] is None) == (verdict != 'undecided')


def test_many_answers_show_a_difference_and_that_it_is_small():
    data = study_analysis.analyse(simulated([0.55] * 6, 300))
    assert data['verdict'] == 'told_apart' and all(x['shown'] for x in data['pooled']['equivalence'].values())
    assert data['first_sentence'].endswith(', but shown to be so by less than 10 points.')


def test_a_p_above_0_05_is_never_taken_for_equality():
    for seed in range(8):
        data = study_analysis.analyse(simulated([0.5], 50, seed=seed))
        low, high = data['pooled']['equivalence']['auc']['interval']
        assert data['verdict'] != 'not_told_apart' and (
            low < data['margins']['auc'][0] or high > data['margins']['auc'][1]
        )


def test_a_reader_who_can_tell_but_leans_to_one_answer_is_told_apart_or_undecided_and_named():
    for seed in range(10):
        readings = simulated([0.69], 100, seed=seed, criterion=1.6)
        data = study_analysis.analyse(readings)
        assert data['verdict'] != 'not_told_apart'
        (warning,) = [x for x in data['warnings'] if x['key'] in ('leaning', 'one_sided')]
        assert warning['reader'] == 'reader 0'
        if warning['key'] == 'leaning':
            share = np.mean([x.verdict < 4 for x in first(readings)])
            assert warning['share'] == share and warning['side'] == 'low' and warning['criterion'] > 1
    opposite = study_analysis.analyse(simulated([0.69], 300, criterion=-1))
    (warning,) = [x for x in opposite['warnings'] if x['key'] == 'leaning']
    assert warning['side'] == 'high' and warning['criterion'] < -0.5 < 0.5 < warning['share']
    assert not study_analysis.analyse(simulated([0.69], 300))['warnings']


def test_simulated_readers_and_patches_are_called_simulated_in_the_first_sentence():
    readings = simulated([0.7] * 3, 60)
    readings = readings._replace(protocol=dict(readings.protocol, simulated=True, phantoms=True))
    data = study_analysis.analyse(readings)
    assert data['first_sentence'].startswith('3 simulated readers told simulated from generated in ')
    assert [x['key'] for x in data['warnings'][:2]] == ['simulated_readers', 'phantoms']


def test_readers_with_few_answers_are_left_out_of_the_verdict_and_named():
    data = study_analysis.analyse(simulated([0.6, 0.6, 0.6], 60, names=['a', 'b', 'c'], done=[66, 66, 5]))
    assert data['pooled']['analysed'] == [0, 1]
    assert dict(key='left_out', readers=['c'], cases=10) in data['notes']
    assert dict(key='other_readers', readers=2) in data['notes']


def test_readers_who_are_not_done_or_have_not_begun_are_counted():
    data = study_analysis.analyse(simulated([0.6, 0.6, None], 60, names=['a', 'b', 'c'], done=[66, 20, 0]))
    assert data['notes'][:2] == [dict(key='unfinished', answers=dict(b=20)), dict(key='not_begun', readers=1)]
    assert [reader['answers'] for reader in data['readers']] == [60, 20] and data['not_begun'] == 1


def test_a_reader_who_always_gives_one_answer_is_no_evidence_of_equality():
    readings = simulated([0.5], 300)
    readings = readings._replace(answers=[x._replace(verdict=6) for x in readings.answers])
    data = study_analysis.analyse(readings)
    assert data['pooled']['accuracy'] == 0.5 and (data['verdict'], data['reason']) == ('undecided', 'one_sided')
    assert 'always gives one answer' in data['first_sentence']
    assert data['warnings'] == [dict(key='one_sided', reader='reader 0')]


def test_a_reader_who_does_not_agree_with_oneself_more_than_a_coin_is_a_warning():
    readings = simulated([0.95], 300)
    assert study_analysis.analyse(readings)['warnings'] == []
    answers = [x._replace(verdict=7 - x.verdict) if x.repeat else x for x in readings.answers]
    data = study_analysis.analyse(readings._replace(answers=answers))
    agreement = data['readers'][0]['repeats']['agreement']
    assert data['warnings'] == [dict(key='inconsistent', reader='reader 0', agreement=agreement)]


def test_one_who_can_tell_is_named_where_all_together_cannot():
    data = study_analysis.analyse(simulated([0.4, 0.5, 0.5, 0.72], 100, names=list('abcd')))
    assert data['verdict'] == 'undecided'
    assert data['notes'][-1] == dict(key='told_alone', areas=dict(d=data['readers'][3]['auc']))


def test_the_table_holds_each_answer_as_it_was_given(tmp_path):
    readings = simulated([0.6, 0.6], 20, names=['=1+1', 'b "c", d'])
    exports.table(str(tmp_path / 'a.csv'), readings)
    with open(str(tmp_path / 'a.csv'), newline='', encoding='utf-8') as f:
        rows = list(csv.DictReader(f))
    assert list(rows[0]) == exports.COLUMNS and len(rows) == 44 and rows[0]['reader'] == "'=1+1"
    for row, answer in zip(rows, readings.answers):
        assert [int(row[name]) for name in ('case', 'position', 'repeat', 'verdict', 'milliseconds')] == [
            answer.case, answer.position, answer.repeat, answer.verdict, answer.milliseconds
        ]  # fmt: skip
        assert row['truth'] == ('real' if answer.signal else 'generated') and row['class'] == answer.label
        assert json.loads(row['windows']) == answer.windows
    assert rows[-1]['reader'] == 'b "c", d'


def test_the_file_for_imrmc_gives_the_areas_back(tmp_path):
    readings = simulated([0.6, 0.7], 40, done=[44, 30])
    exports.imrmc(str(tmp_path / 'a.imrmc'), readings)
    text = (tmp_path / 'a.imrmc').read_text()
    head, body = text.split('BEGIN DATA:\n')
    assert {'NR: 2', 'N0: 20', 'N1: 20', 'NM: 1'} <= set(head.split('\n'))
    rows = [line.split(',') for line in body.strip().split('\n')]
    assert {len(row) for row in rows} == {4} and len({tuple(row[:3]) for row in rows}) == len(rows)
    truth = {row[1]: int(row[3]) for row in rows if row[0] == '-1'}
    assert len(truth) == 40 and {row[2] for row in rows if row[0] == '-1'} == {'0'}
    data = study_analysis.analyse(readings)
    for number, reader in enumerate(data['readers']):
        answers = [(truth[row[1]], float(row[3])) for row in rows if row[0] == str(number)]
        assert sklearn_metrics.roc_auc_score(*zip(*answers)) == pytest.approx(reader['auc'])


def test_medigans_fields_have_a_number_of_each_radiologist_in_one_order(tmp_path):
    data = study_analysis.analyse(simulated([0.6, 0.7]))
    exports.medigan(str(tmp_path / 'm.json'), data)
    fields = json.loads((tmp_path / 'm.json').read_text())['turing_test']
    assert fields['number_radiologists'] == 2 and fields['years_experience'] == [0, 2.5]
    assert fields['accuracy'] == [round(reader['accuracy'], 3) for reader in data['readers']]
    assert fields['AUC'] == [round(reader['auc'], 3) for reader in data['readers']]


def evaluation(tmp_path, rows):
    path = tmp_path / 'evaluation.json'
    path.write_text(json.dumps(dict(rows=rows)))
    return str(path)


def test_recall_and_copies_of_an_evaluation_stand_beside(tmp_path):
    keys = 'swd', 'precision', 'recall', 'nearer_share'
    path = evaluation(tmp_path, [dict(metric='a label', key=key, fakes=0.4, reals=0.8, wanted='low') for key in keys])
    assert [row['key'] for row in study_analysis.read_evaluation(path)] == list(keys[2:])
    with pytest.raises(ValueError, match='evaluation.json is damaged .*run 4-evaluate.py again'):
        study_analysis.read_evaluation(evaluation(tmp_path, [1]))


def test_a_study_is_analysed_into_its_own_folder_and_one_without_answers_is_refused(make_study, capsys):
    folder = make_study()
    with pytest.raises(ValueError, match='nobody has answered yet') as refused:
        study_analysis.run(study_settings.Analyse(study=folder))
    assert str(refused.value).count('\n') == 0 and os.listdir(folder) == ['study.sqlite']
    with reading_session.opened(folder) as served:
        reader = served.reader(served.enter('reader', 3).secret)
        for i in range(15):
            served.answer(reader, served.state(reader)['item'], 1 + i % 6, 900, [[-600, 1500]], 1.0)
    study_analysis.run(study_settings.Analyse(study=folder))
    lines = capsys.readouterr().out.strip().split('\n')
    assert lines[0].startswith('1 reader told real from generated in ')
    names = ['turing_test.html', 'turing_test.json', 'turing_test.csv', 'turing_test.imrmc', 'medigan.json']
    assert lines[1:] == [os.path.join(folder, name) for name in names]
    assert visible(folder) == sorted(names + ['study.sqlite'])
    with open(os.path.join(folder, 'turing_test.json'), encoding='utf-8') as f:
        fields = json.load(f)
    assert fields['first_sentence'] == lines[0] and fields['readers'][0]['answers'] == 11
    assert fields['protocol']['number'] == 30
