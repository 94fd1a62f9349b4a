"""Self-contained HTML pages: templates that extend frame.html, with styles, script, pictures and figures in one file.

A template lies in its package's folder `templates`; frame.html and the macros of pictures.html lie in common/templates.
Pictures are gray levels as they are stored; the page shows them in a window of Hounsfield units that its reader picks.
"""

import base64
import collections
import io
import os

import numpy as np

try:
    import jinja2
except ImportError:
    raise ImportError('pages are written with Jinja2: pip install jinja2') from None

from common import files, hounsfield, images

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'templates')
LARGE = 192  # pixels across of a picture on the page, about: three times 64
BUDGET = 3.0e6  # bytes of pictures in a page, of at most 5 MB in all

# A picture for the macro `tile`. uri: the PNG itself; width, height: in pixels of the page; alt: its alternative text;
# ct: whether it is gray, and its levels are HU; size: in pixels, across.
Picture = collections.namedtuple('Picture', 'uri width height alt ct size')


def picture(image, alt, ct=True):
    """The Picture of a uint8 image [1, H, W] or [3, H, W]; a patch of 64x64 is shown three times as large."""
    f = io.BytesIO()
    images.encode(image, f)
    _, height, width = image.shape
    zoom = max(int(round(LARGE / float(width))), 1)
    uri = data_uri('png', f.getvalue())
    return Picture(uri, zoom * width, zoom * height, alt, ct and len(image) == 1, width)


def data_uri(kind, content):
    """The content of an image file, png or gif, as an address."""
    return 'data:image/%s;base64,%s' % (kind, base64.b64encode(content).decode())


def most(shape):
    """How many pictures of a shape [C, H, W] a page has room for, at least one; PNGs of noise are the largest."""
    return max(int(BUDGET / (1.4 * np.prod(shape) + 200)), 1)


def outline(mask):
    """The border of what is not 0 in a mask [H, W], along the pixels' edges, as the path of an SVG."""
    inside, parts = np.pad(mask > 0, 1, 'constant'), []
    for letter, edges in (('h', inside[1:] != inside[:-1]), ('v', (inside[:, 1:] != inside[:, :-1]).T)):
        for line, row in enumerate(edges):
            ends = np.flatnonzero(np.diff(row.astype(np.int8)))
            for begin, end in zip(ends[::2], ends[1::2]):
                at = (begin, line) if letter == 'h' else (line, begin)
                parts.append('M%d %d%s%d' % (at + (letter, end - begin)))
    return ''.join(parts)


def number(value):
    """Three digits, or whole numbers from 100."""
    return '%.3g' % value if abs(value) < 100 else '%.0f' % value


def _typeset(value):
    """A number as text: three digits also where the last ones are zeros, and a true minus sign."""
    text = '%.0f' % value if abs(value) >= 99.95 or value == 0 else ('%#.3g' % value).rstrip('.')
    return text.replace('-', '\u2212')


def _interval(ends):
    """'0.500\u20130.630', or '\u22127 to 3'."""
    return (' to ' if ends[0] < 0 else '\u2013').join(map(_typeset, ends))


def write(path, template, title, window, **values):
    """Write the page that a template file makes of its values, whole or not at all.

    window: HU at gray 0 and gray 255 of the page's pictures; None, where it is not recorded, shows gray levels.
    """
    loader = jinja2.FileSystemLoader([os.path.dirname(template), TEMPLATES])
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(number=_typeset, interval=_interval)
    stored, unit, windows = window, 'HU', hounsfield.presets(window)
    if window is None:
        stored, unit = hounsfield.GRAY, 'gray levels'
        windows = [('as stored',) + hounsfield.GRAY]
    values.update(title=title, stored=stored, unit=unit, windows=windows)
    text = environment.get_template(os.path.basename(template)).render(values)
    with files.atomic(path) as f:
        f.write(text.encode())
