"""``/api/v1/login``, ``logout``, ``me`` and ``users``: who one is, and who there is."""

import math
from typing import Annotated, Literal

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mainshock.serve import sentences
from mainshock.serve.envelope import Answer, ApiError, Listing, listing
from mainshock.serve.parameters import ERROR_ANSWERS, INFER_ERROR_ANSWERS, STRICT, require_json
from mainshock.serve.schemas import UtcTime
from mainshock.serve.security.audit import current_identity, record
from mainshock.serve.security.gates import AccountGate, TokenGate, session_cookie
from mainshock.serve.security.permissions import ADMIN
from mainshock.serve.security.setup import Protection
from mainshock.sources.fragments import datetime_from_ns

__all__ = [
    "LoginAnswer",
    "LoginData",
    "LoginRequest",
    "MeAnswer",
    "MeData",
    "SignInAnswer",
    "SignInData",
    "UserData",
    "UsersAnswer",
    "router",
]

_WRONG = sentences.NAME_OR_PASSWORD.tell()
_MOST_BODY = 4096


class LoginRequest(BaseModel):
    """Who wants to sign in."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    password: Annotated[str, Field(min_length=1, max_length=256)]


class LoginData(BaseModel):
    """A sign-in; the page keeps the token as a cookie that no script reads."""

    token: str = Field(description="For the header `Authorization: Bearer TOKEN`")
    expires: UtcTime
    name: str
    role: str


class LoginAnswer(Answer[LoginData]):
    """A sign-in."""


class MeData(BaseModel):
    """Who asks."""

    name: str = Field(description="The account; local without accounts, token for the token")
    role: str | None
    kind: Literal["local", "token", "session", "key"]
    permissions: list[str]
    must_sign_in: bool = Field(description="Whether the service has accounts")
    sign_in_elsewhere: bool = Field(description="Whether /api/v1/oidc/login leads to a provider")


class MeAnswer(Answer[MeData]):
    """Who asks."""


class SignInData(BaseModel):
    """How one shows who one is."""

    ways: list[Literal["password", "provider", "token"]] = Field(
        description="POST /api/v1/login; /api/v1/oidc/login; the service's own token. Empty: "
        "nobody is asked"
    )


class SignInAnswer(Answer[SignInData]):
    """How one shows who one is."""


class UserData(BaseModel):
    """An account."""

    name: str
    role: str
    is_active: bool
    created: UtcTime
    signed_in: UtcTime | None
    is_elsewhere: bool = Field(description="Whether it signs in at a provider")


class UsersAnswer(Listing[UserData]):
    """All accounts."""


def router(protection: Protection) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/api/v1", tags=["accounts"], dependencies=STRICT)
    rates = protection.login_rates
    threads = CapacityLimiter(2)  # each try takes 32 MiB and a quarter of a second

    @routes.post("/login", openapi_extra=_body(), responses=INFER_ERROR_ANSWERS)
    async def begin_session(request: Request, response: Response) -> LoginAnswer:
        """Sign in by name and password."""
        require_json(request)
        gate = _gate(protection)
        wanted = _read(await request.body())
        client = request.client.host if request.client else ""
        wait_s = rates.wait_s(wanted.name, client)
        if wait_s > 0.0:
            if rates.is_worth_a_line(client):
                await to_thread.run_sync(record, "login", wanted.name, "too many tries", "refused")
            raise ApiError(
                429, sentences.TOO_MANY_TRIES.tell(wait_s=math.ceil(wait_s)), retry_s=wait_s
            )
        session = await to_thread.run_sync(
            gate.accounts.sign_in, wanted.name, wanted.password, limiter=threads
        )
        if session is None:
            await to_thread.run_sync(record, "login", wanted.name, "wrong", "refused")
            raise ApiError(401, _WRONG)
        await to_thread.run_sync(record, "login", session.identity.name, "by password")
        response.headers["Set-Cookie"] = session_cookie(session, is_encrypted=gate.is_encrypted)
        data = LoginData(
            token=session.token,
            expires=datetime_from_ns(round(session.expires_s * 1e9)),
            name=session.identity.name,
            role=session.identity.role or "",
        )
        return LoginAnswer(data=data)

    _add_own_routes(routes, protection)
    return routes


def _add_own_routes(routes: APIRouter, protection: Protection) -> None:
    @routes.get("/sign-in", responses=ERROR_ANSWERS)
    def get_ways_to_sign_in() -> SignInAnswer:
        """Tell how one signs in here; needs no account."""
        return SignInAnswer(data=SignInData(ways=_ways(protection)))

    @routes.post("/logout", responses=ERROR_ANSWERS)
    def end_session(response: Response) -> MeAnswer:
        """End the sign-in with all its tokens; elsewhere nothing happens."""
        identity, gate = current_identity(), protection.gate
        if isinstance(gate, AccountGate) and identity.kind == "session":
            gate.accounts.sign_out(identity)
            record("logout", identity.name)
            response.headers["Set-Cookie"] = session_cookie(None, is_encrypted=gate.is_encrypted)
        return MeAnswer(data=_me(protection))

    @routes.get("/me", responses=ERROR_ANSWERS)
    def get_me() -> MeAnswer:
        """Tell who asks, and what they may do."""
        return MeAnswer(data=_me(protection))

    @routes.get("/users", responses=ERROR_ANSWERS)
    def list_users() -> UsersAnswer:
        """List the accounts; `mainshock users` changes them."""
        found = [
            UserData(
                name=one.name,
                role=one.role,
                is_active=one.is_active,
                created=one.created,
                signed_in=one.signed_in,
                is_elsewhere=one.subject is not None,
            )
            for one in protection.users.users()
        ]
        return listing(UsersAnswer, found, limit=max(len(found), 1))


def _gate(protection: Protection) -> AccountGate:
    if not isinstance(protection.gate, AccountGate):
        raise ApiError(404, "there are no accounts here; make one by `mainshock users add`")
    return protection.gate


def _ways(protection: Protection) -> list[Literal["password", "provider", "token"]]:
    if isinstance(protection.gate, TokenGate):
        return ["token"]
    if not isinstance(protection.gate, AccountGate):
        return []
    return ["password"] if protection.settings.oidc is None else ["password", "provider"]


def _me(protection: Protection) -> MeData:
    identity, gate = current_identity(), protection.gate
    has_accounts = isinstance(gate, AccountGate)
    return MeData(
        name=identity.name,
        role=identity.role if has_accounts else ADMIN,
        kind=identity.kind,
        permissions=sorted(identity.permissions),
        must_sign_in=has_accounts,
        sign_in_elsewhere=has_accounts and protection.settings.oidc is not None,
    )


def _read(body: bytes) -> LoginRequest:
    if len(body) > _MOST_BODY:
        raise ApiError(413, f"the body has {len(body)} bytes; at most {_MOST_BODY} are read")
    try:
        return LoginRequest.model_validate_json(body)
    except ValidationError as error:
        found = [
            {"type": one["type"], "loc": ("body", *one["loc"]), "msg": one["msg"]}
            for one in error.errors(include_input=False)
        ]
        raise RequestValidationError(found) from None


def _body() -> dict[str, object]:
    schema = LoginRequest.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
