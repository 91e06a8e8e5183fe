"""Windows of events and noise: exact samples, gaps and midnight, memory, guards, real records."""

import gc
import json
import weakref
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import obspy
import pandas as pd
import pytest
from typer.testing import CliRunner

from mainshock.cli.app import app
from mainshock.core.errors import (
    DataError,
    GeometryError,
    NothingFoundError,
    SettingsError,
    SourceError,
)
from mainshock.core.records import Station
from mainshock.detect.regions.catalogue import TimeSplit
from mainshock.detect.regions.cut import (
    WindowShape,
    event_requests,
    mean_velocity_travel_times,
)
from mainshock.detect.regions.noise import busy_spans
from mainshock.detect.regions.streams import InstrumentRecord, find_record
from mainshock.detect.regions.window_files import plot_window
from mainshock.pipeline.region_windows import NoiseChoice, WindowInput, cut_events, cut_noise
from mainshock.sources.seisbench_format import open_seisbench
from mainshock.sources.seisbench_writer import SeisBenchWriter
from mainshock.sources.station_pieces import SkippedList

DAY = datetime(2021, 3, 1, tzinfo=UTC)
STATIONS = "network,station,longitude,latitude,elevation_m\nXX,SYN,10.0,50.0,0.0\n"


def write_channel(folder, channel, start, samples, rate_hz=100.0, name=""):
    trace = obspy.Trace(np.ascontiguousarray(samples, dtype=np.int32))
    trace.stats.update({"network": "XX", "station": "SYN", "channel": channel})
    trace.stats.sampling_rate = rate_hz
    trace.stats.starttime = obspy.UTCDateTime(start)
    folder.mkdir(parents=True, exist_ok=True)
    label = name or f"{start:%Y%m%dT%H%M%S}"
    trace.write(str(folder / f"XX.SYN..{channel}.{label}.mseed"), format="MSEED")


def write_record(folder, start, samples, rate_hz=100.0, channels="ZNE"):
    for letter, row in zip(channels, samples, strict=False):
        write_channel(folder, "HH" + letter, start, row, rate_hz)


def write_events(folder, times, depth_km=25.0, **columns):
    """Events below the station: at 5 km/s the arrival is 5 s after the origin."""
    table = pd.DataFrame(
        {
            "event_id": [f"e{index}" for index in range(len(times))],
            "time": [f"{time:%Y-%m-%dT%H:%M:%S.%fZ}" for time in times],
            "longitude": 10.0,
            "latitude": 50.0,
            "depth_km": depth_km,
            "magnitude": 1.5,
            **columns,
        }
    )
    table.to_csv(folder / "events.csv", index=False)
    (folder / "stations.csv").write_text(STATIONS)


def given(folder, **options):
    return WindowInput(folder / "records", folder / "events.csv", folder / "out", **options)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "records").mkdir()
    (tmp_path / "records" / "stations.csv").write_text(STATIONS)
    return tmp_path


def counts(rng, n):
    return rng.integers(-1000, 1000, (3, n)).astype(np.int32)


def test_a_spike_lands_at_its_sample(folder, rng):
    samples = counts(rng, 60_000)
    origin = DAY + timedelta(seconds=100)
    samples[:, 10_000 + 500 + 321] = 2_000_000, 3_000_000, 4_000_000  # Z, N, E
    write_record(folder / "records", DAY, samples)
    write_events(folder, [origin], cluster_id=2)
    report = cut_events(given(folder))
    assert (report.n_written, dict(report.by_cluster)) == (1, {"2": 1})
    dataset = open_seisbench(folder / "out")
    row = dataset.metadata.iloc[0]
    window = dataset.waveform(row["trace_name"])
    assert window.shape == (3, 1001)
    np.testing.assert_array_equal(window, samples[:, 10_500:11_501])  # raw counts, all of them
    np.testing.assert_array_equal(window.argmax(axis=1), 321)
    assert row["trace_start_time"] == "2021-03-01T00:01:45.000000Z"
    assert row["path_travel_time_s"] == pytest.approx(5.0)
    assert (row["trace_cluster_id"], row["trace_category"]) == (2, "earthquake_local")


def test_start_is_the_nearest_sample(folder, rng):
    write_record(folder / "records", DAY + timedelta(milliseconds=3), counts(rng, 6000))
    write_events(folder, [DAY + timedelta(seconds=10, milliseconds=6)])
    cut_events(given(folder))
    row = open_seisbench(folder / "out").metadata.iloc[0]
    assert row["trace_start_time"] == "2021-03-01T00:00:15.003000Z"
    assert row["trace_wanted_offset_s"] == pytest.approx(0.003)


def test_a_window_across_midnight_and_two_files_is_whole(folder, rng):
    samples = counts(rng, 12_000)
    start = DAY + timedelta(days=1) - timedelta(seconds=60)
    write_record(folder / "records", start, samples[:, :6000])
    write_record(folder / "records", start + timedelta(seconds=60), samples[:, 6000:])
    write_events(folder, [start + timedelta(seconds=50)])
    cut_events(given(folder))
    dataset = open_seisbench(folder / "out")
    window = dataset.waveform(dataset.metadata["trace_name"][0])
    np.testing.assert_array_equal(window, samples[:, 5500:6501])


def test_what_is_not_whole_is_counted_by_reason(folder, rng):
    samples = counts(rng, 40_000)
    samples[1, 30_000:40_000] = 7  # dead, in the middle of a live record
    records = folder / "records"
    for letter, row in zip("ZNE", samples, strict=True):
        write_channel(records, "HH" + letter, DAY, row[:10_000], name="a")
        if letter != "E":
            write_channel(records, "HH" + letter, DAY + timedelta(seconds=110), row[11_000:20_000],
                          name="b")  # fmt: skip
        write_channel(records, "HH" + letter, DAY + timedelta(seconds=200), row[20_000:], name="c")
    seconds = [50, 90, 130, 250, 310, 1000, 3]
    events = [DAY + timedelta(seconds=one) for one in seconds]
    write_events(folder, events, cluster_id=[0, 0, 0, 0, 0, 0, -1])
    report = cut_events(given(folder))
    assert report.n_written == 2
    assert Counter(item.reason for item in report.rejected) == {
        "a gap lies in the window": 1,
        "fewer than three components": 1,
        "a component is flat": 1,
        "no record at that time": 1,
        "the event belongs to no region (cluster_id -1)": 1,
    }
    assert report.n_wanted == report.n_written + len(report.rejected)


def test_another_rate_is_resampled_without_moving_the_onset(folder):
    time_s = np.arange(2400) / 20.0
    samples = np.zeros((3, 2400))
    later = time_s - 48.0
    samples += 1e5 * np.exp(-0.5 * (later / 0.25) ** 2) * np.cos(2 * np.pi * 1.5 * later)
    write_record(folder / "records", DAY, samples, rate_hz=20.0)
    write_events(folder, [DAY + timedelta(seconds=40)])
    cut_events(given(folder))
    dataset = open_seisbench(folder / "out")
    window = dataset.waveform(dataset.metadata["trace_name"][0])
    assert window.shape == (3, 1001)
    expected_s = np.arange(1001) / 100.0 - 3.0
    expected = 1e5 * np.exp(-0.5 * (expected_s / 0.25) ** 2) * np.cos(2 * np.pi * 1.5 * expected_s)
    np.testing.assert_allclose(window[0], expected, atol=1e3)  # 1 %: the filter at 20 Hz


def test_no_more_than_a_day_is_held_of_a_month_of_fragments(folder, rng, monkeypatch):
    for hour in range(0, 31 * 24, 8):
        write_record(
            folder / "records", DAY + timedelta(hours=hour), counts(rng, 28_800), rate_hz=1.0
        )
    times = [DAY + timedelta(hours=float(h), seconds=17) for h in rng.uniform(1, 31 * 24 - 2, 300)]
    write_events(folder, times)
    alive, longest_s, most_alive = [], [], []
    original = InstrumentRecord.read

    def watched(self, window, skipped):
        gc.collect()
        most_alive.append(sum(reference() is not None for reference in alive))
        longest_s.append((window.end_ns - window.start_ns) / 1e9)
        waveforms = original(self, window, skipped)
        alive.extend(weakref.ref(waveform.samples) for waveform in waveforms)
        return waveforms

    monkeypatch.setattr(InstrumentRecord, "read", watched)
    gc.collect()
    gc.freeze()  # collections then look at what is made from here on, not at all that is loaded
    try:
        report = cut_events(given(folder, shape=WindowShape(10.0, 1.0)))
    finally:
        gc.unfreeze()
    assert report.n_written == 300
    assert max(longest_s) <= 86_400 + 20
    assert len(longest_s) > 25
    assert max(most_alive) == 0  # what was read before is gone when the next span is read


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # SeisBench on a newer pandas
def test_a_data_set_loads_with_seisbench(folder, rng):
    seisbench_data = pytest.importorskip("seisbench.data")
    samples = counts(rng, 30_000)
    write_record(folder / "records", DAY, samples)
    write_events(folder, [DAY + timedelta(seconds=100), DAY + timedelta(seconds=200)])
    split = TimeSplit(test_after=DAY + timedelta(seconds=150))
    cut_events(given(folder, split=split))
    theirs = seisbench_data.WaveformDataset(folder / "out", component_order="ZNE")
    assert list(theirs["split"]) == ["train", "test"]
    assert theirs.metadata["trace_sampling_rate_hz"].tolist() == [100.0, 100.0]
    np.testing.assert_array_equal(theirs.get_waveforms(0), samples[:, 10_500:11_501])
    assert len(theirs.test()) == 1


def test_events_and_noise_share_a_folder_and_commands_can_be_repeated(folder, rng):
    write_record(folder / "records", DAY, counts(rng, 200_000))
    write_events(folder, [DAY + timedelta(seconds=600)], cluster_id=3)
    cut_events(given(folder))
    for _ in range(2):
        report = cut_noise(given(folder), NoiseChoice(20))
        cut_events(given(folder))
    assert report.n_written == 20
    table = open_seisbench(folder / "out").metadata
    assert table["trace_category"].value_counts().to_dict() == {"noise": 20, "earthquake_local": 1}
    assert set(table["trace_cluster_id"][table["trace_category"] == "noise"]) == {-1}
    assert table["trace_name"].is_unique
    with pytest.raises(SettingsError, match="50 Hz"):
        cut_events(given(folder, shape=WindowShape(10.0, 50.0)))


def test_a_foreign_data_set_is_not_touched(folder, rng):
    write_record(folder / "records", DAY, counts(rng, 20_000))
    write_events(folder, [DAY + timedelta(seconds=100)])
    with SeisBenchWriter(folder / "out", 100.0) as writer:
        writer.add(np.ones((3, 5), np.float32), {"trace_category": "earthquake_local"})
    before = (folder / "out" / "waveforms.hdf5").read_bytes()
    with pytest.raises(SettingsError, match="another folder"):
        cut_events(given(folder))
    assert (folder / "out" / "waveforms.hdf5").read_bytes() == before


def test_a_writer_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(DataError), SeisBenchWriter(tmp_path, 100.0) as writer:
        writer.add(np.full((3, 5), np.nan, np.float32), {})
    assert list(tmp_path.iterdir()) == []


def test_a_writer_fills_buckets_and_separates_shapes(tmp_path, rng):
    windows = [rng.normal(size=(3, 4 + (i == 1500))).astype(np.float32) for i in range(2100)]
    with SeisBenchWriter(tmp_path, 50.0) as writer:
        for index, window in enumerate(windows):
            writer.add(window, {"number": index})
    dataset = open_seisbench(tmp_path)
    assert dataset.sampling_rate_hz == 50.0
    names = dataset.metadata["trace_name"].tolist()
    assert len({name.split("$")[0] for name in names}) == 4
    for window, stored in zip(windows, dataset.waveforms(names), strict=True):
        np.testing.assert_array_equal(window, stored)


def test_noise_keeps_away_from_events_and_their_coda(folder, rng):
    write_record(folder / "records", DAY, counts(rng, 360_000))
    times = [DAY + timedelta(seconds=one) for one in (300, 1800)]
    far = {"latitude": [50.0, 51.0], "depth_km": [10.0, 10.0], "magnitude": [1.0, 3.5]}
    write_events(folder, times, **far)
    report = cut_noise(given(folder), NoiseChoice(500, step_s=10.0))
    assert report.n_written == report.details["n_free_windows"] < 360
    starts = pd.to_datetime(open_seisbench(folder / "out").metadata["trace_start_time"])
    seconds = (starts - pd.Timestamp(DAY)).dt.total_seconds().to_numpy()
    # Lee et al.: 10**((1 + 0.87) / 2) = 9 s after P at 2 s; 10**((3.5 + 0.87 - 0.39) / 2) = 98 s
    # after P at 111.7 / 5 = 22 s, beyond twice S (77 s)
    for origin, end in ((300, 300 + 2.0 + 8.6 + 10), (1800, 1800 + 22.3 + 97.7 + 10)):
        assert not ((seconds + 10 > origin - 5) & (seconds < end - 0.5)).any()
    assert ((seconds > 1800 + 131) & (seconds < 1800 + 160)).any()


def test_guard_grows_with_distance_and_magnitude():
    station = Station("XX", "SYN", 10.0, 50.0)
    travel = mean_velocity_travel_times(5.0, station)
    rows = [(50.0, 1.0), (51.0, 1.0), (53.0, 1.0), (53.0, 5.0), (np.nan, np.nan)]
    lengths = []
    for latitude, magnitude in rows:
        event = pd.DataFrame(
            {
                "time": [pd.Timestamp(DAY)],
                "longitude": [10.0 if np.isfinite(latitude) else np.nan],
                "latitude": [latitude],
                "depth_km": [10.0],
                "magnitude": [magnitude],
            }
        )
        ((start, end),) = busy_spans(event, station, travel, guard_before_s=0.0, guard_after_s=0.0)
        lengths.append((end - start) / 1e9)
    assert lengths[:4] == sorted(lengths[:4])
    assert lengths[1] == pytest.approx(2 * np.hypot(111.27, 10) / 5 * 3**0.5, rel=1e-3)
    assert lengths[4] == 120.0


def short_travel_times(phase, distance_km, depth_km):
    """A model that refuses all events for one that is too far or too deep, as iasp91 does."""
    if distance_km.max() > 2500.0 or depth_km.max() > 800.0:
        raise GeometryError(f"{distance_km.max():.0f} km is beyond the 2500 km of this model")
    return distance_km / (8.0 if phase == "P" else 4.5)


def reaching_and_not():
    return pd.DataFrame(
        {
            "event_id": ["near", "far", "deep"],
            "time": [pd.Timestamp(DAY)] * 3,
            "longitude": [10.0] * 3,
            "latitude": [51.0, 85.0, 51.0],
            "depth_km": [10.0, 10.0, 900.0],
            "magnitude": [1.0] * 3,
        }
    )


def test_events_out_of_reach_of_the_travel_times_are_rejected_with_the_reason():
    station = Station("XX", "SYN", 10.0, 50.0)
    rejected = []
    catalogue, split = reaching_and_not(), TimeSplit()
    (request,) = event_requests(catalogue, station, short_travel_times, split, rejected)
    assert request.name == "near"
    assert set(request.arrivals) == {"P", "S"}
    assert [item.name for item in rejected] == ["far", "deep"]
    assert "beyond the 2500 km" in rejected[0].reason
    alone = event_requests(catalogue[:1], station, short_travel_times, split, [])
    assert alone == [request]

    def only_near(phase, distance_km, depth_km):
        return np.where(distance_km > 1000.0, np.nan, distance_km / 8.0)

    rejected.clear()
    assert len(event_requests(catalogue, station, only_near, split, rejected)) == 2
    assert "no travel time" in rejected[0].reason


def test_noise_keeps_120_s_away_from_events_out_of_reach():
    station = Station("XX", "SYN", 10.0, 50.0)
    far = reaching_and_not()
    far["time"] = [pd.Timestamp(DAY) + pd.Timedelta(hours=hour) for hour in range(3)]
    spans = busy_spans(far, station, short_travel_times, guard_before_s=0.0, guard_after_s=0.0)
    lengths_s = [(end - start) / 1e9 for start, end in spans]
    assert lengths_s == [pytest.approx(2 * 111.27 / 4.5, rel=1e-2), 120.0, 120.0]


def test_noise_is_random_over_the_record_and_repeats_with_its_seed(folder, rng):
    write_record(folder / "records", DAY, counts(rng, 720_000))
    write_events(folder, [DAY])
    drawn = []
    for seed in (0, 0, 1):
        cut_noise(given(folder), NoiseChoice(30, seed=seed))
        drawn.append(open_seisbench(folder / "out").metadata["trace_start_time"].tolist())
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0] == sorted(drawn[0])
    assert pd.to_datetime(pd.Series(drawn[0])).dt.hour.nunique() == 2


def test_noise_without_a_free_window_says_so(folder, rng):
    write_record(folder / "records", DAY, counts(rng, 6000))
    write_events(folder, [DAY + timedelta(seconds=one) for one in range(0, 60, 5)])
    with pytest.raises(NothingFoundError, match="away from the catalogue"):
        cut_noise(given(folder), NoiseChoice(5))
    assert not (folder / "out" / "metadata.csv").exists()


def test_missing_stations_and_several_stations_are_told(folder, rng, data_dir):
    write_record(folder / "records", DAY, counts(rng, 6000))
    write_events(folder, [DAY])
    (folder / "records" / "stations.csv").unlink()
    with pytest.raises(SourceError, match="--stations"):
        cut_events(given(folder))
    with pytest.raises(SettingsError, match=r"PB\.B916"):
        find_record(data_dir / "continuous" / "ridgecrest_20190707_0750", None, SkippedList())


def test_a_station_that_is_not_there_is_told_with_those_that_are(folder, data_dir):
    source = data_dir / "continuous" / "iceland_dike_20140824"
    with pytest.raises(SettingsError, match=r"no record of Z7\.XXX.*Z7\.DYJN, .*Z7\.TOHR$"):
        find_record(source / "sds", "Z7.XXX", SkippedList())
    with pytest.raises(SettingsError, match=r"no record of XXX.*Z7\.DYJN"):
        find_record(source, "XXX", SkippedList())
    for index in range(30):
        trace = obspy.Trace(np.arange(100, dtype=np.int32))
        trace.stats.update({"network": "XX", "station": f"S{index:02}", "channel": "HHZ"})
        trace.write(str(folder / "records" / f"{index}.mseed"), format="MSEED")
    with pytest.raises(SettingsError, match=r"XX\.S23 and 6 more$") as told:
        find_record(folder / "records", "XX.ABC", SkippedList())
    assert told.value.exit_code == 2


def test_pictures_are_highpassed_and_show_the_predicted_arrivals(folder, rng, monkeypatch):
    time_s = np.arange(1001) / 100.0
    slow, fast = np.sin(2 * np.pi * 0.1 * time_s), 0.01 * np.sin(2 * np.pi * 8.0 * time_s)
    samples = np.tile(slow + fast, (3, 1)).astype(np.float32)
    marks = {"P predicted": 2.0, "S predicted": 3.5, "late": 11.0}
    axes = plot_window({"": samples}, 100.0, "title", highpass_hz=1.0, marks=marks)
    assert "high-passed at 1 Hz" in axes.get_xlabel()
    drawn = axes.lines[0].get_ydata()[200:800]
    assert np.corrcoef(drawn, fast[200:800])[0, 1] > 0.99
    assert np.corrcoef(drawn, slow[200:800])[0, 1] < 0.1
    lines = [one for one in axes.lines if one.get_linestyle() == "--"]
    assert [line.get_xdata()[0] for line in lines] == [2.0, 3.5]
    assert {"P predicted", "S predicted"} <= {text.get_text() for text in axes.texts}
    assert "high-passed" not in plot_window({"": samples}, 2.0, "x", highpass_hz=1.0).get_xlabel()
    write_record(folder / "records", DAY, counts(rng, 60_000))
    write_events(folder, [DAY + timedelta(seconds=100)])
    given_marks = []
    monkeypatch.setattr(
        "mainshock.pipeline.region_windows.save_window_plot",
        lambda *_, **options: given_marks.append((options["highpass_hz"], options["marks"])),
    )
    cut_events(given(folder, before_s=2.0, max_plots=1))
    ((highpass_hz, marks),) = given_marks
    assert highpass_hz == 1.0
    # 25 km below the station at 5 km/s
    assert marks == pytest.approx({"P predicted": 2.0, "S predicted": 2.0 + 5.0 * (3**0.5 - 1)})


def invoke(*arguments):
    return CliRunner().invoke(app, ["detect", "dataset", *map(str, arguments)])


def test_command_on_ridgecrest(data_dir, tmp_path):
    source = data_dir / "continuous" / "ridgecrest_20190707_0750"
    options = ["--stream-dir", source, "--catalogue", source / "events.csv"]
    station = ["--station", "PB.B917", "--output-dir", tmp_path, "--json"]
    result = invoke("events", *options, *station, "--save-mseed", "--plot", "--max-plots", 2,
                    "--velocity", "iasp91", "--before-s", 2)  # fmt: skip
    assert result.exit_code == 0
    document = json.loads(result.stdout)
    assert (document["n_wanted"], document["n_written"]) == (6, 6)
    assert len(list((tmp_path / "plots").glob("*.png"))) == 2
    dataset = open_seisbench(tmp_path)
    row = dataset.metadata.iloc[0]
    window = dataset.waveform(row["trace_name"])
    record = obspy.Stream()
    for path in sorted((source / "sds").rglob("PB.B917*")):
        record += obspy.read(str(path))
    start = obspy.UTCDateTime(row["trace_start_time"])
    for index, letter in enumerate("Z12"):
        theirs = record.select(channel="EH" + letter).slice(start, start + 10.0)[0]
        np.testing.assert_array_equal(window[index], theirs.data)
    stream = obspy.read(str(tmp_path / "mseed" / f"{row['source_id']}.mseed"))
    assert [trace.stats.channel for trace in stream] == ["EHZ", "EH1", "EH2"]
    assert stream[0].stats.npts == 1001
    assert stream[0].data.dtype.kind == "i"
    quiet, loud = np.abs(window[0, :140] - window[0, :140].mean()), np.abs(window[0, 150:250])
    assert loud.max() > 10 * quiet.max()  # P comes 1.7 s into the window


def test_predicted_arrivals_agree_with_picks(data_dir, tmp_path):
    source = data_dir / "continuous" / "iceland_dike_20140824"
    options = ["--stream-dir", source / "sds", "--catalogue", source / "events.csv"]
    result = invoke("events", *options, "--station", "Z7.DYJN", "--output-dir", tmp_path,
                    "--velocity", "constant:5.8,3.3", "--json")  # fmt: skip
    assert json.loads(result.stdout)["n_written"] == 27
    table = open_seisbench(tmp_path).metadata.set_index("source_id")
    picks = pd.read_csv(source / "picks.csv")
    mine = picks[(picks["station"] == "DYJN") & (picks["phase"] == "P")].set_index("event_id")
    both = table.join(mine["time"], how="inner")
    late = pd.to_datetime(both["time"], utc=True) - pd.to_datetime(both["trace_start_time"])
    assert len(late) > 15
    assert late.dt.total_seconds().abs().median() < 1.0  # slow crust under the volcano: 0.65 s


def test_command_says_what_is_missing(data_dir, tmp_path):
    source = data_dir / "continuous" / "sthelens_20220206"
    options = ["--stream-dir", source, "--catalogue", source / "events.csv"]
    place = ["--station", "UW.SHW", "--output-dir", tmp_path]
    result = invoke("events", *options, *place)
    assert result.exception.exit_code == 3
    assert "no place" in str(result.exception)
    result = invoke("noise", *options, *place, "--max-windows", 100, "--json")
    document = json.loads(result.stdout)
    assert document["n_written"] == 100
    assert document["record_s"] == pytest.approx(4 * 3600, abs=1.0)
    assert invoke("events", *options, "--output-dir", tmp_path).exception.exit_code == 2
