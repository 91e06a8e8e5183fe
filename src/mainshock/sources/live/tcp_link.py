"""A TCP connection that can be left at any moment."""

import errno
import os
import selectors
import socket
import threading
from collections.abc import Callable

from mainshock.core.errors import SourceError

__all__ = ["LinkLostError", "LinkStoppedError", "TcpLink"]

_SLICE_S = 0.2
_CHUNK = 1 << 16
_LONGEST_LINE = 8192
_IN_PROGRESS = (errno.EINPROGRESS, errno.EWOULDBLOCK)


class LinkLostError(SourceError):
    """The connection broke, the other side closed it or did not answer in time."""


class LinkStoppedError(SourceError):
    """The user wants to stop; nothing is wrong."""


class TcpLink:
    """Bytes from and to one server; every wait ends within 0.2 s once ``stop`` is set.

    Parameters
    ----------
    host, port
        The server.
    stop
        Ends every wait.
    connect_s
        Most seconds to wait for the connection.
    elapsed_s
        A clock that never jumps.

    Attributes
    ----------
    received
        Bytes that came and were not used yet.

    Raises
    ------
    OSError
        If the server refuses, has no address or does not answer.
    LinkStoppedError
        If ``stop`` was set meanwhile.
    """

    def __init__(
        self,
        host: str,
        port: int,
        stop: threading.Event,
        connect_s: float,
        elapsed_s: Callable[[], float],
    ) -> None:
        self._stop = stop
        self._elapsed_s = elapsed_s
        self.received = bytearray()
        self._socket = self._connected(host, port, connect_s)

    def _connected(self, host: str, port: int, connect_s: float) -> socket.socket:
        failure: OSError = LinkLostError(f"{host} has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM
        ):
            link = socket.socket(family, kind, protocol)
            try:
                link.setblocking(False)
                code = link.connect_ex(address)
                if code in _IN_PROGRESS:
                    code = self._awaited(link, connect_s)
                if code == 0:
                    link.settimeout(_SLICE_S)
                    return link
                failure = OSError(code, os.strerror(code))
            except OSError as error:
                failure = error
            link.close()
            if isinstance(failure, LinkStoppedError):
                break
        raise failure

    def _awaited(self, link: socket.socket, connect_s: float) -> int:
        """Return the error number of a connection once it is known."""
        deadline_s = self._elapsed_s() + connect_s
        with selectors.DefaultSelector() as selector:
            selector.register(link, selectors.EVENT_WRITE)
            while self._elapsed_s() < deadline_s:
                if self._stop.is_set():
                    raise LinkStoppedError("stopped while connecting")
                if selector.select(_SLICE_S):
                    return link.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return errno.ETIMEDOUT

    def send(self, text: str) -> None:
        """Send ASCII text.

        Raises
        ------
        LinkLostError
            If the connection broke.
        """
        try:
            self._socket.sendall(text.encode("ascii"))
        except OSError as error:
            raise LinkLostError(f"connection broke: {error}") from error

    def receive(self) -> bool:
        """Wait at most 0.2 s for bytes and return whether some came.

        Raises
        ------
        LinkLostError
            If the connection broke or the other side closed it.
        LinkStoppedError
            If ``stop`` is set.
        """
        if self._stop.is_set():
            raise LinkStoppedError("stopped while waiting for data")
        try:
            chunk = self._socket.recv(_CHUNK)
        except TimeoutError:
            return False
        except OSError as error:
            raise LinkLostError(f"connection broke: {error}") from error
        if not chunk:
            raise LinkLostError("the server closed the connection")
        self.received += chunk
        return True

    def line(self, within_s: float) -> str:
        """Return the next line without its end.

        Raises
        ------
        LinkLostError
            If none came in time, it is too long, or the connection broke.
        LinkStoppedError
            If ``stop`` is set.
        """
        deadline_s = self._elapsed_s() + within_s
        while (end := self.received.find(b"\n")) < 0:
            if len(self.received) > _LONGEST_LINE:
                raise LinkLostError(f"a reply is longer than {_LONGEST_LINE} bytes")
            if not self.receive() and self._elapsed_s() >= deadline_s:
                raise LinkLostError(f"no reply came within {within_s:g} s")
        text = self.received[:end].decode("ascii", "replace").strip()
        del self.received[: end + 1]
        return text

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
