"""A self-contained page of an evaluation: table, curves and pictures."""
import base64
import html
import io

import numpy as np

import images

_PAGE = '''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>%(title)s</title><style>
body { font: 15px/1.5 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse } td, th { padding: .25em .9em; border-bottom: 1px solid #ddd; text-align: right } th { color: #555; font-weight: 600 }
td:first-child, th:first-child { text-align: left } td small { color: #777 } figure { display: inline-block; margin: 1em 1.5em 1em 0; vertical-align: top }
figcaption { color: #555; max-width: 30em } img { image-rendering: pixelated; max-width: 100%% } svg text { font: 12px sans-serif; fill: #555 }
</style></head><body><h1>%(title)s</h1>%(body)s</body></html>
'''
COLOURS = ('#c23b22', '#1f5fa8')


def number(value):
    return '%.3g' % value if abs(value) < 100 else '%.0f' % value


def table(rows):
    """The rows of an evaluation as text."""
    lines = [('', 'generated', '95 %', 'reals', '95 %', '')]
    for row in rows:
        cells = [text for x in (row.fakes, row.reals) for text in (number(x.value), '%s .. %s' % tuple(map(number, x.interval)))]
        lines.append((row.metric,) + tuple(cells) + ('wanted: ' + row.wanted,))
    wide = [max(len(line[i]) for line in lines) for i in range(6)]
    return '\n'.join('  '.join(text.ljust(n) if i in (0, 5) else text.rjust(n) for i, (text, n) in enumerate(zip(line, wide))).rstrip() for line in lines)


def _table(rows):
    cells = ''.join('<tr><td>%s</td>%s<td>%s</td></tr>' % (html.escape(row.metric), ''.join('<td>%s<br><small>%s .. %s</small></td>' % (
        number(x.value), number(x.interval[0]), number(x.interval[1])) for x in (row.fakes, row.reals)), row.wanted) for row in rows)
    return '<table><tr><th></th><th>generated</th><th>reals</th><th>wanted</th></tr>%s</table>' % cells


def picture(sheet, caption, zoom=1):
    """A gray or colour image [C, H, W] as a figure, inside the page."""
    f = io.BytesIO()
    images.encode(sheet, f)
    return '<figure><img width="%d" alt="%s" src="data:image/png;base64,%s"><figcaption>%s</figcaption></figure>' % (
        zoom * sheet.shape[2], html.escape(caption), base64.b64encode(f.getvalue()).decode(), html.escape(caption))


def histogram(fakes, reals, caption, unit, bins=40):
    """The distributions of numbers of generated and real images as two curves."""
    both = np.concatenate([fakes, reals]).astype(float)
    lo, hi = np.percentile(both, [0.2, 99.8])
    hi = hi if hi > lo else lo + 1
    shares = [np.histogram(np.clip(x, lo, hi), bins, (lo, hi))[0] / float(len(x)) for x in (fakes, reals)]
    top = max(share.max() for share in shares)
    lines = ''.join('<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/><text x="%d" y="14" style="fill:%s">%s</text>' % (
        colour, ' '.join('%.1f,%.1f' % (10 + 400 * (i + .5) / bins, 160 - 140 * y / top) for i, y in enumerate(share)), x, colour, name)
        for share, colour, x, name in zip(shares, COLOURS, (250, 340), ('generated', 'reals')))
    ticks = ''.join('<text x="%d" y="178" text-anchor="middle">%s</text>' % (10 + 400 * t, number(lo + t * (hi - lo))) for t in (0.04, 0.5, 0.96))
    return '<figure><svg width="420" height="185" role="img"><line x1="10" x2="410" y1="160" y2="160" stroke="#999"/>%s%s</svg><figcaption>%s, %s' \
        '</figcaption></figure>' % (lines, ticks, html.escape(caption), html.escape(unit))


def page(title, facts, rows, figures):
    """The whole page as text; facts: [(name, value)]; figures: of `picture` and `histogram`."""
    about = ''.join('<tr><td>%s</td><td style="text-align:left">%s</td></tr>' % (html.escape(str(name)), html.escape(str(value))) for name, value in facts)
    notes = ('<p>Reals: as many real images, compared with the same held-out reals; it is what a perfect generator would get. Below each number: 95 % '
             'bootstrap interval. SWD: sliced Wasserstein distance on a Laplacian pyramid. Nodules are outlined in all images by the same simple rule. '
             'Copies are looked for over mirrored, turned and shifted training images; about 1 % of images as new as held-out reals are nearer to one '
             'than the first percentile.</p>')
    return _PAGE % dict(title=html.escape(title), body='<table>%s</table><h2>Numbers</h2>%s%s<h2>Pictures</h2>%s' % (
        about, _table(rows), notes, ''.join(figures)))


def gallery(title, rows):
    """A page of pictures; rows: [(name, [(caption, image), ...])]."""
    lines = ''.join('<tr><td>%s</td><td>%s</td></tr>' % (html.escape(name), ''.join(picture(image, caption, 2) for caption, image in row)) for name, row in rows)
    return _PAGE % dict(title=html.escape(title), body='<table>%s</table>' % lines)
