"""``/metrics``, ``/healthz`` and ``/readyz`` of a process that serves no API."""

import json
import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from mainshock.core.errors import SourceError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

__all__ = ["StageEndpoint"]

_PATIENCE_S = 10.0


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = _PATIENCE_S  # a caller that says nothing holds a thread no longer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        """Say nothing: probes come each few seconds."""


class StageEndpoint:
    """A small HTTP server for whoever keeps the process running.

    Parameters
    ----------
    registry
        What ``/metrics`` shows.
    host, port
        Where it listens; port 0 takes a free one.

    Attributes
    ----------
    problem
        Tells why the process cannot do its work; an empty text while it can.

    Raises
    ------
    SourceError
        If it cannot listen there.
    """

    def __init__(self, registry: CollectorRegistry, host: str, port: int) -> None:
        self._registry = registry
        self.problem: Callable[[], str] = lambda: "starting"
        try:
            self._server = make_server(host, port, self._answer, _Server, _Handler)
        except OSError as error:
            raise SourceError(
                f"cannot show counters at {host}:{port}: {error.strerror}; name another "
                "--metrics-port"
            ) from error
        self.port = int(self._server.server_port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, environment: "WSGIEnvironment", respond: "StartResponse") -> Iterable[bytes]:
        path = environment.get("PATH_INFO", "")
        if path in ("/metrics", "/"):
            status, kind, body = "200 OK", CONTENT_TYPE_LATEST, generate_latest(self._registry)
        else:
            status, document = self._state(path)
            kind, body = "application/json", json.dumps(document).encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        respond(status, [*headers, ("Cache-Control", "no-store")])
        return [body]

    def _state(self, path: str) -> tuple[str, dict[str, str]]:
        if path == "/healthz":
            return "200 OK", {"status": "alive"}
        if path != "/readyz":
            return "404 Not Found", {"detail": "there are /metrics, /healthz and /readyz"}
        reason = self.problem()
        if reason:
            return "503 Service Unavailable", {"status": "not ready", "detail": reason}
        return "200 OK", {"status": "ready"}
