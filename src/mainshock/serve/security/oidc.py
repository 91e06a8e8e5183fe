"""Signing in at a provider: authorisation code with PKCE, by its own description."""

import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.security import generate_token  # type: ignore[import-untyped]  # no stubs
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]  # no stubs
    prepare_grant_uri,
)
from authlib.oauth2.rfc7636 import (  # type: ignore[import-untyped]  # no stubs
    create_s256_code_challenge,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from mainshock.core.errors import DataError, SettingsError, UnreachableError
from mainshock.core.secrets import SecretReference
from mainshock.serve.security.accounts import Accounts, Session
from mainshock.serve.security.claims import account_name, role_of
from mainshock.serve.security.settings import OidcSettings
from mainshock.stream.store.accounts import UserRow

__all__ = ["Begun", "SignOn"]

_AUDIENCE = "mainshock-sign-on"
_LASTS_S = 600.0
_TIMEOUT_S = 10.0
_LARGEST = 1_000_000
_LEEWAY_S = 60
_ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "Ed25519")


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes, and what it keeps meanwhile."""

    address: str
    kept: str


class SignOn:
    """Signs people in who have an account at a provider.

    Parameters
    ----------
    settings
        Which provider, and what its groups may do here.
    accounts
        Where they get an account.

    References
    ----------
    RFC 7636, https://doi.org/10.17487/RFC7636; OpenID Connect Core 1.0
    """

    def __init__(self, settings: OidcSettings, accounts: Accounts) -> None:
        self.settings = settings
        self._accounts = accounts
        self._lock = threading.Lock()
        self._described: dict[str, Any] | None = None  # JSON

    def begin(self, back: str) -> Begun:
        """Return where to send the browser.

        Parameters
        ----------
        back
            Address that the provider leads back to.

        Raises
        ------
        UnreachableError
            If the provider does not answer.
        DataError
            If its description is none, or of another provider.
        """
        described = self._description()
        verifier = generate_token(64)
        kept = {"state": secrets.token_urlsafe(24), "nonce": secrets.token_urlsafe(24)}
        address = prepare_grant_uri(
            described["authorization_endpoint"],
            client_id=self.settings.client_id,
            response_type="code",
            redirect_uri=back,
            scope=self.settings.scopes,
            state=kept["state"],
            nonce=kept["nonce"],
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
        )
        token, _ = self._accounts.tokens.sign({**kept, "verifier": verifier}, _LASTS_S, _AUDIENCE)
        return Begun(str(address), token)

    def end(self, query: Mapping[str, str], kept: str, back: str) -> Session:
        """Return the sign-in of somebody whom the provider led back.

        Parameters
        ----------
        query
            What the provider wrote into the address.
        kept
            What the browser kept meanwhile.

        Raises
        ------
        DataError
            If it was not this browser that began, the provider refused, or what it says does not
            hold.
        SettingsError
            If the person may not use this service.
        UnreachableError
            If the provider does not answer.
        """
        begun = self._accounts.tokens.read(kept, _AUDIENCE)
        state = query.get("state", "")
        if begun is None or not secrets.compare_digest(state.encode(), begun["state"].encode()):
            raise DataError("this browser began no sign-in here, or too long ago; begin again")
        if query.get("iss", self.settings.issuer).rstrip("/") != self.settings.issuer:
            raise DataError("the answer is of another provider")
        code = query.get("code", "")
        if not code:
            raise DataError(f"the provider refused: {query.get('error', 'no code')[:100]}")
        answer = self._redeem(code, str(begun["verifier"]), back)
        claims = self._claims(str(answer.get("id_token", "")), str(begun["nonce"]))
        return self._accounts.begin(self._account(claims))

    def _redeem(self, code: str, verifier: str, back: str) -> dict[str, Any]:  # JSON
        """Exchange a code for tokens."""
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
            "client_id": self.settings.client_id,
        }
        auth = None
        if self.settings.client_secret is not None:
            secret = SecretReference.parse(self.settings.client_secret).read().reveal()
            auth = httpx.BasicAuth(self.settings.client_id, secret)
        return self._ask("POST", self._description()["token_endpoint"], body, auth)

    def _claims(self, token: str, nonce: str) -> dict[str, Any]:  # JSON
        """Return what the provider says of a person, once it is sure that it does."""
        found = self._ask("GET", self._description()["jwks_uri"])
        try:
            claims = jwt.decode(token, KeySet.import_key_set(found), algorithms=_ALGORITHMS).claims  # type: ignore[arg-type]  # JSON
            jwt.JWTClaimsRegistry(
                leeway=_LEEWAY_S,
                iss={"essential": True, "values": [self.settings.issuer, self._issuer()]},
                aud={"essential": True, "value": self.settings.client_id},
                exp={"essential": True},
                iat={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": nonce},
            ).validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"the provider's token does not hold: {type(error).__name__}"
            ) from error
        others = claims["aud"] if isinstance(claims["aud"], list) else []
        if len(others) > 1 and claims.get("azp") != self.settings.client_id:
            raise DataError("the provider's token was made for another service")
        whole: dict[str, Any] = claims
        return whole

    def _account(self, claims: Mapping[str, object]) -> UserRow:
        """Return the account of a person, made or brought up to date."""
        store, subject = self._accounts.store, f"{self.settings.issuer} {claims['sub']}"
        role = role_of(claims, self.settings)
        user = store.user_of(subject)
        if user is None:
            name = account_name(claims, self.settings.name_claim)
            if store.user(name) is not None:  # of another person, perhaps of a local account
                name += "-" + hashlib.sha256(subject.encode()).hexdigest()[:12]
            store.add_user(name, role, None, subject)
        elif user.is_active and user.role != role:
            store.set_role(user.name, role)
        user = store.user_of(subject)
        if user is None or not user.is_active:
            raise SettingsError("the account is closed; ask an administrator")
        return user

    def _issuer(self) -> str:
        return str(self._description()["issuer"])

    def _description(self) -> dict[str, Any]:  # JSON
        """Return the provider's description of itself, asked for once."""
        with self._lock:
            if self._described is None:
                address = f"{self.settings.issuer}/.well-known/openid-configuration"
                self._described = _checked(self._ask("GET", address), self.settings.issuer)
            return self._described

    def _ask(
        self,
        method: str,
        address: str,
        body: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> dict[str, Any]:  # JSON
        """Return a JSON object of the provider; no proxy and no redirect is followed."""
        own = self.settings.ca_file
        try:
            with httpx.Client(
                timeout=_TIMEOUT_S, trust_env=False, verify=True if own is None else str(own)
            ) as client:
                answer = client.request(method, address, data=body, auth=auth)
        except (httpx.HTTPError, OSError) as error:
            raise UnreachableError(f"{self.settings.issuer} does not answer: {error}") from error
        if answer.status_code != 200 or len(answer.content) > _LARGEST:
            raise DataError(f"{self.settings.issuer} answers {answer.status_code} to {method}")
        try:
            found = json.loads(answer.content)
        except ValueError as error:
            raise DataError(f"{self.settings.issuer} answers with no JSON") from error
        if not isinstance(found, dict):
            raise DataError(f"{self.settings.issuer} answers with no object")
        return found


def _checked(described: dict[str, Any], issuer: str) -> dict[str, Any]:  # JSON
    """Return a description that names the provider and addresses as safe as its own."""
    if str(described.get("issuer", "")).rstrip("/") != issuer:
        raise DataError(f"the description at {issuer} is of {described.get('issuer')!r}")
    start = "https://" if issuer.startswith("https://") else "http"
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not str(described.get(name, "")).startswith(start):
            raise DataError(f"{issuer} states no {name} that can be used")
    return described
