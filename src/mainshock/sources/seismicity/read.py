"""Reads a catalogue of earthquakes from whatever file holds it."""

import logging
from pathlib import Path

from mainshock.core.errors import SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.registry import CATALOGUE_FORMATS, format_of

__all__ = ["read_seismicity"]

_FIRST_TOLD = 3
_log = logging.getLogger(__name__)


def read_seismicity(
    path: str | Path,
    format: str | None = None,  # noqa: A002
    choices: ReadChoices | None = None,
    skipped: list[SkippedInput] | None = None,
) -> Catalogue:
    """Return the catalogue in a file.

    Parameters
    ----------
    path
        CSV, Parquet, QuakeML, text of FDSN event services, ComCat's CSV, ZMAP, NDK or CSEP's CSV.
    format
        Name of its form in :data:`CATALOGUE_FORMATS`; None to tell from the content.
    choices
        Which events and magnitudes are taken; by default earthquakes alone.
    skipped
        Is appended to: each event that could not be used or is not wanted, with its line and the
        reason. Without it their number is logged as a warning.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it holds no catalogue.
    RegistryError
        If no form has that name.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a file with a catalogue")
    reader = CATALOGUE_FORMATS.load(format_of(path) if format is None else format)
    told: list[SkippedInput] = []
    catalogue = reader.read(path, choices or ReadChoices(), told)
    if skipped is not None:
        skipped.extend(told)
    elif told:
        first = "; ".join(f"{one.name}: {one.reason}" for one in told[:_FIRST_TOLD])
        _log.warning("%d rows of %s are not used as they stand: %s", len(told), path, first)
    return catalogue
