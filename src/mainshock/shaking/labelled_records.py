"""Accelerograms that come from anywhere, each with its row of a table of records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.times import to_posix_s
from mainshock.shaking.base import COMPONENTS
from mainshock.shaking.records import Accelerogram, GroundMotionRecords
from mainshock.sources.base import SkippedInput

__all__ = [
    "Channel",
    "LabelledRecord",
    "join_channels",
    "labelled_records",
    "missing_fields",
    "records_of_set",
]

FloatArray = NDArray[np.float64]

_NEEDED = ("event_id", "magnitude", "ev_lat", "ev_lon", "station", "sta_lat", "sta_lon")
_OF_SET = ("idx", "scale", "event", "mag")  # hold for the place in one set, or repeat
_SAME_RATE = 1e-6
_RIGHT_ANGLE_DEG = 5.0  # horizontals this far from 90 degrees apart are still turned


@dataclass(frozen=True, slots=True, eq=False)
class LabelledRecord:
    """A record and what is known of it.

    Parameters
    ----------
    name
        Where it came from, as messages call it.
    record
        The samples.
    row
        Columns of the table of records: ``event_id, origin_time, magnitude, ev_lat, ev_lon,
        depth_km, network, station, sta_lat, sta_lon, vs30, p_pick_s, s_pick_s`` (seconds after
        the first sample), ``gap_frac``; absent where not known.
    """

    name: str
    record: Accelerogram
    row: Mapping[str, Any]  # cells of several types

    def number(self, column: str) -> float:
        """Return a number of the row, NaN where it is absent."""
        value = self.row.get(column)
        return float("nan") if value is None else float(value)


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One component of a record, as agencies file it.

    Parameters
    ----------
    name
        The file it came from.
    direction
        ``E``, ``N`` or ``Z``; ``H`` for a horizontal with an azimuth; ``1`` or ``2`` for one
        whose azimuth is not known.
    azimuth_deg
        Of a horizontal, clockwise from north; NaN where it is not known.
    acceleration_m_s2
        Shape ``(n_samples,)``.
    sampling_rate_hz
        Samples a second.
    start
        Time of the first sample, UTC; None where the file does not say.
    origin_time
        Of the earthquake, UTC; None where the file does not say.
    row
        Columns of the table of records, see :class:`LabelledRecord`.
    """

    name: str
    direction: str
    azimuth_deg: float
    acceleration_m_s2: FloatArray
    sampling_rate_hz: float
    start: datetime | None
    origin_time: datetime | None
    row: Mapping[str, Any]  # cells of several types


def records_of_set(records: GroundMotionRecords) -> Iterator[LabelledRecord]:
    """Yield the records of a set with the names of columns that all sets share."""
    scenarios = records.scenarios
    rows = records.table.to_dict("records")
    for number, (record, row) in enumerate(zip(records, rows, strict=True)):
        known = {
            "event_id": str(scenarios.event[number]),
            "magnitude": float(scenarios.magnitude[number]),
            "ev_lat": float(scenarios.source_latitude[number]),
            "ev_lon": float(scenarios.source_longitude[number]),
            "depth_km": float(scenarios.depth_km[number]),
            "station": str(scenarios.station[number]),
            "sta_lat": float(scenarios.site_latitude[number]),
            "sta_lon": float(scenarios.site_longitude[number]),
            "vs30": float(scenarios.vs30_m_s[number]),
        }
        own = {str(name): value for name, value in row.items() if name not in _OF_SET}
        name = f"{records.path}, {row.get('rec_id', row.get('idx', number))}"
        yield LabelledRecord(name, record, {**own, **known})


def missing_fields(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the columns without which a record says nothing of source and site."""
    return tuple(name for name in _NEEDED if _is_absent(row.get(name)))


def labelled_records(
    records: Iterable[LabelledRecord], skipped: list[SkippedInput]
) -> Iterator[LabelledRecord]:
    """Yield the records whose row tells source and site; the others go to ``skipped``."""
    for one in records:
        missing = missing_fields(one.row)
        if missing:
            reason = f"{', '.join(missing)} not known; give them in a table with --table"
            skipped.append(SkippedInput(one.name, reason))
        else:
            yield one


def join_channels(
    channels: Iterable[Channel], skipped: list[SkippedInput]
) -> Iterator[LabelledRecord]:
    """Yield records of three components, made of channels of one event and station.

    Parameters
    ----------
    channels
        In any order. Horizontals with azimuths are turned to east and north; two without stand as
        they are, with ``components`` ``12Z`` in the row. Rotation-independent measures do not mind.
    skipped
        Gets what could not be joined, with the reason.

    Notes
    -----
    Only the span that all components have is kept.
    """
    groups: dict[tuple[str, ...], list[Channel]] = {}
    for one in channels:
        key = tuple(str(one.row.get(k, "")) for k in ("event_id", "network", "station", "location"))
        groups.setdefault(key, []).append(one)
    for group in groups.values():
        name = group[0].name
        try:
            yield _joined(name, group)
        except DataError as error:
            skipped.append(SkippedInput(name, str(error)))


def _joined(name: str, group: Sequence[Channel]) -> LabelledRecord:
    vertical, first, second = _three(group)
    rates = {one.sampling_rate_hz for one in (vertical, first, second)}
    if max(rates) / min(rates) - 1.0 > _SAME_RATE:
        raise DataError(f"components have rates {sorted(rates)} Hz; they must be equal")
    samples = _common_span((first, second, vertical))
    row = dict(vertical.row)
    if np.isfinite([first.azimuth_deg, second.azimuth_deg]).all():
        samples[:2] = _turned(samples[:2], first.azimuth_deg, second.azimuth_deg)
        row["components"] = "".join(COMPONENTS)
    else:
        row["components"] = "12Z"
    start = _latest_start((vertical, first, second))
    start_s = float("nan")
    if start is not None and vertical.origin_time is not None:
        start_s = to_posix_s(start) - to_posix_s(vertical.origin_time)
    record = Accelerogram(samples.astype(np.float32), vertical.sampling_rate_hz, start_s)
    return LabelledRecord(name, record, row)


def _three(group: Sequence[Channel]) -> tuple[Channel, Channel, Channel]:
    """Return the vertical and two horizontals, east first where that is known."""
    group = [_with_azimuth(one) for one in group]
    vertical = [one for one in group if one.direction == "Z"]
    horizontal = [one for one in group if one.direction != "Z"]
    if len(vertical) != 1 or len(horizontal) != 2:
        found = ", ".join(sorted(one.direction for one in group))
        raise DataError(
            f"its components are {found}; a record needs one vertical and two horizontals"
        )
    first, second = sorted(horizontal, key=lambda one: one.direction)
    return vertical[0], first, second


def _with_azimuth(one: Channel) -> Channel:
    azimuth = {"E": 90.0, "N": 0.0}.get(one.direction)
    return one if azimuth is None else replace(one, azimuth_deg=azimuth)


def _turned(horizontals: FloatArray, first_deg: float, second_deg: float) -> FloatArray:
    """Return east and north from horizontals of any two azimuths about a right angle apart."""
    angle = abs((second_deg - first_deg + 180.0) % 360.0 - 180.0)
    if abs(angle - 90.0) > _RIGHT_ANGLE_DEG:
        raise DataError(
            f"its horizontals point to {first_deg:g} and {second_deg:g} degrees; they must be a "
            f"right angle apart, to {_RIGHT_ANGLE_DEG:g} degrees"
        )
    azimuths = np.deg2rad([first_deg, second_deg])
    directions = np.column_stack([np.sin(azimuths), np.cos(azimuths)])
    return np.linalg.solve(directions, horizontals)


def _latest_start(channels: Sequence[Channel]) -> datetime | None:
    starts = [one.start for one in channels if one.start is not None]
    return max(starts) if len(starts) == len(channels) else None


def _common_span(channels: Sequence[Channel]) -> FloatArray:
    """Return the samples ``(n_channels, n)`` that all have, float64."""
    rate_hz = channels[0].sampling_rate_hz
    latest = _latest_start(channels)
    late = [0] * len(channels)
    if latest is not None:
        late = [
            round((to_posix_s(latest) - to_posix_s(one.start)) * rate_hz) if one.start else 0
            for one in channels
        ]
    parts = [one.acceleration_m_s2[skip:] for one, skip in zip(channels, late, strict=True)]
    n = min(part.size for part in parts)
    if n == 0:
        raise DataError("its components have no time in common")
    return np.stack([part[:n] for part in parts]).astype(np.float64)


def _is_absent(value: Any) -> bool:
    if value is None or str(value).strip() == "":
        return True
    return isinstance(value, float) and bool(np.isnan(value))
