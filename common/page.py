"""Self-contained HTML pages: tables, curves and pictures, all inside the page."""

import base64
import html
import io

import numpy as np

from common import images

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>%(title)s</title><style>
body { font: 15px/1.5 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse } td, th { padding: .25em .9em; border-bottom: 1px solid #ddd; text-align: right }
th { color: #555; font-weight: 600 } td:first-child, th:first-child { text-align: left } td small { color: #777 }
figure { display: inline-block; margin: 1em 1.5em 1em 0; vertical-align: top }
figcaption { color: #555; max-width: 30em } img { image-rendering: pixelated; max-width: 100%% }
svg text { font: 12px sans-serif; fill: #555 }
</style></head><body><h1>%(title)s</h1>%(body)s</body></html>
"""
_PICTURE = '<figure><img width="%d" alt="%s" src="data:image/png;base64,%s"><figcaption>%s</figcaption></figure>'
_CURVE = '<polyline fill="none" stroke="%s" stroke-width="2" points="%s"/><text x="%d" y="14" style="fill:%s">%s</text>'
_CHART = (
    '<figure><svg width="420" height="185" role="img"><line x1="10" x2="410" y1="160" y2="160" stroke="#999"/>'
    '%s%s</svg><figcaption>%s, %s</figcaption></figure>'
)
CURVES = (('generated', '#c23b22', 250), ('reals', '#1f5fa8', 340))  # name, colour, place of the name


def document(title, body):
    """A whole page; body: HTML."""
    return _PAGE % {'title': html.escape(title), 'body': body}


def number(value):
    """Three digits, or whole numbers from 100."""
    return '%.3g' % value if abs(value) < 100 else '%.0f' % value


def table(rows):
    """Rows of cells that are HTML already."""
    return '<table>%s</table>' % ''.join('<tr>%s</tr>' % ''.join('<td>%s</td>' % cell for cell in row) for row in rows)


def picture(sheet, caption, zoom=1):
    """A gray or colour image [C, H, W] as a figure."""
    f = io.BytesIO()
    images.encode(sheet, f)
    words, data = html.escape(caption), base64.b64encode(f.getvalue()).decode()
    return _PICTURE % (zoom * sheet.shape[2], words, data, words)


def histogram(fakes, reals, caption, unit, bins=40):
    """The distributions of numbers of generated and real images as two curves."""
    both = np.concatenate([fakes, reals]).astype(float)
    lo, hi = np.percentile(both, [0.2, 99.8])
    hi = hi if hi > lo else lo + 1
    shares = [np.histogram(np.clip(x, lo, hi), bins, (lo, hi))[0] / float(len(x)) for x in (fakes, reals)]
    top = max(share.max() for share in shares)
    curves = ticks = ''
    for (name, colour, place), share in zip(CURVES, shares):
        points = ['%.1f,%.1f' % (10 + 400 * (i + 0.5) / bins, 160 - 140 * y / top) for i, y in enumerate(share)]
        curves += _CURVE % (colour, ' '.join(points), place, colour, name)
    for t in (0.04, 0.5, 0.96):
        ticks += '<text x="%d" y="178" text-anchor="middle">%s</text>' % (10 + 400 * t, number(lo + t * (hi - lo)))
    return _CHART % (curves, ticks, html.escape(caption), html.escape(unit))


def gallery(title, rows):
    """A page of pictures; rows: [(name, [(caption, image), ...])]."""
    cells = [(html.escape(name), ''.join(picture(image, words, 2) for words, image in row)) for name, row in rows]
    return document(title, table(cells))
