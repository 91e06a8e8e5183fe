"""Every name in the registry opens, says what it is and stops; wrong texts are told."""

import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from mainshock.core.errors import SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.sources import bundled
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.live import PACKET_SOURCES, LiveSource, SourceSettings, open_packet_source
from mainshock.sources.miniseed_records import decode_record, record_header
from mainshock.sources.trace_files import read_fragments

START = datetime(2024, 12, 31, 23, 59, 50, tzinfo=UTC)
SPECS = {
    "demo": "demo",
    "load": "load:3",
    "replay": "replay:{archive}",
    "seedlink": "seedlink://127.0.0.1:18000/XX_ABC:HH? EH?,YY_*",
    "seedlink4": "seedlink4://[::1]",
    "udp": "udp://127.0.0.1:8888/AM.R1234",
}


@pytest.mark.parametrize("kind", PACKET_SOURCES.names())
def test_every_kind_opens_and_says_what_it_is(kind, archive, make_fragment):
    spec = SPECS[kind].format(archive=archive(make_fragment(np.arange(100))))
    source = open_packet_source(spec)
    assert isinstance(source, LiveSource)
    assert source.name == spec
    assert source.label
    assert source.is_synthetic == (kind == "load")
    stop = threading.Event()
    stop.set()
    if not kind.startswith("seedlink"):
        assert list(source.packets(stop)) == []


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "kafka://x",
        "/archive/sds",
        "demo:2",
        "load:",
        "load:many",
        "load:0",
        "load:-3",
        "load:99999999999",
        "load:²",
        "udp://0.0.0.0/AM.R1",
        "udp://0.0.0.0:99999/AM.R1",
        "udp://0.0.0.0:8888/AMR1",
        "seedlink://",
        "seedlink://host:0/XX_ABC",
        "seedlink://host:18000/ABC",
        "seedlink://host:18000/XX_ABC:HH?\r\nBYE",
        "seedlink4://host:18000/XX_ABC,XX_ABC:HHZ",
    ],
)
def test_text_that_names_no_source_is_told(spec):
    with pytest.raises(SettingsError):
        open_packet_source(spec)


def test_demonstration_has_the_samples_of_the_bundled_files():
    settings = SourceSettings(speed=0.0)
    source = open_packet_source("demo", settings)
    packets = list(source.packets(threading.Event()))
    ends = [packet.arrival_ns for packet in packets]
    assert ends == sorted(ends)
    assert "2010" in source.label
    got = {}
    for packet in packets:
        fragment = decode_record(packet.payload)
        samples = dict(enumerate(fragment.samples.tolist()))
        got[fragment.header.trace_id, fragment.header.start_ns] = samples
    for path in bundled.record_paths("uh"):
        for fragment in read_fragments(path)[0]:
            header = fragment.header
            position = 0
            while position < header.n_samples:
                offset_ns = round(position / header.sampling_rate_hz * NANOSECONDS)
                start_us = round((header.start_ns + offset_ns) / 1000)
                found = next(
                    samples
                    for (trace, start_ns), samples in got.items()
                    if trace == header.trace_id and abs(start_ns // 1000 - start_us) <= 2
                )
                part = fragment.samples[position : position + len(found)]
                assert list(found.values()) == part.tolist()
                position += len(found)
    codes = {station.code for station in source.stations()}
    assert codes == {"BW.UH1", "BW.UH2", "BW.UH3", "BW.UH4"}


def generate(n_stations: int, duration_s: float, **settings) -> list:
    limits = SourceSettings(
        speed=0.0, start=START, end=START + timedelta(seconds=duration_s), **settings
    )
    return list(open_packet_source(f"load:{n_stations}", limits).packets(threading.Event()))


@pytest.mark.parametrize("packet_s", [1, 4])
def test_load_is_without_gaps_and_the_same_for_the_same_seed(packet_s):
    packets = generate(5, 40.0, packet_s=packet_s)
    arrivals = [packet.arrival_ns for packet in packets]
    assert arrivals == sorted(arrivals)
    ends: dict[str, int] = {}
    for packet in packets:
        header = record_header(packet.payload)
        assert header.n_samples == packet_s * 100
        assert len(packet.payload) == 512
        assert ends.get(header.trace_id, header.start_ns) == header.start_ns
        ends[header.trace_id] = header.end_ns
    assert len(ends) == 15
    assert packets == generate(5, 40.0, packet_s=packet_s)
    assert packets != generate(5, 40.0, packet_s=packet_s, seed=1)


def test_load_shows_its_earthquakes_when_and_where_it_says():
    settings = SourceSettings(speed=0.0, start=START, end=START + timedelta(seconds=110))
    source = open_packet_source("load:9", settings)
    (quake,) = source.earthquakes(110.0)
    vertical: dict[str, list] = {}
    first_ns: dict[str, int] = {}
    for packet in source.packets(threading.Event()):
        fragment = decode_record(packet.payload)
        if fragment.header.channel == "HHZ":
            first_ns.setdefault(fragment.header.station, fragment.header.start_ns)
            vertical.setdefault(fragment.header.station, []).extend(fragment.samples)
    origin_ns = round(quake.time.timestamp() * NANOSECONDS)
    for station in source.stations():
        distance_km = np.hypot(
            geodesic_distance_km(
                quake.longitude, quake.latitude, station.longitude, station.latitude
            ),
            quake.depth_km,
        )
        samples = np.abs(np.array(vertical[station.station], dtype=float))
        loud = int(np.argmax(samples > 8 * np.median(samples[:2000])))
        seen_s = loud / 100 + (first_ns[station.station] - origin_ns) / 1e9
        assert seen_s == pytest.approx(distance_km / 5.8, abs=0.3)


def test_load_at_real_time_is_live_and_ends_now(clock):
    settings = SourceSettings(timing=clock.timing())
    source = open_packet_source("load:2", settings)
    assert source.is_live
    packets = source.packets(threading.Event())
    for _ in range(30):
        packet = next(packets)
        late_ns = packet.arrival_ns - record_header(packet.payload).end_ns
        assert 0 <= late_ns < 2_000
    assert sum(clock.waits_s) == pytest.approx(5.5, abs=1.1)
    assert not open_packet_source("load:2", SourceSettings(speed=10.0)).is_live


def test_load_states_stations_and_their_response():
    source = open_packet_source("load:4")
    codes = [station.code for station in source.stations()]
    assert codes == [f"XX.L{number:04d}" for number in range(4)]
    response = source.inventory().get_response("XX.L0003.00.HHN", __import__("obspy").UTCDateTime())
    gain = response.get_evalresp_response_for_frequencies([1.0, 20.0], output="VEL")
    np.testing.assert_allclose(np.abs(gain), 1e9)
