"""Densities made of past places."""

import numpy as np
import pytest

from mainshock.core.errors import DataError
from mainshock.forecast.region import Region
from mainshock.forecast.smoothed_places import SmoothedPlaces, moved
from mainshock.forecast.sphere import authalic_latitude, cartesian_km

_BOX = Region.box(10.0, 40.0, 14.0, 43.0)
_BENT = Region(((10.0, 40.0), (14.0, 39.5), (13.0, 41.5), (15.0, 43.0), (10.5, 43.5)))
_ACROSS_180 = Region.box(178.0, -41.0, -178.0, -38.0)


def _made(region: Region, rng: np.random.Generator, floor: float = 0.05) -> SmoothedPlaces:
    west, south, east, north = region.bounds
    n = 40
    lon, lat = rng.uniform(west - 0.2, east + 0.2, n), rng.uniform(south, north, n)
    return SmoothedPlaces(
        region, lon, lat, rng.uniform(5.0, 40.0, n), rng.uniform(0.1, 2.0, n), floor
    )


def _cells(region: Region, step: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return middles of cells of the region's frame, and their areas inside, km^2."""
    west, south, east, north = region.bounds
    lon = np.arange(west + step / 2, east, step)
    lat = np.arange(south + step / 2, north, step)
    x, y = (one.ravel() for one in np.meshgrid(lon, lat))
    half = step / 2
    height = np.sin(authalic_latitude(y + half)) - np.sin(authalic_latitude(y - half))
    area = np.radians(step) * height * 6371.0071809**2
    return x, y, area * region.contains(x, y)


@pytest.mark.parametrize("region", [_BOX, _BENT, _ACROSS_180])
def test_the_density_integrates_to_one(region: Region, rng: np.random.Generator):
    density = _made(region, rng)
    lon, lat, area = _cells(region, 0.02)
    # 48 rays give each kernel's part inside to a few thousandths on average
    assert (density.density(lon, lat) * area).sum() == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("region", [_BENT, _ACROSS_180])
def test_random_places_follow_the_density(region: Region, rng: np.random.Generator):
    density = _made(region, rng)
    lon, lat = density.sample(40_000, rng)
    assert len(lon) == 40_000
    assert region.contains(lon, lat).all()
    x, y, area = _cells(region, 0.02)
    mass = density.density(x, y) * area
    west, south = region.bounds[:2]

    def blocks_of(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        east = (a - west + 180.0) % 360.0 - 180.0  # a place on the west side may lie a hair beyond
        return np.maximum(east // 0.5, 0).astype(int) * 100 + ((b - south) // 0.5).astype(int)

    expected = np.bincount(blocks_of(x, y), mass, 3000)
    found = np.bincount(blocks_of(lon, lat), minlength=3000) / 40_000
    error = np.sqrt(expected / 40_000) + 0.01 * expected + 1e-4
    assert (np.abs(found - expected) < 4.5 * error).all()


def test_a_place_left_out_of_its_own_density_gives_what_the_others_make(rng: np.random.Generator):
    whole = _made(_BOX, rng)
    i = 7
    others = np.arange(40) != i
    rest = SmoothedPlaces(
        _BOX,
        whole.longitude[others],
        whole.latitude[others],
        whole.bandwidth_km[others],
        whole.weight[others],
        whole.floor,
    )
    place = whole.longitude[[i, 3]], whole.latitude[[i, 3]]
    found = whole.density(*place, own=[i, -1])
    assert found[0] == pytest.approx(rest.density(*place)[0], rel=1e-9)
    assert found[1] == whole.density(*place)[1]


def test_the_floor_is_uniform_and_weights_need_no_sum(rng: np.random.Generator):
    flat = SmoothedPlaces(
        _BOX, np.array([12.0]), np.array([41.0]), np.array([10.0]), np.array([3.0]), floor=1.0
    )
    assert np.allclose(flat.density([11.0, 13.9], [40.5, 42.9]), 1.0 / _BOX.area_km2)
    one, ten = (
        SmoothedPlaces(
            _BOX, np.array([12.0]), np.array([41.0]), np.array([10.0]), np.array([weight])
        )
        for weight in (1.0, 10.0)
    )
    assert one.density([12.1], [41.0])[0] == pytest.approx(ten.density([12.1], [41.0])[0])


def test_a_narrow_kernel_in_the_middle_has_its_closed_form():
    h = 2.0
    one = SmoothedPlaces(
        _BOX, np.array([12.0]), np.array([41.5]), np.array([h]), np.array([1.0]), floor=0.0
    )
    r = np.linalg.norm(cartesian_km([12.0], [41.5]) - cartesian_km([12.05], [41.5]))
    expected = h / (2 * np.pi) * (r**2 + h**2) ** -1.5
    # 1.5 % of the mass lies outside the box
    assert one.density([12.05], [41.5])[0] == pytest.approx(expected, rel=0.02)


def test_places_move_as_far_as_asked_in_the_direction_asked(rng: np.random.Generator):
    lon, lat = np.array([0.0, 179.9, 12.0]), np.array([0.0, -40.0, 89.0])
    start = cartesian_km(lon, lat)
    km = np.array([10.0, 300.0, 300.0])
    for azimuth in (0.0, 1.0, 4.0):
        found = moved(start, km, np.full(3, azimuth))
        chord = np.linalg.norm(cartesian_km(*found) - start, axis=1)
        assert np.allclose(chord, km, rtol=1e-8)
    north = moved(start[:2], km[:2], np.zeros(2))
    assert np.allclose(north[0], lon[:2])
    assert (north[1] > lat[:2]).all()
    east = moved(start[:1], km[:1], np.full(1, np.pi / 2))
    assert east[0][0] > 0.0
    assert abs(east[1][0]) < 1e-4


def test_the_pole_itself_can_be_left():
    lon, lat = moved(cartesian_km([0.0], [90.0]), np.array([100.0]), np.array([0.3]))
    assert lat[0] == pytest.approx(90.0 - 0.895, abs=0.01)
    assert np.isfinite(lon[0])


def test_no_places_are_drawn_where_none_are_asked(rng: np.random.Generator):
    lon, lat = _made(_BOX, rng).sample(0, rng)
    assert len(lon) == len(lat) == 0


@pytest.mark.parametrize(
    ("n", "h", "weight", "told"),
    [
        (0, 1.0, 1.0, "at least one place"),
        (1, 0.0, 1.0, "positive bandwidths"),
        (1, 1.0, 0.0, "no weight"),
    ],
)
def test_what_makes_no_density_is_refused(n: int, h: float, weight: float, told: str):
    places = np.full(n, 12.0), np.full(n, 41.0)
    with pytest.raises(DataError, match=told):
        SmoothedPlaces(_BOX, *places, np.full(n, h), np.full(n, weight))
