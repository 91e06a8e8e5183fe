"""The table after a mainshock: from the fitted model where it may tell, else generic."""

import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, SettingsError
from mainshock.forecast.aftershock_table import (
    GENERIC_MODEL,
    TableSettings,
    aftershock_area,
    aftershock_table,
    world_rate_per_day,
)
from mainshock.forecast.issuing import IssueSettings, time_from_days
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings

sys.path.insert(0, str(Path(__file__).parent))
from live_model import END, past, small_model

NOW = END + 5.0
MAIN = LiveEvent("main", NOW - 0.3, -117.4, 34.1, 6.0)
SETTINGS = IssueSettings(agency="the survey")


@pytest.fixture(scope="module")
def live():
    return LiveForecast(small_model(), past(), NOW, LiveSettings(800))


def rows_of(table, days):
    return {row.magnitude: row for row in table.rows if row.days == days}


def test_without_a_model_all_is_generic_and_says_so():
    table = aftershock_table(MAIN, 2, NOW, SETTINGS)
    assert (table.event_id, table.event_version) == ("main", 2)
    assert len(table.rows) == 20
    assert all(row.is_generic and not row.is_validated for row in table.rows)
    assert table.model.startswith(GENERIC_MODEL)
    assert all("many regions" in row.sentence for row in table.rows)
    assert all("within 25 km of the magnitude 6.0" in row.sentence for row in table.rows)
    assert "average place on Earth" in table.cautions()[-1]
    assert table.issued == time_from_days(NOW)
    assert (table.start - table.issued).total_seconds() == pytest.approx(60.0)


def test_chances_grow_with_the_window_and_fall_with_magnitude():
    table = aftershock_table(MAIN, 1, NOW, SETTINGS)
    for magnitude in TableSettings().magnitudes:
        chances = [rows_of(table, days)[magnitude].probability for days in (1, 7, 30, 365)]
        assert chances == sorted(chances)
    for days in (1, 7, 30, 365):
        rows = rows_of(table, days)
        assert [rows[m].expected for m in (3, 4, 5, 6, 7)] == sorted(
            (row.expected for row in rows.values()), reverse=True
        )
        assert all(
            row.probability_low <= row.probability <= row.probability_high for row in rows.values()
        )


def test_the_fitted_model_tells_of_what_it_may_and_generic_parameters_of_the_rest(live):
    table = aftershock_table(MAIN, 1, NOW, SETTINGS, live)
    assert [row.is_generic for row in table.rows] == [False] * 10 + [True] * 10
    area = aftershock_area(MAIN)
    told = live.probability(4.0, area, 7.0, NOW + 60 / 86_400)
    row = rows_of(table, 7)[4.0]
    assert row.probability == pytest.approx(told.probability, rel=1e-5)
    assert row.expected_high == told.expected_high
    assert table.model == "etas fitted to events.csv until 2002-11-09"
    assert "Numbers marked generic" in " ".join(table.cautions())
    tested = small_model(validated={"horizon_days": 400.0})
    other = LiveForecast(tested, past(), NOW, LiveSettings(800))
    assert not any(row.is_generic for row in aftershock_table(MAIN, 1, NOW, SETTINGS, other).rows)


def test_a_mainshock_outside_the_region_gets_generic_numbers(live):
    far = LiveEvent("far", NOW - 0.1, 20.0, 40.0, 6.0)
    table = aftershock_table(far, 1, NOW, SETTINGS, live)
    assert all(row.is_generic for row in table.rows)
    assert "average place" in table.cautions()[-1]


def test_aftershocks_so_far_update_the_generic_parameters(rng):
    mainshock = LiveEvent("main", NOW - 2.0, -117.4, 34.1, 6.0)
    n = 300
    many = [
        LiveEvent(f"a{i}", NOW - 2.0 + t, -117.4 + 0.01 * x, 34.1, 3.0 + m)
        for i, (t, x, m) in enumerate(
            zip(rng.random(n) * 2, rng.normal(size=n), rng.exponential(0.43, n), strict=True)
        )
    ]
    plain = aftershock_table(mainshock, 1, NOW, SETTINGS)
    busy = aftershock_table(mainshock, 1, NOW, SETTINGS, aftershocks=[mainshock, *many])
    assert rows_of(busy, 7)[4.0].expected > 2 * rows_of(plain, 7)[4.0].expected
    assert "updated with" in busy.rows[0].model
    assert not busy.rows[0].is_generic
    elsewhere = [LiveEvent(one.event_id, one.time_days, 0.0, 0.0, 4.0) for one in many]
    assert aftershock_table(mainshock, 1, NOW, SETTINGS, aftershocks=elsewhere).rows == plain.rows


def test_the_area_grows_with_the_rupture():
    radii = [
        aftershock_area(LiveEvent("x", 0.0, 10.0, 50.0, m)).radius_km for m in (3, 5, 6, 7, 8, 9.5)
    ]
    assert radii == sorted(radii)
    assert (radii[0], radii[-1]) == (10.0, 500.0)


def test_an_average_place_has_a_tenth_of_the_events_a_magnitude_up():
    assert world_rate_per_day(6.0, 1e4) == pytest.approx(world_rate_per_day(5.0, 1e3))
    assert world_rate_per_day(5.0, 5.1007e8) * 365 == pytest.approx(1630, abs=1)


def test_a_table_is_the_same_each_time_and_named_by_its_content(live):
    first, second = (aftershock_table(MAIN, 1, NOW, SETTINGS, live) for _ in range(2))
    assert first.as_document() == second.as_document()
    later = aftershock_table(MAIN, 1, NOW + 0.1, SETTINGS)
    assert later.forecast_id != first.forecast_id
    assert later.forecast_id.startswith("main-")


def test_what_cannot_be_told_is_refused():
    with pytest.raises(DataError, match="after the table is made"):
        aftershock_table(LiveEvent("x", NOW + 1.0, 0.0, 0.0, 6.0), 1, NOW, SETTINGS)
    with pytest.raises(SettingsError, match="regime"):
        aftershock_table(MAIN, 1, NOW, SETTINGS, table=TableSettings(regime="nowhere"))


def test_the_outline_is_the_circle():
    outline = np.array(aftershock_table(MAIN, 1, NOW, SETTINGS).outline)
    assert outline.mean(axis=0) == pytest.approx([-117.4, 34.1], abs=0.01)
    assert np.ptp(outline[:, 1]) == pytest.approx(2 * 25 / 111.2, rel=0.02)
