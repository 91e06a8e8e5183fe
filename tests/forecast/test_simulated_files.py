"""Simulated catalogues come back from Parquet bit by bit, with their window and seed."""

from dataclasses import fields, replace

import duckdb
import numpy as np
import pandas as pd
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.forecast.simulated import SimulatedCatalogues
from mainshock.forecast.simulated_files import read_simulated, write_simulated


@pytest.fixture
def simulated(rng):
    n = 500
    catalogue = np.sort(rng.integers(2, 40, n)).astype(np.int32)
    time = rng.uniform(0.0, 7.0, n)
    time = time[np.lexsort([time, catalogue])]
    places = rng.uniform([-122.0, 32.0], [-114.0, 37.0], (n, 2)).astype(np.float32)
    magnitude = (3.0 + rng.exponential(0.4, n)).astype(np.float32)
    return SimulatedCatalogues(
        8215.25, 8222.25, 45, 3.0, catalogue, time, magnitude, places[:, 0], places[:, 1],
        seed=12345678901234567890, model="etas 0123456789abcdef", is_synthetic=True,
    )  # fmt: skip


def test_what_is_read_is_what_was_written(simulated, tmp_path):
    path = tmp_path / "simulated.parquet"
    write_simulated(path, simulated)
    read = read_simulated(path)
    for one in fields(simulated):
        before, after = getattr(simulated, one.name), getattr(read, one.name)
        if isinstance(before, np.ndarray):
            assert after.dtype == before.dtype
            assert np.array_equal(after, before)
        else:
            assert after == before
    assert (read.counts()[40:] == 0).all()


def test_catalogues_of_times_alone_have_no_places(simulated, tmp_path):
    write_simulated(tmp_path / "t.parquet", replace(simulated, longitude=None, latitude=None))
    read = read_simulated(tmp_path / "t.parquet")
    assert read.longitude is None
    assert read.latitude is None
    assert np.array_equal(read.time_days, simulated.time_days)


def test_an_ensemble_without_events_is_kept(simulated, tmp_path):
    write_simulated(tmp_path / "e.parquet", simulated.take(np.zeros(len(simulated), dtype=bool)))
    read = read_simulated(tmp_path / "e.parquet")
    assert len(read) == 0
    assert read.n_catalogues == 45


def test_other_programs_read_the_columns(simulated, tmp_path):
    path = tmp_path / "simulated.parquet"
    write_simulated(path, simulated)
    frame = pd.read_parquet(path)
    assert list(frame.columns) == [
        "catalogue_id", "time_days", "longitude", "latitude", "magnitude",
    ]  # fmt: skip
    query = f"select count(*), max(magnitude) from '{path}' where catalogue_id = 7"
    ((n, largest),) = duckdb.sql(query).fetchall()
    here = simulated.catalogue == 7
    assert n == here.sum()
    assert largest == simulated.magnitude[here].max()


def test_other_files_are_refused(tmp_path):
    pd.DataFrame({"time_days": [1.0]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(DataError, match="no simulated catalogues"):
        read_simulated(tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("no parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_simulated(tmp_path / "text.parquet")
    with pytest.raises(SourceError, match="cannot be read"):
        read_simulated(tmp_path / "missing.parquet")
