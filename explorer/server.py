"""What the page of the explorer asks, and the answers."""

import os
import secrets
import sys

from common import talk, web, web_server
from explorer import models, serving

_PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'page')
MOST = 4 * 2**20 + 1024  # bytes of a request


def application(explorer, token):
    """The web application of a serving.Explorer."""
    app = web.application('explorer', token, MOST)
    if os.path.isdir(_PAGE):
        web.add_pages(app, _PAGE)

    def browser():
        """Tells browsers, and views in one page, apart, so that the newest image that one waits for is made first."""
        return web.recalled('browser'), web.asked('view', '')

    @app.route('/api/about')
    def about():
        response = web.reply(explorer.about())
        if not web.recalled('browser'):
            web.remember(response, 'browser', secrets.token_urlsafe(12))
        return response

    @app.route('/api/image', methods=['POST'])
    def image():
        return explorer.image(models.state(web.posted(models.STATE)), browser())

    return app


def run(cfg):
    """Serve as settings.Serve says until a signal ends it; the exit code is a shell's for that signal."""
    with serving.opened(cfg) as explorer:
        stopped = web_server.serve(application(explorer, secrets.token_urlsafe(16)), cfg.port)
    talk.say('ended')
    sys.exit(128 + stopped)
