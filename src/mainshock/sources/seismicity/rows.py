"""From the rows of a file to a catalogue: each row is checked, bad ones are told and left out."""

import csv
import gzip
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TextIO

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import Catalogue, days_of
from mainshock.sources.seismicity.choices import ReadChoices, is_earthquake

__all__ = ["Column", "catalogue_from_rows", "days_from_cells", "open_text", "read_cells"]

FloatArray = NDArray[np.float64]
Column = Sequence[str] | FloatArray
"""Cells of a column: text, or numbers."""

_US_A_DAY = 86_400_000_000
_LOOSE_TIME = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]+(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d*)?)\s*Z?"
)
_NO_EVENTS = frozenset(("deleted", "rejected", "false"))
_LIMITS = {"magnitude": (-5.0, 10.5), "latitude": (-90.0, 90.0), "longitude": (-360.0, 360.0)}


def open_text(path: Path) -> TextIO:
    """Return a text file opened for reading; one that ends in ``.gz`` is unpacked.

    Raises
    ------
    SourceError
        If it cannot be opened.
    """
    try:
        if path.suffix.lower() == ".gz":
            return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
        return path.open(encoding="utf-8-sig", errors="replace", newline="")
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}") from error


def read_cells(path: Path, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line that is not blank, and its cells without blanks around.

    Lines that begin with ``#`` come too, for their header.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    with open_text(path) as stream:
        quote = '"' if delimiter == "," else None
        quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
        reader = csv.reader(stream, delimiter=delimiter, quotechar=quote, quoting=quoting)
        try:
            for cells in reader:
                stripped = [cell.strip() for cell in cells]
                if any(stripped):
                    yield reader.line_num, stripped
        except (OSError, EOFError, csv.Error) as error:
            raise SourceError(f"{path}, line {reader.line_num}: {error}") from error


def days_from_cells(cells: Sequence[str]) -> FloatArray:
    """Return days after 1970 of text, NaN where it states no time; seconds may be 60."""
    import pandas as pd  # noqa: PLC0415

    column = pd.Series(list(cells), dtype=object)
    times = pd.to_datetime(column, utc=True, format="ISO8601", errors="coerce")
    whole = times.dt.tz_localize(None).to_numpy(dtype="datetime64[us]").astype(np.int64)
    days = np.where(np.asarray(times.isna()), np.nan, whole / _US_A_DAY)
    for i in np.flatnonzero(np.isnan(days)).tolist():
        days[i] = _loose_days(str(cells[i]))
    return days


def _loose_days(text: str) -> float:
    found = _LOOSE_TIME.fullmatch(text.strip())
    if found is None:
        return float("nan")
    year, month, day, hour, minute = (int(one) for one in found.groups()[:5])
    second = float(found[6])
    if not (hour <= 24 and minute <= 60 and second < 62.0):
        return float("nan")
    try:
        begin = datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return float("nan")
    return days_of(begin + timedelta(hours=hour, minutes=minute, seconds=second))


def catalogue_from_rows(
    path: Path,
    lines: Sequence[int],
    columns: Mapping[str, Column],
    choices: ReadChoices,
    skipped: list[SkippedInput],
    is_synthetic: bool = False,
    unit: str = "line",
) -> Catalogue:
    """Return the catalogue that rows make; those that cannot be used are told.

    Parameters
    ----------
    lines
        Where each row stands in the file.
    columns
        ``time`` and ``magnitude``, and what there is of ``longitude``, ``latitude``,
        ``depth_km``, ``completeness``, ``known``, ``event_id``, ``magnitude_type``,
        ``event_type`` and ``status``: text, or numbers (times in days after 1970).
    skipped
        Of this file alone. Is appended to: rows without a time, a magnitude or, where others have
        one, a place; rows of impossible values; what is no earthquake; depths that are no number.
    unit
        What ``lines`` count.

    Raises
    ------
    DataError
        If there are rows and none can be used.
    """
    reasons = np.full(len(lines), "", dtype=object)
    _tell_types(columns, choices, reasons)
    is_wanted = reasons == ""
    time = _times(columns["time"])
    _tell_unread(columns["time"], time, "time", "ISO 8601", reasons)
    numbers = {"magnitude": _checked(columns, "magnitude", reasons)}
    for name in ("longitude", "latitude"):
        if name in columns and any(_is_given(columns[name])):
            numbers[name] = _checked(columns, name, reasons)
    kept = reasons == ""
    named = [f"{path}, {unit} {line}" for line in lines]
    if not kept.any() and (is_wanted.any() or skipped):
        first = [*skipped, *(SkippedInput(named[i], reasons[i]) for i in np.flatnonzero(is_wanted))]
        raise DataError(
            f"no event can be used of {first[0].name}: {first[0].reason}; check the format, or "
            "name it"
        )
    skipped.extend(SkippedInput(named[i], reasons[i]) for i in np.flatnonzero(~kept).tolist())
    for name in ("depth_km", "completeness"):
        if name in columns:
            numbers[name], told = _optional(columns[name], name, kept)
            skipped.extend(SkippedInput(named[i], why) for i, why in told)
    return _catalogue(time, numbers, columns, kept, is_synthetic)


def _catalogue(
    time: FloatArray,
    numbers: Mapping[str, FloatArray],
    columns: Mapping[str, Column],
    kept: NDArray[np.bool_],
    is_synthetic: bool,
) -> Catalogue:
    """Return the rows that are kept."""
    given: dict[str, Any] = {name: column[kept] for name, column in numbers.items()}  # columns
    if "longitude" in given:
        turned = (given["longitude"] + 180.0) % 360.0 - 180.0
        is_far = np.abs(given["longitude"]) > 180.0
        given["longitude"] = np.where(is_far, turned, given["longitude"])
    if "known" in columns:
        given["known_days"] = _times(columns["known"])[kept]
    for name in ("event_id", "magnitude_type"):
        if name in columns:
            given[name] = np.array(columns[name], dtype=object)[kept]
    given["magnitude"] = np.round(given["magnitude"], 4)  # float32 files: 3.1, not 3.0999999
    return Catalogue(time[kept], **given, is_synthetic=is_synthetic)


def _tell_types(
    columns: Mapping[str, Column], choices: ReadChoices, reasons: NDArray[np.object_]
) -> None:
    """Give a reason to what is no earthquake."""
    if choices.earthquakes_only and "event_type" in columns:
        for i, one in enumerate(columns["event_type"]):
            if not is_earthquake(str(one)):
                reasons[i] = f"the event is no earthquake but {one!r}"
    for i, one in enumerate(columns.get("status", ())):
        if str(one).lower() in _NO_EVENTS:
            reasons[i] = f"the event is {str(one).lower()}"


def _is_given(column: Column) -> NDArray[np.bool_]:
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return np.isfinite(column)
    return np.array([bool(one) for one in column], dtype=bool)


def _times(column: Column) -> FloatArray:
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return column
    return days_from_cells([str(one) for one in column])


def _numbers(column: Column) -> FloatArray:
    import pandas as pd  # noqa: PLC0415

    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        return column
    found = pd.to_numeric(pd.Series(list(column), dtype=object), errors="coerce")
    return np.asarray(found, dtype=np.float64)


def _tell_unread(
    column: Column, found: FloatArray, name: str, form: str, reasons: NDArray[np.object_]
) -> None:
    given = _is_given(column)
    for i in np.flatnonzero(~np.isfinite(found) & (reasons == "")).tolist():
        value = column[i]
        reasons[i] = f"{name} {value!r} is no {form}" if given[i] else f"there is no {name}"


def _checked(columns: Mapping[str, Column], name: str, reasons: NDArray[np.object_]) -> FloatArray:
    """Return a column of numbers; rows without one, or out of its limits, get a reason."""
    found = _numbers(columns[name])
    _tell_unread(columns[name], found, name, "number", reasons)
    low, high = _LIMITS[name]
    for i in np.flatnonzero(((found < low) | (found > high)) & (reasons == "")):
        reasons[i] = f"{name} {found[i]:g} is outside {low:g} to {high:g}"
    return found


def _optional(
    column: Column, name: str, kept: NDArray[np.bool_]
) -> tuple[FloatArray, list[tuple[int, str]]]:
    """Return a column of numbers that may be empty, and which cells are no number."""
    found = _numbers(column)
    unread = np.flatnonzero(~np.isfinite(found) & _is_given(column) & kept)
    told = [(i, f"{name} {column[i]!r} is no number; left empty") for i in unread.tolist()]
    return found, told
