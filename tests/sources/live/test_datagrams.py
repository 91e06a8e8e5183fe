"""Datagrams of a Raspberry Shake become records; anything else is counted and does no harm."""

import socket
import threading

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mainshock.core.errors import SourceError
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.live import Timing, open_packet_source
from mainshock.sources.live.datagrams import DatagramSource, parse_datagram
from mainshock.sources.miniseed_records import decode_record
from mainshock.sources.packets import ReportingSource

START_S = 1_582_315_130


@pytest.fixture
def source():
    return DatagramSource("127.0.0.1", 0, "AM", "R1234", "udp", Timing())


def datagram(samples, at_s=0.0, channel="EHZ"):
    values = ", ".join(str(int(sample)) for sample in samples)
    return f"{{'{channel}', {START_S + at_s:.3f}, {values}}}".encode()


def records(source, datagrams):
    return [decode_record(one) for data in datagrams for one in source._records(data)]


def test_datagrams_over_a_socket_become_records_with_the_same_samples(reading, rng):
    port = free_port()
    source = open_packet_source(f"udp://127.0.0.1:{port}/AM.R1234")
    counts = rng.integers(-20_000, 20_000, (2, 500))
    with reading(source) as reader, socket.socket(type=socket.SOCK_DGRAM) as sender:
        n_sent = 0
        reader.wait_until(lambda: source.address is not None)
        for first in range(0, 500, 25):
            for channel, row in zip(("EHZ", "ENN"), counts, strict=True):
                data = datagram(row[first : first + 25], first / 100, channel)
                sender.sendto(data, ("127.0.0.1", port))
                n_sent += 1
            sender.sendto(b"{'EHZ', __import__('os')}", ("127.0.0.1", port))
        packets = reader.wait_for(n_sent)
    for channel, row in zip(("EHZ", "ENN"), counts, strict=True):
        fragments = [decode_record(packet.payload) for packet in packets]
        own = [one for one in fragments if one.header.channel == channel]
        np.testing.assert_array_equal(np.concatenate([one.samples for one in own]), row)
        assert own[0].header.start_ns == START_S * NANOSECONDS
        assert {one.header.sampling_rate_hz for one in own} == {100.0}
        assert own[0].header.trace_id == f"AM.R1234.00.{channel}"
    assert source.counts["used"] == n_sent
    assert source.counts["malformed"] > 0


def free_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_rate_outlasts_a_lost_datagram_and_a_jittering_clock(source, rng):
    lost = {2, 7, 8}
    times = [0.25 * n + rng.uniform(-0.002, 0.002) for n in range(20) if n not in lost]
    fragments = records(source, (datagram(range(25), at_s) for at_s in times))
    assert {fragment.header.sampling_rate_hz for fragment in fragments} == {100.0}
    assert len(fragments) == len(times)


def test_rate_follows_a_change_of_the_instrument(source):
    slow = [datagram(range(25), 0.5 * n) for n in range(8)]
    fast = [datagram(range(25), 4.0 + 0.125 * n) for n in range(10)]
    rates = [one.header.sampling_rate_hz for one in records(source, slow + fast)]
    assert rates[0] == 50.0
    assert rates[-1] == 200.0


def test_datagrams_without_a_rate_do_not_pile_up(source):
    for number in range(1000):
        assert list(source._records(datagram([number], at_s=0.0))) == []
    assert len(source._channels["EHZ"].waiting) <= 10


def test_channels_do_not_pile_up(source):
    for number in range(1000):
        list(source._records(datagram([1], channel=f"{number:03d}")))
    assert len(source._channels) <= 16
    assert source.counts["too_many_channels"] > 900


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"{'EHZ'}",
        b"{'EHZ', 1582315130.292}",
        b"{'EHZ', 1582315130.292, }",
        b"{'EHZ', 1582315130.292, 1, 2",
        b"{'EHZ', 1582315130.292, 1.5}",
        b"{'EHZ', 1582315130.292, 2147483648}",
        b"{'EHZ', 1e999, 1}",
        b"{'EHZ', -1582315130.292, 1}",
        b"{'EHZZ', 1582315130.292, 1}",
        b"{'E\xffZ', 1582315130.292, 1}",
        b"{'EHZ', 1582315130.292, " + b"9" * 60_000 + b"}",
        b"{'EHZ', 1582315130.292, " + b"1," * 30_000,
    ],
)
def test_malformed_datagrams_are_none(data):
    assert parse_datagram(data) is None


@given(st.binary(max_size=300) | st.text("{}'EHZ0123456789., -", max_size=80).map(str.encode))
@example(b"{'EHZ', 1582315130.292, 1}")
def test_no_bytes_raise(data):
    source = DatagramSource("127.0.0.1", 0, "AM", "R1234", "udp", Timing())
    list(source._records(data))
    assert sum(source.counts.values()) == 1


def test_silence_of_a_minute_is_told(clock):
    source = DatagramSource("127.0.0.1", 0, "AM", "R1234", "udp://x", clock.timing())
    assert isinstance(source, ReportingSource)
    clock.elapsed_s += 1000.0
    assert source.problem == "", "nobody listens yet"
    stop = threading.Event()
    stop.set()
    assert list(source.packets(stop)) == []
    clock.elapsed_s += 59.0
    list(source._records(b"junk"))
    assert source.problem == ""
    clock.elapsed_s += 2.0
    assert source.problem == "udp://x: no datagram for 61 s"
    list(source._records(datagram([1, 2])))
    assert source.problem == ""


def test_port_in_use_is_told():
    with socket.socket(type=socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        source = open_packet_source(f"udp://127.0.0.1:{other.getsockname()[1]}/AM.R1234")
        with pytest.raises(SourceError, match="cannot listen"):
            next(source.packets(threading.Event()))
