"""The fitted temporal ETAS model: rates, integrals, simulations."""

import math
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.base import FitSettings, ModelInfo, targets_of
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.magnitudes import MagnitudeLaw, levelled_magnitudes, magnitude_law
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.temporal_etas.coordinates import BranchingCeiling
from mainshock.forecast.temporal_etas.fitting import TemporalFit, fit_parameters, start_parameters
from mainshock.forecast.temporal_etas.likelihood import PARAMETER_NAMES, TemporalData
from mainshock.forecast.temporal_etas.parameters import TemporalParameters
from mainshock.forecast.temporal_etas.rates import (
    expected_numbers,
    sources_of,
    triggered_rates,
    warm_up,
)
from mainshock.forecast.temporal_etas.simulation import draw_catalogues, first_generation
from mainshock.forecast.temporal_etas.state import TemporalState
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["TEMPORAL_ETAS", "TemporalEtas"]

FloatArray = NDArray[np.float64]
_OPTIONS = {"m_max": None, "max_branching_ratio": None}
_AT_BOUND = {
    "mu": "all events are taken as triggered: without earlier events, or where rates change over "
    "the years, the background is not determined",
    "branching_ratio": "the option max_branching_ratio holds it down",
}


@dataclass(frozen=True, slots=True, eq=False)
class TemporalEtas:
    """A fitted model of times and magnitudes.

    Parameters
    ----------
    info
        With the parameters ``mu`` (a day), ``k``, ``alpha``, ``c`` (days), ``p`` and
        ``branching_ratio``, which counts direct aftershocks within a time as long as the window
        of the fit; ``endless_branching_ratio`` counts those ever after.
    """

    info: ModelInfo
    parameters: TemporalParameters = field(init=False, repr=False)

    def __post_init__(self) -> None:
        mu, k, alpha, c_days, p = (self.info.parameters[name] for name in PARAMETER_NAMES)
        found = TemporalParameters(mu, k, alpha, c_days, p, self.info.mc)
        object.__setattr__(self, "parameters", found)

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: no."""
        return False

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln rate a day at the time of each target, shape ``(n_targets,)``."""
        if len(targets) == 0:
            return np.zeros(0)
        sources = sources_of(history, self.info.settings, float(targets.time_days.max()))
        found = triggered_rates(self.parameters, sources, targets.time_days)
        return np.asarray(np.log(self.parameters.mu_per_day + found))

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the rate integrated over a window; it knows the events before each moment."""
        return float(self.integrals(history, [start_days, end_days])[0])

    def integrals(self, history: Catalogue, edges_days: ArrayLike) -> FloatArray:
        """Return the integrals over windows that follow each other, shape ``(n_edges - 1,)``."""
        edges = np.asarray(edges_days, dtype=np.float64)
        sources = sources_of(history, self.info.settings, float(edges.max()))
        return expected_numbers(self.parameters, sources, edges)

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window, given the events before it.

        Raises
        ------
        DataError
            If sequences of the model do not end: the branching ratio is 1 or more, within a time
            as long as the window of the fit or of the simulation, whichever is longer.
        SettingsError
            If the window or the number of catalogues is not positive.
        """
        info = self.info
        longest = max(days, info.settings.end_days - info.settings.start_days)
        ratio = self.parameters.branching_ratio(info.beta, info.m_max, longest)
        if not ratio < 1.0:
            raise DataError(
                f"branching ratio {ratio:.3f}: each event triggers as many as that on average, "
                "and from 1 on sequences never end; fit with the option max_branching_ratio=0.95, "
                "to a longer window, or with a higher mc"
            )
        sources = sources_of(history, info.settings, start_days)
        first = first_generation(
            self.parameters, sources.time_days, sources.magnitude, start_days, days
        )
        return draw_catalogues(info, self.parameters, first, start_days, days, n, seed)

    def state(self, history: Catalogue, time_days: float) -> TemporalState:
        """Return the model between events, after those of the history before a time."""
        sources = sources_of(history, self.info.settings, time_days)
        found = TemporalState.after(
            self.parameters,
            self.info.beta,
            self.info.m_max,
            sources.time_days,
            sources.magnitude,
        )
        found.advance(time_days)
        return found

    def save(self, folder: Path) -> None:
        """Write nothing: ``info`` holds the parameters."""


class _Temporal:
    """The kind of model; see :class:`TemporalEtas`.

    Options: ``max_branching_ratio``, which the mean number of direct aftershocks of an event may
    not pass (no limit by default); ``m_max``.
    """

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> TemporalEtas:
        """Return the most likely parameters.

        Raises
        ------
        DataError
            If there are fewer than 20 targets.
        SettingsError
            If an option is not known.
        """
        options = fit_options("etas-temporal", settings, _OPTIONS)
        warm_up()
        begun, cpu = time.perf_counter(), time.process_time()
        targets = targets_of(catalogue, settings)
        sources = sources_of(catalogue, settings, settings.end_days)
        law = magnitude_law(
            levelled_magnitudes(targets, settings.mc), settings.mc, options["m_max"]
        )
        data = TemporalData.of(sources, settings)
        limit = options["max_branching_ratio"]
        ceiling = None if limit is None else BranchingCeiling(limit, law.beta, law.m_max - law.mc)
        found = fit_parameters(data, start_parameters(data, settings.mc), ceiling=ceiling)
        info = ModelInfo(
            kind="etas-temporal",
            settings=settings,
            beta=law.beta,
            m_max=law.m_max,
            n_events=data.n_targets,
            log_likelihood=found.log_likelihood,
            parameters=_values(found.parameters, law, settings.end_days - settings.start_days),
            standard_errors=found.standard_errors,
            seconds=time.perf_counter() - begun,
            cpu_s=time.process_time() - cpu,
            is_synthetic=catalogue.is_synthetic,
        )
        return TemporalEtas(replace(info, warnings=_warnings(found, info, targets)))

    def open(self, folder: Path, info: ModelInfo) -> TemporalEtas:  # noqa: ARG002
        """Return the model of a folder."""
        return TemporalEtas(info)


def _values(found: TemporalParameters, law: MagnitudeLaw, days: float) -> dict[str, float]:
    """Return parameters and what follows from them, by name."""
    return {
        "mu": found.mu_per_day,
        "k": found.k,
        "alpha": found.alpha,
        "c": found.c_days,
        "p": found.p,
        "branching_ratio": found.branching_ratio(law.beta, law.m_max, days),
        "endless_branching_ratio": found.branching_ratio(law.beta, law.m_max),
    }


def _warnings(found: TemporalFit, info: ModelInfo, targets: Catalogue) -> tuple[str, ...]:
    """Return what the user of a fit must know."""
    ratio, endless = (info.parameters[f"{one}branching_ratio"] for one in ("", "endless_"))
    told = [
        f"{name} stands at its bound, {bound:.3g}"
        + (f": {_AT_BOUND[name]}" if name in _AT_BOUND else "")
        for name, bound in found.at_bound.items()
    ]
    if not found.converged:
        told.append("the search did not converge; parameters and errors are not to be trusted")
    if not ratio < 1.0:
        told.append(f"branching ratio {ratio:.3f}: sequences never end, simulations are refused")
    elif not endless < 1.0:
        told.append(
            "extrapolated beyond the window of the fit, the decay gives a branching ratio of "
            + ("infinity, as p is 1 or less" if math.isinf(endless) else f"{endless:.3f}")
        )
    if (targets.completeness > info.mc + 1e-6).any():
        told.append(
            "completeness of the catalogue varies, and the model takes it as constant: rates are "
            "those of the events that are listed"
        )
    return tuple(told)


TEMPORAL_ETAS = _Temporal()
"""Registered as ``etas-temporal``."""
