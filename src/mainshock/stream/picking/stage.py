"""The live picking stage: records in; versions of picks out, and how far they are settled."""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NamedTuple

from mainshock.core.errors import DataError, MainshockError, RecordError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.pipeline.picking import picks_with_direction, with_back_azimuth
from mainshock.sources.components import channel_problem
from mainshock.sources.fragments import NANOSECONDS, Fragment, datetime_from_ns
from mainshock.sources.miniseed_records import decode_record
from mainshock.stream.bus import Message
from mainshock.stream.messages import pick_message, settled_message
from mainshock.stream.picking.instrument import Chunk, ChunkPlan, InstrumentState
from mainshock.stream.picking.pick_versions import OpenPicks
from mainshock.stream.picking.record_buffer import RecordBuffer
from mainshock.stream.picking.settings import PickingSettings
from mainshock.stream.picking.snapshot import pack_instruments, unpack_instruments
from mainshock.stream.records import LivePick

__all__ = ["PickingStage", "PickingState"]

_log = logging.getLogger(__name__)
_LONGEST_PACKET_S = 300.0  # longer ones are not waited for in full
Show = Callable[[str, ProbabilityCurves], None]


@dataclass(slots=True, eq=False)
class PickingState:
    """All instruments, by trace id, the newest arrival of all, and how records are cut.

    ``plan`` is None until the first step.
    """

    instruments: dict[str, InstrumentState] = field(default_factory=dict)
    clock_ns: int = 0
    plan: ChunkPlan | None = None


class _Look(NamedTuple):
    """An early window that is due, and from which sample on its picks count."""

    instrument: InstrumentState
    waveform: Waveform
    since: int


@dataclass(frozen=True, slots=True, eq=False)
class PickingStage:
    """Picks the records of any number of stations as they grow.

    Parameters
    ----------
    picker
        What finds the arrivals. One that offers ``latest_curves`` and ``picks_of_curves``, as the
        networks do, gives early picks each second, windows of all stations together; any other
        gives settled picks only.
    settings
        Strides and patience.
    is_synthetic
        Whether the records are made up.
    show
        Receives the early curves, for the page; nothing depends on it.

    Notes
    -----
    An early look sees the last window of a record each second. A settled pick comes when enough
    has been recorded after it that a batch run would say the same: see :class:`ChunkPlan`. It
    replaces the early one; an early pick that the settled look does not confirm is cancelled.
    """

    picker: Picker
    settings: PickingSettings = field(default_factory=PickingSettings)
    is_synthetic: bool = False
    show: Show | None = None
    name: str = field(default="picking", init=False)
    topics: tuple[str, ...] = field(default=("waveform.v1",), init=False)

    @property
    def plan(self) -> ChunkPlan:
        """How records are cut for this picker."""
        return ChunkPlan.of(self.picker)

    def start(self) -> PickingState:
        """Return the state before the first record."""
        return PickingState()

    def step(
        self, state: PickingState, messages: Sequence[Message]
    ) -> tuple[PickingState, list[Message]]:
        """Return the state after some records, and the pick versions they lead to."""
        self._recut(state)
        told: list[Message] = []
        touched: dict[str, InstrumentState] = {}
        for message in messages:
            state.clock_ns = max(state.clock_ns, message.arrival_ns)
            fragment = _decoded(message)
            if fragment is None:
                continue
            instrument = self._instrument(state, fragment, told)
            self._make_room(instrument, fragment)
            if not instrument.buffer.has_room_for(fragment):
                told.extend(self._advance([instrument], takes_turns=False))
            instrument.buffer.put(fragment)
            instrument.last_arrival_ns = message.arrival_ns
            instrument.trace = message.trace
            touched[instrument.trace_id] = instrument
        told.extend(self._advance(touched.values()))
        told.extend(self._end_silent(state))
        return state, told

    def finish(self, state: PickingState) -> tuple[PickingState, list[Message]]:
        """Return the picks in what was recorded last, all settled."""
        self._recut(state)
        told = self._advance(state.instruments.values())
        for instrument in state.instruments.values():
            told.extend(self._end_record(instrument, instrument.buffer.newest))
        return PickingState(clock_ns=state.clock_ns, plan=state.plan), told

    def snapshot(self, state: PickingState) -> memoryview:
        """Return the state as bytes."""
        return pack_instruments(state.instruments, state.clock_ns, state.plan)

    def restore(self, snapshot: bytes) -> PickingState:
        """Return the state that bytes hold."""
        return PickingState(
            *unpack_instruments(
                snapshot, self._capacity_s(0.0), self.settings.same_s, self.is_synthetic
            )
        )

    def _recut(self, state: PickingState) -> None:
        """Go on by the plan of this picker, where another one was at work before."""
        plan = self.plan
        if state.plan not in (None, plan):
            for instrument in state.instruments.values():
                instrument.recut(plan)
        state.plan = plan

    def _capacity_s(self, longest_s: float) -> float:
        """Return how much of a record must be kept, with packets of a length."""
        kept_s = self.plan.length_s + self.plan.turns_s
        kept_s += 2.0 * (self.settings.patience_s + longest_s)
        return 1.15 * kept_s  # an eighth is dropped at a time

    def _make_room(self, instrument: InstrumentState, fragment: Fragment) -> None:
        length_s = min(_length_s(fragment), _LONGEST_PACKET_S)
        instrument.longest_s = max(length_s, instrument.longest_s)
        instrument.buffer.grow(self._capacity_s(instrument.longest_s))

    def _instrument(
        self, state: PickingState, fragment: Fragment, told: list[Message]
    ) -> InstrumentState:
        """Return the instrument of a fragment; after a long silence its record begins anew."""
        header = fragment.header
        instrument = state.instruments.get(".".join(header.key))
        if instrument is not None:
            buffer = instrument.buffer
            silence_s = (header.start_ns - buffer.time_ns(buffer.newest)) / NANOSECONDS
            if buffer.fits(fragment) and silence_s < self.settings.max_gap_s:
                return instrument
            told.extend(self._advance([instrument]))
            told.extend(self._end_record(instrument, buffer.newest))
        longest_s = min(_length_s(fragment), _LONGEST_PACKET_S)
        lead = round((self.settings.patience_s + longest_s) * header.sampling_rate_hz)
        grid_ns = header.start_ns - round(lead / header.sampling_rate_hz * NANOSECONDS)
        made = InstrumentState(
            RecordBuffer(header.key, header.sampling_rate_hz, grid_ns, self._capacity_s(longest_s)),
            OpenPicks(header.key[3], self.settings.same_s, self.is_synthetic),
        )
        made.begin_record(0, self.settings.shortest_s)
        state.instruments[made.trace_id] = made
        return made

    def _advance(
        self, instruments: Iterable[InstrumentState], *, takes_turns: bool = True
    ) -> list[Message]:
        """Look at all that is due; the early windows of all instruments together."""
        looks: list[_Look] = []
        settled: list[Message] = []
        chunks: list[tuple[InstrumentState, Chunk]] = []
        for instrument in instruments:
            settled.extend(self._follow_components(instrument))
            if not instrument.components:
                continue
            buffer = instrument.buffer
            patience = instrument.samples(self.settings.patience_s + instrument.longest_s)
            until = buffer.recorded_until(instrument.next_chunk, patience)
            looks.extend(self._due_looks(instrument, until))
            if takes_turns:
                until -= instrument.turn(self.plan)
            chunks.extend((instrument, chunk) for chunk in instrument.chunks(until, self.plan))
        told = settled + self._early(looks)
        for instrument, chunk in chunks:
            told.extend(self._settle(instrument, chunk))
        return told

    def _due_looks(self, instrument: InstrumentState, until: int) -> list[_Look]:
        looks = []
        length = instrument.samples(self.plan.window_s + 0.5)
        for end in instrument.early_ends(until, self.settings.stride_s):
            if not hasattr(self.picker, "latest_curves"):
                continue
            first = max(instrument.start, instrument.buffer.first, end - length)
            waveform = instrument.buffer.waveform(first, end, judges_clipping=False)
            if waveform is not None:
                # what is settled later in the same step hides nothing: however messages are divided
                # among steps, the same is told, so that work done again tells nothing else
                recent = end - instrument.samples(self.settings.recent_s)
                looks.append(_Look(instrument, waveform, max(recent, instrument.settled_until)))
        return looks

    def _early(self, looks: Sequence[_Look]) -> list[Message]:
        """Return what the early windows show that was not told yet."""
        if not looks:
            return []
        told = []
        curves = self.picker.latest_curves([look.waveform for look in looks])  # type: ignore[attr-defined]
        for look, curve in zip(looks, curves, strict=True):
            instrument = look.instrument
            if self.show is not None:
                self.show(instrument.trace_id, curve)
            since = instrument.time_at(look.since)
            picks = self.picker.picks_of_curves(curve, look.waveform)  # type: ignore[attr-defined]
            issued = datetime_from_ns(instrument.last_arrival_ns)
            found = [one for one in picks if one.time >= since]
            for version in instrument.open_picks.see(found, issued):
                pick = with_back_azimuth(version.pick, look.waveform)
                told.append(_message(instrument, replace(version, pick=pick)))
        return told

    def _settle(self, instrument: InstrumentState, chunk: Chunk) -> list[Message]:
        """Return what a batch run says of a chunk, and that it is settled up to there."""
        start, end = instrument.time_at(chunk.trusted_from), instrument.time_at(chunk.trusted_until)
        margin = timedelta(seconds=self.settings.same_s)
        found = [
            pick
            for pick in self._batch_picks(instrument, chunk)
            if start - margin <= pick.time < end + margin
        ]
        issued = datetime_from_ns(instrument.last_arrival_ns)
        versions = instrument.open_picks.settle(found, start, end, issued)
        until_ns = instrument.buffer.time_ns(chunk.trusted_until)
        return [
            *(_message(instrument, version) for version in versions),
            settled_message(instrument.trace_id, until_ns, instrument.last_arrival_ns),
        ]

    def _batch_picks(self, instrument: InstrumentState, chunk: Chunk) -> Sequence[Pick]:
        start = max(chunk.start, instrument.buffer.first)
        if start >= chunk.past_last:
            return ()
        waveform = instrument.buffer.waveform(start, chunk.past_last)
        if waveform is None:
            return ()
        try:
            return picks_with_direction(self.picker, waveform)
        except (DataError, RecordError) as error:
            _log.warning("%s could not be picked: %s", instrument.trace_id, error)
            return ()

    def _follow_components(self, instrument: InstrumentState) -> list[Message]:
        """Begin the record anew where a component came or went, as a batch run does."""
        buffer = instrument.buffer
        present = tuple(c for c in range(3) if buffer.ends[c] > instrument.start)
        if not instrument.components:
            first = buffer.first_recorded()
            waited = buffer.newest - first
            patience_s = self.settings.patience_s + instrument.longest_s
            if len(present) == 3 or waited >= instrument.samples(patience_s):
                instrument.begin_record(first, self.settings.shortest_s, present)
            return []
        longest = instrument.samples(self.settings.max_gap_s + instrument.longest_s)
        alive = tuple(c for c in present if buffer.newest - buffer.ends[c] < longest)
        if alive == instrument.components or not alive:
            return []
        lost = [buffer.ends[c] for c in instrument.components if c not in alive]
        change = min(lost, default=buffer.recorded_until(instrument.next_early, longest))
        told = self._end_record(instrument, max(change, instrument.settled_until))
        instrument.begin_record(instrument.settled_until, self.settings.shortest_s, alive)
        return told

    def _end_record(self, instrument: InstrumentState, past_last: int) -> list[Message]:
        chunk = instrument.last_chunk(past_last)
        return [] if chunk is None else self._settle(instrument, chunk)

    def _end_silent(self, state: PickingState) -> list[Message]:
        """Settle what an instrument recorded before it fell silent, and forget it."""
        silence_s = self.settings.max_gap_s + self.settings.patience_s
        told = []
        for trace_id, instrument in list(state.instruments.items()):
            longest_ns = (silence_s + instrument.longest_s) * NANOSECONDS
            if state.clock_ns - instrument.last_arrival_ns > longest_ns:
                told.extend(self._end_record(instrument, instrument.buffer.newest))
                until_ns = instrument.buffer.time_ns(instrument.buffer.newest)
                told.append(settled_message(trace_id, until_ns, state.clock_ns, is_over=True))
                del state.instruments[trace_id]
        return told


def _message(instrument: InstrumentState, version: LivePick) -> Message:
    return pick_message(version, instrument.last_arrival_ns, instrument.trace)


def _length_s(fragment: Fragment) -> float:
    return fragment.samples.size / fragment.header.sampling_rate_hz


def _decoded(message: Message) -> Fragment | None:
    try:
        fragment = decode_record(message.value)
    except MainshockError as error:
        _log.warning("record %s does not decode: %s", message.identity, error)
        return None
    problem = channel_problem(fragment.header)
    return None if problem else fragment
