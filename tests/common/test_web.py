"""Who is let into a served application, what is refused, and how the server ends."""

import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import urllib.parse

import pytest

from common import web, web_server
from common.types import json_type
from places import ROOT

TOKEN = 'a-token-of-22-letters-'


@json_type('a whole number')
def natural(value):
    return type(value) is int


@pytest.fixture
def app(tmp_path):
    """An application with a page, a view that fails, and one that takes JSON."""
    (tmp_path / 'index.html').write_text('<p>the page')
    (tmp_path / 'private.key').write_text('secret')
    made = web.application('test', TOKEN, most=1000)
    web.add_pages(made, str(tmp_path))

    @made.route('/fail/<kind>')
    def fail(kind):
        raise dict(value=ValueError('say it otherwise'), disk=OSError(errno.ENOSPC, 'No space left on device'))[kind]

    @made.route('/take', methods=['POST'])
    def take():
        return dict(got=web.posted_json(dict(number=natural))['number'])

    return made


@pytest.fixture
def client(app):
    """A client that came by the link."""
    made = app.test_client()
    made.get('/?token=' + TOKEN)
    return made


def refused(response, code, message):
    """Whether a response is a code with one sentence that holds these words."""
    assert response.status_code == code
    assert list(response.get_json()) == ['error'] and message in response.get_json()['error']
    return True


def test_the_link_opens_the_page_and_its_token_leaves_the_address(app):
    client = app.test_client()
    assert refused(client.get('/'), 403, 'link is not whole')
    assert refused(client.get('/?token=wrong'), 403, 'link is not whole')
    assert refused(client.get('/?token=%C3%A4%ED%A0%80'), 403, 'link is not whole')
    response = client.get('/?token=' + TOKEN)
    assert b'url=/"' in response.data and TOKEN.encode() not in response.data
    cookie = response.headers['Set-Cookie']
    assert 'HttpOnly' in cookie and 'SameSite=Strict' in cookie
    assert client.get('/').data == b'<p>the page'


def test_a_person_reads_a_refusal_as_a_page_and_a_script_as_json(app):
    kinds = 'text/html,application/xhtml+xml,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7'  # as Chromium asks
    response = app.test_client().get('/', headers={'Accept': kinds})
    assert response.status_code == 403 and b'<p>the link is not whole' in response.data
    assert response.mimetype == 'text/html'


@pytest.mark.parametrize('host', ['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '', '[::1]', '10.0.0.1'])
def test_a_name_that_is_not_the_servers_is_refused_even_with_the_token(client, host):
    assert refused(client.get('/', headers={'Host': host}), 403, 'does not go by that name')


@pytest.mark.parametrize('origin', ['http://evil.example', 'null', 'https://localhost', 'http://localhost:81'])
def test_other_pages_may_not_ask(client, origin):
    headers = {'Host': 'localhost:80', 'Origin': origin}
    assert refused(client.post('/take', json=dict(number=1), headers=headers), 403, 'another page')
    headers['Origin'] = 'http://localhost:80'
    assert client.post('/take', json=dict(number=1), headers=headers).get_json() == {'got': 1}


@pytest.mark.parametrize(
    'path', ['/nothing', '/<script>', '/private.key', '/../web.py', '/..%2f..%2fetc%2fpasswd', '/take/']
)
def test_what_is_not_there_is_not_named(client, path):
    response = client.get(path)
    assert refused(response, 404, 'nothing at this address')
    assert b'script' not in response.data and b'passwd' not in response.data


def test_parts_that_pages_share_are_served_beside_the_folders_own(client):
    assert client.get('/').data == b'<p>the page'
    script = client.get('/server.js')
    assert script.status_code == 200 and script.mimetype == 'text/javascript' and b'export' in script.data


def test_every_answer_forbids_what_the_page_does_not_need(client):
    for path in ('/', '/nothing', '/fail/value', '/fail/disk', '/fail/else'):
        headers = client.get(path).headers
        assert "default-src 'none'" in headers['Content-Security-Policy']
        assert headers['X-Content-Type-Options'] == 'nosniff' and headers['Cache-Control'] == 'no-store'
        assert headers['Referrer-Policy'] == 'no-referrer' and 'Access-Control-Allow-Origin' not in headers


def test_errors_are_sentences_and_the_next_request_is_served(client, caplog):
    assert refused(client.get('/fail/value'), 400, 'say it otherwise')
    assert refused(client.get('/fail/disk'), 503, 'No space left on device')
    assert refused(client.get('/fail/else'), 500, 'the server made a mistake')
    assert refused(client.delete('/'), 405, 'another kind of request')
    assert client.get('/').status_code == 200
    assert "KeyError: 'else'" in caplog.text and 'GET /fail/else' in caplog.text


@pytest.mark.parametrize(
    'body',
    [b'', b'{', b'[' * 900, b'{"number": NaN}', b'{"number": 1e999}', b'\xff', b'[]', b'{"number": true}', b'{}'],
)
def test_bodies_that_are_not_what_is_wanted_are_refused(client, body):
    response = client.post('/take', data=body, content_type='application/json')
    assert refused(response, 400, 'not what this server takes')


def test_bodies_of_another_kind_or_too_large_are_refused(client):
    assert refused(client.post('/take', data={'number': 1}), 415, 'JSON alone')
    body = b'{"number": 1}' + b' ' * 1000
    assert refused(client.post('/take', data=body, content_type='application/json'), 413, 'more than')


def test_applications_on_one_machine_do_not_take_each_others_cookies(client):
    other = web.application('other', 'b' * 22)
    theirs = other.test_client().get('/?token=' + 'b' * 22).headers['Set-Cookie']
    ours = client.get('/?token=' + TOKEN).headers['Set-Cookie']
    assert ours.split('=')[0] != theirs.split('=')[0]


def ask(url, method='GET', path='/', body=None, **headers):
    """Status, headers and body of an answer of a real server."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def test_a_real_server_tells_no_versions_and_survives_large_and_broken_requests(app):
    with web_server.running(app) as url:
        status, headers, _ = ask(url, path=url[url.index('/?') :])
        assert status == 200 and 'Server' not in headers
        cookie = headers['Set-Cookie'].split(';')[0]
        for text, code in (
            (b'POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n', b' 413 '),
            (b'\x00\xff not HTTP\r\n\r\n', b' 40'),
        ):
            with socket.create_connection(('127.0.0.1', urllib.parse.urlsplit(url).port), 10) as raw:
                raw.sendall(text)
                assert code in raw.recv(1000)
        assert ask(url, path='//etc/passwd', Cookie=cookie)[0] == 404
        assert ask(url, Host='evil.example', Cookie=cookie)[0] == 403
        assert ask(url, Cookie=cookie)[2] == b'<p>the page'
    with pytest.raises(ConnectionRefusedError):
        ask(url)


def test_a_server_is_for_this_machine_unless_the_network_is_asked_for(app, monkeypatch):
    monkeypatch.setattr(web_server, '_addresses', lambda: ['10.20.30.40'])
    wide, narrow = web_server.Server(app, 0, True), web_server.Server(web.application('other', TOKEN), 0, False)
    with open('/proc/net/tcp') as f:
        listening = [line.split()[1] for line in f if line.split()[3] == '0A']
    assert '00000000:%04X' % wide.port in listening and '0100007F:%04X' % narrow.port in listening
    assert wide.urls == ['http://10.20.30.40:%d/?token=%s' % (wide.port, TOKEN)]
    client = app.test_client()
    assert client.get('/?token=' + TOKEN, headers={'Host': '10.20.30.40:%d' % wide.port}).status_code == 200
    assert client.get('/?token=' + TOKEN, headers={'Host': '10.20.30.41'}).status_code == 403
    for server in (wide, narrow):
        server.close()


def test_a_port_that_is_taken_is_said_in_one_line(app):
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen(1)
        port = other.getsockname()[1]
        with pytest.raises(ValueError, match='port %d is taken; choose another with --port' % port):
            web_server.Server(app, port, False)


PROGRAM = """
from common import web, web_server
print('ended by', web_server.serve(web.application('test', 'token'), 0), flush=True)
"""


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_server_in_order(number):
    process = subprocess.Popen(
        [sys.executable, '-c', PROGRAM], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    url = process.stdout.readline().decode().split()[-1]
    assert url.startswith('http://127.0.0.1:') and ask(url)[0] == 403
    os.kill(process.pid, number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b'') and out.decode().split()[-1] == str(int(number))
