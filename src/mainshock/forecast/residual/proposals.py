"""Draws of background events, and of the moments and places of direct aftershocks."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.past import Past
from mainshock.forecast.smoothed_places import SmoothedPlaces, moved
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Decays", "background_places", "places_around"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Decays:
    """What each source gives to a span of time: number and decay.

    Parameters
    ----------
    time_days
        Of the sources, shape ``(n,)``, as all that follow.
    factor
        Aftershocks for an integral of 1 of the decay.
    c_days, omega
        Of the decay.
    tau_days
        Of the taper, one for all.
    """

    time_days: FloatArray
    factor: FloatArray
    c_days: FloatArray
    omega: FloatArray
    tau_days: float

    @classmethod
    def of(cls, base: SpaceTimeEtas, past: Past, *, is_inside: bool) -> "Decays":
        """Return those of past events, of aftershocks inside the region or anywhere."""
        law, sources = base.law, past.sources
        factor = law.factor(sources)
        if is_inside:
            spread = law.parameters.spread_km2(sources.above + law.parameters.m_ref)
            factor = factor * past.crossings.share(spread, law.parameters.rho)[0]
        omega = law.omega(sources)
        return cls(
            sources.time_days,
            factor,
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
        moment = np.clip(begun + delay, since, np.nextafter(until, -np.inf))
        return moment, np.exp(-(moment - since) / self.tau_days)


def background_places(
    base: SpaceTimeEtas, n: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return longitudes and latitudes of places drawn from the background of the fit."""
    if base.background is not None:
        return base.background.sample(n, rng)
    point = base.region.polygon.representative_point()
    one = np.ones(1)
    even = SmoothedPlaces(base.region, one * point.x, one * point.y, one, one, floor=1.0)
    return even.sample(n, rng)


def places_around(
    base: SpaceTimeEtas, sources: Catalogue, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of an aftershock of each source, in the region or not."""
    law, n = base.law.parameters, len(sources)
    beyond = 1.0 - rng.random(n)
    r = np.sqrt(law.spread_km2(sources.magnitude) * np.expm1(-np.log(beyond) / law.rho))
    azimuth = rng.random(n) * 2 * np.pi
    centre = cartesian_km(sources.longitude, sources.latitude)
    return moved(centre, np.minimum(r, 2 * AUTHALIC_RADIUS_KM), azimuth)
