"""SeedLink clients against servers that follow the protocol's text, or break it."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mainshock.core.errors import SourceError, UnreachableError
from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.live import SourceSettings, Timing, open_packet_source
from mainshock.sources.live.seedlink import LinkPatience, SeedLinkSource
from mainshock.sources.live.seedlink_frames import next_frame_3, next_frame_4
from mainshock.sources.live.seedlink_requests import parse_address
from mainshock.sources.live.seedlink_state import SequenceMemory
from mainshock.sources.live.tcp_link import LinkLostError
from mainshock.sources.packets import ReportingSource

QUICK = LinkPatience(reply_s=5.0, keepalive_s=0.3, silence_s=1.0, first_retry_s=0.01)
SCHEMES = {3: "seedlink", 4: "seedlink4"}


class Peer:
    """A server of one test: answers commands and sends packets by a script per connection.

    Parameters
    ----------
    version
        3 or 4.
    scripts
        For each connection in turn, what to do with it once the client asked for data. The last
        one serves all later connections as well.
    refused
        Commands that get an error.
    greeting
        What it can do besides.
    """

    def __init__(
        self, version: int, *scripts: Callable, refused: tuple[str, ...] = (), greeting: str = ""
    ) -> None:
        self.greeting = f"SeedLink v3.1 (test) :: SLPROTO:4.0 SLPROTO:3.1 {greeting}\r\nTest\r\n"
        self.version = version
        self.scripts = scripts
        self.refused = refused
        self.conversations: list[list[str]] = []
        self.asked_again = threading.Event()
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while not self.over.is_set():
                link, _ = self._listener.accept()
                commands: list[str] = []
                self.conversations.append(commands)
                script = self.scripts[min(len(self.conversations), len(self.scripts)) - 1]
                with link, suppress(OSError), link.makefile("rb") as lines:
                    if self._negotiate(link, lines, commands):
                        script(self, link)

    def _negotiate(self, link: socket.socket, lines, commands: list[str]) -> bool:
        for line in lines:
            command = line.decode().strip()
            commands.append(command)
            if command == "HELLO":
                link.sendall(self.greeting.encode())
            elif command == "END" or (command.startswith("DATA") and len(commands) == 2):
                return True
            elif command.startswith(self.refused) if self.refused else False:
                link.sendall(b"ERROR ARGUMENTS no\r\n")
            else:
                link.sendall(b"OK\r\n")
        return False

    def packet(self, sequence: int, record: bytes, station: str = "XX_ABC") -> bytes:
        if self.version == 3:
            return b"SL%06X" % (sequence % 2**24) + record
        head = struct.pack("<2s2sIQB", b"SE", b"2D", len(record), sequence, len(station))
        return head + station.encode() + record

    def close(self) -> None:
        self.over.set()
        # wakes accept
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5):
            pass
        self._listener.close()
        self._thread.join(timeout=5.0)


@contextmanager
def serving(version: int, *scripts: Callable, **options):
    peer = Peer(version, *scripts, **options)
    try:
        yield peer
    finally:
        peer.close()


def send(records, first=1, station="XX_ABC", hold=True):
    """Send records, then stay connected until the test is over."""

    def script(peer: Peer, link: socket.socket) -> None:
        for number, record in enumerate(records, first):
            link.sendall(peer.packet(number, record, station))
        link.settimeout(0.1)
        while hold and not peer.over.is_set():
            with suppress(TimeoutError):
                if not link.recv(100):  # the client hung up
                    return

    return script


def client(peer: Peer, streams: str = "XX_ABC:HH?", **options) -> SeedLinkSource:
    address = parse_address(f"127.0.0.1:{peer.port}/{streams}")
    options = {"timing": Timing(), "patience": QUICK} | options
    return SeedLinkSource(address, peer.version, f"test/{streams}", **options)


@pytest.mark.parametrize("version", [3, 4])
def test_records_come_through_unchanged(version, make_records, reading):
    records = make_records(50)
    with serving(version, send(records)) as peer, reading(client(peer)) as reader:
        packets = reader.wait_for(50)
    assert [packet.payload for packet in packets] == records
    expected = {
        3: ["HELLO", "STATION ABC XX", "SELECT HH?", "DATA", "END"],
        4: ["HELLO", "SLPROTO 4.0", "STATION XX_ABC", "SELECT *_H_H_?", "DATA", "END"],
    }
    assert peer.conversations[0] == expected[version]


@pytest.mark.parametrize("version", [3, 4])
def test_bytes_may_come_in_any_pieces(version, make_records, reading):
    records = make_records(8)

    def crumbs(peer, link):
        data = b"".join(peer.packet(number, record) for number, record in enumerate(records))
        for first in range(0, len(data), 7):
            link.sendall(data[first : first + 7])
        peer.over.wait(20.0)

    with serving(version, crumbs) as peer, reading(client(peer)) as reader:
        assert [packet.payload for packet in reader.wait_for(8)] == records


@pytest.mark.parametrize(("version", "wanted"), [(3, "DATA 00000B"), (4, "DATA 11")])
def test_after_a_break_the_next_packet_is_asked_for(version, wanted, make_records, reading):
    records = make_records(20)
    scripts = send(records[:10], hold=False), send(records[10:], first=11)
    with serving(version, *scripts) as peer, reading(client(peer)) as reader:
        packets = reader.wait_for(20)
    assert [packet.payload for packet in packets] == records
    assert wanted in peer.conversations[1]


@pytest.mark.parametrize("version", [3, 4])
def test_a_restart_goes_on_where_the_last_run_ended(version, make_records, reading, tmp_path):
    records = make_records(6)
    with serving(version, send(records, first=2**24 - 6)) as peer:
        for run in range(2):
            with reading(client(peer, "XX_*", state_folder=tmp_path)) as reader:
                reader.wait_for(6)
            assert "END" in peer.conversations[run]
    wanted = {  # version 3 counts to 2^24 - 1
        3: ["STATION ABC XX", "DATA 000000", "STATION * XX", "DATA", "END"],
        4: ["STATION XX_ABC", f"DATA {2**24}", "STATION XX_*", "DATA", "END"],
    }
    assert peer.conversations[1][-5:] == wanted[version]
    (state,) = tmp_path.glob("*.json")
    assert json.loads(state.read_text()) == {"XX_ABC": 2**24 - 1}


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("streams", ["XX_*:HH?,XX_DEF,YY_*", ""])
def test_each_station_goes_on_by_its_own_number(version, streams, make_records, reading):
    def each_by_itself(peer, link):
        numbers = {"ABC": 0x101, "DEF": 0x0F0000, "GHI": 0x44}
        for station, number in numbers.items():
            link.sendall(peer.packet(number, *make_records(1, station), f"XX_{station}"))

    with (
        serving(version, each_by_itself, send([]), greeting="NSWILDCARD") as peer,
        reading(client(peer, streams)) as reader,
    ):
        reader.wait_for(3)
        reader.wait_until(lambda: [*peer.conversations, [], []][1][-1:] == ["END"])
    again = peer.conversations[1]
    numbers = {"ABC": 0x102, "DEF": 0x0F0001, "GHI": 0x45}
    for station, number in numbers.items():
        at = again.index(f"STATION {station} XX" if version == 3 else f"STATION XX_{station}")
        has_selector = bool(streams) and station != "DEF"
        if has_selector:
            assert again[at + 1] == ("SELECT HH?" if version == 3 else "SELECT *_H_H_?")
        wanted = f"DATA {number:06X}" if version == 3 else f"DATA {number}"
        assert again[at + 1 + has_selector] == wanted
    patterns = [at for at, command in enumerate(again) if "*" in command and "STATION" in command]
    named = [at for at, command in enumerate(again) if "STATION" in command and "*" not in command]
    assert min(patterns) > max(named)
    assert [one for one in again[min(patterns) :] if one.startswith("DATA ")] == []


def test_the_one_station_of_a_server_without_patterns_goes_on(make_records, reading):
    records = make_records(6)
    scripts = send(records[:3], hold=False), send(records[3:], first=4)
    with serving(3, *scripts) as peer, reading(client(peer, "")) as reader:
        assert [packet.payload for packet in reader.wait_for(6)] == records
    assert peer.conversations[:2] == [["HELLO", "DATA"], ["HELLO", "DATA 000004"]]


@given(station=st.text("AZ09_*?-\r\n ", max_size=12) | st.text(max_size=12))
@example(station="XX_*")
@example(station="XX_A\r\nBYE")
def test_no_station_of_a_packet_puts_anything_else_into_a_command(station):
    memory = SequenceMemory(("*", "XX_*"), None, lambda: 0.0)
    memory.note(station, 1)
    for name in memory.sequences:
        network, _, code = name.partition("_")
        assert network.isalnum()
        assert code.replace("-", "").isalnum() or code.strip("-") == ""
        assert name.isascii()


def test_stations_do_not_pile_up():
    memory = SequenceMemory(("X*_*", "YY_LAST"), None, lambda: 0.0)
    for number in range(2000):
        memory.note(f"XX_{number}", number)
    memory.note("YY_LAST", 5)
    memory.note("XX_1", 7)
    assert len(memory.sequences) < 1000
    assert (memory.sequences["YY_LAST"], memory.sequences["XX_1"]) == (5, 7)


def test_a_source_tells_that_it_is_not_connected_and_since_when(make_records, clock):
    records = make_records(2)
    stop = threading.Event()
    told = []

    def wait(event, seconds):
        told.append(source.problem)
        clock.elapsed_s += seconds
        if len(told) == 4:
            peer.refused = ()
        return False

    peer = Peer(4, send(records[:1], hold=False), send(records[1:], first=2))
    timing = replace(clock.timing(), wait=wait)
    source = client(peer, timing=timing, patience=LinkPatience())
    assert isinstance(source, ReportingSource)
    packets = source.packets(stop)
    assert source.problem == ""
    next(packets)
    assert source.problem == ""
    peer.refused = ("SLPROTO",)
    next(packets)
    assert source.problem == ""
    peer.close()
    packets.close()
    assert len(told) == 4
    assert all("not connected since 2020-09-13T12:00:00" in one for one in told)
    assert "closed the connection" in told[0]
    assert "SLPROTO" in told[1]


@pytest.mark.parametrize("content", ["", "[]", '{"XX_ABC": -1}', '{"XX_ABC": "1"}', "{", "null"])
def test_state_that_cannot_be_used_is_no_obstacle(content, make_records, reading, tmp_path):
    with serving(4, send(make_records(2))) as peer:
        source = client(peer, state_folder=tmp_path)
        source._memory.save()
        (state,) = tmp_path.glob("*.json")
        state.write_text(content)
        with reading(client(peer, state_folder=tmp_path)) as reader:
            reader.wait_for(2)
    assert "DATA" in peer.conversations[0]


def test_after_a_crash_packets_come_twice_rather_than_never(make_records, tmp_path, clock):
    with serving(4, send(make_records(40))) as peer:
        packets = client(peer, state_folder=tmp_path, timing=clock.timing()).packets(
            threading.Event()
        )
        for _ in range(40):
            next(packets)
            clock.elapsed_s += 1.0
        (state,) = tmp_path.glob("*.json")
        saved = json.loads(state.read_text())["XX_ABC"]
        assert 40 - 21 <= saved <= 40 - 10
        packets.close()


@pytest.mark.parametrize("version", [3, 4])
def test_everything_is_asked_for_without_streams(version, make_records, reading):
    with serving(version, send(make_records(3))) as peer, reading(client(peer, "")) as reader:
        reader.wait_for(3)
    expected = {3: ["HELLO", "DATA"], 4: ["HELLO", "SLPROTO 4.0", "STATION *", "DATA", "END"]}
    assert peer.conversations[0] == expected[version]


@pytest.mark.parametrize("version", [3, 4])
def test_stations_that_the_server_lacks_are_left_out(version, make_records, reading):
    refused = ("STATION DEF", "STATION XX_DEF")
    with (
        serving(version, send(make_records(3)), refused=refused) as peer,
        reading(client(peer, "XX_DEF,XX_ABC")) as reader,
    ):
        reader.wait_for(3)
    with (
        serving(version, send([]), refused=("STATION",)) as peer,
        pytest.raises(SourceError, match="accepts none of XX_ABC"),
    ):
        next(client(peer).packets(threading.Event()))
    with (
        serving(version, send([]), refused=("SELECT",)) as peer,
        pytest.raises(SourceError, match="refuses every selector"),
    ):
        next(client(peer).packets(threading.Event()))


def test_server_of_version_3_alone_is_told_for_what_it_is():
    with (
        serving(4, send([]), refused=("SLPROTO",)) as peer,
        pytest.raises(SourceError, match="use seedlink://"),
    ):
        next(client(peer).packets(threading.Event()))


@pytest.mark.parametrize("version", [3, 4])
def test_server_that_is_not_there_is_unreachable(version):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        spec = f"{SCHEMES[version]}://127.0.0.1:{taken.getsockname()[1]}/XX_ABC"
        with pytest.raises(UnreachableError, match="cannot be reached"):
            next(open_packet_source(spec, SourceSettings()).packets(threading.Event()))


def test_attempts_become_rarer_up_to_a_limit(make_records):
    stop = threading.Event()
    pauses = []

    def wait(event, seconds):
        pauses.append(seconds)
        if len(pauses) == 9:
            event.set()
        return event.is_set()

    timing = Timing(wait=wait)
    peer = Peer(4, send(make_records(2), hold=False))
    packets = client(peer, timing=timing, patience=LinkPatience()).packets(stop)
    next(packets)
    next(packets)
    peer.close()
    assert list(packets) == []
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_server_that_hangs_up_without_a_record_is_spared():
    stop = threading.Event()
    pauses = []

    def wait(event, seconds):
        pauses.append(seconds)
        if len(pauses) == 5:
            event.set()
        return event.is_set()

    with serving(4, send([], hold=False)) as peer:
        source = client(peer, timing=Timing(wait=wait), patience=LinkPatience())
        assert list(source.packets(stop)) == []
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize("version", [3, 4])
def test_silent_server_is_asked_and_then_left(version, make_records, reading):
    asked = []

    def listen(peer, link):
        link.sendall(peer.packet(1, make_records(1)[0]))
        link.settimeout(10.0)
        with link.makefile("rb") as lines:
            asked.extend(lines)  # until the client hangs up

    with serving(version, listen, send(make_records(2))) as peer, reading(client(peer)) as reader:
        reader.wait_for(3)
    assert asked
    assert set(asked) == {b"INFO ID\r\n"}


@pytest.mark.parametrize("version", [3, 4])
def test_answers_about_the_server_are_no_data(version, make_records, reading):
    records = make_records(3)

    def script(peer, link):
        for number, record in enumerate(records):
            if version == 3:
                link.sendall(b"SLINFO  " + records[0] + b"SLINFO *" + records[0])
            else:
                text = b'{"software": "test"}'
                link.sendall(struct.pack("<2s2sIQB", b"SE", b"JI", len(text), 2**64 - 1, 0) + text)
            link.sendall(peer.packet(number, record))
        peer.over.wait(20.0)

    with serving(version, script) as peer, reading(client(peer)) as reader:
        assert [packet.payload for packet in reader.wait_for(3)] == records


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(
    "broken", [b"END", b"ERROR INTERNAL sorry\r\n", b"HTTP/1.1 400 Bad Request\r\n", b"\0" * 4000]
)
def test_after_anything_unexpected_the_client_connects_again(
    version, broken, make_records, reading
):
    records = make_records(4)

    def script(peer, link):
        for number, record in enumerate(records[:2], 1):
            link.sendall(peer.packet(number, record))
        link.sendall(broken)

    scripts = script, send(records[2:], first=3)
    with serving(version, *scripts) as peer, reading(client(peer)) as reader:
        assert [packet.payload for packet in reader.wait_for(4)] == records


def test_damaged_record_does_not_lose_the_next_in_version_3(make_records, reading):
    records = make_records(3)
    records[1] = b"\xff" * 512
    with serving(3, send(records)) as peer, reading(client(peer)) as reader:
        assert [packet.payload for packet in reader.wait_for(3)] == records


@pytest.mark.parametrize("moment", ["negotiating", "waiting"])
def test_stop_ends_every_wait(moment, reading):
    if moment == "waiting":
        with serving(4, send([])) as peer, reading(client(peer)) as reader:
            reader.wait_until(lambda: "END" in [*peer.conversations, []][0])
        return
    with socket.create_server(("127.0.0.1", 0)) as mute:
        spec = f"seedlink://127.0.0.1:{mute.getsockname()[1]}/XX_ABC"
        with reading(open_packet_source(spec)):
            mute.settimeout(10.0)
            link, _ = mute.accept()
            assert link.recv(100) == b"HELLO\r\n"
        link.close()


def packet_4(form=b"2", length=0, sequence=1, station=b"XX_ABC", payload=b"", id_length=None):
    id_length = len(station) if id_length is None else id_length
    return (
        struct.pack("<2scsIQB", b"SE", form, b"D", length, sequence, id_length) + station + payload
    )


@pytest.mark.parametrize("next_frame", [next_frame_3, next_frame_4])
@given(
    data=st.binary(max_size=2000), begin=st.sampled_from([b"", b"SE2D", b"SL00000A", b"SLINFO *"])
)
@example(data=b"\xff" * 100, begin=b"SE2D")
@example(data=b"MS\x03" + b"\xff" * 1000, begin=b"SL00000A")
@example(data=b"zz" * 700, begin=b"SLzzzzzz")
@settings(max_examples=300)
def test_no_bytes_raise_anything_but_our_error(next_frame, data, begin):
    received = bytearray(begin + data)
    try:
        for _ in range(3000):
            before = len(received)
            if next_frame(received) is None:
                break
            assert len(received) < before
        else:
            raise AssertionError("it never ends")
    except LinkLostError:
        pass


@given(
    packets=st.lists(
        st.tuples(
            st.binary(max_size=600), st.integers(0, 2**64 - 2), st.text("ABC_19", max_size=12)
        ),
        max_size=5,
    ),
    piece=st.integers(1, 700),
)
def test_packets_of_version_4_survive_any_cutting(packets, piece):
    data = b"".join(
        packet_4(length=len(payload), sequence=number, station=name.encode(), payload=payload)
        for payload, number, name in packets
    )
    received, found = bytearray(), []
    for first in range(0, len(data), piece):
        received += data[first : first + piece]
        while frame := next_frame_4(received):
            found.append((frame.payload, frame.sequence, frame.station))
    assert found == packets
    assert not received


def test_packet_that_states_too_much_is_refused_at_once():
    with pytest.raises(LinkLostError, match="1048576"):
        next_frame_4(bytearray(packet_4(length=2**31)))
    head = bytearray(80)  # of a miniSEED 3 record that states 2 GB
    head[:3], head[33:40] = b"MS\x03", struct.pack("<BHI", 1, 0, 2**31 - 1)
    struct.pack_into("<HHBBB", head, 8, 2020, 1, 1, 1, 1)
    with pytest.raises(LinkLostError, match="1048576"):
        next_frame_3(bytearray(b"SL000001" + head))


@contextmanager
def own_server(folder, port=0):
    from mainshock.serve.seedlink import SeedLinkServer, SeedLinkSettings

    server = SeedLinkServer(SeedLinkSettings(port=port, state_file=folder / "sequence.json"))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def published(records):
    from mainshock.stream.bus import Message

    return [Message("waveform.v1", "", "", record, 0, 0) for record in records]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("streams", ["XX_ABC:HH?,YY_*", "XX_*", "XX_ABC", ""])
def test_own_server_gives_all_over_its_restart(version, streams, make_records, reading, tmp_path):
    records = make_records(30)
    with own_server(tmp_path) as server:
        spec = f"{SCHEMES[version]}://127.0.0.1:{server.port}/{streams}"
        timing = Timing(wait=lambda stop, seconds: stop.wait(seconds / 20.0))
        with reading(open_packet_source(spec, SourceSettings(timing=timing))) as reader:
            # a client that comes without a number gets what is new from then on
            n_sent = 0
            while not reader.packets and n_sent < 10:
                server.publish(published(records[n_sent : n_sent + 1]))
                n_sent += 1
                threading.Event().wait(0.1)
            server.publish(published(records[n_sent:20]))
            first = reader.wait_for(1)[0].payload
            n_missed = records.index(first)
            reader.wait_for(20 - n_missed)
            server.stop()
            with own_server(tmp_path, server.port) as restarted:
                restarted.publish(published(records[20:]))
                packets = reader.wait_for(30 - n_missed)
    assert [packet.payload for packet in packets] == records[n_missed:]


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("streams", ["XX_*", "XX_*,XX_DEF", ""])
def test_own_server_gives_all_of_several_stations_once(
    version, streams, make_records, reading, tmp_path
):
    several = [make_records(12, station) for station in ("ABC", "DEF", "GHI")]
    records = [record for of_all in zip(*several, strict=True) for record in of_all]
    with own_server(tmp_path) as server:
        spec = f"{SCHEMES[version]}://127.0.0.1:{server.port}/{streams}"
        timing = Timing(wait=lambda stop, seconds: stop.wait(seconds / 20.0))
        with reading(open_packet_source(spec, SourceSettings(timing=timing))) as reader:
            n_sent = 0
            while not reader.packets and n_sent < 4:
                server.publish(published(records[n_sent : n_sent + 1]))
                n_sent += 1
                threading.Event().wait(0.1)
            server.publish(published(records[n_sent:20]))
            n_missed = records.index(reader.wait_for(1)[0].payload)
            reader.wait_for(20 - n_missed)
            server.stop()
            with own_server(tmp_path, server.port) as restarted:
                # two of them are silent at first: their numbers are older than the third one's
                third = records[20:]
                restarted.publish(published(third[0::3]))
                restarted.publish(published(third[1::3] + third[2::3]))
                packets = reader.wait_for(36 - n_missed)
    assert sorted(packet.payload for packet in packets) == sorted(records[n_missed:])


@pytest.mark.parametrize("organisation", ["mainshock", "mainshock (synthetic)"])
def test_made_up_records_keep_their_label_on_the_way(organisation):
    server = SeedLinkServer(SeedLinkSettings(port=0, organisation=organisation))
    server.start()
    try:
        for scheme in ("seedlink", "seedlink4"):
            spec = f"{scheme}://127.0.0.1:{server.port}"
            source = open_packet_source(spec, SourceSettings())
            source.meet()
            assert source.is_synthetic == ("synthetic" in organisation)
            assert ("made-up" in source.label) == source.is_synthetic
    finally:
        server.stop()
