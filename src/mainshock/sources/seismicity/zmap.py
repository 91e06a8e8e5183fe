"""Catalogues in the ZMAP form, which CSEP1 used: ten columns of numbers and no header.

Longitude, latitude, year (with decimals or without), month, day, magnitude, depth in km, hour,
minute, second; further columns are errors and are not used.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.rows import catalogue_from_rows, open_text

__all__ = ["ZMAP"]

FloatArray = NDArray[np.float64]
_COLUMNS = 10
_S_A_DAY = 86_400.0


def _cells(line: str) -> list[float] | None:
    """Return the numbers of a line, None where one is no number."""
    try:
        return [float(word) for word in line.replace(",", " ").replace(";", " ").split()]
    except ValueError:
        return None


def _is_comment(line: str) -> bool:
    return not line.strip() or line.lstrip()[0] in "#%"


def _recognises(head: bytes) -> bool:
    lines = [one for one in head.decode("utf-8", "replace").splitlines() if not _is_comment(one)]
    if not lines:
        return False
    row = _cells(lines[0])
    if row is None or len(row) < _COLUMNS:
        return False
    lon, lat, year, month, day = row[:5]
    return abs(lon) <= 360 and abs(lat) <= 90 and 0 < year < 2200 and month <= 12 and day <= 31


def _read(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    lines: list[int] = []
    rows: list[list[float]] = []
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            if _is_comment(line):
                continue
            row = _cells(line)
            if row is None or len(row) < _COLUMNS:
                told = "holds what is no number" if row is None else f"{len(row)} of 10 columns"
                skipped.append(SkippedInput(f"{path}, line {number}", told))
                continue
            lines.append(number)
            rows.append(row[:_COLUMNS])
    table = np.array(rows, dtype=np.float64).reshape(len(rows), _COLUMNS)
    lon, lat, year, month, day, magnitude, depth, hour, minute, second = table.T
    columns = {
        "time": _days(year, month, day, (hour, minute, second)),
        "longitude": lon,
        "latitude": lat,
        "magnitude": magnitude,
        "depth_km": depth,
    }
    return catalogue_from_rows(path, lines, columns, choices, skipped)


def _days(
    year: FloatArray,
    month: FloatArray,
    day: FloatArray,
    clock: tuple[FloatArray, FloatArray, FloatArray],
) -> FloatArray:
    """Return days after 1970, NaN for what no calendar has; the year's decimals only decide it.

    Files print decimal years with few digits, so that 31 December may read as the next year: the
    month then says which year is meant. Without month or day the decimals give the time.
    """
    hour, minute, second = (np.nan_to_num(one) for one in clock)
    whole = np.floor(year)
    part = year - whole
    is_dated = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    if (part > 0).any():
        expected = (month - 1) / 12 + (day - 1) / 372
        whole = whole + np.where(is_dated, np.round(part - expected), 0.0)
    good = np.isfinite(year) & (hour <= 24) & (minute <= 60) & (second < 62)
    good &= is_dated | (part > 0)
    month_number = np.where(is_dated & good, (whole - 1970) * 12 + month - 1, 0).astype(np.int64)
    begin = month_number.astype("datetime64[M]")
    date = begin.astype("datetime64[D]") + (np.where(is_dated, day, 1).astype(np.int64) - 1)
    good &= ~is_dated | (date.astype("datetime64[M]") == begin)
    days = date.astype(np.int64) + (hour * 3600 + minute * 60 + second) / _S_A_DAY
    start = np.where(good, whole - 1970, 0).astype(np.int64).astype("datetime64[Y]")
    first = start.astype("datetime64[D]").astype(np.int64)
    length = (start + 1).astype("datetime64[D]").astype(np.int64) - first
    return np.where(good, np.where(is_dated, days, first + part * length), np.nan)


ZMAP = CatalogueFormat("ZMAP", _recognises, _read)
