"""Many connections at once, and what the server itself answers to requests that no application sees."""

import contextlib
import resource
import socket
import subprocess
import sys
import time
import urllib.parse

import pytest

from common import web, web_server
from places import ROOT

IDLE = 260  # connections, more than what 40 browsers keep open
HELLO = b'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'


@pytest.fixture
def port():
    with web_server.running(web.application('test', 'token', most=1000)) as url:
        yield urllib.parse.urlsplit(url).port


def answered(port, text):
    """All that a server answers before it closes the connection."""
    with socket.create_connection(('127.0.0.1', port), 10) as raw:
        raw.sendall(text)
        parts = [raw.recv(10000)]
        with contextlib.suppress(ConnectionResetError):  # it closes with bytes of the request unread
            while parts[-1]:
                parts.append(raw.recv(10000))
        return b''.join(parts)


@pytest.mark.parametrize(
    'text, status',
    [
        (b'GET / HTTP/1.1\r\nno header\r\n\r\n', b'400'),
        (b'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n', b'413'),
        (b'GET / HTTP/1.1\r\nHost: localhost\r\nX: ' + b'a' * 300000 + b'\r\n\r\n', b'431'),
        (b'POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n', b'501'),
    ],
)
def test_what_no_application_sees_is_answered_with_the_same_headers(port, text, status):
    lines = answered(port, text).split(b'\r\n\r\n')[0].split(b'\r\n')
    assert lines[0].split()[1] == status
    headers = dict(line.lower().split(b': ', 1) for line in lines[1:])
    assert headers[b'content-security-policy'].startswith(b"default-src 'none'")
    assert headers[b'x-content-type-options'] == b'nosniff' and headers[b'cache-control'] == b'no-store'
    assert headers[b'referrer-policy'] == b'no-referrer' and b'server' not in headers


def test_a_new_browser_is_answered_at_once_while_forty_others_are_idle(port):
    with contextlib.ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(socket.create_connection(('127.0.0.1', port), 10))
        begin = time.time()
        with socket.create_connection(('127.0.0.1', port), 10) as raw:
            raw.sendall(HELLO)
            assert raw.recv(100).startswith(b'HTTP/1.1 403')
        assert time.time() - begin < 1


def test_a_connection_that_says_nothing_is_closed_after_some_seconds(monkeypatch):
    assert web_server.IDLE <= 20
    monkeypatch.setattr(web_server, 'IDLE', 3)
    with web_server.running(web.application('test', 'token')) as url:
        with socket.create_connection(('127.0.0.1', urllib.parse.urlsplit(url).port), 10) as raw:
            assert raw.recv(100) == b''


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (100, %d))
from common import web_server
print(web_server._connections(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize('hard, connections', [(1000, 936), (100000, 4096)])
def test_as_many_connections_are_taken_as_the_system_lets_files_be_open(hard, connections):
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        hard, connections = 1000, 936
    said = subprocess.check_output([sys.executable, '-c', LIMITED % hard], cwd=ROOT)
    assert list(map(int, said.split())) == [connections, connections + 64]
