"""How past events go on triggering, as a live forecast needs it: each with a law of its own."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.forecast.etas.activity import activity_of
from mainshock.forecast.etas.events import Sources
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.probability import LONGEST_DAYS
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.temporal_etas.exponential_sum import node_rates, node_weights
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["LiveLaw", "SourceColumns", "triggered_at"]

FloatArray = NDArray[np.float64]


class SourceColumns(NamedTuple):
    """What past events send out.

    Parameters
    ----------
    strength
        Factor of each exponential, with the productivity in it, shape ``(n_events, n_nodes)``.
    spread_km2
        Of the kernel in space, shape ``(n_events,)``.
    """

    strength: FloatArray
    spread_km2: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LiveLaw:
    """The law of past events, and what stands for it for all that are to come.

    Parameters
    ----------
    law
        Of past events; it may vary with magnitude and activity.
    plain
        One for all events; from it activities follow.
    later
        Of later generations.
    calm
        Share of the direct aftershocks by ``later`` that events have which nothing triggered.
    background
        Density of background events, with what was learnt since the fit; None: uniform.
    m_max
        Largest magnitude.
    area_km2
        Of the region.
    """

    law: TriggeringLaw
    plain: EtasParameters
    later: EtasParameters
    calm: float
    background: SmoothedPlaces | None
    m_max: float
    area_km2: float

    @classmethod
    def of(cls, model: Any, history: Catalogue) -> "tuple[LiveLaw, SourceColumns]":  # see below
        """Return the law of a model, and what its past events send out.

        Parameters
        ----------
        model
            A :class:`SpaceTimeEtas`, or anything with ``info``, ``parameters`` and ``background``:
            then all events have one law.
        history
            Past events of the model.
        """
        info, background = model.info, model.background
        law, later, calm = TriggeringLaw(model.parameters), model.parameters, 1.0
        none = np.zeros(len(history))
        above = history.magnitude - model.parameters.m_ref
        activity = none
        if isinstance(model, SpaceTimeEtas):
            law = model.law
            background, _ = model.background_at(history, np.inf)
            if law.variation.needs_activity and len(history):
                activity = model.sources(history).activity
            if not law.variation.is_none:
                later, calm = _later(model)
        area_km2 = info.region.area_km2
        made = cls(law, model.parameters, later, calm, background, info.m_max, area_km2)
        return made, made.columns(above, activity)

    @property
    def rates(self) -> FloatArray:
        """Return the rates of the exponentials, per day, growing."""
        one, varied = self.law.parameters, self.law.variation
        span = max(self.m_max - one.m_ref, 0.0)
        smallest = one.c_days * min(1.0, float(np.exp(varied.c_magnitude * span)))
        return node_rates(LONGEST_DAYS, smallest) + 1.0 / one.tau_days

    @property
    def needs_activity(self) -> bool:
        """Return whether the activity of events plays a part; beside a uniform background not."""
        return self.law.variation.needs_activity and self.background is not None

    def columns(self, above: ArrayLike, activity: ArrayLike) -> SourceColumns:
        """Return what events send out.

        Parameters
        ----------
        above
            Magnitudes above the reference, shape ``(n,)``.
        activity
            Of each.
        """
        above = np.asarray(above, dtype=np.float64)
        sources = Sources(above, np.zeros((3, 0), np.float32), above, np.asarray(activity))
        one, law = self.law.parameters, self.law
        bare = self.rates - 1.0 / one.tau_days
        weights = np.array(
            [
                node_weights(bare, float(c), 1.0 + float(omega))[0]
                for c, omega in zip(law.c_days(sources), law.omega(sources), strict=True)
            ]
        ).reshape(len(above), len(bare))
        strength = law.factor(sources)[:, None] * weights
        return SourceColumns(strength, one.spread_km2(above + one.m_ref))

    def density(self, longitude: ArrayLike, latitude: ArrayLike) -> FloatArray:
        """Return the background density at places, per km^2."""
        lon, lat = np.atleast_1d(longitude), np.atleast_1d(latitude)
        if self.background is None:
            return np.full(len(lon), 1.0 / self.area_km2)
        return self.background.density(lon, lat)

    def activity(self, triggered: float, longitude: float, latitude: float) -> float:
        """Return the activity of an event, given the intensity triggered where it comes."""
        background = self.plain.mu_per_day * self.density(longitude, latitude)
        return float(activity_of(background, np.array([triggered]))[0])


def _later(model: SpaceTimeEtas) -> tuple[EtasParameters, float]:
    """Return what stands for the law of later generations, and the share of calm events."""
    background = triggered = 1.0
    if model.lineage is not None:
        background, triggered = model.lineage.factors(model.law.variation)
    later = model.law.typical(model.info.beta, model.info.m_max, triggered)
    return later, background / triggered


def triggered_at(
    parameters: EtasParameters,
    time_days: float,
    place: FloatArray,
    sources: tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]],
) -> float:
    """Return the intensity that earlier events trigger at a time and place, a day and km^2.

    Parameters
    ----------
    place
        As :func:`cartesian_km` gives, shape ``(3,)``.
    sources
        Times, places, magnitudes above the reference, and which of them count.
    """
    one = parameters
    numbers = np.array(
        [one.k0, one.a, one.c_days, one.omega, 1.0 / one.tau_days, one.d_km2, one.gamma, one.rho]
    )
    return float(_triggered(numbers, time_days, place, *sources))


@compiled
def _triggered(
    numbers: FloatArray,
    now: float,
    place: FloatArray,
    time: FloatArray,
    places: FloatArray,
    above: FloatArray,
    counts: NDArray[np.bool_],
) -> float:
    k0, a, c, omega, per_tau, d, gamma, rho = numbers
    total = 0.0
    for j in range(len(time)):
        passed = now - time[j]
        if passed <= 0.0 or not counts[j]:
            continue
        dx, dy = place[0] - places[j, 0], place[1] - places[j, 1]
        dz = place[2] - places[j, 2]
        square = dx * dx + dy * dy + dz * dz + d * np.exp(gamma * above[j])
        log = a * above[j] - passed * per_tau - (1.0 + omega) * np.log(passed + c)
        total += np.exp(log - (1.0 + rho) * np.log(square))
    return float(k0 * total)
