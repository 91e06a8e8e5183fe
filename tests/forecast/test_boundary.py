"""How much of a kernel lies inside a region."""

import numpy as np
import pytest
import shapely

from mainshock.core.geo import LocalFrame
from mainshock.forecast.boundary import rays_of
from mainshock.forecast.region import Region

_BOX = Region.box(-122.0, 32.0, -114.0, 37.0)
_BENT = Region(((10.0, 40.0), (14.0, 39.0), (13.0, 42.0), (18.0, 45.0), (9.0, 46.0)))
_ACROSS_180 = Region.box(178.0, -41.0, -178.0, -38.0)


def _inside(region: Region, lon: np.ndarray, lat: np.ndarray, h: float, n_rays: int) -> np.ndarray:
    """Return the part of ``h / (2 pi) (r^2 + h^2)^-1.5`` inside; h / hypot(r, h) is beyond r."""
    rays = rays_of(region, lon, lat, n_rays)
    of = np.repeat(np.arange(len(lon)), np.diff(rays.start))
    beyond = h / np.hypot(rays.distance_km, h)
    return rays.base + np.bincount(of, rays.sign * beyond, len(lon))


def _by_sampling(
    region: Region, lon: float, lat: float, h: float, rng: np.random.Generator
) -> float:
    n = 100_000
    west, south, east, north = region.bounds
    frame = LocalFrame(((west + east) / 2 + 180) % 360 - 180, (south + north) / 2)
    x, y = frame.to_local(lon, lat)
    r = h * np.sqrt(1.0 / (1.0 - rng.random(n)) ** 2 - 1.0)
    angle = rng.uniform(0.0, 2 * np.pi, n)
    ring = np.column_stack(frame.to_local(*region.outline()))
    polygon = shapely.Polygon(ring)
    shapely.prepare(polygon)
    return float(shapely.contains_xy(polygon, x + r * np.cos(angle), y + r * np.sin(angle)).mean())


@pytest.mark.parametrize(
    ("region", "lon", "lat"),
    [
        (_BOX, -118.0, 34.5),  # in the middle
        (_BOX, -121.9, 36.9),  # in a corner
        (_BOX, -113.0, 34.0),  # outside
        (_BENT, 13.5, 42.2),  # behind a notch
        (_BENT, 14.0, 41.0),  # in the notch: outside, with two ways in
        (_ACROSS_180, 179.9, -39.0),
        (_ACROSS_180, -178.1, -40.9),
        (_ACROSS_180, -177.0, -40.0),
    ],
)
@pytest.mark.parametrize("h", [5.0, 60.0])
def test_the_part_inside_is_that_of_random_places(
    region: Region, lon: float, lat: float, h: float, rng: np.random.Generator
):
    found = _inside(region, np.array([lon]), np.array([lat]), h, 720)[0]
    # of 100,000 draws, three standard errors; and rays half a degree apart
    assert found == pytest.approx(_by_sampling(region, lon, lat, h, rng), abs=0.0055)


def test_48_rays_give_the_part_inside_within_two_hundredths(rng: np.random.Generator):
    lon, lat = rng.uniform(8.5, 18.5, 400), rng.uniform(38.5, 46.5, 400)
    for h in (5.0, 30.0, 100.0):
        rough = _inside(_BENT, lon, lat, h, 48)
        fine = _inside(_BENT, lon, lat, h, 1440)
        assert np.abs(rough - fine).max() < 0.02
        assert np.abs((rough - fine).mean()) < 5e-4


def test_the_kernel_of_no_width_is_inside_or_outside_as_its_place_is(rng: np.random.Generator):
    lon, lat = rng.uniform(8.0, 19.0, 500), rng.uniform(38.0, 47.0, 500)
    rays = rays_of(_BENT, lon, lat)
    expected = _BENT.contains(lon, lat)
    assert (rays.base == expected).mean() > 0.995  # sides are chords of a quarter degree
    found = _inside(_BENT, lon, lat, 1e-3, 48)
    assert (np.round(found) == rays.base).all()


def test_the_widest_kernel_has_nothing_inside():
    found = _inside(_BOX, np.array([-118.0]), np.array([34.5]), 1e7, 48)
    assert 0.0 <= found[0] < 1e-6


@pytest.mark.parametrize("turned", [False, True])
def test_crossings_come_in_pairs_whichever_way_the_outline_runs(
    turned: bool, rng: np.random.Generator
):
    region = Region(_BENT.vertices[::-1]) if turned else _BENT
    lon, lat = rng.uniform(8.5, 18.5, 100), rng.uniform(38.5, 46.5, 100)
    rays = rays_of(region, lon, lat, 48)
    of = np.repeat(np.arange(100), np.diff(rays.start))
    total = np.bincount(of, rays.sign, 100)
    # each ray ends outside: one more way out than in from inside, as many from outside
    assert np.allclose(total, -rays.base, atol=1e-12)


def test_the_globe_and_half_of_it_hold_kernels_as_a_whole():
    for region in (Region.globe(), Region.box(-60.0, -20.0, 60.0, 20.0)):
        rays = rays_of(region, [0.0, 100.0], [0.0, 0.0])
        assert len(rays.distance_km) == 0
        assert list(rays.start) == [0, 0, 0]
        assert rays.base[0] == 1.0
