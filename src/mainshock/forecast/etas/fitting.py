"""The most likely background and triggering law of a catalogue."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.activity import activity_of
from mainshock.forecast.etas.background import BackgroundKernels
from mainshock.forecast.etas.events import Inside, Sources, Targets
from mainshock.forecast.etas.law import LAW_NAMES, TriggeringLaw
from mainshock.forecast.etas.likelihood import (
    Evaluation,
    Likelihood,
    PairTable,
    Problem,
    Window,
    pair_table,
    triggered,
)
from mainshock.forecast.etas.scoring import ascend
from mainshock.forecast.etas.transform import NAMES, Bounds
from mainshock.forecast.region import Region

__all__ = ["FitData", "FitPlan", "Fitted", "fit_plain", "fit_refined"]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
_ROUGH, _FINE = 0.5, 5e-3  # nats in all that a further step must promise
_PLAIN = np.arange(len(LAW_NAMES)) >= len(NAMES)  # entries that a plain law does not have
_HESSIAN_STEP = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class FitData:
    """Events and window of a fit.

    Parameters
    ----------
    region
        Of the targets.
    sources
        All events that count.
    place
        Theirs, as rows, shape ``(n, 3)``.
    crossings
        Of their kernels with the outline of the region.
    rows
        Which of them are targets.
    window
        Of the targets.
    log_share
        Sum over targets of ln of the share of events that the catalogue holds.
    """

    region: Region
    sources: Sources
    place: NDArray[np.float32]
    crossings: Inside
    rows: NDArray[np.int64]
    window: Window
    log_share: float

    @property
    def n_targets(self) -> int:
        """Return the number of targets."""
        return len(self.rows)

    @property
    def events(self) -> Targets:
        """Return all events as targets."""
        time = self.sources.time_days
        before = np.searchsorted(time, time, side="left")
        return Targets(time, self.place, before.astype(np.int64))

    @property
    def targets(self) -> Targets:
        """Return the targets."""
        everyone, rows = self.events, self.rows
        return Targets(everyone.time_days[rows], everyone.place[rows], everyone.before[rows])


@dataclass(frozen=True, slots=True, eq=False)
class FitPlan:
    """How a fit is done.

    Parameters
    ----------
    bounds
        Of the vector of the law.
    n_pairs
        See :func:`mainshock.forecast.etas.likelihood.pair_table`.
    rounds
        Times that the background is drawn anew.
    exact_to
        Number of events up to which the end of a fit counts all pairs.
    threads
        That may be used.
    """

    bounds: Bounds
    n_pairs: int = 200
    rounds: int = 3
    exact_to: int = 150_000
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A law with what belongs to it.

    Parameters
    ----------
    law
        The law.
    density
        Of the background at all events, per km^2, each without its own kernel.
    kernels
        Of the background; None where it is uniform.
    evaluation
        At the law; of all pairs if ``is_exact``.
    pairs
        That stand for all pairs near this law.
    covariance
        Of the vector, NaN for entries that were not fitted, shape ``(13, 13)``.
    at_bounds
        Entries that stopped at a bound.
    has_converged, is_exact, n_evaluations
        About the ascent.
    """

    law: TriggeringLaw
    density: FloatArray
    kernels: BackgroundKernels | None
    evaluation: Evaluation
    pairs: PairTable
    covariance: FloatArray = field(default_factory=lambda: np.full((13, 13), np.nan))
    at_bounds: tuple[str, ...] = ()
    has_converged: bool = True
    is_exact: bool = True
    n_evaluations: int = 0


def fit_plain(
    data: FitData, start: TriggeringLaw, kernels: BackgroundKernels | None, plan: FitPlan
) -> Fitted:
    """Return the most likely law that is one for all events, with its background.

    Between ascents the background is drawn anew: each event counts by its probability of not
    being triggered.
    """
    density = np.full(len(data.sources), 1.0 / data.region.area_km2)
    law, pairs = start, None
    for _ in range(plan.rounds):
        if kernels is None:
            break
        background = law.parameters.mu_per_day * density
        kernels = kernels.weighing(background / (background + _triggered(data, law, plan)))
        density = _density(data, kernels)
        if pairs is None:
            pairs = _pairs(data, data.sources, law, density, plan)
        likelihood = Likelihood(_problem(data, data.sources, plan), density[data.rows], pairs)
        law = _climb(likelihood, law, plan, _PLAIN, _ROUGH)[0]
    if pairs is None:
        pairs = _pairs(data, data.sources, law, density, plan)
    return _climbed(data, data.sources, law, density, kernels, pairs, plan, _PLAIN)


def fit_refined(data: FitData, plain: Fitted, fixed: BoolArray, plan: FitPlan) -> Fitted:
    """Return the most likely law that varies between events, on the background of a plain one."""
    found = _triggered(data, plain.law, plan)
    activity = activity_of(plain.law.parameters.mu_per_day * plain.density, found)
    sources = replace(data.sources, activity=activity)
    law = plain.law.recentred(float(activity.mean()))
    return _climbed(data, sources, law, plain.density, plain.kernels, plain.pairs, plan, fixed)


def _triggered(data: FitData, law: TriggeringLaw, plan: FitPlan) -> FloatArray:
    """Return the triggered intensity at all events."""
    return triggered(law, data.sources, data.events, plan.threads)[:, 0]


def _density(data: FitData, kernels: BackgroundKernels) -> FloatArray:
    """Return the density at all events, each without its own kernel."""
    time = data.sources.time_days
    return kernels.density_apart(data.place, time, time)


def _problem(data: FitData, sources: Sources, plan: FitPlan) -> Problem:
    return Problem(sources, data.targets, data.crossings, data.window, data.log_share, plan.threads)


def _pairs(
    data: FitData,
    sources: Sources,
    law: TriggeringLaw,
    density: FloatArray,
    plan: FitPlan,
) -> PairTable:
    background = law.parameters.mu_per_day * density[data.rows]
    return pair_table(law, sources, data.targets, background, plan.n_pairs, plan.threads)


def _climb(
    evaluate: Callable[[TriggeringLaw], Evaluation],
    law: TriggeringLaw,
    plan: FitPlan,
    fixed: BoolArray,
    tolerance: float,
) -> tuple[TriggeringLaw, Evaluation, bool, int]:
    found = ascend(
        lambda vector: evaluate(law.at(vector)), law.vector, plan.bounds, fixed, tolerance
    )
    return law.at(found.vector), found.evaluation, found.has_converged, found.n_evaluations


def _climbed(
    data: FitData,
    sources: Sources,
    law: TriggeringLaw,
    density: FloatArray,
    kernels: BackgroundKernels | None,
    pairs: PairTable,
    plan: FitPlan,
    fixed: BoolArray,
) -> Fitted:
    """Return the end of an ascent: rough, on pairs chosen anew, then by the slope of all pairs."""
    problem, own = _problem(data, sources, plan), density[data.rows]
    law, _, _, n_rough = _climb(Likelihood(problem, own, pairs), law, plan, fixed, _ROUGH)
    pairs = _pairs(data, sources, law, density, plan)
    likelihood = Likelihood(problem, own, pairs)
    law, evaluation, has_converged, n_evaluations = _climb(likelihood, law, plan, fixed, _FINE)
    n_evaluations += n_rough
    is_exact = len(sources) <= plan.exact_to
    if is_exact:
        exact = Likelihood(problem, own)
        level = _Levelled(likelihood, law.vector, exact(law), evaluation)
        law, evaluation, has_converged, n = _climb(level, law, plan, fixed, _FINE)
        n_evaluations += n
        if n > 1:
            evaluation = exact(law)
    vector = law.vector
    at_bound = ((vector <= plan.bounds.low) | (vector >= plan.bounds.high)) & ~fixed
    return Fitted(
        law,
        density,
        kernels,
        evaluation,
        pairs,
        _covariance(likelihood, law, fixed | at_bound, evaluation),
        tuple(name for name, hit in zip(LAW_NAMES, at_bound, strict=True) if hit),
        has_converged,
        is_exact,
        n_evaluations,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Levelled:
    """The log-likelihood of chosen pairs, given value and slope of all pairs at one vector."""

    likelihood: Likelihood
    vector: FloatArray
    exact: Evaluation
    chosen: Evaluation

    def __call__(self, law: TriggeringLaw) -> Evaluation:
        found = self.likelihood(law)
        slope = self.exact.gradient - self.chosen.gradient
        offset = self.exact.value - self.chosen.value
        value = found.value + offset + float(slope @ (law.vector - self.vector))
        return replace(found, value=value, gradient=found.gradient + slope)


def _covariance(
    likelihood: Likelihood, law: TriggeringLaw, held: BoolArray, evaluation: Evaluation
) -> FloatArray:
    """Return the inverse of the curvature; of the information where it bends the wrong way."""
    n = len(held)
    vector, free = law.vector, np.flatnonzero(~held)
    steps = _HESSIAN_STEP * np.minimum(1.0, _spread(evaluation, free))
    rows = []
    for k, step in zip(free, steps, strict=True):
        moved = step * (np.arange(n) == k)
        above = likelihood(law.at(vector + moved)).gradient
        below = likelihood(law.at(vector - moved)).gradient
        rows.append((below - above)[free] / (2 * step))
    curvature = np.array(rows).reshape(len(free), len(free))
    curvature = (curvature + curvature.T) / 2
    if len(free) and np.linalg.eigvalsh(curvature).min() <= 0:
        curvature = evaluation.information[np.ix_(free, free)]
    found = np.full((n, n), np.nan)
    found[np.ix_(free, free)] = np.linalg.pinv(curvature)
    return found


def _spread(evaluation: Evaluation, free: NDArray[np.int64]) -> FloatArray:
    """Return ten standard deviations of each free entry were the others known."""
    known = np.diag(evaluation.information)[free]
    return np.asarray(10.0 / np.sqrt(np.maximum(known, 1e-12)))
