"""Several models beside each other: plain data for a file or a page, and a table as text.

The data of `compare` are what comparison.json holds:
  data, held_out, compared, seed: what was compared; texts, and a number. weights: digests of the weight files.
  models: [{name, model, folder, kimg, notes}]; name: short and unique; folder: of its evaluation.html, within the same
    folder; kimg: of its training, where its file tells, or null; notes: texts.
  metrics: [{metric, wanted, reals, models, best, as_good}]; reals and each of models: {value, interval}; best: index of
    the model that is nearest to what is wanted; as_good: indices of those whose paired difference from it is within
    chance.
  curves: [{metric, wanted, kimg, value, lo, hi, reals}], lists over the models that have kimg, in that order; none if
    fewer than two have.
"""

import collections
import json
import os
import re

from common import files, page, svg_plots
from metrics import evaluation_page
from stats.bootstrap import difference

COLUMNS = 6  # models beside each other in the table
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'comparison.html')
SHOWN = 6  # pictures of a model


def kimg_of(model):
    """Thousands of images that a snapshot named network-snapshot-KKKKKK.pkl had seen, or None."""
    match = re.search(r'network-snapshot-(\d+)\.pkl$', model)
    return int(match.group(1)) if match else None


def names(models):
    """A name for each path of a model, different ones whatever the case of letters: that of the file, if it can be."""
    parts = [os.path.splitext(os.path.abspath(model))[0].split(os.sep) for model in models]
    ends = [part[-1] for part in parts]
    lower = [end.lower() for end in ends]
    found, taken = [], set()
    for part, end in zip(parts, ends):
        name = '-'.join(part[-2:]).strip('-') if lower.count(end.lower()) > 1 else end
        number, free = 2, name
        while free.lower() in taken:
            number, free = number + 1, '%s-%d' % (name, number)
        taken.add(free.lower())
        found.append(free)
    return found


def _estimate(found):
    return collections.OrderedDict(value=found.value, interval=found.interval)


def _metric(rows, smallest):
    """One metric of all models; rows: of evaluation.Row."""
    fakes, wanted = [row.fakes for row in rows], rows[0].wanted
    reals = rows[-1].reals
    off = {'low': lambda x: x, 'high': lambda x: -x, 'as reals': lambda x: abs(x - reals.value)}[wanted]
    best = min(range(len(rows)), key=lambda i: off(fakes[i].value))
    as_good = []
    for i, found in enumerate(fakes):
        lo, hi = difference(found, fakes[best], smallest).interval
        if i != best and lo <= 0 <= hi:
            as_good.append(i)
    metric = collections.OrderedDict(metric=rows[0].metric, wanted=wanted, reals=_estimate(reals))
    metric.update(models=[_estimate(found) for found in fakes], best=best, as_good=as_good)
    return metric


def compare(evaluations):
    """The comparison of at least two Evaluations of one suite.evaluate_models, as described above."""
    abouts, smallest = [dict(found.about) for found in evaluations], min(len(found.fakes) for found in evaluations)
    result = collections.OrderedDict((name, abouts[0][name]) for name in ('data', 'held-out reals', 'compared', 'seed'))
    paths = [about['model'] for about in abouts]
    result.update(weights=[digest for found in evaluations for digest in found.weights], models=[])
    for name, path, found in zip(names(paths), paths, evaluations):
        model = collections.OrderedDict(name=name, model=path, folder=name, kimg=kimg_of(path), notes=found.notes)
        result['models'].append(model)
    result['metrics'] = [_metric(rows, smallest) for rows in zip(*[found.rows for found in evaluations])]
    kimg = [model['kimg'] for model in result['models']]
    order = sorted((i for i in range(len(kimg)) if kimg[i] is not None), key=lambda i: kimg[i])
    result['curves'] = []
    for metric in result['metrics'] if len(order) > 1 else ():
        points = [metric['models'][i] for i in order]
        curve = collections.OrderedDict(metric=metric['metric'], wanted=metric['wanted'])
        curve.update(kimg=[kimg[i] for i in order], value=[point['value'] for point in points])
        curve.update(lo=[point['interval'][0] for point in points], hi=[point['interval'][1] for point in points])
        result['curves'].append(dict(curve, reals=metric['reals']['value']))
    return result


def table(result):
    """The metrics as text, models as columns: * the best, ~ what differs from it by no more than chance may."""
    blocks = []
    for begin in range(0, len(result['models']), COLUMNS):
        part = range(begin, min(begin + COLUMNS, len(result['models'])))
        lines = [[''] + [result['models'][i]['name'] for i in part] + ['reals', '']]
        for metric in result['metrics']:
            cells = []
            for i in part:
                mark = '*' if i == metric['best'] else '~' if i in metric['as_good'] else ' '
                cells.append(page.number(metric['models'][i]['value']) + mark)
            reals = page.number(metric['reals']['value'])
            lines.append([metric['metric']] + cells + [reals, 'wanted: ' + metric['wanted']])
        wide = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        rows = []
        for line in lines:
            middle = ['  %*s' % (size, cell) for size, cell in zip(wide[1:-1], line[1:-1])]
            rows.append(('%-*s' % (wide[0], line[0]) + ''.join(middle) + '  ' + line[-1]).rstrip())
        blocks.append('\n'.join(rows))
    return '\n\n'.join(blocks) + '\n* the best; ~ differs from it by no more than chance may, on the same images'


def write(evaluations, outdir):
    """A folder with the page of each model, comparison.html and comparison.json beside them; what `compare` returns."""
    result = compare(evaluations)
    for model, found in zip(result['models'], evaluations):
        folder = os.path.join(outdir, model['folder'])
        os.makedirs(folder, exist_ok=True)
        evaluation_page.write(found, folder)
    with files.atomic(os.path.join(outdir, 'comparison.json')) as f:
        f.write(json.dumps(result, indent=1).encode())
    _write_page(result, evaluations, os.path.join(outdir, 'comparison.html'))
    return result


def _write_page(result, evaluations, path):
    compared, (count, *shape) = evaluations[0].sets, evaluations[0].fakes.shape
    several = max(min(SHOWN, count, page.most(shape) // (len(evaluations) + 1)), 1)
    rows = [(model, found.fakes) for model, found in zip(result['models'], evaluations)]
    rows.append((None, compared.heldout_reals))
    strips = []
    for model, images in rows:
        name = model['name'] if model else 'real'
        shown = [page.picture(x, '%s, image %d' % (name, i + 1)) for i, x in enumerate(images[:several])]
        strips.append((model, shown))
    curves = []
    for found in result['curves']:
        reals = [metric['reals'] for metric in result['metrics'] if metric['metric'] == found['metric']][0]
        intervals = list(zip(found['lo'], found['hi']))
        level = reals['value'], reals['interval']
        drawn = svg_plots.curve(found['kimg'], found['value'], intervals, level, found['metric'], 'training, kimg')
        curves.append((found, drawn))
    title = 'Comparison of %d models' % len(result['models'])
    first, *others = [model['notes'] for model in result['models']]
    common = [note for note in first if all(note in notes for notes in others)]
    values = dict(result=result, common=common, strips=strips, curves=curves, arrows=evaluation_page.ARROWS)
    page.write(path, PAGE, title, evaluation_page.window_of(compared), **values)
