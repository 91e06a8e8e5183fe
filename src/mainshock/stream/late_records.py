"""Which records came too late for the picking stage, and when they can be picked."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mainshock.sources.fragments import NANOSECONDS, ns_from_datetime
from mainshock.stream.bus import Message
from mainshock.stream.messages import read_pick_message
from mainshock.stream.records import LivePick

__all__ = ["LateRecords", "LateSettings", "Stretch"]

_MOST_TOLD = 1000  # picks that the store may not have yet; they go with every commit
_Told = tuple[str, str, int]  # instrument, phase, time in nanoseconds


@dataclass(frozen=True, slots=True)
class LateSettings:
    """When and how late records are picked, in seconds.

    Parameters
    ----------
    late_s
        A record this far behind its channel may have come too late for the picking stage.
    ahead_s
        How far an instrument must be beyond such a record, so that all picks around it are settled.
    quiet_s
        How long no further one must have come.
    silence_s
        How long to wait for an instrument that gives nothing more.
    margin_s
        Context that the picker is given before and after.
    edge_s
        How far around the late records picks may be new.
    same_s
        Two picks of a phase closer than this are one.
    piece_s
        What is picked at once.
    """

    late_s: float = 10.0
    ahead_s: float = 90.0
    quiet_s: float = 10.0
    silence_s: float = 120.0
    margin_s: float = 60.0
    edge_s: float = 10.0
    same_s: float = 0.5
    piece_s: float = 3600.0


@dataclass(slots=True, eq=False)
class Stretch:
    """Late records that lie together: from when to when, and when the last of them came."""

    start_ns: int
    end_ns: int
    seen_s: float


@dataclass(slots=True, eq=False)
class LateRecords:
    """Takes note of records that are behind their channel; from any thread.

    Parameters
    ----------
    settings
        Times.
    follows_picks
        Whether it is shown picks too, as those of another process: then late records wait until
        the picks around them are settled, however long that takes.
    clock
        Monotonic seconds.

    Attributes
    ----------
    arrival_ns
        Newest arrival of all.
    """

    settings: LateSettings = field(default_factory=LateSettings)
    follows_picks: bool = False
    clock: Callable[[], float] = time.monotonic
    arrival_ns: int = 0
    _newest_ns: dict[str, int] = field(default_factory=dict)
    _settled_ns: dict[str, int] = field(default_factory=dict)
    _stretches: dict[str, list[Stretch]] = field(default_factory=dict)
    _told: "deque[_Told]" = field(default_factory=lambda: deque(maxlen=_MOST_TOLD))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def see(self, messages: Sequence[Message]) -> None:
        """Take note of records, and of picks where it is shown them."""
        late_ns = round(self.settings.late_s * NANOSECONDS)
        with self._lock:
            for one in messages:
                if one.topic == "pick.v1":
                    self._see_pick(one)
                    continue
                trace_id, _, span = one.identity.partition("@")
                self.arrival_ns = max(self.arrival_ns, one.arrival_ns)
                newest_ns = max(self._newest_ns.get(trace_id, 0), one.data_ns)
                self._newest_ns[trace_id] = newest_ns
                if one.data_ns < newest_ns - late_ns:
                    self._note(trace_id[:-1], int(span.partition("+")[0]), one.data_ns)

    def due(self) -> list[tuple[str, Stretch]]:
        """Return the stretches that can be picked, with their instruments; they wait on."""
        with self._lock:
            return [
                (instrument, one)
                for instrument, there in self._stretches.items()
                for one in there
                if self._is_due(instrument, one)
            ]

    def drop(self, instrument: str, stretch: Stretch, seen_s: float) -> None:
        """Let a stretch wait no more, unless more of it came after a moment."""
        with self._lock:
            if stretch.seen_s == seen_s:
                there = self._stretches.get(instrument, [])
                self._stretches[instrument] = [one for one in there if one is not stretch]

    def note_settled(self, instrument: str, version: LivePick) -> None:
        """Take note of a settled pick, which the store may not have yet."""
        with self._lock:
            self._put_told(instrument, version)

    def told(self, instrument: str) -> list[tuple[str, int]]:
        """Return phase and time, in nanoseconds since 1970, of settled picks that were told."""
        with self._lock:
            return [(phase, time_ns) for name, phase, time_ns in self._told if name == instrument]

    def forget(self) -> None:
        """Begin as if nothing had been seen."""
        self._load(0, {}, {}, {}, [])

    def snapshot(self) -> bytes:
        """Return all that was seen and waits, as bytes."""
        with self._lock:
            document = {
                "arrival_ns": self.arrival_ns,
                "newest_ns": self._newest_ns,
                "settled_ns": self._settled_ns,
                "late_ns": {
                    instrument: [(one.start_ns, one.end_ns) for one in there]
                    for instrument, there in self._stretches.items()
                    if there
                },
                "told": list(self._told),
            }
            return json.dumps(document, separators=(",", ":")).encode()

    def restore(self, snapshot: bytes) -> None:
        """Go on from a snapshot, of another process perhaps: what was quiet is waited for anew."""
        stated = json.loads(snapshot)
        now_s = self.clock()
        stretches = {
            instrument: [Stretch(start_ns, end_ns, now_s) for start_ns, end_ns in there]
            for instrument, there in stated["late_ns"].items()
        }
        told: list[_Told] = [(name, phase, time_ns) for name, phase, time_ns in stated["told"]]
        self._load(stated["arrival_ns"], stated["newest_ns"], stated["settled_ns"], stretches, told)

    def _load(
        self,
        arrival_ns: int,
        newest_ns: dict[str, int],
        settled_ns: dict[str, int],
        stretches: dict[str, list[Stretch]],
        told: Sequence[_Told],
    ) -> None:
        with self._lock:
            self.arrival_ns, self._newest_ns, self._settled_ns = arrival_ns, newest_ns, settled_ns
            self._stretches, self._told = stretches, deque(told, maxlen=_MOST_TOLD)

    def _see_pick(self, message: Message) -> None:
        told = read_pick_message(message)
        if not isinstance(told, LivePick):
            trace_id, until_ns, _ = told
            self._settled_ns[trace_id] = max(self._settled_ns.get(trace_id, 0), until_ns)
        elif told.status == "settled" and told.kind != "cancel":
            pick = told.pick
            self._put_told(f"{pick.station_code}.{pick.location}.{told.instrument}", told)

    def _put_told(self, instrument: str, version: LivePick) -> None:
        self._told.append((instrument, version.pick.phase, ns_from_datetime(version.pick.time)))

    def _note(self, instrument: str, start_ns: int, end_ns: int) -> None:
        """Add a record to the stretch near it, or begin another one."""
        margin_ns = round(self.settings.margin_s * NANOSECONDS)
        now_s = self.clock()
        there = self._stretches.setdefault(instrument, [])
        for one in there:
            if start_ns <= one.end_ns + margin_ns and end_ns >= one.start_ns - margin_ns:
                one.start_ns, one.end_ns = min(start_ns, one.start_ns), max(end_ns, one.end_ns)
                one.seen_s = now_s
                return
        there.append(Stretch(start_ns, end_ns, now_s))

    def _is_due(self, instrument: str, stretch: Stretch) -> bool:
        if self.follows_picks and self._settled_ns.get(instrument, 0) < stretch.end_ns:
            return False
        quiet_s = self.clock() - stretch.seen_s
        newest_ns = max(
            (end for trace_id, end in self._newest_ns.items() if trace_id[:-1] == instrument),
            default=0,
        )
        ahead_s = (newest_ns - stretch.end_ns) / NANOSECONDS
        is_settled = ahead_s >= self.settings.ahead_s and quiet_s >= self.settings.quiet_s
        return is_settled or quiet_s >= self.settings.silence_s
