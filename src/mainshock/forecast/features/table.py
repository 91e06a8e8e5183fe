"""The feature table: one row for each cell and issue time, known events on it, the next window."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.features.cell_rates import ETAS_NAMES, CellRates
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.clock import eras
from mainshock.forecast.features.regime import REGIME_NAMES, tectonic_regime
from mainshock.forecast.features.sequences import (
    SEQUENCE_NAMES,
    nearest_parents,
    sequence_features,
)
from mainshock.forecast.features.windows import decayed_sums, window_sums
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = [
    "DECAY_DAYS",
    "WINDOW_DAYS",
    "FeatureSettings",
    "FeatureTable",
    "feature_blocks",
    "targets",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

WINDOW_DAYS: tuple[float, ...] = (1.0, 3.0, 7.0, 30.0, 90.0, 365.0, 1825.0)
"""Windows over which events are counted."""

DECAY_DAYS: tuple[float, ...] = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""Decay times of the sums that stand for Omori's law."""

_ENERGY_DAYS = (30.0, 365.0, 1825.0)
_ALPHA = 0.8  # decimal productivity of an event in the decaying sums
_B, _DF = 1.0, 1.6
_PRIOR_DAYS = 365.0
_ROWS_A_BLOCK = 200_000
_YEAR = 365.25
_TURN = 2.0 * np.pi


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSettings:
    """What a feature table holds.

    Parameters
    ----------
    cells
        The grid.
    mc
        Events below do not count.
    step_days
        Length of the window that a row is for.
    target_mc
        Magnitude from which on events of the window are counted; ``mc`` by default.
    bin_width
        Rounding of magnitudes, for b-values.
    etas
        Space-time model whose expected number becomes a feature.
    with_regime
        Whether columns of the tectonic regime are wanted; they need usgs-strec.

    Raises
    ------
    SettingsError
        If a number is out of range.
    """

    cells: CellGrid
    mc: float
    step_days: float = 1.0
    target_mc: float | None = None
    bin_width: float = 0.1
    etas: SpaceTimeEtas | None = None
    with_regime: bool = False

    def __post_init__(self) -> None:
        if not self.step_days > 0:
            raise SettingsError(f"steps of {self.step_days:g} days; give a positive number")
        if self.target_mc is not None and self.target_mc < self.mc:
            raise SettingsError(
                f"targets from magnitude {self.target_mc:g} need a catalogue complete there; "
                f"events below {self.mc:g} are not counted"
            )


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Features of every cell at a run of issue times.

    Parameters
    ----------
    names
        Of the features.
    issue_days
        Days after 1970-01-01, shape ``(n_issues,)``.
    values
        Shape ``(n_issues, n_cells, n_features)``, float32; NaN where nothing is known.
    """

    names: tuple[str, ...]
    issue_days: FloatArray
    values: NDArray[np.float32]

    def rows(self) -> NDArray[np.float32]:
        """Return the values as ``(n_issues * n_cells, n_features)``, cells fastest."""
        return self.values.reshape(-1, len(self.names))


def feature_blocks(
    catalogue: Catalogue, issue_days: FloatArray, settings: FeatureSettings
) -> Iterator[FeatureTable]:
    """Yield the features of a run of issue times after another, each from what was known then.

    Parameters
    ----------
    catalogue
        Events; of those at or after an issue time, and of revisions published later, nothing
        enters its features.
    issue_days
        Ascending, days after 1970-01-01.
    settings
        What is wanted.

    Raises
    ------
    DataError
        If events have no places, or issue times do not ascend.
    """
    if not catalogue.has_places:
        raise DataError("features of cells need events with longitude and latitude")
    wanted = _ever_above(catalogue, settings.mc)
    fixed_names, fixed = _fixed_columns(settings)
    per_block = max(1, _ROWS_A_BLOCK // max(1, len(settings.cells)))
    for era in eras(wanted, issue_days):
        # after the clock: an event that was revised to a smaller magnitude is gone
        seen = _Seen.of(era.known.above(settings.mc), settings)
        for first in range(era.first, era.last, per_block):
            issue = issue_days[first : min(first + per_block, era.last)]
            groups = [*seen.groups(issue, settings), (fixed_names, fixed)]
            names = tuple(name for group, _ in groups for name in group)
            values = np.empty((len(issue), len(settings.cells), len(names)), dtype=np.float32)
            at = 0
            for group, columns in groups:
                values[:, :, at : at + len(group)] = columns
                at += len(group)
            yield FeatureTable(names, issue, values)


def targets(catalogue: Catalogue, issue_days: FloatArray, settings: FeatureSettings) -> IntArray:
    """Return the number of events of the next window in each cell, ``(n_issues, n_cells)``.

    Events of ``issue <= time < issue + step`` inside the region count, each in its last version.
    """
    last = catalogue.as_of(np.inf).above(
        settings.mc if settings.target_mc is None else settings.target_mc
    )
    last = last.take(settings.cells.region.contains(last.longitude, last.latitude))
    cell = settings.cells.of(last.longitude, last.latitude)
    first = np.searchsorted(last.time_days, issue_days, side="left")
    end = np.searchsorted(last.time_days, issue_days + settings.step_days, side="left")
    size = end - first
    event = np.repeat(first - np.cumsum(size) + size, size) + np.arange(int(size.sum()))
    row = np.repeat(np.arange(len(issue_days)), size)
    there = cell[event] >= 0
    n = len(settings.cells)
    found = np.bincount(row[there] * n + cell[event][there], minlength=len(issue_days) * n)
    return found.reshape(len(issue_days), n).astype(np.int64)


def _ever_above(catalogue: Catalogue, mc: float) -> Catalogue:
    """Return all versions of the events of which a version counts."""
    names = {str(one) for one in catalogue.above(mc).event_id if one}
    if not names:
        return catalogue.above(mc)
    is_version = np.isin(catalogue.event_id.astype(str), sorted(names))
    unnamed = catalogue.take(catalogue.event_id == "").above(mc)
    return Catalogue.joined([catalogue.take(is_version), unnamed])


def _fixed_columns(settings: FeatureSettings) -> tuple[tuple[str, ...], FloatArray]:
    """Return what no event changes: the place of each cell and its regime."""
    cells = settings.cells
    columns = np.column_stack([cells.longitude, cells.latitude, cells.area_km2])
    names: tuple[str, ...] = ("cell_longitude", "cell_latitude", "cell_area_km2")
    if settings.with_regime:
        regime = tectonic_regime(cells.longitude, cells.latitude)
        columns = np.column_stack([columns, regime])
        names = (*names, *(f"is_{name}" for name in REGIME_NAMES))
    return names, columns


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """Events with the cells that they lie in and near, and all that is the same in every block."""

    known: Catalogue
    own: tuple[IntArray, IntArray]
    near: tuple[IntArray, IntArray]
    parents: FloatArray
    etas: CellRates | None

    @classmethod
    def of(cls, known: Catalogue, settings: FeatureSettings) -> "_Seen":
        cells = settings.cells
        cell = cells.of(known.longitude, known.latitude)
        inside = np.flatnonzero(cell >= 0)
        places = cartesian_km(known.longitude, known.latitude)
        return cls(
            known=known,
            own=(inside, cell[inside]),
            near=cells.near(known.longitude, known.latitude),
            parents=nearest_parents(known.time_days, places, known.magnitude, _B, _DF),
            etas=None if settings.etas is None else CellRates.of(settings.etas, cells, known),
        )

    def groups(
        self, issue: FloatArray, settings: FeatureSettings
    ) -> Iterator[tuple[tuple[str, ...], FloatArray]]:
        """Yield names and columns, ``(n_issues, n_cells, n_names)``, group by group."""
        for name, column in self._sums(issue, settings):
            yield (name,), column[:, :, None]
        yield from self._decays(issue, settings)
        yield SEQUENCE_NAMES, self._sequences(issue, settings)
        year = _TURN * ((issue % _YEAR) / _YEAR)
        season = np.column_stack([np.sin(year), np.cos(year)])
        yield ("season_sin", "season_cos"), season[:, None, :]
        if self.etas is not None:
            yield ETAS_NAMES, self.etas.features(issue, settings.step_days)

    def _sums(
        self, issue: FloatArray, settings: FeatureSettings
    ) -> Iterator[tuple[str, FloatArray]]:
        """Yield counts, moment and strain over windows, and the long-run rate."""
        known, n_cells = self.known, len(settings.cells)
        above = known.magnitude - settings.mc
        ones = np.ones(len(known))
        large = (above >= 1.0 - 1e-6).astype(np.float64)
        moment, strain = 10.0 ** (1.5 * above), 10.0 ** (0.75 * above)  # of those at mc
        for where, (event, cell) in (("", self.own), ("near_", self.near)):
            time = known.time_days[event]

            def window(value: FloatArray, days: float) -> FloatArray:
                found = window_sums(time, cell, value[event], issue, n_cells, days)  # noqa: B023
                found[found < 0.5] = 0.0  # all events are gone: rounding is left
                return found

            for days in WINDOW_DAYS:
                yield f"{where}count_{days:g}d", window(ones, days)
            for days in _ENERGY_DAYS:
                scaled = window(moment, days) * 10.0 ** (1.5 * settings.mc + 9.05)  # N m
                yield f"{where}log10_moment_{days:g}d", np.log10(1.0 + scaled)
                scaled = window(strain, days) * 10.0 ** (0.75 * settings.mc + 2.4)  # J^0.5
                yield f"{where}benioff_{days:g}d", scaled
            for days in (30.0, 365.0):
                yield f"{where}count_m_plus_1_{days:g}d", window(large, days)
            yield f"{where}rate_a_day", self._long_run_rate(window(ones, np.inf), issue)

    def _long_run_rate(self, every: FloatArray, issue: FloatArray) -> FloatArray:
        """Return events a day since the first one; a year at the mean of all cells comes before."""
        start = self.known.time_days[0] if len(self.known) else np.inf
        elapsed = np.maximum(issue - start, 0.0)[:, None]
        mean = every.mean(axis=1, keepdims=True) / (elapsed + 1.0)
        return np.asarray((every + mean * _PRIOR_DAYS) / (elapsed + _PRIOR_DAYS))

    def _decays(
        self, issue: FloatArray, settings: FeatureSettings
    ) -> Iterator[tuple[tuple[str, ...], FloatArray]]:
        """Yield productivity-weighted decaying sums."""
        weight = 10.0 ** (_ALPHA * (self.known.magnitude - settings.mc))
        for where, (event, cell) in (("", self.own), ("near_", self.near)):
            sums = decayed_sums(
                self.known.time_days[event],
                cell,
                weight[event],
                issue,
                len(settings.cells),
                np.asarray(DECAY_DAYS),
            )
            names = tuple(f"{where}omori_{days:g}d" for days in DECAY_DAYS)
            yield names, np.moveaxis(sums, 1, 2)

    def _sequences(self, issue: FloatArray, settings: FeatureSettings) -> FloatArray:
        event, cell = self.near
        order = np.argsort(cell, kind="stable")  # keeps the order of time within a cell
        n = np.bincount(cell, minlength=len(settings.cells))
        known = self.known
        return sequence_features(
            np.append(0, np.cumsum(n)).astype(np.int64),
            event[order].astype(np.int64),
            known.time_days,
            known.magnitude,
            known.depth_km,
            cartesian_km(known.longitude, known.latitude),
            self.parents,
            settings.cells.centres_km(),
            issue,
            settings.mc,
            settings.bin_width,
        )
