"""Web pages for those who have a link with a token: an application that lets nobody else in.

Each request has to name this machine (a page elsewhere may point its host name at it), come from the application's
pages, and hold the token of the link, on this machine too, which others may share. Refusals are one sentence.
"""

import hashlib
import hmac
import html
import json
import os

try:
    import flask
    from werkzeug.exceptions import HTTPException
except ImportError:
    raise ImportError('pages are served with Flask: pip install flask') from None

from common import log, schema

_PARTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'page_parts')
MONTH = 31 * 24 * 3600  # seconds for which a browser keeps a cookie
_POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
HEADERS = {
    'Content-Security-Policy': _POLICY + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
}
_TYPES = {
    '.html': 'text/html; charset=utf-8',
    '.css': 'text/css; charset=utf-8',
    '.js': 'text/javascript; charset=utf-8',
    '.svg': 'image/svg+xml',
}
_SENTENCES = {
    404: 'there is nothing at this address',
    405: 'this address takes another kind of request',
    413: 'that is more than this server takes at once',
}
_HEAD = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="dark">'
# A redirect would not do: a browser that comes from a link in a mail keeps strict cookies from where it is sent on to,
# and from each reload. A page that leads on is where the next one comes from.
_ENTRANCE = (
    _HEAD + '<title>One moment</title><link rel="icon" href="/icon.svg"><meta http-equiv="refresh" content="0; url=/">'
)
_REFUSAL = _HEAD + '<title>Not possible</title><p>%s</p>'


def application(name, token, most=65536):
    """A Flask application for those who have the token; bodies of requests have at most so many bytes.

    ValueErrors of its views answer 400 and OSErrors 503, with their messages.
    """
    app = flask.Flask(name, static_folder=None)
    app.url_map.merge_slashes = False
    app.config.update(TOKEN=token, HOSTS={'127.0.0.1', 'localhost'}, MOST=most)
    app.before_request(_admit)
    app.after_request(_finish)
    app.register_error_handler(Exception, _refuse)
    return app


def _admit():
    """None for a request that may go on, the entrance for one that brings the token along, or 403 and 413."""
    config, request = flask.current_app.config, flask.request
    host = request.headers.get('Host', '')
    if host.partition(':')[0].lower() not in config['HOSTS']:
        flask.abort(403, 'this server does not go by that name; open the link as it was printed')
    if request.headers.get('Origin', 'http://' + host) != 'http://' + host:
        flask.abort(403, 'another page may not use this server')
    if request.method == 'GET' and _is_token(request.args.get('token', '')):
        response = flask.make_response(_ENTRANCE)
        set_cookie(response, 'link', config['TOKEN'])
        return response
    if not _is_token(get_cookie('link')):
        flask.abort(403, 'the link is not whole: open it as you received it, with everything after token=')
    if (request.content_length or 0) > config['MOST']:
        flask.abort(413)
    return None


def _is_token(text):
    return hmac.compare_digest(text.encode(errors='replace'), flask.current_app.config['TOKEN'].encode())


def _finish(response):
    response.headers.update(HEADERS)
    return response


def _refuse(error):
    """The answer to a request that failed: JSON {"error": sentence}, or a page for a browser's address bar."""
    if isinstance(error, HTTPException):
        code, message = error.code, _SENTENCES.get(error.code, error.description)
    elif isinstance(error, ValueError):
        code, message = 400, str(error)
    elif isinstance(error, OSError):
        code, message = 503, 'the server cannot write (%s)' % (error.strerror or error)
        log.warning(log.reason(error))
    else:
        code, message = 500, 'the server made a mistake; its log has the details'
        flask.current_app.logger.error('%s %s', flask.request.method, flask.request.path, exc_info=error)
    if 'text/html' in flask.request.headers.get('Accept', ''):
        return _REFUSAL % html.escape(message), code
    return flask.jsonify(error=message), code


def _cookie(name):
    """Servers on one machine share their cookies, whatever their ports: the name distinguishes applications."""
    return name + '-' + hashlib.sha256(flask.current_app.config['TOKEN'].encode()).hexdigest()[:8]


def reply(content):
    """A response of JSON, from a dict, or of bytes."""
    if isinstance(content, bytes):
        return flask.Response(content, content_type='application/octet-stream')
    return flask.jsonify(content)


def attachment(content, name, mime_type):
    """A response of bytes that a browser keeps as a file of that name."""
    response = flask.Response(content, content_type=mime_type)
    response.headers['Content-Disposition'] = 'attachment; filename="%s"' % name
    return response


def set_cookie(response, name, value):
    """Have the browser keep a value that no script and no other site can reach; None makes it forget."""
    response.set_cookie(_cookie(name), value or '', MONTH if value else 0, httponly=True, samesite='Strict')


def get_cookie(name):
    """What the browser kept, or ''."""
    return flask.request.cookies.get(_cookie(name), '')


def query_value(name, default=None):
    """A value that the address holds, text of at most 40 letters; ValueError where it has to be there and is not."""
    value = flask.request.args.get(name, default)
    if value is None or len(value) > 40:
        raise ValueError('that is not what this server takes: %s is missing or too long' % name)
    return value


def posted_json(expected):
    """The JSON that was posted, if it fits a schema (see common.schema); ValueError if not."""
    if flask.request.mimetype != 'application/json':
        flask.abort(415, 'this server takes JSON alone')
    try:
        value = json.loads(flask.request.get_data().decode(), parse_constant=_refuse_constant)
        wrong = schema.problem(value, expected)
    except (ValueError, RecursionError):
        wrong = 'it is not JSON'
    if wrong:
        raise ValueError('that is not what this server takes: ' + wrong)
    return value


def uploaded_file(most):
    """The bytes of a file that was posted; ValueError if there are more than `most`, or none."""
    if flask.request.mimetype != 'application/octet-stream':
        flask.abort(415, 'this server takes files as application/octet-stream')
    content = flask.request.get_data()
    if not content or len(content) > most:
        raise ValueError('that file is empty' if not content else 'that file is larger than %.3g MB' % (most / 2.0**20))
    return content


def _refuse_constant(name):
    raise ValueError(name)


def add_pages(app, folder):
    """Serve the files of a folder, and those that pages share, by their names, index.html at /.

    What is not there now will not be served.
    """
    files = {}
    for path in [os.path.join(place, name) for place in (_PARTS, folder) for name in os.listdir(place)]:
        mime_type = _TYPES.get(os.path.splitext(path)[1])
        if mime_type:
            with open(path, 'rb') as f:
                files[os.path.basename(path)] = f.read(), mime_type

    @app.route('/')
    @app.route('/<name>')
    def page(name='index.html'):
        if name not in files:
            flask.abort(404)
        content, mime_type = files[name]
        return flask.Response(content, content_type=mime_type)
