"""What is left when a model is right: evenly spread transformed times and residual points."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mainshock.core.errors import DataError
from mainshock.forecast.base import RateModel
from mainshock.forecast.evaluate import Evaluation, Rows, Scored, window_integrals
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import authalic_latitude, geographic
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "GainCurve",
    "Residuals",
    "TransformedTimes",
    "gain_curve",
    "places_in",
    "super_thinned",
    "transformed_times",
]

FloatArray = NDArray[np.float64]
_MOST_SPANS = 400  # integrals that are asked for one by one


@dataclass(frozen=True, slots=True, eq=False)
class TransformedTimes:
    """Times on the clock that runs with the expected number of events.

    Parameters
    ----------
    expected
        Expected number from the start to every ``step``-th event, shape ``(n,)``.
    number
        How many events there were by then.
    step
        1 where each event is looked at.
    total
        Expected number in the whole window.
    distance
        Largest distance of the increments from their distribution (Kolmogorov and Smirnov):
        exponential for a step of 1, else gamma.
    probability
        Of a distance as large if the model is right.
    correlation
        Between one increment and the next, as normal scores; 0 if the model is right.
    """

    expected: FloatArray
    number: NDArray[np.int64]
    step: int
    total: float
    distance: float
    probability: float
    correlation: float

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {
            "n": int(self.number[-1]) if len(self.number) else 0,
            "expected_n": self.total,
            "step": self.step,
            "kolmogorov": {"distance": self.distance, "probability": self.probability},
            "correlation": self.correlation,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Super-thinned points: a Poisson process of constant rate if the model is right.

    Events are kept with probability ``min(1, k / intensity)``, and points are added at the rate
    ``max(0, k - intensity)``.

    Parameters
    ----------
    time_days, longitude, latitude
        Of the points; places are NaN for models of times alone.
    is_event
        Whether a point is an event that was kept.
    rate
        ``k``, points a day (and km^2).
    expected_n
        Of points.
    number_probability
        Two-sided, of their number.
    time_probability
        Of their times being even, by Kolmogorov and Smirnov.
    place_probability
        Of their places being even over the region, by chi-square of counts in cells; NaN without
        places.
    """

    time_days: FloatArray
    longitude: FloatArray
    latitude: FloatArray
    is_event: NDArray[np.bool_]
    rate: float
    expected_n: float
    number_probability: float
    time_probability: float
    place_probability: float

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {
            "n": len(self.time_days),
            "events_kept": int(self.is_event.sum()),
            "expected_n": self.expected_n,
            "rate": self.rate,
            "number_probability": self.number_probability,
            "time_probability": self.time_probability,
            "place_probability": self.place_probability,
        }


@dataclass(frozen=True, slots=True, eq=False)
class GainCurve:
    """Information gain over another model as it grows with time.

    Parameters
    ----------
    time_days
        Days after 1970-01-01: ends of blocks and times of events, in order.
    gain
        Nats since the start.
    n
        Events since the start.
    """

    time_days: FloatArray
    gain: FloatArray
    n: NDArray[np.int64]


def transformed_times(model: RateModel, rows: Rows) -> TransformedTimes:
    """Return the transformed times of a model's test.

    Models that integrate many spans at once are looked at event by event, others at every
    ``k``-th event, such that 400 integrals suffice; the increments are then gamma-distributed.

    Raises
    ------
    DataError
        If there are fewer than three events.

    References
    ----------
    Ogata (1988), https://doi.org/10.1080/01621459.1988.10478560
    """
    times = rows.targets.time_days
    n = len(times)
    if n < 3:
        raise DataError(f"residuals of {n} events say nothing; give a longer window")
    step = 1 if hasattr(model, "integrals") else -(-n // _MOST_SPANS)
    number = np.arange(step, n + 1, step)
    edges = np.concatenate([[rows.start_days], times[number - 1], [rows.end_days]])
    increments = window_integrals(model, rows.history, edges)
    uniform = stats.gamma.cdf(increments[:-1], step)
    distance, probability = stats.kstest(uniform, "uniform")
    normal = stats.norm.ppf(np.clip(uniform, 1e-9, 1 - 1e-9))
    spread = len(normal) > 2 and normal.std() > 0
    related = np.corrcoef(normal[:-1], normal[1:])[0, 1] if spread else np.nan
    passed = np.cumsum(increments)
    return TransformedTimes(
        passed[:-1],
        number,
        step,
        float(passed[-1]),
        float(distance),
        float(probability),
        float(related),
    )


def super_thinned(
    model: RateModel, rows: Rows, scored: Scored, *, n_points: int = 2000, seed: int = 0
) -> Residuals:
    """Return super-thinned residuals of a model's test.

    Parameters
    ----------
    model
        That was scored.
    rows, scored
        What was tested, and what the model says of it.
    n_points
        Points that are drawn for superposition; they set the rate ``k`` unless the mean observed
        rate is lower.
    seed
        Of what is drawn.

    References
    ----------
    Clements, Schoenberg & Schorlemmer (2011), https://doi.org/10.1214/11-AOAS487
    """
    rng = np.random.default_rng(seed)
    region = model.info.region if model.is_spatial else None
    expected = float(min(n_points, max(len(rows.targets), 20)))
    span = rows.end_days - rows.start_days
    rate = expected / (span * (1.0 if region is None else region.area_km2))
    kept = rng.random(len(rows.targets)) < np.minimum(1.0, rate * np.exp(-scored.log_intensity))
    drawn = _even_points(rows, region, model.info.mc, int(rng.poisson(expected)), rng)
    there = np.exp(model.log_intensity(drawn, rows.history))
    added = drawn.take(rng.random(len(drawn)) < np.maximum(0.0, 1.0 - there / rate))
    points = Catalogue.joined([rows.targets.take(kept), added])
    is_event = np.isin(points.time_days, rows.targets.time_days[kept])
    n = len(points)
    tails = stats.poisson.cdf(n, expected), stats.poisson.sf(n - 1, expected)
    even = stats.kstest((points.time_days - rows.start_days) / span, "uniform")[1] if n else np.nan
    places = np.nan if region is None else _place_probability(points, region, rng)
    return Residuals(
        points.time_days,
        points.longitude,
        points.latitude,
        is_event,
        rate,
        expected,
        float(min(1.0, 2 * min(tails))),
        float(even),
        float(places),
    )


def gain_curve(evaluation: Evaluation, other: Scored | None = None) -> GainCurve:
    """Return how the information gain over another model, or the baseline, grows with time.

    Events add at their times, the difference of expected numbers evenly within each block.
    """
    rows = evaluation.rows
    beside = evaluation.baseline if other is None else other
    edges, times = rows.blocks.edges_days, rows.targets.time_days
    lost = np.append(0.0, np.cumsum(evaluation.model.expected - beside.expected))
    won = np.cumsum(evaluation.model.log_intensity - beside.log_intensity)
    at = np.union1d(edges, times)
    n = np.searchsorted(times, at, side="right")
    return GainCurve(at, np.append(0.0, won)[n] - np.interp(at, edges, lost), n)


def places_in(region: Region, n: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes of points spread evenly over the area of a region."""
    west, south, east, north = region.bounds
    low, high = np.sin(authalic_latitude([south, north]))
    lon, lat = np.zeros(0), np.zeros(0)
    while len(lon) < n:
        m = 2 * (n - len(lon)) + 16
        x, sine = rng.uniform(west, east, m), rng.uniform(low, high, m)
        # on the sphere of equal area, where heights along the axis are areas
        y = geographic(np.column_stack([np.sqrt(1 - sine**2), np.zeros(m), sine]))[1]
        kept = region.contains(x, y)
        lon, lat = np.append(lon, x[kept]), np.append(lat, y[kept])
    return (lon[:n] + 180.0) % 360.0 - 180.0, lat[:n]


def _even_points(
    rows: Rows, region: Region | None, mc: float, n: int, rng: np.random.Generator
) -> Catalogue:
    """Return points spread evenly over the window, and over the region where there is one."""
    time = rng.uniform(rows.start_days, rows.end_days, n)
    if region is None:
        return Catalogue(time, np.full(n, mc))
    return Catalogue(time, np.full(n, mc), *places_in(region, n, rng))


def _place_probability(points: Catalogue, region: Region, rng: np.random.Generator) -> float:
    """Return the probability of counts as uneven in cells of equal area, by chi-square."""
    n = len(points)
    side = int(np.clip(np.sqrt(n / 10), 2, 10))
    if n < 5 * side:
        return float("nan")
    west = region.bounds[0]
    even = np.column_stack(places_in(region, 200 * side * side, rng))
    even[:, 0] = (even[:, 0] - west) % 360.0
    seen = np.column_stack([(points.longitude - west) % 360.0, points.latitude])
    strips = np.quantile(even[:, 0], np.linspace(0, 1, side + 1)[1:-1])
    of_even, of_seen = np.searchsorted(strips, even[:, 0]), np.searchsorted(strips, seen[:, 0])
    counts = []
    for strip in range(side):
        rows = np.quantile(even[of_even == strip, 1], np.linspace(0, 1, side + 1)[1:-1])
        here = np.searchsorted(rows, seen[of_seen == strip, 1])
        counts.append(np.bincount(here, minlength=side))
    return float(stats.chisquare(np.concatenate(counts))[1])
