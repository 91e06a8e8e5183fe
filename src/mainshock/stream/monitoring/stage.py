"""The stage that watches channels and pickers for drift, on the records that they work on."""

import json
import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mainshock.core.documents import from_document, to_document
from mainshock.core.errors import MainshockError
from mainshock.sources.components import channel_problem
from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime
from mainshock.sources.miniseed_records import decode_record
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_event_message, read_pick_message
from mainshock.stream.monitoring.channel_watch import ChannelWatch
from mainshock.stream.monitoring.flags import DriftBoard, DriftFlag, drift_message
from mainshock.stream.monitoring.model_watch import ModelWatch
from mainshock.stream.monitoring.settings import DriftSettings
from mainshock.stream.records import EventVersion, LivePick

__all__ = ["DriftStage", "DriftState", "coda_s", "drift_stage"]

_log = logging.getLogger(__name__)
_LEAD_S = 5.0
_LONGEST_S = 3600.0
_NO_MAGNITUDE = 2.5


def coda_s(magnitude: float | None) -> float:
    """Return how long, in seconds from the origin, records near an earthquake are not quiet.

    Duration magnitudes turned round: ``log10 t = (M + 0.87) / 2`` (Lee et al. 1972, USGS Open-File
    Report 72-223), at least 30 s and at most an hour.
    """
    value = _NO_MAGNITUDE if magnitude is None or not math.isfinite(magnitude) else magnitude
    length_s = math.pow(10.0, 0.5 * (value + 0.87))
    return min(_LONGEST_S, max(30.0, length_s))


@dataclass(slots=True, eq=False)
class DriftState:
    """All channels and pickers, codas of known events, which are settled, the newest sample."""

    channels: dict[str, ChannelWatch] = field(default_factory=dict)
    models: dict[str, ModelWatch] = field(default_factory=dict)
    codas: dict[str, tuple[int, int]] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)
    newest_ns: int = 0
    arrival_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class DriftStage:
    """Tells which channels and pickers are not what they used to be.

    Parameters
    ----------
    settings
        Times and limits.
    board
        Where open flags are shown, or None.

    Notes
    -----
    Flags are told as messages of ``health.v1`` when they open, each ten minutes of data while they
    are open, and when they close. Data time alone counts, so a replay tells the same.
    """

    settings: DriftSettings = field(default_factory=DriftSettings)
    board: DriftBoard | None = None
    name: str = field(default="drift", init=False)
    topics: tuple[str, ...] = field(default=("waveform.v1", "pick.v1", "event.v1"), init=False)

    def start(self) -> DriftState:
        """Return the state before the first record."""
        return DriftState()

    def step(
        self, state: DriftState, messages: Sequence[Message]
    ) -> tuple[DriftState, list[Message]]:
        """Return the state after some messages, and the flags that they change."""
        told: list[Message] = []
        for message in messages:
            state.arrival_ns = max(state.arrival_ns, message.arrival_ns)
            flags = self._see(state, message)
            if self.board is not None:
                self.board.put(flags)
            told += [drift_message(one, state.arrival_ns) for one in flags]
        return state, told

    def _see(self, state: DriftState, message: Message) -> list[DriftFlag]:
        if message.topic == "pick.v1":
            self._see_pick(state, message)
            return []
        if message.topic == "event.v1":
            self._see_event(state, read_event_message(message))
            return []
        flags = self._see_record(state, message)
        if message.data_ns > state.newest_ns:
            state.newest_ns = message.data_ns
            for model in state.models.values():
                flags += model.judge(state.newest_ns)
        return flags

    def _see_record(self, state: DriftState, message: Message) -> list[DriftFlag]:
        try:
            fragment = decode_record(message.value)
        except MainshockError:
            return []  # the picking stage says so
        if channel_problem(fragment.header):
            return []
        trace_id = fragment.header.trace_id
        watch = state.channels.get(trace_id)
        if watch is None:
            watch = state.channels[trace_id] = ChannelWatch(trace_id, self.settings)
        return watch.put(fragment, list(state.codas.values()))

    def _see_pick(self, state: DriftState, message: Message) -> None:
        told = read_pick_message(message)
        if isinstance(told, LivePick):
            self._model(state, told.pick.model).see_pick(told)

    def _model(self, state: DriftState, name: str) -> ModelWatch:
        watch = state.models.get(name)
        if watch is None:
            watch = state.models[name] = ModelWatch(name, self.settings)
        return watch

    def _see_event(self, state: DriftState, version: EventVersion) -> None:
        origin_ns = ns_from_datetime(version.event.origin.time)
        self._forget_codas(state)
        if version.kind == "cancel":
            state.codas.pop(version.event_id, None)
            return
        magnitude = version.event.magnitude
        length_s = coda_s(None if magnitude is None else magnitude.value)
        coda = (
            origin_ns - round(_LEAD_S * NANOSECONDS),
            origin_ns + round(length_s * NANOSECONDS),
        )
        state.codas[version.event_id] = coda
        for channel in state.channels.values():
            channel.leave_out(*coda)
        if version.status == "settled" and version.event_id not in state.settled:
            state.settled.add(version.event_id)
            arrivals = version.event.arrivals
            for name in {one.pick.model for one in arrivals}:
                own = [one for one in arrivals if one.pick.model == name]
                self._model(state, name).see_arrivals(own)

    def _forget_codas(self, state: DriftState) -> None:
        before_ns = state.newest_ns - round(_LONGEST_S * NANOSECONDS)
        state.codas = {name: one for name, one in state.codas.items() if one[1] > before_ns}
        state.settled &= state.codas.keys()

    def finish(self, state: DriftState) -> tuple[DriftState, list[Message]]:
        """Nothing is left to say."""
        return state, []

    def snapshot(self, state: DriftState) -> bytes:
        """Return the state as JSON."""
        document = {
            "codas": state.codas,
            "settled": sorted(state.settled),
            "newest_ns": state.newest_ns,
            "arrival_ns": state.arrival_ns,
            "channels": {name: _packed(one) for name, one in state.channels.items()},
            "models": {name: _packed(one) for name, one in state.models.items()},
        }
        return json.dumps(document, separators=(",", ":")).encode()

    def restore(self, snapshot: bytes) -> DriftState:
        """Return the state that bytes of ``snapshot`` hold, and show its flags."""
        document = json.loads(snapshot)
        state = DriftState(newest_ns=document["newest_ns"], arrival_ns=document["arrival_ns"])
        state.codas = {name: (one[0], one[1]) for name, one in document["codas"].items()}
        state.settled = set(document["settled"])
        for name, one in document["channels"].items():
            channel = state.channels[name] = ChannelWatch(name, self.settings)
            channel.unpack(one["state"])
            channel.flags.update(_flags(one["flags"]))
        for name, one in document["models"].items():
            model = self._model(state, name)
            model.unpack(one["state"])
            model.flags.update(_flags(one["flags"]))
        if self.board is not None:
            for channel in state.channels.values():
                self.board.put(channel.flags.values())
            for model in state.models.values():
                self.board.put(model.flags.values())
        return state


def _packed(watch: ChannelWatch | ModelWatch) -> dict[str, Any]:
    return {"state": watch.pack(), "flags": to_document(list(watch.flags.values()))}


def _flags(documents: list[Any]) -> dict[str, DriftFlag]:
    made = [from_document(DriftFlag, one) for one in documents]
    return {one.kind: one for one in made}


def drift_stage(board: DriftBoard | None = None) -> DriftStage:
    """Return the stage with its usual settings."""
    return DriftStage(board=board)
