"""Judges a catalogue: order, duplicates, impossible values, completeness, fixed depths, gaps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.times import format_utc, utc_from_posix
from mainshock.pipeline.datasets.catalogue_reading import RawCatalogue

__all__ = ["CatalogueReport", "Closeness", "Completeness", "check_catalogue", "completeness"]

_LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "longitude": (-180.0, 180.0),
        "latitude": (-90.0, 90.0),
        "depth_km": (-10.0, 800.0),
        "magnitude": (-5.0, 10.5),
    }
)
_BIN = 0.1
_N_BOOTSTRAP = 1000
_FEWEST_EVENTS = 50
_FIXED_SHARE = 0.05
_SHOWN = 10
_N_AROUND = 100
_CHANCE_OF_GAP = 0.01
_UNPLACED_S = 0.1
_CAVEAT = (
    "maximum curvature tends to be low by 0.1 to 0.3 where magnitudes fade out gradually, and "
    "tells of the time on average: right after a large earthquake completeness is worse"
)
_CUT_CAVEAT = "it is (next to) the smallest magnitude: the catalogue was cut there, " + _CAVEAT


@dataclass(frozen=True, slots=True)
class Closeness:
    """When two rows may be the same earthquake: all three at once.

    Parameters
    ----------
    time_s
        Seconds between origin times; 0.1 s where the catalogue has no places.
    distance_km
        Between epicentres.
    magnitude
        Units of magnitude; not asked where one is missing.
    """

    time_s: float = 2.0
    distance_km: float = 15.0
    magnitude: float = 0.5


@dataclass(frozen=True, slots=True)
class Completeness:
    """Smallest magnitude from which on the catalogue has nearly all earthquakes, by an estimate.

    Parameters
    ----------
    magnitude
        The fullest bin of 0.1, by its middle.
    standard_deviation, low, high
        Of the estimate when events are drawn anew: spread, 5 and 95 %. It tells nothing of the
        bias that the caveat names.
    caveat
        What it does not tell.
    """

    magnitude: float
    standard_deviation: float
    low: float
    high: float
    caveat: str


@dataclass(frozen=True, slots=True)
class CatalogueReport:
    """What is known of a catalogue.

    Parameters
    ----------
    n_events
        Rows.
    start, end
        First and last origin time, UTC; None where no row has one.
    n_out_of_order
        Rows earlier than the one before.
    n_repeated_ids
        Rows whose id stands already above; None where the file has no ids.
    n_close_pairs, close_pairs
        Pairs that may be the same earthquake by time, place and magnitude, and the first of them.
    impossible
        Kind of fault to number of rows.
    n_missing
        Column to number of empty cells.
    magnitude_types
        Type to number of events; several make magnitudes that do not compare.
    completeness
        None for fewer than 50 magnitudes.
    fixed_depths
        Depth in km to share of events, where one depth has 5 % or more: set, not measured. Empty
        for fewer than 50 depths.
    gaps
        Times without events that are longer than the rate around them explains (chance below 1 %
        in all of the catalogue), the longest first: start, end, days.
    """

    n_events: int
    start: datetime | None
    end: datetime | None
    n_out_of_order: int
    n_repeated_ids: int | None
    n_close_pairs: int
    close_pairs: tuple[tuple[str, str], ...]
    impossible: Mapping[str, int]
    n_missing: Mapping[str, int]
    magnitude_types: Mapping[str, int]
    completeness: Completeness | None
    fixed_depths: Mapping[str, float]
    gaps: tuple[Mapping[str, Any], ...]

    def problems(self) -> list[str]:
        """Return what a user should look at, in words."""
        fixed = sum(self.fixed_depths.values())
        told = [
            (self.n_out_of_order, f"{self.n_out_of_order} events earlier than the one before"),
            (self.n_repeated_ids, f"{self.n_repeated_ids} rows repeat an id"),
            (self.n_close_pairs, f"{self.n_close_pairs} pairs may be the same earthquake"),
            *((n, f"{n} rows: {what}") for what, n in self.impossible.items()),
            (
                len(self.magnitude_types) > 1,
                f"magnitudes of {len(self.magnitude_types)} types are mixed",
            ),
            (fixed, f"{fixed:.0%} of the depths are fixed ones"),
            (self.gaps, f"{len(self.gaps)} times without events, unlikely at the rate around them"),
        ]
        return [text for is_so, text in told if is_so]


def check_catalogue(
    raw: RawCatalogue,
    rng: np.random.Generator,
    closeness: Closeness | None = None,
    now: datetime | None = None,
) -> CatalogueReport:
    """Return a report on a catalogue.

    Parameters
    ----------
    raw
        As read, faults included.
    rng
        For the spread of the completeness.
    closeness
        When two rows may be the same earthquake.
    now
        Later times are impossible.
    """
    table = raw.table
    times = table["time"].dropna()
    pairs = _close_pairs(table, closeness or Closeness())
    ids = table["event_id"].to_numpy()
    types = table["magnitude_type"].replace("", np.nan).dropna().value_counts()
    magnitudes = table["magnitude"].dropna().to_numpy()
    return CatalogueReport(
        n_events=len(table),
        start=times.min().to_pydatetime() if len(times) else None,
        end=times.max().to_pydatetime() if len(times) else None,
        n_out_of_order=int((np.diff(_seconds(times)) < 0.0).sum()),
        n_repeated_ids=int(table["event_id"].duplicated().sum()) if raw.has_ids else None,
        n_close_pairs=len(pairs),
        close_pairs=tuple((str(ids[i]), str(ids[j])) for i, j in pairs[:_SHOWN]),
        impossible=_impossible(raw, now or datetime.now(UTC)),
        n_missing={str(name): int(n) for name, n in table.isna().sum().items() if n},
        magnitude_types={str(name): int(n) for name, n in types.items()},
        completeness=completeness(magnitudes, rng),
        fixed_depths=_fixed_depths(table["depth_km"].dropna()),
        gaps=_gaps(times),
    )


def _seconds(times: "pd.Series[pd.Timestamp]") -> NDArray[np.float64]:
    epoch = pd.Timestamp("1970-01-01", tz="UTC")
    return np.asarray((times - epoch) / pd.Timedelta(seconds=1), dtype=np.float64)


def _impossible(raw: RawCatalogue, now: datetime) -> dict[str, int]:
    table = raw.table
    found = {f"{name} is no number": n for name, n in raw.n_not_numbers.items()}
    for name, (low, high) in _LIMITS.items():
        values = table[name].dropna()
        found[f"{name} outside {low:g} to {high:g}"] = int((~values.between(low, high)).sum())
    found["no usable time"] = int(table["time"].isna().sum())
    found["time in the future"] = int((table["time"] > now).sum())
    at_zero = (table["longitude"] == 0.0) & (table["latitude"] == 0.0)
    found["longitude and latitude both 0"] = int(at_zero.sum())
    return {name: n for name, n in found.items() if n}


def _fixed_depths(depth_km: "pd.Series[float]") -> dict[str, float]:
    if len(depth_km) < _FEWEST_EVENTS:
        return {}
    shares = (depth_km.round(2) + 0.0).value_counts(normalize=True)  # + 0.0: -0 is 0
    return {f"{km:g}": float(share) for km, share in shares.items() if share >= _FIXED_SHARE}


def _close_pairs(table: pd.DataFrame, closeness: Closeness) -> list[tuple[int, int]]:
    """Return the rows of each pair, earlier first; rows of one id count by their id alone."""
    rows = table.reset_index(drop=True)
    rows = rows[rows["time"].notna()].sort_values("time", kind="stable")
    seconds = _seconds(rows["time"])
    place = rows[["longitude", "latitude"]].to_numpy()
    magnitude, ids = rows["magnitude"].to_numpy(), rows["event_id"].to_numpy()
    has_places = bool(np.isfinite(place).all(axis=1).any())
    limit_s = closeness.time_s if has_places else min(closeness.time_s, _UNPLACED_S)
    index, found = rows.index.to_numpy(), []
    for step in range(1, len(rows)):
        near = np.flatnonzero(seconds[step:] - seconds[:-step] <= limit_s)
        if not near.size:
            break  # times are sorted: a larger step is never nearer
        other = near + step
        difference = np.abs(magnitude[near] - magnitude[other])
        is_same = ~(difference > closeness.magnitude + 1e-9) & (ids[near] != ids[other])
        if has_places:
            known = np.isfinite(place[near]).all(axis=1) & np.isfinite(place[other]).all(axis=1)
            is_same &= known
            near, other = near[is_same], other[is_same]
            apart_km = geodesic_distance_km(*place[near].T, *place[other].T)
            is_same = apart_km <= closeness.distance_km
        near, other = near[is_same], other[is_same]
        found += [(int(index[i]), int(index[j])) for i, j in zip(near, other, strict=True)]
    return sorted(found)


def completeness(magnitudes: NDArray[np.float64], rng: np.random.Generator) -> Completeness | None:
    """Return the magnitude of completeness by maximum curvature, or None for under 50 events.

    Parameters
    ----------
    magnitudes
        Shape ``(n_events,)``, finite.
    rng
        For the bootstrap.

    Notes
    -----
    The fullest bin of width 0.1, the smaller one of two as full.

    References
    ----------
    Wiemer and Wyss (2000), https://doi.org/10.1785/0119990114; Woessner and Wiemer (2005) on its
    bias, https://doi.org/10.1785/0120040007
    """
    if magnitudes.size < _FEWEST_EVENTS:
        return None
    bins = np.floor(magnitudes / _BIN + 0.5 + 1e-6).astype(np.int64)
    first = int(bins.min())
    counts = np.bincount(bins - first)
    best = int(counts.argmax())
    drawn = rng.multinomial(counts.sum(), counts / counts.sum(), size=_N_BOOTSTRAP).argmax(axis=1)
    low, high = (round((first + float(one)) * _BIN, 2) for one in np.percentile(drawn, (5, 95)))
    return Completeness(
        magnitude=round((first + best) * _BIN, 2),
        standard_deviation=float(drawn.std() * _BIN),
        low=low,
        high=high,
        caveat=_CUT_CAVEAT if best <= 1 else _CAVEAT,
    )


def _gaps(times: "pd.Series[pd.Timestamp]") -> tuple[Mapping[str, Any], ...]:
    """Return the ten longest intervals that the mean of the hundred around does not explain."""
    ordered = np.sort(_seconds(times))
    intervals = np.diff(ordered)
    if intervals.size < _N_AROUND:
        return ()
    around = pd.Series(intervals).rolling(_N_AROUND + 1, center=True, min_periods=_N_AROUND // 2)
    usual = ((around.sum() - intervals) / (around.count() - 1)).to_numpy()
    chance = intervals.size * np.exp(-intervals / np.maximum(usual, 1e-9))
    found = np.flatnonzero(chance < _CHANCE_OF_GAP)
    longest = found[np.argsort(-intervals[found], kind="stable")][:_SHOWN]
    return tuple(
        {
            "start": format_utc(utc_from_posix(ordered[row])),
            "end": format_utc(utc_from_posix(ordered[row + 1])),
            "days": float(intervals[row] / 86_400.0),
        }
        for row in longest
    )
