"""Picks in records that came too late for the picking stage, out of the archive."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mainshock.core.errors import MainshockError
from mainshock.core.records import Pick
from mainshock.detect.base import Picker
from mainshock.pipeline.picking import picks_with_direction
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, datetime_from_ns
from mainshock.stream.archive_reading import archived_waveforms, record_start_ns
from mainshock.stream.bus import Message
from mainshock.stream.messages import pick_message
from mainshock.stream.picking.instrument import ChunkPlan
from mainshock.stream.picking.pick_versions import new_version
from mainshock.stream.records import LivePick
from mainshock.stream.store.database import StoreError
from mainshock.stream.store.live_store import LiveStore

__all__ = ["LatePicks", "LateSettings"]

_log = logging.getLogger(__name__)
_TRACE = "late"
_SLACK_NS = 1_000_000  # times are rounded; less than from one sample to the next


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


@dataclass(slots=True)
class _Stretch:
    start_ns: int
    end_ns: int
    seen_s: float


@dataclass(slots=True, eq=False)
class LatePicks:
    """Looks again at the archive where records came late, and publishes the picks they add.

    Parameters
    ----------
    picker
        As of the picking stage.
    archive
        SDS root that ingest writes to.
    store
        Tells the picks that are known.
    publish
        Takes messages of ``pick.v1``.
    flush
        Has everything so far written to the archive.
    is_synthetic
        Whether the records are made up.
    settings
        Times.
    clock
        Monotonic seconds.

    Notes
    -----
    A pick that is known stays as it is. What waits to be looked at is forgotten when the process
    ends.
    """

    picker: Picker
    archive: Path
    store: LiveStore
    publish: Callable[[Sequence[Message]], None]
    flush: Callable[[], None]
    is_synthetic: bool = False
    settings: LateSettings = field(default_factory=LateSettings)
    clock: Callable[[], float] = time.monotonic
    _arrival_ns: int = 0
    _newest_ns: dict[str, int] = field(default_factory=dict)
    _stretches: dict[str, list[_Stretch]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="late-picks", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the thread, after what it is doing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def see(self, records: Sequence[Message]) -> None:
        """Take note of the records that are behind their channel."""
        late_ns = round(self.settings.late_s * NANOSECONDS)
        for record in records:
            trace_id, _, span = record.identity.partition("@")
            self._arrival_ns = max(self._arrival_ns, record.arrival_ns)
            newest_ns = max(self._newest_ns.get(trace_id, 0), record.data_ns)
            self._newest_ns[trace_id] = newest_ns
            if record.data_ns < newest_ns - late_ns:
                self._note(trace_id[:-1], int(span.partition("+")[0]), record.data_ns)

    def look(self) -> int:
        """Pick what is due, and return how many picks were new."""
        n_new = 0
        for instrument, stretch in self._taken():
            try:
                n_new += self._pick(instrument, stretch)
            except StoreError as error:  # tried again once it is back
                self._note(instrument, stretch.start_ns, stretch.end_ns)
                _log.warning("late records of %s wait: %s", instrument, error)
            except MainshockError as error:
                _log.warning("late records of %s are not picked: %s", instrument, error)
        return n_new

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - late records must not stop what comes in time
                _log.exception("late records are not picked")

    def _note(self, instrument: str, start_ns: int, end_ns: int) -> None:
        """Add a record to the stretch near it, or begin another one."""
        margin_ns = round(self.settings.margin_s * NANOSECONDS)
        now_s = self.clock()
        with self._lock:
            there = self._stretches.setdefault(instrument, [])
            for one in there:
                if start_ns <= one.end_ns + margin_ns and end_ns >= one.start_ns - margin_ns:
                    one.start_ns, one.end_ns = min(start_ns, one.start_ns), max(end_ns, one.end_ns)
                    one.seen_s = now_s
                    return
            there.append(_Stretch(start_ns, end_ns, now_s))

    def _taken(self) -> list[tuple[str, _Stretch]]:
        """Take the stretches that are due off those that wait."""
        with self._lock:
            due = [
                (instrument, one)
                for instrument, there in self._stretches.items()
                for one in there
                if self._is_due(instrument, one)
            ]
            for instrument, one in due:
                self._stretches[instrument].remove(one)
        return due

    def _is_due(self, instrument: str, stretch: _Stretch) -> bool:
        quiet_s = self.clock() - stretch.seen_s
        newest_ns = max(
            (end for trace_id, end in list(self._newest_ns.items()) if trace_id[:-1] == instrument),
            default=0,
        )
        ahead_s = (newest_ns - stretch.end_ns) / NANOSECONDS
        is_settled = ahead_s >= self.settings.ahead_s and quiet_s >= self.settings.quiet_s
        return is_settled or quiet_s >= self.settings.silence_s

    def _pick(self, instrument: str, stretch: _Stretch) -> int:
        self.flush()
        edge_ns = round(self.settings.edge_s * NANOSECONDS)
        piece_ns = round(self.settings.piece_s * NANOSECONDS)
        end_ns = stretch.end_ns + edge_ns
        n_new = 0
        for start_ns in range(stretch.start_ns - edge_ns, end_ns, piece_ns):
            window = TimeWindow(start_ns, min(start_ns + piece_ns, end_ns))
            found = self._unknown(instrument, self._found(instrument, window), window)
            self.publish([self._message(pick, instrument.split(".")[3]) for pick in found])
            n_new += len(found)
        _log.info("%d picks in late records of %s", n_new, instrument)
        return n_new

    def _message(self, pick: Pick, band: str) -> Message:
        issued = datetime_from_ns(self._arrival_ns)
        version = new_version(pick, band, "settled", issued, is_synthetic=self.is_synthetic)
        return pick_message(version, self._arrival_ns, _TRACE)

    def _found(self, instrument: str, window: TimeWindow) -> list[Pick]:
        """Return what a batch run says of a window of the archive."""
        network, station, location, band = instrument.split(".")
        key = (network, station, location, band)
        margin_ns = round(self.settings.margin_s * NANOSECONDS)
        edge_ns = round(self.settings.edge_s * NANOSECONDS)
        began_ns = record_start_ns(self.archive, key, window.start_ns + edge_ns)
        # a picker's windows lie where they lie in a batch run, so that it says the same
        stride_ns = round(ChunkPlan.of(self.picker).stride_s * NANOSECONDS)
        strides = max(0, window.start_ns - margin_ns - began_ns) // stride_ns
        wide = TimeWindow(began_ns + strides * stride_ns - _SLACK_NS, window.end_ns + margin_ns)
        start, end = datetime_from_ns(window.start_ns), datetime_from_ns(window.end_ns)
        return [
            pick
            for waveform in archived_waveforms(self.archive, network, station, wide)
            if waveform.trace_id == instrument
            for pick in picks_with_direction(self.picker, waveform)
            if start <= pick.time < end
        ]

    def _unknown(self, instrument: str, found: Sequence[Pick], window: TimeWindow) -> list[Pick]:
        """Return the picks that no known one of the instrument is the same as."""
        network, station, location, band = instrument.split(".")
        margin = timedelta(seconds=self.settings.same_s)
        of_station = self.store.picks(
            datetime_from_ns(window.start_ns) - margin,
            datetime_from_ns(window.end_ns) + margin,
            station=f"{network}.{station}",
            limit=None,
        )
        known = [
            one for one in of_station if (one.pick.location, one.instrument) == (location, band)
        ]
        return [pick for pick in found if not any(_is_same(pick, one, margin) for one in known)]


def _is_same(pick: Pick, known: LivePick, margin: timedelta) -> bool:
    other = known.pick
    return pick.phase == other.phase and abs(pick.time - other.time) < margin
