"""Picks in records that came too late for the picking stage, out of the archive."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mainshock.core.errors import DataError, MainshockError, SourceError
from mainshock.core.records import Pick, Waveform
from mainshock.detect.base import Picker
from mainshock.pipeline.picking import picks_with_direction
from mainshock.sources.fragments import (
    NANOSECONDS,
    TimeWindow,
    datetime_from_ns,
    ns_from_datetime,
)
from mainshock.stream.archive_reading import archived_waveforms, record_start_ns
from mainshock.stream.bus import Message
from mainshock.stream.late_records import LateRecords, LateSettings, Stretch
from mainshock.stream.messages import pick_message
from mainshock.stream.picking.instrument import ChunkPlan
from mainshock.stream.picking.pick_versions import new_version
from mainshock.stream.store.live_store import LiveStore

__all__ = ["LatePicks"]

_log = logging.getLogger(__name__)
_TRACE = "late"
_SLACK_NS = 1_000_000  # times are rounded; less than from one sample to the next


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
    follows_picks
        Whether ``see`` is given the messages of ``pick.v1`` too, as where another process picks.
    settings
        Times.
    clock
        Monotonic seconds.

    Attributes
    ----------
    records
        Which records came late.

    Notes
    -----
    A pick that is known stays as it is. What waits to be looked at is forgotten when the process
    ends, unless somebody keeps the state of ``records``; a stretch leaves it once it is picked.
    """

    picker: Picker
    archive: Path
    store: LiveStore
    publish: Callable[[Sequence[Message]], None]
    flush: Callable[[], None]
    is_synthetic: bool = False
    follows_picks: bool = False
    settings: LateSettings = field(default_factory=LateSettings)
    clock: Callable[[], float] = time.monotonic
    records: LateRecords = field(init=False)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __post_init__(self) -> None:
        self.records = LateRecords(self.settings, self.follows_picks, self.clock)

    def start(self) -> None:
        """Start the thread; after ``stop`` it can be started again."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="late-picks", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 30.0) -> None:
        """End the thread, after what it is doing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def see(self, messages: Sequence[Message]) -> None:
        """Take note of the records that are behind their channel."""
        self.records.see(messages)

    def look(self) -> int:
        """Pick what is due, and return how many picks were new."""
        n_new = 0
        for instrument, stretch in self.records.due():
            if self._stop.is_set():
                break
            seen_s = stretch.seen_s
            try:
                n_new += self._pick(instrument, stretch)
            except SourceError as error:  # tried again once store or bus are back
                stretch.seen_s = self.clock()
                _log.warning("late records of %s wait: %s", instrument, error)
                continue
            except MainshockError as error:
                _log.warning("late records of %s are not picked: %s", instrument, error)
            except Exception:
                self.records.drop(instrument, stretch, seen_s)
                raise
            self.records.drop(instrument, stretch, seen_s)
        return n_new

    def _run(self) -> None:
        while not self._stop.wait(1.0):
            try:
                self.look()
            except Exception:  # noqa: BLE001 - late records must not stop what comes in time
                _log.exception("late records are not picked")

    def _pick(self, instrument: str, stretch: Stretch) -> int:
        self.flush()
        edge_ns = round(self.settings.edge_s * NANOSECONDS)
        piece_ns = round(self.settings.piece_s * NANOSECONDS)
        start_ns, end_ns = stretch.start_ns - edge_ns, stretch.end_ns + edge_ns
        n_new = n_waveforms = 0
        for first_ns in range(start_ns, end_ns, piece_ns):
            window = TimeWindow(first_ns, min(first_ns + piece_ns, end_ns))
            waveforms = self._waveforms(instrument, window)
            n_waveforms += len(waveforms)
            n_new += self._tell(instrument, self._found(waveforms, window), window)
        if not n_waveforms:
            raise DataError(
                f"{self.archive} does not hold them; late picks need the folder that ingest writes"
            )
        _log.info("%d picks in late records of %s", n_new, instrument)
        return n_new

    def _tell(self, instrument: str, found: Sequence[Pick], window: TimeWindow) -> int:
        """Publish the picks that are new, and return how many they are."""
        arrival_ns = self.records.arrival_ns
        issued, band = datetime_from_ns(arrival_ns), instrument.split(".")[3]
        versions = [
            new_version(pick, band, "settled", issued, is_synthetic=self.is_synthetic)
            for pick in self._unknown(instrument, found, window)
        ]
        self.publish([pick_message(one, arrival_ns, _TRACE) for one in versions])
        for one in versions:
            self.records.note_settled(instrument, one)
        return len(versions)

    def _waveforms(self, instrument: str, window: TimeWindow) -> list[Waveform]:
        """Return what the archive holds around a window, from where a batch run would begin."""
        network, station, location, band = instrument.split(".")
        key = (network, station, location, band)
        margin_ns = round(self.settings.margin_s * NANOSECONDS)
        edge_ns = round(self.settings.edge_s * NANOSECONDS)
        began_ns = record_start_ns(self.archive, key, window.start_ns + edge_ns)
        # a picker's windows lie where they lie in a batch run, so that it says the same
        stride_ns = round(ChunkPlan.of(self.picker).stride_s * NANOSECONDS)
        strides = max(0, window.start_ns - margin_ns - began_ns) // stride_ns
        wide = TimeWindow(began_ns + strides * stride_ns - _SLACK_NS, window.end_ns + margin_ns)
        found = archived_waveforms(self.archive, network, station, wide)
        return [one for one in found if one.trace_id == instrument]

    def _found(self, waveforms: Sequence[Waveform], window: TimeWindow) -> list[Pick]:
        """Return what a batch run says of a window."""
        start, end = datetime_from_ns(window.start_ns), datetime_from_ns(window.end_ns)
        return [
            pick
            for waveform in waveforms
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
            (one.pick.phase, ns_from_datetime(one.pick.time))
            for one in of_station
            if (one.pick.location, one.instrument) == (location, band)
        ]
        known += self.records.told(instrument)  # the store may be behind
        same_ns = round(self.settings.same_s * NANOSECONDS)
        return [pick for pick in found if not _is_known(pick, known, same_ns)]


def _is_known(pick: Pick, known: Sequence[tuple[str, int]], same_ns: int) -> bool:
    time_ns = ns_from_datetime(pick.time)
    return any(phase == pick.phase and abs(time_ns - at) < same_ns for phase, at in known)
