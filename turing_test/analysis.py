"""Answers of a study as turing_test.json, tables and a page."""

import collections
import json
import os

import numpy as np

from common import files, schema, types
from stats import reader_metrics
from turing_test import exports, study, study_findings, study_page

EVALUATION = dict(rows=[dict(metric=types.text, fakes=types.number, reals=types.number)])
BESIDE = ('recall, ', 'share nearer than')  # how rows of evaluation.json begin of which a study says nothing


def arrays(readings):
    """(numbers of readers who answered, {name: float [readers, cases]}), NaN where nothing was answered.

    Names are verdicts and seconds, of first showings, and again, verdicts of second ones. ValueError if nobody
    answered.
    """
    numbers = sorted({answer.reader for answer in readings.answers})  # a second showing follows a first one
    if not numbers:
        raise ValueError('nobody has answered yet; show it with 6-turing_test.py serve')
    rows, columns = [{x: i for i, x in enumerate(several)} for several in (numbers, sorted(readings.cases))]
    found = {name: np.full([len(rows), len(columns)], np.nan) for name in ('verdicts', 'again', 'seconds')}
    for answer in readings.answers:
        at = rows[answer.reader], columns[answer.case]
        found['again' if answer.repeat else 'verdicts'][at] = answer.verdict
        if not answer.repeat:
            found['seconds'][at] = answer.milliseconds / 1000.0
    return numbers, found


def beside(path):
    """The rows of an evaluation.json that say what a study does not."""
    rows = schema.read(path, EVALUATION, 'run 4-evaluate.py again')['rows']
    return [row for row in rows if row['metric'].startswith(BESIDE)]


def analyse(readings, evaluation=None):
    """What turing_test.json holds: stats.reader_metrics.summary with names and years, and what it means, in words.

    readings: study.Readings; evaluation: rows of evaluation.json to print beside. ValueError if nobody answered.
    """
    agreed, (numbers, found) = readings.protocol, arrays(readings)
    cases = [readings.cases[number] for number in sorted(readings.cases)]
    pairs = agreed['mode'] == '2afc'
    summary = reader_metrics.summary(
        signals=[case.signal for case in cases], labels=[case.label for case in cases], intervals=1 + pairs,
        margin=agreed['margin'], seed=agreed['seed'], **found
    )  # fmt: skip
    for number, one in zip(numbers, summary['readers']):
        one.update(name=readings.readers[number].name, years=readings.readers[number].years)
        one['finished'] = one['answers'] == len(cases)
    data = collections.OrderedDict(mode=agreed['mode'], cases=len(cases), margin=agreed['margin'])
    data['cases_read'] = int((~np.isnan(found['verdicts'])).any(axis=0).sum())
    data['not_begun'] = len(readings.readers) - len(numbers)
    data.update(summary, evaluation=evaluation)
    words = collections.OrderedDict(
        first_sentence=study_findings.first_sentence(data), outcome=study_findings.outcome(data)
    )
    words.update(
        remarks=study_findings.notes(data), warnings=study_findings.warnings(data, agreed.get('simulated', False))
    )
    words.update(data)
    return words


def run(cfg):
    """Write the page and the tables of settings.Analyse, and say what was found and where it lies."""
    readings, rows = study.readings(cfg.study), beside(cfg.evaluation) if cfg.evaluation else None
    try:
        data = analyse(readings, rows)
    except ValueError as error:
        raise ValueError('%s: %s' % (cfg.study, error)) from None
    outdir = cfg.outdir or os.path.dirname(study.path_of(cfg.study))
    os.makedirs(outdir, exist_ok=True)

    def path(name):
        return os.path.join(outdir, name)

    with files.atomic(path('turing_test.json')) as f:
        f.write(json.dumps(dict(data, protocol=readings.protocol), indent=1).encode())
    exports.table(path('turing_test.csv'), readings)
    exports.imrmc(path('turing_test.imrmc'), readings)
    exports.medigan(path('medigan.json'), data)
    study_page.write(path('turing_test.html'), readings, data)
    print(data['first_sentence'])
    for name in ('html', 'json', 'csv', 'imrmc'):
        print(path('turing_test.' + name))
    print(path('medigan.json'))
