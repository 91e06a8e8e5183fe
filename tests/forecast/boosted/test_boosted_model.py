"""Boosted rates as a forecast model: intensity, integral and simulation tell the same."""

import sys
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made_sequences import BOX, END, LAST, SETTINGS, START, sequences

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast.base import as_history
from mainshock.forecast.boosted.model import BOOSTED, BoostedRates, usual_cell_deg
from mainshock.forecast.model_folder import open_model, save_model
from mainshock.forecast.region import Region
from mainshock.sources.seismicity.catalogue import Catalogue

ISSUE = START + 1100.0  # begins a day of the model


@cache
def model() -> BoostedRates:
    return BOOSTED.fit(sequences(), SETTINGS)


@cache
def history() -> Catalogue:
    return as_history(sequences(), SETTINGS, LAST)


def grid(cell: int, n: int, time: float) -> tuple[Catalogue, np.ndarray]:
    """Middles of small squares of a cell as targets, and their areas, km^2."""
    cells = model().cells
    offset = ((np.arange(n) + 0.5) / n - 0.5) * cells.cell_deg
    lon = cells.longitude[cell] + np.tile(offset, n)
    lat = cells.latitude[cell] + np.repeat(offset, n)
    weight = np.cos(np.radians(lat))
    places = Catalogue(np.full(n * n, time), np.full(n * n, 3.0), lon, lat)
    return places, cells.area_km2[cell] * weight / weight.sum()


def test_the_intensity_of_a_cell_adds_up_to_its_rate():
    rates = model().daily_rates(history(), np.array([ISSUE - START]))[0]
    for cell in range(len(model().cells)):
        places, area = grid(cell, 120, ISSUE + 0.4)
        found = np.exp(model().log_intensity(places, history())) @ area
        # squares are coarse where a recent event peaks
        assert found == pytest.approx(rates[cell], rel=0.05)


def test_the_intensity_is_constant_within_a_day_and_changes_with_it():
    places, _ = grid(1, 3, ISSUE)
    moments = [
        model().log_intensity(replace(places, time_days=np.full(9, time)), history())
        for time in (ISSUE, ISSUE + 0.999, ISSUE + 1.0)
    ]
    assert np.array_equal(moments[0], moments[1])
    assert not np.allclose(moments[0], moments[2])


def test_places_outside_have_no_intensity():
    far = Catalogue(
        np.full(2, ISSUE), np.full(2, 3.0), np.array([-120.0, -117.0]), np.full(2, 34.0)
    )
    found = model().log_intensity(far, history())
    assert found[0] == -np.inf
    assert np.isfinite(found[1])
    assert np.array_equal(model().log_intensity(far.take([0]), history()), [-np.inf])


def test_integrals_are_rates_added_over_days():
    days = ISSUE - START + np.arange(3.0)
    rates = model().daily_rates(history(), days).sum(axis=1)
    assert model().integral(history(), ISSUE, ISSUE + 3.0) == pytest.approx(rates.sum())
    part = model().integral(history(), ISSUE + 0.25, ISSUE + 1.5)
    assert part == pytest.approx(0.75 * rates[0] + 0.5 * rates[1])
    edges = np.array([ISSUE, ISSUE + 0.25, ISSUE + 1.5, ISSUE + 3.0])
    assert model().integrals(history(), edges) == pytest.approx(
        [model().integral(history(), a, b) for a, b in pairwise(edges)]
    )


def test_a_window_is_expected_from_what_was_known_at_its_start():
    known = history().between(-np.inf, ISSUE)
    found = model().expected(history(), ISSUE, 3.5)
    assert found.shape == (4, len(model().cells))
    assert np.array_equal(found, model().expected(known, ISSUE, 3.5))
    assert found[0] == pytest.approx(model().daily_rates(known, np.array([ISSUE - START]))[0])
    whole = model().expected(history(), ISSUE, 4.0)
    assert found[3] == pytest.approx(0.5 * whole[3])
    longer = model().expected(history(), ISSUE, 40.0)
    assert np.isfinite(longer).all()
    assert longer.min() > 0


def test_simulated_counts_of_cells_scatter_around_what_is_expected():
    n = 4000
    found = model().simulate(history(), ISSUE, 2.0, n, seed=4)
    assert found.longitude is not None
    assert found.latitude is not None
    cell = model().cells.of(found.longitude, found.latitude)
    expected = model().expected(history(), ISSUE, 2.0)
    total = np.bincount(cell[cell >= 0], minlength=len(model().cells)) / n
    counts = found.counts()
    assert total == pytest.approx(expected.sum(axis=0), rel=0.15, abs=0.02)
    size = np.exp(model().dispersion[0] + model().dispersion[1] * np.log(expected))
    variance = (expected + expected**2 / size).sum()
    assert counts.mean() == pytest.approx(expected.sum(), abs=5 * np.sqrt(variance / n))
    assert counts.var() == pytest.approx(variance, rel=0.5)
    first = (found.time_days < 1.0).sum() / n
    assert first == pytest.approx(expected[0].sum(), abs=5 * np.sqrt(variance / n))


def test_simulated_places_follow_the_intensity():
    known = history().between(-np.inf, ISSUE)
    found = model().simulate(known, ISSUE, 1.0, 6000, seed=2)
    assert found.longitude is not None
    assert found.latitude is not None
    share = model().spread.lattice(ISSUE, known, 10)
    assert share.sum(axis=1) == pytest.approx(np.ones(len(share)))
    lon, lat = model().spread.square_centres(10)
    busy = int(np.argmax(model().expected(known, ISSUE, 1.0)[0]))
    top = int(np.argmax(share[busy]))
    inside = model().cells.of(found.longitude, found.latitude) == busy
    near = (
        (np.abs(found.longitude - lon[busy, top]) < 0.0501)
        & (np.abs(found.latitude - lat[busy, top]) < 0.0501)
    )  # fmt: skip
    n = int(inside.sum())
    error = 5 * np.sqrt(share[busy, top] / n)
    assert (near & inside).sum() / n == pytest.approx(share[busy, top], abs=error)


def test_a_fit_repeats_itself_and_its_seed_matters():
    again = BOOSTED.fit(sequences(), SETTINGS)
    other = BOOSTED.fit(sequences(), replace(SETTINGS, seed=4))
    later = sequences().between(END, LAST)
    later = later.take(BOX.contains(later.longitude, later.latitude))
    found = [one.log_intensity(later, history()) for one in (model(), again, other)]
    assert np.array_equal(found[0], found[1])
    assert again.info.parameters == model().info.parameters
    assert not np.array_equal(found[0], found[2])


def test_a_saved_model_simulates_the_same(tmp_path):
    save_model(tmp_path, model(), history())
    back = open_model(tmp_path)
    assert isinstance(back, BoostedRates)
    first, second = (one.simulate(history(), ISSUE, 3.0, 200, 9) for one in (model(), back))
    assert np.array_equal(first.time_days, second.time_days)
    assert np.array_equal(first.magnitude, second.magnitude)
    edges = np.array([END, END + 10.5, LAST])
    assert np.array_equal(back.integrals(history(), edges), model().integrals(history(), edges))


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_a_damaged_file_is_told(tmp_path, damage):
    save_model(tmp_path, model(), history())
    path = tmp_path / "boosted.npz"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:200])
    else:
        np.savez(path, places=np.zeros(3))
    with pytest.raises(ModelError, match="fit the model again"):
        open_model(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"colour": "red"}, "colour"),
        ({"max_trees": 0}, "out of range"),
        ({"learning_rate": 1.5}, "learning_rate"),
        ({"cell_deg": -1.0}, "positive side"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, message):
    with pytest.raises(SettingsError, match=message):
        BOOSTED.fit(sequences(), replace(SETTINGS, options=options))


def test_a_region_is_needed():
    times = Catalogue(sequences().time_days, sequences().magnitude)
    with pytest.raises(DataError, match="--region"):
        BOOSTED.fit(times, replace(SETTINGS, region=None))


def test_cells_are_at_most_about_three_hundred():
    assert usual_cell_deg(BOX) == 0.2
    assert usual_cell_deg(Region.box(-122.0, 32.0, -114.0, 37.0)) == 0.5
    assert usual_cell_deg(Region.globe()) == 5.0


def test_it_says_more_than_a_constant_rate_of_later_events():
    later = sequences().between(END, LAST)
    later = later.take(BOX.contains(later.longitude, later.latitude))
    n, days = len(later), LAST - END
    value = model().log_intensity(later, history()).sum() - model().integral(history(), END, LAST)
    constant = n * np.log(n / days / BOX.area_km2) - n
    assert value / n > constant / n + 1.0
