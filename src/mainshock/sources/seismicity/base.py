"""What a reader of catalogues is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices

__all__ = ["CatalogueFormat"]


@dataclass(frozen=True, slots=True)
class CatalogueFormat:
    """One form of file that holds a catalogue.

    Parameters
    ----------
    title
        As users know it.
    recognises
        Whether the first bytes of a file, some thousand, are of this form. Of all forms at most
        one may say so.
    read
        Reads a file. Events that cannot be used, or are not wanted, are appended to the list
        with the line they stand on and the reason; the others are returned. Raises
        ``SourceError`` where the file cannot be read and ``DataError`` where no event of it can
        be used.
    """

    title: str
    recognises: Callable[[bytes], bool]
    read: Callable[[Path, ReadChoices, list[SkippedInput]], Catalogue]
