"""The answers of a study as numbers and findings, in turing_test.json, tables and a page."""

import os

import numpy as np

from common import files, schema, types
from common.formatting import p_equals, percent
from stats import reader_metrics
from turing_test import exports, study, study_page

EVALUATION = dict(rows=[dict(metric=types.text, key=types.text, fakes=types.number, reals=types.number)])
BESIDE = 'recall', 'nearer_share'  # keys of rows of evaluation.json that a study does not measure
ALPHA = 0.05
ONE_SIDED = 0.95  # share of answers on one side from which on a reader has hardly chosen
ENOUGH = 20  # answers, or repeats; fewer raise no warning


def run(cfg):
    """Write the tables and the page of study_settings.Analyse, and print the first sentence and where they are."""
    readings = study.readings(cfg.study)
    evaluation = read_evaluation(cfg.evaluation) if cfg.evaluation else None
    if not readings.answers:
        raise ValueError('%s: nobody has answered yet; show it with 6-turing_test.py serve' % cfg.study)
    data = analyse(readings, evaluation)
    outdir = cfg.outdir or os.path.dirname(study.path_of(cfg.study))
    os.makedirs(outdir, exist_ok=True)
    names = 'turing_test.html', 'turing_test.json', 'turing_test.csv', 'turing_test.imrmc', 'medigan.json'
    page, numbers, table, imrmc, medigan = paths = [os.path.join(outdir, name) for name in names]
    files.write_json(numbers, dict(data, protocol=readings.protocol))
    exports.table(table, readings)
    exports.imrmc(imrmc, readings)
    exports.medigan(medigan, data)
    study_page.write(page, readings, data)
    print('\n'.join([data['first_sentence']] + paths))


def read_evaluation(path):
    """The rows of an evaluation.json about what a study does not measure."""
    rows = schema.read(path, EVALUATION, 'run 4-evaluate.py again')['rows']
    return [row for row in rows if row['key'] in BESIDE]


def answer_arrays(readings):
    """(numbers of the readers who answered, {name: float [readers, cases]}), NaN where nothing was answered.

    Names: verdicts and seconds, of first showings, and again, verdicts of second ones.
    """
    readers = sorted({answer.reader for answer in readings.answers})  # a second showing follows a first one
    cases = sorted(readings.cases)
    arrays = {name: np.full([len(readers), len(cases)], np.nan) for name in ('verdicts', 'again', 'seconds')}
    for answer in readings.answers:
        place = readers.index(answer.reader), cases.index(answer.case)
        if answer.repeat:
            arrays['again'][place] = answer.verdict
        else:
            arrays['verdicts'][place] = answer.verdict
            arrays['seconds'][place] = answer.milliseconds / 1000.0
    return readers, arrays


def analyse(readings, evaluation=None):
    """FILE FORMAT: what turing_test.json holds, stats.reader_metrics.summary and findings, keys with numbers.

    readings: study.Readings with answers; evaluation: rows of evaluation.json to show beside.
    """
    protocol, (readers, arrays) = readings.protocol, answer_arrays(readings)
    cases = [readings.cases[number] for number in sorted(readings.cases)]
    data = dict(mode=protocol['mode'], cases=len(cases), margin=protocol['margin'], evaluation=evaluation)
    data['cases_read'] = int((~np.isnan(arrays['verdicts'])).any(axis=0).sum())
    data['not_begun'] = len(readings.readers) - len(readers)
    data.update(
        reader_metrics.summary(
            signals=[case.signal for case in cases],
            labels=[case.label for case in cases],
            intervals=2 if protocol['mode'] == '2afc' else 1,
            margin=protocol['margin'],
            seed=protocol['seed'],
            **arrays,
        )
    )
    for number, reader in zip(readers, data['readers']):
        name, years = readings.readers[number]
        reader.update(name=name, years=years, finished=reader['answers'] == len(cases))
    findings = dict(outcome=outcome(data), first_sentence=first_sentence(data), notes=notes(data))
    findings['warnings'] = warnings(data, protocol.get('simulated', False))
    return dict(findings, **data)


def is_one_sided(reader):
    """Whether a reader gave nearly always an answer of the same side."""
    noise, signals = reader['counts']
    high = sum(noise[3:]) + sum(signals[3:])
    return reader['answers'] >= ENOUGH and not 1 - ONE_SIDED < high / float(reader['answers']) < ONE_SIDED


def outcome(data):
    """'better' or 'worse' than chance, 'alike' if shown to lie within the margin, or 'open'."""
    pooled = data['pooled']
    if pooled['p'] < ALPHA:
        return 'better' if pooled['accuracy'] > 0.5 else 'worse'
    if pooled['equivalence']['shown'] and not any(map(is_one_sided, data['readers'])):
        return 'alike'
    return 'open'


def first_sentence(data):
    """The outcome of all readers together, with its numbers, as a sentence."""
    pooled, margin = data['pooled'], '%g points' % round(100 * data['margin'], 1)
    is_shown, p = pooled['equivalence']['shown'], p_equals(pooled['p'])
    if outcome(data) == 'alike':
        p = p_equals(pooled['equivalence']['p'])
        finding = 'not told apart within %s of chance (two one-sided tests, %s)' % (margin, p)
    elif outcome(data) == 'open':
        reason = 'too few answers'
        if is_shown:
            reason = 'a reader who always gives one answer has not looked for a difference'
        elif abs(pooled['accuracy'] - 0.5) >= data['margin']:
            reason = 'too few answers, though they lean to one side'
        finding = 'neither shown to be told apart (%s) nor shown to be alike: %s' % (p, reason)
    else:
        limit = ', but shown to be so by less than ' + margin if is_shown else ''
        finding = '%s than chance (%s)%s' % (outcome(data), p, limit)
    return '{readers} {task} in {accuracy} ({low:.1f}\u2013{high:.1f} %) of {cases}: {finding}.'.format(
        readers=_count(len(data['readers']), 'reader'),
        task='told real from generated' if data['mode'] == 'yes-no' else 'picked the real one of two',
        accuracy=percent(pooled['accuracy']),
        low=100 * pooled['accuracy_interval'][0],
        high=100 * pooled['accuracy_interval'][1],
        cases=_count(data['cases_read'], 'case'),
        finding=finding,
    )


def _count(number, noun):
    return '%d %s%s' % (number, noun, '' if number == 1 else 's')


def notes(data):
    """[{key, numbers}] of what a reader of the first sentence must know: who is not done, and for whom it holds."""
    findings, pooled, readers = [], data['pooled'], data['readers']
    unfinished = {reader['name']: reader['answers'] for reader in readers if not reader['finished']}
    if unfinished:
        findings.append(dict(key='unfinished', answers=unfinished))
    if data['not_begun']:
        findings.append(dict(key='not_begun', readers=data['not_begun']))
    if pooled['p_readers'] is not None:
        findings.append(dict(key='other_readers', p=pooled['p_readers']))
    else:
        findings.append(dict(key='these_readers_only'))
    if outcome(data) != 'better' and not pooled['equivalence']['shown']:
        findings.append(dict(key='room_left', interval=pooled['equivalence']['interval']))
    if len(readers) > 1 and outcome(data) in ('alike', 'open'):
        better = {reader['name']: reader['accuracy'] for reader in readers
                  if reader['p'] * len(readers) < ALPHA and reader['accuracy'] > 0.5}  # fmt: skip
        if better:
            findings.append(dict(key='better_alone', accuracies=better))
    return findings


def warnings(data, simulated=False):
    """[{key, numbers}] of what makes answers doubtful: simulation, one-sided readers, no agreement with oneself."""
    findings = [dict(key='simulated')] if simulated else []
    for reader in data['readers']:
        if is_one_sided(reader):
            findings.append(dict(key='one_sided', reader=reader['name']))
        repeats = reader['repeats']
        if repeats['number'] >= ENOUGH and repeats['agreement_interval'][1] < 0.6:
            findings.append(dict(key='inconsistent', reader=reader['name'], agreement=repeats['agreement']))
    return findings
