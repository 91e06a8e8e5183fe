"""Cells of a forecast and the part of a kernel in them, beside plain numerical integration."""

import numpy as np
import pytest

from mainshock.forecast.live_circle import FadedStrengths, circle_masses
from mainshock.forecast.live_grid import ForecastGrid, decay_and_add, kernel_masses
from mainshock.forecast.long_term import Circle
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces
from mainshock.forecast.sphere import cartesian_km

REGION = Region.box(10.0, 45.0, 13.0, 47.0)
GRID = ForecastGrid.over(REGION, 700)
RHO = 0.6


def plain_mass(grid, cell, lon, lat, spread, n=60):
    """Mean of the kernel at many places of one cell, times its area."""
    row, column = divmod(cell, grid.shape[1])
    part = (np.arange(n) + 0.5) / n
    x = grid.longitude_edges[column] + part * np.diff(grid.longitude_edges)[column]
    y = grid.latitude_edges[row] + part * np.diff(grid.latitude_edges)[row]
    there = cartesian_km(*(one.ravel() for one in np.meshgrid(x, y)))
    square = ((there - cartesian_km(lon, lat)) ** 2).sum(axis=1)
    value = RHO * spread**RHO / np.pi * (square + spread) ** (-1.0 - RHO)
    return value.mean() * grid.area_km2[cell]


def test_the_finest_round_step_within_the_limit_is_taken():
    assert GRID.shape == (20, 30)
    assert ForecastGrid.over(REGION, 3000).shape == (40, 60)
    assert GRID.area_km2.sum() == pytest.approx(REGION.area_km2, rel=1e-6)
    west, south = GRID.axes()
    assert (west[0], south[-1]) == pytest.approx((10.05, 46.95))


def test_cells_that_the_outline_cuts_count_in_part():
    triangle = Region(((10.0, 45.0), (13.0, 45.0), (10.0, 47.0)))
    grid = ForecastGrid.over(triangle, 700)
    assert grid.share_inside @ grid.area_km2 == pytest.approx(triangle.area_km2, rel=5e-3)
    assert set(np.round(grid.share_inside * 25)) - {0, 25} != set()
    tiny = Region.box(11.012, 46.012, 11.024, 46.024)
    assert GRID.shares_in(tiny).max() > 0


def test_a_region_across_the_180th_meridian_has_cells_on_both_sides():
    grid = ForecastGrid.over(Region.box(178.0, -20.0, -178.0, -17.0), 2000)
    assert grid.share_inside.min() == 1.0
    mass = kernel_masses(
        grid, np.array([-179.95, 179.95]), np.array([-18.5, -18.5]), np.ones(2), RHO
    )
    west, _ = grid.middles()
    largest = west[mass.argmax(axis=1)]
    assert largest == pytest.approx([180.05, 179.95], abs=0.06)


@pytest.mark.parametrize("spread", [0.2, 30.0, 900.0])
def test_masses_are_integrals_of_the_kernel(spread):
    lon, lat = 11.537, 46.021
    mass = kernel_masses(GRID, np.array([lon]), np.array([lat]), np.array([spread]), RHO)[0]
    own = int(mass.argmax())
    for cell in (own, own + 1, own - 30, own + 31, own + 5, own - 6, own + 8, own - 240):
        fine = 400 if spread < 1.0 and cell == own else 60
        assert mass[cell] == pytest.approx(
            plain_mass(GRID, cell, lon, lat, spread, fine), rel=0.012, abs=1e-6
        )
    assert mass.sum() < 1.0
    assert (mass > 0).all()


def test_a_source_on_an_edge_or_outside_gives_no_nonsense():
    lon, lat = np.array([11.5, 9.9, 10.0, 20.0]), np.array([46.0, 44.9, 45.0, 60.0])
    mass = kernel_masses(GRID, lon, lat, np.full(4, 0.5), RHO)
    assert np.isfinite(mass).all()
    assert (mass > -1e-9).all()
    assert mass[0].sum() > 0.98
    assert mass[2].sum() == pytest.approx(0.25, abs=0.02)
    assert mass[3].sum() < 0.01


def test_a_circle_gets_what_a_simulated_kernel_sends_into_it(rng):
    n = 100_000
    middle = cartesian_km(11.0, 46.0)
    for away_deg, radius, spread in (
        (0.0, 20.0, 0.5),
        (0.25, 20.0, 4.0),
        (0.3, 20.0, 1.0),
        (3, 9, 1),
    ):
        place = cartesian_km([11.0], [46.0 + away_deg])
        distance = np.linalg.norm(place[0] - middle)
        r = np.sqrt(spread * ((1 - rng.random(n)) ** (-1 / RHO) - 1))
        turn = rng.random(n) * 2 * np.pi
        inside = np.hypot(distance + r * np.cos(turn), r * np.sin(turn)) < radius
        mass = circle_masses(place, np.array([spread]), (middle, float(radius)), RHO)
        error = 4 * np.sqrt(inside.mean() / n) + 1e-5
        assert mass == pytest.approx(inside.mean(), abs=error)


@pytest.mark.parametrize("spread", [0.2, 4.0, 300.0])
def test_masses_in_a_circle_are_fluxes_through_its_edge(spread):
    middle, radius = cartesian_km(11.0, 46.0), 20.0
    place = cartesian_km(np.full(101, 11.0), np.linspace(46.0, 48.0, 101))
    mass = circle_masses(place, np.full(101, spread), (middle, radius), RHO)
    distance = np.linalg.norm(place - middle, axis=1)[:, None]
    n = 100_000
    along = radius**2 + distance * radius * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    square = 2 * along - radius**2 + distance**2
    plain = (along / square * (1 - (1 + square / spread) ** -RHO)).mean(axis=1)
    near = np.abs(distance[:, 0] - radius) < 8.0  # there the edge is integrated by 24 nodes
    assert mass[~near] == pytest.approx(plain[~near], rel=2e-3, abs=1e-5)
    assert mass[near] == pytest.approx(plain[near], abs=2e-3)


def test_strengths_of_one_moment_give_what_each_source_gives(rng):
    n, rates = 500, np.array([0.0, 0.01, 1.0, 300.0])
    time, mass = np.sort(rng.uniform(0.0, 30.0, n)), rng.random(n)
    strength = rng.random((n, 4))
    kept, gone = FadedStrengths(rates), set()
    for known, now in ((200, 12.0), (210, 13.0), (450, 28.0), (450, 28.5), (500, 31.0)):
        if known == 450:
            gone |= {7, 440}
            strength[list(gone)] = 0.0
            for number in gone:
                kept.forget(number)
        told = kept.sums(mass[:known], strength[:known], time[:known], now)
        age = np.maximum(now - time[:known], 0.0)[:, None]
        each = mass[:known, None] * strength[:known] * np.exp(-age * rates)
        assert told == pytest.approx(each.sum(axis=0), rel=1e-12)


@pytest.mark.parametrize(
    ("lon", "lat", "radius"), [(11.52, 46.03, 25.0), (10.1, 45.2, 60.0), (12.9, 46.9, 90.0)]
)
def test_a_circle_of_several_cells_is_cut_by_distance_as_its_outline_cuts_it(lon, lat, radius):
    circle = Circle(lon, lat, radius)
    found = GRID.shares_within(cartesian_km(lon, lat), radius)
    outline = GRID.shares_in(Region(circle.outline(360)))
    assert found == pytest.approx(outline, abs=0.07)  # of one cell, by 64 places in it
    assert found @ GRID.area_km2 == pytest.approx(outline @ GRID.area_km2, rel=0.01)
    if (lon, lat) == (11.52, 46.03):
        assert found @ GRID.area_km2 == pytest.approx(circle.area_km2, rel=0.01)


def test_a_circle_across_the_180th_meridian_is_cut_by_distance():
    grid = ForecastGrid.over(Region.box(178.0, -20.0, -178.0, -17.0), 2000)
    for lon in (180.0, -180.0):
        found = grid.shares_within(cartesian_km(lon, -18.5), 50.0)
        assert found @ grid.area_km2 == pytest.approx(np.pi * 2500.0, rel=0.01)


def test_states_decay_take_in_and_never_turn_negative():
    state = np.array([[1.0, 2.0], [4.0, 1e-29], [3.0, 5.0]], dtype=np.float32)
    fading, added = np.array([[0.5, 0.01, 1.0], [0.0, -1.0, 0.0]], dtype=np.float32)
    decay_and_add(state, fading, added, np.array([1.0, 0.5], dtype=np.float32))
    assert state.tolist() == [[0.5, 1.0], [0.0, 0.0], [3.0, 5.0]]


def test_shares_of_a_density_sum_to_one():
    uniform = GRID.share_of(None)
    assert uniform.sum() == pytest.approx(1.0)
    assert uniform / GRID.area_km2 == pytest.approx(np.full(600, uniform[0] / GRID.area_km2[0]))
    places = SmoothedPlaces(REGION, *(np.array([one]) for one in (11.05, 46.05, 5.0, 1.0)))
    smooth = GRID.share_of(places)
    assert smooth.sum() == pytest.approx(1.0)
    lon, lat = (one[int(smooth.argmax())] for one in GRID.middles())
    assert (lon, lat) == pytest.approx((11.05, 46.05))
    at = np.column_stack(places.sample(20_000, np.random.default_rng(1)))
    seen = np.histogram2d(at[:, 1], at[:, 0], bins=[GRID.latitude_edges, GRID.longitude_edges])[0]
    assert smooth.max() == pytest.approx(seen.max() / 20_000, abs=0.015)


def test_a_density_far_narrower_than_a_cell_is_not_missed():
    off = SmoothedPlaces(REGION, *(np.array([one]) for one in (11.02, 46.08, 0.3, 1.0)))
    share = GRID.share_of(off)
    lon, lat = (one[int(share.argmax())] for one in GRID.middles())
    assert (lon, lat) == pytest.approx((11.05, 46.05))
    assert share.max() > 0.7
