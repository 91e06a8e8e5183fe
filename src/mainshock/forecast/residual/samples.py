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
from mainshock.forecast.residual.proposals import Decays, background_places, places_around
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["IntensitySample", "Sampling", "sample_intensity"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MOST_TRIES = 300
_MOST_A_DAY = 4096
_DAY_ZERO = 1 << 20  # seeds are no negative numbers, days may be


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
    decays = Decays.of(base, past, is_inside=True)
    origin = base.info.settings.start_days
    first, last = int(np.floor(start_days - origin)), int(np.ceil(end_days - origin))
    drawn = []
    for day in range(first, last):
        rng = np.random.default_rng([sampling.seed, day + _DAY_ZERO])
        drawn.append(_of_day(base, past, decays, origin + day, sampling, rng))
    columns = [np.concatenate(one) for one in zip(*drawn, strict=True)]
    time, lon = columns[0], columns[1]
    kept = np.flatnonzero(np.isfinite(lon) & (time >= start_days) & (time < end_days))
    order = kept[np.argsort(time[kept], kind="stable")]
    return _weighed(base, known, *(one[order] for one in columns))


def _weighed(
    base: SpaceTimeEtas,
    known: Catalogue,
    time: FloatArray,
    lon: FloatArray,
    lat: FloatArray,
    weight: FloatArray,
    is_background: NDArray[np.bool_],
) -> IntensitySample:
    """Return the sample with what the model says, and weights with what is not seen or known."""
    targets = Catalogue(time, np.zeros(len(time)), lon, lat)
    log_intensity = base.log_intensity(targets, known)
    share = base.background_probability(targets, known)
    held = base.coverage.log_share(targets.time_days, known)
    weight = weight * np.exp(held)
    here = np.flatnonzero(is_background)
    # places come from the background of the fit, which has learnt since
    drawn_from = _density(base, targets.take(here)) * base.law.parameters.mu_per_day
    background = np.exp(log_intensity[here] - held[here]) * share[here]
    weight[here] *= background / drawn_from
    return IntensitySample(targets, weight, log_intensity, share)


def _of_day(
    base: SpaceTimeEtas,
    past: Past,
    decays: Decays,
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
    lon, lat = background_places(base, n, rng)
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
    decays: Decays,
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


def _density(base: SpaceTimeEtas, targets: Catalogue) -> FloatArray:
    if base.background is None:
        return np.full(len(targets), 1.0 / base.region.area_km2)
    return base.background.density(targets.longitude, targets.latitude)


def _places(
    base: SpaceTimeEtas, past: Past, source: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return places around the sources, inside the region; NaN where none was found."""
    lon, lat = np.full(len(source), np.nan), np.full(len(source), np.nan)
    todo = np.arange(len(source))
    for _ in range(_MOST_TRIES):
        if len(todo) == 0:
            break
        x, y = places_around(base, past.catalogue.take(source[todo]), rng)
        inside = base.region.contains(x, y)
        lon[todo[inside]], lat[todo[inside]] = x[inside], y[inside]
        todo = todo[~inside]
    return lon, lat
