"""Text files of agencies: K-NET from ObsPy's own test data, the others written here.

No files of ESM, COSMOS or PEER are at hand, so those are made by the published descriptions of
the formats; their headers are as agencies fill them.
"""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import obspy
import pytest

from mainshock.core.errors import DataError
from mainshock.shaking.agency_files import agency_format, read_agency_file, read_agency_files
from mainshock.shaking.labelled_records import join_channels, labelled_records
from mainshock.shaking.record_inputs import RecordInputs, read_records

KNET = Path(obspy.__file__).parent / "io" / "nied" / "tests" / "data" / "test.knet"


def esm(path: Path, stream: str, samples: np.ndarray, start: str = "20160824_013628.000") -> Path:
    """Write a file of ESM, DYNA 1.2."""
    header = {
        "EVENT_NAME": "ACCUMOLI",
        "EVENT_ID": "EMSC-20160824_0000006",
        "EVENT_DATE_YYYYMMDD": "20160824",
        "EVENT_TIME_HHMMSS": "013632",
        "EVENT_LATITUDE_DEGREE": "42.698300",
        "EVENT_LONGITUDE_DEGREE": "13.233500",
        "EVENT_DEPTH_KM": "8.1",
        "MAGNITUDE_W": "6.0",
        "MAGNITUDE_L": "",
        "NETWORK": "IT",
        "STATION_CODE": "AMT",
        "STATION_LATITUDE_DEGREE": "42.632500",
        "STATION_LONGITUDE_DEGREE": "13.286400",
        "LOCATION": "",
        "VS30_M/S": "670",
        "DATE_TIME_FIRST_SAMPLE_YYYYMMDD_HHMMSS": start,
        "SAMPLING_INTERVAL_S": "0.005000",
        "NDATA": str(samples.size),
        "STREAM": stream,
        "UNITS": "cm/s^2",
        "HEADER_FORMAT": "DYNA 1.2",
        "DATA_TYPE": "ACCELERATION",
    }
    lines = [f"{key}: {value}" for key, value in header.items()]
    path.write_text("\n".join([*lines, *(f"{one:.6f}" for one in samples)]) + "\n")
    return path


def cosmos(samples: dict[int, np.ndarray], unit: int = 4, step: float = 0.01) -> str:
    """Return channels by azimuth in COSMOS format 1.20, numbers in fixed columns."""
    text = ""
    for number, (azimuth, channel) in enumerate(samples.items(), start=1):
        integers = np.full(100, -999)
        integers[[0, 1, 2]] = 2, unit, 1
        integers[[39, 40, 41, 42, 43, 44]] = 2021, 354, 12, 20, 20, 13
        integers[[49, 53]] = number, azimuth
        reals = np.full(100, -999.0)
        reals[[0, 1, 2]] = 39.9233, -123.7614, 245.0
        reals[[9, 10, 11, 12]] = 40.349833, -124.899333, 19.88, 4.84
        reals[[29, 33, 34]] = 55.85, step, 0.01 * channel.size
        text += (
            "Corrected acceleration    (Format v01.20 with 13 text lines)\n"
            "Record of nc71126864      Earthquake of Mon Dec 20, 2021 20:13 UTC\n"
            "Hypocenter: 40.350   -124.899   H= 20km(NCSN) M=4.8\n"
            "Origin: 12/20/2021, 20:13:40.7 UTC (NCSN)\n"
            "Statn No: 05-    0  Code:CE-79435  CGS  Leggett - Confusion Hill Bridge\n"
        )
        text += "\n".join([f"line {one}" for one in range(6, 14)]) + "\n"
        text += " 100 Integer-header values follow on  10 lines, Format= (10I8)\n"
        text += _columns([f"{one:8d}" for one in integers], 10)
        text += " 100 Real-header values follow on 20 lines , Format = (5F15.6)\n"
        text += _columns([f"{one:15.6f}" for one in reals], 5)
        text += '   1 Comment line(s) follow, each starting with a "|":\n| made by a test\n'
        text += f"   {channel.size} acceleration pts, approx 40 secs, units=cm/s^2 (04),"
        text += "Format=(8F10.5)\n" + _columns([f"{one:10.5f}" for one in channel], 8)
        text += f"End-of-data for Chan {number}\n"
    return text


def _columns(cells: list[str], n: int) -> str:
    return "".join("".join(cells[i : i + n]) + "\n" for i in range(0, len(cells), n))


def test_a_real_knet_file_gives_acceleration_and_its_header():
    (channel,) = read_agency_file(KNET)
    trace = obspy.read(str(KNET))[0]
    expected = trace.data * 0.01 * 2000 / 8388608  # gal by the file's scale factor, to m/s^2
    np.testing.assert_allclose(channel.acceleration_m_s2, expected - expected.mean())
    assert np.abs(channel.acceleration_m_s2).max() == pytest.approx(0.04383, rel=0.01)
    assert channel.direction == "E"
    assert channel.row["station"] == "AKT013"
    assert channel.row["magnitude"] == 5.9
    assert channel.origin_time == datetime(1996, 8, 10, 18, 12, tzinfo=UTC)
    assert channel.start == datetime(1996, 8, 10, 18, 12, 24, tzinfo=UTC)  # JST - 9 h - 15 s


def test_three_knet_files_make_a_record(tmp_path):
    text = KNET.read_text()
    for component in ("E-W", "N-S", "U-D"):
        (tmp_path / component).write_text(text.replace("E-W", component))
    skipped = []
    (record,) = read_records(RecordInputs([tmp_path]), skipped)
    assert skipped == []
    assert record.record.acceleration.shape[0] == 3
    assert record.record.start_rel_origin_s == pytest.approx(24.0)
    assert record.row["event_id"] == "jp19960810T181200"


def test_esm_files_make_a_record_over_the_common_span(tmp_path, rng):
    samples = {one: rng.normal(size=2000).round(6) for one in ("HGE", "HGN", "HGZ")}
    paths = [esm(tmp_path / f"{key}.ASC", key, value) for key, value in samples.items()]
    late = esm(tmp_path / "HGZ.ASC", "HGZ", samples["HGZ"], start="20160824_013629.000")
    channels = read_agency_files([*paths[:2], late], [])
    skipped = []
    (record,) = labelled_records(join_channels(channels, skipped), skipped)
    assert skipped == []
    made = record.record
    assert made.sampling_rate_hz == pytest.approx(200.0)
    assert made.start_rel_origin_s == pytest.approx(-3.0)  # the vertical began last
    assert made.acceleration.shape == (3, 1800)
    np.testing.assert_allclose(made.acceleration[0], 0.01 * samples["HGE"][200:], rtol=1e-5)
    np.testing.assert_allclose(made.acceleration[2], 0.01 * samples["HGZ"][:1800], rtol=1e-5)
    assert record.row["vs30"] == 670.0
    assert record.row["depth_km"] == 8.1
    assert record.row["magnitude"] == 6.0


@pytest.mark.parametrize("step", [0.01, 10.0])  # seconds, and the milliseconds of older files
def test_cosmos_channels_are_turned_to_east_and_north(tmp_path, rng, step):
    east, north, up = rng.normal(size=(3, 400)).round(4)
    angle = np.deg2rad(30.0)
    first = np.cos(angle) * north + np.sin(angle) * east
    second = -np.sin(angle) * north + np.cos(angle) * east
    path = tmp_path / "CE79435.V2c"
    path.write_text(cosmos({30: first, 120: second, 401: -up}, step=step))
    skipped = []
    (record,) = read_records(RecordInputs([path]), skipped)
    assert skipped == []
    expected = 0.01 * np.stack([east, north, up])
    np.testing.assert_allclose(record.record.acceleration, expected, atol=2e-7)
    assert record.record.sampling_rate_hz == pytest.approx(100.0)
    assert record.record.start_rel_origin_s == pytest.approx(15.15)
    assert (record.row["network"], record.row["station"]) == ("CE", "79435")
    assert record.row["event_id"] == "nc71126864"
    assert record.row["magnitude"] == pytest.approx(4.84)
    assert record.row["depth_km"] == pytest.approx(19.88)


def test_cosmos_units_are_obeyed_and_counts_refused(tmp_path):
    samples = np.linspace(-1.0, 1.0, 40)
    path = tmp_path / "in_g.v1"
    path.write_text(cosmos({90: samples}, unit=2))
    (channel,) = read_agency_file(path)
    np.testing.assert_allclose(channel.acceleration_m_s2, 9.80665 * samples, atol=1e-4)
    path.write_text(cosmos({90: samples}, unit=50))
    with pytest.raises(DataError, match="counts"):
        read_agency_file(path)


def test_numbers_that_touch_in_fixed_columns_are_told_apart(tmp_path):
    path = tmp_path / "touching.v2"
    path.write_text(cosmos({90: np.full(16, -100.25)}))
    assert "-100.25000-100.25000" in path.read_text()
    (channel,) = read_agency_file(path)
    np.testing.assert_allclose(channel.acceleration_m_s2, -1.0025)


def at2(path: Path, title: str, samples: np.ndarray) -> Path:
    """Write a file of PEER."""
    cells = [f"{one:15.7E}" for one in samples]
    path.write_text(
        f"PEER NGA STRONG MOTION DATABASE RECORD\n{title}\n"
        f"ACCELERATION TIME SERIES IN UNITS OF G\nNPTS=  {samples.size}, DT=   .0050 SEC\n"
        + _columns(cells, 5)
    )
    return path


def test_peer_files_need_a_table_of_metadata(tmp_path, rng):
    samples = 0.01 * rng.normal(size=(3, 3000))
    event = "Northridge-01, 1/17/1994, LA - Sepulveda VA Hospital"
    for ending, channel in zip(("270", "360", "UP"), samples, strict=True):
        at2(tmp_path / f"RSN1004_NORTHR_SPV{ending}.AT2", f"{event}, {ending}", channel)
    skipped = []
    assert not list(read_records(RecordInputs([tmp_path]), skipped))
    assert "magnitude, ev_lat, ev_lon, sta_lat, sta_lon not known" in skipped[0].reason
    table = tmp_path / "metadata.csv"
    cells = "6.69,34.213,-118.537,17.5,34.249,-118.478"
    rows = "".join(f"RSN1004_NORTHR_SPV{one},{cells}\n" for one in ("270", "360", "UP"))
    table.write_text("file,magnitude,ev_lat,ev_lon,depth_km,sta_lat,sta_lon\n" + rows)
    skipped = []
    paths = sorted(tmp_path.glob("*.AT2"))
    (record,) = read_records(RecordInputs(paths, metadata=table), skipped)
    assert skipped == []
    np.testing.assert_allclose(record.record.acceleration[0], -9.80665 * samples[0], atol=1e-6)
    np.testing.assert_allclose(record.record.acceleration[1], 9.80665 * samples[1], atol=1e-6)
    assert record.record.sampling_rate_hz == pytest.approx(200.0)
    assert record.row["event_id"] == "Northridge-01"
    assert record.row["magnitude"] == 6.69


def test_broken_files_and_sets_are_named(tmp_path, rng):
    good = esm(tmp_path / "a.ASC", "HGE", rng.normal(size=50))
    short = tmp_path / "b.ASC"
    short.write_text(good.read_text().replace("NDATA: 50", "NDATA: 51"))
    other = tmp_path / "c.txt"
    other.write_text("nothing of the kind\n")
    assert agency_format(other) is None
    skipped = []
    channels = read_agency_files([good, short, other], skipped)
    assert len(channels) == 1
    assert "holds 50 samples and its header says 51" in skipped[0].reason
    assert "no file of ESM" in skipped[1].reason
    assert not list(join_channels(channels, skipped))
    assert "needs one vertical and two horizontals" in skipped[2].reason
