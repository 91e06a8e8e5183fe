"""Options that say where the live store lies."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mainshock.stream.store.address import StoreAddress
    from mainshock.stream.store.live_store import LiveStore

__all__ = ["Folder", "Store", "StorePassword", "address_of", "note_by_console", "opened_store"]

Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="MAINSHOCK_STORE",
        help="PostgreSQL that holds events and picks: postgresql+psycopg://USER@HOST/NAME, or "
        "where this lies: env:NAME, file:PATH or vault:MOUNT/PATH#KEY. By default a file in the "
        "data folder.",
    ),
]
StorePassword = Annotated[
    str | None,
    typer.Option(
        "--store-password",
        metavar="PLACE",
        envvar="MAINSHOCK_STORE_PASSWORD_AT",
        help="Where its password lies: env:NAME, file:PATH or vault:MOUNT/PATH#KEY.",
    ),
]

Folder = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help="Data folder of the monitor, without --store."),
]


def address_of(store: str | None, password: str | None) -> "StoreAddress | None":
    """Return the address that the options state, or None for the file in the data folder.

    Raises
    ------
    SettingsError
        If they make no sense together, or a secret cannot be had.
    """
    from mainshock.core.errors import SettingsError

    if store is None:
        if password is not None:
            raise SettingsError("--store-password is of no use without --store; name the store")
        return None
    from mainshock.stream.store.address import StoreAddress

    return StoreAddress.read(store, password)


@contextmanager
def opened_store(
    data_dir: Path | None, store: str | None, password: str | None, *, makes: bool = False
) -> "Iterator[LiveStore]":
    """Give the store that the options name, which must be one, and close it at the end.

    Raises
    ------
    SettingsError
        If they name none, or two.
    SourceError
        If the folder holds none and none is to be made, or it does not open.
    """
    from mainshock.core.errors import SettingsError, SourceError
    from mainshock.stream.run_folder import RunFolder
    from mainshock.stream.store.live_store import LiveStore

    address = address_of(store, password)
    if (address is None) == (data_dir is None):
        raise SettingsError("name one store: --store URL, or the --data-dir of a monitor")
    path = RunFolder(data_dir or Path()).store
    if address is None and not makes and not path.is_file():
        raise SourceError(f"{data_dir} holds no {path.name}; name the folder of a monitor")
    with LiveStore.open(address or path) as opened:
        yield opened


def note_by_console(store: "LiveStore", action: str, target: str, detail: str = "") -> None:
    """Add a line to the audit log in the name of who uses this machine."""
    import getpass

    from mainshock.stream.store.audit_log import AuditStore

    try:
        who = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        who = ""
    AuditStore(store.database).add(
        "console", action, target=target, client=who, result="done", detail=detail
    )
