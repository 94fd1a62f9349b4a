"""Answers for other programs: a table, the input of iMRMC, and the fields of medigan's model metadata."""

import collections
import csv
import io
import json

from common import files

COLUMNS = 'reader,years,case,position,repeat,class,truth,verdict,milliseconds,windows,zoom'.split(',')
TRUTH = {'yes-no': ('generated', 'real'), '2afc': ('left', 'right')}


def table(path, readings):
    """turing_test.csv: a row of each answer. truth: generated or real, or which one of two is real, left or right."""
    text, words = io.StringIO(), TRUTH[readings.protocol['mode']]
    rows = csv.writer(text, lineterminator='\n')
    rows.writerow(COLUMNS)
    for answer in readings.answers:
        reader, windows = readings.readers[answer.reader], json.dumps(answer.windows, separators=(',', ':'))
        row = [_cell(reader.name), '%g' % reader.years, answer.case, answer.position, int(answer.repeat)]
        row += [_cell(answer.label), words[answer.signal], answer.verdict, answer.milliseconds, windows]
        rows.writerow(row + ['%g' % answer.zoom])
    with files.atomic(path) as f:
        f.write(text.getvalue().encode())


def _cell(text):
    """Text that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ('=', '+', '-', '@', '\t', '\r') else text


def imrmc(path, readings):
    """The text that iMRMC (github.com/DIDSR/iMRMC) reads: reader, case, modality, score of each first showing.

    Reader -1 is the truth, 1 for real (of two: for the right one). A case that nobody answered is left out.
    """
    first = [answer for answer in readings.answers if not answer.repeat]
    cases = sorted({answer.case for answer in first})
    signals = [int(readings.cases[number].signal) for number in cases]
    lines = ['Visual Turing test, mode %s' % readings.protocol['mode'], 'Score: 1 to 6, the higher the surer of 1', '']
    numbers = [('NR', len({answer.reader for answer in first})), ('N0', signals.count(0)), ('N1', signals.count(1))]
    lines += ['%s: %d' % pair for pair in numbers + [('NM', 1)]] + ['', 'BEGIN DATA:']
    lines += ['-1,%d,0,%d' % pair for pair in zip(cases, signals)]
    lines += ['%d,%d,1,%d' % (answer.reader, answer.case, answer.verdict) for answer in first]
    with files.atomic(path) as f:
        f.write(('\n'.join(lines) + '\n').encode())


def medigan(path, data):
    """medigan.json: what medigan's metadata hold under selection.performance, of each reader in one order."""
    several = data['readers']
    found = collections.OrderedDict(number_radiologists=len(several))
    found['AUC'] = [one['auc'] and round(one['auc'], 3) for one in several]
    found['accuracy'] = [round(one['accuracy'], 3) for one in several]
    found['years_experience'] = [one['years'] for one in several]
    with files.atomic(path) as f:
        f.write((json.dumps(dict(turing_test=found), indent=1) + '\n').encode())
