"""The server of a study: what its page may ask, and the answers. The truth leaves it only after answers in practice."""

import os
import sys

from common import hounsfield, log, web, web_server
from common.types import float_between, integer_between, json_type, number, text
from turing_test import reading_session, study

_PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'page')
_DAY = 24 * 3600 * 1000  # milliseconds; a case that is open for longer was not looked at for so long
_PUBLIC = 'title', 'mode', 'classes', 'window', 'enlarge', 'pause', 'size'  # of the protocol: readers' browsers get it


@json_type('a name of 1 to 40 letters')
def _name(value):
    return text.accepts(value) and 0 < len(value.strip()) <= 40 and value.isprintable()


@json_type('a word of at most 40 letters')
def _word(value):
    return text.accepts(value) and len(value) <= 40 and value.isprintable()


@json_type('the name of a case')
def _item(value):
    return text.accepts(value) and len(value) <= 40 and value.isprintable()


@json_type('a list of at most 50 pairs of level and width, in HU')
def _windows(value):
    return isinstance(value, list) and len(value) <= 50 and all(map(_window, value))


def _window(value):
    return isinstance(value, list) and len(value) == 2 and all(map(number.accepts, value)) and value[1] > 0


_ENTER = dict(name=_name, years=float_between(0, 70))
_RESUME = dict(name=_name, word=_word)
_ANSWER = dict(
    item=_item,
    verdict=integer_between(1, 6),
    milliseconds=integer_between(0, _DAY),
    windows=_windows,
    zoom=float_between(1, 100),
)


def application(session):
    """The web application of a ReadingSession."""
    app = web.application('turing_test', session.token)
    web.add_pages(app, _PAGE)

    def current_reader():
        reader = session.reader(web.get_cookie('reader'))
        if reader is None:
            raise ValueError('enter first: this browser is no reader of the study')
        return reader

    def reply_with_cookie(secret, **values):
        response = web.reply(values)
        web.set_cookie(response, 'reader', secret)
        return response

    @app.route('/api/study')
    def public_protocol():
        protocol = session.protocol
        public = {name: protocol[name] for name in _PUBLIC}
        public.update(original=study.original(protocol), mm=protocol.get('mm'))
        return dict(public, presets=hounsfield.presets(protocol['window']))

    @app.route('/api/state')
    def state():
        reader = session.reader(web.get_cookie('reader'))
        return {'phase': 'enter'} if reader is None else session.state(reader)

    @app.route('/api/enter', methods=['POST'])
    def enter():
        posted = web.posted_json(_ENTER)
        entry = session.enter(posted['name'].strip(), posted['years'])
        return reply_with_cookie(entry.secret, word=entry.word)

    @app.route('/api/resume', methods=['POST'])
    def resume():
        posted = web.posted_json(_RESUME)
        return reply_with_cookie(session.resume(posted['name'].strip(), posted['word'].strip().lower()))

    @app.route('/api/leave', methods=['POST'])
    def leave():
        web.posted_json({})
        return reply_with_cookie(None)

    @app.route('/api/pixels/<item>/<int:which>')
    def pixels(item, which):
        return web.reply(session.pixels(current_reader(), item, which))

    @app.route('/api/answer', methods=['POST'])
    def answer():
        reader = current_reader()
        posted = web.posted_json(_ANSWER)
        truth = session.answer(reader, *(posted[name] for name in _ANSWER))
        return dict(truth=truth, state=session.state(reader))

    @app.route('/api/undo', methods=['POST'])
    def undo():
        reader = current_reader()
        web.posted_json({})
        session.undo(reader)
        return session.state(reader)

    return app


def run(cfg):
    """Serve the study of study_settings.Serve until a signal ends it; the exit code is a shell's for that signal."""
    with reading_session.opened(cfg.study) as session:
        if session.protocol.get('simulated'):
            message = '%s was read by simulated readers; show readers the study that it is a copy of'
            raise ValueError(message % cfg.study)
        stopped = web_server.serve(application(session), cfg.port, cfg.lan)
    log.info('ended; every answer is in ' + session.path)
    sys.exit(128 + stopped)
