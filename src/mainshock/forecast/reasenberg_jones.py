"""Aftershocks of large events alone: the model of Reasenberg and Jones as a forecast of rates."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.base import FitSettings, ModelInfo, targets_of
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.generic_aftershocks import generic_named
from mainshock.forecast.magnitudes import levelled_magnitudes, magnitude_law
from mainshock.forecast.sequences import window_days, window_km
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.sphere import cartesian_km
from mainshock.forecast.temporal_etas.fitting import TemporalFit, fit_parameters, start_parameters
from mainshock.forecast.temporal_etas.likelihood import TemporalData
from mainshock.forecast.temporal_etas.parameters import LN10, TemporalParameters
from mainshock.forecast.temporal_etas.rates import (
    expected_numbers,
    sources_of,
    triggered_rates,
    warm_up,
)
from mainshock.forecast.temporal_etas.simulation import draw_catalogues, first_generation
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["REASENBERG_JONES", "ReasenbergJones", "are_mainshocks"]

FloatArray = NDArray[np.float64]
_OPTIONS = {"mainshock_magnitude": None, "regime": "", "m_max": None}
_ABOVE_MC = 2.0
_USUAL_REGIME = "ANSR-SHALCON"
_TEMPORAL_DAYS = 60.0  # longest sequence where there are no places to tell sequences apart
_DECAY = frozenset({"k", "alpha", "c", "p"})


@dataclass(frozen=True, slots=True, eq=False)
class ReasenbergJones:
    """A constant background and the decaying rates of past mainshocks; aftershocks trigger none.

    Parameters
    ----------
    info
        With the parameters ``mu`` (a day), ``a``, ``b``, ``c`` (days), ``p`` and
        ``mainshock_magnitude``, the smallest of a mainshock.

    References
    ----------
    Reasenberg & Jones (1989), https://doi.org/10.1126/science.243.4895.1173
    """

    info: ModelInfo
    parameters: TemporalParameters = field(init=False, repr=False)

    def __post_init__(self) -> None:
        one = self.info.parameters
        found = TemporalParameters(
            one["mu"], 10.0 ** one["a"], one["b"], one["c"], one["p"], self.info.mc
        )
        object.__setattr__(self, "parameters", found)

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: no."""
        return False

    def mainshocks(self, history: Catalogue, before_days: float) -> Catalogue:
        """Return the mainshocks of a history before a time."""
        sources = sources_of(history, self.info.settings, before_days)
        least = self.info.parameters["mainshock_magnitude"]
        return sources.take(are_mainshocks(sources, least))

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln rate a day at the time of each target, shape ``(n_targets,)``."""
        if len(targets) == 0:
            return np.zeros(0)
        mainshocks = self.mainshocks(history, float(targets.time_days.max()))
        found = triggered_rates(self.parameters, mainshocks, targets.time_days)
        return np.asarray(np.log(self.parameters.mu_per_day + found))

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the rate integrated over a window; it knows the events before each moment."""
        return float(self.integrals(history, [start_days, end_days])[0])

    def integrals(self, history: Catalogue, edges_days: ArrayLike) -> FloatArray:
        """Return the integrals over windows that follow each other, shape ``(n_edges - 1,)``."""
        edges = np.asarray(edges_days, dtype=np.float64)
        mainshocks = self.mainshocks(history, float(edges.max()))
        return expected_numbers(self.parameters, mainshocks, edges)

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window; large events within it have no aftershocks."""
        past = self.mainshocks(history, start_days)
        first = first_generation(self.parameters, past.time_days, past.magnitude, start_days, days)
        return draw_catalogues(
            self.info, self.parameters, first, start_days, days, n, seed, triggers=False
        )

    def save(self, folder: Path) -> None:
        """Write nothing: ``info`` holds the parameters."""


def are_mainshocks(catalogue: Catalogue, least_magnitude: float) -> NDArray[np.bool_]:
    """Return which events are mainshocks, as it could be told when they came.

    An event of at least ``least_magnitude`` is one unless a larger or equal one came before it,
    within the larger one's windows of time and, where there are places, of distance. What comes
    later changes nothing: a foreshock stays a mainshock of its own.

    References
    ----------
    Gardner & Knopoff (1974), https://doi.org/10.1785/BSSA0640051363
    """
    found = np.zeros(len(catalogue), dtype=np.bool_)
    large = np.flatnonzero(catalogue.magnitude >= least_magnitude - 1e-6)
    time, magnitude = catalogue.time_days[large], catalogue.magnitude[large]
    days, km = window_days(magnitude), window_km(magnitude)
    places = None
    if catalogue.has_places:
        places = cartesian_km(catalogue.longitude[large], catalogue.latitude[large])
    else:
        days = np.minimum(days, _TEMPORAL_DAYS)
    for i in range(len(large)):
        hides = (magnitude[:i] >= magnitude[i]) & (time[i] - time[:i] < days[:i])
        if places is not None:
            hides &= np.linalg.norm(places[:i] - places[i], axis=1) < km[:i]
        found[large[i]] = not hides.any()
    return found


class _ReasenbergJones:
    """The kind of model; see :class:`ReasenbergJones`.

    Options: ``mainshock_magnitude``, the smallest of a mainshock (``mc + 2`` by default);
    ``regime``, whose generic parameters are to stand instead of fitted ones; ``m_max``.
    """

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> ReasenbergJones:
        """Return the most likely parameters; ``b`` is that of the magnitudes.

        Raises
        ------
        DataError
            If there are fewer than 20 targets.
        SettingsError
            If an option or the regime is not known.
        """
        options = fit_options("reasenberg-jones", settings, _OPTIONS)
        warm_up()
        begun, cpu = time.perf_counter(), time.process_time()
        targets = targets_of(catalogue, settings)
        sources = sources_of(catalogue, settings, settings.end_days)
        law = magnitude_law(
            levelled_magnitudes(targets, settings.mc), settings.mc, options["m_max"]
        )
        least = _least(options["mainshock_magnitude"], settings.mc)
        data = TemporalData.of(sources, settings, are_mainshocks(sources, least))
        found, warnings = _fitted(data, settings.mc, law.b, str(options["regime"]))
        values, errors = _by_name(found, law.b_se)
        info = ModelInfo(
            kind="reasenberg-jones",
            settings=settings,
            beta=law.beta,
            m_max=law.m_max,
            n_events=data.n_targets,
            log_likelihood=found.log_likelihood,
            parameters={**values, "mainshock_magnitude": least},
            standard_errors=errors,
            warnings=warnings,
            seconds=time.perf_counter() - begun,
            cpu_s=time.process_time() - cpu,
            is_synthetic=catalogue.is_synthetic,
        )
        return ReasenbergJones(info)

    def open(self, folder: Path, info: ModelInfo) -> ReasenbergJones:  # noqa: ARG002
        """Return the model of a folder."""
        return ReasenbergJones(info)


def _least(given: float | None, mc: float) -> float:
    """Return the smallest magnitude of a mainshock."""
    least = mc + _ABOVE_MC if given is None else float(given)
    if least < mc:
        raise DataError(f"mainshocks of {least:g} lie below mc {mc:g}; give a larger magnitude")
    return least


def _by_name(found: TemporalFit, b_se: float) -> tuple[dict[str, float], dict[str, float]]:
    """Return parameters and standard errors under the names that the model has for them."""
    one, error = found.parameters, found.standard_errors
    values = {"mu": one.mu_per_day, "a": math.log10(one.k), "b": one.alpha}
    errors = {"mu": error["mu"], "a": error["k"] / one.k / LN10, "b": b_se}
    return (
        {**values, "c": one.c_days, "p": one.p},
        {**errors, "c": error["c"], "p": error["p"]},
    )


def _fitted(
    data: TemporalData, mc: float, b: float, regime: str
) -> tuple[TemporalFit, tuple[str, ...]]:
    """Return the fit, of the background alone where the decay is generic, and its warnings."""
    told = []
    start = replace(start_parameters(data, mc), alpha=b)
    held = frozenset({"alpha"})
    if not regime and not data.is_source.any():
        regime = _USUAL_REGIME
        told.append(f"no mainshock to fit to: generic parameters of {regime} stand")
    if regime:
        generic = generic_named(regime)
        held = _DECAY
        start = TemporalParameters(
            start.mu_per_day, 10.0**generic.a, generic.b, generic.c_days, generic.p, mc
        )
    found = fit_parameters(data, start, held=held)
    told += [f"{name} stands at its bound, {bound:.3g}" for name, bound in found.at_bound.items()]
    if not found.converged:
        told.append("the search did not converge; parameters and errors are not to be trusted")
    return found, tuple(told)


REASENBERG_JONES = _ReasenbergJones()
"""Registered as ``reasenberg-jones``."""
