"""Expected numbers of earthquakes in cells of space and magnitude, and their files."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.magnitudes import MagnitudeLaw
from mainshock.forecast.quadtree import divided, tile_bounds, tile_ranges, tiles_at
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, authalic_latitude

__all__ = [
    "Cells",
    "GriddedRates",
    "lon_lat_cells",
    "magnitude_edges",
    "quadtree_cells",
    "rates_of_intensity",
    "rates_of_simulated",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_DIGITS = 9  # sides of cells are round numbers of degrees
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(4)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Boxes between meridians and parallels, or tiles of a quadtree; they do not overlap.

    Parameters
    ----------
    bounds
        West, south, east, north of each in degrees, shape ``(n, 4)``. Western and southern sides
        belong to a cell.
    quadkeys
        Of tiles; empty for cells between regular meridians and parallels.

    Raises
    ------
    DataError
        If there are none, sides are in the wrong order, or cells are neither tiles nor boxes of
        one regular grid.
    """

    bounds: FloatArray
    quadkeys: tuple[str, ...] = ()
    _longitudes: FloatArray = field(init=False, repr=False)
    _latitudes: FloatArray = field(init=False, repr=False)
    _table: IntArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bounds = np.asarray(self.bounds, dtype=np.float64)
        if bounds.ndim != 2 or bounds.shape[1:] != (4,) or len(bounds) == 0:
            raise DataError(f"cells have shape {bounds.shape}; give (n, 4), n at least 1")
        if not ((bounds[:, 2] > bounds[:, 0]) & (bounds[:, 3] > bounds[:, 1])).all():
            raise DataError("a cell has west, south, east, north in this order, and an area")
        object.__setattr__(self, "bounds", bounds)
        if self.quadkeys:
            table, lon, lat = self._tile_table(), np.zeros(0), np.zeros(0)
        else:
            table, lon, lat = _box_table(bounds)
        object.__setattr__(self, "_table", table)
        object.__setattr__(self, "_longitudes", lon)
        object.__setattr__(self, "_latitudes", lat)

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.bounds)

    @property
    def area_km2(self) -> FloatArray:
        """Return the area of each cell on the ellipsoid, shape ``(n,)``."""
        west, south, east, north = self.bounds.T
        height = np.sin(authalic_latitude(north)) - np.sin(authalic_latitude(south))
        return np.asarray(AUTHALIC_RADIUS_KM**2 * np.radians(east - west) * height)

    def index_of(self, longitude: ArrayLike, latitude: ArrayLike) -> IntArray:
        """Return the cell of each place, -1 where there is none, shape ``(n_places,)``.

        Places in single precision count as the shortest decimal numbers that they stand for, as
        a reader of their text would take them.
        """
        lon, lat = _floats(longitude), _floats(latitude)
        if self.quadkeys:
            zoom = max(len(key) for key in self.quadkeys)
            code = tiles_at(lon, lat, zoom)
            at = np.searchsorted(self._table[:, 0], code, side="right") - 1
            return np.where((at >= 0) & (code < self._table[at, 1]), self._table[at, 2], -1)
        # edges are compared in the precision of the values, and so is the first
        turns = np.floor((lon - self._longitudes[0].astype(lon.dtype)) / 360.0)
        turned = np.where(turns == 0.0, lon, lon - 360.0 * turns).astype(lon.dtype)
        column = _bin(_floats(turned), self._longitudes)
        row = _bin(lat, self._latitudes)
        inside = (column < len(self._longitudes) - 1) & (row < len(self._latitudes) - 1)
        inside &= (column >= 0) & (row >= 0)
        found = self._table[np.where(inside, row, 0), np.where(inside, column, 0)]
        return np.where(inside, found, -1)

    def _tile_table(self) -> IntArray:
        """Return first and end number and the cell of tiles, sorted."""
        if len(self.quadkeys) != len(self.bounds):
            raise DataError(f"{len(self.quadkeys)} quadkeys for {len(self.bounds)} cells")
        ranges = tile_ranges(self.quadkeys, max(len(key) for key in self.quadkeys))
        order = np.argsort(ranges[:, 0], kind="stable")
        ranges = ranges[order]
        if (ranges[1:, 0] < ranges[:-1, 1]).any():
            raise DataError("tiles of the quadtree overlap; leave out those that hold others")
        return np.column_stack([ranges, order])


def _box_table(bounds: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return the cell of each row and column of a grid, and its meridians and parallels."""
    rounded = np.round(bounds, _DIGITS)
    lon = np.unique(rounded[:, [0, 2]])
    lat = np.unique(rounded[:, [1, 3]])
    column = np.searchsorted(lon, rounded[:, [0, 2]])
    row = np.searchsorted(lat, rounded[:, [1, 3]])
    if ((np.diff(column) != 1) | (np.diff(row) != 1)).any():
        raise DataError("cells are not boxes of one regular grid; give quadkeys of a quadtree")
    table = np.full((len(lat) - 1, len(lon) - 1), -1, dtype=np.int64)
    table[row[:, 0], column[:, 0]] = np.arange(len(bounds))
    if (table >= 0).sum() != len(bounds):
        raise DataError("a cell stands twice in the grid; leave one out")
    return table, lon, lat


def _floats(values: ArrayLike) -> NDArray[np.float32] | FloatArray:
    """Return an array of floats; single precision stays as it is."""
    found = np.atleast_1d(np.asarray(values))
    return found if found.dtype == np.float32 else found.astype(np.float64)


def _bin(values: NDArray[np.float32] | FloatArray, edges: FloatArray) -> IntArray:
    """Return the interval of each value, edges compared in the precision of the values."""
    single = values.astype(np.float32)
    if np.array_equal(single, values):
        return np.searchsorted(edges.astype(np.float32), single, side="right") - 1
    return np.searchsorted(edges, values, side="right") - 1


def lon_lat_cells(region: Region, cell_deg: float = 0.1) -> Cells:
    """Return cells of round degrees whose middles lie in a region, as CSEP's grids have them.

    Raises
    ------
    DataError
        If the size is not positive, or no middle lies inside.
    """
    if not 0.0 < cell_deg <= 90.0:
        raise DataError(f"cells of {cell_deg:g} degrees; give more than 0, such as 0.1")
    west, south, east, north = region.bounds
    columns = np.arange(np.floor(west / cell_deg + 1e-9), np.ceil(east / cell_deg - 1e-9))
    rows = np.arange(np.floor(south / cell_deg + 1e-9), np.ceil(north / cell_deg - 1e-9))
    column, row = (one.ravel() for one in np.meshgrid(columns, rows, indexing="ij"))
    middle_lon, middle_lat = (column + 0.5) * cell_deg, (row + 0.5) * cell_deg
    inside = shapely.intersects_xy(region.polygon, middle_lon, middle_lat)
    if not inside.any():
        raise DataError(f"no cell of {cell_deg:g} degrees has its middle in the region; give less")
    sides = np.column_stack([column, row, column + 1, row + 1])[inside]
    return Cells(np.round(sides * cell_deg, _DIGITS))


def quadtree_cells(
    region: Region,
    longitude: ArrayLike,
    latitude: ArrayLike,
    most_events: int = 10,
    max_zoom: int = 11,
) -> Cells:
    """Return tiles over a region, smaller where past events are many.

    Parameters
    ----------
    region
        Tiles that touch it are kept.
    longitude, latitude
        Of past events, degrees.
    most_events, max_zoom
        A tile with more events is divided, down to this zoom.

    Raises
    ------
    DataError
        If no tile touches the region.
    """
    keys = np.array(divided(longitude, latitude, most_events, max_zoom))
    bounds = tile_bounds(keys.tolist())
    if not region.is_globe:
        touched = np.zeros(len(keys), dtype=bool)
        for turn in (-360.0, 0.0, 360.0):  # a region across the 180th meridian has two parts
            west, south, east, north = bounds.T
            there = shapely.box(west + turn, south, east + turn, north)
            touched |= shapely.relate_pattern(region.polygon, there, "T********")
        keys, bounds = keys[touched], bounds[touched]
    if len(keys) == 0:
        raise DataError("no tile of the quadtree touches the region; it ends at 85.05 degrees")
    return Cells(bounds, tuple(keys.tolist()))


def magnitude_edges(mc: float, highest: float, step: float = 0.1) -> FloatArray:
    """Return lower ends of bins from ``mc`` up to ``highest``; the last bin has no end.

    Raises
    ------
    DataError
        If they do not grow.

    Examples
    --------
    >>> magnitude_edges(4.95, 5.25).tolist()
    [4.95, 5.05, 5.15, 5.25]
    """
    if not (step > 0 and highest >= mc):
        raise DataError(f"magnitudes from {mc:g} to {highest:g} by {step:g} are no bins")
    n = int((highest - mc) / step + 1e-6) + 1
    return np.round(mc + step * np.arange(n), _DIGITS)


@dataclass(frozen=True, slots=True, eq=False)
class GriddedRates:
    """Expected numbers of events in a window, in cells of space and magnitude.

    Parameters
    ----------
    cells
        Where.
    magnitude_edges
        Lower ends of the bins, shape ``(n_magnitudes,)``; the last one has no upper end.
    rates
        Expected numbers in the whole window, shape ``(n_cells, n_magnitudes)``.
    start_days, end_days
        The window, days after 1970-01-01; NaN where a file does not tell.
    is_used
        Which cells count, shape ``(n_cells,)``; by default all.
    depth_km
        Shallowest and deepest events that are meant.

    Raises
    ------
    DataError
        If shapes do not fit, or a rate is negative or no number.
    """

    cells: Cells
    magnitude_edges: FloatArray
    rates: FloatArray
    start_days: float = float("nan")
    end_days: float = float("nan")
    is_used: NDArray[np.bool_] | None = None
    depth_km: tuple[float, float] = (0.0, 30.0)

    def __post_init__(self) -> None:
        shape = (len(self.cells), len(self.magnitude_edges))
        if self.rates.shape != shape:
            raise DataError(f"rates have shape {self.rates.shape}; cells and bins need {shape}")
        if not (np.isfinite(self.rates).all() and (self.rates >= 0).all()):
            raise DataError("expected numbers must be 0 or more; one is negative or no number")
        if (np.diff(self.magnitude_edges) <= 0).any():
            raise DataError("lower ends of magnitude bins must grow")
        if self.is_used is None:
            object.__setattr__(self, "is_used", np.ones(shape[0], dtype=bool))

    @property
    def total(self) -> float:
        """Return the expected number in all cells and bins that count."""
        return float(self.rates[self.is_used].sum())

    def in_space(self) -> FloatArray:
        """Return the expected number of all magnitudes, shape ``(n_cells,)``."""
        return np.asarray(self.rates.sum(axis=1))

    def in_magnitude(self) -> FloatArray:
        """Return the expected number of all cells that count, shape ``(n_magnitudes,)``."""
        return np.asarray(self.rates[self.is_used].sum(axis=0))

    def counts(self, longitude: ArrayLike, latitude: ArrayLike, magnitude: ArrayLike) -> IntArray:
        """Return how many events lie in each cell and bin; those outside are left out."""
        cell = self.cells.index_of(longitude, latitude)
        size = _bin(_floats(magnitude), self.magnitude_edges)
        kept = (cell >= 0) & (size >= 0)
        n = self.rates.size
        at = cell[kept] * self.rates.shape[1] + size[kept]
        return np.bincount(at, minlength=n).reshape(self.rates.shape)


def rates_of_simulated(
    simulated: SimulatedCatalogues,
    cells: Cells,
    edges: FloatArray,
    law: MagnitudeLaw | None = None,
) -> GriddedRates:
    """Return mean counts of simulated catalogues.

    Parameters
    ----------
    edges
        Lower ends of magnitude bins.
    law
        If given, the mean count of a cell is divided among magnitudes by this law instead of by
        the events themselves: right for models whose magnitudes do not depend on place, and less
        noisy. ``law.mc`` must be that of the catalogues.

    Raises
    ------
    DataError
        If the catalogues have no places, or a bin begins below the magnitudes they are complete
        for.
    """
    if simulated.longitude is None or simulated.latitude is None:
        raise DataError("the catalogues have no places; rates in cells need a space-time model")
    if edges[0] < simulated.mc - 1e-6:
        raise DataError(
            f"bins begin at magnitude {edges[0]:g}, the catalogues at {simulated.mc:g}; begin there"
        )
    window = (simulated.start_days, simulated.end_days)
    empty = GriddedRates(cells, edges, np.zeros((len(cells), len(edges))), *window)
    if law is None:
        counts = empty.counts(simulated.longitude, simulated.latitude, simulated.magnitude)
        return GriddedRates(cells, edges, counts / simulated.n_catalogues, *window)
    cell = cells.index_of(simulated.longitude, simulated.latitude)
    mean = np.bincount(cell[cell >= 0], minlength=len(cells)) / simulated.n_catalogues
    return GriddedRates(cells, edges, mean[:, None] * _shares(law, edges), *window)


def rates_of_intensity(
    intensity: Callable[[FloatArray, FloatArray], FloatArray],
    cells: Cells,
    edges: FloatArray,
    law: MagnitudeLaw,
    start_days: float,
    end_days: float,
    region: Region | None = None,
) -> GriddedRates:
    """Return the expected numbers of a model whose rate does not change in time.

    Parameters
    ----------
    intensity
        Events of ``law.mc`` and more a day and km^2, at longitudes and latitudes.
    region
        Where the intensity holds; outside it is 0. By default everywhere.

    Notes
    -----
    Gauss's rule with four by four places in each cell, weighted by area. Cells that the outline of
    the region cuts, or kernels much narrower than a cell, are met less exactly.
    """
    west, south, east, north = cells.bounds.T
    lon = west[:, None] + (east - west)[:, None] * (1.0 + _NODES) / 2
    lat = south[:, None] + (north - south)[:, None] * (1.0 + _NODES) / 2
    n = len(_NODES)
    places = np.repeat(lon, n, axis=1).ravel(), np.tile(lat, (1, n)).ravel()
    turned = (places[0] + 180.0) % 360.0 - 180.0
    inside = np.ones(len(turned), dtype=bool) if region is None else region.contains(*places)
    value = np.zeros(len(turned))
    value[inside] = intensity(turned[inside], places[1][inside])
    # area is not spread evenly over latitudes: cos(latitude) suffices within a cell
    weight = np.cos(np.radians(lat)) * _WEIGHTS
    weight = np.tile(weight / weight.sum(axis=1, keepdims=True), (1, n))
    weight *= np.repeat(_WEIGHTS / 2.0, n)
    mean = (value.reshape(len(cells), n * n) * weight).sum(axis=1)
    number = mean * cells.area_km2 * (end_days - start_days)
    return GriddedRates(cells, edges, number[:, None] * _shares(law, edges), start_days, end_days)


def _shares(law: MagnitudeLaw, edges: FloatArray) -> FloatArray:
    """Return which part of the events of at least ``law.mc`` falls into each bin."""
    return -np.diff(law.survival(edges), append=0.0)
