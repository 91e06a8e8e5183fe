"""Catalogues in CSV and Parquet with named columns, those of this package or of a provider."""

from pathlib import Path

import numpy as np

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.comcat import COMCAT
from mainshock.sources.seismicity.csep import CSEP
from mainshock.sources.seismicity.rows import Column, catalogue_from_rows, read_cells
from mainshock.sources.seismicity.tables import NAMES, SYNTHETIC_TIME

__all__ = ["CSV", "PARQUET"]

_MORE_NAMES = {"event_type": ("event_type", "type"), "status": ("status",)}


def _ours(names: list[str]) -> dict[str, int]:
    """Return where each column of this package stands among the names of a file."""
    here = {name.strip().lower(): place for place, name in enumerate(names)}
    found = {
        ours: here[name]
        for ours, given in (NAMES | _MORE_NAMES).items()
        for name in given[::-1]
        if name in here
    }
    if SYNTHETIC_TIME in here:
        found["time"] = here[SYNTHETIC_TIME]
    return found


def _recognises_csv(head: bytes) -> bool:
    if COMCAT.recognises(head) or CSEP.recognises(head):
        return False
    text = head.decode("utf-8", "replace")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return bool(lines) and {"time", "magnitude"} <= set(_ours(lines[0].split(",")))


def _require(path: Path, found: dict[str, int]) -> None:
    for name in ("time", "magnitude"):
        if name not in found:
            raise DataError(
                f"{path} has no column {name!r} (or {', '.join(NAMES[name][1:])}); a catalogue "
                "needs times and magnitudes"
            )


def _read_csv(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    rows = ((line, cells) for line, cells in read_cells(path) if not cells[0].startswith("#"))
    _, names = next(rows, (0, []))
    found = _ours(names)
    _require(path, found)
    lines: list[int] = []
    columns: dict[str, list[str]] = {name: [] for name in found}
    for number, cells in rows:
        if len(cells) > len(names) or len(cells) <= max(found["time"], found["magnitude"]):
            told = f"{len(cells)} cells stand under {len(names)} columns"
            skipped.append(SkippedInput(f"{path}, line {number}", told))
            continue
        lines.append(number)
        for name, place in found.items():
            columns[name].append(cells[place] if place < len(cells) else "")
    is_synthetic = SYNTHETIC_TIME in (name.strip().lower() for name in names)
    given: dict[str, Column] = dict(columns)
    if is_synthetic:
        given["time"] = _as_numbers(columns["time"])
    return catalogue_from_rows(path, lines, given, choices, skipped, is_synthetic)


def _as_numbers(cells: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    def number(cell: str) -> float:
        try:
            return float(cell)
        except ValueError:
            return float("nan")

    return np.array([number(cell) for cell in cells], dtype=np.float64)


def _read_parquet(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    import pandas as pd  # noqa: PLC0415

    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # Arrow's errors are ValueErrors
        raise SourceError(f"{path} cannot be read as Parquet: {error}") from error
    found = _ours([str(name) for name in frame.columns])
    _require(path, found)
    columns: dict[str, Column] = {}
    for name, place in found.items():
        column = frame.iloc[:, place]
        if pd.api.types.is_datetime64_any_dtype(column):
            times = pd.to_datetime(column, utc=True).dt.tz_localize(None)
            days = times.to_numpy(dtype="datetime64[ns]").astype(np.int64) / 86_400_000_000_000
            columns[name] = np.where(np.asarray(times.isna()), np.nan, days)
        elif pd.api.types.is_numeric_dtype(column) and name != "event_id":
            columns[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            columns[name] = list(column.astype(object).where(column.notna(), "").astype(str))
    rows = range(1, len(frame) + 1)
    is_synthetic = SYNTHETIC_TIME in (str(name).strip().lower() for name in frame.columns)
    return catalogue_from_rows(path, rows, columns, choices, skipped, is_synthetic, "row")


CSV = CatalogueFormat("CSV with named columns", _recognises_csv, _read_csv)
PARQUET = CatalogueFormat("Parquet", lambda head: head.startswith(b"PAR1"), _read_parquet)
