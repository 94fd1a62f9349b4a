"""Answers for other programs: a table, the input of iMRMC, and the fields of medigan's model metadata."""

import json

from common import files

COLUMNS = 'reader,years,case,position,repeat,class,truth,verdict,milliseconds,windows,zoom'.split(',')
TRUTH = {'yes-no': ('generated', 'real'), '2afc': ('left', 'right')}


def table(path, readings):
    """turing_test.csv: a row for each answer. truth: generated or real, or which one of two is real, left or right."""
    rows = [COLUMNS]
    for answer in readings.answers:
        reader = readings.readers[answer.reader]
        truth = TRUTH[readings.protocol['mode']][answer.signal]
        windows = json.dumps(answer.windows, separators=(',', ':'))
        row = [_cell(reader.name), '%g' % reader.years, answer.case, answer.position, int(answer.repeat)]
        row += [_cell(answer.label), truth, answer.verdict, answer.milliseconds, windows, '%g' % answer.zoom]
        rows.append(row)
    files.write_csv(path, rows)


def _cell(text):
    """Text that a spreadsheet does not take for a formula."""
    return "'" + text if text[:1] in ('=', '+', '-', '@', '\t', '\r') else text


def imrmc(path, readings):
    """The text that iMRMC (github.com/DIDSR/iMRMC) reads: reader, case, modality, score of each first showing.

    Reader -1 is the truth, 1 for real (of two: for the right one). A case that nobody answered is left out.
    """
    answers = [answer for answer in readings.answers if not answer.repeat]
    readers = {answer.reader for answer in answers}
    signals = {number: int(readings.cases[number].signal) for number in sorted({answer.case for answer in answers})}
    noise_count, signal_count = [list(signals.values()).count(signal) for signal in (0, 1)]
    lines = ['Visual Turing test, mode %s' % readings.protocol['mode'], 'Score: 1 to 6, the higher the surer of 1', '']
    lines += ['NR: %d' % len(readers), 'N0: %d' % noise_count, 'N1: %d' % signal_count, 'NM: 1', '', 'BEGIN DATA:']
    lines += ['-1,%d,0,%d' % pair for pair in signals.items()]
    lines += ['%d,%d,1,%d' % (answer.reader, answer.case, answer.verdict) for answer in answers]
    files.write_text(path, '\n'.join(lines) + '\n')


def medigan(path, data):
    """medigan.json: what medigan's metadata hold under selection.performance, of each reader in one order."""
    readers = data['readers']
    fields = dict(
        number_radiologists=len(readers),
        AUC=[reader['auc'] and round(reader['auc'], 3) for reader in readers],
        accuracy=[round(reader['accuracy'], 3) for reader in readers],
        years_experience=[reader['years'] for reader in readers],
    )
    files.write_text(path, json.dumps(dict(turing_test=fields), indent=1) + '\n')
