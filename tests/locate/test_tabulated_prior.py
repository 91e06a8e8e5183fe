"""A prior as a table: against SciPy's interpolation, and what stays when it is made coarser."""

import pickle

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.locate.priors import Prior, SmoothPrior
from mainshock.locate.tabulated_prior import TabulatedPrior

SHAPE, LOW, SPACING, BACKGROUND = (9, 7, 5), (-8.0, -6.0, -1.0), 2.0, 1e-6


@pytest.fixture
def prior(frame, rng):
    table = rng.gamma(0.5, 1e-3, SHAPE).astype(np.float32)
    return TabulatedPrior(frame, LOW, SPACING, table, BACKGROUND)


def axes_of(prior):
    return [
        low + prior.spacing_km * np.arange(n)
        for low, n in zip(prior.low_km, prior.density_km3.shape, strict=True)
    ]


def density(prior, east, north, depth_km):
    return np.exp(prior.log_density(*prior.frame.to_geographic(east, north), depth_km))


def test_is_a_prior_that_knows_itself_from_afar(prior):
    assert isinstance(prior, Prior)
    assert isinstance(prior, SmoothPrior)


def test_between_centres_it_is_linear(prior, rng):
    points = np.column_stack([rng.uniform(axis[0], axis[-1], 400) for axis in axes_of(prior)])
    expected = RegularGridInterpolator(axes_of(prior), prior.density_km3)(points) + BACKGROUND
    # the way to degrees and back is good to a micrometre
    np.testing.assert_allclose(density(prior, *points.T), expected, rtol=1e-5, atol=1e-10)


def test_at_the_edge_it_fades_within_one_cell(prior, rng):
    """As if a layer of empty cells lay around the table."""
    padded = np.pad(prior.density_km3, 1)
    axes = [np.concatenate([[a[0] - SPACING], a, [a[-1] + SPACING]]) for a in axes_of(prior)]
    points = np.column_stack([rng.uniform(a[0] + 1e-3, a[-1] - 1e-3, 400) for a in axes])
    expected = RegularGridInterpolator(axes, padded)(points) + BACKGROUND
    np.testing.assert_allclose(density(prior, *points.T), expected, rtol=1e-5, atol=1e-10)


@pytest.mark.parametrize(
    "place",
    [(200.0, 0.0, 3.0), (-200.0, 0.0, 3.0), (0.0, 200.0, 3.0), (0.0, 0.0, 200.0)],
)
def test_far_outside_is_less_than_a_thousandth_of_the_background(prior, place):
    assert 0.0 < density(prior, *map(np.array, place)) < 1.01e-3 * BACKGROUND


@pytest.mark.parametrize("spacing_km", [0.25, 2.0, 8.0])
def test_all_that_lies_outside_holds_little(frame, spacing_km):
    """A P alone must not be located nowhere: a thousand kilometres around are a large volume."""
    table = np.ones((9, 9, 9), np.float32)
    low = (-4.0 * spacing_km, -4.0 * spacing_km, 0.0)
    volume = table.size * spacing_km**3
    prior = TabulatedPrior(frame, low, spacing_km, 0.98 * table / volume, 0.02 / volume)
    rng = np.random.default_rng(0)
    # even in the logarithm of the distance from the middle, from within the table to 1000 km
    n, middle_km = 40_000, 4.0 * spacing_km
    inner_km = 5.0 * spacing_km
    away = inner_km * (1000.0 / inner_km) ** rng.random(n)
    direction = rng.standard_normal((3, n))
    east, north, down = away * direction / np.linalg.norm(direction, axis=0)
    depth = middle_km + down
    is_earth = (depth > 0.0) & (depth < 700.0)
    found = density(prior, east, north, depth) * is_earth
    outside = 4.0 * np.pi * (found * away**3).mean() * np.log(1000.0 / inner_km)
    assert outside < 0.5


def test_places_broadcast(prior):
    longitude, latitude = np.full((4, 1), 13.0), np.full((1, 3), 46.0)
    found = prior.log_density(longitude[:, :, None], latitude[:, :, None], np.zeros(2))
    assert found.shape == (4, 3, 2)
    assert np.ptp(found) == 0.0
    assert prior.log_density(13.0, 46.0, 0.0).shape == ()


@pytest.mark.parametrize("width_km", [3.9, 4.1, 7.0, 9.0, 1e4])
def test_a_smoothed_prior_holds_the_same_mass(prior, width_km):
    coarse = prior.smoothed(width_km)
    masses = [one.density_km3.sum(dtype=float) * one.spacing_km**3 for one in (prior, coarse)]
    assert masses[1] == pytest.approx(masses[0], rel=1e-6)
    assert coarse.background_km3 == BACKGROUND
    assert coarse.spacing_km <= max(width_km, SPACING)


def test_a_smoothed_prior_has_its_mass_at_the_same_place(frame):
    """Where the density varies little from cell to cell, joined cells do not move it."""
    axes = np.meshgrid(*3 * [np.arange(33) - 14.0], indexing="ij")
    blob = np.exp(-0.5 * sum(axis**2 for axis in axes) / 5.0**2).astype(np.float32)
    prior = TabulatedPrior(frame, (-14.0, -14.0, -14.0), 1.0, blob, BACKGROUND)
    for width_km in (1.0, 2.1, 4.1):
        one = prior.smoothed(width_km)
        share = one.density_km3 / one.density_km3.sum(dtype=float)
        places = np.meshgrid(*axes_of(one), indexing="ij")
        centre = [float((share * place).sum()) for place in places]
        np.testing.assert_allclose(centre, centre_of(blob, axes), atol=0.05)


def centre_of(table, axes):
    return [float((table * axis).sum() / table.sum()) for axis in axes]


def test_a_narrow_width_leaves_it_as_it_is(prior):
    assert prior.smoothed(0.1) is prior
    assert prior.smoothed(1.9 * SPACING) is prior
    assert prior.smoothed(4.1) is prior.smoothed(5.0)


def test_a_narrow_cluster_does_not_slip_between_coarse_nodes(frame):
    table = np.zeros((64, 64, 16), np.float32)
    table[37, 11, 5] = 1.0
    prior = TabulatedPrior(frame, (-31.5, -31.5, 0.5), 1.0, table, 1e-9)
    for offset in (0.0, 3.0, 6.0, 9.0):  # of a coarse grid with cells of 12 km
        centres = np.arange(-42.0, 42.0, 12.0) + offset
        east, north, depth = np.meshgrid(centres, centres, centres, indexing="ij")
        mass = (density(prior.smoothed(12.0), east, north, depth) * 12.0**3).sum()
        assert 0.3 < mass < 3.0


def test_reach_is_that_of_the_farthest_corner(prior):
    farthest = max(abs(LOW[0]), abs(LOW[0] + SPACING * (SHAPE[0] - 1)))
    assert prior.reach_km(prior.frame) == pytest.approx(farthest, abs=1e-6)
    other = LocalFrame(14.0, 46.0)
    corner = prior.frame.to_geographic(LOW[0], LOW[1])
    east, _ = other.to_local(*corner)
    assert prior.reach_km(other) == pytest.approx(-float(east), rel=0.01)
    assert prior.reach_km(other) > 77.0


def test_another_frame_does_not_move_the_density(prior):
    """A table holds places on Earth; who asks from another frame finds them there."""
    east, north = np.array([0.5, -3.0]), np.array([1.0, 2.5])
    other = LocalFrame(13.4, 45.8)
    there = other.to_local(*prior.frame.to_geographic(east, north))
    back = prior.log_density(*other.to_geographic(*there), 3.0)
    np.testing.assert_allclose(np.exp(back), density(prior, east, north, 3.0), rtol=1e-6)


def test_columns_of_nodes_are_read_as_single_places(prior, rng):
    """A grid asks for all depths of a column at once, which takes a shorter way."""
    east, north = rng.uniform(-14.0, 14.0, (2, 60))
    depth = np.linspace(-5.0, 12.0, 23)
    longitude, latitude = prior.frame.to_geographic(east, north)
    columns = prior.log_density(longitude[:, None], latitude[:, None], depth[None, :])
    for number in range(depth.size):
        single = prior.log_density(longitude, latitude, depth[number])
        np.testing.assert_allclose(columns[:, number], single, rtol=1e-12)


def test_across_the_date_line(rng):
    table = rng.gamma(0.5, 1e-3, SHAPE).astype(np.float32)
    prior = TabulatedPrior(LocalFrame(180.0, -18.0), LOW, SPACING, table, BACKGROUND)
    one, other = prior.log_density([179.98, -180.02 + 360.0], -18.0, 3.0)
    assert one == pytest.approx(other, rel=1e-9)
    west, east = prior.log_density([-180.0, 180.0], -18.0, 3.0)
    assert west == pytest.approx(east, rel=1e-9)
    assert prior.log_density(-179.97, -18.0, 3.0) > np.log(1.5 * BACKGROUND)


def test_goes_to_another_process(prior):
    prior.smoothed(8.1)
    copy = pickle.loads(pickle.dumps(prior))
    assert float(copy.log_density(13.01, 46.01, 2.0)) == float(prior.log_density(13.01, 46.01, 2.0))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"density_km3": np.ones((3, 3), np.float32)}, r"three axes and cells; it has \(3, 3\)"),
        ({"density_km3": np.ones((3, 0, 3), np.float32)}, "three axes and cells"),
        ({"spacing_km": 0.0}, "three axes and cells"),
        ({"spacing_km": float("nan")}, "three axes and cells"),
        ({"density_km3": np.zeros((3, 3, 3), np.float32)}, "not all zero"),
        ({"density_km3": np.full((3, 3, 3), -1.0, np.float32)}, "not negative"),
        ({"density_km3": np.full((3, 3, 3), np.nan, np.float32)}, "finite"),
        ({"background_km3": 0.0}, "background is 0.0; it must be positive"),
        ({"background_km3": float("nan")}, "must be positive"),
    ],
)
def test_senseless_tables_are_refused(frame, fields, message):
    good = {
        "frame": frame,
        "low_km": LOW,
        "spacing_km": SPACING,
        "density_km3": np.ones((3, 3, 3), np.float32),
        "background_km3": BACKGROUND,
    }
    with pytest.raises(DataError, match=message):
        TabulatedPrior(**{**good, **fields})
