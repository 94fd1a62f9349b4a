"""What the page of a study asks, and the answers. The truth leaves in one place: after an answer in practice."""

import os
import sys

from common import hounsfield, log, web, web_server
from common.types import float_between, integer_between, json_type, number, text
from turing_test import reading_session

_PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'page')
_DAY = 24 * 3600 * 1000  # milliseconds; who leaves a case open for longer has not looked for so long
_SHOWN = 'title', 'mode', 'classes', 'window', 'enlarge', 'pause', 'size'


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


def application(study):
    """The web application of a serving.Study."""
    app = web.application('turing_test', study.token)
    web.add_pages(app, _PAGE)

    def reader():
        number = study.reader(web.get_cookie('reader'))
        if number is None:
            raise ValueError('enter first: this browser is no reader of the study')
        return number

    @app.route('/api/study')
    def about():
        protocol = study.protocol
        shown = {name: protocol[name] for name in _SHOWN}
        return dict(shown, presets=hounsfield.presets(protocol['window']), mm=protocol.get('mm'))

    @app.route('/api/state')
    def state():
        number = study.reader(web.get_cookie('reader'))
        return {'phase': 'enter'} if number is None else study.state(number)

    @app.route('/api/enter', methods=['POST'])
    def enter():
        given = web.posted_json(_ENTER)
        entry = study.enter(given['name'].strip(), given['years'])
        return known(entry.secret, word=entry.word)

    @app.route('/api/resume', methods=['POST'])
    def resume():
        given = web.posted_json(_RESUME)
        return known(study.resume(given['name'].strip(), given['word'].strip().lower()))

    @app.route('/api/leave', methods=['POST'])
    def leave():
        web.posted_json({})
        return known(None)

    def known(secret, **words):
        response = web.reply(words)
        web.set_cookie(response, 'reader', secret)
        return response

    @app.route('/api/pixels/<item>/<int:which>')
    def pixels(item, which):
        return web.reply(study.pixels(reader(), item, which))

    @app.route('/api/answer', methods=['POST'])
    def answer():
        number, given = reader(), web.posted_json(_ANSWER)
        truth = study.answer(number, *(given[name] for name in _ANSWER))
        return dict(truth=truth, state=study.state(number))

    @app.route('/api/undo', methods=['POST'])
    def undo():
        number, _ = reader(), web.posted_json({})
        study.undo(number)
        return study.state(number)

    return app


def run(cfg):
    """Serve the study of settings.Serve until a signal ends it; the exit code is a shell's for that signal."""
    with reading_session.opened(cfg.study) as study:
        if study.protocol.get('simulated'):
            raise ValueError(
                '%s was read by simulated readers; show readers the study that it is a copy of' % cfg.study
            )
        stopped = web_server.serve(application(study), cfg.port, cfg.lan)
    log.info('ended; every answer is in ' + study.path)
    sys.exit(128 + stopped)
