"""Several models beside each other: plain data for a file or a page, and a table as text.

The data of `compare` are what comparison.json holds:
  data, reference images, compared, seed: what was compared; texts, and a number. reals: what the images compared with
    are called, real or simulated. weights: digests of the weight files.
  models: [{name, model, folder, kimg, notes}]; name: short and unique; folder: of its evaluation.html, within the same
    folder; kimg: of its training, where its file tells, or null; notes: texts.
  metrics: [{metric, key, size, unit, wanted, reals, models, best, as_good}], those that all models have; metric: a
    label; size, unit: if there are any; reals and each of models: {value, interval}; best: index of the model that is
    nearest to what is wanted; as_good: indices of those whose paired difference from it is within chance.
  curves: [{metric, wanted, kimg, value, lo, hi, reals}], one for each of metrics, of lists over the models that have
    kimg, in that order; none if fewer than two have.
"""

import collections
import os

from common import files, page, run_names, svg_plots
from metrics import evaluation_page, scorecard_sources
from metrics.evaluation import aligned
from metrics.metric import wanted_text
from stats.bootstrap import difference

COLUMNS = 6  # models beside each other in the table
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'comparison.html')
PICTURES = 6  # of a model
SHARED = 'data', 'reference', 'compared', 'seed'  # fields of the Facts that all models share


def names(models):
    """A name for each path of a model, different ones whatever the case of letters: that of the file, if it can be."""
    parts = [os.path.splitext(os.path.abspath(model))[0].split(os.sep) for model in models]
    files_called = [part[-1].lower() for part in parts]
    result, taken = [], set()
    for part in parts:
        name = part[-1] if files_called.count(part[-1].lower()) == 1 else '-'.join(part[-2:]).strip('-')
        number, free = 2, name
        while free.lower() in taken:
            free = '%s-%d' % (name, number)
            number += 1
        taken.add(free.lower())
        result.append(free)
    return result


def _estimate(estimate):
    return collections.OrderedDict(value=estimate.value, interval=estimate.interval)


def _distance(wanted, value, real):
    """How far a value is from what is wanted."""
    return {'low': value, 'high': -value, 'as reals': abs(value - real)}[wanted]


def _metric(rows):
    """One metric of all models. rows: an evaluation.Row of each."""
    smallest = min(row.count for row in rows)
    fakes, wanted, reals = [row.fakes for row in rows], rows[0].metric.wanted, rows[-1].reals
    distances = [_distance(wanted, estimate.value, reals.value) for estimate in fakes]
    best = distances.index(min(distances))
    as_good = []
    for i, estimate in enumerate(fakes):
        low, high = difference(estimate, fakes[best], smallest).interval
        if i != best and low <= 0 <= high:
            as_good.append(i)
    metric = rows[0].metric.facts()
    metric.update(wanted=wanted, reals=_estimate(reals), models=[_estimate(estimate) for estimate in fakes])
    metric.update(best=best, as_good=as_good)
    return metric


def _curve(metric, kimg):
    """A metric over the training. kimg: {index of a model: thousands of images}, in their order."""
    points = [metric['models'][i] for i in kimg]
    curve = collections.OrderedDict(metric=metric['metric'], wanted=metric['wanted'])
    curve.update(kimg=list(kimg.values()), value=[point['value'] for point in points])
    curve.update(lo=[point['interval'][0] for point in points], hi=[point['interval'][1] for point in points])
    curve['reals'] = metric['reals']['value']
    return curve


def compare(evaluations):
    """The comparison of at least two Evaluations of one suite.evaluate_models, as described above."""
    result = evaluations[0].titled_facts(SHARED)
    result['reals'] = evaluations[0].sets.card.adjective
    paths = [evaluated.facts.model for evaluated in evaluations]
    result.update(weights=[digest for evaluated in evaluations for digest in evaluated.weights], models=[])
    for name, path, evaluated in zip(names(paths), paths, evaluations):
        model = collections.OrderedDict(name=name, model=path, folder=name, kimg=run_names.position_of(path))
        model['notes'] = list(map(str, evaluated.notes))
        result['models'].append(model)
    tables = [{(row.metric.key, row.metric.size): row for row in evaluated.rows} for evaluated in evaluations]
    shared = [(row.metric.key, row.metric.size) for row in evaluations[0].rows]
    shared = [key for key in shared if all(key in rows for rows in tables)]
    result['metrics'] = [_metric([rows[key] for rows in tables]) for key in shared]
    kimg = [(i, model['kimg']) for i, model in enumerate(result['models']) if model['kimg'] is not None]
    kimg = collections.OrderedDict(sorted(kimg, key=lambda item: item[1]))
    result['curves'] = [_curve(metric, kimg) for metric in result['metrics']] if len(kimg) > 1 else []
    return result


def table(result):
    """The metrics as text, models as columns: * the best, ~ what differs from it by no more than chance may."""
    real = result['reals']
    blocks, models = [], range(len(result['models']))
    for begin in range(0, len(models), COLUMNS):
        part = models[begin : begin + COLUMNS]
        lines = [[''] + [result['models'][i]['name'] for i in part] + [real, '']]
        for metric in result['metrics']:
            cells = []
            for i in part:
                mark = '*' if i == metric['best'] else '~' if i in metric['as_good'] else ' '
                cells.append(page.number(metric['models'][i]['value']) + mark)
            reals = page.number(metric['reals']['value'])
            lines.append([metric['metric']] + cells + [reals, 'wanted: ' + wanted_text(metric['wanted'], real)])
        blocks.append(aligned(lines))
    return '\n\n'.join(blocks) + '\n* the best; ~ differs from it by no more than chance may, on the same images'


def report(evaluations, outdir, others=scorecard_sources.ALONE):
    """Write the pages of Evaluations to a folder, and print what they say and where they are; others: as of `write`."""
    if len(evaluations) == 1:
        evaluation_page.write(evaluations[0], outdir, others)
        print('\n'.join(map(str, [evaluations[0]] + evaluations[0].notes)))
        print('evaluation.html, evaluation.json and scorecard.json are in %s' % outdir)
    else:
        print(table(write(evaluations, outdir, others)))
        print('comparison.html and comparison.json are in %s, a folder for each model beside them' % outdir)


def write(evaluations, outdir, others=scorecard_sources.ALONE):
    """A folder with the page of each model, comparison.html and comparison.json beside them; what `compare` returns.

    others: files that the scorecards take, too.
    """
    result = compare(evaluations)
    for model, evaluated in zip(result['models'], evaluations):
        folder = os.path.join(outdir, model['folder'])
        os.makedirs(folder, exist_ok=True)
        evaluation_page.write(evaluated, folder, others)
    files.write_json(os.path.join(outdir, 'comparison.json'), result)
    _write_page(result, evaluations, os.path.join(outdir, 'comparison.html'))
    return result


def _write_page(result, evaluations, path):
    compared, (count, *shape) = evaluations[0].sets, evaluations[0].images.shape
    real = result['reals']
    shown = max(min(PICTURES, count, page.most(shape) // (len(evaluations) + 1)), 1)
    sets = [(model, evaluated.images) for model, evaluated in zip(result['models'], evaluations)]
    strips = []
    for model, images in sets + [(None, compared.heldout_reals)]:
        name = model['name'] if model else real
        pictures = [page.picture(x, '%s, image %d' % (name, i + 1)) for i, x in enumerate(images[:shown])]
        strips.append((model, pictures))
    figures = []
    for curve, metric in zip(result['curves'], result['metrics']):
        intervals = list(zip(curve['lo'], curve['hi']))
        reals = metric['reals']['value'], metric['reals']['interval']
        axes = curve['metric'], 'training, kimg'
        figures.append((curve, svg_plots.curve(curve['kimg'], curve['value'], intervals, reals, *axes, real=real)))
    first, *others = [model['notes'] for model in result['models']]
    page.write(
        path,
        PAGE,
        'Comparison of %d models' % len(result['models']),
        evaluation_page.window_of(compared.card),
        result=result,
        real=real,
        wanted_text=wanted_text,
        facts=evaluations[0].titled_facts(SHARED),
        common=[note for note in first if all(note in notes for notes in others)],
        strips=strips,
        curves=figures,
        arrows=evaluation_page.ARROWS,
    )
