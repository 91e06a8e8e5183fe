"""Cells over a region, and what ETAS kernels put into them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

sys.path.insert(0, str(Path(__file__).parent))
from plain_features import BOX, made_events

from mainshock.core.errors import SettingsError
from mainshock.forecast.base import FitSettings
from mainshock.forecast.etas.kinds import ETAS
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.features.cell_rates import CellKernels, CellRates, places_in_cells
from mainshock.forecast.features.cells import CellGrid
from mainshock.forecast.features.windows import decayed_sums, window_sums
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

TRIANGLE = Region(((10.0, 40.0), (12.2, 40.0), (10.0, 42.2)))
KERNEL = EtasParameters(0.1, 0.02, 1.5, 0.01, -0.05, 2000.0, 1.0, 1.0, 0.6, 3.0)


def test_cells_cover_a_region_once():
    cells = CellGrid(TRIANGLE, 0.5)
    assert cells.area_km2.sum() == pytest.approx(TRIANGLE.area_km2, rel=1e-4)
    rng = np.random.default_rng(2)
    lon, lat = rng.uniform(10, 12.2, 4000), rng.uniform(40, 42.2, 4000)
    inside = TRIANGLE.contains(lon, lat)
    found = cells.of(lon, lat)
    assert (found[inside] >= 0).all()
    assert (np.abs(cells.longitude[found[inside]] - lon[inside]) <= 0.25).all()
    assert (np.abs(cells.latitude[found[inside]] - lat[inside]) <= 0.25).all()
    share = np.bincount(found[inside], minlength=len(cells)) / inside.sum()
    assert share == pytest.approx(cells.area_km2 / cells.area_km2.sum(), abs=0.02)


def test_far_places_have_no_cell_and_outlines_do():
    cells = CellGrid(BOX, 0.5)
    assert cells.of([-119.0, -117.0, 62.0], [34.0, 36.0, 34.0]).tolist() == [-1, -1, -1]
    assert cells.of([-116.0, -118.0], [35.0, 33.0]).tolist() == [15, 0]


def test_near_places_are_those_of_nine_cells():
    cells = CellGrid(BOX, 0.5)
    place, cell = cells.near([-117.25, -118.2, -119.2], [34.25, 32.9, 34.0])
    assert cell[place == 0].tolist() == [4, 5, 6, 8, 9, 10, 12, 13, 14]
    assert cell[place == 1].tolist() == [0]  # outside, next to the corner
    assert 2 not in place


def test_cells_of_the_globe_have_neighbours_across_the_180th_meridian():
    cells = CellGrid(Region.globe(), 30.0)
    _, cell = cells.near([179.0], [10.0])
    assert set(np.sign(cells.longitude[cell])) == {-1.0, 1.0}
    assert len(cell) == 9


def test_a_region_across_the_180th_meridian_has_its_places():
    cells = CellGrid(Region.box(175.0, -40.0, -175.0, -30.0), 5.0)
    found = cells.of([-179.0, 179.0, 0.0], [-35.5, -35.5, -35.5])
    assert cells.longitude[found[:2]].tolist() == [-177.5, 177.5]
    assert found[2] == -1


def test_cells_that_make_no_sense_are_refused():
    with pytest.raises(SettingsError, match="positive"):
        CellGrid(BOX, 0.0)
    with pytest.raises(SettingsError, match="larger cells"):
        CellGrid(Region.globe(), 0.1)


def test_window_sums_are_those_of_plain_loops():
    rng = np.random.default_rng(5)
    time, cell = np.sort(rng.uniform(0, 60, 80)), rng.integers(0, 3, 80)
    time[10] = 20.0  # at an issue time, and a window before another
    value, issue = rng.uniform(0, 2, 80), np.array([5.0, 20.0, 20.5, 30.0, 70.0])
    for days in (0.5, 10.0, np.inf):
        found = window_sums(time, cell, value, issue, 3, days)
        for j, at in enumerate(issue):
            for c in range(3):
                counts = (time < at) & (time >= at - days) & (cell == c)
                assert found[j, c] == pytest.approx(value[counts].sum(), abs=1e-9)
    decay = np.array([1.0, 30.0])
    found = decayed_sums(time, cell, value, issue, 3, decay)
    for j, at in enumerate(issue):
        for k in range(2):
            for c in range(3):
                counts = (time < at) & (cell == c)
                expected = (value[counts] * np.exp((time[counts] - at) / decay[k])).sum()
                assert found[j, k, c] == pytest.approx(expected, abs=1e-9)


def squares(cells: CellGrid, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Middles of small squares of each whole cell as points, and their areas, km^2."""
    offset = ((np.arange(n) + 0.5) / n - 0.5) * cells.cell_deg
    lon = cells.longitude[:, None] + np.tile(offset, n)
    lat = cells.latitude[:, None] + np.repeat(offset, n)
    weight = np.cos(np.radians(lat))
    area = cells.area_km2[:, None] * weight / weight.sum(axis=1, keepdims=True)
    return lon, lat, area


def test_direct_aftershocks_in_cells_are_the_kernel_integrated():
    cells = CellGrid(BOX, 0.5)
    sources = Catalogue(
        np.array([5.0, 9.9, 10.0]), np.array([5.5, 4.0, 6.0]),
        np.array([-117.1, -116.55, -117.0]), np.array([34.1, 33.4, 34.0]),
    )  # fmt: skip
    kernels = CellKernels.of(KERNEL, cells, sources)
    found = kernels.expected(np.array([7.0, 10.0]), 3.0, delay_days=1.0)
    lon, lat, area = squares(cells, 60)
    there = cartesian_km(lon.ravel(), lat.ravel())
    for j, issue in enumerate((7.0, 10.0)):
        expected = np.zeros(len(cells))
        for i in np.flatnonzero(sources.time_days < issue):
            spread = float(KERNEL.spread_km2(sources.magnitude[i]))
            place = cartesian_km(sources.longitude[[i]], sources.latitude[[i]])
            square = ((there - place) ** 2).sum(axis=1).reshape(lon.shape)
            density = KERNEL.k0 * np.exp(KERNEL.a * (sources.magnitude[i] - 3.0))
            density = density * (square + spread) ** -(1 + KERNEL.rho)
            age = issue + 1.0 - sources.time_days[i]
            decay, _ = quad(
                lambda t: (t + KERNEL.c_days) ** -(1 + KERNEL.omega) * np.exp(-t / KERNEL.tau_days),
                age, age + 3.0,
            )  # fmt: skip
            expected += (density * area).sum(axis=1) * decay
        # the sum over small squares is coarse where the kernel peaks
        assert found[j] == pytest.approx(expected, rel=0.05, abs=2e-4 * expected.sum())
        assert found[j].sum() == pytest.approx(expected.sum(), rel=0.02)


def test_smoothed_places_in_cells_add_up_to_one_and_follow_their_density():
    cells = CellGrid(BOX, 0.5)
    places = SmoothedPlaces(
        BOX, np.array([-117.1, -116.4]), np.array([34.1, 33.3]), np.array([6.0, 15.0]),
        np.ones(2), floor=0.1,
    )  # fmt: skip
    found = places_in_cells(places, cells)
    assert found.sum() == pytest.approx(1.0)
    lon, lat, area = squares(cells, 60)
    density = places.density(lon.ravel(), lat.ravel()).reshape(lon.shape)
    assert found == pytest.approx((density * area).sum(axis=1), rel=0.03, abs=1e-3)


def test_features_of_etas_add_background_and_aftershocks():
    events = made_events()
    model = ETAS.fit(events.between(-np.inf, 600.0), FitSettings(50.0, 600.0, 3.0, BOX))
    assert isinstance(model, SpaceTimeEtas)
    cells = CellGrid(BOX, 0.5)
    rates = CellRates.of(model, cells, events)
    issue = np.array([610.0, 641.0])
    found = rates.features(issue, 2.0)
    background = 2.0 * rates.background_per_day
    assert background.sum() == pytest.approx(2.0 * model.parameters.mu_per_day)
    assert found[:, :, 0] == pytest.approx(background + rates.kernels.expected(issue, 2.0))
    assert found[:, :, 1] == pytest.approx(background / found[:, :, 0])
    assert found[1, :, 0].sum() > found[0, :, 0].sum()  # a sequence began at 640
