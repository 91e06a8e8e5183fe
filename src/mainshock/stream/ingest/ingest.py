"""Packets in; sound records without repetition out."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import perf_counter
from zlib import crc32

from prometheus_client import CollectorRegistry

from mainshock.sources.components import channel_problem
from mainshock.sources.fragments import NANOSECONDS, Fragment, datetime_from_ns
from mainshock.sources.miniseed_records import RecordDamageError, decode_record, encode_records
from mainshock.sources.packets import Packet
from mainshock.stream.board import LiveBoard
from mainshock.stream.bus import Message
from mainshock.stream.ingest.archive import ArchiveWriter
from mainshock.stream.ingest.channel import Channel, Decision, part_of
from mainshock.stream.ingest.dead_letters import DeadLetterStore, arrival_text
from mainshock.stream.ingest.gate import Gate
from mainshock.stream.ingest.metrics import IngestMetrics
from mainshock.stream.ingest.settings import PACKET_KINDS, IngestSettings, PacketKind
from mainshock.stream.records import StationHealth

__all__ = ["ChannelSegment", "Ingest"]


@dataclass(frozen=True, slots=True)
class ChannelSegment:
    """Samples of a channel without a break.

    Parameters
    ----------
    trace_id
        ``NET.STA.LOC.CHA``.
    start, end
        Times of the first and the last sample, UTC.
    n_samples
        Number of samples.
    sampling_rate_hz
        Samples a second.
    """

    trace_id: str
    start: datetime
    end: datetime
    n_samples: int
    sampling_rate_hz: float


class Ingest:
    """Judges the packets of one run; used by one thread.

    Parameters
    ----------
    settings
        How packets are judged.
    archive
        Where used records are written, or None.
    dead_letters
        Where packets that are not used, or only in part, are kept, or None. Of duplicates nothing
        is lost: they are counted alone.
    board
        Where the latest samples are shown, or None.
    known
        Codes ``NET.STA`` of the stations that are awaited; None: any.
    metrics
        Where counters are shown, or None.
    """

    def __init__(
        self,
        settings: IngestSettings,
        archive: ArchiveWriter | None = None,
        dead_letters: DeadLetterStore | None = None,
        board: LiveBoard | None = None,
        known: Collection[str] | None = None,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        self.counts: dict[PacketKind, int] = dict.fromkeys(PACKET_KINDS, 0)
        self._archive = archive
        self._dead_letters = dead_letters
        self._board = board
        self._known = None if known is None else frozenset(known)
        self._gate = Gate(settings, starts_at_once=known is not None)
        self._is_machine_clock = settings.clock == "machine"
        self._metrics = IngestMetrics(metrics)
        self._n_packets = 0

    def take(self, packets: Sequence[Packet]) -> list[Message]:
        """Return what packets in order of arrival have to tell.

        Returns
        -------
        list of Message
            ``waveform.v1`` for records that are used, ``deadletter.v1`` for the others. A record
            that waits for the next one of its channel is told of later.
        """
        messages: list[Message] = []
        for packet in packets:
            self._n_packets += 1
            began = perf_counter()
            messages += self._take_one(packet)
            self._metrics.note_taking(perf_counter() - began)
        if packets:
            now_ns = packets[-1].arrival_ns
            if not self._is_machine_clock:
                stream_ns = self._gate.clock.newest_ns
                now_ns = 0 if stream_ns is None else stream_ns
            for decision in self._gate.release_due(now_ns):
                messages += self._carry_out(decision)
            self._metrics.set_waiting(len(self._gate.waiting))
        return messages

    def segments(self, last_s: float | None = None) -> list[ChannelSegment]:
        """Return what is there, in order of channel and time.

        Parameters
        ----------
        last_s
            Of each channel, only the segments that begin in so many seconds before its newest
            sample, and the one before them; None: all.
        """
        last_ns = None if last_s is None else round(last_s * NANOSECONDS)
        return [
            ChannelSegment(
                trace_id,
                datetime_from_ns(one.start_ns),
                datetime_from_ns(one.last_sample_ns),
                one.n_samples,
                one.sampling_rate_hz,
            )
            for trace_id, channel in sorted(self._gate.channels.items())
            for one in channel.timeline.newest(last_ns)
        ]

    def health(self) -> list[StationHealth]:
        """Return how the data of each instrument arrive, in order of trace id."""
        instruments: dict[str, list[Channel]] = {}
        for trace_id, channel in sorted(self._gate.channels.items()):
            if channel.is_started:
                instruments.setdefault(trace_id[:-1], []).append(channel)
        return [_health(trace_id, channels) for trace_id, channels in instruments.items()]

    def oldest_waiting(self, since_ns: int) -> Packet | None:
        """Return the first packet, of those that arrived since a time, that is not decided yet."""
        waiting = [one for one in self._gate.waiting if one.packet.arrival_ns >= since_ns]
        return min(waiting, key=lambda one: one.number).packet if waiting else None

    def flush(self) -> None:
        """Write archive and dead letters to disk."""
        if self._archive is not None:
            self._archive.flush()
        if self._dead_letters is not None:
            self._dead_letters.flush()

    def close(self) -> list[Message]:
        """Decide about records that wait, write all to disk, and return what there is to tell."""
        messages = [
            message for decision in self._gate.finish() for message in self._carry_out(decision)
        ]
        self.flush()
        return messages

    def _take_one(self, packet: Packet) -> list[Message]:
        try:
            fragment = decode_record(packet.payload)
        except RecordDamageError as damage:
            return [self._refuse(packet, damage.kind, str(damage))]
        header = fragment.header
        problem = channel_problem(header)
        station = f"{header.network}.{header.station}"
        if not problem and self._known is not None and station not in self._known:
            problem = f"station {station} is not in the list of stations"
        if problem:
            return [self._refuse(packet, "unknown", problem, header.trace_id)]
        messages: list[Message] = []
        for decision in self._gate.judge(packet, fragment):
            messages += self._carry_out(decision)
        return messages

    def _refuse(self, packet: Packet, kind: PacketKind, reason: str, trace_id: str = "") -> Message:
        """Count and keep a packet that never reached a channel."""
        self.counts[kind] += 1
        is_listed = self._known is None or kind != "unknown"
        self._metrics.count(kind, _station_code(trace_id) if is_listed else "")
        return self._bury(packet, kind, reason, trace_id)

    def _bury(self, packet: Packet, kind: PacketKind, reason: str, trace_id: str) -> Message:
        if self._dead_letters is not None:
            self._dead_letters.add(packet, kind, reason, trace_id)
        document = {
            "kind": kind,
            "reason": reason,
            "trace_id": trace_id,
            "arrival": arrival_text(packet),
            "source": packet.source,
            "length": len(packet.payload),
        }
        number = crc32(packet.payload)
        return Message(
            topic="deadletter.v1",
            key=_station_code(trace_id),
            identity=f"{kind}@{packet.arrival_ns}-{number:08x}",
            value=json.dumps(document, separators=(",", ":")).encode(),
            data_ns=packet.arrival_ns,
            arrival_ns=packet.arrival_ns,
            trace=_trace(packet, number),
        )

    def _carry_out(self, decision: Decision) -> list[Message]:
        record, kind = decision.record, decision.kind
        header, packet = record.header, record.packet
        self.counts[kind] += 1
        station = f"{header.network}.{header.station}"
        channel = self._gate.channels.get(header.trace_id)
        if channel is not None:
            channel.counts[kind] = channel.counts.get(kind, 0) + 1
            channel.updated_ns = packet.arrival_ns
        is_counted_by_name = channel is not None and channel.is_started
        self._metrics.count(kind, station if is_counted_by_name else "")
        messages: list[Message] = []
        if decision.new and channel is not None:
            messages = self._pass_on(decision)
            self._metrics.note_sample(station, channel.timeline.segments[-1].last_sample_ns)
            if kind == "ok" and packet.arrival_ns:
                channel.latency_s = (packet.arrival_ns - header.end_ns) / NANOSECONDS
                self._metrics.set_latency(station, channel.latency_s)
        if kind not in ("ok", "late", "duplicate"):
            messages.append(self._bury(packet, kind, decision.reason, header.trace_id))
        return messages

    def _pass_on(self, decision: Decision) -> list[Message]:
        """Archive, show and tell the new samples of a record."""
        record = decision.record
        payload = record.packet.payload
        messages: list[Message] = []
        for samples in decision.new:
            part = part_of(record.fragment, samples)
            is_whole = part is record.fragment
            if self._archive is not None:
                self._archive.add(part, payload if is_whole else None)
            if self._board is not None:
                header = part.header
                self._board.put(
                    header.trace_id, header.start_ns, header.sampling_rate_hz, part.samples
                )
            values = [payload] if is_whole else encode_records(part, 4096)
            messages += [_message(record.packet, part, value) for value in values]
        return messages


def _station_code(trace_id: str) -> str:
    return ".".join(trace_id.split(".")[:2])


def _trace(packet: Packet, number: int) -> str:
    return f"{packet.arrival_ns:x}-{number:08x}"


def _message(packet: Packet, part: Fragment, value: bytes) -> Message:
    header = part.header if value is packet.payload else decode_record(value).header
    return Message(
        topic="waveform.v1",
        key=f"{header.network}.{header.station}",
        identity=f"{header.trace_id}@{header.start_ns}+{header.n_samples}",
        value=value,
        data_ns=header.end_ns,
        arrival_ns=packet.arrival_ns,
        trace=_trace(packet, crc32(packet.payload)),
    )


def _health(trace_id: str, channels: Sequence[Channel]) -> StationHealth:
    newest = max(channels, key=lambda one: one.timeline.newest_ns)
    counts: dict[str, int] = dict.fromkeys(PACKET_KINDS, 0)
    n_gaps, gap_s = 0, 0.0
    for channel in channels:
        for kind, number in channel.counts.items():
            counts[kind] += number
        n_channel, channel_s = channel.timeline.gaps()
        n_gaps, gap_s = n_gaps + n_channel, gap_s + channel_s
    last = newest.timeline.segments[-1]
    return StationHealth(
        trace_id=trace_id,
        channels=tuple(one.header.channel for one in channels),
        sampling_rate_hz=last.sampling_rate_hz,
        last_sample=datetime_from_ns(last.last_sample_ns),
        updated=datetime_from_ns(max(one.updated_ns for one in channels)),
        latency_s=newest.latency_s,
        counts=counts,
        gaps=n_gaps,
        gap_s=gap_s,
    )
