"""An evaluation as a table, a JSON file and a page."""

import collections
import html
import json
import os

from common import files, hounsfield, images, page
from metrics import memorisation

NOTES = (
    '<p>Reals: as many real images, compared with the same held-out reals; it is what a perfect generator would get. '
    'Below each number: 95 % bootstrap interval. SWD: sliced Wasserstein distance on a Laplacian pyramid. Nodules are '
    'outlined in all images by the same simple rule. Copies are looked for over mirrored, turned and shifted training '
    'images; about 1 % of images as new as held-out reals are nearer to one than the first percentile.</p>'
)


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


def _html_table(rows):
    lines = '<tr><th></th><th>generated</th><th>reals</th><th>wanted</th></tr>'
    for row in rows:
        lines += '<tr><td>%s</td>' % html.escape(row.metric)
        for found in (row.fakes, row.reals):
            numbers = tuple(map(page.number, [found.value] + found.interval))
            lines += '<td>%s<br><small>%s .. %s</small></td>' % numbers
        lines += '<td>%s</td></tr>' % row.wanted
    return '<table>%s</table>' % lines


def _figures(evaluation):
    """Pictures and curves, as HTML."""
    fakes, compared = evaluation.fakes, evaluation.sets
    reals, unit = compared.heldout_reals, 'mm' if compared.mm_per_pixel else 'pixels'
    pairs = memorisation.side_by_side(fakes, compared.training, evaluation.nearest[0])
    words = 'left: the generated images nearest to training images, right: those images'
    parts = [
        page.picture(images.grid(fakes[:64]), 'generated'),
        page.picture(images.grid(reals[:64]), 'held-out reals'),
    ]
    parts += [page.picture(images.grid(pairs, 4), words, 2)]
    parts += [page.histogram(*[x.gray for x in evaluation.nodules], 'mean of the nodule', 'HU')]
    parts += [page.histogram(*[x.diameter for x in evaluation.nodules], 'diameter of the nodule', unit)]
    distances, words = [x.distance for x in evaluation.nearest], 'distance to the nearest training image'
    parts += [page.histogram(*distances, words, 'gray levels')]
    hu = [hounsfield.to_hu(x[:500].ravel(), compared.window) for x in (fakes, reals)]
    return ''.join(parts + [page.histogram(*hu, 'pixels', 'HU')])


def write(evaluation, outdir):
    """evaluation.json and evaluation.html in a folder."""
    result = collections.OrderedDict(evaluation.about, rows=[])
    for row in evaluation.rows:
        figures = dict(metric=row.metric, wanted=row.wanted, seconds=row.seconds)
        figures.update(fakes=row.fakes.value, fakes_interval=row.fakes.interval)
        figures.update(reals=row.reals.value, reals_interval=row.reals.interval)
        result['rows'].append(figures)
    with files.atomic(os.path.join(outdir, 'evaluation.json')) as f:
        f.write(json.dumps(result, indent=1).encode())
    facts = ''
    for name, value in evaluation.about:
        facts += '<tr><td>%s</td><td style="text-align:left">%s</td></tr>' % (name, html.escape(str(value)))
    body = '<table>%s</table><h2>Numbers</h2>%s%s' % (facts, _html_table(evaluation.rows), NOTES)
    body += '<h2>Pictures</h2>' + _figures(evaluation)
    title = 'Evaluation of ' + os.path.basename(dict(evaluation.about)['model'])
    with files.atomic(os.path.join(outdir, 'evaluation.html')) as f:
        f.write(page.document(title, body).encode())
