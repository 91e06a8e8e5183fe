"""The log-likelihood of a space-time ETAS model and its slopes."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.decay import DecayTable
from mainshock.forecast.etas.events import (
    Inside,
    Sources,
    Targets,
    blocks_of,
    in_threads,
)
from mainshock.forecast.etas.kernels import N_SUMS, choose_pairs, sum_over_all, sum_over_chosen
from mainshock.forecast.etas.parameters import EtasParameters

__all__ = ["Evaluation", "Likelihood", "PairTable", "Problem", "pair_table", "triggered"]

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
class Problem:
    """What does not change while parameters are fitted.

    Parameters
    ----------
    sources, targets
        Events.
    inside
        Of the sources' kernels.
    start_days, end_days
        The window of the targets.
    m_ref
        Reference magnitude.
    threads
        That may be used.
    """

    sources: Sources
    targets: Targets
    inside: Inside
    start_days: float
    end_days: float
    m_ref: float
    threads: int = 1
    blocks: list[slice] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "blocks", blocks_of(len(self.targets), self.threads))


def _source_columns(
    parameters: EtasParameters, sources: Sources
) -> tuple[SingleArray, SingleArray, SingleArray]:
    """Return ln weight, spread and magnitude above the reference of each source."""
    above = sources.above
    weight = np.log(parameters.k0) + parameters.a * above
    spread = parameters.spread_km2(above + parameters.m_ref)
    return weight.astype(np.float32), spread.astype(np.float32), above.astype(np.float32)


def _shape(parameters: EtasParameters) -> SingleArray:
    """Return what the kernels need besides the columns of sources."""
    return np.array(
        [
            parameters.c_days,
            1.0 + parameters.omega,
            1.0 / parameters.tau_days,
            1.0 + parameters.rho,
        ],
        dtype=np.float32,
    )


def triggered(
    parameters: EtasParameters,
    sources: Sources,
    targets: Targets,
    threads: int = 1,
    pairs: PairTable | None = None,
) -> FloatArray:
    """Return sums of the kernel over sources at each target, shape ``(n_targets, 8)``.

    The columns are those of :func:`mainshock.forecast.etas.kernels.sum_over_all`; the first one
    is the triggered intensity, a day and km^2.
    """
    weight, spread, above = _source_columns(parameters, sources)
    shape = _shape(parameters)
    found = np.zeros((len(targets), N_SUMS))

    def all_of(block: slice) -> None:
        sum_over_all(
            targets.time_days[block], targets.place[block], targets.before[block],
            sources.time_days, sources.place, weight, spread, above, shape, found[block],
        )  # fmt: skip

    def chosen_of(block: slice) -> None:
        if pairs is not None:
            edges = pairs.start[block.start : block.stop + 1]
            sum_over_chosen(
                edges, pairs.days, pairs.square, pairs.source, pairs.log_factor,
                weight, spread, above, shape, found[block],
            )  # fmt: skip

    blocks = blocks_of(len(targets), threads)
    in_threads(all_of if pairs is None else chosen_of, blocks, threads)
    return found


def pair_table(
    parameters: EtasParameters, problem: Problem, background: FloatArray, most: int
) -> PairTable:
    """Return about ``most`` pairs a target at most, exact at these parameters.

    Parameters
    ----------
    parameters
        Where the sums over chosen pairs are those over all.
    problem
        Events.
    background
        Background intensity at each target, a day and km^2.
    most
        Pairs that hold a larger share than ``1 / most`` of the intensity are all there.
    """
    sources, targets = problem.sources, problem.targets
    weight, spread, _ = _source_columns(parameters, sources)
    shape = _shape(parameters)
    offset = 0.02 + 0.96 * ((np.arange(len(targets)) * _GOLDEN) % 1.0)
    parts: dict[int, PairTable] = {}

    def choose(block: slice) -> None:
        parts[block.start] = PairTable(
            *choose_pairs(
                targets.time_days[block], targets.place[block], targets.before[block],
                background[block], sources.time_days, sources.place, weight, spread, shape,
                most, offset[block],
            )
        )  # fmt: skip

    in_threads(choose, problem.blocks, problem.threads)
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
class Evaluation:
    """The log-likelihood at one vector of parameters.

    Parameters
    ----------
    value
        Nats in all.
    gradient
        In the entries of the vector, shape ``(9,)``.
    information
        Sum over targets of the outer products of slopes of ln intensity, ``(9, 9)``.
    log_intensity
        Of each target.
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


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The log-likelihood as a function of parameters.

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

    def __call__(self, parameters: EtasParameters) -> Evaluation:
        """Return value and slopes."""
        problem = self.problem
        sums = triggered(parameters, problem.sources, problem.targets, problem.threads, self.pairs)
        background = parameters.mu_per_day * self.density
        intensity = np.maximum(background + sums[:, 0], 1e-300)
        slopes = self._slopes(parameters, background, sums) / intensity[:, None]
        expected, of_expected = self._expected(parameters)
        log_intensity = np.log(intensity)
        return Evaluation(
            float(log_intensity.sum() - expected),
            slopes.sum(axis=0) - of_expected,
            slopes.T @ slopes,
            log_intensity,
            expected,
            sums[:, 0],
        )

    @staticmethod
    def _slopes(parameters: EtasParameters, background: FloatArray, sums: FloatArray) -> FloatArray:
        """Return slopes of the intensity of each target, ``(n, 9)``."""
        p, q = 1.0 + parameters.omega, 1.0 + parameters.rho
        return np.column_stack(
            [
                background,
                sums[:, 0],
                sums[:, 1],
                -p * parameters.c_days * sums[:, 4],
                -sums[:, 3],
                sums[:, 2] / parameters.tau_days,
                -q * sums[:, 6],
                -q * sums[:, 7],
                -parameters.rho * sums[:, 5],
            ]
        )

    @cached_property
    def _longest(self) -> float:
        return max(self.problem.end_days - float(self.problem.sources.time_days[0]), 1.0)

    def _expected(self, parameters: EtasParameters) -> tuple[float, FloatArray]:
        """Return the integral of the intensity over region and window, and its slopes."""
        problem = self.problem
        sources = problem.sources
        table = DecayTable.of(
            parameters.c_days, parameters.omega, parameters.tau_days, self._longest
        )
        passed_end = np.maximum(problem.end_days - sources.time_days, 0.0)
        passed_start = np.maximum(problem.start_days - sources.time_days, 0.0)
        decay = table.integral(passed_end) - table.integral(passed_start)
        magnitude = sources.above + problem.m_ref
        spread = parameters.spread_km2(magnitude)
        share, of_spread, of_rho = problem.inside.share(spread, parameters.rho)
        factor = parameters.space_factor(magnitude)
        number = factor * share * decay[:, 0]
        rho = parameters.rho
        # slopes of ln(factor * share) in ln spread and in ln rho
        in_spread = number * (of_spread / share - rho)
        in_rho = number * (rho * of_rho / share - 1.0 - rho * np.log(spread))
        background = parameters.mu_per_day * (problem.end_days - problem.start_days)
        in_time = (factor * share) @ decay
        gradient = np.array(
            [
                background,
                number.sum(),
                number @ sources.above,
                -(1.0 + parameters.omega) * parameters.c_days * in_time[2],
                -in_time[1],
                in_time[3] / parameters.tau_days,
                in_spread.sum(),
                in_spread @ sources.above,
                in_rho.sum(),
            ]
        )
        return background + float(number.sum()), gradient
