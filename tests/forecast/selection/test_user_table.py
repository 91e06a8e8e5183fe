"""A user's table is put in order of time, and what cannot be a feature is left out."""

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.forecast.selection.user_table import (
    days_in,
    horizon_in_name,
    prepare_table,
    read_frame,
    target_days_of,
)


def frame(**columns: object) -> pd.DataFrame:
    rows = {
        "time": ["2001-01-03", "2001-01-01", "2001-01-02", "2001-01-04"],
        "rate": [3.0, 1.0, 2.0, 4.0],
        "felt": [1, 0, 0, 1],
    }
    return pd.DataFrame({**rows, **columns})


def test_rows_are_sorted_by_time_in_days():
    table = prepare_table(frame(), "felt")
    assert table.is_dated
    assert np.diff(table.time).tolist() == [1.0, 1.0, 1.0]
    assert table.features["rate"].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert table.target.tolist() == [0.0, 0.0, 1.0, 1.0]


def test_without_times_rows_stay_in_order_and_that_is_told():
    table = prepare_table(frame().drop(columns="time"), "felt")
    assert not table.is_dated
    assert table.features["rate"].tolist() == [3.0, 1.0, 2.0, 4.0]
    assert "no column of times" in table.notes[0]


def test_rows_without_target_or_time_are_left_out_and_told():
    table = prepare_table(frame(felt=[1.0, None, 0.0, 1.0]), "felt")
    assert len(table) == 3
    assert "1 rows" in table.notes[0]


def test_targets_that_look_ahead_constants_and_identifiers_are_no_features():
    given = frame(
        target_m4_30d=[1, 0, 1, 0],
        next_rate=[1.0, 2.0, 3.0, 4.0],
        network=["XX"] * 4,
    )
    table = prepare_table(given, "felt")
    assert list(table.features.columns) == ["rate"]
    assert set(table.left_out) == {"target_m4_30d", "next_rate", "network"}
    many = pd.DataFrame({"x": range(200), "id": [f"e{i}" for i in range(200)], "y": [0, 1] * 100})
    assert "identifier" in prepare_table(many, "y").left_out["id"]


def test_a_named_feature_that_looks_ahead_is_kept_and_warned_of():
    table = prepare_table(frame(next_rate=[1.0, 2.0, 3.0, 4.0]), "felt", features=["next_rate"])
    assert "LEAKAGE? feature 'next_rate'" in table.notes[0]


@pytest.mark.parametrize(
    ("values", "asked", "task", "classes"),
    [
        ([0, 1, 1, 0], "auto", "classify", ("0", "1")),
        ([True, False, True, True], "auto", "classify", ("False", "True")),
        (["b", "a", "c", "a"], "auto", "classify", ("a", "b", "c")),
        ([0, 1, 5, 2], "auto", "count", ()),
        ([0, 1, 5, 2], "classify", "classify", ("0", "1", "2", "5")),
        ([0.5, 1.0, -2.0, 2.0], "auto", "regress", ()),
        ([0, 1, 1, 0], "regress", "count", ()),
    ],
)
def test_the_task_is_told_from_the_target(values, asked, task, classes):
    table = prepare_table(frame(y=values), "y", task=asked)
    assert table.task == task
    assert table.classes == classes


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"target": "nothing"}, "no column nothing"),
        ({"target": "felt", "features": ["felt"]}, "no feature"),
        ({"target": "felt", "task": "guess"}, "none of auto"),
        ({"target": "felt", "time": "felt", "features": ["time"], "group": "x"}, "no column x"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong, message):
    with pytest.raises((DataError, SettingsError), match=message):
        prepare_table(frame(), **wrong)


def test_a_target_of_one_value_is_refused():
    with pytest.raises(DataError, match="one value only"):
        prepare_table(frame(felt=[1, 1, 1, 1]), "felt")


def test_times_of_no_known_form_are_refused():
    with pytest.raises(DataError, match="ISO 8601"):
        prepare_table(frame(time=["1/2/99", "soon", "later", "x"]), "felt")


def test_lengths_of_time():
    assert [days_in(one) for one in ("30d", "12h", "2 weeks", "7")] == [30.0, 0.5, 14.0, 7.0]
    with pytest.raises(SettingsError, match="no length of time"):
        days_in("a while")


def test_a_horizon_is_read_from_a_name():
    assert horizon_in_name("target_n_7d") == 7.0
    assert horizon_in_name("any_24h") == 1.0
    assert horizon_in_name("target_m4_m5_30d") == 30.0
    assert horizon_in_name("magnitude") is None


def test_a_file_that_is_no_table_is_told(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        read_frame(tmp_path / "none.csv")


def test_a_feature_table_says_how_far_its_targets_look(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"time": [1.0], "target_any": [1]})
    pq.write_table(table.replace_schema_metadata({"target_days": "7"}), tmp_path / "a.parquet")
    pq.write_table(table, tmp_path / "b.parquet")
    assert target_days_of(tmp_path / "a.parquet") == 7.0
    assert target_days_of(tmp_path / "b.parquet") is None
    assert target_days_of(tmp_path / "a.csv") is None
