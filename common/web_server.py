"""The server of a web application: on this machine alone or on its network, until a signal ends it."""

import contextlib
import errno
import logging
import os
import signal
import socket
import threading

try:
    import waitress
    from waitress import channel, task, wasyncore
except ImportError:
    raise ImportError('pages are served with waitress: pip install waitress') from None

from common import log, web

_REASONS = {
    errno.EADDRINUSE: 'port %d is taken; choose another with --port',
    errno.EACCES: 'port %d is reserved for the system; choose one from 1024 with --port',
}
# A browser keeps about six connections. Idle ones are closed after some seconds, and it opens new ones.
MOST_CONNECTIONS = 4096
IDLE = 15  # seconds
THREADS = 32  # that answer; most of them wait while an explorer computes
_OTHER_FILES = 64  # of the process: data, weights, databases


class _ErrorTask(task.ErrorTask):
    """What waitress answers itself, to requests that no application sees, with the headers of all other answers."""

    def build_response_header(self):
        self.response_headers.extend(web.HEADERS.items())
        return super().build_response_header()


class _Channel(channel.HTTPChannel):
    error_task_class = _ErrorTask


def _connections():
    """How many connections may be open at once; the process may open as many files as its user allows it to."""
    try:
        import resource
    except ImportError:
        return 256  # Windows
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + _OTHER_FILES
    if 0 <= soft < wanted:
        soft = wanted if hard < 0 else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return max(wanted if soft < 0 else min(soft, wanted), 2 * _OTHER_FILES) - _OTHER_FILES


class Server:
    """A server that listens, of an application of common.web. url: its link, with the token."""

    def __init__(self, app, port, lan):
        self._sockets = {}
        logging.getLogger('waitress.queue').setLevel(logging.ERROR)  # it warns of readers who wait for milliseconds
        options = dict(host='0.0.0.0' if lan else '127.0.0.1', port=port, map=self._sockets, threads=THREADS, ident='')
        options.update(max_request_body_size=app.config['MOST'], clear_untrusted_proxy_headers=True)
        options.update(connection_limit=_connections(), channel_timeout=IDLE, cleanup_interval=IDLE // 3)
        options.update(asyncore_use_poll=True)  # select cannot wait for more than 1,024 files
        try:
            self._server = waitress.create_server(app, **options)
        except OSError as error:
            raise ValueError(_REASONS.get(error.errno, 'port %d: ' + os.strerror(error.errno)) % port) from None
        self._server.channel_class = _Channel
        self.port = int(self._server.effective_port)
        self.urls = [
            'http://%s:%d/?token=%s' % (name, self.port, app.config['TOKEN'])
            for name in (_addresses() if lan else ['127.0.0.1'])
        ]
        if lan:
            app.config['HOSTS'].update(_addresses() + [socket.gethostname().lower()])

    def run(self):
        """Serve until a thread calls stop, or a handler of a signal raises SystemExit; answers begun are finished."""
        try:
            self._server.run()
        finally:
            self.close()

    def close(self):
        """Let answers be finished and give the port back."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._sockets)

    def stop(self):
        """End run, from another thread."""
        self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets))


def _addresses():
    """The addresses of this machine on its networks."""
    import psutil  # here, as a server for this machine alone does without

    entries = [entry for interface in psutil.net_if_addrs().values() for entry in interface]
    addresses = [entry.address for entry in entries if entry.family == socket.AF_INET]
    return [address for address in addresses if not address.startswith('127.')] or ['127.0.0.1']


def serve(app, port, lan=False):
    """Serve an application until a signal ends it, and return that signal; ValueError if the port is taken."""
    server, received = Server(app, port, lan), []

    def end(signum, _):
        received.append(signum)
        raise SystemExit(128 + signum)

    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, end)
    if lan:
        log.warning('this is plain HTTP: others on the network can read it; use it on a network that you trust')
    for url in server.urls:
        print('open ' + url, flush=True)
    log.info('Ctrl-C ends it')
    server.run()
    return received[0]


@contextlib.contextmanager
def running(app):
    """The link of an application that is served on this machine, on a free port, until the block ends."""
    server = Server(app, 0, False)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.urls[0]
    finally:
        server.stop()
        thread.join(10)
