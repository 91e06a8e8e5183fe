"""Catalogues in the CSV form of CSEP: ``lon,lat,mag,time_string,depth,catalog_id,event_id``."""

from pathlib import Path

from mainshock.core.errors import DataError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.rows import catalogue_from_rows, read_cells

__all__ = ["CSEP"]

_NAMES = ("longitude", "latitude", "magnitude", "time", "depth_km", "catalog_id", "event_id")
_HEADER = ["lon", "lat"]
_FEWEST = 5


def _recognises(head: bytes) -> bool:
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return False
    cells = [cell.strip().lower() for cell in lines[0].split(",")]
    if cells[:2] == _HEADER:
        return "time_string" in cells
    if not 6 <= len(cells) <= 7:
        return False
    try:
        for cell in cells[:3]:
            float(cell)
    except ValueError:
        return False
    return "t" in cells[3] and cells[3][:4].isdigit()


def _read(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    lines: list[int] = []
    columns: dict[str, list[str]] = {name: [] for name in _NAMES}
    for number, cells in read_cells(path):
        if [cell.lower() for cell in cells[:2]] == _HEADER or not any(cells[:4]):
            continue  # a row of catalog_id alone stands for a catalogue without events
        if len(cells) < _FEWEST:
            told = f"{len(cells)} cells; longitude, latitude, magnitude, time, depth are needed"
            skipped.append(SkippedInput(f"{path}, line {number}", told))
            continue
        lines.append(number)
        for place, column in enumerate(columns.values()):
            column.append(cells[place] if place < len(cells) else "")
    ids = set(columns.pop("catalog_id"))
    if len(ids) > 1:
        raise DataError(
            f"{path} holds {len(ids)} catalogues; it is a forecast made of simulated catalogues, "
            "not a catalogue of earthquakes"
        )
    return catalogue_from_rows(path, lines, columns, choices, skipped)


CSEP = CatalogueFormat("CSV of CSEP", _recognises, _read)
