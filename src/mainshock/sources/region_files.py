"""Files of ConvNetQuake's detections: windows with the probability of each region."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.times import parse_utc, to_posix_s
from mainshock.sources.base import SkippedInput
from mainshock.sources.eqnemix_files import parse_weights
from mainshock.sources.table_files import TABLE_SUFFIXES, read_table, row_name

__all__ = ["RegionProbabilities", "read_region_probabilities"]

FloatArray = NDArray[np.float64]
_COLUMNS = ("start_time", "end_time", "cluster_id", "clusters_prob")
_STATION_IN_NAME = re.compile(r"([A-Z0-9]{1,2})\.([A-Z0-9]{2,5})\.")


@dataclass(frozen=True, slots=True, eq=False)
class RegionProbabilities:
    """Windows of record, and the region that a classifier gives each; in order of start.

    Parameters
    ----------
    start_s, end_s
        Seconds since 1970, shape ``(n,)``.
    probabilities
        Shape ``(n, K)``, without noise; what is missing to 1 is the probability of noise.
    is_noise
        Windows that the classifier calls noise, shape ``(n,)``.
    stations
        ``NET.STA`` of each window, empty where it is not known.
    """

    start_s: FloatArray
    end_s: FloatArray
    probabilities: FloatArray
    is_noise: NDArray[np.bool_]
    stations: tuple[str, ...]

    def holding(self, time_s: float, station_code: str) -> NDArray[np.intp]:
        """Return the numbers of the windows of a station that hold a time, edges included."""
        first = np.searchsorted(self.start_s, time_s - float((self.end_s - self.start_s).max()))
        last = np.searchsorted(self.start_s, time_s, side="right")
        near = np.arange(first, last)
        return np.array(
            [
                number
                for number in near[self.end_s[near] >= time_s]
                if self.stations[number] in ("", station_code)
            ],
            dtype=np.intp,
        )


def read_region_probabilities(
    path: str | Path, skipped: list[SkippedInput] | None = None
) -> RegionProbabilities:
    """Return the windows in a file, or in all tables of a folder.

    Parameters
    ----------
    path
        CSV or Parquet with ``start_time,end_time,cluster_id,clusters_prob`` (a list as text), as
        ConvNetQuake and ``mainshock detect regions predict`` write it. Columns ``network`` and
        ``station``, or a file's name ``NET.STA.DAY.csv``, say whose record it is.
    skipped
        Where given, rows that are not possible are appended to it and the others are returned.

    Raises
    ------
    SourceError
        If nothing can be read.
    DataError
        If a column is missing, the numbers of regions differ, no window is left, or, without
        ``skipped``, a row is not possible.
    """
    path = Path(path)
    files = _files(path)
    rows: list[tuple[float, float, FloatArray, bool, str]] = []
    for file in files:
        rows.extend(_read(file, skipped))
    sizes = sorted({row[2].size for row in rows})
    if len(sizes) != 1:
        told = f"windows of {sizes} regions; all must have the same" if sizes else "no window"
        raise DataError(f"{path} holds {told}")
    rows.sort(key=lambda row: row[0])
    return RegionProbabilities(
        np.array([row[0] for row in rows]),
        np.array([row[1] for row in rows]),
        np.stack([row[2] for row in rows]),
        np.array([row[3] for row in rows]),
        tuple(row[4] for row in rows),
    )


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.iterdir() if file.suffix.lower() in TABLE_SUFFIXES)
    if not files:
        raise SourceError(f"{path} holds no CSV or Parquet file of region probabilities")
    return files


def _read(
    path: Path, skipped: list[SkippedInput] | None
) -> Iterable[tuple[float, float, FloatArray, bool, str]]:
    table = read_table(path, _COLUMNS)
    in_name = _STATION_IN_NAME.match(path.name)
    named = f"{in_name[1]}.{in_name[2]}" if in_name else ""
    for label, record in zip(table.index, table.to_dict("records"), strict=True):
        cells = {str(name): str(value) for name, value in record.items()}
        try:
            yield _window(cells, named)
        except RecordError as error:
            if skipped is None:
                raise DataError(f"{row_name(path, label)}: {error}") from error
            skipped.append(SkippedInput(row_name(path, label), str(error)))


def _window(cells: dict[str, str], named: str) -> tuple[float, float, FloatArray, bool, str]:
    start, end = (to_posix_s(parse_utc(cells[name])) for name in ("start_time", "end_time"))
    if end < start:
        raise RecordError(f"end_time {cells['end_time']} lies before the start")
    probabilities = parse_weights(cells["clusters_prob"])
    if probabilities is None:
        raise RecordError("clusters_prob is empty; it must be a list of numbers from 0 to 1")
    noise = 1.0 - float(probabilities.sum())
    is_noise = cells["cluster_id"].startswith("-") or noise > float(probabilities.max())
    station = f"{cells['network']}.{cells['station']}" if cells.get("station") else named
    return start, end, probabilities, is_noise, station
