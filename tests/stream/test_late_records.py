"""When late records can be picked, and what a process that takes over knows of them."""

from datetime import UTC, datetime, timedelta

import pytest

from mainshock.core.records import Pick
from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime
from mainshock.stream.bus import Message
from mainshock.stream.late_records import LateRecords
from mainshock.stream.messages import pick_message, settled_message
from mainshock.stream.picking.pick_versions import new_version

INSTRUMENT, BEGIN = "XX.A..HH", datetime(2024, 1, 1, tzinfo=UTC)
BEGIN_NS = ns_from_datetime(BEGIN)


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def record(start_s: float, length_s: float = 4.0) -> Message:
    start_ns = BEGIN_NS + round(start_s * NANOSECONDS)
    end_ns = start_ns + round(length_s * NANOSECONDS)
    name = f"{INSTRUMENT}Z@{start_ns}+{round(100 * length_s)}"
    return Message("waveform.v1", "XX.A", name, b"", end_ns, end_ns)


def settled(until_s: float) -> Message:
    return settled_message(INSTRUMENT, BEGIN_NS + round(until_s * NANOSECONDS), BEGIN_NS)


def spans(records: LateRecords) -> list[tuple[str, float, float]]:
    return [
        (name, (one.start_ns - BEGIN_NS) / NANOSECONDS, (one.end_ns - BEGIN_NS) / NANOSECONDS)
        for name, one in records.due()
    ]


def test_late_records_wait_until_the_picks_around_them_are_settled(clock):
    records = LateRecords(follows_picks=True, clock=clock)
    records.see([record(0.0), record(300.0), record(100.0), record(104.0)])
    clock.now_s = 1000.0
    assert spans(records) == [], "nobody has told that anything is settled"
    records.see([settled(107.0)])
    assert spans(records) == []
    records.see([settled(290.0), settled(120.0)])
    assert spans(records) == [(INSTRUMENT, 100.0, 108.0)]


def test_who_sees_no_picks_waits_for_none(clock):
    records = LateRecords(clock=clock)
    records.see([record(300.0), record(100.0)])
    clock.now_s = 9.0
    assert spans(records) == [], "more may come"
    clock.now_s = 11.0
    assert spans(records) == [(INSTRUMENT, 100.0, 104.0)]


def test_a_successor_knows_what_waits_and_which_picks_were_told(clock):
    records = LateRecords(follows_picks=True, clock=clock)
    pick = Pick("XX", "A", "", "P", BEGIN + timedelta(seconds=101), 0.9, 0.1, "test")
    version = new_version(pick, "HH", "settled", BEGIN, is_synthetic=False)
    early = new_version(pick, "HH", "preliminary", BEGIN, is_synthetic=False)
    told = [pick_message(one, BEGIN_NS) for one in (version, early)]
    records.see([record(300.0), record(100.0), settled(290.0), *told])
    clock.now_s = 5000.0
    successor = LateRecords(follows_picks=True, clock=clock)
    successor.restore(records.snapshot())
    assert spans(successor) == [], "what is quiet is waited for anew"
    clock.now_s += 11.0
    assert spans(successor) == spans(records) == [(INSTRUMENT, 100.0, 104.0)]
    assert successor.told(INSTRUMENT) == [("P", BEGIN_NS + 101 * NANOSECONDS)]
    assert successor.arrival_ns == records.arrival_ns
    successor.forget()
    assert (spans(successor), successor.told(INSTRUMENT)) == ([], [])


def test_what_grew_while_it_was_picked_waits_on(clock):
    records = LateRecords(clock=clock)
    records.see([record(300.0), record(100.0)])
    clock.now_s = 11.0
    ((name, stretch),) = records.due()
    seen_s = stretch.seen_s
    records.see([record(104.0)])
    records.drop(name, stretch, seen_s)
    clock.now_s = 22.0
    assert spans(records) == [(INSTRUMENT, 100.0, 108.0)]
    records.drop(name, stretch, stretch.seen_s)
    assert spans(records) == []
