"""What models make and what archives hold, written and read back."""

import csv
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from mainshock.core.errors import DataError, NothingFoundError
from mainshock.shaking.agency_files import read_agency_file
from mainshock.shaking.base import Waveforms
from mainshock.shaking.record_writers import write_records, write_waveforms
from mainshock.shaking.records import open_records
from mainshock.sources.waveforms import read_waveforms

sys.path.insert(0, str(Path(__file__).parent))
from made_records import labelled, scenarios, several


@pytest.fixture
def made(rng) -> Waveforms:
    samples = rng.normal(scale=1e-3, size=(3, 2, 3, 500)).astype(np.float32)
    return Waveforms(samples, 50.0, -2.0)


def test_generated_waveforms_come_back_from_npz_as_they_were(tmp_path, made):
    path = tmp_path / "waves.npz"
    assert write_waveforms(made, scenarios(), path, made_by="test model") == (path,)
    with np.load(path) as found:
        np.testing.assert_array_equal(found["acceleration"], made.acceleration)
        assert (found["sampling_rate_hz"], found["start_rel_origin_s"]) == (50.0, -2.0)
        assert found["kind"] == "SYNTHETIC (test model)"
        np.testing.assert_array_equal(found["station"], scenarios().station)
        np.testing.assert_array_equal(found["vs30_m_s"], scenarios().vs30_m_s)


def test_the_hdf5_file_has_the_form_of_the_contract(tmp_path, made):
    path = tmp_path / "waves.h5"
    write_waveforms(made, scenarios(), path)
    with h5py.File(path) as file:
        assert file["acceleration"].shape == (3, 2, 3, 500)
        np.testing.assert_array_equal(file["acceleration"][...], made.acceleration)
        np.testing.assert_array_equal(file["scenarios/vs30_m_s"][...], scenarios().vs30_m_s)
        assert file.attrs["sampling_rate_hz"] == 50.0
        assert file.attrs["start_rel_origin_s"] == -2.0
        assert file.attrs["components"] == "ENZ"
        assert file.attrs["kind"].startswith("SYNTHETIC")
        assert list(file["scenarios/station"].asstr()) == ["long name", "ABC", "long name"]


def test_miniseed_holds_m_s2_under_the_code_for_synthetic_records(tmp_path, made):
    path, listing = write_waveforms(made, scenarios(), tmp_path / "waves.mseed")
    read, skipped = read_waveforms(path)
    assert not skipped
    assert {one.network for one in read} == {"SY"}
    with listing.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["unit"] for row in rows] == ["m/s^2"] * 3
    assert all(row["kind"].startswith("SYNTHETIC") for row in rows)
    assert len(read) == 3 * 2  # so no two traces of a station ran into each other
    for row in rows:
        station = row["code"].removeprefix("SY.")
        own = [one for one in read if one.station == station and one.location == "01"]
        start = [one for one in own if f"{one.start:%H:%M:%S}" == _two_seconds_before(row)]
        expected = made.acceleration[int(row["row"]), 1][[2, 1, 0]]  # Z, N, E
        np.testing.assert_array_equal(start[0].samples, expected)


def _two_seconds_before(row: dict[str, str]) -> str:
    hour = int(row["origin_time"][11:13])
    return f"{(hour - 1) % 24:02d}:59:58"


def test_at2_files_are_read_back_to_seven_digits(tmp_path, made):
    paths = write_waveforms(made, scenarios(), tmp_path / "wave.at2", made_by="test")
    assert len(paths) == 3 * 2 * 3
    path = tmp_path / "wave_r00002_n001_N.at2"
    assert path in paths
    (channel,) = read_agency_file(path)
    assert channel.direction == "N"
    assert channel.sampling_rate_hz == pytest.approx(50.0)
    np.testing.assert_allclose(
        channel.acceleration_m_s2, made.acceleration[2, 1, 1], rtol=1e-6, atol=1e-9
    )
    assert "SYNTHETIC (test)" in path.read_text()


def test_what_cannot_be_written_is_refused(tmp_path, made):
    with pytest.raises(DataError, match="the suffix"):
        write_waveforms(made, scenarios(), tmp_path / "a.wav")
    with pytest.raises(DataError, match="2 scenarios need"):
        write_waveforms(made, scenarios(2), tmp_path / "a.h5")
    made.acceleration[0, 0, 0, 0] = np.nan
    with pytest.raises(DataError, match="NaN"):
        write_waveforms(made, scenarios(), tmp_path / "a.h5")
    assert not list(tmp_path.iterdir())


def test_a_set_of_records_opens_as_it_was_written(tmp_path):
    path = tmp_path / "set.h5"
    table = write_records(several(), path)
    records = open_records(path)
    assert len(records) == len(table) == 4
    assert not records.is_synthetic
    for one, expected in zip(records, several(), strict=True):
        np.testing.assert_array_equal(one.acceleration, expected.record.acceleration)
        assert one.sampling_rate_hz == 100.0
        assert one.start_rel_origin_s == -5.0
    np.testing.assert_allclose(records.scenarios.magnitude, [4.0, 4.1, 4.2, 4.3])
    assert records.scenarios.station.tolist() == ["ST0", "ST1", "ST2", "ST0"]


def test_a_set_says_whether_it_is_synthetic(tmp_path):
    write_records(several(1), tmp_path / "set.h5", kind="SYNTHETIC (test)")
    assert open_records(tmp_path).is_synthetic
    with pytest.raises(DataError, match="must begin with SYNTHETIC or REAL"):
        write_records(several(1), tmp_path / "set.h5", kind="other")


def test_an_empty_or_broken_set_leaves_no_file(tmp_path: Path):
    with pytest.raises(NothingFoundError):
        write_records([], tmp_path / "set.h5")
    bad = labelled()
    bad.record.acceleration[0, 5] = np.nan
    with pytest.raises(DataError, match="NaN"):
        write_records([labelled(1), bad], tmp_path / "set.h5")
    assert not list(tmp_path.iterdir())
