"""``/api/v1/oidc/login`` and ``callback``: signing in at a provider (OpenID Connect)."""

import math
from typing import TYPE_CHECKING

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from mainshock.core.errors import MainshockError
from mainshock.serve import sentences
from mainshock.serve.envelope import ApiError
from mainshock.serve.security.audit import record
from mainshock.serve.security.gates import AccountGate, session_cookie
from mainshock.serve.security.login_rates import LoginRates
from mainshock.serve.security.setup import Protection
from mainshock.stream.store.database import StoreError

if TYPE_CHECKING:  # loads ciphers
    from mainshock.serve.security.oidc import SignOn

__all__ = ["router"]

_COOKIE = "mainshock_sso"
_PATH = "/api/v1/oidc"
_LONGEST = 2048


def router(protection: Protection) -> APIRouter:
    """Return the routes, which browsers follow; they are no part of the described API.

    What a provider adds to the address is its own affair: unknown parameters are not refused.
    """
    routes = APIRouter(prefix="/api/v1", tags=["accounts"])
    if protection.settings.oidc is None or not isinstance(protection.gate, AccountGate):
        _add_refusals(routes)
        return routes
    from mainshock.serve.security.oidc import SignOn  # noqa: PLC0415 - loads ciphers

    sign_on = SignOn(protection.settings.oidc, protection.gate.accounts)
    _add_routes(routes, protection, protection.gate, sign_on)
    return routes


def _add_routes(
    routes: APIRouter, protection: Protection, gate: AccountGate, sign_on: "SignOn"
) -> None:
    rates = protection.login_rates

    @routes.get("/oidc/login", include_in_schema=False)
    async def begin_sign_on(request: Request) -> Response:
        """Lead the browser to the provider."""
        _count(rates, request)
        back = _back(protection, request)
        try:
            begun = await to_thread.run_sync(sign_on.begin, back)
        except MainshockError as error:
            raise ApiError(503, f"the provider cannot be used: {error}") from error
        answer = RedirectResponse(begun.address, 303)
        answer.headers["Set-Cookie"] = _state_cookie(begun.kept, gate)
        return answer

    @routes.get("/oidc/callback", include_in_schema=False)
    async def end_sign_on(request: Request) -> Response:
        """Take the browser back from the provider, and sign in."""
        _count(rates, request)
        if len(request.url.query) > _LONGEST * 2:
            raise ApiError(400, f"the query is too long; {_LONGEST * 2} characters are read")
        kept, back = request.cookies.get(_COOKIE, ""), _back(protection, request)
        try:
            session = await to_thread.run_sync(sign_on.end, dict(request.query_params), kept, back)
        except StoreError:
            raise
        except MainshockError as error:
            await to_thread.run_sync(record, "login", "", f"elsewhere: {error}", "refused")
            raise ApiError(401, "the sign-in at the provider does not count here") from error
        await to_thread.run_sync(record, "login", session.identity.name, "elsewhere")
        answer = RedirectResponse("/", 303)
        answer.headers.append("Set-Cookie", session_cookie(session, is_encrypted=gate.is_encrypted))
        answer.headers.append("Set-Cookie", _state_cookie("", gate))
        return answer


def _add_refusals(routes: APIRouter) -> None:
    @routes.get("/oidc/login", include_in_schema=False)
    @routes.get("/oidc/callback", include_in_schema=False)
    def refuse_sign_on() -> Response:
        """Tell that there is no provider."""
        raise ApiError(404, "no provider is set up; name one under [oidc] in --security FILE")


def _count(rates: LoginRates, request: Request) -> None:
    wait_s = rates.of_client(request.client.host if request.client else "")
    if wait_s > 0.0:
        raise ApiError(429, sentences.TOO_MANY_TRIES.tell(wait_s=math.ceil(wait_s)), retry_s=wait_s)


def _back(protection: Protection, request: Request) -> str:
    """Return the address that the provider leads back to."""
    base = protection.settings.public_url or str(request.base_url).rstrip("/")
    return f"{base}{_PATH}/callback"


def _state_cookie(kept: str, gate: AccountGate) -> str:
    # Lax: the provider's page is another site, and leads back here
    parts = [f"{_COOKIE}={kept}", "HttpOnly", "SameSite=Lax", f"Path={_PATH}"]
    parts.append("Max-Age=600" if kept else "Max-Age=0")
    if gate.is_encrypted:
        parts.append("Secure")
    return "; ".join(parts)
