"""Counts and times the requests, logs them if asked, and answers for what nobody foresaw."""

import json
import logging
import re
import secrets
import time
from collections.abc import Callable
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainshock.core.logs import current_request, serving
from mainshock.serve import sentences
from mainshock.serve.envelope import error_response
from mainshock.serve.security import SECURITY_HEADERS

__all__ = ["Observer", "ServiceMetrics", "service_metrics"]

_log = logging.getLogger(__name__)
_access = logging.getLogger("mainshock.access")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")  # what may stand in a log line as it is
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ServiceMetrics:
    """What the service tells of itself, by the template of a route, never by the path sent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "mainshock_http_requests_total",
            "Requests answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "mainshock_http_request_seconds",
            "Time from a request to the end of its answer.",
            ["method", "route"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self.connections = Gauge(
            "mainshock_live_connections", "Open live connections.", registry=registry
        )
        self.frames = Counter(
            "mainshock_live_frames_total", "Binary frames sent to live clients.", registry=registry
        )
        self.windows = Counter(
            "mainshock_inference_windows_total",
            "Windows that went through a network.",
            registry=registry,
        )


_made: "WeakKeyDictionary[CollectorRegistry, ServiceMetrics]" = WeakKeyDictionary()


def service_metrics(registry: CollectorRegistry) -> ServiceMetrics:
    """Return the metrics of a registry, which takes each name only once."""
    if registry not in _made:
        _made[registry] = ServiceMetrics(registry)
    return _made[registry]


def _request_id(scope: Scope) -> str:
    """Return the id that the caller gave the request, or a new one."""
    for name, value in scope.get("headers", ()):
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _REQUEST_ID.fullmatch(given):
                return str(given)
    return secrets.token_hex(8)


class Observer:
    """The outermost layer: one count, one time and one log line for each request.

    Each answer carries ``X-Request-ID``: that of the caller, or a new one. Log lines carry it too.
    An exception that reaches it is logged with its trace and answered without it.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: ServiceMetrics,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.app = app
        self.metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _request_id(scope)
        with serving(request):
            await self._answer(scope, receive, send, request)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request: str) -> None:
        status = 0
        began = self._clock()

        async def sender(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (b"x-request-id", request.encode())]
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self.app(scope, receive, sender)
        except Exception:
            _log.exception("%s %s failed", scope["method"], scope["path"])
            if status:
                raise  # the answer has begun: only breaking it off is left
            answer = error_response(
                scope["path"],
                500,
                sentences.FAILED.tell(),
                headers=SECURITY_HEADERS,
            )
            await answer(scope, receive, sender)
        finally:
            self._note(scope, status, self._clock() - began)

    def _note(self, scope: Scope, status: int, elapsed_s: float) -> None:
        route = str(getattr(scope.get("route"), "path", "unmatched"))
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(method, route).observe(elapsed_s)
        if _access.isEnabledFor(logging.INFO):
            client = scope.get("client") or ("", 0)
            line = {
                "client": client[0],
                "method": scope["method"],
                "path": scope["path"],
                "status": status,
                "ms": round(1000.0 * elapsed_s, 2),
                "request": current_request(),
            }
            _access.info("%s", json.dumps(line))
