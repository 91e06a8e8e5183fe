"""Draws moments and places from the intensity of an ETAS model, given what truly happened.

The integral of the intensity times any factor is then a weighted sum of the factor. Draws are made
day by day, and those of a moment depend on the events before it alone: sums over windows that
follow each other add up, and nothing after a window matters to it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.past import Past
from mainshock.forecast.smoothed_places import SmoothedPlaces, moved
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["IntensitySample", "Sampling", "sample_intensity"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MOST_TRIES = 300
_MOST_A_DAY = 4096


@dataclass(frozen=True, slots=True)
class Sampling:
    """How many moments and places are drawn.

    Parameters
    ----------
    per_event
        For each event that is expected.
    a_day
        On each day at least, and of the background at least a fourth of that.
    seed
        Of the draws.
    """

    per_event: float = 20.0
    a_day: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class IntensitySample:
    """Moments and places in a window, in order of time.

    Parameters
    ----------
    targets
        Moments and places; magnitudes are 0.
    weight
        The sum of ``weight * factor`` estimates the integral of the intensity times a factor.
    log_intensity, background_share
        What the model says there.
    """

    targets: Catalogue
    weight: FloatArray
    log_intensity: FloatArray
    background_share: FloatArray

    def __len__(self) -> int:
        """Return the number of moments and places."""
        return len(self.weight)


@dataclass(frozen=True, slots=True, eq=False)
class _Decays:
    """What each source gives to a span of time: number inside the region, and its decay."""

    time_days: FloatArray
    factor: FloatArray
    c_days: FloatArray
    omega: FloatArray
    tau_days: float

    @classmethod
    def of(cls, base: SpaceTimeEtas, past: Past) -> "_Decays":
        law, sources = base.law, past.sources
        spread = law.parameters.spread_km2(sources.above + law.parameters.m_ref)
        share, _, _ = past.crossings.share(spread, law.parameters.rho)
        omega = law.omega(sources)
        return cls(
            sources.time_days,
            law.factor(sources) * share,
            law.c_days(sources),
            np.where(np.abs(omega) < 1e-6, 1e-6, omega),
            law.parameters.tau_days,
        )

    def mass(self, source: slice | IntArray, since: FloatArray, until: float) -> FloatArray:
        """Return aftershocks of sources from moments on to another, without the taper in it."""
        begun, c, omega = self.time_days[source], self.c_days[source], self.omega[source]
        passed = since - begun
        power = (passed + c) ** -omega - (until - begun + c) ** -omega
        taper = np.exp(-passed / self.tau_days)
        return np.asarray(self.factor[source] * taper * power / omega)

    def moments(
        self, source: IntArray, since: FloatArray, until: float, u: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return a moment for each source, and the part that the taper leaves of it."""
        begun, c, omega = self.time_days[source], self.c_days[source], self.omega[source]
        low, high = (since - begun + c) ** -omega, (until - begun + c) ** -omega
        delay = (low + u * (high - low)) ** (-1.0 / omega) - c
        moment = np.clip(begun + delay, since, until)
        return moment, np.exp(-(moment - since) / self.tau_days)


def sample_intensity(
    base: SpaceTimeEtas,
    history: Catalogue,
    start_days: float,
    end_days: float,
    sampling: Sampling,
) -> IntensitySample:
    """Return moments and places of a window, drawn where a model expects events.

    Each past event gives its share of offspring, the background its own; nothing is simulated
    on top, since the intensity is that given the true history.

    Parameters
    ----------
    base
        The model.
    history
        Events; those at or after the end do not count.
    start_days, end_days
        The window, days after 1970-01-01.
    sampling
        How many.
    """
    known = history.between(-np.inf, end_days)
    past = base.past(known)
    decays = _Decays.of(base, past)
    origin = base.info.settings.start_days
    first, last = int(np.floor(start_days - origin)), int(np.ceil(end_days - origin))
    drawn = [
        _of_day(
            base,
            past,
            decays,
            origin + day,
            sampling,
            np.random.default_rng([sampling.seed, day + (1 << 20)]),
        )
        for day in range(first, last)
    ]
    time, lon, lat, weight, is_background = (
        np.concatenate(one) for one in zip(*drawn, strict=True)
    )
    kept = np.isfinite(lon) & (time >= start_days) & (time < end_days)
    order = np.flatnonzero(kept)[np.argsort(time[kept], kind="stable")]
    targets = Catalogue(time[order], np.zeros(len(order)), lon[order], lat[order])
    log_intensity = base.log_intensity(targets, known)
    share = base.background_probability(targets, known)
    held = base.coverage.log_share(targets.time_days, known)
    weight = weight[order] * np.exp(held)
    here = np.flatnonzero(is_background[order])
    # places come from the background of the fit, which has learnt since
    drawn_from = _density(base, targets.take(here)) * base.law.parameters.mu_per_day
    background = np.exp(log_intensity[here] - held[here]) * share[here]
    weight[here] *= background / drawn_from
    return IntensitySample(targets, weight, log_intensity, share)


def _of_day(
    base: SpaceTimeEtas,
    past: Past,
    decays: _Decays,
    begun: float,
    sampling: Sampling,
    rng: np.random.Generator,
) -> tuple[FloatArray, ...]:
    """Return times, longitudes, latitudes, weights, and which are of the background, of a day.

    First from the events before the day, then from its own, one by one.
    """
    until = begun + 1.0
    old, new = np.searchsorted(decays.time_days, [begun, until])
    mu = base.law.parameters.mu_per_day
    n = int(np.clip(np.ceil(sampling.per_event * mu), sampling.a_day // 4 + 1, _MOST_A_DAY))
    lon, lat = _background_places(base, n, rng)
    parts = [(rng.uniform(begun, until, n), lon, lat, np.full(n, mu / n), np.ones(n, dtype=bool))]
    mass = decays.mass(slice(0, int(old)), np.full(old, begun), until)
    if mass.sum() > 0:
        n = _number(mass.sum(), sampling)
        edge = np.cumsum(mass)
        at = np.searchsorted(edge, (np.arange(n) + rng.random(n)) / n * edge[-1])
        source = np.minimum(at, int(old) - 1)
        parts.append(_offspring(base, past, decays, source, begun, until, edge[-1] / n, rng))
    for i in range(int(old), int(new)):
        total = float(decays.mass(slice(i, i + 1), decays.time_days[i : i + 1], until)[0])
        n = _number(total, Sampling(sampling.per_event, 4))
        source = np.full(n, i)
        since = float(decays.time_days[i])
        parts.append(_offspring(base, past, decays, source, since, until, total / n, rng))
    return tuple(np.concatenate(one) for one in zip(*parts, strict=True))


def _number(expected: float, sampling: Sampling) -> int:
    return int(np.clip(np.ceil(sampling.per_event * expected), sampling.a_day, _MOST_A_DAY))


def _offspring(
    base: SpaceTimeEtas,
    past: Past,
    decays: _Decays,
    source: IntArray,
    since: float,
    until: float,
    each: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return moments and places after sources, and their weights."""
    n = len(source)
    u = (rng.permutation(n) + rng.random(n)) / n  # even in the decay's own measure
    time, left = decays.moments(source, np.full(n, since), until, u)
    lon, lat = _places(base, past, source, rng)
    return time, lon, lat, each * left, np.zeros(n, dtype=bool)


def _background_places(
    base: SpaceTimeEtas, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return places drawn from the background of the fit."""
    if base.background is not None:
        return base.background.sample(n, rng)
    point = base.region.polygon.representative_point()
    one = np.ones(1)
    even = SmoothedPlaces(base.region, one * point.x, one * point.y, one, one, floor=1.0)
    return even.sample(n, rng)


def _density(base: SpaceTimeEtas, targets: Catalogue) -> FloatArray:
    if base.background is None:
        return np.full(len(targets), 1.0 / base.region.area_km2)
    return base.background.density(targets.longitude, targets.latitude)


def _places(
    base: SpaceTimeEtas, past: Past, source: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return places around the sources, inside the region; NaN where none was found."""
    law = base.law.parameters
    history = past.catalogue.take(source)
    spread = law.spread_km2(history.magnitude)
    centre = cartesian_km(history.longitude, history.latitude)
    lon, lat = np.full(len(source), np.nan), np.full(len(source), np.nan)
    todo = np.arange(len(source))
    for _ in range(_MOST_TRIES):
        if len(todo) == 0:
            break
        beyond = 1.0 - rng.random(len(todo))
        r = np.sqrt(spread[todo] * np.expm1(-np.log(beyond) / law.rho))
        azimuth = rng.random(len(todo)) * 2 * np.pi
        x, y = moved(centre[todo], np.minimum(r, 2 * AUTHALIC_RADIUS_KM), azimuth)
        inside = base.region.contains(x, y)
        lon[todo[inside]], lat[todo[inside]] = x[inside], y[inside]
        todo = todo[~inside]
    return lon, lat
