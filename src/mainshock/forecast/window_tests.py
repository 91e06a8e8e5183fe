"""CSEP's tests and probabilities over windows that follow each other, each simulated from its past.

One window has few events; the tests say most taken together: quantiles of a right forecast are
spread evenly over windows, and its probabilities come true as often as they say.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.forecast import csep_catalogues as ensembles
from mainshock.forecast import csep_gridded as gridded
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.count_calibration import WindowForecast, randomised_pit
from mainshock.forecast.csep_catalogues import BinnedCatalogues, EnsembleTest, binned, magnitude_bin
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "PooledRates",
    "Probabilities",
    "WindowTests",
    "grid_for",
    "pooled_rates",
    "pooled_tests",
    "window_probabilities",
    "window_tests",
]

FloatArray = NDArray[np.float64]
_SIDES_DEG = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_MOST_CELLS = 400  # more would hold too few simulated events each
_STEP = 0.1
_ALIKE = 30  # cells and windows that get one probability
_ABOVE = (0.0, 0.5, 1.0, 1.5, 2.0)  # magnitudes above completeness that probabilities are given for


@dataclass(frozen=True, slots=True, eq=False)
class WindowTests:
    """Results of one test in many windows.

    Parameters
    ----------
    name
        Of the test.
    results
        Of each window.
    """

    name: str
    results: tuple[EnsembleTest, ...]

    @property
    def quantiles(self) -> FloatArray:
        """Return the place of the observed statistic among simulated ones, window by window.

        Between the share that is smaller and the share that is at most as large, at random (with
        a fixed seed): many windows hold few events, and statistics of few events tie. Windows
        where the test says nothing are left out.
        """
        high = np.array([one.at_most for one in self.results], dtype=np.float64)
        low = 1.0 - np.array([one.at_least for one in self.results], dtype=np.float64)
        found = randomised_pit(low, high)
        return np.asarray(found[np.isfinite(found)])

    def share_passed(self, level: float = 0.95) -> float:
        """Return the share of windows that pass, of those where the test speaks."""
        spoken = [one.is_passed(level) for one in self.results if one.status != "not-valid"]
        return float(np.mean(spoken)) if spoken else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        n = len(self.quantiles)
        told: dict[str, Any] = {
            "test": self.name,
            "windows": n,
            "undersampled": sum(one.status == "undersampled" for one in self.results),
            "passed_95": self.share_passed(),
        }
        if n:
            found = ensembles.calibration_test(self.quantiles)
            told["calibration"] = {"distance": found.distance, "probability": found.probability}
        return told


@dataclass(frozen=True, slots=True, eq=False)
class Probabilities:
    """Probabilities of at least one event, and whether one came.

    Parameters
    ----------
    probability, happened
        Of each window, magnitude and cell, in one row.
    what
        In words.
    """

    probability: FloatArray
    happened: NDArray[np.bool_]
    what: str


@dataclass(frozen=True, slots=True, eq=False)
class PooledRates:
    """Expected and observed numbers of all windows together.

    Parameters
    ----------
    rates, counts
        Shape ``(n_cells, n_magnitudes)``.
    variance
        Of the number of all events, from the simulations, windows taken as independent given
        their pasts.
    window_rates, window_counts
        By window and cell, shape ``(n_windows, n_cells)``.
    """

    rates: FloatArray
    counts: FloatArray
    variance: float
    window_rates: FloatArray
    window_counts: FloatArray


def grid_for(region: Region) -> CellGrid:
    """Return the finest usual grid over a region with about 400 cells or fewer."""
    west, south, east, north = region.bounds
    for side in _SIDES_DEG:
        if np.ceil((east - west) / side) * np.ceil((north - south) / side) <= _MOST_CELLS:
            break
    return CellGrid(region, side)


def window_tests(
    forecasts: Sequence[WindowForecast], info: ModelInfo, grid: CellGrid | None
) -> list[WindowTests]:
    """Return CSEP's tests of every window: N, M, and with places S and pseudo-likelihood.

    The M-test is the resampled one, which does not depend on the number of events. Tests of
    places take their rates from one half of the simulations, with half an event more in each
    cell, and the statistics from the other half, so that few simulations do no harm.

    Parameters
    ----------
    forecasts
        Of the windows.
    info
        What the model is.
    grid
        Cells; None for models of times alone.
    """
    found: dict[str, list[EnsembleTest]] = {}
    edges = _edges(info)
    for number, one in enumerate(forecasts):
        made, seen = _simulated_bins(one, edges, grid), _observed_bins(one.observed, edges, grid)
        tests = [
            ensembles.number_test(one.simulated.counts(), len(one.observed)),
            ensembles.resampled_magnitude_test(made, seen, np.random.default_rng(number)),
        ]
        if grid is not None:
            rate, half = _halves(made)
            tests.append(ensembles.spatial_test(half, seen, rate))
            tests.append(ensembles.pseudo_likelihood_test(half, seen, rate))
        for test in tests:
            found.setdefault(test.name, []).append(test)
    return [WindowTests(name, tuple(results)) for name, results in found.items()]


def pooled_rates(
    forecasts: Sequence[WindowForecast], info: ModelInfo, grid: CellGrid | None
) -> PooledRates:
    """Return expected and observed numbers of all windows; parameters as of `window_tests`.

    Raises
    ------
    DataError
        If there are no windows.
    """
    if not forecasts:
        raise DataError("no windows to pool; give a longer test")
    edges = _edges(info)
    n_cells = 1 if grid is None else len(grid)
    rates, counts = np.zeros((2, n_cells, len(edges)))
    by_window = np.zeros((2, len(forecasts), n_cells))
    variance = 0.0
    for number, one in enumerate(forecasts):
        made, seen = _simulated_bins(one, edges, grid), _observed_bins(one.observed, edges, grid)
        here = _counted(made) / made.n_catalogues
        rates, counts = rates + here, counts + _counted(seen)
        by_window[:, number] = here.sum(axis=1), _counted(seen).sum(axis=1)
        variance += float(one.simulated.counts().var())
    return PooledRates(rates, counts, variance, by_window[0], by_window[1])


def pooled_tests(pooled: PooledRates, n: int = 1000, seed: int = 0) -> list[dict[str, Any]]:
    """Return CSEP's gridded tests of all windows together, as rows of a table.

    All but the negative binomial one take events to be independent, so that clustered catalogues
    fail them more often than their level says.

    Parameters
    ----------
    pooled
        Rates and counts. Bins that no simulation reached get half an event in all simulations.
    n, seed
        Of the tests' simulations.
    """
    expected, observed = float(pooled.rates.sum()), int(pooled.counts.sum())
    number = gridded.number_test(expected, observed)
    rows = [_number_row("N (Poisson)", number)]
    if pooled.variance > expected > 0:
        wide = gridded.negative_binomial_number_test(expected, observed, pooled.variance)
        rows.append(_number_row("N (negative binomial)", wide))
    least = pooled.rates[pooled.rates > 0].min(initial=np.inf) / 2
    rates = np.where(pooled.rates > 0, pooled.rates, least if np.isfinite(least) else 1.0)
    tests = [gridded.magnitude_test]
    if len(rates) > 1:
        tests += [gridded.spatial_test, gridded.conditional_likelihood_test]
        tests += [gridded.likelihood_test, gridded.binary_spatial_test]
    for test in tests:
        found = test(rates, pooled.counts, n, seed)
        rows.append(
            {"test": found.name, "quantile": found.quantile, "passed_95": found.is_passed()}
        )
    return rows


def window_probabilities(
    forecasts: Sequence[WindowForecast], info: ModelInfo, grid: CellGrid | None
) -> list[Probabilities]:
    """Return probabilities of at least one event: in the region, and in each cell.

    A share ``k / n`` of simulations becomes ``(k + 0.5) / (n + 1)``, so that none is 0 or 1.
    Shares of cells are small, so that the largest ones are so by chance: the first half of the
    simulations tells which cells and windows are alike, the second half their probability.
    """
    whole, drawn, happened = [], [], []
    for one in forecasts:
        largest_simulated = np.full(one.simulated.n_catalogues, -np.inf)
        np.maximum.at(largest_simulated, one.simulated.catalogue, one.simulated.magnitude)
        largest = one.observed.magnitude.max(initial=-np.inf)
        for above in _ABOVE:
            least = info.mc + above - 1e-6
            whole.append(int((largest_simulated >= least).sum()))
            drawn.append(len(largest_simulated))
            happened.append(largest >= least)
    days = forecasts[0].end_days - forecasts[0].start_days if forecasts else 0.0
    what = f"at least one event in the region in {days:g} days, magnitudes {info.mc:g} to "
    p = _share(whole, drawn)
    found = [Probabilities(p, np.array(happened), f"{what}{info.mc + _ABOVE[-1]:g}")]
    if grid is not None:
        what = f"at least one event of {info.mc:g} or more in a cell of {grid.cell_deg:g}°"
        found.append(Probabilities(*_cell_probabilities(forecasts, _edges(info), grid), what))
    return found


def _cell_probabilities(
    forecasts: Sequence[WindowForecast], edges: FloatArray, grid: CellGrid
) -> tuple[FloatArray, NDArray[np.bool_]]:
    alike, reached, drawn, came = [], [], [], []
    for one in forecasts:
        made, seen = _simulated_bins(one, edges, grid), _observed_bins(one.observed, edges, grid)
        pairs = np.unique(made.catalogue * np.int64(len(grid)) + made.cell)
        number, cell = np.divmod(pairs, len(grid))
        first = made.n_catalogues // 2
        k = [
            np.bincount(cell[here], minlength=len(grid))
            for here in (number < first, number >= first)
        ]
        alike.append(k[0])
        reached.append(k[1])
        drawn.append(np.full(len(grid), made.n_catalogues - first))
        came.append(np.bincount(seen.cell, minlength=len(grid)) > 0)
    group = _groups(np.concatenate(alike))
    k_group, n_group = (np.bincount(group, np.concatenate(one)) for one in (reached, drawn))
    return _share(k_group, n_group)[group], np.concatenate(came)


def _groups(k: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return numbers of groups of equal values, neighbours together until there are enough."""
    n = np.bincount(k)
    found = np.zeros(len(n), dtype=np.int64)
    group = filled = 0
    for value, here in enumerate(n.tolist()):
        found[value] = group
        filled += here
        if filled >= _ALIKE:
            group, filled = group + 1, 0
    if filled:  # the rest joins the last whole group
        found[found == group] = max(group - 1, 0)
    return found[k]


def _halves(made: BinnedCatalogues) -> tuple[FloatArray, BinnedCatalogues]:
    """Return the rates of cells from the first half of an ensemble, and its second half."""
    first = made.n_catalogues // 2
    split = int(np.searchsorted(made.catalogue, first))
    rate = (np.bincount(made.cell[:split], minlength=made.n_cells) + 0.5) / first
    half = BinnedCatalogues(
        made.catalogue[split:] - first,
        made.cell[split:],
        made.magnitude[split:],
        made.n_catalogues - first,
        made.n_cells,
        made.n_magnitudes,
    )
    return rate, half


def _share(k: ArrayLike, n: ArrayLike) -> FloatArray:
    return (np.asarray(k, dtype=np.float64) + 0.5) / (np.asarray(n, dtype=np.float64) + 1.0)


def _edges(info: ModelInfo) -> FloatArray:
    top = max(info.mc + 3.0, min(float(info.m_max), info.mc + 6.0))
    return np.round(np.arange(info.mc, top, _STEP), 6)


def _simulated_bins(
    one: WindowForecast, edges: FloatArray, grid: CellGrid | None
) -> BinnedCatalogues:
    if grid is not None:
        return binned(one.simulated, grid.of, len(grid), edges)
    made = one.simulated
    size = magnitude_bin(made.magnitude, edges)
    kept = size >= 0
    catalogue = made.catalogue[kept].astype(np.int64)
    zeros = np.zeros(int(kept.sum()), dtype=np.int64)
    return BinnedCatalogues(catalogue, zeros, size[kept], made.n_catalogues, 1, len(edges))


def _observed_bins(
    observed: Catalogue, edges: FloatArray, grid: CellGrid | None
) -> BinnedCatalogues:
    size = magnitude_bin(observed.magnitude, edges)
    zeros = np.zeros(len(size), dtype=np.int64)
    cell = zeros if grid is None else grid.of(observed.longitude, observed.latitude)
    kept = (size >= 0) & (cell >= 0)
    n_cells = 1 if grid is None else len(grid)
    return BinnedCatalogues(zeros[kept], cell[kept], size[kept], 1, n_cells, len(edges))


def _counted(events: BinnedCatalogues) -> FloatArray:
    bins = events.cell * np.int64(events.n_magnitudes) + events.magnitude
    found = np.bincount(bins, minlength=events.n_cells * events.n_magnitudes)
    return found.reshape(events.n_cells, events.n_magnitudes).astype(np.float64)


def _number_row(name: str, found: gridded.NumberTest) -> dict[str, Any]:
    return {
        "test": name,
        "quantile": [found.at_least, found.at_most],
        "observed": found.observed,
        "expected": found.expected,
        "passed_95": found.is_passed(),
    }
