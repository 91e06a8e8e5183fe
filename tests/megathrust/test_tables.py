"""Tables of segments, their classes and ruptures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.megathrust.labels import classes_of, read_labels, runs_of
from mainshock.megathrust.segments import (
    feature_names,
    is_complete,
    read_segments,
    write_segments,
)

TEXT = ",AGE,LON,MR_GCMT\n0,12.0,10.0,8.1\n1,,11.0,8.1\n2,14.0,12.0,1.0\n"


def test_a_file_is_a_region(tmp_path: Path) -> None:
    (tmp_path / "abc.csv").write_text(TEXT)
    table = read_segments(tmp_path / "abc.csv")
    assert table["region"].tolist() == ["abc"] * 3
    assert table["s_km"].tolist() == [25.0, 75.0, 125.0]
    assert feature_names(table) == ["AGE"]
    assert is_complete(table).tolist() == [True, False, True]
    assert runs_of(table).tolist() == ["abc_000", "abc_000", "abc_001"]


def test_written_tables_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name in ("abc", "def"):
        (tmp_path / "in" / f"{name}.csv").write_text(TEXT)
    table = read_segments(tmp_path / "in")
    write_segments(table, tmp_path / "out")
    pd.testing.assert_frame_equal(read_segments(tmp_path / "out"), table)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("AGE,MR_GCMT\n1,2\n", "first column"),
        (",AGE\n0,1\n1,old\n", "line 3: AGE is old"),
        (",AGE\n0,inf\n1,2\n", "line 2: AGE is inf"),
        (",AGE\n", "no segments"),
        (",AGE\n0.5,1\n", "whole"),
        (",AGE\n0,1\n0,2\n", "twice"),
        ("", "no table"),
    ],
)
def test_bad_tables_are_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "abc.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        read_segments(tmp_path)


def test_text_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "abc.csv").write_text(",AGE,NOTE\n0,1.0,hello\n1,2.0,\n")
    assert feature_names(read_segments(tmp_path)) == ["AGE"]


def test_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no segments"):
        read_segments(tmp_path)


def test_classes_are_cut_as_published() -> None:
    magnitudes = np.array([1.0, 6.39, 6.4, 7.99, 8.0, 8.3, 8.31, np.nan])
    assert classes_of(magnitudes, 2).tolist() == [0, 0, 0, 0, 1, 1, 1, 0]
    assert classes_of(magnitudes, 3)[:7].tolist() == [0, 0, 1, 1, 1, 1, 2]
    with pytest.raises(SettingsError, match="4 classes"):
        classes_of(magnitudes, 4)


def test_published_labels_are_those_of_the_tables(data_dir: Path) -> None:
    table = read_segments(data_dir / "megathrust/segments")
    labels = read_labels(data_dir / "megathrust/labels.csv", table)
    m_max = table["m_max"].to_numpy()
    assert (labels["class2"] == classes_of(m_max, 2)).all()
    assert (labels["class3"] == classes_of(m_max, 3)).all()
    assert (labels["run_id"] == runs_of(table)).all()
    assert (labels["complete_row"].to_numpy() == is_complete(table).to_numpy()).all()


def test_a_segment_without_label_is_named(tmp_path: Path) -> None:
    (tmp_path / "abc.csv").write_text(TEXT)
    table = read_segments(tmp_path / "abc.csv")
    labels = tmp_path / "labels.txt"
    head = "region,segment,m_max,class2,class3,run_id,complete_row\n"
    labels.write_text(head + "abc,0,8.1,1,1,a,1\nabc,1,8.1,1,1,a,1\n")
    with pytest.raises(DataError, match="segment 2 of abc"):
        read_labels(labels, table)
    (tmp_path / "NA.csv").write_text(TEXT)
    labels.write_text(head + "".join(f"NA,{one},8.1,1,1,a,1\n" for one in range(3)))
    assert len(read_labels(labels, read_segments(tmp_path / "NA.csv"))) == 3
    labels.write_text("region,segment\n")
    with pytest.raises(DataError, match="lacks the columns m_max"):
        read_labels(labels, table)
