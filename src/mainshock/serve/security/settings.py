"""How the service guards itself: a TOML file, checked before it is used."""

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from mainshock.core.errors import SettingsError
from mainshock.core.secrets import SecretReference
from mainshock.serve.security.clients import Network
from mainshock.stream.toml_settings import faults_told, read_toml

__all__ = ["OidcSettings", "SecuritySettings", "read_security_settings"]

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
Role = Literal["viewer", "seismologist", "ml-engineer", "operator", "admin"]
_PROXIES_VARIABLE = "MAINSHOCK_TRUSTED_PROXIES"
_Text = Annotated[str, Field(min_length=1, max_length=500)]


class OidcSettings(BaseModel):
    """Where people sign in who have an account elsewhere (OpenID Connect).

    Parameters
    ----------
    issuer
        Address of the provider, as its own description states it.
    client_id
        What the provider calls this service.
    client_secret
        Where the secret of that name lies (``env:``, ``file:`` or ``vault:``), or None for a client
        without one.
    scopes
        What is asked for.
    name_claim
        Claim that the account is named after.
    role_claim
        Claim, or claims inside each other with dots between, that lists groups.
    roles
        Role of each group; of several the mightiest counts.
    default_role
        Role of those in none of the groups; None refuses them.
    ca_file
        Certificates that the provider's is checked by, or None for those that httpx brings.
    """

    model_config = _STRICT

    issuer: _Text
    client_id: _Text
    client_secret: str | None = None
    scopes: _Text = "openid profile"
    name_claim: _Text = "preferred_username"
    role_claim: _Text = "groups"
    roles: dict[str, Role] = {}
    default_role: Role | None = None
    ca_file: Path | None = None

    @field_validator("issuer")
    @classmethod
    def _is_encrypted(cls, issuer: str) -> str:
        local = ("http://localhost:", "http://127.0.0.1:")
        if not issuer.startswith(("https://", *local)):
            raise ValueError("the provider must be reached by https")
        return issuer.rstrip("/")

    @field_validator("client_secret")
    @classmethod
    def _lies_elsewhere(cls, text: str | None) -> str | None:
        if text is not None:
            SecretReference.parse(text)
        return text


class SecuritySettings(BaseModel):
    """How the service guards itself.

    Parameters
    ----------
    public_url
        Where browsers reach the service, if it lies behind a proxy; ``https`` makes cookies secure
        and tells browsers to use nothing else.
    token_minutes
        How long a token lasts. Those of the page are renewed while it is open.
    session_hours
        How long a sign-in lasts, however often it is renewed.
    requests_per_minute, requests_burst
        What one client, or one account, may ask for in the long run and at once.
    trusted_proxies
        Addresses or networks of proxies whose ``X-Forwarded-For`` counts.
    oidc
        Sign-in elsewhere, or None.
    """

    model_config = _STRICT

    public_url: str | None = None
    token_minutes: Annotated[float, Field(ge=1.0, le=60.0)] = 15.0
    session_hours: Annotated[float, Field(ge=0.1, le=168.0)] = 12.0
    requests_per_minute: Annotated[float, Field(gt=0.0, le=1e6)] = 6000.0
    requests_burst: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    trusted_proxies: tuple[Network, ...] = ()
    oidc: OidcSettings | None = None

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _are_networks(cls, stated: object) -> object:
        if not isinstance(stated, list | tuple):
            raise ValueError("write it as a list of addresses or networks")
        return tuple(_network(one) for one in stated)

    @field_validator("public_url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("https://", "http://")):
            raise ValueError("write it as https://HOST")
        return None if url is None else url.rstrip("/")


def _network(stated: object) -> Network:
    """Return a network, or that of one address alone."""
    try:
        network = ipaddress.ip_network(str(stated).strip())
    except ValueError as error:
        raise ValueError(f"{error}; write 10.0.0.7 or 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise ValueError(f"{network} is everybody; name the proxies alone")
    return network


def read_security_settings(
    path: Path | None, environ: Mapping[str, str] | None = None
) -> SecuritySettings | None:
    """Return the settings in a file and the environment; None where neither states any.

    Parameters
    ----------
    environ
        The environment; its ``MAINSHOCK_TRUSTED_PROXIES``, with commas between, counts where the
        file names no proxies.

    Raises
    ------
    SourceError
        If the file cannot be read.
    SettingsError
        If it is no TOML, or a value cannot be used.
    """
    proxies = (os.environ if environ is None else environ).get(_PROXIES_VARIABLE, "")
    named = [one.strip() for one in proxies.split(",") if one.strip()]
    if path is None and not named:
        return None
    stated = {} if path is None else read_toml(path, "a file of settings")
    where = str(path)
    if named and "trusted_proxies" not in stated:
        stated["trusted_proxies"] = named
        where = _PROXIES_VARIABLE if path is None else f"{path} with {_PROXIES_VARIABLE}"
    try:
        return SecuritySettings.model_validate(stated)
    except ValidationError as error:
        raise SettingsError(f"{where}: {faults_told(error)}; mend these") from None
    except SettingsError as error:
        raise SettingsError(f"{where}: {error}") from error
