"""A catalogue of earthquakes as columns, sorted by time."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.core.times import format_utc, parse_utc

__all__ = ["Catalogue", "days_from_text", "days_of", "text_from_days"]

FloatArray = NDArray[np.float64]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ROUNDING = 1e-6  # magnitudes come as float32: 3.0 may read 2.9999998
_LATEST_DAYS = 2_932_896.0  # the year 9999, the last that calendars of Python have


def days_of(time: datetime) -> float:
    """Return days after 1970-01-01T00:00Z."""
    return (time - _EPOCH) / timedelta(days=1)


def days_from_text(text: str) -> float:
    """Return days after 1970-01-01T00:00Z of ISO 8601 text; a plain number is days already.

    Raises
    ------
    RecordError
        If the text is neither.

    Examples
    --------
    >>> days_from_text("1970-01-02T12:00:00Z"), days_from_text("730.5")
    (1.5, 730.5)
    """
    try:
        number = float(text)
    except ValueError:
        return days_of(parse_utc(text))
    return number


def text_from_days(days: float) -> str:
    """Return ISO 8601 text of days after 1970-01-01T00:00Z; years after 9999 stay a number."""
    if not abs(days) < _LATEST_DAYS:
        return f"{days:.6f}"
    return format_utc(_EPOCH + timedelta(days=float(days)))


def _no_numbers() -> FloatArray:
    return np.zeros(0)


def _no_text() -> NDArray[np.object_]:
    return np.zeros(0, dtype=object)


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """Earthquakes, one array a column, all of shape ``(n,)`` and sorted by time.

    Parameters
    ----------
    time_days
        Origin times, days after 1970-01-01T00:00Z (after an arbitrary zero where
        ``is_synthetic``); any order, sorted here. Columns that are not given are empty: they
        are filled with NaN or ``""``.
    magnitude
        Magnitudes; never NaN.
    longitude, latitude
        Degrees, NaN where the catalogue has no places.
    depth_km
        Positive down, NaN where unknown.
    event_id
        Identifiers; ``""`` where there are none.
    magnitude_type
        Such as ``Mw``; ``""`` where unknown.
    completeness
        Magnitude of completeness that held at the time and place of each event, as the catalogue
        states it; NaN where it says nothing.
    known_days
        When this version of the event became known; NaN: at its origin time.
    is_synthetic
        Whether a model made the events.

    Raises
    ------
    DataError
        If lengths differ, or a time or magnitude is not finite.
    """

    time_days: FloatArray
    magnitude: FloatArray
    longitude: FloatArray = field(default_factory=_no_numbers)
    latitude: FloatArray = field(default_factory=_no_numbers)
    depth_km: FloatArray = field(default_factory=_no_numbers)
    event_id: NDArray[np.object_] = field(default_factory=_no_text)
    magnitude_type: NDArray[np.object_] = field(default_factory=_no_text)
    completeness: FloatArray = field(default_factory=_no_numbers)
    known_days: FloatArray = field(default_factory=_no_numbers)
    is_synthetic: bool = False

    def __post_init__(self) -> None:
        time = np.asarray(self.time_days, dtype=np.float64)
        n = len(time)
        order = np.argsort(time, kind="stable")
        for one in fields(self):
            if one.name == "is_synthetic":
                continue
            is_text = one.name in ("event_id", "magnitude_type")
            found = np.asarray(getattr(self, one.name), dtype=object if is_text else np.float64)
            if len(found) == 0:
                found = np.full(n, "", dtype=object) if is_text else np.full(n, np.nan)
            if found.shape != (n,):
                raise DataError(f"{one.name} has shape {found.shape}; {n} times need ({n},)")
            object.__setattr__(self, one.name, found[order])
        if not (np.isfinite(self.time_days).all() and np.isfinite(self.magnitude).all()):
            raise DataError("times and magnitudes must be finite; leave out rows without them")

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.time_days)

    @property
    def has_places(self) -> bool:
        """Return whether every event has a longitude and a latitude."""
        return bool(np.isfinite(self.longitude).all() and np.isfinite(self.latitude).all())

    def take(self, chosen: ArrayLike) -> "Catalogue":
        """Return the events that a mask or index array chooses."""
        index = np.asarray(chosen)
        index = index.astype(np.int64) if index.size == 0 else index  # [] has no type of its own
        columns = {
            one.name: getattr(self, one.name)[index]
            for one in fields(self)
            if one.name != "is_synthetic"
        }
        return Catalogue(**columns, is_synthetic=self.is_synthetic)

    def between(self, start_days: float, end_days: float) -> "Catalogue":
        """Return the events of ``start <= time < end``."""
        first, last = np.searchsorted(self.time_days, [start_days, end_days], side="left")
        return self.take(np.arange(first, last))

    def above(self, mc: float) -> "Catalogue":
        """Return the events of at least a magnitude, and of at least their own completeness."""
        own = np.where(np.isfinite(self.completeness), self.completeness, -np.inf)
        return self.take(self.magnitude >= np.maximum(mc, own) - _ROUNDING)

    def as_of(self, time_days: float) -> "Catalogue":
        """Return what was known at a time: of each event the last version known by then.

        Events without ``event_id`` have one version each.
        """
        known = np.where(np.isfinite(self.known_days), self.known_days, self.time_days)
        there = np.flatnonzero((known <= time_days) & (self.time_days <= time_days))
        there = there[np.argsort(known[there], kind="stable")]
        last: dict[object, int] = {}
        for i in there:
            last[self.event_id[i] or int(i)] = int(i)
        return self.take(np.sort(np.fromiter(last.values(), dtype=np.int64, count=len(last))))

    @classmethod
    def joined(cls, parts: "Sequence[Catalogue]") -> "Catalogue":
        """Return the events of several catalogues, sorted; nothing is left out."""
        columns = {
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(cls)
            if one.name != "is_synthetic"
        }
        return cls(**columns, is_synthetic=any(part.is_synthetic for part in parts))
