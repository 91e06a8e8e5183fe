"""The embedded bus: killed processes, old messages, files that are no bus."""

import random
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mainshock.core.errors import DataError, SettingsError, SourceError
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus

TOPIC = "waveform.v1"
HOUR_NS = 3_600_000_000_000
# publishes numbers without end, telling each batch that is safe, and consumes them beside that
WORKER = """
import random, sys, threading
from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus

bus = EmbeddedBus(sys.argv[1], keep_s=float(sys.argv[3]))
rng = random.Random(int(sys.argv[2]))

def consume(state, timeout_s):
    numbers = [int(one.message.value) for one in bus.read("adder", ["waveform.v1"], 20, timeout_s)]
    assert numbers == list(range(state, state + len(numbers))), (state, numbers[:3])
    bus.commit("adder", str(state + len(numbers)).encode())
    return state + len(numbers)

def consume_on(state):
    while True:
        state = consume(state, 1.0)

# known before the first message: what nobody reads may go at once
state = consume(int(bus.committed_state("adder") or 0), 0.0)
threading.Thread(target=consume_on, args=(state,), daemon=True).start()
number = int(sys.argv[4])
while True:
    n = rng.randint(1, 50)
    some = [Message("waveform.v1", "XX.A", str(i), str(i).encode(), i, i) for i in
            range(number, number + n)]
    bus.publish(some)
    number += n
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


def message(number: int, topic: str = TOPIC) -> Message:
    return Message(topic, "XX.A", str(number), str(number).encode(), number, number)


def numbers(bus: EmbeddedBus, consumer: str, topic: str = TOPIC) -> list[int]:
    return [int(one.message.value) for one in bus.read(consumer, [topic], 10**6, 0.0)]


def run_and_kill(path: Path, seed: int, keep_s: float, first: int) -> int:
    """Run the worker, kill it at a random point; returns how many numbers it called safe."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(path), str(seed), str(keep_s), str(first)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    rng = random.Random(seed)
    for _ in range(rng.randint(5, 120)):
        assert worker.stdout.readline(), worker.stderr.read()
    worker.send_signal(signal.SIGKILL)
    rest, errors = worker.communicate(timeout=30)
    assert "AssertionError" not in errors, errors
    whole = [line for line in rest.split("\n")[:-1] if line]
    return int(whole[-1]) if whole else 0


def test_nothing_is_lost_when_the_process_is_killed(tmp_path):
    path = tmp_path / "bus.db"
    first = 0
    for seed in range(5):
        safe = run_and_kill(path, seed, keep_s=600.0, first=first)
        bus = EmbeddedBus(path)
        everything = numbers(bus, f"checker {seed}")
        assert everything == list(range(len(everything))), "none lost, none twice"
        assert len(everything) >= safe
        state = int(bus.committed_state("adder") or 0)
        left = numbers(bus, "adder")
        assert left == everything[state:], "reading goes on exactly after the commit"
        first = len(everything)
        bus.close()
    assert first > 100


def test_a_killed_consumer_misses_nothing_while_old_messages_go(tmp_path):
    path = tmp_path / "bus.db"
    first = 0
    for seed in range(2):
        run_and_kill(path, seed, keep_s=0.0, first=first)
        bus = EmbeddedBus(path, keep_s=0.0)
        state = int(bus.committed_state("adder") or 0)
        left = numbers(bus, "adder")
        assert left == list(range(state, state + len(left)))
        first = state + len(left)
        bus.close()
    assert first > 0


def test_a_message_goes_when_it_is_old_and_all_have_committed_it(tmp_path):
    now = [HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=60.0)
    bus.publish([message(number) for number in range(10)])
    bus.read("fast", [TOPIC], 8, 0.0)
    bus.commit("fast")
    bus.read("slow", [TOPIC], 5, 0.0)
    bus.commit("slow")
    assert bus.trim() == 0, "young"
    now[0] += 61 * 10**9
    bus.publish([message(10)])
    assert bus.trim() == 5
    assert bus.trim() == 0
    assert numbers(bus, "new") == [5, 6, 7, 8, 9, 10]
    assert numbers(bus, "slow") == [5, 6, 7, 8, 9, 10]
    bus.forget("slow")
    bus.forget("new")
    assert bus.trim() == 3
    bus.close()


def test_consumers_that_are_not_named_keep_nothing_back(tmp_path):
    now = [HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=0.0)
    bus.publish([message(number) for number in range(4)])
    for consumer in ("stays", "gone"):
        bus.read(consumer, [TOPIC], 1, 0.0)
        bus.commit(consumer, b"state")
    bus.read("stays", [TOPIC], 2, 0.0)
    bus.commit("stays", b"later")
    bus.forget_others(["stays", "comes later"])
    now[0] += 1
    assert bus.trim() == 3
    assert bus.committed_state("stays") == b"later"
    assert bus.committed_state("gone") is None
    bus.close()


def test_asking_for_a_backlog_makes_nobody_a_consumer(tmp_path):
    now = [HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=0.0)
    bus.publish([message(0), message(1)])
    assert bus.backlog("a slip of the pen", [TOPIC]) == 2
    now[0] += 1
    assert bus.trim() == 2
    bus.close()


def test_what_was_read_and_not_committed_is_kept(tmp_path):
    now = [HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=0.0)
    bus.publish([message(0), message(1)])
    assert numbers(bus, "one") == [0, 1]
    now[0] += HOUR_NS
    assert bus.trim() == 0
    assert bus.committed_state("one") is None
    assert numbers(bus, "one") == [0, 1]
    bus.close()


def test_a_topic_that_nobody_reads_keeps_its_messages_for_their_time(tmp_path):
    now = [HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=60.0)
    bus.publish([message(0, "deadletter.v1")])
    assert bus.trim() == 0
    now[0] += 61 * 10**9
    assert bus.trim() == 1
    bus.close()


def test_offsets_are_never_given_twice(tmp_path):
    now = [HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=0.0)
    bus.publish([message(0)])
    (before,) = bus.read("one", [TOPIC], 1, 0.0)
    bus.commit("one")
    now[0] += 1
    assert bus.trim() == 1
    bus.publish([message(1)])
    (after,) = bus.read("one", [TOPIC], 1, 0.0)
    assert after.offset > before.offset
    bus.close()


def test_the_file_stays_small_while_messages_come_and_go(tmp_path):
    now = [HOUR_NS]
    path = tmp_path / "bus.db"
    bus = EmbeddedBus(path, clock=lambda: now[0], keep_s=1.0)
    sizes = []
    for number in range(150):
        now[0] += 10**9
        bus.publish([Message(TOPIC, "k", str(i), bytes(512), i, i) for i in range(100)])
        bus.read("one", [TOPIC], 100, 0.0)
        bus.commit("one")
        if number % 50 == 49:
            sizes.append(path.stat().st_size)
    assert sizes[2] <= sizes[0] * 1.1
    assert sizes[2] < 4_000_000, "15,000 messages of 512 bytes went through"
    bus.close()


def test_a_message_of_another_process_is_seen(tmp_path):
    path = tmp_path / "bus.db"
    reader, writer = EmbeddedBus(path), EmbeddedBus(path)
    assert numbers(reader, "one") == []
    writer.publish([message(7)])
    assert [int(d.message.value) for d in reader.read("one", [TOPIC], 5, 30.0)] == [7]
    reader.close()
    writer.close()


def test_closing_wakes_a_reader(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db")
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(bus.read("one", [TOPIC], 1, 120.0)))
    thread.start()
    bus.close()
    thread.join(timeout=30)
    assert found == [[]]
    bus.close()
    with pytest.raises(SourceError, match="closed"):
        bus.publish([message(1)])
    with pytest.raises(SourceError, match="closed"):
        bus.backlog("one", [TOPIC])


def test_an_error_in_a_batch_leaves_nothing_of_it(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db")
    with pytest.raises(OverflowError):
        bus.publish([message(1), message(2**70)])
    bus.publish([message(3)])
    assert numbers(bus, "one") == [3]
    bus.close()


def test_a_full_disk_is_told_and_nothing_breaks(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db")
    bus._writer.execute("PRAGMA max_page_count = 30")
    with pytest.raises(SourceError, match="disk full"):
        bus.publish([Message(TOPIC, "k", "i", bytes(500_000), 1, 1)])
    bus.publish([message(3)])
    assert numbers(bus, "one") == [3]
    bus.close()


def test_what_was_published_counts_though_old_messages_cannot_go(tmp_path, monkeypatch):
    bus = EmbeddedBus(tmp_path / "bus.db")

    def refuse():
        raise SourceError("disk full")

    monkeypatch.setattr(bus, "trim", refuse)
    bus.publish([message(number) for number in range(1200)])
    assert numbers(bus, "one") == list(range(1200))
    bus.close()


def test_messages_of_a_clock_that_ran_ahead_are_dropped_too(tmp_path):
    now = [25 * HOUR_NS]
    bus = EmbeddedBus(tmp_path / "bus.db", clock=lambda: now[0], keep_s=1.0)
    bus.publish([message(number) for number in range(900)])
    assert len(numbers(bus, "one")) == 900
    bus.commit("one")
    now[0] = HOUR_NS
    assert bus.trim() == 900
    bus.close()


def test_full_synchronisation_is_asked_of_sqlite(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db", synchronous="full")
    assert bus._writer.execute("PRAGMA synchronous").fetchone() == (2,)
    bus.close()


@pytest.mark.parametrize("options", [{"synchronous": "off"}, {"keep_s": -1.0}])
def test_settings_without_meaning_are_refused(tmp_path, options):
    with pytest.raises(SettingsError):
        EmbeddedBus(tmp_path / "bus.db", **options)


def test_no_topic_is_refused(tmp_path):
    bus = EmbeddedBus(tmp_path / "bus.db")
    with pytest.raises(SettingsError, match="topic"):
        bus.read("one", [], 1, 0.0)
    bus.close()


def test_a_file_that_is_no_bus_is_refused(tmp_path):
    path = tmp_path / "text.db"
    path.write_text("no database at all, but long enough to be looked at" * 50)
    with pytest.raises(SourceError, match="no bus"):
        EmbeddedBus(path)


def test_a_bus_of_another_format_is_refused(tmp_path):
    path = tmp_path / "bus.db"
    EmbeddedBus(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(DataError, match="format 9"):
        EmbeddedBus(path)
