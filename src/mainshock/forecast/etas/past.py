"""What a fitted model makes of past events: their activity, and the background they add."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.activity import activity_of
from mainshock.forecast.etas.background import BackgroundKernels
from mainshock.forecast.etas.elongation import Elongation, ElongationSettings
from mainshock.forecast.etas.events import Inside, Sources, Targets, inside_of
from mainshock.forecast.etas.law import TriggeringLaw
from mainshock.forecast.etas.likelihood import triggered
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["LEARNING_STEP_DAYS", "FittedBackground", "Past"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEARNING_STEP_DAYS = 30.0
"""The background takes up new events at these steps after the end of the fit."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedBackground:
    """The background as it was fitted.

    Parameters
    ----------
    kernels
        At the events that the fit knew.
    time_days
        Of those events.
    end_days
        Of the fit.
    """

    kernels: BackgroundKernels
    time_days: FloatArray
    end_days: float

    def step_of(self, time_days: FloatArray) -> IntArray:
        """Return the step of each moment: 0 before the end of the fit, then 1, 2, ..."""
        passed = np.floor((time_days - self.end_days) / LEARNING_STEP_DAYS)
        return np.maximum(passed.astype(np.int64) + 1, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """Events with what the model made of each from those before it.

    Parameters
    ----------
    catalogue
        The events.
    sources
        With their activity.
    crossings
        Of kernels at the events with the outline of the region.
    fitted
        Background as fitted; None where it is uniform.
    kernels
        Background with what was learnt since.
    known
        Number of kernels that are known in each step of learning, shape ``(n_steps,)``; later
        steps know all of them.
    own_density
        Of the background at each event when it came, per km^2; None where it is uniform.
    """

    catalogue: Catalogue
    sources: Sources
    crossings: Inside
    fitted: FittedBackground | None = None
    kernels: BackgroundKernels | None = None
    known: IntArray | None = None
    own_density: FloatArray | None = None

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        region: Region,
        plain: TriggeringLaw,
        fitted: FittedBackground | None,
        threads: int = 1,
        elongation: ElongationSettings | None = None,
    ) -> "Past":
        """Return the events of a catalogue as a plain law sees them."""
        sources = Sources.of(catalogue, region, plain.parameters.m_ref)
        if elongation is not None:
            lines = Elongation.of(catalogue, region, elongation)
            sources = replace(sources, elongation=lines)
        begun = cls(catalogue, sources, inside_of(region, catalogue))
        if fitted is None:
            return begun
        if len(catalogue) == 0:
            return replace(begun, fitted=fitted, kernels=fitted.kernels)
        events = Targets.of(catalogue, region, sources)
        found = triggered(plain, sources, events, threads)[:, 0]
        return begun._learning(fitted, plain, events, found)

    def _learning(
        self, fitted: FittedBackground, plain: TriggeringLaw, events: Targets, found: FloatArray
    ) -> "Past":
        """Return the past with activities, step by step, and the background that grows by it."""
        kernels = fitted.kernels
        mu = plain.parameters.mu_per_day
        step = fitted.step_of(events.time_days)
        activity, known = np.zeros(len(events)), [len(kernels)]
        own = np.empty(len(events))
        edges = np.searchsorted(step, np.arange(int(step.max()) + 2))
        for k, (first, end) in enumerate(pairwise(edges)):
            new = slice(int(first), int(end))
            if end > first:
                place = events.place[new]
                if k == 0:
                    density = kernels.density_apart(place, events.time_days[new], fitted.time_days)
                else:
                    density = kernels.density(place, *_all_of(len(kernels), len(place)))
                own[new] = density
                activity[new] = activity_of(mu * density, found[new])
                if k > 0:
                    share = mu * density / (mu * density + found[new])
                    kernels = kernels.extended(place, share, self.crossings, int(first))
            known.append(len(kernels))
        return replace(
            self,
            sources=replace(self.sources, activity=activity),
            fitted=fitted,
            kernels=kernels,
            known=np.array(known),
            own_density=own,
        )

    def before(self, n: int) -> "Past":
        """Return what the first ``n`` events say."""
        if n == len(self.catalogue):
            return self
        sources, kernels, known = self.sources, self.kernels, self.known
        if self.fitted is not None and kernels is not None and known is not None:
            is_learnt = self.fitted.step_of(sources.time_days[:n]) > 0
            n_kernels = len(self.fitted.kernels) + int(is_learnt.sum())
            kernels, known = kernels.before(n_kernels), np.minimum(known, n_kernels)
        catalogue, lines = self.catalogue.take(np.arange(n)), sources.elongation
        return replace(
            self,
            catalogue=catalogue,
            sources=Sources(
                sources.time_days[:n],
                np.ascontiguousarray(sources.place[:, :n]),
                sources.above[:n],
                sources.activity[:n],
                lines and Elongation.of(catalogue, lines.region, lines.settings),
            ),
            crossings=self.crossings.part(0, n),
            kernels=kernels,
            known=known,
            own_density=None if self.own_density is None else self.own_density[:n],
        )

    def learnt_at(self, start_days: float) -> tuple[IntArray, FloatArray, FloatArray]:
        """Return the events that the background has taken up since the fit, until a moment.

        Their rows, bandwidths in km and weights.
        """
        none = np.zeros(0)
        if self.fitted is None or self.kernels is None or self.known is None:
            return np.zeros(0, dtype=np.int64), none, none
        last = len(self.known) - 1
        if np.isfinite(start_days):
            last = min(int(self.fitted.step_of(np.array([start_days]))[0]), last)
        n_fitted = len(self.fitted.kernels)
        n = int(self.known[last]) - n_fitted
        rows = np.flatnonzero(self.fitted.step_of(self.sources.time_days) > 0)[:n]
        new = slice(n_fitted, n_fitted + n)
        return rows, self.kernels.bandwidth_km[new], self.kernels.weight[new]

    def density(self, targets: Targets, area_km2: float) -> FloatArray:
        """Return the background density at targets from what was known at their times."""
        if self.fitted is None or self.kernels is None:
            return np.full(len(targets), 1.0 / area_km2)
        step = self.fitted.step_of(targets.time_days)
        known = np.full(len(targets), len(self.fitted.kernels))
        if self.known is not None:
            known = self.known[np.minimum(step, len(self.known) - 1)]
        found = self.kernels.density(targets.place, known, known, known)
        within = np.flatnonzero(step == 0)
        if len(within):
            found[within] = self.fitted.kernels.density_apart(
                targets.place[within], targets.time_days[within], self.fitted.time_days
            )
        return found


def _all_of(n_kernels: int, n_places: int) -> tuple[IntArray, IntArray, IntArray]:
    every = np.full(n_places, n_kernels)
    return every, every, every
