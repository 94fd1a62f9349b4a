"""The explorer as one file: its page, the engine that computes in the browser, and networks; nothing else is loaded."""

import html
import json
import os
import re

from common import files, hounsfield
from explorer import axes, drawing, editing, in_page_networks, learning, measure, models, opening
from metrics import chest_wall, nodules

_HERE = os.path.dirname(os.path.abspath(__file__))
_ENGINE = os.path.join(_HERE, 'in_page')
_PARTS = os.path.join(os.path.dirname(_HERE), 'common', 'page_parts')
_FOLDERS = _ENGINE, os.path.join(_HERE, 'page'), _PARTS  # a module is the first of its name
# Nothing is loaded from anywhere and nothing is sent; blob: are the modules in the page itself.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval' blob:; worker-src blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; base-uri 'none'"
)
_FROM = re.compile(r" from '\./([\w.]+)';")

# Numbers of the Python modules that the engine needs; its own modules have none of them.
RULES = dict(
    solid=nodules.SOLID,
    near=nodules.NEAR,
    smoothing=nodules.SMOOTHING,
    contrast=nodules.LEAST_CONTRAST,
    aerated=nodules.AERATED,
    round=nodules.ROUND,
    soft=chest_wall.SOFT_TISSUE,
    wall=chest_wall.LEAST,
    near_outline=measure.NEAR,
    softness=measure.SOFTNESS,
    close=measure.CLOSE,
    spread=measure.SPREAD,
    rounds=editing.ROUNDS,
    reach=editing.REACH,
    reach_rounds=editing.REACH_ROUNDS,
    shares=editing.SHARES.tolist(),
    dampings=editing.DAMPINGS.tolist(),
    longest=editing.LONGEST,
    shortest=editing.SHORTEST,
    hop=editing.HOP,
    enough=editing.ENOUGH,
    roughly=editing.ROUGHLY,
    slack=editing.SLACK,
    held_weight=editing.HELD_WEIGHT,
)


def write(path, weights, pix2pix=None, warning='', notes=(), cpu=False):
    """Write the page of weight files and, if not None, weights of pix2pix; returns the number of its bytes.

    warning: a sentence that stands out at its foot, such as that nobody audited the weights; notes: sentences behind
    it. Axes that were not saved beside the weights are learned first.
    """
    generators = [_model(each, cpu) for each in weights]
    painter = drawing.Painter(pix2pix, cpu) if pix2pix else None
    for index, model in enumerate(generators):
        if painter and painter.size != model.size:
            message = '%s makes images of %d pixels, and %s of %d; leave out one of them'
            raise ValueError(message % (weights[index], model.size, pix2pix, painter.size))
    text = _page(generators, painter, _footer(warning, notes)).encode()
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with files.atomic(path) as f:
        f.write(text)
    return len(text)


def _model(path, cpu):
    model = models.Model(path, cpu=cpu)
    model.axes = axes.load(path, model.facts)
    if model.axes is None:
        model.axes = learning.learn(model)
        axes.save(path, model.facts, model.axes)
    return model


def _facts(generators, painter):
    """What `explorer_service.Explorer.about` says, and what the engine needs beside."""
    about = dict(models=[_model_facts(model) for model in generators], presets=hounsfield.presets())
    about.update(opening=opening.choose(generators), data=None, rules=RULES)
    about['pix2pix'] = dict(painter.about(), file=os.path.basename(painter.path)) if painter else None
    return about


def _model_facts(model):
    facts = dict(model.about(), file=os.path.basename(model.path))  # whose folder is nobody's business
    facts['attributes'] = [attribute._asdict() for attribute in model.attributes]
    return dict(facts, centre=model.axes.centre.tolist(), sefa=model.axes.sefa.tolist())


def _footer(warning, notes):
    first = ['<p><strong>%s</strong></p>' % html.escape(warning)] * bool(warning)
    return '<footer class="notes">%s</footer>' % ''.join(first + ['<p>%s</p>' % html.escape(note) for note in notes])


def _page(generators, painter, footer):
    texts = {
        'facts': _json(_facts(generators, painter)),
        'outlines': in_page_networks.packed(in_page_networks.outlining()),
    }
    for index, model in enumerate(generators):
        texts['weights-%d' % index] = in_page_networks.packed(in_page_networks.generator(model.generator))
    if painter:
        texts['pix2pix'] = in_page_networks.packed(in_page_networks.pix2pix(painter))
    parts = [footer]
    parts += ['<script type="text/plain" id="%s">%s</script>' % pair for pair in sorted(texts.items())]
    parts += ['<script type="text/plain" id="%s">\n%s</script>' % pair for pair in sorted(modules().items())]
    parts.append('<script>\n%s</script>' % _read('start.js'))
    text = _read('index.html')
    text = re.sub(r'<script type="module" .*</script>\n', '', text)
    text = re.sub(r'(?s)<!-- server -->.*?<!-- /server -->\n', '', text)  # what needs one
    icon = html.escape('data:image/svg+xml,' + _read('icon.svg').strip().replace('#', '%23'))
    text = text.replace('href="/icon.svg"', 'href="%s"' % icon)
    text = re.sub(
        r'<link rel="stylesheet" href="/([\w.]+)">', lambda match: '<style>\n%s</style>' % _read(match.group(1)), text
    )
    policy = '<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="%s">' % _POLICY
    return text.replace('<meta charset="utf-8">', policy).replace('</body>', '\n'.join(parts) + '\n</body>')


def _json(value):
    return json.dumps(value).replace('<', '\\u003c')


def _read(name):
    for folder in _FOLDERS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding='utf-8') as f:
                return f.read()
    raise FileNotFoundError(name)


def modules():
    """{name: text} of the JavaScript modules of the page and its worker."""
    found = {}
    names = ['main.js', 'in_page_worker.js']
    while names:
        name = names.pop()
        if name not in found:
            found[name] = _read(name)
            names += _FROM.findall(found[name])
    return found
