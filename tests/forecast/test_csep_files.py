"""Catalogue forecasts in CSEP's form: pyCSEP reads what is written, and so do we."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mainshock.core.errors import DataError, SourceError
from mainshock.forecast.csep_files import (
    csep_time_text,
    read_csep_catalogues,
    write_csep_catalogues,
)
from mainshock.forecast.simulated import SimulatedCatalogues

START = 8215.0  # 1992-06-29


@pytest.fixture(scope="module")
def csep():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import csep
    return csep


def ensemble(counts, seed=1):
    rng = np.random.default_rng(seed)
    catalogue = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    n = len(catalogue)
    time = rng.uniform(0.0, 1.0, n)
    time = time[np.lexsort([time, catalogue])]
    lon, lat = rng.uniform(-122.0, -114.0, n), rng.uniform(32.0, 37.0, n)
    single = (one.astype(np.float32) for one in (3.0 + rng.exponential(0.4, n), lon, lat))
    return SimulatedCatalogues(START, START + 1.0, len(counts), 3.0, catalogue, time, *single)


@pytest.mark.parametrize(
    "counts", [[3, 0, 2, 0, 0, 5, 1], [0, 0, 4], [4, 0, 0], [1], [2, 1, 3], [0, 0]]
)
def test_pycsep_reads_events_and_empty_catalogues(counts, csep, tmp_path):
    simulated = ensemble(counts)
    path = tmp_path / "etas_1992-06-29T00-00-00-000000.csv"
    write_csep_catalogues(path, simulated)
    forecast = csep.load_catalog_forecast(str(path))
    catalogues = list(forecast)
    assert [one.event_count for one in catalogues] == counts
    assert [one.catalog_id for one in catalogues] == list(range(len(counts)))
    assert forecast.n_cat == len(counts)
    assert forecast.start_time == datetime(1992, 6, 29, tzinfo=UTC)
    for number, one in enumerate(catalogues):
        here = simulated.catalogue == number
        if not here.any():
            continue
        for theirs, ours in (
            (one.get_longitudes(), simulated.longitude),
            (one.get_latitudes(), simulated.latitude),
            (one.get_magnitudes(), simulated.magnitude),
        ):
            assert np.array_equal(theirs.astype(np.float32), ours[here])
        ms = (START + simulated.time_days[here]) * 86_400_000.0
        assert np.abs(one.get_epoch_times() - ms).max() <= 1.0


@pytest.mark.parametrize("counts", [[3, 0, 2, 0, 0, 5, 1], [0, 0, 4, 0], [0]])
def test_what_is_read_is_what_was_written(counts, tmp_path):
    simulated = ensemble(counts)
    write_csep_catalogues(tmp_path / "f.csv", simulated)
    read = read_csep_catalogues(tmp_path / "f.csv", START, START + 1.0, 3.0)
    assert read.n_catalogues == len(counts)
    assert np.array_equal(read.counts(), counts)
    for name in ("catalogue", "magnitude", "longitude", "latitude"):
        assert np.array_equal(getattr(read, name), getattr(simulated, name))
    assert np.allclose(read.time_days, simulated.time_days, atol=1.1e-6 / 86_400, rtol=0)
    again = tmp_path / "again.csv"
    write_csep_catalogues(again, read)
    assert again.read_text() == (tmp_path / "f.csv").read_text()


def test_files_of_pycsep_are_read(csep, tmp_path):
    from csep.core.catalogs import CSEPCatalog

    path = tmp_path / "theirs.csv"
    time = datetime(1992, 6, 29, 12, tzinfo=UTC)
    for number, n in enumerate([2, 0, 1]):
        rows = [
            (str(k), int((time + timedelta(seconds=k)).timestamp() * 1000), 34.1, -116.5, 7.0, 3.4)
            for k in range(n)
        ]
        catalogue = CSEPCatalog(data=rows, catalog_id=number)
        catalogue.write_ascii(str(path), write_header=number == 0, append=number > 0)
    read = read_csep_catalogues(path, START, START + 1.0, 3.0)
    assert read.counts().tolist() == [2, 0, 1]
    assert read.time_days.tolist() == pytest.approx([0.5, 0.5 + 1 / 86_400, 0.5])
    assert read.longitude.tolist() == [np.float32(-116.5)] * 3


def test_a_file_without_a_header_or_fractions_of_seconds_is_read(tmp_path):
    path = tmp_path / "bare.csv"
    path.write_text("-116.5,34.1,3.4,1992-06-29T12:00:00,7.0,1,a\n")
    read = read_csep_catalogues(path, START, START + 1.0, 3.0, n_catalogues=4)
    assert read.counts().tolist() == [0, 1, 0, 0]
    assert read.time_days.tolist() == [0.5]


def test_events_outside_the_window_and_small_ones_are_left_out(tmp_path):
    simulated = ensemble([20, 30])
    write_csep_catalogues(tmp_path / "f.csv", simulated)
    read = read_csep_catalogues(tmp_path / "f.csv", START, START + 0.5, 3.3)
    expected = (simulated.time_days < 0.5) & (simulated.magnitude >= 3.3)
    assert np.array_equal(read.magnitude, simulated.magnitude[expected])


def test_times_are_written_as_the_calendar_has_them(rng):
    days = np.append(rng.uniform(-700_000.0, 2_900_000.0, 300), [-0.5, 0.0, 19_782.0])
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for one, text in zip(days, csep_time_text(days), strict=True):
        # floats of days hold whole microseconds only near 1970
        us = int(np.floor(one * 86_400_000_000.0))
        expected = epoch + timedelta(microseconds=us)
        assert bytes(text).decode() == expected.strftime("%Y-%m-%dT%H:%M:%S.%f").zfill(26)


def test_years_that_no_calendar_has_are_refused():
    with pytest.raises(DataError, match="1 to 9999"):
        csep_time_text([3e6])


def test_catalogues_without_places_are_refused(tmp_path):
    bare = replace(ensemble([3]), longitude=None, latitude=None)
    with pytest.raises(DataError, match="needs places"):
        write_csep_catalogues(tmp_path / "f.csv", bare)
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused(tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="CSEP's form"):
        read_csep_catalogues(tmp_path / "other.csv", START, START + 1.0, 3.0)
    with pytest.raises(SourceError, match="cannot be read"):
        read_csep_catalogues(tmp_path / "missing.csv", START, START + 1.0, 3.0)
