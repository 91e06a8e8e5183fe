"""The boosted model: a rate for each cell and day, spread inside the cell."""

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast.base import FitSettings, ModelInfo, as_history, targets_of
from mainshock.forecast.boosted.daily import (
    AHEAD_DAYS,
    CorrectedRates,
    PlainRate,
    daily_blocks,
)
from mainshock.forecast.boosted.simulation import draw_catalogues
from mainshock.forecast.boosted.spread import CellSpread, fit_spread
from mainshock.forecast.boosted.training import Boosting, Trained, train
from mainshock.forecast.boosted.trees import TreeSum
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.fit_options import fit_options
from mainshock.forecast.magnitudes import MagnitudeLaw, magnitude_law
from mainshock.forecast.region import Region
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["BOOSTED", "BoostedKind", "BoostedRates", "usual_cell_deg"]

FloatArray = NDArray[np.float64]
_FILE = "boosted.npz"
_SIDES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_KM_A_DEGREE = 111.2
_MOST_CELLS = 300
_PLACES = ("longitude", "latitude", "bandwidth_km", "weight")


def usual_cell_deg(region: Region) -> float:
    """Return the side of cells, in degrees, of which about 300 at most cover a region.

    Examples
    --------
    >>> usual_cell_deg(Region.box(-122.0, 32.0, -114.0, 37.0))
    0.5
    """
    for side in _SIDES:
        if region.area_km2 / (side * _KM_A_DEGREE) ** 2 <= _MOST_CELLS:
            return side
    return _SIDES[-1]


@dataclass(frozen=True, slots=True, eq=False)
class BoostedRates:
    """Rates of cells and days by boosted trees, as an intensity in space and time.

    A day begins a whole number of days after the start of the fit. Its rates know the events
    before it, none of its own: within a day the intensity is constant in time.

    Parameters
    ----------
    info
        What it is.
    first, later
        Rates of the day after an issue time and of later ones.
    spread
        Density inside cells.
    dispersion
        Of counts.
    """

    info: ModelInfo
    first: CorrectedRates
    later: CorrectedRates
    spread: CellSpread
    dispersion: FloatArray

    @property
    def is_spatial(self) -> bool:
        """Whether it knows places: yes."""
        return True

    @property
    def cells(self) -> CellGrid:
        """Return the grid."""
        return self.spread.cells

    def log_intensity(self, targets: Catalogue, history: Catalogue) -> FloatArray:
        """Return ln intensity at each target, events a day and km^2; -inf outside the region."""
        found = np.full(len(targets), -np.inf)
        cell = self.cells.of(targets.longitude, targets.latitude)
        inside = np.flatnonzero(cell >= 0)
        if len(inside) == 0:
            return found
        chosen = targets.take(inside)
        day = self._day(chosen.time_days)
        days, at = np.unique(day, return_inverse=True)
        rates = self.daily_rates(history, days)
        issue = self.info.settings.start_days + day
        density = self.spread.log_density(chosen, issue, history)
        found[inside] = np.log(rates[at, cell[inside]]) + density
        return found

    def integral(self, history: Catalogue, start_days: float, end_days: float) -> float:
        """Return the intensity integrated over the region and a window."""
        return float(self.integrals(history, np.array([start_days, end_days]))[0])

    def integrals(self, history: Catalogue, edges_days: FloatArray) -> FloatArray:
        """Return the integrals over spans that follow each other, ``(n_edges - 1,)``."""
        first, last = self._day(np.array([edges_days[0], edges_days[-1]]))
        days = np.arange(first, last + 1.0)
        rates = self.daily_rates(history, days).sum(axis=1)
        total = np.append(0.0, np.cumsum(rates))
        start = self.info.settings.start_days
        ends = start + np.append(days, last + 1.0)
        return np.diff(np.interp(edges_days, ends, total))

    def daily_rates(self, history: Catalogue, days: FloatArray) -> FloatArray:
        """Return the expected number of each cell on days, ``(n_days, n_cells)``.

        Parameters
        ----------
        history
            Events; for each day those before it count.
        days
            Whole days after the start of the fit, ascending.
        """
        issue = self.info.settings.start_days + days
        known = history.between(-np.inf, float(issue[-1]))
        blocks = daily_blocks(known, issue, self.cells, self.info.mc)
        return np.concatenate([self.first.of_block(block) for block in blocks])

    def expected(self, history: Catalogue, start_days: float, days: float) -> FloatArray:
        """Return the numbers expected in cells on each day of a window, from its start.

        Nothing after the start is known: the first day is the first trees', later ones the
        later trees', who were trained up to 30 days ahead and are held there.

        Returns
        -------
        Shape ``(ceil(days), n_cells)``; a last day that is not whole has its part.
        """
        known = history.between(-np.inf, start_days)
        n_days = max(1, math.ceil(days - 1e-9))
        later = tuple(min(day, AHEAD_DAYS[-1]) for day in range(1, n_days))
        (block,) = daily_blocks(known, np.array([start_days]), self.cells, self.info.mc, later)
        rates = [self.first.of_block(block)[0]]
        for at, ahead in enumerate(later, start=1):
            rates.append(self.later.of_block(block, ahead, at)[0])
        length = np.minimum(days - np.arange(n_days), 1.0)
        return np.asarray(np.stack(rates) * length[:, None])

    def simulate(
        self, history: Catalogue, start_days: float, days: float, n: int, seed: int
    ) -> SimulatedCatalogues:
        """Return possible catalogues of a window, given the events before it.

        Counts of a cell and day are negative binomial around what trees for that many days ahead
        expect; events of the window trigger nothing in it.
        """
        law = MagnitudeLaw(self.info.mc, self.info.m_max, self.info.beta)
        drawn = draw_catalogues(
            self.expected(history, start_days, days),
            self.dispersion,
            self.spread,
            law,
            history.between(-np.inf, start_days),
            start_days,
            days,
            n,
            seed,
        )
        return replace(drawn, is_synthetic=self.info.is_synthetic)

    def save(self, folder: Path) -> None:
        """Write trees and spread into a folder."""
        places = self.spread.places
        numbers = {
            "cell_deg": self.cells.cell_deg,
            "floor": places.floor,
            "long_run_a_day": self.spread.long_run_a_day,
            "kernel": asdict(self.spread.parameters),
            "plain": [asdict(self.first.plain), asdict(self.later.plain)],
        }
        arrays: dict[str, Any] = {one: np.asarray(getattr(places, one)) for one in _PLACES}
        arrays |= self.first.trees.arrays("first_") | self.later.trees.arrays("later_")
        arrays |= {"dispersion": self.dispersion, "numbers": np.array(json.dumps(numbers))}
        np.savez_compressed(folder / _FILE, **arrays)

    def _day(self, time_days: FloatArray) -> FloatArray:
        """Return the number of the day that moments lie in."""
        return np.asarray(np.floor(time_days - self.info.settings.start_days))


@dataclass(frozen=True, slots=True)
class BoostedKind:
    """Fits and opens boosted rates.

    Options of a fit: ``cell_deg`` (side of cells, degrees), ``max_trees``, ``learning_rate``,
    ``leaves``, ``min_rows``, ``shrinkage``.
    """

    def fit(self, catalogue: Catalogue, settings: FitSettings) -> BoostedRates:
        """Fit trees to the counts of whole days of the window.

        Raises
        ------
        DataError
            If there are too few days or targets, no region or no places.
        SettingsError
            If an option is unknown or out of range.
        """
        begun, begun_cpu = time.perf_counter(), time.process_time()
        if settings.region is None:
            raise DataError("boosted rates need a region; give --region and events with places")
        cell_deg, boosting = _options(settings, settings.region)
        targets = targets_of(catalogue, settings)
        known = as_history(catalogue, settings, settings.end_days)
        cells = CellGrid(settings.region, cell_deg)
        days = np.arange(math.floor(settings.end_days - settings.start_days + 1e-9), dtype=float)
        trained = train(known, settings.start_days + days, cells, settings.mc, boosting)
        cut = int(len(days) * 0.75)
        later = targets.between(settings.start_days + cut, settings.end_days)
        issue = settings.start_days + np.floor(later.time_days - settings.start_days)
        spread = fit_spread(later, issue, known, cells)
        law = magnitude_law(targets.magnitude, settings.mc)
        info = _info(settings, law, targets, trained, spread)
        model = BoostedRates(info, trained.first, trained.later, spread, trained.dispersion)
        expected = model.integral(known, settings.start_days, settings.end_days)
        value = float(model.log_intensity(targets, known).sum() - expected)
        done = replace(
            info,
            log_likelihood=value,
            seconds=time.perf_counter() - begun,
            cpu_s=time.process_time() - begun_cpu,
        )
        return replace(model, info=done)

    def open(self, folder: Path, info: ModelInfo) -> BoostedRates:
        """Return the model that was saved.

        Raises
        ------
        ModelError
            If its file is missing or damaged.
        """
        path = folder / _FILE
        if info.region is None:
            raise ModelError(f"{folder} states no region; fit the model again")
        try:
            # opened here: numpy leaves a damaged file open
            with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
            return _opened(arrays, info, info.region)
        except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise ModelError(f"{path} cannot be read ({error}); fit the model again") from error


BOOSTED = BoostedKind()
"""Rates of cells and days from boosted trees on the feature table."""


def _opened(arrays: Mapping[str, NDArray[Any]], info: ModelInfo, region: Region) -> BoostedRates:
    numbers = json.loads(str(arrays["numbers"]))
    cells = CellGrid(region, numbers["cell_deg"])
    kernels = {one: arrays[one] for one in _PLACES}
    places = SmoothedPlaces(region, **kernels, floor=numbers["floor"])
    kernel = EtasParameters.from_dict(numbers["kernel"])
    first, later = (PlainRate(**one) for one in numbers["plain"])
    return BoostedRates(
        info,
        CorrectedRates(first, TreeSum.from_arrays(arrays, "first_")),
        CorrectedRates(later, TreeSum.from_arrays(arrays, "later_")),
        CellSpread(cells, places, kernel, numbers["long_run_a_day"]),
        arrays["dispersion"],
    )


def _options(settings: FitSettings, region: Region) -> tuple[float, Boosting]:
    """Return the side of cells and how trees are grown."""
    usual = Boosting(seed=settings.seed, threads=settings.threads)
    names = ("max_trees", "leaves", "min_rows", "learning_rate", "shrinkage")
    defaults = {name: getattr(usual, name) for name in names}
    given = fit_options("boosted", settings, {"cell_deg": None, **defaults})
    cell_deg = given.pop("cell_deg") or usual_cell_deg(region)
    for name in names[:3]:
        given[name] = int(given[name])
    if min(given[name] for name in names[:3]) < 2 or not 0.0 < given["learning_rate"] <= 1.0:
        raise SettingsError(
            f"options {given} are out of range; give whole numbers from 2 on and a learning_rate "
            "above 0 and at most 1"
        )
    return float(cell_deg), replace(usual, **given)


def _info(
    settings: FitSettings,
    law: MagnitudeLaw,
    targets: Catalogue,
    trained: Trained,
    spread: CellSpread,
) -> ModelInfo:
    parameters = {
        "n_trees": float(len(trained.first.trees)),
        "n_trees_later": float(len(trained.later.trees)),
        **asdict(trained.first.plain),
        "n_rows": float(trained.n_rows),
        "total_correction": trained.scale,
        "gain_of_trees": trained.gain_later,
        "dispersion_a": float(trained.dispersion[0]),
        "dispersion_b": float(trained.dispersion[1]),
        "long_run_a_day": spread.long_run_a_day,
        "kernel_d_km2": spread.parameters.d_km2,
        "cell_deg": spread.cells.cell_deg,
    }
    return ModelInfo(
        kind="boosted",
        settings=settings,
        beta=law.beta,
        m_max=law.m_max,
        n_events=len(targets),
        log_likelihood=math.nan,
        parameters=parameters,
        standard_errors=dict.fromkeys(parameters, math.nan),
        is_synthetic=targets.is_synthetic,
    )
