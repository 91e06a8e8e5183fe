"""Sources and targets of a fit, and the part of kernels inside the region."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, USUAL, PlainEtas, events

from mainshock.forecast.boundary import rays_of
from mainshock.forecast.etas.events import (
    Places,
    Sources,
    Targets,
    blocks_of,
    in_threads,
    inside_of,
)
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue


def test_only_earlier_events_are_sources_of_a_target():
    catalogue = Catalogue(
        np.array([1.0, 2.0, 2.0, 3.0]), np.full(4, 3.0), np.full(4, -117.0), np.full(4, 34.0)
    )
    sources = Sources.of(catalogue, BOX, 3.0)
    assert Targets.of(catalogue, BOX, sources).before.tolist() == [0, 1, 1, 3]


def test_places_keep_metres_far_from_the_middle():
    lon, lat = np.array([-117.99, -117.99]), np.array([34.99, 34.99001])
    place = Places(BOX).of(Catalogue(np.arange(2.0), np.full(2, 3.0), lon, lat))
    assert np.linalg.norm(np.diff(place, axis=0)) == pytest.approx(1.1e-3, rel=0.1)


def test_the_part_inside_is_that_of_a_fan_of_rays():
    catalogue = events(12, seed=4)
    plain = PlainEtas(USUAL, catalogue)
    share, _, _ = inside_of(BOX, catalogue).share(USUAL.spread_km2(catalogue.magnitude), USUAL.rho)
    expected = [plain.inside(j) for j in range(len(catalogue))]
    # 48 rays against 7200: an event close to a side has the largest error
    assert share == pytest.approx(expected, abs=0.012)
    assert np.abs(share - expected).mean() < 2e-3


def test_crossings_put_together_lose_next_to_nothing():
    catalogue = events(60, seed=5)
    spread = USUAL.spread_km2(catalogue.magnitude)
    rays = rays_of(BOX, catalogue.longitude, catalogue.latitude)
    of = np.repeat(np.arange(60), np.diff(rays.start))
    beyond = rays.sign * (1 + rays.distance_km**2 / spread[of]) ** -USUAL.rho
    every = rays.base + np.bincount(of, beyond, 60)
    together = inside_of(BOX, catalogue)
    assert len(together.source) < 0.3 * len(of)
    assert together.share(spread, USUAL.rho)[0] == pytest.approx(every, abs=2e-3)


def test_slopes_of_the_part_inside_are_differences():
    inside = inside_of(BOX, events(30, seed=6))
    spread, rho, step = np.geomspace(0.1, 1e3, 30), 0.6, 1e-4
    _, of_spread, of_rho = inside.share(spread, rho)
    by_spread = inside.share(spread * np.exp(step), rho)[0] - inside.share(spread, rho)[0]
    by_rho = inside.share(spread, rho + step)[0] - inside.share(spread, rho)[0]
    assert of_spread == pytest.approx(by_spread / step, rel=1e-3, abs=1e-6)
    assert of_rho == pytest.approx(by_rho / step, rel=1e-3, abs=1e-6)


def test_a_part_of_the_crossings_is_that_of_its_events():
    catalogue = events(40, seed=7)
    spread = USUAL.spread_km2(catalogue.magnitude)
    inside = inside_of(BOX, catalogue)
    part = inside.part(10, 25).share(spread[10:25], 0.6)[0]
    assert np.array_equal(part, inside.share(spread, 0.6)[0][10:25])


def test_on_the_globe_all_of_a_kernel_lies_inside():
    inside = inside_of(Region.globe(), events(5))
    assert inside.share(np.full(5, 100.0), 0.5)[0].tolist() == [1.0] * 5


@pytest.mark.parametrize(("n", "threads"), [(0, 1), (1, 4), (10, 1), (20_000, 1), (20_000, 3)])
def test_blocks_are_the_whole_and_threads_do_each_once(n, threads):
    done = np.zeros(n, dtype=int)

    def task(block):
        done[block] += 1

    in_threads(task, blocks_of(n, threads), threads)
    assert (done == 1).all()
