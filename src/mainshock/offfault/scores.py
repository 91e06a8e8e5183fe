"""Scores of estimates of kinematic efficiency: every window counts, each score with its spread."""

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.offfault.base import Efficiency
from mainshock.offfault.windows import LabelledWindows

__all__ = [
    "Scores",
    "condition_of",
    "is_within_2sd",
    "score",
    "score_by_condition",
    "score_by_run",
]

FloatArray = NDArray[np.float64]
_CONDITION = re.compile(r"(?P<basal>[A-Z]{2})_(?P<rate>\d{3})(?!\d)")
_RATE_UNIT_MM_MIN = 0.01


@dataclass(frozen=True, slots=True)
class Scores:
    """How well estimates fit labelled windows.

    Parameters
    ----------
    n, n_runs
        Windows, and runs they come from.
    within_2sd
        Share of windows with an error of at most twice the SD of the label along the window. It
        favours young faults, whose SD is large.
    mae, bias
        Mean of the absolute error and of estimate minus label, in KE.
    r
        Correlation with the labels; NaN where either is constant.
    coverage90, width90
        Share of labels inside the 90 % interval, and its mean width; NaN where intervals lack.
    within_2sd95, mae95
        95 % intervals over runs drawn anew; NaN for a single run, which shows no spread.
    """

    n: int
    n_runs: int
    within_2sd: float
    mae: float
    r: float
    bias: float
    coverage90: float
    width90: float
    within_2sd95: tuple[float, float]
    mae95: tuple[float, float]


def is_within_2sd(windows: LabelledWindows, ke: FloatArray) -> NDArray[np.bool_]:
    """Return which estimates miss the label by at most twice its SD along the window."""
    return np.asarray(np.abs(windows.ke - ke) <= 2.0 * windows.sd)


def score(
    windows: LabelledWindows, efficiency: Efficiency, n_draws: int = 1000, seed: int = 0
) -> Scores:
    """Return the scores of estimates over all windows.

    Parameters
    ----------
    n_draws, seed
        Draws of runs with replacement, and their randomness.

    Raises
    ------
    DataError
        If there are no windows, or not as many estimates.
    """
    if len(windows) == 0 or len(windows) != len(efficiency):
        raise DataError(
            f"{len(windows)} labelled windows and {len(efficiency)} estimates given; "
            "give one estimate for each of at least one window"
        )
    error = efficiency.ke - windows.ke
    is_within = is_within_2sd(windows, efficiency.ke)
    has_interval = bool(np.isfinite(efficiency.hi90 - efficiency.lo90).all())
    is_covered = (efficiency.lo90 <= windows.ke) & (windows.ke <= efficiency.hi90)
    names, run = np.unique(windows.run, return_inverse=True)
    values = np.column_stack([is_within.astype(np.float64), np.abs(error)])
    spread = _interval95_over_runs(values, run, names.size, n_draws, seed)
    return Scores(
        n=len(windows),
        n_runs=int(names.size),
        within_2sd=float(is_within.mean()),
        mae=float(np.abs(error).mean()),
        r=_correlation(windows.ke, efficiency.ke),
        bias=float(error.mean()),
        coverage90=float(is_covered.mean()) if has_interval else float("nan"),
        width90=float((efficiency.hi90 - efficiency.lo90).mean()),
        within_2sd95=spread[0],
        mae95=spread[1],
    )


def score_by_run(windows: LabelledWindows, efficiency: Efficiency) -> dict[str, Scores]:
    """Return the scores of each run, in the order of their names."""
    return _score_groups(windows, efficiency, windows.run)


def score_by_condition(windows: LabelledWindows, efficiency: Efficiency) -> dict[str, Scores]:
    """Return the scores of each basal condition and rate that names of runs tell."""
    groups = np.array([condition_of(str(name)) for name in windows.run])
    return _score_groups(windows, efficiency, groups)


def condition_of(run: str) -> str:
    """Return the basal condition and the loading rate that a run's name tells.

    Examples
    --------
    >>> condition_of("EB_050_1")
    'EB 0.50 mm/min'
    >>> condition_of("fig3_t1")
    'other'
    """
    found = _CONDITION.match(run)
    if found is None:
        return "other"
    return f"{found['basal']} {int(found['rate']) * _RATE_UNIT_MM_MIN:.2f} mm/min"


def _score_groups(
    windows: LabelledWindows, efficiency: Efficiency, groups: NDArray[np.str_]
) -> dict[str, Scores]:
    found = {}
    for name in np.unique(groups):
        rows = groups == name
        found[str(name)] = score(windows.take(rows), efficiency.take(rows))
    return found


def _correlation(label: FloatArray, estimate: FloatArray) -> float:
    if label.std() == 0.0 or estimate.std() == 0.0:
        return float("nan")
    return float(np.corrcoef(label, estimate)[0, 1])


def _interval95_over_runs(
    values: FloatArray, run: NDArray[np.int64], n_runs: int, n_draws: int, seed: int
) -> list[tuple[float, float]]:
    """Return the interval of the mean of each column over runs drawn with replacement."""
    if n_runs < 2:
        return [(float("nan"), float("nan"))] * values.shape[1]
    rng = np.random.default_rng(seed)
    times = rng.multinomial(n_runs, np.full(n_runs, 1.0 / n_runs), size=n_draws)
    count = times @ np.bincount(run, minlength=n_runs)
    intervals = []
    for column in values.T:
        means = times @ np.bincount(run, column, minlength=n_runs) / count
        low, high = np.percentile(means, [2.5, 97.5])
        intervals.append((float(low), float(high)))
    return intervals
