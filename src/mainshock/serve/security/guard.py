"""What stands between the network and the routes: hosts, origins, accounts, rates, sizes."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainshock.serve import sentences
from mainshock.serve.context import ServiceSettings
from mainshock.serve.envelope import STORE_AWAY, error_response, retry_after
from mainshock.serve.security.audit import AuditLog, RequestActor, forget, remember
from mainshock.serve.security.body import MOST_BODY_BYTES, whole_body
from mainshock.serve.security.checks import is_loopback
from mainshock.serve.security.clients import Network, client_of
from mainshock.serve.security.gates import AccountGate, Gate
from mainshock.serve.security.headers import with_headers
from mainshock.serve.security.identity import Identity
from mainshock.serve.security.live_check import closing_when_over
from mainshock.serve.security.permissions import CHANGING, PUBLIC
from mainshock.serve.security.rates import RateLimit
from mainshock.serve.security.routing import Found, RouteTable
from mainshock.stream.store.database import StoreError

__all__ = ["Guard"]

_log = logging.getLogger(__name__)
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_UNLIMITED = frozenset({"/healthz"})


@dataclass(frozen=True, slots=True)
class _Refusal(Exception):  # noqa: N818 - it is no error of the program
    status: int
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Guard:
    """Lets a request through to the application, or refuses it in the usual error form.

    On loopback the name in ``Host`` must be a loopback one: a page of another site that had its
    name resolved to this machine is refused. WebSockets and requests that change something must
    come from the service's own page, or from no page at all; where a cookie tells who asks, from
    the service's own page.

    Parameters
    ----------
    app
        What is guarded.
    settings
        Where the service listens.
    gate
        How callers show who they are.
    routes
        What they may ask for.
    log
        Where changes and refusals are written.
    limit
        How often a client, or an account, may ask; None for as often as it likes.
    is_encrypted
        Whether browsers reach the service by TLS.
    trusted_proxies
        Whose word counts on which address a request comes from.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: ServiceSettings,
        gate: Gate,
        routes: RouteTable,
        log: AuditLog,
        limit: RateLimit | None = None,
        *,
        is_encrypted: bool = False,
        trusted_proxies: Sequence[Network] = (),
    ) -> None:
        self.app = app
        self.settings = settings
        self._gate = gate
        self._routes = routes
        self._log = log
        self._limit = limit
        self._told = RateLimit(1.0, 1, time.monotonic)  # audit lines on what may come in floods
        self._is_encrypted = is_encrypted
        self._trusted_proxies = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI)."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        scope = self._from_client(scope)
        cookies: list[str] = []
        sender = with_headers(send, cookies, is_encrypted=self._is_encrypted)
        actor = RequestActor(self._log, _client(scope))
        token = remember(actor)
        try:
            await self._answer(scope, receive, sender, actor, cookies)
        except _Refusal as refusal:
            await self._refuse(scope, receive, sender, refusal, actor)
        finally:
            forget(token)

    def _from_client(self, scope: Scope) -> Scope:
        """Return a connection with the client in it that a trusted proxy names."""
        if not self._trusted_proxies:
            return scope
        forwarded = Headers(scope=scope).getlist("x-forwarded-for")
        client = client_of(_client(scope), forwarded, self._trusted_proxies)
        return scope if client == _client(scope) else {**scope, "client": (client, 0)}

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        actor: RequestActor,
        cookies: list[str],
    ) -> None:
        headers = Headers(scope=scope)
        self._check_origin(scope, headers)
        found = self._routes.find(_method(scope), scope["path"])
        identity = await self._identity(scope, headers, cookies, found)
        actor.identity = identity
        self._check_rate(scope, identity, actor.client)
        self._check_access(scope, headers, identity, found)
        if scope["type"] == "http":
            is_safe = scope["method"] in _SAFE_METHODS
            receive = await whole_body(scope, receive, _too_large, is_safe=is_safe)
        if self._gate.is_strict and not found.path:
            await _no_route(scope, receive, send, found)
            return
        if scope["type"] == "websocket" and isinstance(self._gate, AccountGate) and identity:
            send = closing_when_over(send, self._gate.accounts, identity)
        if _method(scope) in ("WEBSOCKET", *_SAFE_METHODS) or found.permission not in CHANGING:
            await self.app(scope, receive, send)
            return
        await self._answer_and_write(scope, receive, send, actor, found)

    async def _identity(
        self, scope: Scope, headers: Headers, cookies: list[str], found: Found
    ) -> Identity | None:
        """Return who asks; of what is open to all, also while the store of accounts is away."""
        try:
            return await self._gate.identify(scope, headers, cookies)
        except StoreError as error:
            if found.permission == PUBLIC:
                return None
            _log.warning("%s %s: %s", _method(scope), scope["path"], error)
            raise _Refusal(503, STORE_AWAY) from error

    async def _answer_and_write(
        self, scope: Scope, receive: Receive, send: Send, actor: RequestActor, found: Found
    ) -> None:
        """Answer a request that may change something, and write what came of it."""
        status = 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, noting)
        finally:
            if not actor.is_recorded:
                result = "done" if status < 400 else "failed"
                action = f"{scope['method']} {found.path}"
                await self._write(scope, actor, action, result, f"status {status}")

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        host = headers.get("host", "")
        if is_loopback(self.settings.host) and _host_name(host) not in {
            *_LOOPBACK_NAMES,
            self.settings.host,
        }:
            raise _Refusal(400, f"Host is {host[:100]!r}; this service answers to localhost alone")
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if changes and origin is not None and not _is_own(origin, host):
            raise _Refusal(403, sentences.OTHER_PAGE.tell(origin=origin[:100]))

    def _check_rate(self, scope: Scope, identity: Identity | None, client: str) -> None:
        """Count a request for who it comes from, or for the address of nobody known."""
        if self._limit is None or scope["path"] in _UNLIMITED:
            return
        known = identity is not None and identity.kind in ("session", "key")
        who = f"account {identity.name}" if known and identity else f"client {client}"
        wait_s = self._limit.wait_s(who)
        if wait_s > 0.0:
            raise _Refusal(
                429,
                sentences.TOO_MANY_REQUESTS.tell(per_minute=self._limit.per_minute, wait_s=wait_s),
                retry_after(wait_s),
            )

    def _check_access(
        self, scope: Scope, headers: Headers, identity: Identity | None, found: Found
    ) -> None:
        if found.path and self._gate.is_open(found.path, found.permission):
            return
        if identity is None:
            raise _Refusal(401, self._gate.remedy(scope["path"]), {"WWW-Authenticate": "Bearer"})
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE_METHODS
        if identity.is_cookie and changes and headers.get("origin") is None:
            raise _Refusal(403, sentences.COOKIE_ALONE.tell())
        if found.path and not identity.may(found.permission):
            needed = found.permission or "a line in the table of permissions"
            who = f"{identity.name} ({identity.role})" if identity.role else identity.name
            raise _Refusal(403, sentences.PERMISSION_NEEDED.tell(permission=needed, who=who))

    async def _refuse(
        self, scope: Scope, receive: Receive, send: Send, refusal: _Refusal, actor: RequestActor
    ) -> None:
        # nobody known, or an account that may ask no more: a line a minute, of each kind
        is_frequent = actor.identity is None or refusal.status in (429, 503)
        if not is_frequent or self._told.wait_s(f"{refusal.status} {actor.client}") == 0.0:
            detail = f"status {refusal.status}: {refusal.message}"
            await self._write(scope, actor, f"{_method(scope)} {scope['path']}", "refused", detail)
        if scope["type"] == "websocket" and "websocket.http.response" not in scope.get(
            "extensions", {}
        ):
            reason = refusal.message[:100]
            await send({"type": "websocket.close", "code": 1008, "reason": reason})
            return
        answer = error_response(
            scope["path"], refusal.status, refusal.message, headers=refusal.headers
        )
        await answer(scope, receive, send)

    async def _write(
        self, scope: Scope, actor: RequestActor, action: str, result: str, detail: str
    ) -> None:
        name = "-" if actor.identity is None else actor.identity.name

        def write() -> None:
            self._log.write(
                name,
                action,
                target=scope["path"],
                client=actor.client,
                result=result,
                detail=detail,
            )

        await to_thread.run_sync(write)


def _too_large() -> Exception:
    return _Refusal(413, sentences.TOO_LARGE.tell(limit=MOST_BODY_BYTES))


def _method(scope: Scope) -> str:
    return "WEBSOCKET" if scope["type"] == "websocket" else str(scope["method"])


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""


def _is_own(origin: str, host: str) -> bool:
    return origin.partition("://")[2].lower() == host.lower()


def _host_name(host: str) -> str:
    """Return the name in a Host header without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


async def _no_route(scope: Scope, receive: Receive, send: Send, found: Found) -> None:
    """Answer where no route does: a router that knew more routes would not have been asked."""
    path = scope["path"]
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": "no such path"})
        return
    if found.allowed:
        message, status = f"{path} does not answer to {scope['method']}", 405
        headers = {"Allow": ", ".join(found.allowed)}
    else:
        message = sentences.NO_PATH.tell(path=path)
        status, headers = 404, {}
    await error_response(path, status, message, headers=headers)(scope, receive, send)
