"""Spectrograms, helicorders and completeness, from the archive and the live board."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest
from prometheus_client import Gauge

from mainshock.core.errors import DataError
from mainshock.serve.data_quality import coverage
from mainshock.serve.run import ServiceThread
from mainshock.serve.spectrogram import SpectrogramPlan, spectrogram
from mainshock.sources.fragments import Fragment, FragmentHeader, ns_from_datetime
from mainshock.sources.miniseed_records import encode_records
from mainshock.stream.board import LiveBoard

START = datetime(2010, 5, 27, 23, 59, tzinfo=UTC)
START_NS = ns_from_datetime(START)
ASKED = {
    "trace": "BW.UH1..EHZ",
    "start": "2010-05-27T23:59:00Z",
    "end": "2010-05-28T00:01:00Z",
}
RATE_HZ = 100.0


def told(client, path, **query):
    answer = client.get(f"/api/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def levels_of(data):
    raw = np.frombuffer(base64.b64decode(data["levels"]), dtype=np.uint8)
    levels = raw.reshape(data["columns"], data["rows"])
    db = data["low_db"] + data["step_db"] * (levels.astype(float) - 1.0)
    return np.where(levels == 0, np.nan, db)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_a_sine_stands_in_the_row_of_its_frequency_at_its_power(scale):
    times = np.arange(60_00) / RATE_HZ
    samples = (200.0 * np.sin(2 * np.pi * 12.5 * times)).astype(np.float32)
    plan = SpectrogramPlan(2.56, 1.0, 64, scale)
    made = spectrogram(samples, RATE_HZ, (0.0, 60.0), plan)
    middle = made.levels[30].astype(float)
    row = int(middle.argmax())
    assert made.edges_hz[row] <= 12.9
    assert made.edges_hz[row + 1] >= 12.1
    # all power, half the square of the amplitude, within the main lobe of four resolutions
    power = 10 ** ((made.low_db + 0.5 * (middle - 1)) / 10) * np.diff(made.edges_hz)
    tolerance = 0.1 if scale == "linear" else 0.25  # rows as wide as one frequency are coarse
    assert power[made.levels[30] > 1].sum() == pytest.approx(200.0**2 / 2, rel=tolerance)


def test_white_noise_has_the_density_of_its_variance(rng):
    samples = rng.normal(0.0, 30.0, 360_000).astype(np.float32)
    made = spectrogram(samples, RATE_HZ, (0.0, 3600.0), SpectrogramPlan(2.56, 60.0, 32, "linear"))
    db = made.low_db + 0.5 * (made.levels[1:-1, 1:-1].astype(float) - 1.0)
    assert np.median(db) == pytest.approx(10 * np.log10(2 * 900.0 / RATE_HZ), abs=0.5)


def test_a_window_that_touches_a_gap_is_unknown(rng):
    samples = rng.normal(size=6000).astype(np.float32)
    samples[2900:3100] = np.nan
    made = spectrogram(samples, RATE_HZ, (0.0, 60.0), SpectrogramPlan(2.0, 1.0, 16, "linear"))
    known = (made.levels > 0).all(axis=1)
    assert not known[29:31].any()
    assert known[5:25].all()
    assert not (made.levels[29:31] > 0).any()


def test_a_window_too_short_for_frequencies_is_refused():
    plan = SpectrogramPlan(0.5, 1.0, 16, "linear")
    with pytest.raises(DataError, match="ask for a longer window"):
        spectrogram(np.zeros(100, dtype=np.float32), 10.0, (0.0, 10.0), plan)


def test_the_archive_gives_a_spectrogram_with_its_gap(client):
    data = told(client, "spectrograms", **ASKED, columns=120, rows=32)
    assert data["unit"] == "count²/Hz"
    assert (data["columns"], data["rows"], data["column_s"]) == (120, 32, 1.0)
    db = levels_of(data)
    # uniform numbers from -1000 to 999: a variance of 4e6/12 over 50 Hz
    assert np.nanmedian(db[5:55, 2:-2]) == pytest.approx(10 * np.log10(4e6 / 12 / 50), abs=1.0)
    assert np.isnan(db[60]).all()
    low, high = data["shown_db"]
    assert low < np.nanmedian(db) < high


def test_frequencies_may_be_divided_by_their_logarithm(client):
    data = told(client, "spectrograms", **ASKED, rows=16, scale="log", window_s=10)
    edges = np.array(data["edges_hz"])
    assert edges[0] == pytest.approx(0.1)
    assert edges[-1] == 50.0
    np.testing.assert_allclose(np.diff(np.log(edges)), np.log(500.0) / 16, rtol=1e-3)


def test_what_nobody_recorded_is_an_empty_picture_and_no_error(client):
    asked = {**ASKED, "trace": "XX.NONE..EHZ"}
    assert np.isnan(levels_of(told(client, "spectrograms", **asked, columns=20))).all()
    bins = told(client, "helicorder", **asked, bin_s=10)
    assert bins["minimum"] == bins["maximum"] == [None] * 12


def test_a_sensitivity_turns_counts_into_ground_motion(make_context):
    from obspy import read_inventory

    inventory = read_inventory()
    inventory.networks[0].code = "BW"
    station = inventory.networks[0].stations[0]
    station.code, station.channels = "UH1", station.channels[:1]
    channel = station.channels[0]
    channel.code, channel.location_code = "EHZ", ""
    channel.start_date, channel.end_date = None, None
    station.start_date = station.end_date = None
    channel.response.instrument_sensitivity.value = 1e9
    channel.response.instrument_sensitivity.input_units = "M/S"
    asked = {**ASKED, "columns": 60, "rows": 16}
    with (
        ServiceThread(make_context()) as plain,
        ServiceThread(make_context(inventory=inventory)) as known,
        httpx.Client(timeout=60.0) as client,
    ):
        counts = client.get(f"{plain.url}/api/v1/spectrograms", params=asked).json()["data"]
        motion = client.get(f"{known.url}/api/v1/spectrograms", params=asked).json()["data"]
    assert motion["unit"] == "(m/s)²/Hz"
    np.testing.assert_allclose(levels_of(motion), levels_of(counts) - 180.0)


def test_the_board_continues_what_is_archived(make_context, trace):
    """A minute that came after the archive was written joins the archive's without a seam."""
    board = LiveBoard(120.0)
    live = np.full(6000, 5000.0)
    board.put("BW.UH1..EHZ", START_NS + 120 * 10**9, RATE_HZ, live)
    asked = {**ASKED, "end": "2010-05-28T00:02:00Z", "bin_s": 1}
    with ServiceThread(make_context(board=board)) as service, httpx.Client() as client:
        bins = client.get(f"{service.url}/api/v1/helicorder", params=asked).json()["data"]
    assert len(bins["minimum"]) == 180
    assert bins["start"] == "2010-05-27T23:59:00.000000Z"
    expected = trace.samples[:6000].reshape(60, 100)
    assert bins["minimum"][:60] == expected.min(axis=1).tolist()
    assert bins["maximum"][:60] == expected.max(axis=1).tolist()
    assert bins["maximum"][60] is None  # a second was never recorded
    assert bins["minimum"][120:] == [5000.0] * 60


def test_a_day_is_read_hour_by_hour_and_is_as_if_read_at_once(make_context, tmp_path, rng):
    samples = rng.integers(-50, 50, 4 * 3600 * 10, dtype=np.int32)
    write(tmp_path, samples, 10.0)
    asked = {
        "trace": "BW.UH1..EHZ",
        "start": "2010-05-27T00:30:00Z",
        "end": "2010-05-27T05:00:00Z",
        "bin_s": 7,
    }
    context = make_context(archive=tmp_path)
    with ServiceThread(context) as service, httpx.Client(timeout=60.0) as client:
        bins = client.get(f"{service.url}/api/v1/helicorder", params=asked).json()["data"]
    midnight_s = datetime(2010, 5, 27, tzinfo=UTC).timestamp()
    begin_s = datetime.fromisoformat(bins["start"]).timestamp()
    assert begin_s % 7 == 0
    offset = round((begin_s - midnight_s) * 10)
    rows = samples[offset : offset + 70 * 1700].reshape(1700, 70)
    assert bins["minimum"][1:1700] == rows.min(axis=1)[1:].tolist()
    assert bins["maximum"][1:1700] == rows.max(axis=1)[1:].tolist()
    assert bins["maximum"][-1] is None


@pytest.mark.parametrize(
    ("path", "query", "remedy"),
    [
        ("spectrograms", {"end": "2010-05-28T03:00:00Z"}, "at most 3600 s"),
        ("spectrograms", {"window_s": 0.1}, "window_s is 0.1"),
        ("spectrograms", {"scale": "mel"}, "'linear' or 'log'"),
        ("helicorder", {"end": "2010-05-29T03:00:00Z"}, "at most 93600 s"),
        ("helicorder", {"end": "2010-05-28T20:00:00Z", "bin_s": 0.1}, "ask for longer bins"),
        ("helicorder", {"trace": "../../x"}, "write NET.STA.LOC.CHA"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_remedy(client, path, query, remedy):
    answer = client.get(f"/api/v1/{path}", params={**ASKED, **query})
    assert answer.status_code == 400, answer.text
    assert remedy in answer.json()["error"]["message"]


def write(root, samples, rate_hz=RATE_HZ, start=datetime(2010, 5, 27, tzinfo=UTC)):
    folder = root / "2010" / "BW" / "UH1" / "EHZ.D"
    folder.mkdir(parents=True)
    header = FragmentHeader("BW", "UH1", "", "EHZ", ns_from_datetime(start), rate_hz, samples.size)
    records = encode_records(Fragment(header, samples))
    (folder / "BW.UH1..EHZ.D.2010.147").write_bytes(b"".join(records))


def test_completeness_is_the_share_of_each_hour_that_is_archived(tmp_path, rng):
    write(tmp_path, rng.integers(-50, 50, 90 * 60 * 10, dtype=np.int32), 10.0)
    held = coverage(tmp_path, "BW.UH1..EHZ", ns_from_datetime(datetime(2010, 5, 27, 3, tzinfo=UTC)))
    assert held.hours == pytest.approx([0.0] * 21 + [1.0, 0.5, 0.0])
    assert held.day == pytest.approx(1.5 / 24)
    assert (held.n_gaps, held.longest_gap_s) == (0, 0.0)
    assert held.first_ns == ns_from_datetime(datetime(2010, 5, 27, tzinfo=UTC))


def test_quality_tells_gaps_and_the_numbers_of_the_metrics(make_context, store):
    context = make_context()
    Gauge("mainshock_backlog_messages", "x", ["stage"], registry=context.metrics).labels(
        "picking"
    ).set(17)
    Gauge("mainshock_ingest_waiting_records", "x", registry=context.metrics).set(3)
    with ServiceThread(context) as service, httpx.Client(timeout=60.0) as client:
        data = client.get(f"{service.url}/api/v1/stations/quality").json()["data"]
        metrics = client.get(f"{service.url}/metrics").text
    assert data["backlog"] == {"picking": 17}
    assert 'mainshock_backlog_messages{stage="picking"} 17.0' in metrics
    assert data["waiting_records"] == 3
    health = {one.trace_id: one for one in store.health()}
    assert {one["trace_id"] for one in data["instruments"]} == set(health)
    for one in data["instruments"]:
        assert one["age_s"] == 0.0  # nothing is live: ages count to the newest data
        assert one["latency_s"] == health[one["trace_id"]].latency_s
        assert one["counts"] == {"ok": 7}
        assert one["day"] == 0.0


def test_gaps_of_the_archive_are_counted(folder):
    end_ns = START_NS + 3600 * 10**9
    held = coverage(folder / "sds", "BW.UH1..EHZ", end_ns)
    assert held.n_gaps == 1
    assert held.longest_gap_s == pytest.approx(1.0)
    assert held.hours[-1] == pytest.approx(119.0 / 3600.0, abs=1e-6)
    assert held.clock_quality_percent is None


def test_live_ages_count_to_the_clock(make_context):
    context = replace(make_context(), is_live=True)
    with ServiceThread(context) as service, httpx.Client(timeout=60.0) as client:
        data = client.get(f"{service.url}/api/v1/stations/quality").json()["data"]
    assert all(one["age_s"] > 1e6 for one in data["instruments"])


def test_the_clock_quality_is_what_the_newest_record_states(tmp_path):
    from obspy import Trace, UTCDateTime

    folder = tmp_path / "2010" / "BW" / "UH1" / "EHZ.D"
    folder.mkdir(parents=True)
    path = folder / "BW.UH1..EHZ.D.2010.147"
    start = UTCDateTime(2010, 5, 27)
    stats = {"network": "BW", "station": "UH1", "channel": "EHZ", "sampling_rate": 100.0}
    for minute, quality in enumerate((95, 40)):
        trace = Trace(np.zeros(6000, dtype=np.int32), {**stats, "starttime": start + 60 * minute})
        trace.stats.mseed = {"blkt1001": {"timing_quality": quality}}
        with path.open("ab") as stream:
            trace.write(stream, format="MSEED")
    held = coverage(tmp_path, "BW.UH1..EHZ", START_NS)
    assert held.clock_quality_percent == 40.0
