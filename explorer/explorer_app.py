"""The web server of the explorer: what its page requests, and the answers."""

import os
import secrets
import sys

from common import log, web, web_server
from common.types import Choice, float_between, integer_between, nonnegative, text
from explorer import explorer_service, models, uploads
from explorer.models import encoded

_PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'page')
MOST = 6 * 2**20  # bytes of a request; 2048 x 2048 pixels in base64 are fewer
PENDING = dict(pending=True), 202  # ask again: no thread of the server waits for what takes long

_seed = integer_between(0, 2**31 - 1)
_WALK = {'stops': [models.STATE], 'steps': integer_between(1, explorer_service.MOST_STEPS)}
_GIF = dict(_WALK, seconds=float_between(0.1, 120))
_PROJECT = {'model': nonnegative, 'pixels': text}
_DRAW = {'mask': text, 'samples': integer_between(1, 8), 'seed': _seed}
_SCALES = {'1': 1, '4': 4}  # how many times pictures are enlarged
_STAMP = {'shape': Choice('ellipse', 'spiculated'), 'diameter': float_between(1, 2048), 'seed': _seed}
_INSERT = {'patch': text, 'mask': text, 'index': nonnegative, 'soft': float_between(0, 100)}


def application(explorer, token):
    """The web application of an explorer_service.Explorer."""
    app = web.application('explorer', token, MOST)
    web.add_pages(app, _PAGE)

    def state():
        return models.state(web.posted_json(models.STATE))

    def model():
        text = web.query_value('model')
        if not (text.isdecimal() and len(text) < 6):
            raise ValueError('that is not what this server takes: model is not a number')
        return int(text)

    def posted(schema):
        """The values of an object that was posted, in the order of its schema."""
        values = web.posted_json(schema)
        return [values[name] for name in schema]

    def frames(stops, steps):
        return explorer.walk([models.state(stop) for stop in stops], steps)

    def scale():
        text = web.query_value('scale', '1')
        if text not in _SCALES:
            raise ValueError('that is not what this server takes: scale is not %s' % ' or '.join(sorted(_SCALES)))
        return _SCALES[text]

    def walk_name(stops):
        return explorer.walk_name([models.state(stop) for stop in stops])

    @app.route('/api/about')
    def about():
        response = web.reply(explorer.about())
        if not web.get_cookie('browser'):
            web.set_cookie(response, 'browser', secrets.token_urlsafe(12))
        return response

    @app.route('/api/image', methods=['POST'])
    def image():
        """view: a name; of one browser's requests for it that wait, the newest counts. rough: of Explorer.image."""
        view = web.query_value('view', '')
        key = (web.get_cookie('browser'), view) if view else None
        return explorer.image(state(), key, bool(web.query_value('rough', '')))

    @app.route('/api/reach', methods=['POST'])
    def reach():
        """axis: the name of an attribute. Of one browser's requests that wait, the newest counts."""
        return dict(ends=explorer.reach(state(), web.query_value('axis'), web.get_cookie('browser')))

    @app.route('/api/walk', methods=['POST'])
    def walk():
        return dict(frames=list(map(encoded, frames(*posted(_WALK)))))

    @app.route('/api/walk.gif', methods=['POST'])
    def walk_gif():
        stops, steps, seconds = posted(_GIF)
        return web.attachment(*explorer_service.gif(frames(stops, steps), seconds, scale(), walk_name(stops)))

    @app.route('/api/walk.zip', methods=['POST'])
    def walk_zip():
        stops, steps = posted(_WALK)
        return web.attachment(*explorer_service.archive(frames(stops, steps), scale(), walk_name(stops)))

    @app.route('/api/project', methods=['POST'])
    def project():
        return dict(job=explorer.project(*posted(_PROJECT)))

    @app.route('/api/project/<name>')
    def search(name):
        return explorer.search(name).latest() or PENDING

    @app.route('/api/project/<name>/stop', methods=['POST'])
    def stop(name):
        web.posted_json({})
        explorer.stop(name)
        return {}

    @app.route('/api/draw', methods=['POST'])
    def draw():
        return dict(patches=list(map(encoded, explorer.draw(*posted(_DRAW)))))

    @app.route('/api/stamp', methods=['POST'])
    def stamp():
        return dict(mask=encoded(explorer.stamp(*posted(_STAMP))))

    @app.route('/api/insert', methods=['POST'])
    def insert():
        return dict(pixels=encoded(explorer.insert(*posted(_INSERT))))

    @app.route('/api/real/<int:index>')
    def real(index):
        pixels, name = explorer.real(index)
        return {'pixels': encoded(pixels), 'class': name}

    @app.route('/api/map')
    def nodule_map():
        by, x, y = web.query_value('by'), web.query_value('x', ''), web.query_value('y', '')
        return explorer.map(model(), by, x, y) or PENDING

    @app.route('/api/nearest', methods=['POST'])
    def nearest():
        return explorer.nearest(state())

    @app.route('/api/save/<any(png, raw, latents):kind>', methods=['POST'])
    def save(kind):
        return web.attachment(*explorer.save(state(), kind, scale()))

    @app.route('/api/command', methods=['POST'])
    def command():
        return dict(command=explorer.command(state()))

    @app.route('/api/latents', methods=['POST'])
    def latents():
        return explorer.latents(model(), web.uploaded_file(uploads.MOST_LATENTS))

    return app


def run(cfg):
    """Serve as settings.Serve says until a signal ends it; the exit code is a shell's for that signal."""
    with explorer_service.opened(cfg) as explorer:
        stopped = web_server.serve(application(explorer, secrets.token_urlsafe(16)), cfg.port)
    log.info('ended')
    sys.exit(128 + stopped)
