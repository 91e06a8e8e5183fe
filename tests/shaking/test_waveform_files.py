"""Records cut from archives, their instrument removed, and records of labelled datasets."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import obspy
import pytest
from obspy.core.event import Catalog, Event, Magnitude, Origin
from obspy.core.inventory import Channel, Inventory, Network, Response, Site, Station

from mainshock.core.errors import DataError, SettingsError
from mainshock.shaking.preparation import differentiated
from mainshock.shaking.quality import QualityLimits
from mainshock.shaking.record_inputs import RecordInputs, is_synthetic_input, read_records
from mainshock.shaking.record_writers import write_records
from mainshock.shaking.waveform_files import (
    CutSettings,
    read_dataset_records,
    read_event_records,
)
from mainshock.sources.seisbench_writer import SeisBenchWriter

sys.path.insert(0, str(Path(__file__).parent))
from made_records import RATE_HZ, samples, several

ORIGIN = obspy.UTCDateTime("2020-01-01T00:01:00")
COUNTS_A_M_S2 = 4.0e5


def inventory(velocity: bool = False) -> Inventory:
    """Return a station with a flat accelerometer, or a seismometer flat in velocity."""
    if velocity:
        poles = [-0.037 + 0.037j, -0.037 - 0.037j]  # 120 s
        response = Response.from_paz([0j, 0j], poles, COUNTS_A_M_S2, stage_gain_frequency=1.0)
    else:
        response = Response.from_paz(
            [], [-1e6 + 0j, -1e6 + 0j], COUNTS_A_M_S2, stage_gain_frequency=1.0,
            input_units="M/S**2", output_units="COUNTS", normalization_factor=1e12,
        )  # fmt: skip
    place = {"latitude": 37.6, "longitude": -122.1, "elevation": 100.0}
    code = "HH" if velocity else "HN"
    channels = [
        Channel(f"{code}{one}", "", depth=0.0, sample_rate=100.0, response=response, **place)
        for one in "ZNE"
    ]
    station = Station("ABC", channels=channels, site=Site("test"), **place)
    return Inventory([Network("XX", stations=[station])], source="test")


def archive(folder: Path, channels: np.ndarray, code: str = "HN", start=ORIGIN - 20.0) -> Path:
    """Write counts, E, N, Z, as miniSEED."""
    stream = obspy.Stream()
    for component, one in zip("ENZ", channels, strict=True):
        header = {
            "network": "XX", "station": "ABC", "channel": f"{code}{component}",
            "starttime": start, "sampling_rate": RATE_HZ,
        }  # fmt: skip
        stream.append(obspy.Trace(np.round(one).astype(np.int32), header))
    folder.mkdir(exist_ok=True)
    stream.write(str(folder / f"{start.timestamp:.0f}.mseed"), format="MSEED")
    return folder


@pytest.fixture
def inputs(tmp_path) -> RecordInputs:
    """A continuous record, an event in QuakeML, and StationXML."""
    counts = COUNTS_A_M_S2 * samples(n=12_000, p_s=24.0)
    folder = archive(tmp_path / "waves", counts)
    origin = Origin(time=ORIGIN, latitude=37.5, longitude=-122.0, depth=8000.0)
    event = Event(resource_id="quakeml:test/ev1", origins=[origin], magnitudes=[Magnitude(mag=4.2)])
    Catalog([event]).write(str(tmp_path / "events.xml"), format="QUAKEML")
    inventory().write(str(tmp_path / "stations.xml"), format="STATIONXML")
    return RecordInputs([folder], tmp_path / "events.xml", tmp_path / "stations.xml")


def assert_same_below_40_hz(made: np.ndarray, expected: np.ndarray) -> None:
    """Compare what lies between 0.5 and 40 Hz, away from the tapered ends."""
    frequency_hz = np.fft.rfftfreq(made.shape[1], 1.0 / RATE_HZ)
    spectrum = np.fft.rfft(made.astype(np.float64) - expected, axis=1)
    spectrum[:, (frequency_hz < 0.5) | (frequency_hz > 40.0)] = 0.0
    difference = np.fft.irfft(spectrum, made.shape[1])[:, 1500:9000]
    assert difference.std() < 0.02 * expected[:, 1500:9000].std()


def test_an_event_becomes_a_record_in_m_s2(inputs):
    skipped = []
    (made,) = read_records(inputs, skipped)
    assert skipped == []
    expected = samples(n=12_000, p_s=24.0)
    assert made.record.start_rel_origin_s == pytest.approx(-20.0)
    assert_same_below_40_hz(made.record.acceleration, expected)
    assert made.row["event_id"] == "ev1"
    assert made.row["magnitude"] == 4.2
    assert made.row["station_elevation_m"] == 100.0
    assert made.row["hp_hz"] == 0.1


def test_a_seismometer_is_differentiated(inputs, tmp_path):
    time_s = np.arange(12_000) / RATE_HZ
    velocity = 0.1 * np.sin(2.0 * np.pi * 5.0 * time_s) * np.hanning(12_000)
    shutil.rmtree(tmp_path / "waves")
    archive(tmp_path / "waves", COUNTS_A_M_S2 * np.tile(velocity, (3, 1)), code="HH")
    inventory(velocity=True).write(str(tmp_path / "stations.xml"), format="STATIONXML")
    (made,) = read_records(inputs, [])
    peak = np.abs(made.record.acceleration).max(axis=1)
    np.testing.assert_allclose(peak, 2.0 * np.pi * 5.0 * 0.1, rtol=0.01)


def test_windows_gaps_and_clipping_are_seen_before_the_instrument_goes(inputs, tmp_path):
    cut = CutSettings(before_s=5.0, after_s=60.0, limits=QualityLimits())
    (made,) = read_records(replace(inputs, cut=cut), [])
    assert made.record.start_rel_origin_s == pytest.approx(-5.0)
    assert made.record.acceleration.shape[1] == 6500
    shutil.rmtree(tmp_path / "waves")
    counts = COUNTS_A_M_S2 * samples(n=12_000, p_s=24.0)
    folder = archive(tmp_path / "waves", counts[:, :5000])
    archive(folder, counts[:, 5200:], start=ORIGIN + 32.0)
    (made,) = read_records(replace(inputs, cut=cut), [])
    assert made.row["gap_frac"] == pytest.approx(200 / 6500)
    shutil.rmtree(folder)
    limit = 0.6 * np.abs(counts).max()
    counts = np.clip(counts, -limit, limit)
    counts[:, 2500:2510] = limit
    archive(tmp_path / "waves", counts)
    skipped = []
    assert not list(read_records(replace(inputs, cut=cut), skipped))
    assert "is clipped" in skipped[0].reason


def test_what_gives_no_record_is_named(inputs, tmp_path):
    far = replace(inputs, cut=CutSettings(max_distance_km=5.0))
    skipped = []
    assert not list(read_records(far, skipped))
    assert "14 km away, beyond 5 km" in skipped[0].reason
    (tmp_path / "stations.csv").write_text(
        "network,station,longitude,latitude,elevation_m\nXX,DEF,-122.0,37.0,0\n"
    )
    skipped = []
    elsewhere = replace(inputs, stations=tmp_path / "stations.csv")
    assert not list(read_records(elsewhere, skipped))
    assert "XX.ABC" in skipped[0].reason
    with pytest.raises(SettingsError, match="--events"):
        list(read_records(RecordInputs(inputs.paths), []))


def test_a_station_table_means_that_samples_are_m_s2(inputs, tmp_path):
    table = tmp_path / "stations.csv"
    table.write_text("network,station,longitude,latitude,elevation_m\nXX,ABC,-122.1,37.6,0\n")
    (made,) = read_event_records(inputs.paths, inputs.events, table, [])
    counts = np.round(COUNTS_A_M_S2 * samples(n=12_000, p_s=24.0))
    np.testing.assert_allclose(made.record.acceleration, counts)
    assert "hp_hz" not in made.row


def dataset(folder: Path, unit: str, channels: np.ndarray) -> Path:
    """Write an earthquake and a trace of noise in SeisBench format."""
    row = {
        "source_id": "ev1", "source_magnitude": 4.2, "source_latitude_deg": 37.5,
        "source_longitude_deg": -122.0, "source_depth_km": 8.0,
        "source_origin_time": "2020-01-01T00:01:00Z", "trace_start_time": "2020-01-01 00:00:50",
        "station_network_code": "XX", "station_code": "ABC", "station_latitude_deg": 37.6,
        "station_longitude_deg": -122.1, "trace_p_arrival_sample": 800, "trace_channel": "HN",
        "trace_category": "earthquake",
    }  # fmt: skip
    with SeisBenchWriter(folder, RATE_HZ, unit=unit) as writer:
        writer.add(channels[[2, 1, 0]].astype(np.float32), row)
        writer.add(channels[[2, 1, 0]].astype(np.float32), row | {"trace_category": "noise"})
    return folder


@pytest.mark.parametrize(("unit", "factor"), [("m/s^2", 1.0), ("cmps2", 100.0), ("counts", 4e5)])
def test_a_dataset_in_seisbench_format_gives_its_earthquakes(tmp_path, inputs, unit, factor):
    given = samples(n=12_000, p_s=24.0)
    folder = dataset(tmp_path / "dataset", unit, factor * given)
    (made,) = read_dataset_records(folder, [], stations=inputs.stations)
    assert_same_below_40_hz(made.record.acceleration, given)
    assert made.record.start_rel_origin_s == pytest.approx(-10.0)
    assert made.row["p_pick_s"] == 8.0
    assert made.row["event_id"] == "ev1"


def test_velocity_is_differentiated_and_counts_need_a_response(tmp_path):
    given = samples(n=3000)
    folder = dataset(tmp_path / "velocity", "mps", given)
    (made,) = read_records(RecordInputs([folder]), [])
    expected = differentiated(given, RATE_HZ)
    np.testing.assert_allclose(made.record.acceleration, expected, rtol=1e-3, atol=1e-3)
    with pytest.raises(DataError, match="give --stations"):
        list(read_records(RecordInputs([dataset(tmp_path / "raw", "counts", given)]), []))
    with pytest.raises(DataError, match="'furlong'"):
        list(read_records(RecordInputs([dataset(tmp_path / "odd", "furlong", given)]), []))


def test_a_set_of_records_can_be_prepared_again(tmp_path):
    path = tmp_path / "set.h5"
    write_records(several(), path, kind="SYNTHETIC (test)")
    assert is_synthetic_input([path])
    found = list(read_records(RecordInputs([path]), []))
    assert len(found) == 4
    for one, given in zip(found, several(), strict=True):
        np.testing.assert_array_equal(one.record.acceleration, given.record.acceleration)
        assert one.row["p_pick_s"] == 8.0
        assert one.row["event_id"] == given.row["event_id"]
