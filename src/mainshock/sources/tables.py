"""Tables of picks and catalogues, as the file contract fixes them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from mainshock.core.errors import DataError, RecordError
from mainshock.core.records import Pick
from mainshock.core.times import format_utc
from mainshock.sources.base import SkippedInput
from mainshock.sources.event_files import (
    FIRST_ARRIVALS,
    catalogue_from_events,
    read_event_picks,
)
from mainshock.sources.table_files import (
    TABLE_SUFFIXES,
    parse_times,
    read_table,
    row_name,
    write_table,
)

__all__ = [
    "CATALOGUE_COLUMNS",
    "PICK_COLUMNS",
    "pick_record",
    "picks_to_frame",
    "read_catalogue",
    "read_hypocentres",
    "read_picks",
    "write_picks",
]

_REQUIRED_OF_PICKS = (
    "network",
    "station",
    "location",
    "phase",
    "time",
    "probability",
    "sigma_s",
    "model",
)
_OPTIONAL_OF_PICKS = ("event_id", "back_azimuth_deg", "back_azimuth_sigma_deg", "incidence_deg")
PICK_COLUMNS = (*_REQUIRED_OF_PICKS, *_OPTIONAL_OF_PICKS)
CATALOGUE_COLUMNS = ("event_id", "time", "longitude", "latitude", "depth_km", "magnitude")
_LIMITS = {
    "longitude": (-180.0, 180.0),
    "latitude": (-90.0, 90.0),
    "depth_km": (-10.0, 800.0),
    "magnitude": (-5.0, 10.5),
}
_MAY_BE_EMPTY = ("depth_km", "magnitude")


def pick_record(pick: Pick) -> dict[str, str | float | None]:
    """Return a pick as the columns of the table, ready for JSON; times are ISO 8601 UTC.

    Examples
    --------
    >>> from mainshock.core.times import parse_utc
    >>> time = parse_utc("2010-05-27T16:24:33.5Z")
    >>> pick_record(Pick("BW", "UH1", "", "P", time, 0.9, 0.05, "phasenet"))["time"]
    '2010-05-27T16:24:33.500000Z'
    """
    return {
        name: format_utc(pick.time) if name == "time" else getattr(pick, name)
        for name in PICK_COLUMNS
    }


def picks_to_frame(picks: Sequence[Pick]) -> pd.DataFrame:
    """Return picks as a table with the columns of the contract; times are ISO 8601 text."""
    frame = pd.DataFrame([pick_record(pick) for pick in picks], columns=list(PICK_COLUMNS))
    numbers = ("probability", "sigma_s", *_OPTIONAL_OF_PICKS[1:])
    return frame.astype(dict.fromkeys(numbers, np.float64))


def write_picks(path: str | Path, picks: Sequence[Pick]) -> None:
    """Write picks as CSV or Parquet, whichever the suffix says.

    Raises
    ------
    DataError
        If the suffix is neither.
    SourceError
        If the file cannot be written.
    """
    write_table(Path(path), picks_to_frame(picks))


def read_picks(path: str | Path, skipped: list[SkippedInput] | None = None) -> list[Pick]:
    """Return the picks in a table or event file.

    Parameters
    ----------
    path
        ``.csv`` or ``.parquet`` with ``network,station,location,phase,time,probability,sigma_s,
        model`` and optional ``event_id,back_azimuth_deg,back_azimuth_sigma_deg,incidence_deg``;
        NonLinLoc observations (``.obs``); or QuakeML and whatever else ObsPy reads as events.
    skipped
        Where given, rows that are not possible are appended to it and the others are returned.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, or, without ``skipped``, a row is not possible.

    Notes
    -----
    Event files state no probability: it is 1. Their onset uncertainty becomes ``sigma_s``, 0.1 s
    where they state none.
    """
    path = Path(path)
    if path.suffix.lower() not in TABLE_SUFFIXES:
        return read_event_picks(path, skipped)
    table = read_table(path, _REQUIRED_OF_PICKS)
    for name in _OPTIONAL_OF_PICKS:
        if name not in table.columns:
            table[name] = ""
    times = parse_times(table["time"])
    picks: list[Pick] = []
    rows = zip(table.index, table[list(PICK_COLUMNS)].itertuples(index=False), times, strict=True)
    for label, cells, time in rows:
        try:
            picks.append(_pick(dict(zip(PICK_COLUMNS, cells, strict=True)), time))
        except RecordError as error:
            if skipped is None:
                raise DataError(f"{row_name(path, label)}: {error}") from error
            skipped.append(SkippedInput(row_name(path, label), str(error)))
    return picks


def _pick(cells: dict[str, str], time: pd.Timestamp) -> Pick:
    if pd.isna(time):
        raise RecordError(
            f"time {cells['time']!r} is not ISO 8601; write it as 2010-05-27T16:24:33.5Z"
        )
    return Pick(
        network=cells["network"],
        station=cells["station"],
        location=cells["location"].replace("--", ""),
        phase=FIRST_ARRIVALS.get(cells["phase"], cells["phase"]),
        time=time.to_pydatetime(),
        probability=_number(cells, "probability"),
        sigma_s=_number(cells, "sigma_s"),
        model=cells["model"],
        event_id=cells["event_id"],
        back_azimuth_deg=_optional_number(cells, "back_azimuth_deg"),
        back_azimuth_sigma_deg=_optional_number(cells, "back_azimuth_sigma_deg"),
        incidence_deg=_optional_number(cells, "incidence_deg"),
    )


def _number(cells: dict[str, str], name: str) -> float:
    try:
        return float(cells[name])
    except ValueError as error:
        raise RecordError(f"{name} is {cells[name]!r}; it must be a number") from error


def _optional_number(cells: dict[str, str], name: str) -> float | None:
    return _number(cells, name) if cells[name] else None


def read_hypocentres(path: str | Path) -> pd.DataFrame:
    """Return the places in a catalogue, whatever else it lacks.

    Parameters
    ----------
    path
        ``.csv`` or ``.parquet`` with ``longitude,latitude,depth_km``, or QuakeML and whatever
        else ObsPy reads as events.

    Returns
    -------
    pandas.DataFrame
        These three columns, float64; rows with a value that is missing or not possible are left
        out.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing.
    """
    path, names = Path(path), ("longitude", "latitude", "depth_km")
    is_table = path.suffix.lower() in TABLE_SUFFIXES
    table = read_table(path, names) if is_table else catalogue_from_events(path)
    places = pd.DataFrame(
        {name: pd.to_numeric(table[name], errors="coerce").astype(np.float64) for name in names}
    )
    possible = pd.concat([places[name].between(*_LIMITS[name]) for name in names], axis=1)
    return places[possible.all(axis=1)].reset_index(drop=True)


def read_catalogue(path: str | Path, skipped: list[SkippedInput] | None = None) -> pd.DataFrame:
    """Return a catalogue of earthquakes as a table.

    Parameters
    ----------
    path
        ``.csv`` or ``.parquet`` with ``event_id,time,longitude,latitude,depth_km,magnitude``, or
        QuakeML and whatever else ObsPy reads as events.
    skipped
        Where given, rows that are not possible are appended to it and the others are returned.

    Returns
    -------
    pandas.DataFrame
        Exactly these columns, in the order of the file. ``event_id`` is text, ``time`` UTC to
        the microsecond, the others float64; depth and magnitude are NaN where they are not known.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, an ``event_id`` repeats, or, without ``skipped``, a row is not
        possible.
    """
    path = Path(path)
    if path.suffix.lower() in TABLE_SUFFIXES:
        table = read_table(path, CATALOGUE_COLUMNS)
    else:
        table = catalogue_from_events(path)
    reasons = pd.Series("", index=table.index)
    catalogue = pd.DataFrame({"event_id": table["event_id"], "time": parse_times(table["time"])})
    _note(reasons, table["event_id"] == "", "event_id is empty; every event needs one")
    _note(reasons, catalogue["time"].isna(), "time is not ISO 8601 (2010-05-27T16:24:33.5Z)")
    for name, (low, high) in _LIMITS.items():
        values = pd.to_numeric(table[name], errors="coerce").astype(np.float64)
        is_bad = ~values.between(low, high)
        if name in _MAY_BE_EMPTY:
            is_bad &= ~table[name].str.lower().isin(["", "nan"])
        _note(reasons, is_bad, f"{name} is not a number from {low:g} to {high:g}")
        catalogue[name] = values
    _report(path, reasons, skipped)
    catalogue = catalogue[reasons == ""].reset_index(drop=True)
    repeated = catalogue["event_id"][catalogue["event_id"].duplicated()]
    if len(repeated):
        raise DataError(
            f"{path}: event_id {repeated.iloc[0]!r} stands more than once ({len(repeated)} rows "
            "repeat an earlier one); give each event its own"
        )
    return catalogue


def _note(reasons: "pd.Series[str]", is_bad: "pd.Series[bool]", reason: str) -> None:
    """Write the reason beside those bad rows that have none yet."""
    reasons[is_bad & (reasons == "")] = reason


def _report(path: Path, reasons: "pd.Series[str]", skipped: list[SkippedInput] | None) -> None:
    bad = reasons[reasons != ""]
    if len(bad) and skipped is None:
        raise DataError(f"{row_name(path, bad.index[0])}: {bad.iloc[0]} ({len(bad)} bad rows)")
    if skipped is not None:
        skipped.extend(SkippedInput(row_name(path, label), text) for label, text in bad.items())
