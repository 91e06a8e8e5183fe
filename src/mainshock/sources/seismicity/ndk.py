"""Moment tensors in the NDK form of the Global CMT project: five lines an event."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.base import CatalogueFormat
from mainshock.sources.seismicity.catalogue import Catalogue, days_of
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.rows import Column, catalogue_from_rows, open_text

__all__ = ["NDK", "moment_magnitude"]

_FIRST = re.compile(r".{4} ?\d{4}/[ \d]\d/[ \d]\d [ \d]\d:[ \d]\d:[ \d.]{4}")
_LINES = 5
_STAMP = re.compile(r"[A-Z]-(\d{14})")


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    event_id: str
    time_days: float
    longitude: float
    latitude: float
    depth_km: float
    magnitude: float
    known_days: float


def moment_magnitude(moment_n_m: float) -> float:
    """Return Mw of a scalar moment in N m, as the Global CMT project states it.

    Notes
    -----
    ``(log10 M0 - 9.1) / 1.5``; the constant of Hanks and Kanamori, 9.05, gives 0.03 more.

    References
    ----------
    Kanamori (1977), https://doi.org/10.1029/JB082i020p02981; Bormann (2012), NMSOP-2,
    https://doi.org/10.2312/GFZ.NMSOP-2_IS_3.3

    Examples
    --------
    >>> round(moment_magnitude(5.035e17), 2)
    5.73
    """
    return (math.log10(moment_n_m) - 9.1) / 1.5


def _recognises(head: bytes) -> bool:
    lines = head.decode("utf-8", "replace").splitlines()
    return any(
        _FIRST.match(first) and third.startswith("CENTROID:")
        for first, third in zip(lines[:20], lines[2:22], strict=False)
    )


def _blocks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each event's number of its first line and its lines, which may be too few or many."""
    block: list[str] = []
    begin = 1
    with open_text(path) as stream:
        for number, line in enumerate(stream, start=1):
            text = line.rstrip("\r\n")
            if _FIRST.match(text) or len(block) == _LINES:
                if block:
                    yield begin, block
                block, begin = [], number
            if text.strip():
                block.append(text)
    if block:
        yield begin, block


def _record(begin: int, block: list[str]) -> _Record:
    """Return an event: centroid, and magnitude of the scalar moment."""
    if len(block) != _LINES or not block[2].startswith("CENTROID:"):
        raise ValueError(f"{len(block)} of 5 lines, or no CENTROID in the third")
    first, second, third, fourth, fifth = block
    year, month, day = (int(one) for one in first[5:15].split("/"))
    hour, minute, seconds = first[16:26].split(":")
    reference = datetime(year, month, day, tzinfo=UTC) + timedelta(
        hours=int(hour), minutes=int(minute), seconds=float(seconds)
    )
    centroid = [float(third[a:b]) for a, b in ((10, 18), (22, 29), (34, 42), (47, 53))]
    moment = float(fifth[49:56]) * 10.0 ** (int(fourth[:2]) - 7)  # the file has dyne cm
    if not moment > 0:
        raise ValueError(f"scalar moment {moment:g} is not positive")
    stamp = _STAMP.search(third[58:])
    known = math.nan
    if stamp is not None and int(stamp[1]) > 0:
        known = days_of(datetime.strptime(stamp[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    return _Record(
        line=begin,
        event_id=second[:16].strip(),
        time_days=days_of(reference + timedelta(seconds=centroid[0])),
        longitude=centroid[2],
        latitude=centroid[1],
        depth_km=centroid[3],
        magnitude=round(moment_magnitude(moment), 2),
        known_days=known,
    )


def _read(path: Path, choices: ReadChoices, skipped: list[SkippedInput]) -> Catalogue:
    records: list[_Record] = []
    for begin, block in _blocks(path):
        try:
            records.append(_record(begin, block))
        except (ValueError, OverflowError) as error:
            skipped.append(SkippedInput(f"{path}, line {begin}", f"no NDK record: {error}"))
    columns: dict[str, Column] = {
        "time": np.array([one.time_days for one in records]),
        "longitude": np.array([one.longitude for one in records]),
        "latitude": np.array([one.latitude for one in records]),
        "depth_km": np.array([one.depth_km for one in records]),
        "magnitude": np.array([one.magnitude for one in records]),
        "known": np.array([one.known_days for one in records]),
        "event_id": [one.event_id for one in records],
        "magnitude_type": ["Mw"] * len(records),
    }
    lines = [one.line for one in records]
    return catalogue_from_rows(path, lines, columns, choices, skipped)


NDK = CatalogueFormat("NDK of the Global CMT project", _recognises, _read)
