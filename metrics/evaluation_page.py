"""An evaluation as a table, a JSON file and a page."""

import collections
import json
import os

import numpy as np

from common import files, hounsfield, page, svg_plots
from metrics import memorisation, verdicts

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates', 'evaluation.html')
SHOWN, FIRST, PAIRS = 48, 12, 6  # pictures of each kind, those before 'more', pairs; fewer if large
ARROWS = {'low': '\u2193', 'high': '\u2191', 'as reals': '='}


def table(rows):
    """The rows of an evaluation as text."""
    lines = [('', 'generated', '95 %', 'reals', '95 %', '')]
    for row in rows:
        cells = (row.metric,)
        for found in (row.fakes, row.reals):
            cells += page.number(found.value), '%s .. %s' % tuple(map(page.number, found.interval))
        lines.append(cells + ('wanted: ' + row.wanted,))
    wide = [max(len(line[i]) for line in lines) for i in range(6)]
    form = '%-*s' + 4 * '  %*s' + '  %-*s'
    return '\n'.join((form % tuple(x for pair in zip(wide, line) for x in pair)).rstrip() for line in lines)


def _overview(rows, compared):
    """All metrics in one figure. compared: a verdicts.Comparison of each."""
    lines = []
    for row, comparison in zip(rows, compared):
        clear = comparison.state in ('higher', 'lower')
        lines.append(('%s  %s' % (row.metric, ARROWS[row.wanted]), row.fakes, row.reals, clear))
    words = 'metric (wanted: \u2193 low, \u2191 high, = as the reals)'
    return svg_plots.against_baseline(lines, 'All metrics, generated minus real', words)


def _distributions(evaluation):
    """The figures of distances, HU and diameters: [(heading, words, SVG)]."""
    compared, (fakes, reals) = evaluation.sets, evaluation.nodules
    unit, drawn = 'mm' if compared.mm_per_pixel else 'pixels', []
    gray = compared.unit[0].upper() + compared.unit[1:]  # HU, or Gray levels
    swd = [row for row in evaluation.rows if row.metric.startswith('SWD')]
    if swd:
        names = [row.metric.split(', ')[1] for row in swd][::-1]
        found = [[row.fakes for row in swd[::-1]], [row.reals for row in swd[::-1]]]
        how = 'SWD by resolution', 'resolution, pixels', 'SWD x1000, with 95 % interval'
        words = 'From coarse structure, left, to the finest texture. Lower is better; reals show how low it can get.'
        drawn.append(('Sliced Wasserstein distance', words, svg_plots.levels(names, found[0], found[1], *how)))
    hu = [hounsfield.to_hu(x[:500].ravel(), compared.window) for x in (evaluation.fakes, compared.heldout_reals)]
    words = 'All pixels: lung on the left, soft tissue and bone on the right.'
    drawn.append((gray + ' of all pixels', words, svg_plots.histogram(*hu, 'density', gray, 'pixels', 60)))
    words = 'The nodule in the middle of each image: ground glass on the left, solid ones on the right.'
    drawn.append(
        (gray + ' of the nodules', words, svg_plots.histogram(fakes.gray, reals.gray, 'mean of the nodule', gray))
    )
    words = 'Diameter of a circle of the same area.'
    drawn.append(('Size of the nodules', words, svg_plots.histogram(fakes.diameter, reals.diameter, 'diameter', unit)))
    return drawn


def _copies(evaluation):
    """The closest pairs, and the figure of all distances, as values of the template."""
    compared, (fakes, reals) = evaluation.sets, [x.distance for x in evaluation.nearest]
    hu = (compared.window[1] - compared.window[0]) / 255.0
    count = max(min(PAIRS, page.most(evaluation.fakes.shape[1:]) // 6), 1)
    pairs = memorisation.closest_pairs(evaluation.fakes, compared.training, evaluation.nearest[0], count)
    most = 100 * np.ceil(max(np.nanpercentile(np.abs(pair.difference), 99) for pair in pairs) * hu / 100 + 1e-6)
    shown = []
    for pair in pairs:
        words = 'generated image %d' % (pair.index + 1), 'its nearest training image', 'their difference'
        images = pair.image, pair.other, svg_plots.difference_colours(pair.difference * hu, most)
        pictures = [page.picture(x, alt, i < 2) for i, (x, alt) in enumerate(zip(images, words))]
        shown.append((pair, pictures))
    limit = np.percentile(reals, 1)
    figure = svg_plots.histogram(
        fakes, reals, 'distance to the nearest training image', 'gray levels', limit=(limit, 'nearest 1 % of the reals')
    )
    below = [int((x < limit).sum()) for x in (fakes, reals)]
    numbers = [len(fakes), len(reals)]
    return dict(pairs=shown, most=most, figure=figure, limit=limit, below=below, numbers=numbers, hu=hu)


def window_of(compared):
    """The window of a page of sets.Sets, None where it is not known."""
    return compared.window if compared.unit == 'HU' else None


def write(evaluation, outdir):
    """evaluation.json and evaluation.html in a folder."""
    about, rows, compared = dict(evaluation.about), evaluation.rows, evaluation.sets
    result = collections.OrderedDict(evaluation.about, weights=evaluation.weights, rows=[])
    for row in rows:
        found = dict(metric=row.metric, wanted=row.wanted, seconds=row.seconds)
        found.update(fakes=row.fakes.value, fakes_interval=row.fakes.interval)
        found.update(reals=row.reals.value, reals_interval=row.reals.interval)
        result['rows'].append(found)
    with files.atomic(os.path.join(outdir, 'evaluation.json')) as f:
        f.write(json.dumps(result, indent=1).encode())
    number, comparisons = len(evaluation.fakes), evaluation.comparisons()
    found = verdicts.verdicts(comparisons, evaluation.learnt)
    several, sets = max(min(SHOWN, page.most(evaluation.fakes.shape[1:]) // 4), 1), []
    for name, words, images in (('fakes', 'generated', evaluation.fakes), ('reals', 'real', compared.heldout_reals)):
        pictures = [page.picture(x, '%s image %d' % (words, i + 1)) for i, x in enumerate(images[:several])]
        sets.append((name, words, pictures))
    values = dict(verdicts=found, summary=verdicts.summary(found, number), comparisons=comparisons, arrows=ARROWS)
    values.update(sets=sets, first=FIRST, overview=_overview(rows, comparisons), enough=verdicts.ENOUGH, number=number)
    values.update(distributions=_distributions(evaluation), copies=_copies(evaluation), about=evaluation.about)
    values.update(learnt=evaluation.learnt, doubts=evaluation.doubts, provenance=about.get('provenance'))
    title = 'Evaluation of ' + os.path.basename(about['model'])
    page.write(os.path.join(outdir, 'evaluation.html'), PAGE, title, window_of(compared), **values)
