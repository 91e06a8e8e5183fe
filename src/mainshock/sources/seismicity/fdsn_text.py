"""Catalogues in the text form of FDSN event services: ``#EventID|Time|Latitude|...``."""

from pathlib import Path

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.rows import catalogue_from_rows, read_cells

__all__ = ["FDSN_TEXT"]

# columns as the service's specification orders them, for files without a header
_ORDER = (
    *("eventid", "time", "latitude", "longitude", "depth/km", "author", "catalog"),
    *("contributor", "contributorid", "magtype", "magnitude", "magauthor", "eventlocationname"),
    "eventtype",
)
_OURS = {
    "eventid": "event_id",
    "time": "time",
    "latitude": "latitude",
    "longitude": "longitude",
    "depth/km": "depth_km",
    "depth": "depth_km",
    "magtype": "magnitude_type",
    "magnitude": "magnitude",
    "eventtype": "event_type",
}
_FEWEST = 11


def _recognises(head: bytes) -> bool:
    lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines:
        return False
    words = [cell.strip().lower() for cell in lines[0].lstrip("#").split("|")]
    if {"eventid", "time", "magnitude"} <= set(words):
        return True
    return len(words) >= _FEWEST and words[1][:4].isdigit() and words[1][4:5] == "-"


def _read(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    names: tuple[str, ...] = _ORDER
    lines: list[int] = []
    columns: dict[str, list[str]] = {ours: [] for ours in _OURS.values()}
    for number, cells in read_cells(path, "|"):
        if cells[0].startswith("#") or cells[0].lower() == "eventid":
            found = tuple(cell.lstrip("# ").lower().replace(" ", "") for cell in cells)
            names = found if {"time", "magnitude"} <= set(found) else names
            continue  # joined files have a header each
        if len(cells) < _FEWEST:
            told = f"{len(cells)} cells; at least {_FEWEST} are needed"
            skipped.append(SkippedInput(f"{path}, line {number}", told))
            continue
        row = {_OURS[name]: cell for name, cell in zip(names, cells, strict=False) if name in _OURS}
        lines.append(number)
        for ours, column in columns.items():
            column.append(row.get(ours, ""))
    return catalogue_from_rows(path, lines, columns, choices, skipped)


FDSN_TEXT = CatalogueFormat("text of FDSN event services", _recognises, _read)
