"""A small listener that greets clients of Kafka: TLS and SASL up to the first request, no more.

The broker of these tests has neither. What is checked here is what the client sends, by a server
written from the protocol's description and RFC 5802 alone.
"""

import base64
import hashlib
import hmac
import os
import socket
import ssl
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

__all__ = ["Greeter"]

_HANDSHAKE, _VERSIONS, _AUTHENTICATE = 17, 18, 36
_APIS = ((3, 0, 4), (_HANDSHAKE, 0, 1), (_VERSIONS, 0, 3), (_AUTHENTICATE, 0, 0))
_WRONG_PASSWORD = 58
_ROUNDS = 4096


@dataclass
class Greeter:
    """Listens on loopback, in threads of its own, until the context ends.

    Parameters
    ----------
    tls
        How to speak TLS; None: in the clear.
    users
        Passwords by user.
    """

    tls: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    n_secure: int = 0
    refusals: list[str] = field(default_factory=list)
    peers: list[object] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)
    tokens: list[bytes] = field(default_factory=list)
    is_greeted: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Greeter":
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for one in (self._listener, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._greet, args=(client,), daemon=True).start()

    def _greet(self, client: socket.socket) -> None:
        try:
            if self.tls is not None:
                client = self.tls.wrap_socket(client, server_side=True)
                self._open.append(client)
                self.n_secure += 1
                self.peers.append(client.getpeercert())
            conversation = _Conversation(self, client)
            while conversation.answer():
                pass
        except (OSError, EOFError) as error:
            self.refusals.append(str(error))


class _Conversation:
    def __init__(self, greeter: Greeter, client: socket.socket) -> None:
        self.greeter = greeter
        self.client = client
        self.scram: _Scram | None = None

    def answer(self) -> bool:
        """Answer one request; False once the client asks for something else than a greeting."""
        (size,) = struct.unpack(">i", self._exactly(4))
        request = self._exactly(size)
        api, version, number, length = struct.unpack(">hhih", request[:10])
        body = request[10 + max(0, length) :]
        if api == _VERSIONS:
            told = _versions(version)
        elif api == _HANDSHAKE:
            (length,) = struct.unpack(">h", body[:2])
            self.greeter.mechanisms.append(body[2 : 2 + length].decode())
            told = struct.pack(">hi", 0, 0)
        elif api == _AUTHENTICATE:
            told = self._authenticated(body[4:])
        else:
            self.greeter.is_greeted.set()
            return False
        self.client.sendall(struct.pack(">ii", len(told) + 4, number) + told)
        return True

    def _exactly(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            more = self.client.recv(size - len(found))
            if not more:
                raise EOFError("the client has gone")
            found += more
        return found

    def _authenticated(self, token: bytes) -> bytes:
        self.greeter.tokens.append(token)
        mechanism = self.greeter.mechanisms[-1]
        if mechanism == "PLAIN":
            _, user, password = token.decode().split("\0")
            answer = b"" if self.greeter.users.get(user) == password else None
        elif self.scram is None:
            self.scram = _Scram(mechanism, token.decode(), self.greeter.users)
            answer = self.scram.first.encode()
        else:
            answer = self.scram.final(token.decode())
        if answer is None:
            reason = b"no such user with this password"
            return struct.pack(">hh", _WRONG_PASSWORD, len(reason)) + reason + struct.pack(">i", 0)
        return struct.pack(">hhi", 0, -1, len(answer)) + answer


class _Scram:
    """The server's side of RFC 5802 (SCRAM), for one client."""

    def __init__(self, mechanism: str, token: str, users: dict[str, str]) -> None:
        self._hash = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"}[mechanism]
        self._bare = token.removeprefix("n,,")
        user, nonce = (part[2:] for part in self._bare.split(","))
        salt = os.urandom(16)
        self.first = (
            f"r={nonce}{os.urandom(9).hex()},s={base64.b64encode(salt).decode()},i={_ROUNDS}"
        )
        password = users.get(user, os.urandom(9).hex())
        self._salted = hashlib.pbkdf2_hmac(self._hash, password.encode(), salt, _ROUNDS)

    def _keyed(self, key: bytes, text: str) -> bytes:
        return hmac.digest(key, text.encode(), self._hash)

    def final(self, token: str) -> bytes | None:
        """Return the server's own proof, or None where the client's is wrong."""
        without_proof, _, proof = token.rpartition(",p=")
        told = f"{self._bare},{self.first},{without_proof}"
        stored = hashlib.new(self._hash, self._keyed(self._salted, "Client Key")).digest()
        signature = self._keyed(stored, told)
        key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
        if hashlib.new(self._hash, key).digest() != stored:
            return None
        own = self._keyed(self._keyed(self._salted, "Server Key"), told)
        return b"v=" + base64.b64encode(own)


def _versions(version: int) -> bytes:
    """Return which requests are known, in the form of a version of the answer."""
    if version >= 3:
        told = b"".join(struct.pack(">hhhB", *one, 0) for one in _APIS)
        return struct.pack(">hB", 0, len(_APIS) + 1) + told + struct.pack(">iB", 0, 0)
    told = b"".join(struct.pack(">hhh", *one) for one in _APIS)
    return struct.pack(">hi", 0, len(_APIS)) + told + (b"" if version == 0 else b"\0\0\0\0")
