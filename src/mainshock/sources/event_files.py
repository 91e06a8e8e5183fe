"""Picks and origins from event files: QuakeML, NonLinLoc and what else ObsPy reads."""

import glob
import logging
import re
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import obspy
import pandas as pd

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.records import Pick
from mainshock.core.times import format_utc
from mainshock.sources.base import SkippedInput

__all__ = ["DEFAULT_SIGMA_S", "FIRST_ARRIVALS", "catalogue_from_events", "read_event_picks"]

DEFAULT_SIGMA_S = 0.1
"""Standard deviation of a pick whose file states none: an analyst's on a fair local record."""

_SMALLEST_SIGMA_S = 1e-4
_LARGEST_SIGMA_S = 60.0
FIRST_ARRIVALS = {
    **dict.fromkeys(("P", "p", "Pg", "Pn", "Pb", "P*", "PG", "PN"), "P"),
    **dict.fromkeys(("S", "s", "Sg", "Sn", "Sb", "S*", "SG", "SN"), "S"),
}
"""P or S for each name of a first arrival."""

_EVENT_ID_IN_QUERY = re.compile(r"event_?id=([^&]+)", re.IGNORECASE)
_OBS_FIELDS = 11
_log = logging.getLogger(__name__)


def read_event_picks(path: Path, skipped: list[SkippedInput] | None = None) -> list[Pick]:
    """Return the picks of P and S in an event file, each with the id of its event.

    Parameters
    ----------
    path
        NonLinLoc observations (``.obs``), or a format that ObsPy reads as events.
    skipped
        Where given, picks that are not possible are appended to it and the others are returned.
        Amplitudes and later phases are no fault: they are always left out.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If, without ``skipped``, a pick is not possible.
    """
    drafts = _obs_picks(path) if path.suffix.lower() == ".obs" else _catalogue_picks(path)
    picks: list[Pick] = []
    for name, fields in drafts:
        try:
            if isinstance(fields, RecordError):
                raise fields
            picks.append(Pick(**fields))
        except RecordError as error:
            if skipped is None:
                raise DataError(f"{path}, {name}: {error}") from error
            skipped.append(SkippedInput(f"{path}, {name}", str(error)))
    return picks


def catalogue_from_events(path: Path) -> pd.DataFrame:
    """Return the origins of an event file as text in the columns of a catalogue, from row 1.

    Events without an origin are left out.

    Raises
    ------
    SourceError
        If the file cannot be read.
    """
    events = list(_read_events(path))
    rows: list[tuple[str, ...]] = []
    for event, event_id in zip(events, _event_ids(events), strict=True):
        origin = event.preferred_origin() or next(iter(event.origins), None)
        if origin is None or origin.time is None:
            _log.info("event %s of %s has no origin", event_id, path)
            continue
        magnitude = event.preferred_magnitude() or next(iter(event.magnitudes), None)
        rows.append(
            (
                event_id,
                format_utc(_utc(origin.time)),
                _text(origin.longitude),
                _text(origin.latitude),
                _text(None if origin.depth is None else origin.depth * 1e-3),
                _text(None if magnitude is None else magnitude.mag),
            )
        )
    names = ["event_id", "time", "longitude", "latitude", "depth_km", "magnitude"]
    return pd.DataFrame(rows, columns=names, index=range(1, len(rows) + 1), dtype=str)


def _text(value: float | None) -> str:
    return "" if value is None else repr(float(value))


def _utc(time: Any) -> datetime:  # an ObsPy UTCDateTime
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(time.ns / 1000))


def _read_events(path: Path) -> Any:  # an ObsPy Catalog
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a CSV, Parquet, QuakeML or .obs file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubts about optional elements concern no caller
            return obspy.read_events(glob.escape(str(path)))
    except Exception as error:  # ObsPy's readers raise errors of every type
        raise SourceError(
            f"{path} is no event file that ObsPy reads ({type(error).__name__}: {error}); "
            "give QuakeML, NonLinLoc .obs, or a table named .csv or .parquet"
        ) from error


def _event_ids(events: list[Any]) -> list[str]:
    """Return the last parts of the resource ids, or the whole ids where those would repeat."""
    whole = [str(event.resource_id.id) for event in events]
    short = [_short_id(text) for text in whole]
    return short if len(set(short)) == len(short) else whole


def _short_id(resource_id: str) -> str:
    query = _EVENT_ID_IN_QUERY.search(resource_id)
    return query[1] if query else resource_id.rstrip("/").rsplit("/", 1)[-1]


Draft = tuple[str, "dict[str, Any] | RecordError"]  # fields of a Pick, not checked yet


def _catalogue_picks(path: Path) -> Iterator[Draft]:
    events = list(_read_events(path))
    for event, event_id in zip(events, _event_ids(events), strict=True):
        phases = {arrival.pick_id: arrival.phase for arrival in _arrivals(event)}
        for number, pick in enumerate(event.picks, start=1):
            hint = pick.phase_hint or phases.get(pick.resource_id) or ""
            phase = FIRST_ARRIVALS.get(hint)
            if phase is None:
                _log.debug("pick of phase %r in %s is left out", hint, path)
                continue
            name = f"event {event_id}, pick {number}"
            yield name, _fields(pick, phase, event_id)


def _arrivals(event: Any) -> list[Any]:
    return [arrival for origin in event.origins for arrival in origin.arrivals]


def _fields(pick: Any, phase: str, event_id: str) -> "dict[str, Any] | RecordError":
    stream = pick.waveform_id
    if stream is None or pick.time is None:
        return RecordError("the pick states no station or no time")
    return {
        "network": stream.network_code or "",
        "station": stream.station_code or "",
        "location": (stream.location_code or "").replace("--", ""),
        "phase": phase,
        "time": _utc(pick.time),
        "probability": 1.0,
        "sigma_s": _sigma_s(pick.time_errors),
        "model": pick.evaluation_mode or "unknown",
        "event_id": event_id,
        **_back_azimuth(pick),
    }


def _sigma_s(errors: Any) -> float:
    """Return the onset uncertainty, or half the width of an uneven one, or the default."""
    value, lower, upper = (
        getattr(errors, name, None)  # ObsPy leaves the whole element None where the file has none
        for name in ("uncertainty", "lower_uncertainty", "upper_uncertainty")
    )
    if value is None and lower is not None and upper is not None:
        value = 0.5 * (lower + upper)
    return _usable_sigma_s(value)


def _usable_sigma_s(value: float | None) -> float:
    if value is None or not 0.0 < value <= _LARGEST_SIGMA_S:
        return DEFAULT_SIGMA_S
    return max(float(value), _SMALLEST_SIGMA_S)


def _back_azimuth(pick: Any) -> dict[str, float]:
    sigma_deg = getattr(pick.backazimuth_errors, "uncertainty", None)
    if pick.backazimuth is None or not sigma_deg:
        return {}  # a direction without its error is of no use in a posterior
    return {
        "back_azimuth_deg": float(pick.backazimuth),
        "back_azimuth_sigma_deg": min(max(float(sigma_deg), 0.1), 180.0),
    }


def _obs_picks(path: Path) -> Iterator[Draft]:
    """Yield the picks of a NonLinLoc observation file; blank lines stand between its events."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    blocks = _obs_blocks(lines)
    for number, block in enumerate(blocks, start=1):
        event_id = path.stem if len(blocks) == 1 else f"{path.stem}-{number}"
        for line_number, words in block:
            phase = FIRST_ARRIVALS.get(words[4]) if len(words) > 4 else ""
            if phase is not None:
                yield f"line {line_number}", _obs_fields(words, phase, event_id)


def _obs_blocks(lines: list[str]) -> list[list[tuple[int, list[str]]]]:
    """Return for each event the numbered lines with a pick, split into words."""
    blocks: list[list[tuple[int, list[str]]]] = [[]]
    for number, line in enumerate(lines, start=1):
        words = line.split()
        if not words:
            blocks.append([])
        elif words[0] not in ("PUBLIC_ID", "#") and not line.startswith("#"):
            blocks[-1].append((number, words))
    return [block for block in blocks if block]


def _obs_fields(words: list[str], phase: str, event_id: str) -> "dict[str, Any] | RecordError":
    if len(words) < _OBS_FIELDS:
        return RecordError(f"{len(words)} fields; a NonLinLoc observation has at least 11")
    date, clock, second, error_s = words[6], words[7], words[8], words[10]
    try:
        minute = datetime.strptime(f"{date}{int(clock):04d}", "%Y%m%d%H%M").replace(tzinfo=UTC)
        time = minute + timedelta(seconds=float(second))
        sigma_s = _usable_sigma_s(float(error_s))
    except ValueError:
        return RecordError(f"{' '.join(words[6:11])!r} is no date, HHMM, seconds, GAU, error")
    return {
        "network": "",
        "station": words[0],
        "location": "",
        "phase": phase,
        "time": time,
        "probability": 1.0,
        "sigma_s": sigma_s,
        "model": "manual",
        "event_id": event_id,
    }
