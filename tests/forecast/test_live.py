"""The live forecast: the same as one made anew, whatever the order of what came in."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from mainshock.core.errors import DataError, ModelError, SettingsError
from mainshock.forecast.etas.simulation import simulate
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings
from mainshock.forecast.live_grid import kernel_masses
from mainshock.forecast.long_term import Circle
from mainshock.forecast.region import Region
from mainshock.forecast.sphere import cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

sys.path.insert(0, str(Path(__file__).parent))
from live_model import END, PARAMETERS, REGION, past, small_model

NOW = END + 5.0
SETTINGS = LiveSettings(most_cells=800, rate_spread=0.0)
NEWS = [
    LiveEvent("a", NOW + 0.1, -117.35, 34.15, 4.6),
    LiveEvent("b", NOW + 0.7, -118.2, 33.4, 3.3),
    LiveEvent("c", NOW + 0.72, -117.3, 34.12, 3.9),
]


@pytest.fixture(scope="module")
def history():
    return past()


def opened(history, now=NOW, model=None, settings=SETTINGS):
    return LiveForecast(model or small_model(), history, now, settings)


@pytest.fixture
def live(history):
    return opened(history)


def joined(history, events):
    columns = (
        np.array([getattr(one, name) for one in events])
        for name in ("time_days", "magnitude", "longitude", "latitude")
    )
    names = np.array([one.event_id for one in events], dtype=object)
    return Catalogue.joined([history, Catalogue(*columns, event_id=names)])


def test_events_one_by_one_give_what_all_at_once_give(live, history):
    for one in NEWS:
        assert live.update(one).kind == "added"
    live.advance(NOW + 2.0)
    whole = opened(joined(history, NEWS), NOW + 2.0)
    assert live.now_days == NOW + 2.0
    for days in (1.0, 7.0):
        assert live.expected(days) == pytest.approx(whole.expected(days), rel=2e-5)
    area = Circle(-117.3, 34.1, 25.0)
    told, same = (one.probability(4.0, area) for one in (live, whole))
    assert told.probability == pytest.approx(same.probability, rel=2e-5)


def test_an_event_that_comes_late_counts_as_if_it_had_come_in_time(live, history):
    for one in NEWS[::-1]:
        live.update(one)
    assert live.now_days == NEWS[-1].time_days
    whole = opened(joined(history, NEWS), NEWS[-1].time_days + 1e-9)
    assert live.expected() == pytest.approx(whole.expected(), rel=2e-5)


def test_a_revision_replaces_what_the_event_gave_before(live, history):
    live.update(NEWS[0])
    revised = replace(NEWS[0], magnitude=5.2, latitude=34.3)
    assert live.update(revised).kind == "replaced"
    assert live.update(revised).kind == "unchanged"
    whole = opened(joined(history, [revised]), revised.time_days + 1e-9)
    assert live.expected() == pytest.approx(whole.expected(), rel=2e-5)


def test_a_cancelled_event_leaves_nothing(live, history):
    live.update(replace(NEWS[0], magnitude=7.0))
    assert live.cancel("a").kind == "removed"
    assert live.cancel("a").kind == "ignored"
    plain = opened(history, NEWS[0].time_days)
    assert live.expected() == pytest.approx(plain.expected(), rel=2e-5)
    assert live.probability(4.0, Circle(-117.35, 34.15, 20.0)).probability == pytest.approx(
        plain.probability(4.0, Circle(-117.35, 34.15, 20.0)).probability, rel=2e-5
    )


def test_an_event_of_the_history_may_be_revised_and_cancelled(live, history):
    before = live.expected_number(3.0)
    main = LiveEvent("main", float(history.time_days[-1]), -117.4, 34.1, 5.0)
    assert live.update(main).kind == "replaced"
    smaller = live.expected_number(3.0)
    assert live.cancel("main").kind == "removed"
    assert live.expected_number(3.0) < smaller < before


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (LiveEvent("x", NOW, -117.0, 34.0, 2.9), "below 3"),
        (LiveEvent("x", NOW, -100.0, 34.0, 6.0), "too far"),
    ],
)
def test_what_is_no_source_is_ignored_until_it_is_revised(live, event, why):
    before = live.expected()
    change = live.update(event)
    assert change.kind == "ignored"
    assert why in change.reason
    assert (live.expected() == before).all()
    assert live.update(replace(event, magnitude=5.0, longitude=-117.0)).kind == "added"
    assert live.expected_number(3.0) > before.sum()
    assert live.update(event).kind == "replaced"
    assert live.expected() == pytest.approx(before, rel=2e-5)


def test_a_snapshot_brings_back_the_same_forecast(live, history):
    for one in NEWS:
        live.update(one)
    live.cancel("b")
    live.update(replace(NEWS[0], magnitude=5.0))
    live.cancel("main")
    live.advance(NOW + 3.0)
    other = opened(history)
    other.restore(live.snapshot())
    assert other.now_days == live.now_days
    assert other.expected() == pytest.approx(live.expected(), rel=2e-6)
    for area in (None, Circle(-117.3, 34.1, 25.0)):
        told, same = (one.probability(4.0, area, 7.0) for one in (live, other))
        assert (told.expected_low, told.expected_high) == (same.expected_low, same.expected_high)
        assert told.probability == pytest.approx(same.probability, rel=1e-6)
    assert sorted(other.event_times()) == sorted(live.event_times())
    for wrong in (b"", b"{}", b'{"format": 99, "now_days": 0, "events": []}'):
        with pytest.raises(DataError, match="no snapshot"):
            other.restore(wrong)


def test_direct_aftershocks_are_the_integral_of_the_kernel(history):
    tiny = replace(PARAMETERS, k0=1e-9, mu_per_day=0.0)  # too few to have any of their own
    live = opened(history, model=small_model(tiny))
    live.advance(NOW + 11.0)
    age = live.now_days - history.time_days
    passed = tiny.integral_to(age + 7.0) - tiny.integral_to(age)
    mass = kernel_masses(
        live.grid,
        history.longitude,
        history.latitude,
        tiny.spread_km2(history.magnitude),
        tiny.rho,
    )
    number = tiny.space_factor(history.magnitude) * passed
    assert live.expected(7.0).ravel() == pytest.approx(number @ mass, rel=2e-5)


def test_the_cells_hold_the_number_of_the_region_and_parts_add_up(live):
    cells = live.expected(7.0)
    whole = live.expected_number(3.0, days=7.0)
    assert cells.sum() == pytest.approx(whole, rel=2e-5)
    west, east = Region.box(-119.0, 33.0, -117.6, 35.0), Region.box(-117.6, 33.0, -116.0, 35.0)
    halves = [live.expected_number(3.0, one, 7.0) for one in (west, east)]
    assert sum(halves) == pytest.approx(whole, rel=2e-5)
    longitude, _ = live.grid.axes()
    assert halves[0] == pytest.approx(cells[:, longitude < -117.6].sum(), rel=2e-5)
    circle = live.expected_number(3.0, Circle(-117.4, 34.1, 30.0), 7.0)
    lon, lat = live.grid.middles()
    away = np.linalg.norm(cartesian_km(lon, lat) - cartesian_km(-117.4, 34.1), axis=1)
    assert circle == pytest.approx(cells.ravel()[away < 30.0].sum(), rel=0.05)


def test_numbers_and_chances_are_those_of_simulated_catalogues(live):
    n, days = 4000, 3.0
    drawn = simulate(small_model(), live.history, NOW, days, n, seed=11)
    place = cartesian_km(np.asarray(drawn.longitude, float), np.asarray(drawn.latitude, float))
    circle = Circle(-117.4, 34.1, 20.0)
    near = np.linalg.norm(place - cartesian_km(-117.4, 34.1), axis=1) < circle.radius_km
    for area, inside in ((None, np.ones(len(drawn), dtype=bool)), (circle, near)):
        for magnitude in (3.0, 4.0):
            counted = drawn.take(inside & (drawn.magnitude >= magnitude)).counts()
            row = live.probability(magnitude, area, days)
            error = 4 / np.sqrt(n)
            assert row.expected == pytest.approx(counted.mean(), abs=counted.std() * error)
            assert row.probability == pytest.approx((counted > 0).mean(), abs=0.5 * error)
            assert abs(row.expected_high - np.quantile(counted, 0.975)) <= 2
    cells = live.expected(days)
    edges = (live.grid.latitude_edges, live.grid.longitude_edges)
    seen = np.histogram2d(drawn.latitude, drawn.longitude, bins=edges)[0] / n
    full = seen > 0.05
    assert full.sum() >= 3
    assert cells[full] == pytest.approx(seen[full], rel=0.25)  # 200 events and more in each


def test_a_window_that_opens_later_is_told_of_too(live):
    soon, late = (live.probability(3.0, None, 1.0, NOW + lead) for lead in (0.0, 3.0))
    assert late.expected < soon.expected
    both = live.expected_number(3.0, days=4.0)
    first = live.expected_number(3.0, days=3.0)
    assert first + late.expected == pytest.approx(both, rel=3e-3)
    with pytest.raises(DataError, match="take a later one"):
        live.probability(3.0, None, 1.0, NOW - 1.0)


def test_a_chance_comes_with_its_range_its_reference_and_its_multiple(history):
    live = opened(history, settings=LiveSettings(800, 0.4))
    row = live.probability(4.0, Circle(-117.4, 34.1, 20.0), 1.0)
    assert row.probability_low < row.probability < row.probability_high
    assert row.reference_probability < row.probability
    assert row.multiple > 5.0
    assert row.is_validated is False
    whole = live.probability(4.0, None, 1.0)
    usual = -np.expm1(-500 / 1000 * live.counts.share_above(4.0))
    assert whole.reference_probability == pytest.approx(usual, rel=2e-5)
    measured = opened(history, model=small_model(validated={"ln_rate_sd": 0.1, "horizon_days": 30}))
    assert measured.rate_spread == 0.1
    assert measured.probability(4.0, None, 30.0).is_validated is True


def test_what_must_not_be_told_is_refused(live, history):
    with pytest.raises(DataError, match="below 3"):
        live.probability(2.5)
    with pytest.raises(SettingsError, match="without validation"):
        live.expected(30.0)
    with pytest.raises(DataError, match="lies outside"):
        live.probability(4.0, Circle(-100.0, 34.0, 10.0))
    with pytest.raises(DataError, match="outside the region"):
        live.probability(4.0, Region.box(-121.0, 33.0, -118.0, 35.0))
    with pytest.raises(DataError, match="it knows what happened"):
        opened(history, END - 1.0)
    with pytest.raises(ModelError, match="branching ratio"):
        opened(history, model=small_model(replace(PARAMETERS, k0=0.05)))
    with pytest.raises(ModelError, match="etas-temporal is no space-time"):
        opened(
            history, model=SimpleNamespace(info=replace(small_model().info, kind="etas-temporal"))
        )
    with pytest.raises(DataError, match="that is none"):
        live.update(LiveEvent("x", NOW, np.nan, 34.0, 4.0))


def test_events_after_the_moment_of_opening_are_not_known(history):
    later = joined(history, NEWS)
    assert (opened(later).expected() == opened(history).expected()).all()


def test_the_region_stands_for_all_of_it(live):
    assert live.region == REGION
    assert live.probability(4.0, REGION) == live.probability(4.0)
