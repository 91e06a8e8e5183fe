"""How callers show who they are: not at all, by the service's token, or by an account."""

import hashlib
import hmac
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import Scope

from mainshock.serve import sentences
from mainshock.serve.security.identity import KEY_START, LOCAL, TOKEN, Identity, by_cookie
from mainshock.serve.security.permissions import PUBLIC

if TYPE_CHECKING:  # loads ciphers, which services without accounts do not need
    from mainshock.serve.security.accounts import Accounts, Session

__all__ = ["SESSION_COOKIE", "AccountGate", "Gate", "OpenGate", "TokenGate", "session_cookie"]

_PAGE_COOKIE = "mainshock_page_"
SESSION_COOKIE = "mainshock_session"
_OPEN_WITH_TOKEN = frozenset({"/healthz", "/api/v1/sign-in"})


class Gate(Protocol):
    """Tells who a caller is."""

    is_strict: bool
    """Whether routes without a line in the table of permissions are refused."""

    def is_open(self, path: str, permission: str | None) -> bool:
        """Return whether everybody may use a route."""
        ...

    async def identify(self, scope: Scope, headers: Headers, cookies: list[str]) -> Identity | None:
        """Return who a caller is, or None; add what the browser is to keep to ``cookies``."""
        ...

    def remedy(self, path: str) -> str:
        """Return how a caller shows who it is."""
        ...


class OpenGate:
    """Everybody who reaches the service may do everything; it listens to this machine alone."""

    is_strict = False

    def is_open(self, path: str, permission: str | None) -> bool:  # noqa: ARG002
        """Return that everybody may."""
        return True

    async def identify(
        self,
        scope: Scope,  # noqa: ARG002
        headers: Headers,  # noqa: ARG002
        cookies: list[str],  # noqa: ARG002
    ) -> Identity | None:
        """Return whoever uses this machine."""
        return LOCAL

    def remedy(self, path: str) -> str:  # noqa: ARG002
        """Return nothing: no caller is asked."""
        return ""


class TokenGate:
    """Who shows the one token may do everything.

    Parameters
    ----------
    token
        The service's own.
    is_encrypted
        Whether browsers reach the service by TLS.
    """

    is_strict = False

    def __init__(self, token: str, *, is_encrypted: bool) -> None:
        self._token = token
        self._is_encrypted = is_encrypted
        # browsers send a cookie to all ports of a host: services there need names of their own
        self._cookie_name = _PAGE_COOKIE + hashlib.sha256(token.encode()).hexdigest()[:8]

    def is_open(self, path: str, permission: str | None) -> bool:  # noqa: ARG002
        """Return whether a path is the one for probes, or tells how to show the token."""
        return path in _OPEN_WITH_TOKEN

    async def identify(self, scope: Scope, headers: Headers, cookies: list[str]) -> Identity | None:
        """Return ``TOKEN`` for who shows the token, and let the page's first visit keep it.

        What is kept opens the page, its files and, for pages of the service itself, the live
        connection: an address with the token in it would stand in the logs of proxies.
        """
        path = scope["path"]
        in_query = _query_token(scope) if scope["type"] == "websocket" or path == "/" else ""
        is_page = path == "/" or path.startswith("/assets/")
        if scope["type"] == "http" and path == "/" and self._is_token(in_query):
            cookies.append(_cookie(self._cookie_name, self._token, is_encrypted=self._is_encrypted))
        if self._is_token(_bearer(headers)) or self._is_token(in_query):
            return TOKEN
        if not self._is_token(_cookies(headers).get(self._cookie_name, "")):
            return None
        if scope["type"] == "websocket":
            return by_cookie(TOKEN)  # which counts for the service's own pages alone
        return TOKEN if is_page else None

    def remedy(self, path: str) -> str:
        """Return where the token goes."""
        said = sentences.TOKEN_IN_ADDRESS if path == "/" else sentences.TOKEN_NEEDED
        return said.tell()

    def _is_token(self, shown: str) -> bool:
        return hmac.compare_digest(shown.encode(), self._token.encode())


class AccountGate:
    """Callers sign in, or show an API key; the service's token counts as well where there is one.

    Parameters
    ----------
    accounts
        Who they are.
    token
        The service's own token, for programs that keep it running, or None.
    is_encrypted
        Whether browsers reach the service by TLS.
    """

    is_strict = True

    def __init__(self, accounts: "Accounts", token: str | None, *, is_encrypted: bool) -> None:
        self.accounts = accounts
        self.is_encrypted = is_encrypted
        self._token = token

    def is_open(self, path: str, permission: str | None) -> bool:  # noqa: ARG002
        """Return whether the table of permissions opens a route to all."""
        return permission == PUBLIC

    async def identify(self, scope: Scope, headers: Headers, cookies: list[str]) -> Identity | None:
        """Return the account, by bearer token, key or cookie; renew the token of a cookie."""
        shown = _bearer(headers)
        if shown:
            if self._token and hmac.compare_digest(shown.encode(), self._token.encode()):
                return TOKEN
            if shown.startswith(KEY_START):
                return await to_thread.run_sync(self.accounts.of_key, shown)
            session = await to_thread.run_sync(self.accounts.of_token, shown)
            return None if session is None else session.identity
        kept = _cookies(headers).get(SESSION_COOKIE, "")
        if not kept:
            return None
        return await to_thread.run_sync(self._of_cookie, kept, scope["type"], cookies)

    def remedy(self, path: str) -> str:  # noqa: ARG002
        """Return how to sign in."""
        return sentences.SIGN_IN_NEEDED.tell()

    def _of_cookie(self, kept: str, kind: str, cookies: list[str]) -> Identity | None:
        session = self.accounts.of_token(kept)
        if session is None:
            return None
        renewed = self.accounts.renewed(session) if kind == "http" else None
        if renewed is not None:
            cookies.append(session_cookie(renewed, is_encrypted=self.is_encrypted))
        return by_cookie(session.identity)


def session_cookie(session: "Session | None", *, is_encrypted: bool) -> str:
    """Return the ``Set-Cookie`` value that keeps a sign-in, or that removes it (None)."""
    value = "" if session is None else session.token
    kept = _cookie(SESSION_COOKIE, value, is_encrypted=is_encrypted)
    return f"{kept}; Max-Age=0" if session is None else kept


def _cookie(name: str, value: str, *, is_encrypted: bool) -> str:
    """Return a ``Set-Cookie`` value of what no script reads and no other page sends."""
    kept = f"{name}={value}; HttpOnly; SameSite=Strict; Path=/"
    return f"{kept}; Secure" if is_encrypted else kept


def _bearer(headers: Headers) -> str:
    """Return what follows ``Bearer`` in the header, or an empty text."""
    kind, _, shown = headers.get("authorization", "").partition(" ")
    return shown.strip() if kind.lower() == "bearer" else ""


def _query_token(scope: Scope) -> str:
    query = parse_qs(scope["query_string"].decode("latin-1"))
    return str(query.get("token", [""])[0])


def _cookies(headers: Headers) -> Mapping[str, str]:
    try:
        return {name: one.value for name, one in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}
