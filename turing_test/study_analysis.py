"""The answers of a study as numbers and findings, in turing_test.json, tables and a page."""

import os

import numpy as np

from common import files, schema, types
from common.formatting import p_equals, percent
from stats import reader_metrics, signal_detection
from turing_test import exports, study, study_page

EVALUATION = dict(rows=[dict(metric=types.text, key=types.text, fakes=types.number, reals=types.number)])
BESIDE = 'recall', 'nearer_share'  # keys of rows of evaluation.json that a study does not measure
ENOUGH = 20  # repeats; fewer raise no warning
LEANING = 0.5  # criterion from which on a reader is said to lean; one who sees nothing gives 69 % of answers to a side


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
    data.update(original=study.original(protocol), simulated_readers=protocol.get('simulated', False))
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
    findings = {name: data['pooled'][name] for name in ('verdict', 'reason')}
    findings.update(first_sentence=first_sentence(data), notes=notes(data), warnings=warnings(data))
    return dict(findings, **data)


def first_sentence(data):
    """The verdict on all readers together, with its numbers, as a sentence."""
    pooled, word = data['pooled'], data['original']
    yes_no = data['mode'] == 'yes-no'
    return '{readers} {task} in {accuracy}{interval} of {cases}{auc}{auc_interval}: {finding}.'.format(
        readers=_count(len(data['readers']), 'simulated reader' if data['simulated_readers'] else 'reader'),
        task='told %s from generated' % word if yes_no else 'picked the %s one of two' % word,
        accuracy=percent(pooled['accuracy']),
        interval=_ends(pooled['accuracy_interval'], ' (%.1f\u2013%.1f %%)', 100),
        cases=_count(data['cases_read'], 'case'),
        auc='' if pooled['auc'] is None else ', AUC %.2f' % pooled['auc'],
        auc_interval=_ends(pooled['auc_interval'], ' (%.2f\u2013%.2f)'),
        finding=_finding(data),
    )


def _ends(interval, template, scale=1):
    return template % tuple(scale * end for end in interval) if interval else ''


def _finding(data):
    """What the first sentence says of the verdict."""
    pooled, margin = data['pooled'], '%g points' % round(100 * data['margin'], 1)
    if pooled['verdict'] == 'told_apart':
        within = all(each['shown'] for each in pooled['equivalence'].values())
        limit = ', but shown to be so by less than ' + margin if within else ''
        return 'told apart, %s than chance (%s)%s' % (direction(pooled), p_equals(pooled['p']), limit)
    if pooled['verdict'] == 'not_told_apart':
        return 'not told apart, as accuracy (within %s of chance), AUC and d\u2032 are shown to be near it' % margin
    if pooled['reason'] == 'few_cases':
        return 'undecided, as no reader has read %d cases of each kind' % reader_metrics.LEAST_CASES
    reasons = dict(
        one_sided='a reader who always gives one answer has not looked for a difference',
        told_alone='a reader alone can tell',
        accuracy_alone='accuracy is within %s of chance, but AUC and d\u2032 may not be near it' % margin,
        few_answers='too few answers',
    )
    reason = reasons[pooled['reason']]
    if pooled['reason'] == 'few_answers' and abs(pooled['accuracy'] - 0.5) >= data['margin']:
        reason += ', although accuracy lies outside the margin'
    return 'undecided, neither shown to be told apart (%s) nor shown to be alike: %s' % (p_equals(pooled['p']), reason)


def direction(group):
    """'better' or 'worse', of an AUC that is told from chance."""
    return 'better' if group['auc'] > 0.5 else 'worse'


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
    analysed = [readers[number] for number in pooled['analysed']]
    if 0 < len(analysed) < len(readers):
        left_out = [reader['name'] for reader in readers if reader not in analysed]
        findings.append(dict(key='left_out', readers=left_out, cases=reader_metrics.LEAST_CASES))
    if analysed:
        findings.append(dict(key='other_readers' if len(analysed) > 1 else 'this_reader_only', readers=len(analysed)))
    if pooled['verdict'] == 'told_apart' and direction(pooled) == 'worse':
        findings.append(dict(key='worse'))
    room = pooled['equivalence']['auc']['interval'] if pooled['equivalence'] and pooled['reason'] else None
    if room:
        findings.append(dict(key='room_left', interval=room))
    if len(analysed) > 1 and pooled['verdict'] != 'told_apart':
        alone = {reader['name']: reader['auc'] for reader in analysed
                 if reader['p'] * len(analysed) < reader_metrics.ALPHA}  # fmt: skip
        if alone:
            findings.append(dict(key='told_alone', areas=alone))
    return findings


def warnings(data):
    """[{key, numbers}] of what makes answers doubtful: who or what was simulated, and how readers answer."""
    findings = [dict(key='simulated_readers')] if data['simulated_readers'] else []
    if data['original'] == 'simulated':
        findings.append(dict(key='phantoms'))
    for reader in data['readers']:
        interval = reader['criterion_interval']
        if reader_metrics.is_one_sided(reader['counts']):
            findings.append(dict(key='one_sided', reader=reader['name']))
        elif interval and interval[0] * interval[1] > 0 and abs(reader['criterion']) > LEANING:
            low = sum(sum(counts[: signal_detection.LEAST - 1]) for counts in reader['counts'])
            is_low = reader['criterion'] > 0
            share = (low if is_low else reader['answers'] - low) / float(reader['answers'])
            leaning = dict(criterion=reader['criterion'], share=share, side='low' if is_low else 'high')
            findings.append(dict(leaning, key='leaning', reader=reader['name']))
        repeats = reader['repeats']
        if repeats['number'] >= ENOUGH and repeats['agreement_interval'][1] < 0.6:
            findings.append(dict(key='inconsistent', reader=reader['name'], agreement=repeats['agreement']))
    return findings
