"""Options that say where the live store lies."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mainshock.stream.store.address import StoreAddress

__all__ = ["Store", "StorePassword", "address_of"]

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
