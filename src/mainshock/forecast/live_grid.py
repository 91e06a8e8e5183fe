"""Cells of a forecast, the part of a kernel in each, and rates in them that decay."""

from dataclasses import dataclass, field

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray

from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, authalic_latitude, cartesian_km
from mainshock.signal.compiled import compiled

__all__ = [
    "ForecastGrid",
    "decay_and_add",
    "kernel_masses",
    "row_products",
    "weighted_sum",
]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]
_STEPS_DEG = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_FEW_NODES, _FEW_WEIGHTS = np.polynomial.legendre.leggauss(3)
_SHORT = 0.5  # sides that are so short, as seen from the source, need few nodes: to 1e-6
_NEAR = 5  # cells
_AT_ONCE = 256
_SAMPLES = 8  # along a side of a cell
_NUDGE_DEG = 1e-8
_TINY = 1e-30  # far below any rate: what decays further would slow the processor down


@dataclass(frozen=True, slots=True, eq=False)
class ForecastGrid:
    """Cells between meridians and parallels over a region.

    Parameters
    ----------
    region
        What they cover.
    longitude_edges, latitude_edges
        Degrees, growing; longitudes may run on above 180.
    share_inside
        Part of each cell in the region, shape ``(n_rows * n_columns,)``, row after row from south
        to north.
    """

    region: Region
    longitude_edges: FloatArray
    latitude_edges: FloatArray
    share_inside: FloatArray
    places: FloatArray = field(init=False, repr=False)
    area_km2: FloatArray = field(init=False, repr=False)
    authalic_edges: FloatArray = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lon, lat = self.middles()
        object.__setattr__(self, "places", cartesian_km(lon, lat))
        object.__setattr__(self, "authalic_edges", authalic_latitude(self.latitude_edges))
        sine = np.diff(np.sin(self.authalic_edges))
        across = np.diff(np.radians(self.longitude_edges))
        area = AUTHALIC_RADIUS_KM**2 * sine[:, None] * across[None, :]
        object.__setattr__(self, "area_km2", area.ravel())

    @classmethod
    def over(cls, region: Region, most_cells: int = 6000) -> "ForecastGrid":
        """Return the finest grid of round steps with at most so many cells."""
        west, south, east, north = region.bounds
        step = next(
            (
                one
                for one in _STEPS_DEG
                if (np.ceil((east - west) / one) + 1) * (np.ceil((north - south) / one) + 1)
                <= most_cells
            ),
            _STEPS_DEG[-1],
        )
        edges = [
            step * np.arange(np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9) + 1)
            for low, high in ((west, east), (south, north))
        ]
        edges[1] = np.clip(edges[1], -90.0, 90.0)
        bare = cls(region, edges[0], edges[1], np.ones((len(edges[0]) - 1) * (len(edges[1]) - 1)))
        return cls(region, edges[0], edges[1], bare.shares_in(region))

    @property
    def shape(self) -> tuple[int, int]:
        """Return the numbers of rows and columns."""
        return len(self.latitude_edges) - 1, len(self.longitude_edges) - 1

    def axes(self) -> tuple[FloatArray, FloatArray]:
        """Return the longitudes of the middles of columns, the latitudes of those of rows."""
        lon, lat = self.longitude_edges, self.latitude_edges
        return (lon[:-1] + lon[1:]) / 2, (lat[:-1] + lat[1:]) / 2

    def middles(self) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of the middle of each cell."""
        lon, lat = self.axes()
        return np.tile(lon, len(lat)), np.repeat(lat, len(lon))

    def shares_in(self, region: Region) -> FloatArray:
        """Return the part of each cell that lies in a region, shape ``(n_cells,)``."""
        found = np.zeros(self.shape)
        lon, lat = self.longitude_edges, self.latitude_edges
        for turn in (-360.0, 0.0, 360.0):
            outline = shapely.affinity.translate(region.polygon, xoff=turn)
            west, south, east, north = outline.bounds
            columns = np.flatnonzero((lon[1:] > west) & (lon[:-1] < east))
            rows = np.flatnonzero((lat[1:] > south) & (lat[:-1] < north))
            if len(columns) == 0 or len(rows) == 0:
                continue
            i, j = (one.ravel() for one in np.meshgrid(columns, rows))
            cells = shapely.box(lon[i], lat[j], lon[i + 1], lat[j + 1])
            shapely.prepare(outline)
            whole = shapely.contains(outline, cells)
            found[j[whole], i[whole]] = 1.0
            cut = ~whole & shapely.intersects(outline, cells)
            part = shapely.area(shapely.intersection(outline, cells[cut]))
            found[j[cut], i[cut]] += part / shapely.area(cells[cut])
        return np.minimum(found.ravel(), 1.0)

    def shares_within(self, place: FloatArray, radius_km: float) -> FloatArray:
        """Return the part of each cell within a distance of a place on the sphere, to 1 %.

        For a distance of several cells; cells that the circle cuts are sampled.
        """
        _, columns = self.shape
        steps = [float(np.diff(axis)[0]) for axis in (self.longitude_edges, self.latitude_edges)]
        reach = 0.75 * AUTHALIC_RADIUS_KM * np.radians(np.hypot(steps[0], steps[1]))
        away = np.linalg.norm(self.places - place, axis=1)
        found = np.where(away < radius_km, 1.0, 0.0)
        cut = np.flatnonzero(np.abs(away - radius_km) < reach)
        row, column = np.divmod(cut, columns)
        part = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
        lon = self.longitude_edges[column, None, None] + steps[0] * part[None, :, None]
        lat = self.latitude_edges[row, None, None] + steps[1] * part[None, None, :]
        shape = (len(cut), _SAMPLES, _SAMPLES)
        there = cartesian_km(np.broadcast_to(lon, shape), np.broadcast_to(lat, shape))
        found[cut] = (np.linalg.norm(there - place, axis=-1) < radius_km).mean(axis=(1, 2))
        return np.asarray(found)

    def share_of(self, places: SmoothedPlaces | None) -> FloatArray:
        """Return the part of a density in each cell, in all 1; uniform over the region for None.

        Kernels may be far narrower than cells: they are integrated, not sampled.
        """
        even: FloatArray = self.area_km2 * self.share_inside
        even = np.asarray(even / even.sum())
        if places is None:
            return even
        found = np.zeros(len(even))
        lon, lat = np.asarray(places.longitude), np.asarray(places.latitude)
        spread = np.asarray(places.bandwidth_km, dtype=np.float64) ** 2
        for first in range(0, len(lon), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            # the smoothing kernel is this one with an exponent of a half
            found += places.share[some] @ kernel_masses(
                self, lon[some], lat[some], spread[some], 0.5
            )
        found *= self.share_inside
        return np.asarray((1.0 - places.floor) * found / found.sum() + places.floor * even)


def kernel_masses(
    grid: ForecastGrid,
    longitude: FloatArray,
    latitude: FloatArray,
    spread_km2: FloatArray,
    rho: float,
) -> FloatArray:
    """Return the part of kernels in the cells of a grid, shape ``(n_sources, n_cells)``.

    The kernel is ``rho spread^rho / pi (r^2 + spread)^-(1 + rho)``. In cells near a source it is
    the flux of the field whose divergence it is; further away the value in the middle with
    a correction for its curvature.
    """
    # places are often rounded as edges are: a millimetre settles which side they are on
    lon = np.asarray(longitude, dtype=np.float64) + _NUDGE_DEG
    lat = np.minimum(np.asarray(latitude, dtype=np.float64) + _NUDGE_DEG, 90.0)
    found = np.empty((len(lon), len(grid.area_km2)))
    _masses(
        found,
        (lon, lat, authalic_latitude(lat), cartesian_km(lon, lat)),
        (np.asarray(spread_km2, dtype=np.float64), float(rho)),
        (grid.longitude_edges, grid.latitude_edges, grid.authalic_edges),
        (grid.places, grid.area_km2),
    )
    return found


@compiled
def _flux(p: float, start: float, end: float, spread: float, rho: float) -> float:
    """Flux through a straight side at distance ``p``, from ``start`` to ``end`` along it.

    What lies beyond is counted, negative: sides of a cell that do not quite meet then matter
    little, since far from the source that is little.
    """
    angle = np.arctan(end / p) - np.arctan(start / p)
    scale = np.sqrt(p * p + spread)
    low, high = np.arcsinh(start / scale), np.arcsinh(end / scale)
    nodes, weights = _NODES, _WEIGHTS
    if high - low < _SHORT:
        nodes, weights = _FEW_NODES, _FEW_WEIGHTS
    total = 0.0
    for i in range(len(nodes)):
        grown = np.exp(low + (high - low) * (nodes[i] + 1) / 2)
        y = scale * (grown - 1.0 / grown) / 2
        square = p * p + y * y
        ratio = square / spread
        density = rho / spread
        if ratio > 1e-4:
            density = (1.0 - np.exp(-rho * np.log(1.0 + ratio))) / square
        elif ratio > 1e-12:
            density *= 1.0 - (1.0 + rho) / 2 * ratio
        total += weights[i] * density * scale * (grown + 1.0 / grown) / 2
    return float((total * p * (high - low) / 2 - angle) / (2 * np.pi))


@compiled
def _masses(
    found: FloatArray,
    sources: tuple[FloatArray, FloatArray, FloatArray, FloatArray],
    kernel: tuple[FloatArray, float],
    edges: tuple[FloatArray, FloatArray, FloatArray],
    cells: tuple[FloatArray, FloatArray],
) -> None:
    lon, lat, authalic, place = sources
    spreads, rho = kernel
    places, area = cells
    power = 1.0 + rho
    for j in range(len(lon)):
        spread = spreads[j]
        front = rho * spread**rho / np.pi
        for i in range(len(area)):
            dx, dy = place[j, 0] - places[i, 0], place[j, 1] - places[i, 1]
            dz = place[j, 2] - places[i, 2]
            square = dx * dx + dy * dy + dz * dz
            u = square + spread
            # cells are about as wide as they are high: their mean, to second order
            bend = power / u * ((power + 1.0) * square / u - 1.0) * area[i] / 6.0
            found[j, i] = front * u**-power * area[i] * (1.0 + bend)
        _near_masses(found[j], lon[j], lat[j], authalic[j], edges, spread, rho)


@compiled
def _cell_of(
    lon: float, lat: float, lon_edges: FloatArray, lat_edges: FloatArray
) -> tuple[int, int]:
    """Return column and row of a place, also outside of the grid."""
    step = lon_edges[1] - lon_edges[0]
    column = int(np.floor(((lon - lon_edges[0] + 180.0) % 360.0 - 180.0) / step))
    if column < -_NEAR - 1:  # the grid may go on to the east across 180 degrees
        column = int(np.floor(((lon - lon_edges[0]) % 360.0) / step))
    row = int(np.floor((lat - lat_edges[0]) / (lat_edges[1] - lat_edges[0])))
    return column, row


@compiled
def _near_masses(
    found: FloatArray,
    lon: float,
    lat: float,
    authalic: float,
    edges: tuple[FloatArray, FloatArray, FloatArray],
    spread: float,
    rho: float,
) -> None:
    """Fill the cells about a source with the flux through their sides."""
    lon_edges, lat_edges, _ = edges
    n_rows, n_columns = len(lat_edges) - 1, len(lon_edges) - 1
    column, row = _cell_of(lon, lat, lon_edges, lat_edges)
    c0, c1 = max(column - _NEAR, 0), min(column + _NEAR + 1, n_columns)
    r0, r1 = max(row - _NEAR, 0), min(row + _NEAR + 1, n_rows)
    for r in range(r0, r1):
        found[r * n_columns + c0 : r * n_columns + c1] = 0.0
    if 0 <= column < n_columns and 0 <= row < n_rows:
        found[row * n_columns + column] = 1.0
    block = (r0, r1, c0, c1)
    _through_meridians(found, (lon, authalic), edges, block, spread, rho)
    _through_parallels(found, (lon, authalic), edges, block, spread, rho)


@compiled
def _through_meridians(
    found: FloatArray,
    source: tuple[float, float],
    edges: tuple[FloatArray, FloatArray, FloatArray],
    block: tuple[int, int, int, int],
    spread: float,
    rho: float,
) -> None:
    lon, authalic = source
    lon_edges, _, authalic_edges = edges
    r0, r1, c0, c1 = block
    n_columns = len(lon_edges) - 1
    for r in range(r0, r1):
        low = (authalic_edges[r] - authalic) * AUTHALIC_RADIUS_KM
        high = (authalic_edges[r + 1] - authalic) * AUTHALIC_RADIUS_KM
        across = np.cos((authalic_edges[r] + authalic_edges[r + 1]) / 2) * AUTHALIC_RADIUS_KM
        for c in range(c0, c1 + 1):
            turn = (lon_edges[c] - lon + 180.0) % 360.0 - 180.0
            out = _flux(np.radians(turn) * across, low, high, spread, rho)
            if c > c0:
                found[r * n_columns + c - 1] += out
            if c < c1:
                found[r * n_columns + c] -= out


@compiled
def _through_parallels(
    found: FloatArray,
    source: tuple[float, float],
    edges: tuple[FloatArray, FloatArray, FloatArray],
    block: tuple[int, int, int, int],
    spread: float,
    rho: float,
) -> None:
    lon, authalic = source
    lon_edges, _, authalic_edges = edges
    r0, r1, c0, c1 = block
    n_columns = len(lon_edges) - 1
    width = np.radians(lon_edges[1] - lon_edges[0])
    for r in range(r0, r1 + 1):
        away = (authalic_edges[r] - authalic) * AUTHALIC_RADIUS_KM
        across = np.cos(authalic_edges[r]) * AUTHALIC_RADIUS_KM
        for c in range(c0, c1):
            start = np.radians((lon_edges[c] - lon + 180.0) % 360.0 - 180.0) * across
            out = _flux(away, start, start + width * across, spread, rho)
            if r > r0:
                found[(r - 1) * n_columns + c] += out
            if r < r1:
                found[r * n_columns + c] -= out


@compiled
def decay_and_add(
    state: SingleArray, fading: SingleArray, added: SingleArray, mass: SingleArray
) -> None:
    """Decay the rows of a state, and add a kernel's masses to each, in place.

    Parameters
    ----------
    state
        Shape ``(n_nodes, n_cells)``; nothing in it turns negative.
    fading
        Factor of each row.
    added
        Factor of ``mass`` for each row.
    mass
        Shape ``(n_cells,)``.
    """
    tiny = np.float32(_TINY)
    nothing = np.float32(0.0)
    for k in range(state.shape[0]):
        fade, more = fading[k], added[k]
        if fade == 1.0 and more == 0.0:
            continue
        for i in range(state.shape[1]):
            value = state[k, i] * fade + more * mass[i]
            state[k, i] = value if value > tiny else nothing


@compiled
def weighted_sum(state: SingleArray, weight: SingleArray) -> SingleArray:
    """Return the sum of the rows of a state with weights, shape ``(n_cells,)``.

    In one thread: that of a linear algebra library would wake others for so little work.
    """
    found = np.zeros(state.shape[1], dtype=np.float32)
    for k in range(state.shape[0]):
        factor = weight[k]
        for i in range(state.shape[1]):
            found[i] += factor * state[k, i]
    return found


@compiled
def row_products(state: SingleArray, share: SingleArray) -> FloatArray:
    """Return the sum over the cells of each row, with a factor for each cell; as above."""
    found = np.zeros(state.shape[0])
    for k in range(state.shape[0]):
        total = np.float32(0.0)
        for i in range(state.shape[1]):
            total += state[k, i] * share[i]
        found[k] = total
    return found
