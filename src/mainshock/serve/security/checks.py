"""Settings under which the service would be open to a network are refused."""

import ipaddress
import os
import stat
from pathlib import Path

from mainshock.core.errors import SettingsError
from mainshock.serve.context import ServiceSettings
from mainshock.serve.security.weakness import token_weakness

__all__ = ["check_settings", "is_loopback"]


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


def check_settings(settings: ServiceSettings, *, has_accounts: bool = False) -> None:
    """Refuse settings under which the service would be open to a network.

    Parameters
    ----------
    has_accounts
        Whether callers must sign in.

    Raises
    ------
    SettingsError
        If others than this machine can connect without token or account, the token is too short or
        one that everybody tries, or TLS is half set up.
    """
    if settings.token is not None:
        fault = token_weakness(settings.token)
        if fault:
            raise SettingsError(
                f"the token {fault}; take one such as `openssl rand -hex 32` prints"
            )
    elif not is_loopback(settings.host) and not has_accounts:
        raise SettingsError(
            f"host is {settings.host}, which other machines reach, and there is no token; "
            "give one in a file by --token-file, make accounts by `mainshock users add`, or listen "
            "on 127.0.0.1"
        )
    _check_tls(settings.tls_cert, settings.tls_key)


def _check_tls(cert: Path | None, key: Path | None) -> None:
    if (cert is None) != (key is None):
        raise SettingsError("TLS needs both: name --tls-cert and --tls-key")
    for path in (cert, key):
        if path is not None and not (path.is_file() and os.access(path, os.R_OK)):
            raise SettingsError(f"cannot read {path}; name a PEM file for TLS")
    if key is not None and key.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH):
        raise SettingsError(f"all users of this machine may read {key}; run `chmod 600` on it")
