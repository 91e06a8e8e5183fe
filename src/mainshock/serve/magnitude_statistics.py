"""Completeness and b-value of whatever events a reader chose."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.completeness import mc_b_stability, mc_maximum_curvature
from mainshock.forecast.magnitudes import BValue, b_positive, b_tinti, rounding_of

__all__ = ["MagnitudeStatistics", "magnitude_statistics"]

FloatArray = NDArray[np.float64]
_BIN = 0.1
_CORRECTION = 0.2
_DRAWS = 200
_FEWEST = 50
_SEED = 20_240_101


@dataclass(frozen=True, slots=True)
class MagnitudeStatistics:
    """How the magnitudes of some events are distributed; None where too few tell nothing.

    Parameters
    ----------
    n
        Number of magnitudes.
    rounding
        Width that they are rounded to; 0 where to none.
    bin_width
        Of the bins that completeness was counted in.
    mc, mc_sd
        Completeness by maximum curvature plus 0.2, and its spread in 200 random
        selections with that of a bin.
    mc_stable
        Completeness from which on b stays within its error.
    used_mc
        What b counts from: ``mc``, or what the reader states.
    b, b_positive
        By Tinti and Mulargia from ``used_mc`` on; and of the steps up from event to event.
    notes
        What stands in the way, in words.
    """

    n: int
    rounding: float
    bin_width: float
    mc: float | None
    mc_sd: float | None
    mc_stable: float | None
    used_mc: float | None
    b: BValue | None
    b_positive: BValue | None
    notes: tuple[str, ...]


def magnitude_statistics(
    magnitudes: NDArray[np.floating], mc: float | None = None
) -> MagnitudeStatistics:
    """Return completeness and b-value with their uncertainty.

    Parameters
    ----------
    magnitudes
        In order of time, shape ``(n,)``; NaN is left out.
    mc
        Completeness to be used; None: the one found.

    References
    ----------
    Woessner & Wiemer (2005), https://doi.org/10.1785/0120040007; Cao & Gao (2002),
    https://doi.org/10.1029/2001GL013775; Tinti & Mulargia (1987),
    https://doi.org/10.1785/BSSA0770062125; Shi & Bolt (1982),
    https://doi.org/10.1785/BSSA0720051677; van der Elst (2021),
    https://doi.org/10.1029/2020JB021027
    """
    m = np.asarray(magnitudes, dtype=np.float64).round(4)  # they come as float32
    m = m[np.isfinite(m)]
    notes: list[str] = []
    rounding = rounding_of(m) if len(m) else 0.0
    width = max(_BIN, rounding)
    found = sd = stable = None
    if len(m) >= _FEWEST:
        found = mc_maximum_curvature(m, width, _CORRECTION)
        sd = _mc_sd(m, width)
        stable = _stable_mc(m, width)
    else:
        notes.append(f"{len(m)} magnitudes; completeness needs at least {_FEWEST}")
    used = found if mc is None else mc
    b = positive = None
    if used is not None:
        limit = used
        b = _or_note(lambda: b_tinti(m, limit, rounding), notes)
        positive = _or_note(lambda: b_positive(m, rounding), notes)
    return MagnitudeStatistics(
        len(m), rounding, width, found, sd, stable, used, b, positive, tuple(notes)
    )


def _or_note(estimate: Callable[[], BValue], notes: list[str]) -> BValue | None:
    try:
        found = estimate()
    except DataError as error:
        notes.append(str(error))
        return None
    return found if np.isfinite(found.b) else None


def _stable_mc(m: FloatArray, width: float) -> float | None:
    try:
        found = mc_b_stability(m, width).mc
    except DataError:
        return None
    return found if np.isfinite(found) else None


def _mc_sd(m: FloatArray, width: float) -> float:
    """Return how far the most frequent bin moves in random selections, with its own width."""
    place = np.floor(m / width + 0.5 + 1e-9).astype(np.int64)
    counts = np.bincount(place - place.min())
    drawn = np.random.default_rng(_SEED).multinomial(len(m), counts / len(m), size=_DRAWS)
    moved = float(drawn.argmax(axis=1).std(ddof=1)) * width
    return float(np.hypot(moved, width / np.sqrt(12.0)))
