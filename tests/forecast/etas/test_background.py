"""The background's density, in single precision and without what an event says of itself."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from plain_etas import BOX, events, grid_of

from mainshock.forecast.etas.background import BackgroundKernels, KernelSettings
from mainshock.forecast.etas.events import Places, Sources, inside_of
from mainshock.sources.seismicity.catalogue import Catalogue


@pytest.fixture
def catalogue():
    return events(300, seed=9)


def kernels_of(catalogue, **settings):
    place = Sources.of(catalogue, BOX, 3.0).place
    crossings = inside_of(BOX, catalogue)
    return BackgroundKernels.at(BOX, catalogue, place, crossings, KernelSettings(**settings))


def everything(kernels, n):
    return (np.full(n, len(kernels)),) * 3


def test_the_density_is_that_of_smoothed_places(catalogue):
    weight = np.random.default_rng(0).uniform(0.01, 1.0, 300)
    kernels = kernels_of(catalogue).weighing(weight)
    there = events(50, seed=10)
    found = kernels.density(Places(BOX).of(there), *everything(kernels, 50))
    places = kernels.smoothed_places(BOX, catalogue)
    # crossings are put together here, and not there
    assert found == pytest.approx(places.density(there.longitude, there.latitude), rel=3e-3)


def test_the_density_integrates_to_one(catalogue):
    kernels = kernels_of(catalogue, min_bandwidth_km=5.0)
    lon, lat, area = grid_of(BOX, 0.01)
    n = len(lon)
    grid = Catalogue(np.zeros(n), np.zeros(n), lon, lat)
    found = kernels.density(Places(BOX).of(grid), *everything(kernels, n))
    assert found @ area == pytest.approx(1.0, abs=0.01)


def test_events_of_about_the_same_time_say_nothing(catalogue):
    kernels = kernels_of(catalogue, apart_days=50.0)
    place, time = Places(BOX).of(catalogue), catalogue.time_days
    found = kernels.density_apart(place, time, time)
    for i in (0, 150, 299):
        others = np.abs(time - time[i]) > 50.0
        alone = replace(
            kernels,
            place=kernels.place[:, others],
            bandwidth_km=kernels.bandwidth_km[others],
            weight=kernels.weight[others],
            inside=kernels.inside[others],
        )
        assert found[i] == pytest.approx(
            alone.density(place[[i]], *everything(alone, 1))[0], rel=1e-5
        )


def test_an_event_is_left_out_though_its_time_was_rounded(catalogue):
    kernels = kernels_of(catalogue, apart_days=0.0)
    place, time = Places(BOX).of(catalogue), catalogue.time_days
    exact = kernels.density_apart(place, time, time)
    assert np.array_equal(kernels.density_apart(place, time + 1e-6, time), exact)
    assert (exact < kernels.density(place, *everything(kernels, 300))).mean() > 0.9


def test_without_any_kernel_the_density_is_uniform(catalogue):
    kernels = kernels_of(catalogue)
    none = np.zeros(3, dtype=int)
    found = kernels.density(Places(BOX).of(catalogue)[:3], none, none, none)
    assert found == pytest.approx(np.full(3, 1.0 / BOX.area_km2))


def test_new_kernels_are_as_wide_as_their_neighbours_are_far(catalogue):
    first = catalogue.take(np.arange(200))
    kernels = kernels_of(first, neighbour=3, min_bandwidth_km=0.1)
    new = catalogue.take(np.arange(200, 300))
    weight = np.linspace(0.1, 1.0, 100)
    grown = kernels.extended(Places(BOX).of(new), weight, inside_of(BOX, catalogue), 200)
    assert len(grown) == 300
    assert np.array_equal(grown.weight[200:], weight)
    apart = np.linalg.norm(kernels.place[:, :, None] - grown.place[:, None, 200:], axis=0)
    assert grown.bandwidth_km[200:] == pytest.approx(np.sort(apart, axis=0)[2].clip(0.1), rel=1e-4)
    kept = grown.before(200)
    assert np.array_equal(kept.place, kernels.place)
    assert np.array_equal(kept.inside, kernels.inside)
