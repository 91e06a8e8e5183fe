"""Time windows that reach back before the ring: from the archive, without a loss or a double."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from obspy import UTCDateTime
from obspy.clients.seedlink.basic_client import Client
from seedlink_client import Protocol, SeedLink

from mainshock.sources.miniseed_records import record_header

BEGIN = datetime(2019, 7, 7, 7, 50, tzinfo=UTC)
TRACES = ("PB.B916..EHZ", "PB.B916..EH1", "UW.SHW.00.HHZ")


@pytest.fixture
def server(serve, archive, records_of, messages_of):
    """A server whose archive holds 30 s of three traces, and whose ring their later half."""
    for trace in TRACES:
        root = archive(trace, records_of(trace))
    server = serve(archive=root)
    by_trace = [records_of(trace) for trace in TRACES]
    later = [record for records in by_trace for record in records[len(records) // 2 :]]
    # across channels by their ends: the order that made another server lose the first record
    later.sort(key=lambda payload: record_header(payload).end_ns)
    server.publish(messages_of(later))
    return server


@pytest.mark.parametrize("start_s", [-60, 0, 3, 14, 16, 29])
def test_obspy_gets_every_sample_of_a_window_over_archive_and_ring(server, samples_of, start_s):
    begin = UTCDateTime(BEGIN) + start_s
    client = Client("127.0.0.1", server.port, timeout=20)
    stream = client.get_waveforms("*", "*", "*", "*", begin, begin + 90)
    assert sum(map(len, stream)) == 3 * (3000 - max(0, start_s) * 100)
    stream.merge(-1)
    assert sorted(trace.id for trace in stream) == sorted(TRACES)
    for trace in stream:
        np.testing.assert_array_equal(
            trace.data, samples_of(trace.id, 3000)[max(0, start_s) * 100 :]
        )


@pytest.mark.parametrize("protocol", [Protocol.V3, Protocol.V4])
def test_records_come_once_and_in_order_of_time_for_each_stream(server, records_of, protocol):
    with SeedLink("127.0.0.1", server.port, timeout=20, protocol=protocol, dialup=True) as client:
        client.set_timewindow(BEGIN - timedelta(hours=1), BEGIN + timedelta(hours=1))
        client.add_stream("*")
        packets = list(client.collect(reconnect=False))
    for trace in TRACES:
        code = trace.split(".")
        found = [packet.payload for packet in packets if _codes(packet.payload) == tuple(code)]
        assert found == records_of(trace)
    numbers = [packet.seqnum for packet in packets if packet.seqnum]
    assert numbers == sorted(numbers) == list(range(1, len(numbers) + 1))


def _codes(payload: bytes) -> tuple[str, str, str, str]:
    header = record_header(payload)
    return header.network, header.station, header.location, header.channel


def test_a_number_that_is_no_longer_kept_gives_way_to_its_time(server, records_of, talk):
    talker = talk(server)
    records = records_of(TRACES[0])
    assert talker.ask("STATION B916 PB") == "OK"
    assert talker.ask("SELECT EHZ") == "OK"
    assert talker.ask("DATA 7FFF00 2019,07,07,07,50,05") == "OK"  # numbers of another server
    talker.say("END")
    wanted = [
        payload for payload in records if record_header(payload).end_ns > 1_562_485_805 * 10**9
    ]
    assert len(wanted) < len(records)
    for payload in wanted:
        assert talker.take(520)[8:] == payload


def test_a_record_that_spans_midnight_is_found(serve, archive, records_of, samples_of, tmp_path):
    midnight = datetime(2019, 7, 8, tzinfo=UTC)
    start_ns = round((midnight.timestamp() - 2) * 1e9)
    root = archive("PB.B916..EHZ", records_of("PB.B916..EHZ", 600, start_ns, 4096))
    client = Client("127.0.0.1", serve(archive=root).port, timeout=20)
    stream = client.get_waveforms(
        "PB", "B916", "", "EHZ", UTCDateTime(midnight), UTCDateTime(midnight) + 60
    )
    np.testing.assert_array_equal(
        np.concatenate([trace.data for trace in stream]), samples_of("PB.B916..EHZ", 600)[200:]
    )


def test_damaged_and_foreign_files_are_passed_over(serve, archive, records_of):
    payloads = records_of("PB.B916..EHZ")
    root = archive("PB.B916..EHZ", [payloads[0], b"rubbish" * 100, payloads[1], payloads[2][:100]])
    (root / "2019/PB/B916/EHZ.D/PB.B916..EHZ.D.2019.xyz").write_bytes(b"?")
    (root / "2019/PB/B916/EHZ.D/PB.D.x").write_bytes(b"?")
    client = Client("127.0.0.1", serve(archive=root).port, timeout=20)
    begin = UTCDateTime(BEGIN)
    stream = client.get_waveforms("PB", "B916", "", "EHZ", begin, begin + 60)
    expected = sum(record_header(payload).n_samples for payload in payloads[:2])
    assert sum(map(len, stream)) == expected


@pytest.mark.parametrize("clock_s", [10.0, 30.0, 100.0])
def test_a_window_that_ends_later_waits_for_its_records(
    serve, records_of, messages_of, talk, wait_until, clock_s
):
    """A window of 20 s with a grace of 60 s is not over at 10 and 30 s, and is at 100 s."""
    now = [BEGIN.timestamp() + clock_s]
    server = serve(clock=lambda: round(now[0] * 1e9), window_grace_seconds=60.0)
    records = records_of("PB.B916..EHZ")
    inside = [
        payload
        for payload in records
        if record_header(payload).start_ns < (BEGIN.timestamp() + 20) * 1e9
    ]
    server.publish(messages_of(records[:3]))
    talker = talk(server)
    talker.say("STATION B916 PB", "TIME 2019,07,07,07,50,00 2019,07,07,07,50,20", "END")
    assert (talker.line(), talker.line()) == ("OK", "OK")
    assert [talker.take(520)[8:] for _ in range(3)] == records[:3]
    if clock_s < 80:
        server.publish(messages_of(records[3:]))
        assert [talker.take(520)[8:] for _ in inside[3:]] == inside[3:]
    assert talker.take(3) == b"END"


def test_what_is_newer_than_the_ring_is_left_to_come_through_it(
    serve, archive, records_of, messages_of, talk
):
    """A record written to the archive and not published yet must not be sent twice."""
    records = records_of("PB.B916..EHZ")
    server = serve(archive=archive("PB.B916..EHZ", records))
    server.publish(messages_of(records[3:5]))
    talker = talk(server)
    talker.say("STATION B916 PB", "TIME 2019,07,07,07,50,00", "END")
    assert (talker.line(), talker.line()) == ("OK", "OK")
    assert [talker.take(520)[8:] for _ in range(5)] == records[:5]
    server.publish(messages_of(records[5:]))
    assert [talker.take(520)[8:] for _ in records[5:]] == records[5:]


def test_a_client_goes_on_amid_the_pieces_of_a_record(serve, records_of, messages_of, talk):
    server = serve()
    server.publish(messages_of(records_of("PB.B916..EHZ", length=4096)))
    numbers = []
    for place in ("", " 3"):
        talker = talk(server)
        talker.say("STATION * *", f"FETCH{place}", "END")
        assert (talker.line(), talker.line()) == ("OK", "OK")
        sent = talker.rest_until_end()
        numbers.append([int(sent[at + 2 : at + 8], 16) for at in range(0, len(sent), 520)])
    assert numbers[0] == list(range(1, len(numbers[0]) + 1))
    assert numbers[1] == numbers[0][2:]
