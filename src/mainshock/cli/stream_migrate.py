"""``mainshock stream migrate``: a store's schema, up or down."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli import store_options
from mainshock.cli.output import print_json, print_result

__all__ = ["migrate_store"]


def migrate_store(
    store: store_options.Store = None,
    store_password: store_options.StorePassword = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Folder of a monitor, without --store."),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="REVISION", help="0001, 0002, ...; head is the newest one.")
    ] = "head",
    drop: Annotated[
        bool,
        typer.Option("--drop", help="Needed to go back: what only later steps can hold is lost."),
    ] = False,
    geometry: Annotated[
        bool,
        typer.Option(
            "--geometry", help="Add places of events as a PostGIS column with an index, epicentre."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Bring the schema of a store to a revision, forward or back.

    A monitor goes forward by itself as it starts; back is for an older version of the program.
    End what writes to the store before.
    """
    from mainshock.core.errors import SettingsError, SourceError
    from mainshock.stream.run_folder import RunFolder
    from mainshock.stream.store.change_schema import change_schema

    address = store_options.address_of(store, store_password)
    if (address is None) == (data_dir is None):
        raise SettingsError("name one store: --store URL, or the --data-dir of a monitor")
    place = address or RunFolder(data_dir or Path()).store
    if isinstance(place, Path) and not place.is_file():
        raise SourceError(f"{data_dir} holds no {place.name}; name the folder of a monitor")
    change = change_schema(place, to, may_drop=drop, has_geometry=geometry)
    if as_json:
        print_json({"from": change.before, "to": change.after, "geometry": change.has_geometry})
        return
    told = f"{change.before or 'empty'} -> {change.after or 'empty'}"
    print_result(told + (", with geometry" if change.has_geometry else ""))
