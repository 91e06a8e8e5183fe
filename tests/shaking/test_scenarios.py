"""Scenarios in the words of several tables, in degrees or in kilometres."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.shaking.scenarios import local_origin, read_scenarios, scenarios_from_table

ORIGIN = (-122.1, 37.75)


@pytest.fixture
def table(rng):
    km = {
        name: rng.uniform(-40.0, 40.0, 12)
        for name in ("source_x_km", "source_y_km", "station_x_km", "station_y_km")
    }
    same = {"event_id": np.repeat([3.0, 4.0], 6), "station": list("ABCDEF") * 2}
    depths = {"source_depth_km": rng.uniform(2.0, 15.0, 12)}
    return pd.DataFrame({"magnitude": rng.uniform(1.0, 4.0, 12), **depths, **km, **same})


def in_degrees(table):
    frame = LocalFrame(*ORIGIN)
    columns = {}
    for place in ("source", "station"):
        degrees = frame.to_geographic(table[f"{place}_x_km"], table[f"{place}_y_km"])
        columns |= dict(zip((f"{place}_longitude", f"{place}_latitude"), degrees, strict=True))
    return table.assign(**columns)


def test_kilometres_and_degrees_are_the_same_places(table, tmp_path):
    both = in_degrees(table)
    by_km = scenarios_from_table(table, ORIGIN)
    both.drop(columns=[one for one in both if one.endswith(("x_km", "y_km"))]).to_csv(
        tmp_path / "degrees.csv", index=False
    )
    by_degrees = read_scenarios(tmp_path / "degrees.csv")
    np.testing.assert_allclose(by_km.hypocentral_km(), by_degrees.hypocentral_km(), atol=1e-6)
    np.testing.assert_allclose(by_km.azimuth_deg(), by_degrees.azimuth_deg(), atol=1e-6)
    assert list(by_km.event[[0, 6]]) == ["3", "4"]


def test_the_origin_of_kilometres_is_found_where_a_table_has_both(table):
    assert local_origin(in_degrees(table)) == pytest.approx(ORIGIN, abs=0.003)
    assert local_origin(table) == (0.0, 0.0)


def test_equal_places_have_equal_names_where_none_are_given(table):
    named = scenarios_from_table(table.drop(columns=["event_id", "station"]), ORIGIN)
    assert len(set(named.event)) == len(set(named.station)) == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"magnitude": 12.0}, "magnitude of row 0 is 12; it must lie between -2 and 10"),
        ({"source_depth_km": np.nan}, "depth_km of row 0 is nan"),
        ({"magnitude": "strong"}, "column magnitude holds what is no number"),
    ],
)
def test_values_that_make_no_sense_are_named(table, change, message):
    with pytest.raises(DataError, match=message):
        scenarios_from_table(table.assign(**change), ORIGIN)


def test_a_missing_column_is_named(table):
    with pytest.raises(DataError, match="no column for site_longitude"):
        scenarios_from_table(table.drop(columns="station_x_km"), ORIGIN)
