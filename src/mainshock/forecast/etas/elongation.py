"""Kernels of large events drawn out along their ruptures, as early aftershocks show them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.core.geo import LocalFrame
from mainshock.forecast.etas.events import Places, Sources, Targets
from mainshock.forecast.etas.kernels import N_SUMS, Columns, sum_over_chosen
from mainshock.forecast.region import Region
from mainshock.forecast.rupture import rupture_length_km
from mainshock.forecast.sphere import cartesian_km
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Elongation", "ElongationSettings"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
_STEPS_DAYS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0)
_PRIOR = 10.0  # aftershocks that a round cloud counts for
_REACH = 10.0  # half lengths; beyond, a line is as good as a point
_NEAR = 1.5  # rupture lengths within which events are taken for its aftershocks
_HIGHEST_LATITUDE = 84.0


@dataclass(frozen=True, slots=True)
class ElongationSettings:
    """Which kernels are drawn out, and how much of each.

    Parameters
    ----------
    min_magnitude
        Of the events whose kernels are drawn out.
    share
        Part of the kernel that lies along the line; the rest stays at the epicentre.
    fewest
        Aftershocks that a line needs.
    n_points
        Points that the line consists of.
    """

    min_magnitude: float = 5.5
    share: float = 0.6
    fewest: int = 8
    n_points: int = 15

    @classmethod
    def above(cls, mc: float) -> "ElongationSettings":
        """Return those for a catalogue complete from ``mc``, in which few events are large."""
        return cls(max(cls().min_magnitude, mc + 2.5))


@dataclass(frozen=True, slots=True, eq=False)
class Elongation:
    """Lines that stand for part of the kernels of large events, each for a span of time.

    Some time after a large event, and again later, its aftershocks until then give a line:
    through their middle, along their longer axis. From then on, until the next line, part of the
    event's kernel is spread evenly over points of the line. A line knows nothing of later events.

    Parameters
    ----------
    region, settings
        As :meth:`of` was given.
    source
        Number of the event of each line, shape ``(n_lines,)``.
    since_days, until_days
        When the line holds.
    point
        Its points as :class:`mainshock.forecast.etas.events.Places` gives, shape
        ``(n_lines, n_points, 3)``.
    reach_km
        Distance from its event within which the line differs from a point.
    """

    region: Region
    settings: ElongationSettings
    source: IntArray
    since_days: FloatArray
    until_days: FloatArray
    point: SingleArray
    reach_km: FloatArray

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.source)

    @classmethod
    def of(cls, catalogue: Catalogue, region: Region, settings: ElongationSettings) -> "Elongation":
        """Return the lines of the large events of a catalogue.

        Parameters
        ----------
        catalogue
            The sources, sorted by time.
        region
            Around whose middle places are taken.
        settings
            Which and how much.

        References
        ----------
        That kernels should follow what early aftershocks show of the rupture: Ogata & Zhuang
        (2006), https://doi.org/10.1016/j.tecto.2005.10.016
        """
        lines: list[_Line] = []
        is_large = catalogue.magnitude >= settings.min_magnitude
        for j in np.flatnonzero(is_large & (np.abs(catalogue.latitude) <= _HIGHEST_LATITUDE)):
            lines += _lines(catalogue, int(j), settings)
        n = len(lines)
        longitude = np.array([line.longitude for line in lines]).reshape(n, settings.n_points)
        latitude = np.array([line.latitude for line in lines]).reshape(n, settings.n_points)
        nothing = np.zeros(longitude.size)
        point = Catalogue(nothing, nothing, longitude.ravel(), latitude.ravel())
        return cls(
            region,
            settings,
            np.array([line.source for line in lines], dtype=np.int64),
            np.array([line.since_days for line in lines], dtype=np.float64),
            np.array([line.until_days for line in lines], dtype=np.float64),
            Places(region).of(point).reshape(n, settings.n_points, 3),
            np.array([line.reach_km for line in lines], dtype=np.float64),
        )

    def add_to(
        self,
        found: FloatArray,
        targets: Targets,
        sources: Sources,
        columns: Columns,
        per_tau: np.float32,
        steepness: np.float32,
    ) -> None:
        """Move the share of kernels that lies along lines from the epicentres to the lines.

        Parameters
        ----------
        found
            Sums of kernels at epicentres, as
            :func:`mainshock.forecast.etas.kernels.sum_over_all` gives; they are changed.
        targets, sources
            Events.
        columns, per_tau, steepness
            Of the law.
        """
        if not len(self) or not len(targets):
            return
        start, line, target = self._near(targets, sources)
        if not len(line):
            return
        source = self.source[line]
        days = (targets.time_days[target] - sources.time_days[source]).astype(np.float32)
        n, share = self.settings.n_points, self.settings.share
        there = targets.place[target]
        to_points = ((there[:, None, :] - self.point[line]) ** 2).sum(axis=2)
        to_event = ((there - sources.place.T[source]) ** 2).sum(axis=1)
        for times, sign, square in ((n, 1.0, to_points.ravel()), (1, -1.0, to_event)):
            total = np.zeros((len(targets), N_SUMS))
            log_share = np.full(len(square), np.log(share / times), dtype=np.float32)
            sum_over_chosen(
                start * times, np.repeat(days, times), square,
                np.repeat(source, times).astype(np.int32), log_share,
                columns, per_tau, steepness, total,
            )  # fmt: skip
            found += sign * total

    def _near(self, targets: Targets, sources: Sources) -> tuple[IntArray, IntArray, IntArray]:
        """Return the pairs of targets and lines that :func:`_near_lines` finds."""
        order = np.argsort(targets.time_days, kind="stable")
        time = targets.time_days[order]
        low = np.searchsorted(time, self.since_days, side="left")
        high = np.searchsorted(time, self.until_days, side="left")
        return _near_lines(
            order, low, high, targets.place, self.source, sources.place, self.reach_km**2
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    source: int
    since_days: float
    until_days: float
    longitude: FloatArray
    latitude: FloatArray
    reach_km: float


def _lines(catalogue: Catalogue, j: int, settings: ElongationSettings) -> list[_Line]:
    """Return the lines of one event, one after the other."""
    begun = float(catalogue.time_days[j])
    length = rupture_length_km(float(catalogue.magnitude[j]))
    near = _near_after(catalogue, j, _NEAR * length)
    if len(near) < settings.fewest:
        return []
    frame = LocalFrame(float(catalogue.longitude[j]), float(catalogue.latitude[j]))
    place = np.column_stack(frame.to_local(near.longitude, near.latitude))
    steps = (2.0 * np.arange(settings.n_points) + 1.0) / settings.n_points - 1.0
    found: list[_Line] = []
    n_before = 0
    for since in begun + np.array(_STEPS_DAYS):
        n = int(np.searchsorted(near.time_days, since, side="left"))
        if n < settings.fewest or n == n_before:
            continue
        if found:
            found[-1] = replace(found[-1], until_days=since)
        middle, half = _axis(place[:n], length)
        lon, lat = frame.to_geographic(*(middle + steps[:, None] * half).T)
        reach = _REACH * max(float(np.hypot(*half) + np.hypot(*middle)), 1.0)
        found.append(_Line(j, since, np.inf, lon, lat, reach))
        n_before = n
    return found


def _near_after(catalogue: Catalogue, j: int, distance_km: float) -> Catalogue:
    """Return events after one of them, and near it, while lines are drawn."""
    begun = catalogue.time_days[j]
    ends = (begun, begun + _STEPS_DAYS[-1])
    first, last = np.searchsorted(catalogue.time_days, ends, side="right")
    later = catalogue.take(np.arange(first, last))
    here = cartesian_km(catalogue.longitude[j : j + 1], catalogue.latitude[j : j + 1])
    square = ((cartesian_km(later.longitude, later.latitude) - here) ** 2).sum(axis=1)
    return later.take(np.flatnonzero(square < distance_km**2))


def _axis(place: FloatArray, length: float) -> tuple[FloatArray, FloatArray]:
    """Return the middle of a cloud of aftershocks, and half the line that it gives, in km.

    A line of half length ``h`` has a variance of ``h^2 / 3`` along it.
    """
    n = len(place)
    middle = np.median(place, axis=0)
    spread = (place - middle).T @ (place - middle) / n
    spread = (n * spread + _PRIOR * np.eye(2) * np.trace(spread) / 2) / (n + _PRIOR)
    variance, axis = np.linalg.eigh(spread)
    half = min(float(np.sqrt(3.0 * max(variance[1] - variance[0], 0.0))), length)
    return middle, half * axis[:, 1]


@compiled
def _near_lines(
    order: IntArray,
    low: IntArray,
    high: IntArray,
    place: SingleArray,
    source: IntArray,
    source_place: SingleArray,
    square_reach: FloatArray,
) -> tuple[IntArray, IntArray, IntArray]:
    """Return for each target the lines that hold, and differ from points, there.

    ``order[low:high]`` are the targets in the span of each line. The answer is the first pair of
    each target, and line and target of each pair.
    """
    start = np.zeros(len(order) + 1, dtype=np.int64)
    line, target = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    cursor = np.zeros(len(order), dtype=np.int64)
    for is_filling in (False, True):
        for k in range(len(source)):
            j = source[k]
            for row in range(low[k], high[k]):
                i = order[row]
                square = 0.0
                for axis in range(3):
                    square += (place[i, axis] - source_place[axis, j]) ** 2
                if square >= square_reach[k]:
                    continue
                if is_filling:
                    line[cursor[i]], target[cursor[i]] = k, i
                    cursor[i] += 1
                else:
                    start[i + 1] += 1
        if not is_filling:
            start = np.cumsum(start)
            cursor = start[:-1].copy()
            line = np.empty(start[-1], dtype=np.int64)
            target = np.empty(start[-1], dtype=np.int64)
    return start, line, target
