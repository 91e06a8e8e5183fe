"""Alerts over a real HTTP server, and addresses that are refused."""

import hashlib
import hmac
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.stream.alerts.addresses import is_public, resolve
from mainshock.stream.alerts.webhook import WebhookChannel, WebhookSettings


@pytest.fixture
def server():
    """A web service that answers what it is told, and keeps what was posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.server.came.append((self.path, dict(self.headers), body))
            status = self.server.statuses.pop(0) if self.server.statuses else 200
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *arguments):
            pass

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.came, service.statuses = [], []
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.shutdown()
    thread.join()
    service.server_close()


@pytest.fixture
def channel(server, tmp_path, monkeypatch):
    """Returns a function that makes a channel to the server."""
    monkeypatch.setenv("TEST_HOOK_KEY", "a key")
    monkeypatch.setenv("TEST_HOOK_TOKEN", "Bearer let me in")

    def make(**more):
        options = {
            "url": f"http://127.0.0.1:{server.server_port}/in?a=1",
            "secret": {"env": "TEST_HOOK_KEY"},
            "headers": {"Authorization": {"env": "TEST_HOOK_TOKEN"}},
            "allow_private": True,
        }
        return WebhookChannel(WebhookSettings.model_validate(options | more), tmp_path)

    return make


def test_a_message_arrives_with_its_key_and_a_true_signature(channel, server, make_request, caplog):
    caplog.set_level(logging.DEBUG)
    request = make_request()
    channel().send(request)
    ((path, headers, body),) = server.came
    assert path == "/in?a=1"
    assert json.loads(body) == request.document()
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "ms20240517.all.one/1"
    assert headers["Authorization"] == "Bearer let me in"
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    # HMAC by its definition, RFC 2104
    key = b"a key".ljust(64, b"\0")
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key) + body).digest()
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key) + inner).hexdigest()
    assert headers["X-Mainshock-Signature"] == f"sha256={outer}"
    assert not hmac.compare_digest(outer, hmac.new(b"another", body, "sha256").hexdigest())
    assert "let me in" not in caplog.text


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_an_answer_that_may_pass_is_unreachable(status, channel, server, make_request):
    server.statuses.append(status)
    with pytest.raises(UnreachableError, match=f"answered {status}"):
        channel().send(make_request())


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_another_answer_is_final_and_redirects_are_not_followed(
    status, channel, server, make_request
):
    server.statuses.append(status)
    with pytest.raises(SettingsError, match=f"answered {status}") as caught:
        channel().send(make_request())
    assert len(server.came) == 1
    assert "let me in" not in str(caught.value)
    assert "/in" not in str(caught.value)


def test_a_service_on_this_machine_is_refused_unless_it_is_meant(channel, server, make_request):
    with pytest.raises(SettingsError, match=r"127\.0\.0\.1, which is not public.*allow_private"):
        channel(allow_private=False).send(make_request())
    with pytest.raises(SettingsError, match="not public"):
        channel(url=f"http://localhost:{server.server_port}/", allow_private=False).send(
            make_request()
        )
    assert server.came == []


def test_the_name_is_resolved_once_and_that_address_is_used(
    channel, server, make_request, monkeypatch
):
    """A name that points elsewhere the second time it is asked for gains nothing."""
    asked = []
    original = socket.getaddrinfo

    def answer(host, port, *rest, **more):
        if host != "hooks.example.org":
            return original(host, port, *rest, **more)
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "192.0.2.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    channel(url=f"http://hooks.example.org:{server.server_port}/in").send(make_request())
    assert len(asked) == 1
    assert server.came[0][1]["Host"] == f"hooks.example.org:{server.server_port}"


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    found = [(socket.AF_INET, 1, 6, "", (one, 80)) for one in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: found)
    with pytest.raises(SettingsError, match=r"10\.0\.0\.1"):
        resolve("mixed.example.org", 80, allow_private=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fd00::1",
        "ff02::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1", "fec0::1", "::127.0.0.1", "::ffff:0:127.0.0.1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_that_are_public(address):
    assert is_public(address)


def test_nobody_there_is_unreachable(channel, make_request):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(UnreachableError, match="is it up"):
        channel(url=f"http://127.0.0.1:{port}/").send(make_request())


def test_a_server_that_never_answers_is_left(channel, make_request):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        waiting = channel(url=f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_s=0.1)
        with pytest.raises(UnreachableError, match="Timeout"):
            waiting.send(make_request())


def test_an_endless_answer_is_not_read_to_its_end(channel, make_request):
    def pour(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    connection.sendall(b"x" * 65_536)
            except OSError:
                pass  # the client has gone

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=pour, args=(listener,))
        thread.start()
        channel(url=f"http://127.0.0.1:{listener.getsockname()[1]}/").send(make_request())
        thread.join(10)
        assert not thread.is_alive()


def test_an_address_that_is_a_secret_comes_from_its_place(channel, server, make_request, tmp_path):
    (tmp_path / "url.txt").write_text(f"http://127.0.0.1:{server.server_port}/T0P\n")
    (tmp_path / "url.txt").chmod(0o600)
    channel(url=None, url_secret={"file": "url.txt"}).send(make_request())
    assert server.came[0][0] == "/T0P"
