"""Tests reach no host outside this machine; loopback and Unix sockets work."""

import contextlib
import socket
import urllib.request
import warnings

import pytest

OUTSIDE = ("192.0.2.1", 80)  # TEST-NET-1: never a real host


@contextlib.contextmanager
def blocked():
    """Expect a refusal by the guard (an error of its own, no time-out), not by the network."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the guard warns and raises; the error is what counts
        with pytest.raises(RuntimeError, match=r"192\.0\.2\.1|2001:db8::1"):
            yield


def test_connecting_outside_is_blocked():
    with socket.socket() as outside, blocked():
        outside.connect(OUTSIDE)
    with blocked():
        socket.create_connection(OUTSIDE, timeout=1)
    with socket.socket(socket.AF_INET6) as outside, blocked():
        outside.connect(("2001:db8::1", 80))


def test_the_other_ways_out_are_blocked_too():
    with socket.socket() as outside, blocked():
        outside.connect_ex(OUTSIDE)
    with socket.socket(type=socket.SOCK_DGRAM) as outside, blocked():
        outside.sendto(b"", OUTSIDE)
    with blocked():
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)


def test_loopback_works():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), timeout=5) as client:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"here")
                assert client.recv(4) == b"here"
        with socket.socket() as client:
            assert client.connect_ex(server.getsockname()) == 0
    with (
        socket.socket(type=socket.SOCK_DGRAM) as receiver,
        socket.socket(type=socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        sender.sendto(b"here", receiver.getsockname())
        assert receiver.recv(4) == b"here"


def test_unix_sockets_work(tmp_path):
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
