"""The live path in one process: source, ingest, stages and store, each in its thread."""

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry

from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.forecast.forecast_log import ForecastLog
from mainshock.pipeline.compile_ahead import CompilerProcess
from mainshock.pipeline.locating import EventBuilder
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.packets import Packet, PacketSource, ReportingSource
from mainshock.stream.alerts.config import AlertSettings
from mainshock.stream.alerts.dispatch import AlertDispatcher
from mainshock.stream.alerts.stage import AlertStage
from mainshock.stream.amplitudes import ArchiveAmplitudes, has_responses
from mainshock.stream.board import LiveBoard
from mainshock.stream.bus import Bus, Message, Stage
from mainshock.stream.bus_registry import BUSES
from mainshock.stream.events.settling import SettlingStage
from mainshock.stream.events.stage import EventStage
from mainshock.stream.feed import Feed
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.forecasts import ForecastSettings
from mainshock.stream.gap_filling import DataCentre, GapFiller
from mainshock.stream.housekeeping import Housekeeping
from mainshock.stream.ingest.archive import ArchiveWriter
from mainshock.stream.ingest.dead_letters import DeadLetterStore
from mainshock.stream.ingest.ingest import Ingest
from mainshock.stream.ingest.settings import IngestSettings
from mainshock.stream.late_picks import LatePicks
from mainshock.stream.memory import spare_memory
from mainshock.stream.metrics import RunMetrics
from mainshock.stream.picking.stage import PickingStage
from mainshock.stream.registry import LIVE_STAGES
from mainshock.stream.run_folder import FolderClaim, RunFolder
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store_stage import StoreStage
from mainshock.stream.workers import StageWorker, WorkerSettings

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.events.base import Associator
    from mainshock.locate.base import TravelTimeModel

__all__ = ["LiveRun", "LocationParts"]

_CURVE_SHOWN_S = 12.0
_SWITCH_S = 0.0005  # a thread that computes must not hold up those that wait for a packet
_LAST_ALERTS_S = 20.0
_NEVER_S, _MOST_BYTES = 1e9, 1 << 40  # the feed says when the archive is written


@dataclass(frozen=True, slots=True, eq=False)
class LocationParts:
    """What turns picks into events, as for a batch run.

    Parameters
    ----------
    builder, associator, travel_times
        As :func:`mainshock.pipeline.locating.locate_picks` takes them.
    names
        Names of associator, velocity model and location method.
    inventory
        Stations with responses for magnitudes, or None.
    """

    builder: EventBuilder
    associator: "Associator"
    travel_times: "TravelTimeModel"
    names: dict[str, str]
    inventory: "Inventory | None" = None


@dataclass(slots=True, eq=False)
class LiveRun:
    """Everything between a source and the store.

    Parameters
    ----------
    folder
        Where it keeps its files.
    source
        Where packets come from.
    picker, location
        As for a batch run.
    alerts
        Rules and channels, or None.
    metrics
        Where counters are shown.
    on_records
        Told the records that were accepted, for a server that passes them on.
    keep
        How long picks, alerts, maps, forecasts, posterior draws and old versions of events stay in
        the store.
    data_centre
        Whom to ask for what a live source lost, or None.
    forecasts
        What is forecast; by default generic tables of aftershocks alone.

    Notes
    -----
    A replay starts anew, without what an earlier one left; a live run goes on where its last one
    stopped, however that ended.

    Raises
    ------
    SettingsError
        If the folder belongs to another run or another kind of source.
    SourceError
        If the folder cannot be written.
    """

    folder: RunFolder
    source: PacketSource
    picker: Picker
    location: LocationParts
    alerts: AlertSettings | None = None
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    on_records: Callable[[Sequence[Message]], None] | None = None
    keep: timedelta = timedelta(days=30)
    data_centre: DataCentre | None = None
    forecasts: ForecastSettings = field(default_factory=ForecastSettings)
    board: LiveBoard = field(default_factory=LiveBoard)
    forecast_board: ForecastBoard = field(default_factory=ForecastBoard)
    store: LiveStore = field(init=False)
    feed: Feed = field(init=False)
    workers: list[StageWorker] = field(init=False)
    _bus: Bus = field(init=False)
    _claim: FolderClaim = field(init=False)
    _filler: GapFiller | None = field(init=False, default=None)
    _dispatcher: AlertDispatcher | None = field(init=False, default=None)
    _housekeeping: Housekeeping = field(init=False)
    _late: LatePicks = field(init=False)
    _compiler: CompilerProcess | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        spare_memory()
        self._claim = FolderClaim(self.folder, self.source)
        try:
            self._open()
        except BaseException:
            self._claim.release()
            raise

    def _open(self) -> None:
        self.store = LiveStore.open(self.folder.store)
        self._bus = BUSES.load("embedded")(self.folder.bus)
        keep = self.keep if self.source.is_live else None
        self._housekeeping = Housekeeping(self.store, self.folder.catalogue, keep)
        self._late = LatePicks(
            self.picker,
            self.folder.archive,
            self.store,
            self._bus.publish,
            self._flush,
            is_synthetic=self.source.is_synthetic,
        )
        stages = self._stages()
        channels = [] if self.alerts is None else [f"alerts.{one}" for one in self.alerts.channels]
        self._bus.forget_others([*(one.name for one in stages), *channels])
        notes = RunMetrics(self.metrics, self._bus, stages, is_live=self.source.is_live)
        if self.data_centre is not None and self.source.is_live:
            earlier = {one.trace_id: one.last_sample for one in self.store.health()}
            self._filler = GapFiller(
                self.data_centre, self._offer, earlier=earlier, metrics=self.metrics
            )
        self.feed = Feed(
            self.source,
            self._ingest(),
            self._bus,
            on_messages=self._pass_on,
            on_segments=None if self._filler is None else self._filler.see,
            on_shed=notes.on_shed,
        )
        self.workers = [
            StageWorker(
                self._bus, stage, _settings_of(stage, self.source), notes.on_step, notes.on_failure
            )
            for stage in stages
        ]
        if self.alerts is not None:
            self._dispatcher = AlertDispatcher(self.alerts, self._bus, self.store.save_alerts)

    @property
    def problem(self) -> str:
        """What does not work as it should, in words; empty where all does."""
        of_stages = [worker.problem for worker in self.workers]
        of_source = self.source.problem if isinstance(self.source, ReportingSource) else ""
        told = (of_source, self.feed.problem, *of_stages, self._housekeeping.problem)
        return "; ".join(filter(None, told))

    def start(self) -> None:
        """Start all threads; the source last."""
        sys.setswitchinterval(_SWITCH_S)
        self.store.record_audit("system", "start", self.source.name)
        parts = self.location
        self._compiler = CompilerProcess.start(parts.builder, parts.associator, parts.travel_times)
        for worker in self.workers:
            locates = worker.stage.name in ("events", "settling")
            worker.start(self._compiler.is_busy if locates else None)
        if self._dispatcher is not None:
            self._dispatcher.start()
        self._housekeeping.start()
        self._late.start()
        if self._filler is not None:
            self._filler.start()
        self.feed.start()

    def finish(self, stop: threading.Event) -> None:
        """Once the source has ended: settle everything that is left, stage after stage.

        Returns when that is done, or once ``stop`` is set.
        """
        self.feed.wait()
        for worker in self.workers:
            worker.finish(stop)
        if stop.is_set():
            return
        if self._dispatcher is not None:
            self._dispatcher.finish(_LAST_ALERTS_S)
        self._housekeeping.tidy()

    def stop(self) -> None:
        """End all threads and close all files; the next run of a live source goes on here."""
        if self._filler is not None:
            self._filler.stop()
        self._late.stop()
        self.feed.stop()
        if self._compiler is not None:
            self._compiler.stop()
        for worker in self.workers:
            worker.stop()
        if self._dispatcher is not None:
            self._dispatcher.stop()
        self._housekeeping.stop()
        self.store.record_audit("system", "stop")
        self._bus.close()
        self.store.close()
        self._claim.release()

    def _ingest(self) -> Ingest:
        stations = self.location.builder.stations
        return Ingest(
            IngestSettings(clock="machine" if self.source.is_live else "stream"),
            ArchiveWriter(self.folder.archive, flush_s=_NEVER_S, max_bytes=_MOST_BYTES),
            DeadLetterStore(self.folder.dead_letters),
            self.board,
            known=[one.code for one in stations] or None,
            metrics=self.metrics,
        )

    def _stages(self) -> list[Stage[Any]]:
        parts = self.location
        amplitudes = None
        if parts.inventory is not None and has_responses(parts.inventory):
            amplitudes = ArchiveAmplitudes(self.folder.archive, parts.inventory, self._flush)
        synthetic = self.source.is_synthetic
        stages: list[Stage[Any]] = [
            PickingStage(self.picker, is_synthetic=synthetic, show=self._show),
            SettlingStage(parts.builder, parts.associator, parts.travel_times, amplitudes),
            EventStage(
                parts.builder,
                _quick(parts.associator),
                parts.travel_times,
                amplitudes,
                {"picker": self.picker.name, **parts.names},
                is_synthetic=synthetic,
            ),
        ]
        if self.alerts is not None:
            stages.append(AlertStage(self.alerts, is_replay=not self.source.is_live))
        told = {"forecasts": (self._forecasts(), self.forecast_board)}
        stages.extend(LIVE_STAGES.load(name)(*told.get(name, ())) for name in LIVE_STAGES.names())
        return [*stages, StoreStage(self.store, ForecastLog(self.folder.forecast_log))]

    def _forecasts(self) -> ForecastSettings:
        source = self.source
        return replace(
            self.forecasts, is_synthetic=source.is_synthetic, is_replay=not source.is_live
        )

    def _flush(self) -> None:
        self.feed.flush()

    def _show(self, trace_id: str, curves: ProbabilityCurves) -> None:
        """Put the newest part of probability curves on the board."""
        rate = curves.sampling_rate_hz
        first = max(0, curves.probability.shape[1] - round(_CURVE_SHOWN_S * rate))
        start_ns = ns_from_datetime(curves.start) + round(first / rate * 1e9)
        for phase, row in zip(curves.phases, curves.probability, strict=True):
            self.board.put(f"{trace_id}_{phase}", start_ns, rate, row[first:])

    def _pass_on(self, messages: Sequence[Message]) -> None:
        records = [one for one in messages if one.topic == "waveform.v1"]
        self._late.see(records)
        if self.on_records is not None:
            self.on_records(records)

    def _offer(self, packet: Packet) -> bool:
        return self.feed.offer(packet)


def _quick(associator: "Associator") -> "Associator":
    """Return a coarser associator for the first look, where there is such a choice."""
    nodes = getattr(associator, "n_horizontal", None)
    coarser: Any = associator  # whichever has such a field is a dataclass
    return associator if nodes is None else replace(coarser, n_horizontal=max(4, nodes // 2))


def _settings_of(stage: Stage[Any], source: PacketSource) -> WorkerSettings:
    """Return how a stage is run; a replay waits for the slower stage behind."""
    holds = stage.name == "picking" and not source.is_live
    return WorkerSettings(
        limit=200 if stage.name == "picking" else 500,
        hold_for=("events", "settling") if holds else (),
        hold_topics=("pick.v1",),
        hold_at=200,
        # a replay begins anew after a crash, so that it need not commit what it tells
        commits_with=_is_version if source.is_live else None,
        is_sink=stage.name == "store",
    )


def _is_version(message: Message) -> bool:
    """Return whether a message is a version of an event, an alert or a forecast: told but once.

    A preliminary version depends on what else the same step saw, so that a step done again in
    other parts would tell another one of the same earthquake. Versions of picks do not, and the
    state behind them holds minutes of all records, too much to be written with each pick.
    """
    told_once = ("event.v1", "settled.v1", "alert.v1", "forecast.v1")
    return message.topic in told_once and "#" in message.identity
