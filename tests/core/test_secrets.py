"""Secrets are read from where they lie, and shown nowhere."""

import json
import logging
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from mainshock.core import vault
from mainshock.core.errors import SettingsError, UnreachableError
from mainshock.core.secrets import Secret, SecretReference, read_secret_file

TOKEN, VALUE = "s.token-of-the-test", "p@ss/word%"


class SecretManager(ThreadingHTTPServer):
    """Answers as a KV engine of version 2 does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.answer: tuple[int, bytes] | None = None
        self.asked: list[tuple[str, str]] = []
        self.silent = threading.Event()

    def environ(self, **changes: str) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.server_port}"
        return {"VAULT_ADDR": address, "VAULT_TOKEN": TOKEN, **changes}


class _Answers(BaseHTTPRequestHandler):
    server: SecretManager

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("X-Vault-Namespace", "")))
        status, body = self.server.answer or self._held()
        self.server.silent.wait(0.0)
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _held(self) -> tuple[int, bytes]:
        if self.headers.get("X-Vault-Token") != TOKEN:
            return 403, b'{"errors":["permission denied"]}'
        if self.path != "/v1/secret/data/quakes/the%20store":
            return 404, b'{"errors":[]}'
        data = {"password": VALUE, "port": 5432, "empty": ""}
        return 200, json.dumps({"data": {"data": data, "metadata": {"version": 3}}}).encode()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def manager() -> Iterator[SecretManager]:
    with SecretManager() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def secret_file(tmp_path) -> Path:
    path = tmp_path / "password"
    path.write_text(VALUE + "\n")
    path.chmod(0o640)
    return path


IN_VAULT = SecretReference.parse("vault:secret/quakes/the store#password")


def test_a_secret_is_read_from_each_kind_of_place(secret_file, manager):
    of_file = SecretReference.parse(f"file:{secret_file}")
    assert SecretReference.parse("env:ANY").read(environ={"ANY": VALUE}).reveal() == VALUE
    assert of_file.read().reveal() == VALUE
    assert SecretReference.parse("file:password").read(secret_file.parent).reveal() == VALUE
    assert IN_VAULT.read(environ=manager.environ()).reveal() == VALUE
    assert manager.asked == [("/v1/secret/data/quakes/the%20store", "")]


def test_a_secret_is_shown_nowhere(caplog):
    secret = Secret(VALUE)
    with caplog.at_level(logging.INFO):
        logging.getLogger("test").info("%s %r %s", secret, secret, [secret])
    assert VALUE not in caplog.text
    assert VALUE not in f"{secret} {secret!r} { {'a': secret} }"
    assert caplog.text.count("Secret(***)") == 3


@pytest.mark.parametrize(
    "text", ["hunter2", "env:", "env:1A", "env:A B", "file:", "vault:secret#x", "vault:a/b", ""]
)
def test_what_is_no_place_is_refused_and_not_repeated(text):
    with pytest.raises(SettingsError, match="say where it lies") as raised:
        SecretReference.parse(text)
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_file_that_all_users_may_read_or_write_is_refused(secret_file, mode):
    secret_file.chmod(mode)
    with pytest.raises(SettingsError, match=rf"mode {mode:04o}.*chmod 600"):
        read_secret_file(secret_file)
    secret_file.chmod(0o600)
    assert read_secret_file(secret_file).reveal() == VALUE


def test_a_file_without_a_fitting_secret_is_refused(tmp_path, secret_file):
    secret_file.write_bytes(b"")
    with pytest.raises(SettingsError, match="holds nothing"):
        read_secret_file(secret_file)
    secret_file.write_bytes(b"x" * 5000)
    with pytest.raises(SettingsError, match="too much"):
        read_secret_file(secret_file)
    secret_file.write_bytes(b"p\xff\xfe")
    with pytest.raises(SettingsError, match="UnicodeDecodeError") as raised:
        read_secret_file(secret_file)
    assert raised.value.__cause__ is None
    for wrong in (tmp_path / "none", tmp_path):
        with pytest.raises(SettingsError, match="secret file"):
            read_secret_file(wrong)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SettingsError, match="no plain file"):
        read_secret_file(tmp_path / "pipe")


def test_a_variable_that_is_not_set_is_told():
    with pytest.raises(SettingsError, match="ANY is not set"):
        SecretReference.parse("env:ANY").read(environ={"ANY": ""})


def test_the_token_may_lie_in_a_file(manager, tmp_path):
    path = tmp_path / "token"
    path.write_text(TOKEN + "\n")
    path.chmod(0o600)
    environ = manager.environ(VAULT_TOKEN="", VAULT_TOKEN_FILE=str(path), VAULT_NAMESPACE="net")
    assert IN_VAULT.read(environ=environ).reveal() == VALUE
    assert manager.asked[0][1] == "net"
    with pytest.raises(SettingsError, match="VAULT_TOKEN_FILE"):
        IN_VAULT.read(environ=manager.environ(VAULT_TOKEN=""))


FAULTS = {
    "a wrong token": (None, {"VAULT_TOKEN": "wrong-token"}, SettingsError, "refuses"),
    "a line break in the token": (None, {"VAULT_TOKEN": "a\nb"}, UnreachableError, "ValueError"),
    "a sealed server": ((503, b""), {}, UnreachableError, "sealed"),
    "another answer": ((500, b"oops"), {}, UnreachableError, "answers 500"),
    "a redirect": ((302, b""), {}, UnreachableError, "answers 302"),
    "no JSON": ((200, b"<html>"), {}, UnreachableError, "KV engine of version 2"),
    "a list": ((200, b"[]"), {}, UnreachableError, "KV engine of version 2"),
    "version 1": ((200, b'{"data":{"password":"x"}}'), {}, UnreachableError, "version 2"),
    "a deleted secret": ((200, b'{"data":{"data":null}}'), {}, UnreachableError, "version 2"),
    "no end": ((200, b" " * 300_000), {}, UnreachableError, "version 2"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_of_a_secret_manager_are_told_without_its_secrets(manager, name):
    manager.answer, changes, kind, said = FAULTS[name]
    environ = manager.environ(**changes)
    with pytest.raises(kind, match=said) as raised:
        IN_VAULT.read(environ=environ)
    assert environ["VAULT_TOKEN"] not in str(raised.value)
    assert VALUE not in str(raised.value)
    assert raised.value.__cause__ is None


def test_what_a_secret_manager_does_not_hold_is_told(manager):
    other = SecretReference.parse("vault:secret/other#password")
    with pytest.raises(SettingsError, match="no secret secret/other"):
        other.read(environ=manager.environ())
    for key in ("user", "empty", "port"):
        wrong = SecretReference("vault", IN_VAULT.place, key)
        with pytest.raises(SettingsError, match="its keys are empty, password, port") as raised:
            wrong.read(environ=manager.environ())
        assert VALUE not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("", "must be the address"),
        ("127.0.0.1:8200", "must be the address"),
        ("ftp://127.0.0.1", "must be the address"),
        ("http://127.0.0.1:port", "must be the address"),
        ("https://me:word@127.0.0.1", "must be the address"),
        ("http://vault.example.org:8200", "use https"),
        ("http://127.0.0.1.example.org", "use https"),
    ],
)
def test_an_address_that_would_leak_the_token_is_refused(address, said):
    with pytest.raises(SettingsError, match=said):
        IN_VAULT.read(environ={"VAULT_ADDR": address, "VAULT_TOKEN": TOKEN})


def test_a_server_that_is_not_there_is_told_with_its_address():
    environ = {"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": TOKEN}
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1 does not answer.*VAULT_ADDR"):
        IN_VAULT.read(environ=environ)


def test_a_server_that_says_nothing_is_given_up(manager, monkeypatch):
    monkeypatch.setattr(vault, "_TIMEOUT_S", 0.1)
    wait = manager.silent.wait
    monkeypatch.setattr(manager.silent, "wait", lambda _: wait(5.0))
    with pytest.raises(UnreachableError, match="does not answer"):
        IN_VAULT.read(environ=manager.environ())
    manager.silent.set()


def test_over_tls_only_a_known_certificate_counts(manager, tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    manager.socket = context.wrap_socket(manager.socket, server_side=True)
    manager.handle_error = lambda *_: None  # a client that hangs up is what is tested
    environ = manager.environ(VAULT_ADDR=f"https://127.0.0.1:{manager.server_port}")
    with pytest.raises(UnreachableError, match="SSLCertVerificationError"):
        IN_VAULT.read(environ=environ)
    known = {**environ, "VAULT_CACERT": str(certificate)}
    assert IN_VAULT.read(environ=known).reveal() == VALUE
    with pytest.raises(SettingsError, match="VAULT_CACERT"):
        IN_VAULT.read(environ={**environ, "VAULT_CACERT": str(tmp_path / "none")})
