"""A catalogue as columns for the page, and the bytes that carry them.

Layout, little endian: u32 length of the header in bytes, then the header, JSON in UTF-8, then the
columns one after the other. The whole of length and header, and each column, is padded with zeros
to a multiple of 8 bytes. The header states ``n``, ``is_synthetic``, ``ids`` (empty where there are
none) and ``columns``: for each its name, its type (``f8``, ``f4`` or ``u1``) and where its first
byte lies after the header. ``time_s`` are seconds since 1970; ``quality`` is 1 to 4 for A to D, 0
for none; NaN is what is not known.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.times import parse_utc, to_posix_s
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["MEDIA_TYPE", "EventColumns", "columns_of_catalogue", "columns_of_summaries", "encoded"]

MEDIA_TYPE = "application/vnd.mainshock.columns"
_ALIGNMENT = 8
_DAY_S = 86_400.0
_QUALITY = {"A": 1, "B": 2, "C": 3, "D": 4}
_SIZE = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class EventColumns:
    """Events in order of time, one array a column, all of shape ``(n,)``.

    Parameters
    ----------
    time_s
        Origin times, seconds since 1970.
    magnitude, longitude, latitude, depth_km
        NaN where unknown.
    quality
        1 to 4 for A to D, 0 for none.
    ids
        Identifiers, or an empty list where there are none.
    is_synthetic
        Whether a model made the events.
    """

    time_s: NDArray[np.float64]
    magnitude: NDArray[np.float32]
    longitude: NDArray[np.float32]
    latitude: NDArray[np.float32]
    depth_km: NDArray[np.float32]
    quality: NDArray[np.uint8]
    ids: list[str]
    is_synthetic: bool = False

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.time_s)


def columns_of_catalogue(catalogue: Catalogue) -> EventColumns:
    """Return the columns of a catalogue that was read from a file."""
    ids = [str(one) for one in catalogue.event_id]
    return EventColumns(
        time_s=catalogue.time_days * _DAY_S,
        magnitude=catalogue.magnitude.astype(np.float32),
        longitude=catalogue.longitude.astype(np.float32),
        latitude=catalogue.latitude.astype(np.float32),
        depth_km=catalogue.depth_km.astype(np.float32),
        quality=np.zeros(len(catalogue), dtype=np.uint8),
        ids=ids if any(ids) else [],
        is_synthetic=catalogue.is_synthetic,
    )


def columns_of_summaries(summaries: Sequence[Mapping[str, Any]]) -> EventColumns:
    """Return the columns of events as the store tells them.

    Parameters
    ----------
    summaries
        With the keys of ``GET /api/v1/events``, in any order.
    """

    def numbers(name: str) -> NDArray[np.float32]:
        values = [one[name] for one in summaries]
        return np.array([np.nan if one is None else one for one in values], dtype=np.float32)

    times = np.array([to_posix_s(parse_utc(one["time"])) for one in summaries], dtype=np.float64)
    order = np.argsort(times, kind="stable")
    quality = np.array([_QUALITY.get(one["quality"], 0) for one in summaries], dtype=np.uint8)
    return EventColumns(
        time_s=times[order],
        magnitude=numbers("magnitude")[order],
        longitude=numbers("longitude")[order],
        latitude=numbers("latitude")[order],
        depth_km=numbers("depth_km")[order],
        quality=quality[order],
        ids=[str(summaries[i]["event_id"]) for i in order],
        is_synthetic=any(one["is_synthetic"] for one in summaries),
    )


def encoded(events: EventColumns) -> bytes:
    """Return columns as bytes, laid out as this module says.

    Examples
    --------
    >>> none = columns_of_summaries([])
    >>> len(encoded(none)) % 8
    0
    """
    kinds = {"time_s": "f8", "magnitude": "f4", "longitude": "f4", "latitude": "f4"}
    kinds |= {"depth_km": "f4", "quality": "u1"}
    parts = [
        np.asarray(getattr(events, name)).astype(f"<{kind}").tobytes()
        for name, kind in kinds.items()
    ]
    # offsets count from the end of the header, which does not depend on its own length then
    columns, at = [], 0
    for (name, kind), part in zip(kinds.items(), parts, strict=True):
        columns.append({"name": name, "type": kind, "offset": at})
        at += len(_padded(part))
    header = {
        "n": len(events),
        "is_synthetic": events.is_synthetic,
        "ids": events.ids,
        "columns": columns,
    }
    text = json.dumps(header, separators=(",", ":")).encode()
    head = _padded(_SIZE.pack(len(text)) + text)
    return b"".join([head, *(_padded(part) for part in parts)])


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % _ALIGNMENT)
