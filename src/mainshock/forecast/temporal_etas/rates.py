"""Rates of a model of times from the events of a history: at moments, and over windows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.forecast.base import FitSettings
from mainshock.forecast.temporal_etas.exponential_sum import EarlierSums
from mainshock.forecast.temporal_etas.parameters import TemporalParameters
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["expected_numbers", "sources_of", "triggered_rates", "warm_up"]

FloatArray = NDArray[np.float64]


def sources_of(history: Catalogue, settings: FitSettings, before_days: float) -> Catalogue:
    """Return the events that may be sources of a model of times: those in the region alone.

    Unlike in models that know places, an event beside the region would count in full.
    """
    chosen = history.between(settings.history_start_days, before_days).above(settings.mc)
    if settings.region is None:
        return chosen
    return chosen.take(settings.region.contains(chosen.longitude, chosen.latitude))


def triggered_rates(
    parameters: TemporalParameters, sources: Catalogue, times_days: FloatArray
) -> FloatArray:
    """Return the rate a day that the sources before each moment cause, shape ``(n,)``.

    Parameters
    ----------
    parameters
        Of the triggering; the background does not count.
    sources
        Events that trigger.
    times_days
        Moments in any order.
    """
    times = np.concatenate([sources.time_days, times_days])
    order = np.argsort(times, kind="stable")
    is_target = order >= len(sources)
    productivity = np.concatenate(
        [parameters.productivity(sources.magnitude), np.zeros(len(times_days))]
    )
    sums = EarlierSums.of(times[order], is_target, parameters.c_days)
    found = np.empty(len(times_days))
    found[order[is_target] - len(sources)] = sums(
        productivity[order], np.zeros(len(times)), parameters.c_days, parameters.p
    )[:, 0]
    return np.maximum(found, 0.0)


def expected_numbers(
    parameters: TemporalParameters, sources: Catalogue, edges_days: ArrayLike
) -> FloatArray:
    """Return the rate integrated over windows that follow each other, ``(n_edges - 1,)``.

    The rate at each moment knows the sources before it.

    Parameters
    ----------
    parameters
        Of the background and the triggering.
    sources
        Events that trigger, sorted by time, those within the windows included.
    edges_days
        Of the windows, ascending.
    """
    edges = np.asarray(edges_days, dtype=np.float64)
    productivity = parameters.productivity(sources.magnitude)
    triggered = np.empty(len(edges))
    for i, edge in enumerate(edges):
        n = int(np.searchsorted(sources.time_days, edge))
        triggered[i] = productivity[:n] @ parameters.decay_integral(edge - sources.time_days[:n])
    return parameters.mu_per_day * np.diff(edges) + np.diff(triggered)


def warm_up() -> None:
    """Compile what fits need, so that their time is that of the fit alone."""
    EarlierSums.of(np.arange(2.0), np.ones(2, dtype=bool))(np.ones(2), np.ones(2), 0.01, 1.1)
