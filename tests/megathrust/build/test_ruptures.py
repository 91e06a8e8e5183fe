"""Great ruptures, lengths and the largest magnitude of each segment."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError
from mainshock.megathrust.build.geometry import trench_line, unit_vectors
from mainshock.megathrust.build.ruptures import (
    EventLimits,
    great_ruptures,
    interface_events,
    largest_magnitudes,
    rupture_length_km,
)
from mainshock.megathrust.build.trenches import ZONES

LINE = trench_line(unit_vectors(np.full(3, 180.0), [-9.0, 0.0, 9.0]), "right", spacing_km=50.0)
THRUST = {"mrr": 1.0, "mtt": 0.0, "mpp": -1.0, "mrt": 0.0, "mrp": 0.0, "mtp": 0.0}
NONE = great_ruptures().iloc[:0]


def _events(*rows: dict[str, object]) -> pd.DataFrame:
    default = {"time": "2001-02-03 04:05:06", "lon": -179.5, "lat": 0.0, "depth": 20.0, "mag": 6.0}
    return pd.DataFrame([default | THRUST | row for row in rows])


def _labels(*rows: dict[str, object], ruptures: pd.DataFrame = NONE) -> pd.DataFrame:
    limits = EventLimits()
    return largest_magnitudes(LINE, interface_events(_events(*rows), limits), ruptures, limits)


def test_the_packaged_table_is_whole() -> None:
    table = great_ruptures()
    assert len(table) >= 35
    assert table["reference"].str.contains(r"\(\d{4}\)").all()
    assert (pd.to_datetime(table["date"]).dt.year == table["year"]).all()
    assert table["magnitude"].between(8.0, 9.6).all()
    assert table["year"].ge(1900).all()
    assert set(table["zone"]) <= {zone.code for zone in ZONES}


def test_lengths_follow_the_cited_law() -> None:
    assert rupture_length_km([7.0, 9.0]) == pytest.approx([41.5, 613.8], rel=0.01)


def test_a_small_event_covers_its_segment_and_a_large_one_its_length() -> None:
    labels = _labels({"mag": 6.0, "lat": 5.0}, {"mag": 8.0})
    assert (labels["m_max"] == 8.0).sum() == 3  # 160 km
    assert (labels["m_max"] == 6.0).sum() == 1
    assert set(labels["m_max"]) == {1.0, 6.0, 8.0}
    assert labels.loc[labels["m_max"] == 8.0, "year"].eq(2001).all()
    assert labels.loc[labels["m_max"] == 1.0, "rupture"].eq("").all()


@pytest.mark.parametrize(
    "change",
    [
        {"depth": 71.0},
        {"lon": 179.0},  # 110 km seaward
        {"lon": -177.0},  # 330 km landward
        {"mrr": -1.0, "mpp": 1.0},  # normal faulting
    ],
)
def test_what_is_not_the_interface_does_not_count(change: dict[str, object]) -> None:
    labels = _labels(change, {"lat": 3.0, "mag": 5.0})
    assert labels["m_max"].max() == 5.0


def test_a_named_rupture_replaces_its_event() -> None:
    named = pd.DataFrame(
        [
            {
                "name": "Test Bay",
                "date": "2001-02-03",
                "magnitude": 8.2,
                "zone": "xyz",
                "longitude_a": 180.0,
                "latitude_a": -4.0,
                "longitude_b": 180.0,
                "latitude_b": -1.0,
            }
        ]
    )
    labels = _labels({"mag": 8.0, "lat": 2.0}, ruptures=named)
    covered = labels[labels["m_max"] > 1.0]
    assert covered["m_max"].eq(8.2).all()
    assert covered["rupture"].eq("test_bay_2001").all()
    assert len(covered) == pytest.approx(3 * 111.19 / 50.0, abs=1)


def test_a_damaged_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "great.csv"
    path.write_text("name,date,magnitude\na,1960-05-22,9.5\n")
    with pytest.raises(DataError, match="lacks the columns zone"):
        great_ruptures(path)
