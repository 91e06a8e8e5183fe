"""Asks a data centre for what a stream lost, in a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby, pairwise
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from mainshock.core.errors import MainshockError
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, datetime_from_ns, ns_from_datetime
from mainshock.sources.live.backfill import Gap
from mainshock.sources.miniseed_records import (
    RecordDamageError,
    decode_record,
    encode_records,
    record_header,
)
from mainshock.sources.packets import Packet
from mainshock.stream.ingest.ingest import ChannelSegment

__all__ = ["DataCentre", "GapFiller", "GapSettings"]

_log = logging.getLogger(__name__)
_Stretch = tuple[str, int, int]  # trace id, start and end in nanoseconds since 1970


class DataCentre(Protocol):
    """Whoever can be asked for missing stretches."""

    def packets(self, gaps: Sequence[Gap], stop: threading.Event) -> Iterator[Packet]:
        """Yield the records that it has for some gaps."""
        ...


@dataclass(frozen=True, slots=True)
class GapSettings:
    """When a gap is asked for, in seconds.

    Parameters
    ----------
    patience_s
        How long a gap is known before it is asked for: late packets may still fill it.
    shortest_s, longest_s
        Gaps of other lengths are left, and those that lie more than ``longest_s`` behind the newest
        sample of their channel.
    attempts
        How often a gap is asked for.
    first_pause_s
        Between the first two attempts; it grows fivefold.
    piece_s
        What is asked for at once.
    most
        Gaps that are remembered.
    """

    patience_s: float = 60.0
    shortest_s: float = 1.0
    longest_s: float = 2 * 86_400.0
    attempts: int = 4
    first_pause_s: float = 60.0
    piece_s: float = 3600.0
    most: int = 2000


@dataclass(slots=True)
class _Plan:
    due_s: float
    attempts: int = 0


class _Metrics:
    def __init__(self, registry: CollectorRegistry | None) -> None:
        self.requests = Counter(
            "mainshock_backfill_requests", "By outcome", ["outcome"], registry=registry
        )
        self.packets = Counter(
            "mainshock_backfill_packets", "Packets that a data centre gave", registry=registry
        )
        self.gaps = Gauge("mainshock_backfill_gaps", "Gaps that are known", registry=registry)


@dataclass(slots=True, eq=False)
class GapFiller:
    """Looks for gaps in what arrived, and fills them with what a data centre has.

    Parameters
    ----------
    centre
        Who is asked.
    offer
        Takes a packet; returns False when no more are taken.
    settings
        Times.
    earlier
        Newest sample of each instrument (``NET.STA.LOC.CH``) before this start: what lies between
        it and the first record that comes is a gap as well.
    metrics
        Where counters are shown.
    clock
        Monotonic seconds.

    Notes
    -----
    Records are cut to the gap, and marked as asked for: ingest uses them however old they are, and
    wherever in the gap they lie, since a data centre need not have all of it.
    """

    centre: DataCentre
    offer: Callable[[Packet], bool]
    settings: GapSettings = field(default_factory=GapSettings)
    earlier: Mapping[str, datetime] = field(default_factory=dict)
    metrics: CollectorRegistry | None = None
    clock: Callable[[], float] = time.monotonic
    _plans: dict[_Stretch, _Plan] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _counts: _Metrics = field(init=False)

    def __post_init__(self) -> None:
        self._counts = _Metrics(self.metrics)

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="gap-filling", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the thread; a request that is under way is left."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def see(self, segments: Sequence[ChannelSegment]) -> None:
        """Take note of what is there now, in order of channel and time.

        Parameters
        ----------
        segments
            Of the last ``longest_s`` of each channel at least.
        """
        due_s = self.clock() + self.settings.patience_s
        with self._lock:
            plans: dict[_Stretch, _Plan] = {}
            for gap in self._gaps(segments):
                plans[gap] = self._plans.get(gap) or self._plan_of_part(gap) or _Plan(due_s)
                if len(plans) >= self.settings.most:
                    break
            self._plans = plans
        self._counts.gaps.set(len(plans))

    def fill(self) -> None:
        """Ask once for each gap that is due."""
        for gap in self._due():
            try:
                n_packets = sum(self._ask(piece) for piece in self._pieces(gap))
                outcome = "given" if n_packets else "nothing"
            except MainshockError as error:
                _log.warning("gap of %s is not filled: %s", gap[0], error)
                outcome = "failed"
            self._counts.requests.labels(outcome).inc()

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self.fill()
            except Exception:  # noqa: BLE001 - the next gap must be asked for
                _log.exception("gaps could not be filled")

    def _gaps(self, segments: Iterable[ChannelSegment]) -> Iterator[_Stretch]:
        """Yield the gaps between segments, from half a sample after to half a sample before."""
        for trace_id, of_channel in groupby(segments, key=lambda one: one.trace_id):
            there = list(of_channel)
            half_ns = round(0.5 * NANOSECONDS / there[0].sampling_rate_hz)
            starts = [ns_from_datetime(one.start) - half_ns for one in there]
            ends = [ns_from_datetime(one.end) + half_ns for one in there]
            oldest_ns = ends[-1] - round(self.settings.longest_s * NANOSECONDS)
            edges = [(ends[at], starts[after]) for at, after in pairwise(range(len(there)))]
            before = self.earlier.get(trace_id[:-1])
            if before is not None and ns_from_datetime(before) >= oldest_ns:
                # older, and what follows it need not be among the segments any more
                edges.insert(0, (ns_from_datetime(before) + half_ns, starts[0]))
            for start_ns, end_ns in edges:
                length_s = (end_ns - start_ns) / NANOSECONDS
                is_recent = end_ns > oldest_ns
                if is_recent and self.settings.shortest_s <= length_s <= self.settings.longest_s:
                    yield trace_id, start_ns, end_ns

    def _plan_of_part(self, gap: _Stretch) -> _Plan | None:
        """Return the plan of a gap that this one is left of."""
        return next((plan for one, plan in self._plans.items() if _overlap(one, gap)), None)

    def _due(self) -> list[_Stretch]:
        now_s = self.clock()
        with self._lock:
            due = [
                (gap, plan)
                for gap, plan in self._plans.items()
                if plan.due_s <= now_s and plan.attempts < self.settings.attempts
            ]
            for _, plan in due:
                plan.due_s = now_s + self.settings.first_pause_s * 5.0**plan.attempts
                plan.attempts += 1
        return [gap for gap, _ in due]

    def _pieces(self, gap: _Stretch) -> Iterator[_Stretch]:
        """Yield the pieces of a gap in order of time."""
        trace_id, start_ns, end_ns = gap
        piece_ns = round(self.settings.piece_s * NANOSECONDS)
        while start_ns < end_ns and not self._stop.is_set():
            yield trace_id, start_ns, min(start_ns + piece_ns, end_ns)
            start_ns += piece_ns

    def _ask(self, piece: _Stretch) -> int:
        """Offer what the data centre has of a piece, and return how many packets that is."""
        trace_id, start_ns, end_ns = piece
        network, station, location, channel = trace_id.split(".")
        start, end = datetime_from_ns(start_ns), datetime_from_ns(end_ns)
        gap = Gap(network, station, location, channel, start, end)
        found: dict[int, Packet] = {}
        for packet in self.centre.packets([gap], self._stop):
            found.update(_cut(packet, trace_id, TimeWindow(start_ns, end_ns)))
        for _, packet in sorted(found.items()):
            if not self.offer(packet):
                break
        self._counts.packets.inc(len(found))
        return len(found)


def _overlap(one: _Stretch, other: _Stretch) -> bool:
    return one[0] == other[0] and one[1] < other[2] and other[1] < one[2]


def _cut(packet: Packet, trace_id: str, window: TimeWindow) -> dict[int, Packet]:
    """Return the records that hold a packet's samples of a window, by their start."""
    try:
        fragment = decode_record(packet.payload)
    except RecordDamageError as error:
        _log.warning("%s gave a record that is not sound: %s", packet.source, error)
        return {}
    if fragment.header.trace_id != trace_id:
        return {}
    part = fragment.trimmed(window)
    if part is None:
        return {}
    records = [packet.payload] if part is fragment else encode_records(part)
    return {
        record_header(record).start_ns: replace(packet, payload=record, was_asked_for=True)
        for record in records
    }
