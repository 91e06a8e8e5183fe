"""What stands between the network and the routes: hosts, origins, tokens, sizes, headers."""

import hmac
import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainshock.core.errors import SettingsError
from mainshock.serve.context import ServiceSettings
from mainshock.serve.envelope import error_response

__all__ = ["SECURITY_HEADERS", "Guard", "RateLimit", "check_settings", "is_loopback"]

MOST_BODY_BYTES = 16 * 2**20
SHORTEST_TOKEN = 16
COOKIE = "mainshock_page"
_OPEN_PATHS = frozenset({"/healthz"})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches an address.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_settings(settings: ServiceSettings) -> None:
    """Refuse settings under which the service would be open to a network.

    Raises
    ------
    SettingsError
        If a token is missing where others than this machine can connect, or is too short.
    """
    if settings.token is None:
        if not is_loopback(settings.host):
            raise SettingsError(
                f"host is {settings.host}, which other machines reach, and there is no token; "
                "give one in a file by --token-file, or listen on 127.0.0.1"
            )
    elif len(settings.token) < SHORTEST_TOKEN or not settings.token.isascii():
        raise SettingsError(
            f"the token has {len(settings.token)} characters; it needs at least {SHORTEST_TOKEN} "
            "ASCII ones, such as `openssl rand -hex 32` prints"
        )


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):  # noqa: N818 - it is no error of the program
    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Guard:
    """Lets a request through to the application, or refuses it in the usual error form.

    On loopback the name in ``Host`` must be a loopback one: a page of another site that had its
    name resolved to this machine is refused. WebSockets and requests that change something must
    come from the service's own page, or from no page at all.
    """

    def __init__(self, app: ASGIApp, settings: ServiceSettings) -> None:
        check_settings(settings)
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI)."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        sender = _with_headers(send, self._cookie(scope))
        try:
            self._check(scope)
            if scope["type"] == "http":
                receive = await _whole_body(scope, receive)
        except _Refusal as refusal:
            await _refuse(scope, receive, sender, refusal)
            return
        await self.app(scope, receive, sender)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if is_loopback(self.settings.host) and _host_name(host) not in {
            *_LOOPBACK_NAMES,
            self.settings.host,
        }:
            raise _Refusal(400, f"Host is {host[:100]!r}; this service answers to localhost alone")
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and origin is not None and origin.partition("://")[2].lower() != host.lower():
            raise _Refusal(403, f"pages of {origin[:100]!r} may not use this service")
        if scope["path"] not in _OPEN_PATHS and not self._is_allowed(scope, headers):
            how = "send the header `Authorization: Bearer TOKEN`"
            if scope["path"] == "/":
                how = "open this address with ?token=TOKEN at its end"
            raise _Refusal(401, f"a token is needed: {how}", {"WWW-Authenticate": "Bearer"})

    def _is_allowed(self, scope: Scope, headers: Headers) -> bool:
        if self.settings.token is None:
            return True
        kind, _, shown = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(shown.strip()):
            return True
        is_page = scope["path"] == "/" or scope["path"].startswith("/assets/")
        if scope["type"] == "websocket" or scope["path"] == "/":
            return self._is_token(_query_token(scope)) or (
                is_page and self._is_token(_cookie_token(headers))
            )
        return is_page and self._is_token(_cookie_token(headers))

    def _is_token(self, shown: str) -> bool:
        token = self.settings.token or ""
        return hmac.compare_digest(shown.encode(), token.encode())

    def _cookie(self, scope: Scope) -> str | None:
        """Return the cookie by which the page's own files are loaded after its first visit."""
        if self.settings.token is None or scope["type"] != "http" or scope["path"] != "/":
            return None
        if not self._is_token(_query_token(scope)):
            return None
        return f"{COOKIE}={self.settings.token}; HttpOnly; SameSite=Strict; Path=/"


def _host_name(host: str) -> str:
    """Return the name in a Host header without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _query_token(scope: Scope) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return str(query.get("token", [""])[0])


def _cookie_token(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _with_headers(send: Send, cookie: str | None) -> Send:
    """Return a ``send`` that adds the security headers to what starts an answer."""

    async def sender(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if cookie is not None:
                headers.append("Set-Cookie", cookie)
        await send(message)

    return sender


async def _whole_body(scope: Scope, receive: Receive) -> Receive:
    """Read a body that is not too large, and return a ``receive`` that gives it again."""
    stated = Headers(scope=scope).get("content-length", "0")
    too_large = _Refusal(
        413, f"the body is longer than {MOST_BODY_BYTES} bytes; send it in several requests"
    )
    if stated.isdigit() and int(stated) > MOST_BODY_BYTES:
        raise too_large
    if scope["method"] in _SAFE_METHODS:
        return receive
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return receive  # the caller is gone
        body += message.get("body", b"")
        if len(body) > MOST_BODY_BYTES:
            raise too_large
        if not message.get("more_body", False):
            break
    pending: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


async def _refuse(scope: Scope, receive: Receive, send: Send, refusal: _Refusal) -> None:
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
        "extensions", {}
    ):
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.message[:100]})
        return
    answer = error_response(scope["path"], refusal.status, refusal.message, headers=refusal.headers)
    await answer(scope, receive, send)


class RateLimit:
    """So many requests a minute for each client, and no more clients remembered than stated.

    Parameters
    ----------
    per_minute
        Requests a minute that a client may make in the long run.
    burst
        Requests that it may make at once.
    clock
        Seconds of a clock that never goes back.
    most_clients
        Clients remembered; the one unseen for longest is forgotten first.
    """

    def __init__(
        self,
        per_minute: float,
        burst: int,
        clock: Callable[[], float],
        most_clients: int = 1024,
    ) -> None:
        self.per_minute = per_minute
        self.burst = burst
        self._clock = clock
        self._most_clients = most_clients
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @property
    def n_clients(self) -> int:
        """How many clients are remembered."""
        return len(self._left)

    def wait_s(self, client: str) -> float:
        """Count a request, and return 0, or after how many seconds the client may come again."""
        with self._lock:
            now = self._clock()
            left, then = self._left.pop(client, (float(self.burst), now))
            left = min(self.burst, left + (now - then) * self.per_minute / 60.0)
            is_allowed = left >= 1.0
            left = left - 1.0 if is_allowed else left
            self._left[client] = (left, now)
            if len(self._left) > self._most_clients:
                self._left.popitem(last=False)
        return 0.0 if is_allowed else (1.0 - left) * 60.0 / self.per_minute
