"""Features of cells and days, the plain rate that trees correct, and the corrected rates."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.forecast.boosted.spread import GENERIC_KERNEL
from mainshock.forecast.boosted.trees import TreeSum
from mainshock.forecast.features.cell_rates import CellKernels
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.table import FeatureSettings, feature_blocks
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "AHEAD_DAYS",
    "CorrectedRates",
    "DailyBlock",
    "PlainRate",
    "ahead_column",
    "bounded",
    "daily_blocks",
]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

AHEAD_DAYS: tuple[int, ...] = (1, 2, 3, 5, 8, 13, 20, 30)
"""Days ahead that the trees of later days are trained on."""

# doubles of other columns, and what is no property of the seismicity
_LEFT_OUT = frozenset(
    (
        "season_sin",
        "season_cos",
        "cell_area_km2",
        "nn_log10_t",
        "nn_log10_r",
        "depth_mean_km",
        "depth_sd_km",
        "largest_365d_distance_km",
        "count_m_plus_1_30d",
        "count_m_plus_1_365d",
    )
)
_LEFT_OUT_PARTS = ("log10_moment", "benioff")
_LARGEST_CORRECTION = 2.0  # of ln rate: rows unlike all training rows stay near the plain rate


@dataclass(frozen=True, slots=True, eq=False)
class DailyBlock:
    """Features of all cells at a run of issue times.

    Parameters
    ----------
    names
        Of the features.
    issue_days
        Shape ``(n_issues,)``.
    values
        Shape ``(n_issues, n_cells, n_features)``.
    climatology
        Events a day since the first known one, always positive, ``(n_issues, n_cells)``.
    kernel
        Direct aftershocks that a generic kernel expects on the day, ``(n_ahead, ...)``: of the
        day after issue first, then of the later days asked for.
    """

    names: tuple[str, ...]
    issue_days: FloatArray
    values: SingleArray
    climatology: FloatArray
    kernel: FloatArray

    def rows(self) -> SingleArray:
        """Return the features as rows, cells fastest."""
        return self.values.reshape(-1, len(self.names))


@dataclass(frozen=True, slots=True)
class PlainRate:
    """Events a day from the climatology and a generic kernel, which trees then correct.

    ``climatology_share * climatology + kernel_factor * kernel^kernel_power``.

    Parameters
    ----------
    climatology_share, kernel_factor, kernel_power
        Fitted.
    """

    climatology_share: float = 0.4
    kernel_factor: float = 1.0
    kernel_power: float = 1.0

    def of(self, climatology: FloatArray, kernel: FloatArray) -> FloatArray:
        """Return the rate, positive."""
        triggered = self.kernel_factor * np.maximum(kernel, 0.0) ** self.kernel_power
        return np.asarray(self.climatology_share * climatology + triggered)


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedRates:
    """Plain rates times the exponential of a sum of trees, at most a factor of 7 either way.

    Parameters
    ----------
    plain
        The rate that is corrected.
    trees
        Of ln of the correction.
    """

    plain: PlainRate
    trees: TreeSum

    def of_rows(self, rows: SingleArray, plain: FloatArray) -> FloatArray:
        """Return events a day for rows of features and their plain rates."""
        return bounded(plain, self.trees.predict(rows))

    def of_block(self, block: DailyBlock, ahead: int = 0, at: int = 0) -> FloatArray:
        """Return events a day in each cell, ``(n_issues, n_cells)``.

        Parameters
        ----------
        ahead
            Days between issue and the day that is forecast; trees of later days ask for it.
        at
            Number of that day in ``block.kernel``.
        """
        plain = self.plain.of(block.climatology, block.kernel[at])
        rows = block.rows() if ahead == 0 else ahead_column(block.rows(), float(ahead))
        return self.of_rows(rows, plain.ravel()).reshape(plain.shape)


def bounded(plain: FloatArray, log_correction: FloatArray) -> FloatArray:
    """Return plain rates corrected within the bound."""
    kept = np.clip(log_correction, -_LARGEST_CORRECTION, _LARGEST_CORRECTION)
    return np.asarray(plain * np.exp(kept))


def daily_blocks(
    known: Catalogue,
    issue_days: FloatArray,
    cells: CellGrid,
    mc: float,
    ahead: tuple[int, ...] = (),
) -> Iterator[DailyBlock]:
    """Yield features at ascending issue times.

    Parameters
    ----------
    known
        Events; at each issue time those before it count.
    issue_days
        Days after 1970-01-01.
    cells, mc
        The grid and the magnitude of completeness.
    ahead
        Later days that the kernel is wanted for as well.
    """
    kernels = CellKernels.of(GENERIC_KERNEL, cells, known)
    for block in feature_blocks(known, issue_days, FeatureSettings(cells, mc)):
        kept = [k for k, name in enumerate(block.names) if not _is_left_out(name)]
        column = {name: k for k, name in enumerate(block.names)}
        own = block.values[:, :, column["rate_a_day"]].astype(np.float64)
        near = block.values[:, :, column["near_rate_a_day"]].astype(np.float64)
        least = 1e-3 * own.mean(axis=1, keepdims=True) + 1e-9
        expected = np.stack(
            [kernels.expected(block.issue_days, 1.0, delay_days=day) for day in (0, *ahead)]
        )
        values = np.concatenate(
            [block.values[:, :, kept], expected[0][:, :, None].astype(np.float32)], axis=2
        )
        yield DailyBlock(
            (*(block.names[k] for k in kept), "kernel_expected"),
            block.issue_days,
            values,
            0.95 * own + 0.05 * near / 9.0 + least,
            expected,
        )


def ahead_column(rows: SingleArray, ahead: ArrayLike) -> SingleArray:
    """Return rows of features with the days ahead as one more."""
    column = np.broadcast_to(np.asarray(ahead, dtype=np.float32), (len(rows),))
    return np.column_stack([rows, column]).astype(np.float32, copy=False)


def _is_left_out(name: str) -> bool:
    return name in _LEFT_OUT or any(part in name for part in _LEFT_OUT_PARTS)
