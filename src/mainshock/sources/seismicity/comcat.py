"""Catalogues as the USGS Comprehensive Catalogue gives them in CSV, with times of revision."""

from pathlib import Path

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.rows import catalogue_from_rows, read_cells

__all__ = ["COMCAT"]

_OURS = {
    "time": "time",
    "latitude": "latitude",
    "longitude": "longitude",
    "depth": "depth_km",
    "mag": "magnitude",
    "magtype": "magnitude_type",
    "id": "event_id",
    "updated": "known",
    "type": "event_type",
    "status": "status",
}
_TELLING = frozenset(("time", "latitude", "longitude", "mag", "magtype", "updated"))


def _names(cells: list[str]) -> list[str]:
    return [cell.strip().strip('"').lower() for cell in cells]


def _recognises(head: bytes) -> bool:
    first = head.decode("utf-8", "replace").split("\n", 1)[0]
    return set(_names(first.split(","))) >= _TELLING


def _read(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    names: list[str] = []
    lines: list[int] = []
    columns: dict[str, list[str]] = {}
    for number, cells in read_cells(path):
        if set(_names(cells)) >= _TELLING:
            names = _names(cells)
            columns = columns or {_OURS[name]: [] for name in names if name in _OURS}
            continue  # downloads that were joined have a header each
        if len(cells) != len(names):
            told = f"{len(cells)} cells stand under {len(names)} columns"
            skipped.append(SkippedInput(f"{path}, line {number}", told))
            continue
        row = {_OURS[name]: cell for name, cell in zip(names, cells, strict=True) if name in _OURS}
        lines.append(number)
        for ours, column in columns.items():
            column.append(row.get(ours, ""))
    return catalogue_from_rows(path, lines, columns, choices, skipped)


COMCAT = CatalogueFormat("CSV of the USGS ComCat", _recognises, _read)
