"""Draws catalogues of a window from rates of cells and days."""

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.boosted.spread import CellSpread
from mainshock.forecast.magnitudes import MagnitudeLaw
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["draw_catalogues"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_SQUARES = 10  # a side of a cell
_MOST_AT_ONCE = 20_000_000  # counts


def draw_catalogues(
    expected: FloatArray,
    dispersion: FloatArray,
    spread: CellSpread,
    law: MagnitudeLaw,
    known: Catalogue,
    start_days: float,
    days: float,
    n: int,
    seed: int,
) -> SimulatedCatalogues:
    """Return catalogues whose counts are negative binomial, each cell and day by itself.

    Times are even over a day, places follow the spread in squares of a tenth of a cell, the day's
    own events trigger nothing.

    Parameters
    ----------
    expected
        Of each day and cell, ``(n_days, n_cells)``; the last day may be shorter.
    dispersion
        ``a`` and ``b`` of the size ``exp(a + b ln mean)``.
    spread, law
        Of places and magnitudes.
    known
        Events before the start.
    start_days, days, n, seed
        The window, how many catalogues, and the seed.
    """
    rng = np.random.default_rng(seed)
    catalogue, day, cell = _counts(expected, dispersion, n, rng)
    m = len(catalogue)
    length = np.minimum(days - day, 1.0)
    time = day + rng.random(m) * length
    lon, lat = _places(spread, cell, known, start_days, rng)
    magnitude = law.sample(m, rng)
    order = np.lexsort((time, catalogue))
    return SimulatedCatalogues(
        start_days=start_days,
        end_days=start_days + days,
        n_catalogues=n,
        mc=law.mc,
        catalogue=catalogue[order].astype(np.int32),
        time_days=time[order],
        magnitude=magnitude[order].astype(np.float32),
        longitude=lon[order].astype(np.float32),
        latitude=lat[order].astype(np.float32),
        seed=seed,
        model="boosted",
    )


def _counts(
    expected: FloatArray, dispersion: FloatArray, n: int, rng: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    """Return catalogue, day and cell of each event."""
    n_cells = expected.shape[1]
    found = []
    at_once = max(1, _MOST_AT_ONCE // n_cells)
    for day, mean in enumerate(np.maximum(expected, 1e-12)):
        size = np.exp(np.clip(dispersion[0] + dispersion[1] * np.log(mean), -12.0, 12.0))
        for first in range(0, n, at_once):
            shape = (min(at_once, n - first), n_cells)
            count = rng.negative_binomial(size, size / (size + mean), shape)
            row, cell = np.nonzero(count)
            times = count[row, cell]
            columns = (first + row, np.full(len(row), day), cell)
            found.append(np.stack([np.repeat(one, times) for one in columns]))
    catalogue, day_of, cell_of = np.concatenate(found, axis=1) if found else np.zeros((3, 0), int)
    return catalogue, day_of, cell_of


def _places(
    spread: CellSpread,
    cell: IntArray,
    known: Catalogue,
    start_days: float,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Return longitude and latitude of an event in each cell, inside the region."""
    if len(cell) == 0:
        return np.zeros(0), np.zeros(0)
    share = spread.lattice(start_days, known, _SQUARES)
    edge = np.cumsum(share, axis=1)
    drawn = rng.random(len(cell))
    square = np.minimum((edge[cell] < drawn[:, None]).sum(axis=1), share.shape[1] - 1)
    lon, lat = spread.square_centres(_SQUARES)
    side = spread.cells.cell_deg / _SQUARES
    x, y = lon[cell, square], lat[cell, square]
    there_x = x + (rng.random(len(cell)) - 0.5) * side
    there_y = np.clip(y + (rng.random(len(cell)) - 0.5) * side, -90.0, 90.0)
    outside = ~spread.cells.region.contains(there_x, there_y)
    there_x[outside], there_y[outside] = x[outside], y[outside]
    return (there_x + 180.0) % 360.0 - 180.0, there_y
