"""COSMOS strong-motion format 1.20, volumes 1 and 2.

References
----------
Consortium of Organizations for Strong-Motion Observation Systems (2001), COSMOS Strong Motion Data
Format, version 1.20.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.core.times import format_utc
from mainshock.core.units import STANDARD_GRAVITY_M_S2
from mainshock.shaking.labelled_records import Channel

__all__ = ["read_cosmos"]

# Table 2 of the format: units of the samples, to m/s^2
_TO_M_S2 = {2: STANDARD_GRAVITY_M_S2, 4: 0.01, 10: 1e-3 * STANDARD_GRAVITY_M_S2,
            11: 1e-6 * STANDARD_GRAVITY_M_S2}  # fmt: skip
_COUNTS, _ACCELERATION = 50, 1
_VERTICAL = (400, 401)  # up, down
_BLOCK = re.compile(r"^\s*(\d+)\s+(Integer|Real)-header values.*?\(\s*\d*\s*[A-Z](\d+)", re.I)
_COMMENTS = re.compile(r"^\s*(\d+)\s+Comment line", re.I)
_DATA = re.compile(r"^\s*(\d+)\s+(\w+)\s+pts.*Format\s*=?\s*\(\s*\d*\s*[A-Z](\d+)", re.I)
_CODE = re.compile(r"Code:\s*(\w+)-(\S+)")
_EVENT = re.compile(r"^Record of\s+(.*?)\s*Earthquake", re.I)
_ORIGIN = re.compile(r"Origin:\s*(\d+)/(\d+)/(\d+),?\s+(\d+):(\d+):([\d.]+)\s*(UTC|GMT)", re.I)
_MAGNITUDES = (13, 15, 14, 16)  # moment, local, surface wave, other: places in the real header
_MISSING = -999.0


def read_cosmos(path: Path) -> list[Channel]:
    """Return the channels of acceleration in a file; those of velocity are passed over.

    Raises
    ------
    DataError
        If a header is not as the format says, or the samples are counts (volume 0).
    """
    lines = path.read_text(encoding="latin-1").splitlines()
    channels: list[Channel] = []
    at = 0
    while (at := _next_start(lines, at)) < len(lines):
        text_end = next(i for i in range(at, len(lines)) if _BLOCK.match(lines[i]))
        integers, after = _header(lines, text_end)
        reals, after = _header(lines, after)
        samples, parameter, at_next = _samples(path, lines, after)
        if parameter == _ACCELERATION or int(integers[2]) == _ACCELERATION:
            channels.append(_channel(path, lines[at:text_end], integers, reals, samples))
        at = at_next
    if not channels:
        raise DataError(f"{path} holds no acceleration; give volume 1 or 2 of acceleration")
    return channels


def _next_start(lines: Sequence[str], at: int) -> int:
    return next((i for i in range(at, len(lines)) if "(Format v" in lines[i]), len(lines))


def _header(lines: Sequence[str], at: int) -> tuple[NDArray[np.float64], int]:
    """Return the values of a header of numbers in fixed columns, and the line after it."""
    found = _BLOCK.match(lines[at])
    if found is None:
        raise DataError(f"line {at + 1} does not begin a header of numbers: {lines[at][:60]!r}")
    return _fixed(lines, at + 1, int(found[1]), int(found[3]))


def _fixed(
    lines: Sequence[str], at: int, n_values: int, width: int
) -> tuple[NDArray[np.float64], int]:
    values: list[float] = []
    while len(values) < n_values:
        line = lines[at].rstrip()
        cells = [line[i : i + width] for i in range(0, len(line), width)]
        values += [float(cell) for cell in cells if cell.strip()]
        at += 1
    if len(values) != n_values:
        raise DataError(f"line {at}: {len(values)} values end there, {n_values} were announced")
    return np.array(values), at


def _samples(path: Path, lines: Sequence[str], at: int) -> tuple[NDArray[np.float64], int, int]:
    """Return the samples, 1 if the line above them says acceleration, and the line after them."""
    comments = _COMMENTS.match(lines[at])
    if comments:
        at += 1 + int(comments[1])
    found = _DATA.match(lines[at])
    if found is None:
        raise DataError(f"{path}, line {at + 1}: it does not announce samples: {lines[at][:60]!r}")
    samples, after = _fixed(lines, at + 1, int(found[1]), int(found[3]))
    return samples, int(found[2].lower().startswith("accel")), after


def _channel(
    path: Path,
    text: Sequence[str],
    integers: NDArray[np.float64],
    reals: NDArray[np.float64],
    samples: NDArray[np.float64],
) -> Channel:
    unit, azimuth = int(integers[1]), int(integers[53])
    if unit not in _TO_M_S2:
        what = "counts (volume 0)" if unit == _COUNTS else f"unit {unit}"
        raise DataError(f"{path} is in {what}; give volume 1 or 2, in cm/s^2 or g")
    origin_time = _origin_time(text)
    is_vertical = azimuth in _VERTICAL
    sign = -1.0 if azimuth == _VERTICAL[1] else 1.0
    return Channel(
        name=str(path),
        direction="Z" if is_vertical else "H",
        azimuth_deg=float(azimuth % 360) if 0 <= azimuth <= 360 else float("nan"),
        acceleration_m_s2=sign * _TO_M_S2[unit] * samples,
        sampling_rate_hz=1.0 / _step_s(path, reals, samples.size),
        start=_start(integers, reals),
        origin_time=origin_time,
        row=_row(text, reals, origin_time),
    )


def _step_s(path: Path, reals: NDArray[np.float64], n_samples: int) -> float:
    """Return the step; files give it in seconds or milliseconds, and their length tells which."""
    step, length_s = reals[33], reals[34]
    if step <= 0.0:
        raise DataError(f"{path} gives the step {step:g}; it must be positive")
    is_ms = step >= 1.0
    if length_s > 0.0:
        is_ms = abs(step * n_samples / length_s - 1.0) > abs(1e-3 * step * n_samples / length_s - 1)
    return float(step * (1e-3 if is_ms else 1.0))


def _start(integers: NDArray[np.float64], reals: NDArray[np.float64]) -> datetime | None:
    year, month, day, hour, minute = (int(integers[i]) for i in (39, 41, 42, 43, 44))
    if min(year, month, day) <= 0 or min(hour, minute) < 0 or reals[29] < 0.0:
        return None
    start = datetime(year, month, day, hour, minute, tzinfo=UTC)
    return start + timedelta(seconds=float(reals[29]))


def _origin_time(text: Sequence[str]) -> datetime | None:
    found = next((match for line in text if (match := _ORIGIN.search(line))), None)
    if found is None:
        return None
    month, day, year, hour, minute = (int(found[i]) for i in range(1, 6))
    start = datetime(year, month, day, hour, minute, tzinfo=UTC)
    return start + timedelta(seconds=float(found[6]))


def _row(
    text: Sequence[str], reals: NDArray[np.float64], origin_time: datetime | None
) -> dict[str, Any]:  # text and numbers
    code = next((match for line in text if (match := _CODE.search(line))), None)
    event = next((match[1] for line in text if (match := _EVENT.match(line))), "")
    if not event and origin_time is not None:
        event = f"{origin_time:%Y%m%dT%H%M%S}"
    numbers = {
        "magnitude": next((reals[i - 1] for i in _MAGNITUDES if reals[i - 1] > _MISSING), None),
        "ev_lat": reals[9],
        "ev_lon": reals[10],
        "depth_km": reals[11],
        "sta_lat": reals[0],
        "sta_lon": reals[1],
        "station_elevation_m": reals[2],
    }
    row: dict[str, Any] = {"source": "cosmos", "event_id": event}
    row["network"], row["station"] = (code[1], code[2]) if code else ("", "")
    if origin_time is not None:
        row["origin_time"] = format_utc(origin_time)
    known = {key: float(v) for key, v in numbers.items() if v is not None and v > _MISSING}
    return row | known
