"""Catalogues in CSV and Parquet."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.sources.seismicity.catalogue import Catalogue
from mainshock.sources.seismicity.tables import catalogue_from_frame, read_table, write_table


def _catalogue(**more: object) -> Catalogue:
    return Catalogue(
        np.array([14756.25, 14757.5, 14800.123456789]),
        np.array([3.1, 4.25, 5.0]),
        longitude=np.array([-117.5, 179.99, 0.0]),
        latitude=np.array([33.0, -20.0, 0.0]),
        depth_km=np.array([8.0, np.nan, -0.5]),
        event_id=np.array(["NA", "", "007"], dtype=object),
        magnitude_type=np.array(["ML", "Mw", ""], dtype=object),
        **more,
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_catalogue_that_was_written_reads_the_same(tmp_path: Path, suffix: str):
    whole = _catalogue(
        completeness=np.array([2.0, 2.5, np.nan]), known_days=np.array([14757.5, np.nan, 15000.0])
    )
    path = tmp_path / f"c.{suffix}"
    write_table(path, whole)
    found = read_table(path)
    assert np.abs(found.time_days - whole.time_days).max() < 1e-10  # a microsecond is 1.2e-11 days
    for one in fields(Catalogue):
        if one.name in ("time_days", "is_synthetic"):
            continue
        expected = getattr(whole, one.name)
        assert list(map(repr, getattr(found, one.name))) == list(map(repr, expected)), one.name


def test_a_synthetic_catalogue_keeps_its_years_beyond_calendars(tmp_path: Path):
    whole = Catalogue(np.array([0.5, 2_999_825.9]), np.array([2.0, 3.0]), is_synthetic=True)
    for suffix in ("csv", "parquet"):
        write_table(tmp_path / f"s.{suffix}", whole)
        found = read_table(tmp_path / f"s.{suffix}")
        assert found.is_synthetic
        assert np.allclose(found.time_days, whole.time_days, rtol=0, atol=1e-9)


def test_single_precision_magnitudes_read_as_they_were_meant():
    frame = pd.DataFrame(
        {"time": ["2010-01-01", "2010-01-02T00:00:00Z"], "mag": np.float32([3.1, 4.7])}
    )
    assert list(catalogue_from_frame(frame).magnitude) == [3.1, 4.7]


def test_our_own_column_names_win_over_those_of_providers():
    frame = pd.DataFrame({"time": ["2010-01-01"], "mag": [9.0], "magnitude": [3.0]})
    assert list(catalogue_from_frame(frame).magnitude) == [3.0]


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="magnitude"):
        catalogue_from_frame(pd.DataFrame({"time": ["2010-01-01"]}))


def test_cells_that_are_no_number_or_time_are_refused():
    with pytest.raises(DataError, match="magnitude"):
        catalogue_from_frame(pd.DataFrame({"time": ["2010-01-01"], "magnitude": ["big"]}))
    with pytest.raises(DataError, match="ISO 8601"):
        catalogue_from_frame(pd.DataFrame({"time": ["first of May"], "magnitude": [4.0]}))


def test_times_of_revision_are_read():
    frame = pd.DataFrame(
        {"time": ["1970-01-02"], "mag": [4.0], "updated": ["1970-01-05T12:00:00Z"]}
    )
    assert catalogue_from_frame(frame).known_days[0] == 4.5


def test_a_file_that_is_no_table_and_a_wrong_suffix_are_refused(tmp_path: Path):
    path = tmp_path / "c.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_table(path)
    with pytest.raises(DataError, match=r"\.parquet or \.csv"):
        write_table(tmp_path / "c.txt", _catalogue())
