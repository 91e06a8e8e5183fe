"""Reads a key of a secret manager that speaks the HTTP interface of Vault (KV, version 2)."""

import ipaddress
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import quote, urlsplit

from mainshock.core.errors import SettingsError, UnreachableError

__all__ = ["read_vault"]

_TIMEOUT_S = 5.0
_MOST_BYTES = 256 * 1024


def read_vault(path: str, key: str, token: str, environ: Mapping[str, str]) -> str:
    """Return the value of a key of a secret.

    No redirect and no proxy is followed: the token goes to one server only.

    Parameters
    ----------
    path
        The engine's mount, then the path of the secret in it: ``secret/quakes/store``.
    key
        One of the secret's keys.
    token
        What the server asks for.
    environ
        ``VAULT_ADDR`` is the server's address; ``VAULT_CACERT``, a file of certificates, and
        ``VAULT_NAMESPACE`` may be set.

    Raises
    ------
    SettingsError
        If the address is none, or would send the token unencrypted to another machine; if the
        server refuses the token, or has no such secret or key.
    UnreachableError
        If it does not answer within 5 s, is sealed, or answers something else.

    References
    ----------
    Interface: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
    """
    mount, _, name = path.partition("/")
    if not name:
        raise SettingsError(
            f"vault:{path}#{key} has no path behind its mount; write vault:MOUNT/PATH#KEY"
        )
    connection, prefix = _connection(environ)
    shown = f"secret manager {connection.host}:{connection.port}"
    headers = {"X-Vault-Token": token, "X-Vault-Request": "true"}
    if environ.get("VAULT_NAMESPACE"):
        headers["X-Vault-Namespace"] = environ["VAULT_NAMESPACE"]
    try:
        connection.request("GET", f"{prefix}/v1/{quote(mount)}/data/{quote(name)}", headers=headers)
        with connection.getresponse() as answer:
            status, body = answer.status, answer.read(_MOST_BYTES + 1)
    except (OSError, HTTPException, ValueError) as error:
        raise UnreachableError(
            f"{shown} does not answer ({type(error).__name__}); check VAULT_ADDR and VAULT_CACERT, "
            "and that it runs"
        ) from None  # errors of headers quote the token
    finally:
        connection.close()
    _check(status, shown, f"{mount}/{name}")
    return _value(body, key, shown, f"{mount}/{name}")


def _connection(environ: Mapping[str, str]) -> tuple[HTTPConnection, str]:
    """Return a connection, not opened yet, and what stands before paths."""
    address = environ.get("VAULT_ADDR", "")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or parts.username or parts.password:
        raise SettingsError(
            "VAULT_ADDR must be the address of a secret manager, such as "
            "https://vault.example.org:8200, without a user"
        )
    prefix = parts.path.rstrip("/")
    if parts.scheme == "https":
        return HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=_context(environ)), prefix
    if not _is_loopback(host):
        raise SettingsError(
            f"VAULT_ADDR is {parts.scheme}://{host}, which would send its token unencrypted; "
            "use https"
        )
    return HTTPConnection(host, port, timeout=_TIMEOUT_S), prefix


def _context(environ: Mapping[str, str]) -> ssl.SSLContext:
    certificates = environ.get("VAULT_CACERT") or None
    try:
        return ssl.create_default_context(cafile=certificates)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"VAULT_CACERT is {certificates}, which holds no certificates ({error}); name a PEM "
            "file"
        ) from error


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _check(status: int, shown: str, place: str) -> None:
    if status in (401, 403):
        raise SettingsError(
            f"{shown} refuses {place}; check the token, and that its policy lets it read there"
        )
    if status == 404:
        raise SettingsError(f"{shown} has no secret {place}; mend the path, or write it there")
    if status == 503:
        raise UnreachableError(f"{shown} is sealed or in maintenance; unseal it and try again")
    if status != 200:
        raise UnreachableError(f"{shown} answers {status} to {place}; look at its log")


def _value(body: bytes, key: str, shown: str, place: str) -> str:
    data: Any = None  # whatever the server sends
    if len(body) <= _MOST_BYTES:
        with suppress(ValueError, KeyError, TypeError):
            data = json.loads(body)["data"]["data"]
    if not isinstance(data, dict):
        raise UnreachableError(
            f"{shown} answers {place} with no secret of a KV engine of version 2; check VAULT_ADDR "
            "and the engine's version"
        )
    value = data.get(key)
    if not isinstance(value, str) or not value:
        raise SettingsError(
            f"{place} in {shown} has no text under {key!r}; its keys are "
            f"{', '.join(map(str, sorted(data))) or 'none'}"
        )
    return value
