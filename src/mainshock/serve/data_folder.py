"""The service over what a monitor stored."""

from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.sources.stations import StationList, read_inventory, read_stations
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.claim import source_kind
from mainshock.stream.store.live_store import LiveStore

__all__ = ["open_stored", "read_token"]


def open_stored(
    folder: RunFolder,
    settings: ServiceSettings,
    stations: Path | None = None,
    store: StoreAddress | None = None,
) -> ServiceContext:
    """Return what the service shows of a folder, without live input; close its store at the end.

    Parameters
    ----------
    stations
        StationXML or a table; by default those that the monitor kept.
    store
        Where the monitor's store lies; None: a file in the folder.

    Raises
    ------
    SourceError
        If no monitor wrote to the folder, or the stations or the store cannot be read.
    """
    if store is None and not folder.store.is_file():
        raise SourceError(
            f"{folder.root} holds no {folder.store.name}; run `mainshock monitor --data-dir "
            f"{folder.root}` first, or name the folder of a monitor"
        )
    chosen = folder.stations() if stations is None else stations
    listed = StationList([]) if chosen is None else read_stations(chosen)
    is_xml = chosen is not None and chosen.suffix.lower() == ".xml"
    opened = LiveStore.open(store or folder.store)
    kind = folder.kind() or source_kind(opened.database)
    return ServiceContext(
        store=opened,
        archive=folder.archive,
        stations=listed,
        inventory=read_inventory(chosen) if chosen is not None and is_xml else None,
        source=f"{store or folder.root}: {kind or 'stored records'}",
        is_synthetic=kind == "synthetic",
        settings=settings,
    )


def read_token(path: Path | None) -> str | None:
    """Return the token in a file, without the blanks around it; None for no file.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read the token in {path}: {error}; name a text file") from error
