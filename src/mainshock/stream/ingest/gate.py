"""Decides what becomes of each record: by its own channel first, then by the clock."""

from collections.abc import Iterable

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.packets import Packet
from mainshock.stream.ingest.channel import Channel, Decision, Record
from mainshock.stream.ingest.settings import IngestSettings, PacketKind
from mainshock.stream.ingest.stream_clock import StreamClock
from mainshock.stream.ingest.timeline import same_rate

__all__ = ["Gate"]

_CLOCK_ROUND = 32
_DAY_NS = 86_400 * NANOSECONDS
_CLOSE_FIT = 0.1
_LONG_CHAIN = 8
_FIRM_CHANNEL = 3


class Gate:
    """All channels of a stream, and the rules by which their records are used.

    Parameters
    ----------
    settings
        How packets are judged.
    starts_at_once
        Whether the first record of a channel is used before there is a second one.

    Notes
    -----
    A record that continues its channel is used at once. One that leaves a gap waits for the next
    one of its channel; one that runs ahead of the stream's clock, changes the sampling rate or
    starts a channel needs another one that follows it, and the clock's consent. Nothing waits for
    another station, except where all of them jump.
    """

    def __init__(self, settings: IngestSettings, *, starts_at_once: bool = False) -> None:
        self.channels: dict[str, Channel] = {}
        self.clock = StreamClock()
        self._settings = settings
        self._starts_at_once = starts_at_once
        self._waiting: dict[str, Channel] = {}
        self._first_ns: int | None = None
        self._number = 0
        self._has_clock = settings.clock == "machine"
        self._lead_ns = round(settings.lead_s * NANOSECONDS)
        self._window_ns = round(settings.window_s * NANOSECONDS)

    @property
    def waiting(self) -> list[Record]:
        """Records that wait, in order of channel."""
        return [record for channel in self._waiting.values() for record in channel.held]

    def judge(self, packet: Packet, fragment: Fragment) -> list[Decision]:
        """Return what became of a record, and of those that waited for it."""
        self._number += 1
        record = Record(packet, fragment, self._number)
        known = self.channels.get(fragment.header.trace_id)
        is_start = known is None or not known.is_started
        reason = _wrong_by_machine(record, self._settings, is_start) if self._has_clock else ""
        if reason:
            return [Decision(record, "clock", reason)]
        channel, decisions = self._channel(fragment.header)
        channel.last_number = self._number
        channel.note_arrival(record)
        if channel.timeline.continues(fragment.header):
            decisions.append(self._place(channel, record))
            if channel.held:
                decisions += self._settle(channel)
            return decisions
        if channel.knows(record):
            return [*decisions, Decision(record, "duplicate", "the same record came before")]
        if not channel.is_started:
            return decisions + self._start(channel, record)
        first = [one for one in channel.waiting_at(fragment.header) if not one.is_suspect]
        if first:  # the place is theirs: they came first, and nothing speaks against them
            decisions += self._use_waiting(channel, first)
        return decisions + self._judge_break(channel, record)

    def release_due(self, now_ns: int) -> list[Decision]:
        """Use waiting records that nothing speaks against and that waited long enough.

        Parameters
        ----------
        now_ns
            The time by the clock that packets are judged by.
        """
        decisions: list[Decision] = []
        before_ns = now_ns - self._lead_ns
        for channel in list(self._waiting.values()):
            if any(_is_due(one, before_ns) for one in channel.held):
                decisions += self._settle(channel)  # the clock may agree by now
                due = [one for one in channel.held if _is_due(one, before_ns)]
                decisions += self._use_waiting(channel, due) + self._settle(channel)
        return decisions

    def finish(self) -> list[Decision]:
        """Decide about all that waits: nothing more will come."""
        decisions: list[Decision] = []
        for channel in self._waiting.values():
            last = max(channel.held, key=lambda one: one.number)
            is_last_word = last.number == channel.last_number
            if is_last_word and channel.is_started and len(self._waiting) > 1:
                channel.vote_ns = last.header.end_ns
        self.clock.update(self._number)
        for channel in list(self._waiting.values()):
            if channel.is_started:
                decisions += self._finish_started(channel)
        for channel in list(self._waiting.values()):
            if not channel.is_started:
                decisions += self._finish_unstarted(channel)
        return decisions

    def _channel(self, header: FragmentHeader) -> tuple[Channel, list[Decision]]:
        trace_id = header.trace_id
        known = self.channels.get(trace_id)
        if known is not None:
            return known, []
        channel = Channel(header, self._settings)
        decisions: list[Decision] = []
        starting = [one for one in self._waiting.values() if not one.is_started]
        if len(starting) >= self._settings.max_starting:
            oldest = min(starting, key=lambda one: one.last_number)
            decisions = self._refuse(oldest, list(oldest.held), "unknown")
            self._drop(oldest)
        self.channels[trace_id] = channel
        self.clock.join(channel)
        return channel, decisions

    def _drop(self, channel: Channel) -> None:
        del self.channels[channel.trace_id]
        self.clock.leave(channel)

    def _place(self, channel: Channel, record: Record) -> Decision:
        decision = channel.place(record)
        if decision.new:
            newest_ns = channel.timeline.newest_ns
            if self._first_ns is None or record.header.start_ns < self._first_ns:
                self._first_ns = record.header.start_ns
            if self._number % _CLOCK_ROUND == 0:
                self.clock.update(self._number)
            if self.clock.newest_ns is not None:
                channel.lead_ns = max(0, newest_ns - self.clock.newest_ns)
        return decision

    def _start(self, channel: Channel, record: Record) -> list[Decision]:
        """Judge a record of a channel of which nothing is used yet."""
        if self._has_clock and self._starts_at_once:
            return [self._place(channel, record)]
        if channel.waiting_at(record.header):
            return [Decision(record, "overlap", "another record came first at its time")]
        return self._hold(channel, record, "clock", is_suspect=True)

    def _judge_break(self, channel: Channel, record: Record) -> list[Decision]:
        """Judge a record that does not continue its channel, and is no copy."""
        timeline, header = channel.timeline, record.header
        half_ns = 0.5 * NANOSECONDS / header.sampling_rate_hz
        if not same_rate(timeline.segments[-1].sampling_rate_hz, header.sampling_rate_hz):
            return self._hold(channel, record, "corrupt", is_suspect=True)
        if header.start_ns >= timeline.newest_ns - half_ns:
            record.runs_ahead = self._runs_ahead(channel, header)
            return self._hold(channel, record, "clock", is_suspect=record.runs_ahead)
        if not record.packet.was_asked_for:
            reason = _reason_against(channel, header, self._settings, self._first_ns)
            if reason:
                return [Decision(record, "clock", reason)]
        placed = self._place(channel, record)
        return [placed, *(self._settle(channel) if channel.held and placed.new else [])]

    def _runs_ahead(self, channel: Channel, header: FragmentHeader) -> bool:
        if self._has_clock:
            return False
        now_ns = self.clock.update(self._number)
        return now_ns is None or header.end_ns - now_ns > self._lead_ns + channel.lead_ns

    def _hold(
        self, channel: Channel, record: Record, refusal: PacketKind, *, is_suspect: bool
    ) -> list[Decision]:
        record.is_suspect, record.refusal = is_suspect, refusal
        record.n_used = channel.n_used
        decisions: list[Decision] = []
        if len(channel.held) >= self._settings.max_held:
            decisions += self._refuse(channel, [channel.held[0]])
        channel.held.append(record)
        self._waiting[channel.trace_id] = channel
        return decisions + self._settle(channel)

    def _settle(self, channel: Channel) -> list[Decision]:
        """Decide about the waiting records of a channel as far as there is evidence."""
        decisions: list[Decision] = []
        vote_ns = channel.vote_ns
        while channel.held:
            ready = self._ready(channel)
            if not ready:
                break
            decisions += ready
        if channel.vote_ns != vote_ns and self._waiting:
            self.clock.update(self._number)
            for other in list(self._waiting.values()):
                if other is not channel:
                    decisions += self._settle_chains(other)
        return decisions

    def _ready(self, channel: Channel) -> list[Decision]:
        """Return decisions about some waiting records, or none where nothing is clear."""
        timeline = channel.timeline
        for record in channel.held:
            if channel.is_started and channel.fits(record):
                return self._use_waiting(channel, [record])
            if timeline.covered(record.header):
                return self._meet_others(channel, record)
            if channel.is_started and record.header.end_ns <= timeline.newest_ns:
                return self._pass_by(channel, record)
        return self._settle_chains(channel)

    def _pass_by(self, channel: Channel, record: Record) -> list[Decision]:
        """Decide about a waiting record that lies in a gap its channel has left behind."""
        is_odd = record.runs_ahead or record.refusal != "clock"
        if record.is_suspect and (
            is_odd or _reason_against(channel, record.header, self._settings, self._first_ns)
        ):
            return self._refuse(channel, [record])
        return self._use_waiting(channel, [record])

    def _meet_others(self, channel: Channel, record: Record) -> list[Decision]:
        """Decide about a waiting record at whose time other samples were used since."""
        covered = channel.timeline.covered(record.header)
        if record.is_suspect:
            return self._refuse(channel, [record])
        if channel.recent.differ(record.fragment, covered):
            return self._refuse(channel, [record], "overlap")
        return self._use_waiting(channel, [record])

    def _settle_chains(self, channel: Channel) -> list[Decision]:
        for chain in channel.chains():
            if len(chain) < 2:
                continue
            end_ns = chain[-1].header.end_ns
            if max(one.number for one in chain) == channel.last_number:
                channel.vote_ns = end_ns
            if self._agrees(channel, chain):
                return self._use_waiting(channel, chain)
        return []

    def _agrees(self, channel: Channel, chain: list[Record]) -> bool:
        """Return whether the clock allows records that confirm each other."""
        if self._has_clock or not any(one.is_suspect for one in chain):
            return True
        now_ns = self.clock.update(self._number)
        if now_ns is None:
            return False
        end_ns = chain[-1].header.end_ns
        if end_ns - now_ns > self._lead_ns + channel.lead_ns:
            return False
        behind_ns = now_ns - end_ns
        return behind_ns <= self._window_ns or (len(chain) >= _LONG_CHAIN and behind_ns <= _DAY_NS)

    def _use_waiting(self, channel: Channel, records: Iterable[Record]) -> list[Decision]:
        chosen = sorted(records, key=lambda one: one.number)
        self._let_go(channel, chosen)
        newest_ns = 0
        for record in chosen:
            record.newest_before_ns = max(record.newest_before_ns, newest_ns)
            newest_ns = max(newest_ns, record.header.start_ns)
        was_started = channel.is_started
        decisions = [self._place(channel, record) for record in chosen]
        if not was_started:
            self._weigh_again(channel)
        return decisions

    def _weigh_again(self, channel: Channel) -> None:
        """Weigh waiting records ahead of a channel that has just started."""
        for one in channel.held:
            if one.header.start_ns >= channel.timeline.newest_ns:
                one.runs_ahead = self._runs_ahead(channel, one.header)
                one.is_suspect = one.runs_ahead

    def _refuse(
        self, channel: Channel, records: list[Record], kind: PacketKind | None = None
    ) -> list[Decision]:
        self._let_go(channel, records)
        reason = "other samples are there at its time" if kind == "overlap" else "none confirms it"
        return [Decision(record, kind or record.refusal, reason) for record in records]

    def _let_go(self, channel: Channel, records: list[Record]) -> None:
        gone = {one.number for one in records}
        channel.held = [one for one in channel.held if one.number not in gone]
        if not channel.held:
            self._waiting.pop(channel.trace_id, None)

    def _finish_started(self, channel: Channel) -> list[Decision]:
        decisions: list[Decision] = []
        for record in sorted(channel.held, key=lambda one: one.header.start_ns):
            is_moved = channel.vote_ns == record.header.end_ns != channel.timeline.newest_ns
            if record.is_suspect and not (
                is_moved and record.refusal == "clock" and self._agrees(channel, [record])
            ):
                decisions += self._refuse(channel, [record])
            else:
                decisions += self._use_waiting(channel, [record])
        return decisions

    def _finish_unstarted(self, channel: Channel) -> list[Decision]:
        """Use the records of a channel that never showed two in a row, if they can be true."""
        others = [one for one in self.channels.values() if one.is_started]
        firm = any(
            sum(one.counts.get(kind, 0) for kind in ("ok", "late")) >= _FIRM_CHANNEL
            for one in others
        )
        if len(channel.held) == 1 and firm:
            return self._refuse(channel, list(channel.held), "unknown")
        far = _far_from_middle(channel, others, self.waiting, self._window_ns)
        decisions = self._refuse(channel, far) if far else []
        return decisions + self._use_waiting(channel, list(channel.held))


def _is_due(record: Record, before_ns: int) -> bool:
    return not record.is_suspect and record.header.end_ns < before_ns


def _wrong_by_machine(record: Record, settings: IngestSettings, is_start: bool) -> str:
    """Return why a record cannot have been made when it says, by the machine's clock."""
    age_s = (record.packet.arrival_ns - record.header.end_ns) / NANOSECONDS
    if -age_s > settings.future_s:
        return f"ends {-age_s:.0f} s after it arrived"
    if is_start and age_s > settings.oldest_days * 86_400:
        return f"starts its channel and is {age_s / 86_400:.0f} days old"
    return ""


def _reason_against(
    channel: Channel, header: FragmentHeader, settings: IngestSettings, first_ns: int | None
) -> str:
    """Return why a record behind its channel's newest sample is not believed, or nothing."""
    timeline = channel.timeline
    behind_s = (timeline.newest_ns - header.end_ns) / NANOSECONDS
    if behind_s > settings.window_s:
        if not timeline.covered(header) and timeline.joins(header, _CLOSE_FIT):
            return ""
        return f"is {behind_s:.0f} s behind its channel"
    is_first = header.end_ns <= timeline.segments[0].start_ns and not timeline.n_forgotten
    if is_first and not timeline.joins(header) and first_ns is not None:
        before_s = (first_ns - header.start_ns) / NANOSECONDS
        if before_s > settings.lead_s:
            return f"is {before_s:.0f} s before the first record of the stream"
    return ""


def _far_from_middle(
    channel: Channel, started: list[Channel], waiting: list[Record], window_ns: int
) -> list[Record]:
    """Return the waiting records of a channel that are far from where the stream is."""
    ends = sorted(
        [one.timeline.newest_ns for one in started] or [one.header.end_ns for one in waiting]
    )
    middle_ns = ends[(len(ends) - 1) // 2]
    return [one for one in channel.held if abs(one.header.end_ns - middle_ns) > window_ns]
