"""Messages a second through the embedded bus, beside the plainest ways to make them durable.

Run with ``python benchmarks/bench_bus.py [--folder DIR]``: the folder decides which disk is
measured. Messages of 512 bytes, one thread; the best of some runs, because others use the disk as
well. The last columns say what is still there after the process was killed, and after the machine
lost power.
"""

import argparse
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from mainshock.stream.bus import Message
from mainshock.stream.embedded_bus import EmbeddedBus

BATCH, VALUE_BYTES, RUNS = 100, 512, 3
MANY, FEW = 50_000, 2_000  # FEW where each message waits for the disk
TOPIC = "waveform.v1"


def messages(number: int) -> list[Message]:
    value = os.urandom(VALUE_BYTES)
    return [
        Message(TOPIC, f"XX.S{i % 100}", f"XX.S{i % 100}..HHZ@{i}+400", value, i, i, f"t{i}")
        for i in range(number)
    ]


def batches(number: int, size: int) -> Iterator[list[Message]]:
    made = messages(number)
    for first in range(0, number, size):
        yield made[first : first + size]


def publish(path: Path, number: int, size: int, synchronous: str = "normal") -> float:
    bus = EmbeddedBus(path, synchronous=synchronous)
    parts = list(batches(number, size))
    start = time.perf_counter()
    for part in parts:
        bus.publish(part)
    spent_s = time.perf_counter() - start
    bus.close()
    return spent_s


def publish_once_each(path: Path, number: int, size: int) -> float:
    """The same with an index that refuses an identity that was published before."""
    EmbeddedBus(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE UNIQUE INDEX once ON messages (topic, identity)")
    connection.close()
    return publish(path, number, size)


def read_and_commit(path: Path, number: int, size: int) -> float:
    publish(path, number, size)
    bus = EmbeddedBus(path)
    state = os.urandom(10_000)
    start = time.perf_counter()
    while bus.read("picker", [TOPIC], size, 0.0):
        bus.commit("picker", state)
    spent_s = time.perf_counter() - start
    bus.close()
    return spent_s


def go_through(path: Path, number: int, size: int) -> float:
    """Publish, read and commit in turn, with old messages dropped on the way."""
    bus = EmbeddedBus(path, keep_s=0.0)
    parts = list(batches(number, size))
    start = time.perf_counter()
    for part in parts:
        bus.publish(part)
        assert len(bus.read("picker", [TOPIC], size, 0.0)) == len(part)
        bus.commit("picker")
    spent_s = time.perf_counter() - start
    bus.close()
    return spent_s


def append(path: Path, number: int, size: int, *, is_synced: bool) -> float:
    """Lengths and values at the end of a file, without keys, order of topics or consumers."""
    parts = list(batches(number, size))
    with path.open("ab", buffering=0) as file:
        start = time.perf_counter()
        for part in parts:
            file.write(b"".join(len(m.value).to_bytes(4, "little") + m.value for m in part))
            if is_synced:
                os.fsync(file.fileno())
        return time.perf_counter() - start


CASES: list[tuple[str, Callable[[Path], float], int, str]] = [
    ("bus, batches of 100", lambda p: publish(p, MANY, BATCH), MANY, "kill"),
    ("bus, one by one", lambda p: publish(p, MANY // 5, 1), MANY // 5, "kill"),
    (
        "bus, synchronous full, batches",
        lambda p: publish(p, FEW * 5, BATCH, "full"),
        FEW * 5,
        "power",
    ),
    ("bus, synchronous full, one by one", lambda p: publish(p, FEW, 1, "full"), FEW, "power"),
    ("bus, unique identities, batches", lambda p: publish_once_each(p, MANY, BATCH), MANY, "kill"),
    ("bus, read and commit with 10 kB state", lambda p: read_and_commit(p, MANY, BATCH), MANY, ""),
    ("bus, publish, read, commit and drop", lambda p: go_through(p, MANY, BATCH), MANY, ""),
    ("file, batches", lambda p: append(p, MANY, BATCH, is_synced=False), MANY, "kill"),
    (
        "file and fsync, batches",
        lambda p: append(p, FEW * 5, BATCH, is_synced=True),
        FEW * 5,
        "power",
    ),
    ("file and fsync, one by one", lambda p: append(p, FEW, 1, is_synced=True), FEW, "power"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to write; default: temporary files")
    folder = parser.parse_args().folder
    print(f"{'way':<40}{'messages/s':>12}{'MB/s':>8}  survives")
    for name, run, number, survives in CASES:
        spent_s = []
        for _ in range(RUNS):
            with tempfile.TemporaryDirectory(dir=folder) as place:
                spent_s.append(run(Path(place) / "bus.db"))
        rate = number / min(spent_s)
        print(f"{name:<40}{rate:>12,.0f}{rate * VALUE_BYTES / 1e6:>8.1f}  {survives}", flush=True)


if __name__ == "__main__":
    main()
