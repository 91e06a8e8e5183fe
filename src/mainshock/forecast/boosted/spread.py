"""Where in a cell events are expected: past places smoothed, and recent events with Omori decay."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.bandwidths import adaptive_bandwidths
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.features.cell_rates import CellKernels, places_in_cells
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import cartesian_km
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["GENERIC_KERNEL", "CellSpread", "fit_spread", "long_run_places"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

GENERIC_KERNEL = EtasParameters(
    mu_per_day=0.0,
    k0=10.0**-2.676,
    a=1.539,
    c_days=10.0**-2.798,
    omega=-0.0615,
    tau_days=10.0**3.723,
    d_km2=10.0**-0.795,
    gamma=1.022,
    rho=0.549,
    m_ref=2.5,
)
"""Kernel of M >= 2.5 in California, 1981 to 2007, as EarthquakeNPP publishes it."""

_NEIGHBOUR = 5
_WIDER = (1.0, 3.0, 9.0)  # factors of the kernel's area that are tried
_STEPS = 40  # of the share of the long run that are tried
_TABLE_STEP = 0.02


def long_run_places(known: Catalogue, cells: CellGrid) -> SmoothedPlaces:
    """Return the places of events smoothed, each up to its fifth neighbour."""
    width = adaptive_bandwidths(known.longitude, known.latitude, _NEIGHBOUR)
    return SmoothedPlaces(
        cells.region, known.longitude, known.latitude, width, np.ones(len(known)), floor=0.02
    )


@dataclass(frozen=True, slots=True, eq=False)
class CellSpread:
    """The density of events within their cell on the day after an issue time.

    Proportional to ``long_run_a_day`` times the smoothed past plus the direct aftershocks that
    known events would have on that day.

    Parameters
    ----------
    cells
        The grid.
    places
        The smoothed past.
    parameters
        Of the kernel.
    long_run_a_day
        Events a day that the smoothed past stands for, in the whole region.
    step_days
        Length of a day of the model.
    """

    cells: CellGrid
    places: SmoothedPlaces
    parameters: EtasParameters
    long_run_a_day: float
    step_days: float = 1.0

    def log_density(
        self, targets: Catalogue, issue_days: FloatArray, known: Catalogue
    ) -> FloatArray:
        """Return ln density per km^2 of targets within their own cell.

        Parameters
        ----------
        targets
            Inside the region.
        issue_days
            When the forecast for each was issued, not after it; shape ``(n_targets,)``.
        known
            Sources; those before an issue time count for it.
        """
        parts = _parts(self, targets, issue_days, known)
        return np.asarray(parts.log_density(self.long_run_a_day * self.step_days))

    def lattice(self, issue_days: float, known: Catalogue, n: int) -> FloatArray:
        """Return probabilities of ``n`` by ``n`` squares of each cell, ``(n_cells, n * n)``.

        Rows of squares run from the south, each from the west.
        """
        lon, lat = self.square_centres(n)
        inside = self.cells.region.contains(lon.ravel(), lat.ravel())
        n_places = lon.size
        places = Catalogue(
            np.full(n_places, issue_days), np.zeros(n_places), lon.ravel(), lat.ravel()
        )
        before = known.between(-np.inf, issue_days)
        long_run = self.places.density(places.longitude, places.latitude)
        density = self.long_run_a_day * self.step_days * long_run
        density += _triggered(self, places, np.full(n_places, issue_days), before)
        weight = np.where(inside, density, 0.0).reshape(len(self.cells), n * n)
        # a sliver of a cell may hold no square's middle
        weight[weight.sum(axis=1) == 0.0] = 1.0
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def square_centres(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude of the middles of squares, ``(n_cells, n * n)``."""
        offset = ((np.arange(n) + 0.5) / n - 0.5) * self.cells.cell_deg
        east, north = np.meshgrid(offset, offset)
        lon = self.cells.longitude[:, None] + east.ravel()
        return lon, np.clip(self.cells.latitude[:, None] + north.ravel(), -90.0, 90.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Long run and aftershocks at targets, and the same over their cells."""

    long_run: FloatArray
    triggered: FloatArray
    long_run_in_cell: FloatArray
    triggered_in_cell: FloatArray

    def log_density(self, weight: float) -> FloatArray:
        here = weight * self.long_run + self.triggered
        cell = weight * self.long_run_in_cell + self.triggered_in_cell
        return np.asarray(np.log(here) - np.log(cell))


def fit_spread(
    targets: Catalogue, issue_days: FloatArray, known: Catalogue, cells: CellGrid
) -> CellSpread:
    """Return the spread that fits targets best, given where events were before all of them.

    The share of the long run and the kernel's area are chosen by the likelihood of the targets'
    places within their cells. The smoothed past that is returned holds all known events.

    Parameters
    ----------
    targets, issue_days
        Events inside the region and when the forecast for each was issued.
    known
        Sources, the targets among them.
    """
    first = float(targets.time_days[0])
    earlier = known.between(-np.inf, first)
    places = long_run_places(earlier if len(earlier) >= 50 else known, cells)
    rate = len(targets) / max(float(targets.time_days[-1]) - first, 1.0)
    best, found = -np.inf, CellSpread(cells, places, GENERIC_KERNEL, rate)
    for wider in _WIDER:
        kernel = replace(
            GENERIC_KERNEL,
            d_km2=GENERIC_KERNEL.d_km2 * wider,
            k0=GENERIC_KERNEL.k0 * wider**GENERIC_KERNEL.rho,  # keeps the number
        )
        tried = replace(found, parameters=kernel)
        parts = _parts(tried, targets, issue_days, known)
        for weight in rate * np.geomspace(1e-3, 1e2, _STEPS):
            score = float(parts.log_density(weight).mean())
            if score > best:
                best, found = score, replace(tried, long_run_a_day=float(weight))
    return replace(found, places=long_run_places(known, cells))


def _parts(
    spread: CellSpread, targets: Catalogue, issue_days: FloatArray, known: Catalogue
) -> _Parts:
    cells = spread.cells
    cell = cells.of(targets.longitude, targets.latitude)
    issue, at = np.unique(issue_days, return_inverse=True)
    sources = known.between(-np.inf, float(issue[-1]))
    kernels = CellKernels.of(spread.parameters, cells, sources)
    return _Parts(
        spread.places.density(targets.longitude, targets.latitude),
        _triggered(spread, targets, issue_days, sources),
        places_in_cells(spread.places, cells)[cell],
        kernels.expected(issue, spread.step_days)[at, cell],
    )


def _triggered(
    spread: CellSpread, targets: Catalogue, issue_days: FloatArray, sources: Catalogue
) -> FloatArray:
    """Return direct aftershocks per km^2 at places over the step after an issue time."""
    p = spread.parameters
    longest = float(issue_days.max() - sources.time_days[0]) if len(sources) else 0.0
    top = np.log1p((max(longest, 0.0) + spread.step_days) / p.c_days)
    steps = np.arange(0.0, top + 2 * _TABLE_STEP, _TABLE_STEP)
    table = p.integral_to(p.c_days * np.expm1(steps))
    above = sources.magnitude - p.m_ref
    return _sums_at(
        cartesian_km(targets.longitude, targets.latitude),
        np.asarray(issue_days, dtype=np.float64),
        sources.time_days,
        cartesian_km(sources.longitude, sources.latitude),
        p.k0 * np.exp(p.a * above),
        p.spread_km2(sources.magnitude),
        1.0 + p.rho,
        p.c_days,
        spread.step_days,
        table,
    )


@compiled
def _sums_at(
    there: FloatArray,
    issue_days: FloatArray,
    time_days: FloatArray,
    places: FloatArray,
    factor: FloatArray,
    spread: FloatArray,
    q: float,
    c_days: float,
    step_days: float,
    table: FloatArray,
) -> FloatArray:
    found = np.zeros(len(there))
    for i in range(len(there)):
        total = 0.0
        for j in range(len(time_days)):
            age = issue_days[i] - time_days[j]
            if age <= 0:
                break
            x = there[i, 0] - places[j, 0]
            y = there[i, 1] - places[j, 1]
            z = there[i, 2] - places[j, 2]
            square = x * x + y * y + z * z
            if square > 90_000.0:  # beyond the reach of kernels in cells
                continue
            decay = 0.0
            for sign in (1.0, -1.0):
                passed = age + step_days if sign > 0 else age
                at = np.log(1.0 + passed / c_days) / 0.02
                k = min(int(at), len(table) - 2)
                decay += sign * (table[k] + (at - k) * (table[k + 1] - table[k]))
            total += factor[j] * decay * (square + spread[j]) ** -q
        found[i] = total
    return found
