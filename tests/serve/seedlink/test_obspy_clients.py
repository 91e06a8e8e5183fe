"""ObsPy's SeedLink clients, version 3: what they read is what was put in, each sample."""

import contextlib
import threading
from pathlib import Path

import numpy as np
import pytest
from lxml import etree
from obspy import Stream, Trace, UTCDateTime, read
from obspy.clients.seedlink.basic_client import Client
from obspy.clients.seedlink.easyseedlink import EasySeedLinkClient
from obspy.clients.seedlink.slclient import SLClient
from obspy.clients.seedlink.slpacket import SLPacket

BEGIN = UTCDateTime("2019-07-07T07:50:00")
TRACES = ("PB.B916..EHZ", "PB.B916..EH1", "UW.SHW.00.HHZ", "UW.SHW.01.HHZ")


@pytest.fixture
def server(serve, records_of, messages_of):
    """A server that holds 30 s of four traces."""
    server = serve()
    by_trace = [records_of(trace) for trace in TRACES]
    longest = max(map(len, by_trace))
    mixed = [records[i] for i in range(longest) for records in by_trace if i < len(records)]
    server.publish(messages_of(mixed))
    return server


def client_of(server) -> Client:
    return Client("127.0.0.1", server.port, timeout=20)


@pytest.mark.parametrize(
    ("seed", "traces"),
    [
        (("PB", "B916", "", "EHZ"), TRACES[:1]),
        (("PB", "B916", "", "EH?"), TRACES[:2]),
        (("UW", "SHW", "00", "HHZ"), TRACES[2:3]),
        (("UW", "SHW", "??", "HHZ"), TRACES[2:]),
        (("*", "*", "*", "*"), TRACES),
        (("P?", "B*", "", "EHZ"), TRACES[:1]),
    ],
)
def test_a_time_window_holds_every_sample_from_the_first_on(server, samples_of, seed, traces):
    stream = client_of(server).get_waveforms(*seed, BEGIN, BEGIN + 60)
    stream.merge(-1)
    assert sorted(trace.id for trace in stream) == sorted(traces)
    for trace in stream:
        assert trace.stats.starttime == BEGIN
        np.testing.assert_array_equal(trace.data, samples_of(trace.id, 3000))


def test_an_inner_window_begins_and_ends_where_asked(server, samples_of):
    stream = client_of(server).get_waveforms("PB", "B916", "", "EHZ", BEGIN + 7, BEGIN + 19)
    stream.merge(-1)
    np.testing.assert_array_equal(stream[0].data, samples_of(TRACES[0], 3000)[700:1901])


def connected(client: EasySeedLinkClient) -> EasySeedLinkClient:
    """Connect with a timeout: without one this client fails on Python 3.11."""
    client.conn.timeout = client.conn.netto = 20
    client.connect()
    return client


def test_info_lists_stations_and_channels(server):
    client = client_of(server)
    assert client.get_info(level="station") == [("PB", "B916"), ("UW", "SHW")]
    channels = [tuple(trace.split(".")) for trace in sorted(TRACES)]
    assert client.get_info(level="channel", cache=False) == channels


def test_other_levels_of_info_are_xml(server):
    client = connected(EasySeedLinkClient(f"127.0.0.1:{server.port}", autoconnect=False))
    try:
        assert client.has_capability("multistation")
        assert client.has_info_capability("streams")
        assert etree.fromstring(client.get_info("ID").encode()).get("organization") == "mainshock"
        connections = etree.fromstring(client.get_info("CONNECTIONS").encode())
        assert [one.get("host") for one in connections] == ["127.0.0.1"]
        assert b"PB B916" in client._send_and_recv(b"CAT")
    finally:
        client.conn.disconnect()


def test_live_records_arrive_as_they_are_published(
    server, samples_of, records_of, messages_of, wait_until
):
    received = Stream()

    class EnoughError(Exception):
        """Leaves the client's loop, which has no other end."""

    def note(trace: Trace) -> None:
        received.append(trace)
        if sum(len(one) for one in received) == 500:
            raise EnoughError

    def run() -> None:
        with contextlib.suppress(EnoughError):
            client.run()
        client.conn.disconnect()

    client = connected(EasySeedLinkClient(f"127.0.0.1:{server.port}", autoconnect=False))
    client.on_data = note
    client.select_stream("PB", "B916", "EHZ")
    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: any(facts.sequence for facts in server._client_facts()))
    later = records_of("PB.B916..EHZ", 500, (BEGIN + 30)._ns)
    server.publish(messages_of([*later, *records_of("PB.B916..EH1", 500, (BEGIN + 30)._ns)]))
    thread.join(30)
    assert not thread.is_alive()
    received.merge(-1)
    assert [trace.id for trace in received] == ["PB.B916..EHZ"]
    np.testing.assert_array_equal(received[0].data, samples_of("PB.B916..EHZ", 500))


def test_a_client_that_comes_again_goes_on_after_its_last_number(
    server, samples_of, records_of, messages_of, tmp_path: Path
):
    state = tmp_path / "state"

    def collect(n_packets: int) -> list[SLPacket]:
        packets: list[SLPacket] = []

        def note(_count: int, packet: SLPacket) -> bool:
            packets.append(packet)
            return len(packets) == n_packets

        client = SLClient(timeout=20)
        client.multiselect = "PB_B916:EHZ"
        client.slconn.set_sl_address(f"127.0.0.1:{server.port}")
        if state.exists():
            client.statefile = str(state)
        else:
            client.begin_time = "2019,07,07,07,50,00"
        client.initialize()
        client.run(packet_handler=note)
        client.slconn.statefile = str(state)
        client.slconn.save_state(str(state))
        return packets

    n_records = len(records_of("PB.B916..EHZ"))
    first = collect(2)
    then = collect(n_records - 2)
    stream = Stream([packet.get_trace() for packet in first + then])
    stream.merge(-1)
    np.testing.assert_array_equal(stream[0].data, samples_of("PB.B916..EHZ", 3000))


@pytest.mark.parametrize(("length", "version"), [(4096, 2), (256, 2), (4096, 3)])
def test_records_of_other_lengths_come_in_512_bytes(
    serve, records_of, samples_of, messages_of, length, version
):
    server = serve()
    trace = "PB.B916..EHZ"
    server.publish(messages_of(records_of(trace, length=length, version=version)))
    stream = client_of(server).get_waveforms(*trace.split("."), BEGIN, BEGIN + 60)
    stream.merge(-1)
    np.testing.assert_array_equal(stream[0].data, samples_of(trace, 3000))


def test_real_records_come_back_as_they_are_in_the_archive(serve, messages_of, data_dir: Path):
    root = data_dir / "continuous" / "ridgecrest_20190707_0750" / "sds"
    files = sorted((root / "2019" / "PB" / "B921").glob("*.D/*"))
    expected = sum((read(file) for file in files), Stream())
    payloads = [
        data[i : i + 512]
        for data in (file.read_bytes() for file in files)
        for i in range(0, len(data), 512)
    ]
    server = serve()
    server.publish(messages_of(payloads))
    begin = min(trace.stats.starttime for trace in expected)
    begin = UTCDateTime(int(begin.timestamp) + 60)
    stream = client_of(server).get_waveforms("PB", "B921", "", "EH?", begin, begin + 120)
    expected.trim(begin, begin + 120)
    for one in (stream, expected):
        one.merge(-1).sort()
    assert len(expected) == 3
    assert [trace.id for trace in stream] == [trace.id for trace in expected]
    for got, wanted in zip(stream, expected, strict=True):
        assert got.stats.starttime == wanted.stats.starttime
        np.testing.assert_array_equal(got.data, wanted.data)
