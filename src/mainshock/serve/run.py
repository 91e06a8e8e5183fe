"""Runs the service: in a thread beside a monitor, or by itself in the foreground."""

import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any
from urllib.parse import urlencode

import uvicorn
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from mainshock.core.errors import SourceError
from mainshock.serve.app import create_app
from mainshock.serve.context import ServiceContext, ServiceSettings

__all__ = ["ServiceThread", "run_service"]

_START_TIMEOUT_S = 30.0
_GRACE_S = 3
_MOST_MESSAGE_BYTES = 64 * 1024
_MOST_WAITING = 128


class ServiceThread:
    """The service in a thread of its own.

    Parameters
    ----------
    context
        What it shows. A port of 0 takes any free one; ``port`` tells which.

    Raises
    ------
    SettingsError
        If it would be open to a network without token or accounts, or certificate and key are none.
    """

    def __init__(self, context: ServiceContext) -> None:
        self.context = context
        settings = context.settings
        self._server = _Server(
            uvicorn.Config(
                create_app(context),
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws=_WebSocket,
                ws_max_size=_MOST_MESSAGE_BYTES,
                ws_per_message_deflate=False,  # costs more than it saves on frames of noise
                timeout_graceful_shutdown=_GRACE_S,
                ssl_certfile=settings.tls_cert,
                ssl_keyfile=settings.tls_key,
            )
        )
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._port = 0

    def start(self) -> "ServiceThread":
        """Start to listen, and return when requests are answered.

        Raises
        ------
        SourceError
            If the port is taken, the address is not this machine's, or the service fails to start.
        """
        self._socket = _listening_socket(self.context.settings)
        self._port = int(self._socket.getsockname()[1])
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name="service", daemon=True
        )
        self._thread.start()
        if not self._server.is_listening.wait(_START_TIMEOUT_S):
            self.stop()
            raise SourceError(
                f"the service did not start within {_START_TIMEOUT_S:g} s; its log tells why"
            )
        return self

    def stop(self, timeout_s: float = 10.0) -> None:
        """Close all connections and end the thread."""
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout_s)
            self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def port(self) -> int:
        """The port it listens on; 0 before the start."""
        return self._port

    @property
    def url(self) -> str:
        """Where the page is, without the token."""
        host = self.context.settings.host
        scheme = "http" if self.context.settings.tls_cert is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def page_url(self) -> str:
        """What opens the page: its address, with the token where one is needed."""
        token = self.context.settings.token
        return self.url if token is None else f"{self.url}/?{urlencode({'token': token})}"

    def __enter__(self) -> "ServiceThread":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _WebSocket(WebSocketsSansIOProtocol):
    """Takes a connection that was refused by a whole answer for settled, where uvicorn does not."""

    async def send(self, message: Any) -> None:  # an ASGI message
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()


def _listening_socket(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # asyncio sends small answers without delay only where the protocol is stated
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        listening.listen(_MOST_WAITING)
    except (OSError, OverflowError) as error:
        listening.close()
        raise SourceError(
            f"the service cannot listen on {settings.host}, port {settings.port}: {error}; "
            "choose another port by --port"
        ) from error
    return listening


def run_service(context: ServiceContext, on_start: Callable[[str], None] = lambda _: None) -> None:
    """Run the service until the process is told to stop by SIGINT or SIGTERM.

    Parameters
    ----------
    on_start
        Called with the page's address when requests are answered.

    Raises
    ------
    SettingsError
        If it would be open to a network without a token.
    SourceError
        If it cannot listen.
    """
    stop = threading.Event()

    def told(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    former = {one: signal.signal(one, told) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        with ServiceThread(context) as service:
            on_start(service.url)
            stop.wait()
    finally:
        for one, handler in former.items():
            signal.signal(one, handler)
