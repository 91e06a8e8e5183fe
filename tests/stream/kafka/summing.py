"""A stage whose results show each message that was lost or taken twice; also run as a process."""

import json
import logging
import signal
import sys
import threading
from collections.abc import Sequence

from mainshock.stream.bus import Message

__all__ = ["Summing", "expected", "numbered"]


def numbered(key: str, number: int) -> Message:
    """The message of a number."""
    value = str(number).encode()
    return Message("waveform.v1", key, f"{key}@{number}", value, number, number)


class Summing:
    """Tells, for each message, how many of its key there were and what they add up to."""

    name, topics = "summing", ("waveform.v1",)

    def start(self) -> dict[str, list[int]]:
        return {}

    def step(
        self, state: dict[str, list[int]], messages: Sequence[Message]
    ) -> tuple[dict[str, list[int]], list[Message]]:
        told = []
        for one in messages:
            entry = state.setdefault(one.key, [0, 0])
            entry[0] += 1
            entry[1] += int(one.value)
            value = json.dumps(entry).encode()
            told.append(Message("pick.v1", one.key, f"{one.key}#{entry[0]}", value, one.data_ns, 0))
        return state, told

    def finish(self, state: dict[str, list[int]]) -> tuple[dict[str, list[int]], list[Message]]:
        return state, []

    def snapshot(self, state: dict[str, list[int]]) -> bytes:
        return json.dumps(state).encode()

    def restore(self, snapshot: bytes) -> dict[str, list[int]]:
        return dict(json.loads(snapshot))


def expected(sent: Sequence[Message]) -> dict[str, list[list[int]]]:
    """What an undisturbed run tells, by key, in order."""
    stage = Summing()
    _, told = stage.step(stage.start(), sent)
    found: dict[str, list[list[int]]] = {}
    for one in told:
        found.setdefault(one.key, []).append(json.loads(one.value))
    return found


def main() -> None:
    """Run it as a member of its group, until told to stop; says which partitions it has."""
    from mainshock.stream.kafka import KafkaBus, KafkaSettings
    from mainshock.stream.kafka.groups import StageGroup
    from mainshock.stream.workers import WorkerSettings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    bus = KafkaBus(KafkaSettings.model_validate_json(sys.argv[1]), instance=sys.argv[2])
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    settings = WorkerSettings(limit=20, commit_s=0.2, wait_s=0.1, retry_s=0.2)
    group = StageGroup(bus, Summing(), settings, is_by_key=True)
    group.start()
    last: list[int] | None = None
    while not stop.wait(0.05):
        if group.partitions != last:
            last = group.partitions
            sys.stdout.write(json.dumps(last) + "\n")
            sys.stdout.flush()
    group.stop()
    bus.close()


if __name__ == "__main__":
    main()
