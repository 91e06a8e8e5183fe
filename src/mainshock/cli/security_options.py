"""Options that say who may use a service, and how it is reached."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mainshock.serve.context import ServiceSettings

__all__ = ["Accounts", "Security", "TlsCert", "TlsKey", "service_settings"]

Accounts = Annotated[
    bool,
    typer.Option(
        "--accounts",
        help="Callers must sign in; so they must without this once there is an account. "
        "`mainshock users` makes accounts.",
    ),
]
Security = Annotated[
    Path | None,
    typer.Option(
        "--security",
        metavar="FILE",
        help="How the service guards itself: rates, how long sign-ins last, sign-in elsewhere "
        "(TOML).",
    ),
]
TlsCert = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", help="Certificate with its chain (PEM), for https."),
]
TlsKey = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="Key of the certificate (PEM).")
]


def service_settings(
    folder: Path,
    host: str,
    port: int,
    token_file: Path | None,
    guard: tuple[bool, Path | None, Path | None, Path | None],
) -> "ServiceSettings":
    """Return the settings of a service that the options state.

    Parameters
    ----------
    folder
        Where signing keys are kept.
    guard
        What ``--accounts``, ``--security``, ``--tls-cert`` and ``--tls-key`` say.

    Raises
    ------
    SettingsError, SourceError
        If a file cannot be used.
    """
    from mainshock.serve.context import ServiceSettings
    from mainshock.serve.data_folder import read_token
    from mainshock.serve.page import built_page
    from mainshock.serve.security.key_file import key_file_of
    from mainshock.serve.security.settings import read_security_settings

    accounts, security, tls_cert, tls_key = guard
    return ServiceSettings(
        host,
        port,
        read_token(token_file),
        built_page(),
        accounts,
        read_security_settings(security),
        key_file_of(folder),
        tls_cert,
        tls_key,
    )
