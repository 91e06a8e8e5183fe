"""One channel: what is there of it, and which records wait to be confirmed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.packets import Packet
from mainshock.stream.ingest.memory import RecentSamples, RecordMarks, checksum
from mainshock.stream.ingest.settings import IngestSettings, PacketKind
from mainshock.stream.ingest.timeline import SampleRange, Timeline, same_rate

__all__ = ["Channel", "Decision", "Record", "part_of"]


@dataclass(slots=True, eq=False)
class Record:
    """A decoded packet.

    Parameters
    ----------
    packet, fragment
        What came, and what it holds.
    number
        Its place in the order of arrival.
    is_suspect
        While it waits: whether it needs proof to be used; else it is used if nothing speaks
        against it.
    runs_ahead
        While it waits: whether it is a suspect for being far ahead of the clock.
    newest_before_ns
        Start of the latest record of its channel that came before, nanoseconds since 1970.
    n_used
        While it waits: how many records of its channel had been used before.
    refusal
        What it is if it is refused.
    """

    packet: Packet
    fragment: Fragment
    number: int
    is_suspect: bool = True
    runs_ahead: bool = False
    newest_before_ns: int = 0
    n_used: int = 0
    refusal: PacketKind = "clock"
    checksum: int = field(init=False)

    def __post_init__(self) -> None:
        self.checksum = checksum(self.fragment)

    @property
    def header(self) -> FragmentHeader:
        """Codes, time and rate."""
        return self.fragment.header


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What became of a record.

    Parameters
    ----------
    record
        The record.
    kind
        One of ``PACKET_KINDS``.
    reason
        For a reader; empty for a record that is used as it is.
    new
        The samples of it that are used.
    """

    record: Record
    kind: PacketKind
    reason: str = ""
    new: tuple[SampleRange, ...] = ()


def part_of(fragment: Fragment, samples: SampleRange) -> Fragment:
    """Return some samples of a fragment at their own time."""
    first, past_last = samples
    header = fragment.header
    if first == 0 and past_last == header.n_samples:
        return fragment
    start_ns = header.start_ns + round(first / header.sampling_rate_hz * NANOSECONDS)
    part = FragmentHeader(
        header.network,
        header.station,
        header.location,
        header.channel,
        start_ns,
        header.sampling_rate_hz,
        past_last - first,
    )
    return Fragment(part, np.array(fragment.samples[first:past_last]))


class Channel:
    """What is there of a channel, and which of its records wait.

    Parameters
    ----------
    header
        Of its first record.
    settings
        How packets are judged.
    """

    def __init__(self, header: FragmentHeader, settings: IngestSettings) -> None:
        self.header = header
        self.trace_id = header.trace_id
        self.station = f"{header.network}.{header.station}"
        self.timeline = Timeline(settings.max_segments)
        self.recent = RecentSamples(settings.recent_s)
        self.marks = RecordMarks()
        self.held: list[Record] = []
        self.counts: dict[PacketKind, int] = {}
        self.n_used = 0
        self.lead_ns = 0
        self.vote_ns: int | None = None
        self.latency_s = 0.0
        self.updated_ns = 0
        self.last_number = -1
        self._newest_start_ns = 0
        self._link_ns = round(settings.lead_s * NANOSECONDS)

    @property
    def is_started(self) -> bool:
        """Whether some of its records are used."""
        return bool(self.timeline.segments)

    def knows(self, record: Record) -> bool:
        """Return whether the same record is there, or waits."""
        return self.marks.has(record.header, record.checksum) or any(
            one.header.start_ns == record.header.start_ns and one.checksum == record.checksum
            for one in self.held
        )

    def place(self, record: Record) -> Decision:
        """Use what is new of a record."""
        timeline, header = self.timeline, record.header
        is_behind = timeline.newest_ns - header.start_ns > 0.5 * NANOSECONDS / (
            header.sampling_rate_hz
        )
        covered = timeline.covered(header) if is_behind else []
        if not covered:
            self._use(record, ((0, header.n_samples),))
            self.marks.add(header, record.checksum)
            return Decision(record, _used_kind(record), "", ((0, header.n_samples),))
        conflicts = self.recent.differ(record.fragment, covered)
        new = _complement(covered, header.n_samples)
        self._use(record, new)
        if conflicts:
            return Decision(record, "overlap", "other samples are there at its time", new)
        if not new and conflicts is None:
            return Decision(record, "overlap", "its time is taken, by samples kept no more")
        self.marks.add(header, record.checksum)
        if not new:
            return Decision(record, "duplicate", "all its samples are there")
        return Decision(record, _used_kind(record), "", new)

    def note_arrival(self, record: Record) -> None:
        """Tell a record how far its channel had come when it arrived."""
        record.newest_before_ns = max(
            [self._newest_start_ns]
            + [one.header.start_ns for one in self.held if not one.is_suspect]
        )

    def _use(self, record: Record, new: tuple[SampleRange, ...]) -> None:
        for one in new:
            part = part_of(record.fragment, one)
            header = part.header
            self.timeline.add(
                header.start_ns, header.end_ns, header.n_samples, header.sampling_rate_hz
            )
            self.recent.put(part)
        if new:
            self.n_used += 1
            self._newest_start_ns = max(self._newest_start_ns, record.header.start_ns)
        self.vote_ns = self.timeline.newest_ns

    def fits(self, record: Record) -> bool:
        """Return whether a waiting record joins what is there without touching other samples.

        One that ran ahead never does: by chance the stream may end exactly where it starts.
        """
        timeline = self.timeline
        return (
            not record.runs_ahead
            and timeline.joins(record.header)
            and not timeline.covered(record.header)
        )

    def waiting_at(self, header: FragmentHeader) -> list[Record]:
        """Return waiting records that overlap a record in time."""
        half_ns = 0.5 * NANOSECONDS / header.sampling_rate_hz
        return [
            one
            for one in self.held
            if one.header.start_ns < header.end_ns - half_ns
            and one.header.end_ns > header.start_ns + half_ns
        ]

    def chains(self) -> Iterator[list[Record]]:
        """Yield the waiting records that follow each other in time, most recent arrival last.

        One follows another if its rate is the same and it starts where the other ends; or, of two
        that came in this order and with none used between, so soon after it that a few lost
        records explain it.
        """
        chains: list[list[Record]] = []
        for record in sorted(self.held, key=lambda one: one.header.start_ns):
            fitting = [chain for chain in chains if self._follows(chain[-1], record)]
            if fitting:
                max(fitting, key=lambda chain: chain[-1].header.end_ns).append(record)
            else:
                chains.append([record])
        yield from sorted(chains, key=lambda chain: max(one.number for one in chain))

    def _follows(self, before: Record, after: Record) -> bool:
        rate = after.header.sampling_rate_hz
        distance_ns = after.header.start_ns - before.header.end_ns
        half_ns = 0.5 * NANOSECONDS / rate
        if distance_ns <= -half_ns or not same_rate(before.header.sampling_rate_hz, rate):
            return False
        came_later = before.number < after.number
        # a stream that reaches a record that ran ahead of it does not confirm it
        if after.runs_ahead and not before.runs_ahead and not came_later:
            return False
        is_next = came_later and before.n_used == after.n_used
        return distance_ns < (
            self._link_ns if is_next and before.is_suspect == after.is_suspect else half_ns
        )


def _used_kind(record: Record) -> PacketKind:
    return "late" if record.header.start_ns < record.newest_before_ns else "ok"


def _complement(covered: list[SampleRange], n_samples: int) -> tuple[SampleRange, ...]:
    found: list[SampleRange] = []
    at = 0
    for first, past_last in covered:
        if at < first:
            found.append((at, first))
        at = max(at, past_last)
    if at < n_samples:
        found.append((at, n_samples))
    return tuple(found)
