"""Ascent of a log-likelihood by scoring: steps from the information in slopes of targets."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.likelihood import Evaluation
from mainshock.forecast.etas.transform import Bounds

__all__ = ["Ascent", "ascend"]

FloatArray = NDArray[np.float64]
_LONGEST_STEP = 1.5  # in any entry of the vector
_LARGEST_DAMPING = 1e8


@dataclass(frozen=True, slots=True, eq=False)
class Ascent:
    """Where an ascent ended.

    Parameters
    ----------
    vector
        The best vector.
    evaluation
        There.
    n_evaluations
        Of value and slopes.
    has_converged
        Whether the gain still to be had fell below the tolerance.
    """

    vector: FloatArray
    evaluation: Evaluation
    n_evaluations: int
    has_converged: bool


def ascend(
    evaluate: Callable[[FloatArray], Evaluation],
    start: FloatArray,
    bounds: Bounds,
    fixed: NDArray[np.bool_],
    tolerance: float = 1e-3,
    most: int = 100,
) -> Ascent:
    """Return the maximum by damped scoring within bounds.

    For a point process the expectation of the curvature is the sum over targets of the outer
    products of slopes of ln intensity; it stands in for the curvature.

    Parameters
    ----------
    evaluate
        Value, gradient and information at a vector.
    start
        Where to begin.
    bounds
        Of each entry.
    fixed
        Entries that stay.
    tolerance
        Gain, in nats in all, below which a further step is not worth it.
    most
        Evaluations at most.
    """
    vector = bounds.clip(start)
    here = evaluate(vector)
    damping, n = 1e-3, 1
    while n < most and damping < _LARGEST_DAMPING:
        outward = ((vector <= bounds.low) & (here.gradient < 0)) | (
            (vector >= bounds.high) & (here.gradient > 0)
        )
        free = np.flatnonzero(~outward & ~fixed)
        step, gain = _step(here, free, damping)
        if gain < tolerance and damping <= 1.0:
            return Ascent(vector, here, n, True)
        there = bounds.clip(vector + step)
        found = evaluate(there)
        n += 1
        if np.isfinite(found.value) and found.value > here.value:
            good = found.value - here.value > 0.5 * gain
            damping = max(damping / (10.0 if good else 2.0), 1e-6)
            vector, here = there, found
        else:
            damping = max(damping * 8.0, 1e-3)
    return Ascent(vector, here, n, False)


def _step(here: Evaluation, free: NDArray[np.int64], damping: float) -> tuple[FloatArray, float]:
    """Return a step and the gain that it promises."""
    information = here.information[np.ix_(free, free)].copy()
    diagonal = np.diag(information).copy()
    information[np.diag_indices(len(free))] += damping * diagonal + 1e-9 * max(diagonal.max(), 1.0)
    part = np.linalg.solve(information, here.gradient[free])
    part *= min(1.0, _LONGEST_STEP / max(float(np.abs(part).max()), 1e-300))
    step = np.zeros(len(here.gradient))
    step[free] = part
    return step, float(0.5 * here.gradient[free] @ part)
