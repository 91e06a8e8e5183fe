"""Clients that are many, slow, silent, gone or hostile: none harms the others or the server."""

import random
import socket
import struct
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from mainshock.core.errors import SettingsError
from mainshock.serve.seedlink import SeedLinkServer, SeedLinkSettings
from mainshock.stream.bus import Message

TRACE = "PB.B916..EHZ"


def outcome(registry: CollectorRegistry, name: str) -> float:
    """How many connections ended in one way."""
    labels = {"outcome": name}
    return registry.get_sample_value("mainshock_seedlink_connections_total", labels) or 0.0


def clients(registry: CollectorRegistry) -> float:
    """How many connections are open."""
    return registry.get_sample_value("mainshock_seedlink_clients") or 0.0


def test_fifty_clients_at_once_get_the_same(serve, records_of, messages_of, talk, wait_until):
    registry = CollectorRegistry()
    server = serve(metrics=registry)
    talkers = [talk(server) for _ in range(50)]
    for number, talker in enumerate(talkers):
        if number % 2:
            talker.say("SLPROTO 4.0", "STATION *", "DATA", "END")
            assert [talker.line() for _ in range(3)] == ["OK"] * 3
        else:
            talker.say("STATION * *", "DATA", "END")
            assert [talker.line() for _ in range(2)] == ["OK"] * 2
    wait_until(lambda: clients(registry) == 50)
    wait_until(lambda: all(facts.sequence for facts in server._client_facts()))
    records = records_of(TRACE, 20_000)
    for first in range(0, len(records), 7):
        server.publish(messages_of(records[first : first + 7]))
    for number, talker in enumerate(talkers):
        head = 17 + len("PB_B916") if number % 2 else 8
        for payload in records:
            assert talker.take(head + 512)[head:] == payload
    total = "mainshock_seedlink_packets_sent_total"
    wait_until(lambda: registry.get_sample_value(total) == 50 * len(records))


def test_a_client_that_never_reads_is_dropped_and_blocks_nobody(
    serve, records_of, messages_of, talk, wait_until
):
    registry = CollectorRegistry()
    server = serve(metrics=registry, stall_seconds=0.3)
    records = records_of(TRACE, 300_000)
    deaf, good = talk(server), talk(server)
    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for talker in (deaf, good):
        talker.say("STATION * *", "DATA", "END")
        assert [talker.line(), talker.line()] == ["OK", "OK"]
    wait_until(lambda: sum(bool(facts.sequence) for facts in server._client_facts()) == 2)

    def feed() -> None:
        for _ in range(20):
            server.publish(messages_of(records))

    feeder = threading.Thread(target=feed)
    feeder.start()
    for _ in range(20):
        for payload in records:
            assert good.take(520)[8:] == payload
    feeder.join(30)
    wait_until(lambda: outcome(registry, "stalled") == 1)
    assert clients(registry) == 1


@pytest.mark.parametrize("version", [3, 4])
def test_a_client_that_falls_behind_the_ring_is_told_and_dropped(
    serve, records_of, messages_of, talk, wait_until, version
):
    registry = CollectorRegistry()
    server = serve(metrics=registry, ring_bytes=20_000)
    talker = talk(server)
    if version == 4:
        assert talker.ask("SLPROTO 4.0") == "OK"
    talker.say("STATION *" if version == 4 else "STATION * *", "DATA", "END")
    assert [talker.line(), talker.line()] == ["OK", "OK"]
    wait_until(lambda: any(facts.sequence for facts in server._client_facts()))
    server.publish(messages_of(records_of(TRACE, 60_000)))  # more than the ring at one blow
    told = talker.rest()
    assert told == b"ERROR\r\n" if version == 3 else b'"code": "LIMIT"' in told
    wait_until(lambda: outcome(registry, "lagging") == 1)


def test_a_silent_client_is_closed_and_a_streaming_one_is_not(serve, talk, wait_until):
    registry = CollectorRegistry()
    server = serve(metrics=registry, handshake_seconds=0.2)
    streaming, silent = talk(server), talk(server)
    streaming.say("STATION * *", "DATA", "END")
    assert silent.ask("HELLO").startswith("SeedLink")
    assert silent.rest().startswith(b"mainshock")
    wait_until(lambda: outcome(registry, "silent") == 1)
    assert clients(registry) == 1
    streaming.say("INFO ID")
    assert [streaming.line(), streaming.line()] == ["OK", "OK"]
    assert streaming.take(520).startswith(b"SLINFO  ")


def test_connections_above_the_limit_are_closed(serve, talk, wait_until):
    registry = CollectorRegistry()
    server = serve(metrics=registry, max_clients=2)
    first, second = talk(server), talk(server)
    assert [client.ask("HELLO")[:8] for client in (first, second)] == ["SeedLink"] * 2
    assert talk(server).rest() == b""
    first.say("BYE")
    wait_until(lambda: clients(registry) == 1)
    assert talk(server).ask("HELLO").startswith("SeedLink")
    assert outcome(registry, "refused") == 1


def test_connections_that_break_off_are_forgotten(serve, records_of, messages_of, talk, wait_until):
    registry = CollectorRegistry()
    server = serve(metrics=registry)
    for number in range(10):
        talker = talk(server)
        talker.say("STATION * *", "DATA", "END")
        if number % 2:  # a reset instead of an orderly end
            talker.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        talker.socket.close()
    server.publish(messages_of(records_of(TRACE)))
    wait_until(lambda: clients(registry) == 0 and outcome(registry, "served") == 10)


def test_unsound_records_and_other_messages_are_not_served(serve, records_of, messages_of):
    registry = CollectorRegistry()
    server = serve(metrics=registry)
    record = records_of(TRACE)[0]
    server.publish(messages_of([record, record[:100], b"", b"rubbish" * 90]))
    server.publish([Message("pick.v1", "", "", record, 0, 0)])
    counted = {
        name: registry.get_sample_value("mainshock_seedlink_records_total", {"outcome": name})
        for name in ("accepted", "refused")
    }
    assert counted == {"accepted": 1.0, "refused": 3.0}


def test_stop_ends_every_connection_and_start_goes_on_with_the_numbers(
    tmp_path, records_of, messages_of, talk
):
    state = tmp_path / "sequence"
    records = records_of(TRACE)
    server = SeedLinkServer(SeedLinkSettings(port=0, state_file=state))
    server.publish(messages_of(records))  # before the start as well
    server.start()
    server.start()
    talkers = [talk(server) for _ in range(3)]
    talkers[0].say("STATION * *", "FETCH", "END")
    server.stop()
    server.stop()
    assert all(talker.rest() is not None for talker in talkers)
    with pytest.raises(ConnectionRefusedError):
        talk(server)
    again = SeedLinkServer(SeedLinkSettings(port=0, state_file=state))
    again.start()
    again.publish(messages_of(records[:1]))
    talker = talk(again)
    talker.say("STATION * *", "FETCH", "END")
    assert [talker.line(), talker.line()] == ["OK", "OK"]
    assert talker.take(8) == b"SL%06X" % (len(records) + 1)
    again.stop()
    assert not [one for one in threading.enumerate() if one.name == "seedlink-server"]


def test_a_port_that_is_taken_is_told(serve):
    server = serve()
    with pytest.raises(SettingsError, match="another port"):
        SeedLinkServer(SeedLinkSettings(port=server.port)).start()


@pytest.fixture(scope="module")
def fuzzed():
    """One server for all examples, and what it counted."""
    registry = CollectorRegistry()
    server = SeedLinkServer(SeedLinkSettings(port=0, handshake_seconds=0.05), metrics=registry)
    server.start()
    yield server, registry
    server.stop()


WORDS = (
    "HELLO", "SLPROTO", "STATION", "SELECT", "DATA", "FETCH", "TIME", "END", "ENDFETCH", "INFO",
    "BATCH", "CAT", "AUTH", "USERAGENT", "GETCAPABILITIES", "4.0", "*", "ALL", "STREAMS", "ID",
    "CONNECTIONS", "FORMATS", "1", "FFFFFF", "2019,07,07,07,50,00", "\x01", "GET / HTTP/1.1",
)  # fmt: skip


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32), noise=st.binary(max_size=300))
def test_no_bytes_break_the_server(fuzzed, records_of, messages_of, seed, noise):
    server, registry = fuzzed
    chooser = random.Random(seed)
    lines = [
        " ".join(chooser.choices(WORDS, k=chooser.randint(1, 4)))
        for _ in range(chooser.randint(1, 9))
    ]
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall("\r".join(lines).encode() + b"\r" + noise)
        server.publish(messages_of(records_of(TRACE, 500)))
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    assert outcome(registry, "failed") == 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as client:
        client.sendall(b"HELLO\r")
        assert client.recv(8) == b"SeedLink"
