"""Draws moments and places from the intensity of an ETAS model, given what truly happened.

The integral of the intensity times any factor is then a weighted sum of the factor.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import Window, expectation
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.past import Past
from mainshock.forecast.smoothed_places import SmoothedPlaces, moved
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, cartesian_km, geographic
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["IntensitySample", "sample_intensity"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_MOST_TRIES = 300


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
    n: int,
    rng: np.random.Generator,
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
    n
        Number of moments and places.
    rng
        Random numbers.
    """
    known = history.between(-np.inf, end_days)
    past = base.past(known)
    window = Window.whole(start_days, end_days)
    number = expectation(base.law, past.sources, past.crossings, window).of_source
    mu = base.law.parameters.mu_per_day
    expected = np.append(number, mu * (end_days - start_days))
    edge = np.cumsum(expected)
    drawn = np.searchsorted(edge, (np.arange(n) + rng.random(n)) / n * edge[-1])
    drawn = np.minimum(drawn, len(expected) - 1)
    source = drawn[drawn < len(number)]
    places = _background(base, past)
    m = n - len(source)
    lon, lat = _uniform(base, m, rng) if places is None else places.sample(m, rng)
    time = rng.uniform(start_days, end_days, m)
    delay = _delays(base.law, past, source, start_days, end_days, rng)
    there = _places(base, past, source, rng)
    time = np.append(time, known.time_days[source] + delay)
    lon, lat = np.append(lon, there[0]), np.append(lat, there[1])
    kept = np.isfinite(lon) & (time < end_days)
    targets = Catalogue(time[kept], np.zeros(int(kept.sum())), lon[kept], lat[kept])
    return _weighed(base, known, targets, places, float(edge[-1]) / n)


def _weighed(
    base: SpaceTimeEtas,
    known: Catalogue,
    targets: Catalogue,
    places: SmoothedPlaces | None,
    each: float,
) -> IntensitySample:
    """Return the sample with weights: the intensity over that from which it was drawn."""
    log_intensity = base.log_intensity(targets, known)
    share = base.background_probability(targets, known)
    held = np.exp(base.coverage.log_share(targets.time_days, known))
    area = base.region.area_km2
    drawn = np.full(len(targets), 1.0 / area)
    if places is not None:
        drawn = places.density(targets.longitude, targets.latitude)
    intensity = np.exp(log_intensity)
    proposed = base.law.parameters.mu_per_day * drawn + intensity * (1.0 - share) / held
    return IntensitySample(targets, each * intensity / proposed, log_intensity, share)


def _background(base: SpaceTimeEtas, past: Past) -> SmoothedPlaces | None:
    """Return the background with all that was learnt up to the end of the window."""
    if base.background is None or past.kernels is None:
        return base.background
    n = len(base.background.longitude)
    kernels = past.kernels
    if len(kernels) == n:
        return base.background
    west, south, east, north = base.region.bounds
    middle = cartesian_km([(west + east) / 2], [(south + north) / 2])
    offset = np.zeros((1, 3)) if base.region.is_globe else middle
    lon, lat = geographic(kernels.place[:, n:].T.astype(np.float64) + offset)
    return SmoothedPlaces(
        base.region,
        np.append(base.background.longitude, lon),
        np.append(base.background.latitude, lat),
        kernels.bandwidth_km,
        np.maximum(kernels.weight, 1e-12),
        base.background.floor,
    )


def _uniform(
    base: SpaceTimeEtas, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return places spread evenly over the region: a density that is all floor."""
    point = base.region.polygon.representative_point()
    one = np.ones(1)
    even = SmoothedPlaces(base.region, one * point.x, one * point.y, one, one, floor=1.0)
    return even.sample(n, rng)


def _delays(
    law: TriggeringLaw,
    past: Past,
    source: IntArray,
    start_days: float,
    end_days: float,
    rng: np.random.Generator,
) -> FloatArray:
    """Return times after the sources, within the window, from the decay of each.

    Drawn from the power law and kept with the probability of the taper.
    """
    begun = past.sources.time_days[source]
    low, high = np.maximum(start_days - begun, 0.0), end_days - begun
    c = law.c_days(past.sources)[source]
    omega = law.omega(past.sources)[source]
    omega = np.where(np.abs(omega) < 1e-6, 1e-6, omega)
    found = np.full(len(source), np.nan)
    todo = np.arange(len(source))
    while len(todo):
        at_low = (low[todo] + c[todo]) ** -omega[todo]
        at_high = (high[todo] + c[todo]) ** -omega[todo]
        drawn = at_low + rng.random(len(todo)) * (at_high - at_low)
        delay = drawn ** (-1.0 / omega[todo]) - c[todo]
        delay = np.clip(delay, low[todo], high[todo])
        kept = rng.random(len(todo)) < np.exp(-(delay - low[todo]) / law.parameters.tau_days)
        found[todo[kept]] = delay[kept]
        todo = todo[~kept]
    return found


def _places(
    base: SpaceTimeEtas, past: Past, source: IntArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return places around the sources, inside the region; NaN where none was found."""
    law = base.law.parameters
    history = past.catalogue
    spread = law.spread_km2(history.magnitude)[source]
    centre = cartesian_km(history.longitude, history.latitude)[source]
    lon, lat = np.full(len(source), np.nan), np.full(len(source), np.nan)
    todo = np.arange(len(source))
    for _ in range(_MOST_TRIES):
        if len(todo) == 0:
            break
        beyond = 1.0 - rng.random(len(todo))
        r = np.sqrt(spread[todo] * np.expm1(-np.log(beyond) / law.rho))
        x, y = moved(
            centre[todo],
            np.minimum(r, 2 * AUTHALIC_RADIUS_KM),
            rng.random(len(todo)) * 2 * np.pi,
        )
        inside = base.region.contains(x, y)
        lon[todo[inside]], lat[todo[inside]] = x[inside], y[inside]
        todo = todo[~inside]
    return lon, lat
