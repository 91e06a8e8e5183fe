"""The client library ``seedlink_client``, versions 4.0 and 3: another reading of the protocol."""

import json
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from seedlink_client import Protocol, SeedLink, SeedLinkError, SeedLinkPacket

from mainshock.serve.seedlink import connection
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.miniseed_records import record_header

BEGIN = datetime(2019, 7, 7, 7, 50, tzinfo=UTC)
TRACES = ("PB.B916..EHZ", "PB.B916..EH1", "UW.SHW.00.HHZ", "UW.SHW.01.HHZ")
BOTH = pytest.mark.parametrize("protocol", [Protocol.V3, Protocol.V4])


@pytest.fixture
def server(serve, records_of, messages_of):
    """A server that holds 30 s of four traces, one after the other."""
    server = serve()
    server.publish(messages_of([record for trace in TRACES for record in records_of(trace)]))
    return server


def client_of(server, protocol=Protocol.V4, **options) -> SeedLink:
    return SeedLink("127.0.0.1", server.port, timeout=20, protocol=protocol, **options)


def samples_by_trace(packets: Iterable[SeedLinkPacket]) -> dict[str, np.ndarray]:
    """The samples of each trace in the order of the packets, which must leave no gap."""
    parts: dict[str, list[np.ndarray]] = {}
    ends: dict[str, int] = {}
    for packet in packets:
        record = packet.record()
        record.unpack_data()
        network, station, location, *letters = record.sourceid.removeprefix("FDSN:").split("_")
        trace = f"{network}.{station}.{location}.{''.join(letters)}"
        assert packet.station_id == f"{network}_{station}"
        assert abs(record.starttime - ends.get(trace, record.starttime)) < 1000
        ends[trace] = record.endtime + 10_000_000
        parts.setdefault(trace, []).append(record.np_datasamples.copy())
    return {trace: np.concatenate(found) for trace, found in parts.items()}


@BOTH
def test_live_packets_come_with_growing_numbers(
    server, records_of, samples_of, messages_of, wait_until, protocol
):
    received: list[SeedLinkPacket] = []
    later = [
        record
        for trace in TRACES[:3]
        for record in records_of(trace, 800, ns_from_datetime(BEGIN) + 30 * 10**9)
    ]
    with client_of(server, protocol) as client:
        client.add_stream("PB_B916")
        client.add_stream("UW_*", ["00_H_H_Z"])

        def collect() -> None:
            for packet in client.collect(reconnect=False):
                received.append(packet)
                if len(received) == len(later):
                    return

        thread = threading.Thread(target=collect)
        thread.start()
        wait_until(lambda: any(facts.sequence for facts in server._client_facts()))
        server.publish(messages_of(later))
        thread.join(30)
    assert [packet.payload for packet in received] == later
    numbers = [packet.seqnum for packet in received]
    assert numbers == list(range(numbers[0], numbers[0] + len(later)))
    for trace, samples in samples_by_trace(received).items():
        np.testing.assert_array_equal(samples, samples_of(trace, 800))


def test_all_that_is_kept_comes_to_who_asks_for_all(server, samples_of):
    with client_of(server, dialup=True) as client:
        client.add_stream("*", all_data=True)
        found = samples_by_trace(client.collect(reconnect=False))
    assert sorted(found) == sorted(TRACES)
    for trace, samples in found.items():
        np.testing.assert_array_equal(samples, samples_of(trace, 3000))


def test_a_fetch_of_version_3_brings_all_that_is_kept(server, samples_of):
    with client_of(server, Protocol.V3, dialup=True) as client:
        client.add_stream("UW_SHW", ["01HHZ"])
        found = samples_by_trace(client.collect(reconnect=False))
    assert list(found) == [TRACES[3]]
    np.testing.assert_array_equal(found[TRACES[3]], samples_of(TRACES[3], 3000))


@BOTH
def test_a_transfer_goes_on_after_the_last_number(server, samples_of, protocol, tmp_path: Path):
    state = str(tmp_path / "state")
    packets = []
    with client_of(server, protocol) as client:
        client.set_timewindow(BEGIN)
        client.add_stream("PB_B916")
        for packet in client.collect(reconnect=False):
            packets.append(packet)
            if len(packets) == 7:
                client.save_state(state)
                break
    with client_of(server, protocol, dialup=True) as client:
        client.add_stream("PB_B916")
        client.recover_state(state)
        packets += client.collect(reconnect=False)
    for trace, samples in samples_by_trace(packets).items():
        np.testing.assert_array_equal(samples, samples_of(trace, 3000))
    assert len(samples_by_trace(packets)) == 2


@BOTH
def test_a_time_window_holds_the_records_that_touch_it(server, records_of, protocol):
    begin, end = BEGIN + timedelta(seconds=8), BEGIN + timedelta(seconds=21)
    with client_of(server, protocol, dialup=protocol is Protocol.V4) as client:
        client.set_timewindow(begin, end)
        client.add_stream("PB_B916", ["E_H_Z"])
        found = list(client.collect(reconnect=False))
    headers = [(payload, record_header(payload)) for payload in records_of(TRACES[0])]
    expected = [
        payload
        for payload, header in headers
        if header.end_ns > ns_from_datetime(begin) and header.start_ns < ns_from_datetime(end)
    ]
    assert 0 < len(expected) < len(records_of(TRACES[0]))
    assert [packet.payload for packet in found] == expected


@pytest.mark.parametrize(
    ("station", "selectors", "traces"),
    [
        ("*", ["*_H_Z"], [TRACES[0], TRACES[2], TRACES[3]]),
        ("*", ["*", "!0?_*"], TRACES[:2]),
        ("*", ["!*_Z"], [TRACES[1]]),
        ("?W_S*", ["01_H_H_?"], [TRACES[3]]),
        ("UW_SHW", ["H_H_Z"], TRACES[2:]),
        ("UW_SHW", ["*_H_H_Z.2D"], TRACES[2:]),
        ("UW_SHW", ["*_H_H_Z.3"], []),
        ("XX_*", [], []),
    ],
)
def test_wildcards_and_selectors_choose_streams(server, station, selectors, traces):
    with client_of(server, dialup=True) as client:
        client.add_stream(station, selectors, all_data=True)
        found = samples_by_trace(client.collect(reconnect=False))
    assert sorted(found) == sorted(traces)


def test_a_station_falls_under_the_first_request_that_matches(server):
    with client_of(server, dialup=True) as client:
        client.add_stream("UW_SHW", ["00_*"], all_data=True)
        client.add_stream("*", all_data=True)
        found = samples_by_trace(client.collect(reconnect=False))
    assert sorted(found) == sorted(TRACES[:3])


@pytest.mark.parametrize(("length", "version"), [(512, 2), (4096, 2), (4096, 3)])
@pytest.mark.parametrize("wanted", ["native", "2", "3"])
def test_payloads_come_in_the_format_asked_for(
    serve, records_of, samples_of, messages_of, length, version, wanted
):
    server = serve()
    payloads = records_of(TRACES[0], length=length, version=version)
    server.publish(messages_of(payloads))
    with client_of(server, dialup=True) as client:
        client.add_stream("*", [f"*:{wanted}"], all_data=True)
        packets = list(client.collect(reconnect=False))
    expected = str(version) if wanted == "native" else wanted
    assert {packet.payload_format for packet in packets} == {expected}
    if wanted == "native":
        assert [packet.payload for packet in packets] == payloads
    found = samples_by_trace(packets)
    np.testing.assert_array_equal(found[TRACES[0]], samples_of(TRACES[0], 3000))


def test_info_of_version_4_is_json_of_the_documented_shape(server):
    with client_of(server) as client:
        told = {
            item: json.loads(client.info(item))
            for item in ("ID", "FORMATS", "CAPABILITIES", "STATIONS", "STREAMS", "CONNECTIONS")
        }
        one = json.loads(client.info("STREAMS UW_* 00_*.2D"))
        wrong = json.loads(client.info("NONSENSE"))
    for document in told.values():
        assert document["software"].startswith("SeedLink v4.0 (mainshock ")
        assert document["organization"] == "mainshock"
    assert set(told["FORMATS"]["format"]) == {"2", "3", "J"}
    assert [station["id"] for station in told["STATIONS"]["station"]] == ["PB_B916", "UW_SHW"]
    assert told["STATIONS"]["station"][0]["start_seq"] == 1
    streams = {
        stream["id"]: stream
        for station in told["STREAMS"]["station"]
        for stream in station["stream"]
    }
    assert set(streams) == {"_E_H_Z", "_E_H_1", "00_H_H_Z", "01_H_H_Z"}
    assert streams["_E_H_Z"]["start_time"] == "2019-07-07T07:50:00.000000Z"
    assert streams["_E_H_Z"]["end_time"] == "2019-07-07T07:50:30.000000Z"
    assert told["CONNECTIONS"]["connection"][0]["user_agent"].count("/") == 2
    assert [stream["id"] for stream in one["station"][0]["stream"]] == ["00_H_H_Z"]
    assert wrong["error"]["code"] == "ARGUMENTS"


def test_info_of_version_3_is_xml_in_as_many_records_as_it_takes(serve, records_of, messages_of):
    server = serve()
    codes = [f"XX.S{number:02d}..HHZ" for number in range(20)]
    server.publish(messages_of([record for code in codes for record in records_of(code, 100)]))
    with client_of(server, Protocol.V3) as client:
        stations = client.info_dict("STREAMS")["seedlink"]["station"]
    assert [station["name"] for station in stations] == [f"S{number:02d}" for number in range(20)]
    assert {station["stream"][0]["seedname"] for station in stations} == {"HHZ"}
    assert stations[3]["begin_seq"] == "000004"


def test_one_station_mode_sends_at_once(server, records_of):
    with client_of(server, Protocol.V3) as client:
        client.set_all_stations(["00HHZ"])
        client.set_timewindow(BEGIN, BEGIN + timedelta(seconds=30))
        found = [packet.payload for packet in client.collect(reconnect=False)]
    assert found == records_of(TRACES[2])


def test_batch_mode_gives_no_replies_and_the_same_data(server, records_of):
    with client_of(server, Protocol.V3, batch=True, dialup=True) as client:
        client.add_stream("UW_SHW", ["00HHZ"])
        found = [packet.payload for packet in client.collect(reconnect=False)]
    assert found == records_of(TRACES[2])


@pytest.mark.parametrize("auth", ["a" * 20, ("somebody", "a" * 20)])
@pytest.mark.parametrize("is_local", [True, False])
def test_with_a_token_only_who_shows_it_gets_data(
    serve, records_of, messages_of, monkeypatch, auth, is_local
):
    monkeypatch.setattr(connection, "_is_loopback", lambda _: is_local)
    server = serve(token="a" * 20)
    payloads = records_of(TRACES[0])
    server.publish(messages_of(payloads))
    with client_of(server, dialup=True, auth=auth) as client:
        client.add_stream("*", all_data=True)
        assert [packet.payload for packet in client.collect(reconnect=False)] == payloads
    with pytest.raises(SeedLinkError, match="wrong token"), client_of(server, auth="b" * 20):
        pass
    with client_of(server) as client, pytest.raises(SeedLinkError, match="token") as refused:
        client.negotiate()
    assert refused.value.code == "UNAUTHORIZED"


def test_without_a_token_authentication_is_no_command(server):
    with pytest.raises(SeedLinkError) as refused, client_of(server, auth="a" * 20):
        pass
    assert refused.value.code == "UNSUPPORTED"
