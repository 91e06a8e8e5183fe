"""The log-likelihood of a space-time ETAS model and its slopes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.events import Inside, Sources, Targets, blocks_of, in_threads
from mainshock.forecast.etas.kernels import (
    N_INTEGRALS,
    N_SUMS,
    choose_pairs,
    integrate_decay,
    sum_over_all,
    sum_over_chosen,
    sum_over_moments,
)
from mainshock.forecast.etas.law import TriggeringLaw

__all__ = [
    "Evaluation",
    "Expectation",
    "Likelihood",
    "Moments",
    "PairTable",
    "Problem",
    "Window",
    "expectation",
    "pair_table",
    "triggered",
]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
IntArray = NDArray[np.int64]
_GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, eq=False)
class PairTable:
    """Pairs of target and source that stand for all pairs.

    Parameters
    ----------
    start
        First pair of each target, shape ``(n_targets + 1,)``.
    days, square, source
        Time between, squared distance in km^2, number of the source.
    log_factor
        ln of how many times as much the pair counts.
    """

    start: IntArray
    days: SingleArray
    square: SingleArray
    source: NDArray[np.int32]
    log_factor: SingleArray


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Time in which events are missed, as moments after each source that stand for it.

    Parameters
    ----------
    start
        First moment of each source, shape ``(n_sources + 1,)``.
    days, weight_days
        How long after the source, and the time that is lost there.
    total_days
        Lost time in all, of the background.
    """

    start: IntArray
    days: SingleArray
    weight_days: SingleArray
    total_days: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """The window of the targets, and what part of the events the catalogue holds.

    Parameters
    ----------
    edges_days
        Of stretches with one share each, ascending, shape ``(n + 1,)``.
    share
        Of events of at least ``mc`` that the catalogue holds, shape ``(n,)``.
    missed
        Short times in which events are missed besides; None for none.
    """

    edges_days: FloatArray
    share: FloatArray
    missed: Moments | None = None

    @classmethod
    def whole(cls, start_days: float, end_days: float) -> "Window":
        """Return a window in which the catalogue holds all events."""
        return cls(np.array([start_days, end_days]), np.ones(1))

    @property
    def days(self) -> float:
        """Return its length, less what is missed."""
        lost = 0.0 if self.missed is None else self.missed.total_days
        return float(self.share @ np.diff(self.edges_days)) - lost


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What does not change while parameters are fitted.

    Parameters
    ----------
    sources, targets
        Events.
    inside
        Of the sources' kernels.
    window
        Of the targets.
    log_share
        ln of the share of events that the catalogue holds, summed over the targets.
    threads
        That may be used.
    """

    sources: Sources
    targets: Targets
    inside: Inside
    window: Window
    log_share: float = 0.0
    threads: int = 1


def triggered(
    law: TriggeringLaw,
    sources: Sources,
    targets: Targets,
    threads: int = 1,
    pairs: PairTable | None = None,
) -> FloatArray:
    """Return sums of the kernel over sources at each target, shape ``(n_targets, 12)``.

    The columns are those of :func:`mainshock.forecast.etas.kernels.sum_over_all`; the first one
    is the triggered intensity, a day and km^2.
    """
    columns = law.columns(sources)
    per_tau = np.float32(1.0 / law.parameters.tau_days)
    steepness = np.float32(1.0 + law.parameters.rho)
    found = np.zeros((len(targets), N_SUMS))
    drawn_out = sources.elongation

    def add_lines(block: slice) -> None:
        if drawn_out is not None:
            there = targets.take(block)
            drawn_out.add_to(found[block], there, sources, columns, per_tau, steepness)

    def all_of(block: slice) -> None:
        sum_over_all(
            targets.time_days[block], targets.place[block], targets.before[block],
            sources.time_days, sources.place, columns, per_tau, steepness, found[block],
        )  # fmt: skip
        add_lines(block)

    def chosen_of(block: slice) -> None:
        if pairs is not None:
            edges = pairs.start[block.start : block.stop + 1]
            sum_over_chosen(
                edges, pairs.days, pairs.square, pairs.source, pairs.log_factor,
                columns, per_tau, steepness, found[block],
            )  # fmt: skip
            add_lines(block)

    in_threads(all_of if pairs is None else chosen_of, blocks_of(len(targets), threads), threads)
    return found


def pair_table(
    law: TriggeringLaw,
    sources: Sources,
    targets: Targets,
    background: FloatArray,
    most: int,
    threads: int = 1,
) -> PairTable:
    """Return at most about ``most`` pairs a target, exact at this law.

    Parameters
    ----------
    law
        With which sums over chosen pairs are those over all.
    sources, targets
        Events.
    background
        Background intensity at each target, a day and km^2.
    most
        Pairs that hold a larger share than ``1 / most`` of the intensity are all there.
    threads
        That may be used.
    """
    columns = law.columns(sources)
    per_tau = np.float32(1.0 / law.parameters.tau_days)
    steepness = np.float32(1.0 + law.parameters.rho)
    offset = np.asarray(0.02 + 0.96 * np.mod(np.arange(len(targets)) * _GOLDEN, 1.0), np.float64)
    parts: dict[int, PairTable] = {}

    def choose(block: slice) -> None:
        parts[block.start] = PairTable(
            *choose_pairs(
                targets.time_days[block], targets.place[block], targets.before[block],
                background[block], sources.time_days, sources.place, columns, per_tau,
                steepness, most, offset[block],
            )
        )  # fmt: skip

    in_threads(choose, blocks_of(len(targets), threads), threads)
    ordered = [parts[key] for key in sorted(parts)]
    counts = np.concatenate([np.diff(part.start) for part in ordered])
    return PairTable(
        np.append(0, np.cumsum(counts)),
        np.concatenate([part.days for part in ordered]),
        np.concatenate([part.square for part in ordered]),
        np.concatenate([part.source for part in ordered]),
        np.concatenate([part.log_factor for part in ordered]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Expectation:
    """The integral of the intensity over region and window.

    Parameters
    ----------
    number
        Events in all.
    gradient
        In the vector of the law, shape ``(13,)``.
    of_source
        Direct aftershocks of each source.
    """

    number: float
    gradient: FloatArray
    of_source: FloatArray


def expectation(
    law: TriggeringLaw, sources: Sources, inside: Inside, window: Window
) -> Expectation:
    """Return the integral of the intensity and its slopes."""
    parameters = law.parameters
    decay = _decay(law, sources, window)
    exponent = 1.0 + law.omega(sources)
    spread = parameters.spread_km2(sources.above + parameters.m_ref)
    share, of_spread, of_rho = inside.share(spread, parameters.rho)
    factor = law.factor(sources) * share
    number = factor * decay[0]
    late, early = factor * decay[2], factor * decay[3] * exponent
    rho, active = parameters.rho, law.active(sources)
    # slopes of ln(factor * share) in ln spread and in ln rho
    in_spread = number * (of_spread / share - rho)
    in_rho = number * (rho * of_rho / share - 1.0 - rho * np.log(spread))
    background = parameters.mu_per_day * window.days
    gradient = [
        background,
        number.sum(),
        number @ sources.above,
        -early.sum(),
        -late.sum(),
        factor @ decay[1] / parameters.tau_days,
        in_spread.sum(),
        in_spread @ sources.above,
        in_rho.sum(),
        number @ active,
        -(late @ active),
        -(late @ sources.above),
        -(early @ sources.above),
    ]
    return Expectation(background + float(number.sum()), np.array(gradient), number)


def _decay(law: TriggeringLaw, sources: Sources, window: Window) -> FloatArray:
    """Return integrals of the decay over the window for each source, shape ``(4, n_sources)``."""
    c_days = law.c_days(sources).astype(np.float32)
    exponent = (1.0 + law.omega(sources)).astype(np.float32)
    per_tau = np.float32(1.0 / law.parameters.tau_days)
    total = np.zeros((N_INTEGRALS, len(sources)))
    part = np.zeros((N_INTEGRALS, len(sources)), dtype=np.float32)
    edges = np.maximum(window.edges_days[:, None] - sources.time_days, 0.0).astype(np.float32)
    for k, share in enumerate(window.share):
        integrate_decay(edges[k], edges[k + 1], c_days, exponent, per_tau, part)
        total += share * part
    if window.missed is not None:
        missed = window.missed
        part[:] = 0.0
        sum_over_moments(
            missed.start, missed.days, missed.weight_days, c_days, exponent, per_tau, part
        )
        total += part
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The log-likelihood at one law.

    Parameters
    ----------
    value
        Nats in all.
    gradient
        In the vector of the law, shape ``(13,)``.
    information
        Sum over targets of the outer products of slopes of ln intensity, ``(13, 13)``.
    log_intensity
        Of each target, all events counted, those missed too.
    expected
        Integral of the intensity.
    triggered
        Triggered part of each target's intensity.
    """

    value: float
    gradient: FloatArray
    information: FloatArray
    log_intensity: FloatArray
    expected: float
    triggered: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """The log-likelihood as a function of the law.

    Parameters
    ----------
    problem
        Events.
    density
        Background density at each target, per km^2.
    pairs
        Pairs that stand for all; None: all pairs.
    """

    problem: Problem
    density: FloatArray
    pairs: PairTable | None = None

    def __call__(self, law: TriggeringLaw) -> Evaluation:
        """Return value and slopes."""
        problem = self.problem
        sums = triggered(law, problem.sources, problem.targets, problem.threads, self.pairs)
        background = law.parameters.mu_per_day * self.density
        intensity = np.maximum(background + sums[:, 0], 1e-300)
        slopes = _slopes(law, background, sums) / intensity[:, None]
        expected = expectation(law, problem.sources, problem.inside, problem.window)
        log_intensity = np.log(intensity)
        return Evaluation(
            float(log_intensity.sum() + problem.log_share - expected.number),
            slopes.sum(axis=0) - expected.gradient,
            slopes.T @ slopes,
            log_intensity,
            expected.number,
            sums[:, 0],
        )


def _slopes(law: TriggeringLaw, background: FloatArray, sums: FloatArray) -> FloatArray:
    """Return slopes of the intensity of each target, shape ``(n, 13)``."""
    parameters = law.parameters
    steepness = 1.0 + parameters.rho
    return np.column_stack(
        [
            background,
            sums[:, 0],
            sums[:, 1],
            -sums[:, 7],
            -sums[:, 4],
            sums[:, 3] / parameters.tau_days,
            -steepness * sums[:, 10],
            -steepness * sums[:, 11],
            -parameters.rho * sums[:, 9],
            sums[:, 2],
            -sums[:, 6],
            -sums[:, 5],
            -sums[:, 8],
        ]
    )
