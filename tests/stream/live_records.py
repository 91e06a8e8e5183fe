"""Real records as the messages that ingest publishes, and the two stages of events as one."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mainshock.sources.miniseed_records import record_header, split_records
from mainshock.stream.bus import Message
from mainshock.stream.events.settling import SettlingStage, SettlingState
from mainshock.stream.events.stage import EventStage, EventState

__all__ = ["EventStages", "waveform_messages"]

Both = tuple[SettlingState, EventState]


@dataclass(frozen=True)
class EventStages:
    """Settling before events, as two threads would run them that keep step."""

    settling: SettlingStage
    events: EventStage

    def start(self) -> Both:
        return self.settling.start(), self.events.start()

    def step(self, state: Both, messages: Sequence[Message]) -> tuple[Both, list[Message]]:
        own = [one for one in messages if one.topic in self.settling.topics]
        settling, settled = self.settling.step(state[0], own)
        events, told = self.events.step(state[1], [*messages, *settled])
        return (settling, events), told

    def finish(self, state: Both) -> tuple[Both, list[Message]]:
        settling, settled = self.settling.finish(state[0])
        events, told = self.events.step(state[1], settled)
        events, last = self.events.finish(events)
        return (settling, events), [*told, *last]

    def snapshot(self, state: Both) -> bytes:
        both = (self.settling.snapshot(state[0]), self.events.snapshot(state[1]))
        return json.dumps([one.decode() for one in both]).encode()

    def restore(self, snapshot: bytes) -> Both:
        settling, events = (one.encode() for one in json.loads(snapshot))
        return self.settling.restore(settling), self.events.restore(events)


def waveform_messages(root: Path, stations: tuple[str, ...] = ()) -> list[Message]:
    """Records of an SDS archive in order of their ends; of some stations or of all."""
    found = []
    for path in sorted(root.rglob("*.D.*")):
        if not path.is_file() or (stations and path.name.split(".")[1] not in stations):
            continue
        for record in split_records(path.read_bytes()):
            header = record_header(record)
            found.append(
                Message(
                    topic="waveform.v1",
                    key=f"{header.network}.{header.station}",
                    identity=f"{header.trace_id}@{header.start_ns}+{header.n_samples}",
                    value=bytes(record),
                    data_ns=header.end_ns,
                    arrival_ns=header.end_ns,
                )
            )
    return sorted(found, key=lambda message: message.data_ns)
