"""What a space-time ETAS model expects in each cell over the next step, from known events alone."""

from dataclasses import dataclass
from math import gamma

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.boundary import rays_of
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import cartesian_km
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["ETAS_NAMES", "CellKernels", "CellRates", "places_in_cells"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

ETAS_NAMES: tuple[str, ...] = ("etas_expected", "etas_background_share")
"""Expected number in a cell over the next step, and the background's share of it."""

_REACH_KM = 300.0  # beyond it aftershocks are too few to matter to a cell
_FAR_KM = 1000.0  # the same for kernels of the background, which reach further
_N_RAYS = 32
_STEP = 0.45  # of ln s: the sum stands for the power law to better than 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class CellKernels:
    """Direct aftershocks of events in cells.

    Aftershocks of events inside a step itself are left out: they are not known yet. After large
    events the true number is higher for that.

    Parameters
    ----------
    parameters
        Of the triggering kernel.
    n_cells
        Number of cells.
    time_days
        Of the sources.
    start, cell, mass
        Source ``i`` has ``mass[start[i]:start[i + 1]]`` aftershocks, times the integral of the
        decay in time, in those cells.
    """

    parameters: EtasParameters
    n_cells: int
    time_days: FloatArray
    start: IntArray
    cell: IntArray
    mass: FloatArray

    @classmethod
    def of(cls, parameters: EtasParameters, cells: CellGrid, sources: Catalogue) -> "CellKernels":
        """Return the kernels of events, integrated over cells."""
        factor = parameters.space_factor(sources.magnitude)
        spread = parameters.spread_km2(sources.magnitude)
        event, cell, mass = _masses(
            cells, sources.longitude, sources.latitude, spread, parameters.rho, _REACH_KM
        )
        order = np.argsort(event, kind="stable")
        start = np.append(0, np.cumsum(np.bincount(event, minlength=len(sources))))
        event, cell, mass = event[order], cell[order], mass[order]
        n = len(cells)
        return cls(parameters, n, sources.time_days, start, cell, mass * factor[event])

    def expected(
        self, issue_days: FloatArray, step_days: float, delay_days: float = 0.0
    ) -> FloatArray:
        """Return the number expected in each cell over a step after each issue time.

        Parameters
        ----------
        issue_days
            Ascending, shape ``(n_issues,)``; only sources before an issue time count for it.
        step_days
            Length of the window after each.
        delay_days
            Time between issue and the window's start.

        Returns
        -------
        Shape ``(n_issues, n_cells)``.
        """
        rate, weight = _exponentials(self.parameters)
        return _stepped(
            self.time_days,
            self.start,
            self.cell,
            self.mass,
            issue_days,
            rate,
            weight * np.exp(-rate * delay_days) * -np.expm1(-rate * step_days) / rate,
            self.n_cells,
        )


@dataclass(frozen=True, slots=True, eq=False)
class CellRates:
    """Expected numbers of background events and direct aftershocks in cells.

    Parameters
    ----------
    kernels
        Of the known events.
    background_per_day
        Expected background events a day in each cell, shape ``(n_cells,)``.
    """

    kernels: CellKernels
    background_per_day: FloatArray

    @classmethod
    def of(cls, model: SpaceTimeEtas, cells: CellGrid, known: Catalogue) -> "CellRates":
        """Return the rates that a model gives to cells, given events."""
        kernels = CellKernels.of(model.parameters, cells, known.above(model.info.mc))
        share = cells.area_km2 / cells.area_km2.sum()
        if model.background is not None:
            share = places_in_cells(model.background, cells)
        return cls(kernels, model.parameters.mu_per_day * share)

    def features(self, issue_days: FloatArray, step_days: float) -> FloatArray:
        """Return :data:`ETAS_NAMES` in each cell at each issue time, ``(n_issues, n_cells, 2)``."""
        background = self.background_per_day * step_days
        total = background + self.kernels.expected(issue_days, step_days)
        return np.stack([total, background / total], axis=2)


def places_in_cells(places: SmoothedPlaces, cells: CellGrid) -> FloatArray:
    """Return the part of a density over the region that lies in each cell; they sum to 1."""
    event, cell, mass = _masses(
        cells,
        places.longitude,
        places.latitude,
        np.asarray(places.bandwidth_km) ** 2,
        0.5,  # of the kernel h / (2 pi) (r^2 + h^2)^-1.5
        _FAR_KM,
    )
    found = np.bincount(cell, mass * places.share[event], len(cells))
    even = cells.area_km2 / cells.area_km2.sum()
    return np.asarray((1.0 - places.floor) * found / found.sum() + places.floor * even)


def _masses(
    cells: CellGrid,
    longitude: FloatArray,
    latitude: FloatArray,
    spread_km2: FloatArray,
    rho: float,
    reach_km: float,
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return numbers of places and cells within reach, and the part of the kernel inside.

    The part of a kernel beyond ``r`` is ``(1 + r^2 / spread)^-rho``.
    """
    there = cartesian_km(longitude, latitude)
    events, numbers, masses = [], [], []
    for c, centre in enumerate(cells.centres_km()):
        near = np.flatnonzero(((there - centre) ** 2).sum(axis=1) < reach_km**2)
        inside = np.zeros(len(near))
        for part in cells.parts[c]:
            rays = rays_of(part, longitude[near], latitude[near], _N_RAYS)
            of = np.repeat(np.arange(len(near)), np.diff(rays.start))
            beyond = (1 + rays.distance_km**2 / spread_km2[near][of]) ** -rho
            inside += rays.base + np.bincount(of, rays.sign * beyond, len(near))
        events.append(near)
        numbers.append(np.full(len(near), c))
        masses.append(np.clip(inside, 0.0, 1.0))
    return np.concatenate(events), np.concatenate(numbers), np.concatenate(masses)


def _exponentials(parameters: EtasParameters) -> tuple[FloatArray, FloatArray]:
    """Return decay rates a day and weights whose sum of exponentials is the kernel of time.

    ``(t + c)^-p = 1 / Gamma(p) integral of s^(p - 1) exp(-s (t + c)) ds``, trapezoid in ln s.
    """
    p = 1.0 + parameters.omega
    log_s = np.arange(np.log(1e-9), np.log(60.0 / parameters.c_days), _STEP)
    s = np.exp(log_s)
    weight = _STEP * s**p * np.exp(-s * parameters.c_days) / gamma(p)
    return s + 1.0 / parameters.tau_days, weight


@compiled
def _stepped(
    time_days: FloatArray,
    start: IntArray,
    cell: IntArray,
    mass: FloatArray,
    issue_days: FloatArray,
    rate: FloatArray,
    weight: FloatArray,
    n_cells: int,
) -> FloatArray:
    """Return the sum over nodes of ``weight`` times the decayed state, ``(n_issues, n_cells)``."""
    n_nodes = len(rate)
    state = np.zeros((n_cells, n_nodes))
    found = np.zeros((len(issue_days), n_cells))
    seen = 0
    for j in range(len(issue_days)):
        if j > 0:
            kept = np.exp(-rate * (issue_days[j] - issue_days[j - 1]))
            for c in range(n_cells):
                for k in range(n_nodes):
                    state[c, k] *= kept[k]
        while seen < len(time_days) and time_days[seen] < issue_days[j]:
            left = np.exp(-rate * (issue_days[j] - time_days[seen]))
            for m in range(start[seen], start[seen + 1]):
                for k in range(n_nodes):
                    state[cell[m], k] += mass[m] * left[k]
            seen += 1
        for c in range(n_cells):
            total = 0.0
            for k in range(n_nodes):
                total += weight[k] * state[c, k]
            found[j, c] = total
    return found
