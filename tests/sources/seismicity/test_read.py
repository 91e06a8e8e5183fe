"""Catalogues from files of any form."""

import gzip
import logging
import sys
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import DataError, RegistryError, SourceError
from mainshock.sources.base import SkippedInput
from mainshock.sources.seismicity.catalogue import days_from_text
from mainshock.sources.seismicity.choices import ReadChoices
from mainshock.sources.seismicity.read import read_seismicity
from mainshock.sources.seismicity.registry import CATALOGUE_FORMATS, format_of
from mainshock.sources.seismicity.tables import read_table, write_table

sys.path.insert(0, str(Path(__file__).parent))
from seismicity_samples import CSV, FDSN, NDK, SAMPLES

_TIMES = ["2012-05-20T02:03:50.17Z", "2012-05-20T02:06:26.9Z", "2012-05-20T03:02:47Z"]


def _written(tmp_path: Path, text: str, name: str = "catalogue.txt") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"ndk"}))
def test_every_form_gives_the_same_earthquakes(tmp_path: Path, name: str):
    found = read_seismicity(_written(tmp_path, SAMPLES[name]))
    expected = [days_from_text(text) for text in _TIMES]
    assert np.allclose(found.time_days, expected, rtol=0, atol=1e-9)
    assert list(found.magnitude) == [5.8, 4.8, 4.9]
    assert list(found.longitude) == [11.2635, 11.2583, 11.095]
    assert list(found.latitude) == [44.8955, 44.8758, 44.86]
    assert list(found.depth_km) == [9.5, 8.0, 10.0]


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_form_is_recognised_by_exactly_one_reader_whatever_the_suffix(tmp_path: Path, name: str):
    head = SAMPLES[name].encode()
    agreed = [
        one for one in CATALOGUE_FORMATS.names() if CATALOGUE_FORMATS.load(one).recognises(head)
    ]
    assert agreed == [name]
    assert format_of(_written(tmp_path, SAMPLES[name])) == name


def test_every_form_that_is_registered_has_a_sample():
    assert set(CATALOGUE_FORMATS.names()) == {*SAMPLES, "parquet"}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_no_reader_accepts_nothing(name: str):
    assert not CATALOGUE_FORMATS.load(name).recognises(b"")
    assert not CATALOGUE_FORMATS.load(name).recognises(b"\n\n")


def test_parquet_is_recognised_without_its_suffix(tmp_path: Path):
    write_table(tmp_path / "c.parquet", read_seismicity(_written(tmp_path, CSV)))
    plain = (tmp_path / "c.parquet").rename(tmp_path / "plain")
    assert list(read_seismicity(plain).magnitude) == [5.8, 4.8, 4.9]


def test_packed_text_and_a_byte_order_mark_are_read(tmp_path: Path):
    path = tmp_path / "c.csv.gz"
    path.write_bytes(gzip.compress(("\ufeff" + CSV).encode()))
    assert len(read_seismicity(path)) == 3


def test_what_is_no_earthquake_is_left_out_and_told_with_its_line(tmp_path: Path):
    skipped: list[SkippedInput] = []
    found = read_seismicity(_written(tmp_path, FDSN), skipped=skipped)
    assert len(found) == 3
    assert [one.name.rsplit(", ", 1)[1] for one in skipped] == ["line 5"]
    assert "quarry blast" in skipped[0].reason


def test_blasts_stay_where_they_are_asked_for(tmp_path: Path):
    found = read_seismicity(_written(tmp_path, FDSN), choices=ReadChoices(earthquakes_only=False))
    assert len(found) == 4


def test_bad_rows_are_told_one_by_one_and_the_others_stay(tmp_path: Path):
    bad = (
        "21,yesterday,11.0,44.0,9.5,5.8\n"
        "22,2012-05-22T00:00:00Z,11.0,44.0,9.5,big\n"
        "23,2012-05-22T00:00:00Z,11.0,94.0,9.5,5.8\n"
        "24,2012-05-22T00:00:00Z,,44.0,9.5,5.8\n"
        "25,2012-05-22T00:00:00Z,11.0,44.0,deep,5.8\n"
        "26,2012-05-22T00:00:00Z,11.0,44.0,9.5,99\n"
        "27,2012-05-22T00:00:00Z\n"
        "28,2012-05-22T00:00:00Z,11.0,44.0,9.5,\n"
    )
    skipped: list[SkippedInput] = []
    found = read_seismicity(_written(tmp_path, CSV + bad), skipped=skipped)
    told = {one.name.rsplit("line ", 1)[1]: one.reason for one in skipped}
    assert list(found.event_id) == ["11", "12", "13", "25"]
    assert np.isnan(found.depth_km[3])
    assert told.keys() == {"5", "6", "7", "8", "9", "10", "11", "12"}
    assert "'yesterday'" in told["5"]
    assert "'big'" in told["6"]
    assert "latitude 94" in told["7"]
    assert told["8"] == "there is no longitude"
    assert "depth_km 'deep'" in told["9"]
    assert "magnitude 99" in told["10"]
    assert "2 cells" in told["11"]
    assert told["12"] == "there is no magnitude"


def test_what_was_left_out_is_logged_if_nobody_asks(tmp_path: Path, caplog):
    with caplog.at_level(logging.WARNING):
        read_seismicity(_written(tmp_path, FDSN))
    assert "1 rows" in caplog.text
    assert "line 5" in caplog.text


def test_a_file_without_a_single_good_row_is_refused(tmp_path: Path):
    rows = "event_id,time,magnitude\n1,yesterday,4\n"
    with pytest.raises(DataError, match="line 2: time 'yesterday'"):
        read_seismicity(_written(tmp_path, rows))


def test_a_file_of_blasts_alone_is_an_empty_catalogue(tmp_path: Path):
    lines = FDSN.splitlines()
    assert len(read_seismicity(_written(tmp_path, f"{lines[0]}\n{lines[4]}\n"))) == 0


def test_a_form_can_be_named_and_must_be_known(tmp_path: Path):
    path = _written(tmp_path, NDK, "catalogue.csv")
    assert len(read_seismicity(path, format="ndk")) == 2
    with pytest.raises(RegistryError, match="catalogue format"):
        read_seismicity(path, format="excel")


def test_text_of_no_form_and_absent_files_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no form that is known"):
        read_seismicity(_written(tmp_path, "dear diary,\nit shook\n"))
    with pytest.raises(SourceError, match="does not exist"):
        read_seismicity(tmp_path / "absent.csv")


def test_a_table_without_magnitudes_names_the_column(tmp_path: Path):
    with pytest.raises(DataError, match="no column 'magnitude'"):
        read_seismicity(_written(tmp_path, "time,depth\n2012-01-01,4\n"), format="csv")


def test_seconds_of_sixty_and_slashes_in_dates_are_times(tmp_path: Path):
    rows = "time,magnitude\n2012-05-20T23:59:60.5Z,4\n2012/05/20 02:03:04,5\n"
    found = read_seismicity(_written(tmp_path, rows))
    seconds = (found.time_days - days_from_text("2012-05-20")) * 86400.0
    assert np.allclose(seconds, [7384.0, 86400.5], atol=1e-5)


def test_longitudes_beyond_180_turn_west_and_others_keep_their_digits(tmp_path: Path):
    rows = "time,magnitude,lon,lat\n2012-01-01,4,183.5,0\n2012-01-02,4,-118.3,34\n"
    assert list(read_seismicity(_written(tmp_path, rows)).longitude) == [-176.5, -118.3]


@pytest.mark.parametrize("stem", ["socal_scedc_m30_train", "switzerland_sed_train"])
def test_real_parquet_reads_as_the_plain_table_reader_has_it(data_dir: Path, stem: str):
    path = data_dir / "catalogs" / f"{stem}.parquet"
    skipped: list[SkippedInput] = []
    found, plain = read_seismicity(path, skipped=skipped), read_table(path)
    assert not skipped
    assert np.array_equal(found.time_days, plain.time_days)
    assert np.array_equal(found.magnitude, plain.magnitude)
    assert np.array_equal(found.completeness, plain.completeness, equal_nan=True)


def test_a_synthetic_table_stays_marked(tmp_path: Path):
    rows = "synthetic_time_days,magnitude\n0.5,2.0\n2999825.9,3.0\n"
    found = read_seismicity(_written(tmp_path, rows))
    assert found.is_synthetic
    assert list(found.time_days) == [0.5, 2999825.9]
