"""Reads a catalogue of earthquakes from whatever file holds it."""

from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import read_table

__all__ = ["read_seismicity"]


def read_seismicity(path: str | Path) -> Catalogue:
    """Return the catalogue in a file.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it holds no catalogue.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a file with a catalogue")
    return read_table(path)
