"""The live path in one process: source, ingest, stages and store, each in its thread."""

import logging
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry

from mainshock.core.errors import SourceError
from mainshock.detect.base import Picker, ProbabilityCurves
from mainshock.pipeline.compile_ahead import CompilerProcess
from mainshock.sources.fragments import ns_from_datetime
from mainshock.sources.packets import Packet, PacketSource, ReportingSource
from mainshock.stream.alerts.config import AlertSettings
from mainshock.stream.alerts.dispatch import AlertDispatcher
from mainshock.stream.board import LiveBoard
from mainshock.stream.bus import Bus, Message, Stage
from mainshock.stream.bus_choice import BusChoice
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
from mainshock.stream.live_stages import (
    LocationParts,
    StageParts,
    make_stage,
    worker_settings,
)
from mainshock.stream.memory import spare_memory
from mainshock.stream.metrics import RunMetrics
from mainshock.stream.model_choice.of_run import RunModels
from mainshock.stream.model_choice.opened import OpenedPicker
from mainshock.stream.model_choice.settings import ModelSettings
from mainshock.stream.monitoring.alert_delays import SendingMetrics
from mainshock.stream.monitoring.flags import DriftBoard
from mainshock.stream.monitoring.process_metrics import (
    Problems,
    model_versions,
    show_models,
    show_process,
)
from mainshock.stream.monitoring.watched_bus import WatchedBus
from mainshock.stream.picking.changeable import ChangeablePicking
from mainshock.stream.registry import LIVE_STAGES
from mainshock.stream.review_relay import ReviewRelay
from mainshock.stream.run_folder import FolderClaim, RunFolder, kind_of
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.audit_log import AuditStore
from mainshock.stream.store.claim import StoreClaim
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store_watch import StoreWatch
from mainshock.stream.workers import StageWorker, WorkerSettings

__all__ = ["LiveRun", "LocationParts"]

_log = logging.getLogger(__name__)
_CURVE_SHOWN_S = 12.0
_SWITCH_S = 0.0005  # a thread that computes must not hold up those that wait for a packet
_LAST_ALERTS_S = 20.0
_NEVER_S, _MOST_BYTES = 1e9, 1 << 40  # the feed says when the archive is written


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
    store_address
        Where the store lies; None: a file in the folder.
    bus_choice
        What carries the messages.
    models
        Which pickers serve; None: ``picker`` alone.

    Notes
    -----
    ``picker`` is the one that the settings name; where another one was promoted, it is in use.

    A replay starts anew, without what an earlier one left; a live run goes on where its last one
    stopped, however that ended.

    Raises
    ------
    SettingsError
        If the folder or the store belongs to another run or another kind of source.
    SourceError
        If the folder cannot be written, or the store cannot be opened.
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
    store_address: StoreAddress | None = None
    bus_choice: BusChoice = field(default_factory=BusChoice)
    models: ModelSettings | None = None
    board: LiveBoard = field(default_factory=LiveBoard)
    forecast_board: ForecastBoard = field(default_factory=ForecastBoard)
    drift_board: DriftBoard = field(default_factory=DriftBoard)
    store: LiveStore = field(init=False)
    feed: Feed = field(init=False)
    workers: list[StageWorker] = field(init=False)
    serving: RunModels = field(init=False)
    _bus: Bus = field(init=False)
    _notes: RunMetrics = field(init=False)
    _sending: SendingMetrics = field(init=False)
    _claim: FolderClaim = field(init=False)
    _store_claim: StoreClaim | None = field(init=False, default=None)
    _filler: GapFiller | None = field(init=False, default=None)
    _dispatcher: AlertDispatcher | None = field(init=False, default=None)
    _housekeeping: Housekeeping = field(init=False)
    _watch: StoreWatch = field(init=False)
    _late: LatePicks = field(init=False)
    _compiler: CompilerProcess | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        spare_memory()
        self._claim = FolderClaim(self.folder, self.source)
        try:
            self.store = LiveStore.open(self.store_address or self.folder.store)
        except BaseException:
            self._claim.release()
            raise
        try:
            self._open()
        except BaseException:
            self._let_go()
            raise

    def _open(self) -> None:
        if self.store_address is not None:
            self._store_claim = StoreClaim(
                self.store.database, kind_of(self.source), begins_anew=not self.source.is_live
            )
        self.serving = _models_of(self)
        self.serving.desk.tell(self._on_model)
        self.picker = self.serving.picker
        self._bus = WatchedBus(self.bus_choice.open(self.folder.bus, self.source), self._note_told)
        relay = ReviewRelay(self.store.database, self._bus.publish, is_live=self.source.is_live)
        claim = self._store_claim
        self._watch = StoreWatch([*([] if claim is None else [claim.renew]), relay.pass_on])
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
        notes = self._show_metrics(stages)
        if self.data_centre is not None and self.source.is_live:
            earlier = {one.trace_id: one.last_sample for one in self.store.health()}
            self._filler = GapFiller(
                self.data_centre, self._offer, earlier=earlier, metrics=self.metrics
            )
        self.feed = Feed(
            self.source,
            _ingest(self),
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
        shown = show_models(self.metrics, model_versions(self.picker.name, self.location.names))
        picking = next(one for one in self.workers if one.stage.name == "picking")
        self.serving.serve(picking.between_steps, self.metrics, shown, self._use)
        if self.alerts is not None:
            record = self._sending.recording(self.store.save_alerts)
            self._dispatcher = AlertDispatcher(self.alerts, self._bus, record)

    def _show_metrics(self, stages: Sequence[Stage[Any]]) -> RunMetrics:
        self._notes = RunMetrics(self.metrics, self._bus, stages, is_live=self.source.is_live)
        channels = [] if self.alerts is None else list(self.alerts.channels)
        self._notes.watch_channels(channels)
        self._notes.watch_model(self.picker.name)
        self._sending = SendingMetrics(self.metrics, channels)
        show_process(self.metrics, self.folder.root)
        return self._notes

    def _use(self, picker: Picker) -> None:
        """Use another picker from the next record on."""
        self.picker = self._late.picker = picker
        for worker in self.workers:
            if isinstance(worker.stage, ChangeablePicking):
                worker.stage.change(picker)

    def _on_model(self, action: str, old: OpenedPicker, new: OpenedPicker) -> None:
        self._notes.watch_model(new.name)
        told = f"{action}: {new.name} {new.version} instead of {old.name} {old.version}"
        self._audit("models.use", new.name, told)

    def _note_told(self, messages: Sequence[Message], seconds: float) -> None:
        self._notes.on_told(messages, seconds)
        self._sending.on_told(messages)
        self.serving.see(messages)

    def _observe(self, part: str, seconds: float) -> None:
        self._notes.observe(part, seconds)

    def _let_go(self) -> None:
        if self._store_claim is not None:
            self._store_claim.release()
        self.store.close()
        self._claim.release()

    @property
    def problem(self) -> str:
        """What does not work as it should, in words; empty where all does."""
        return "; ".join(filter(None, (why() for why in self.problems().values())))

    def problems(self) -> Problems:
        """Return what tells, part by part, why it does not work; an empty text where it does."""
        source = self.source
        return {
            "source": lambda: source.problem if isinstance(source, ReportingSource) else "",
            "feed": lambda: self.feed.problem,
            "stages": lambda: "; ".join(filter(None, (worker.problem for worker in self.workers))),
            "store": lambda: self._watch.problem,
            "housekeeping": lambda: self._housekeeping.problem,
            "models": lambda: self.serving.desk.problem,
        }

    def start(self) -> None:
        """Start all threads; the source last."""
        sys.setswitchinterval(_SWITCH_S)
        self._audit("start", self.source.name)
        parts = self.location
        self._compiler = CompilerProcess.start(parts.builder, parts.associator, parts.travel_times)
        for worker in self.workers:
            locates = worker.stage.name in ("events", "settling")
            worker.start(self._compiler.is_busy if locates else None)
        if self._dispatcher is not None:
            self._dispatcher.start()
        self._housekeeping.start()
        self._watch.start()
        self._late.start()
        self.serving.start()
        if self._filler is not None:
            self._filler.start()
        self.feed.start()

    def finish(self, stop: threading.Event) -> None:
        """Once the source has ended: settle everything that is left, stage after stage.

        Returns when that is done, or once ``stop`` is set.
        """
        self.feed.wait()
        self._watch.look()
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
        self.serving.stop()
        self.feed.stop()
        if self._compiler is not None:
            self._compiler.stop()
        for worker in self.workers:
            worker.stop()
        if self._dispatcher is not None:
            self._dispatcher.stop()
        self._housekeeping.stop()
        self._watch.stop()
        self._audit("stop", self.source.name)
        self._bus.close()
        self._let_go()

    def pass_reviews_on(self) -> None:
        """Have reviews that were just kept reach alerts, maps and forecasts at once."""
        self._watch.wake()

    def _audit(self, action: str, target: str, detail: str = "") -> None:
        try:
            AuditStore(self.store.database).add("system", action, target=target, detail=detail)
        except SourceError as error:  # a store that is away must not keep the rest from ending
            _log.error("not in the audit log: %s by system; %s", action, error)

    def _stages(self) -> list[Stage[Any]]:
        parts = StageParts(
            self.folder.archive,
            self.folder.forecast_log,
            self.picker,
            self.location,
            self.alerts,
            self.store,
            self.forecasts,
            self.forecast_board,
            is_live=self.source.is_live,
            is_synthetic=self.source.is_synthetic,
            flush=self._flush,
            show=partial(_show, self.board),
            drift_board=self.drift_board,
            observe=self._observe,
        )
        names = ["picking", "settling", "events", *(["alerts"] if self.alerts else [])]
        return [make_stage(name, parts) for name in [*names, *LIVE_STAGES.names(), "store"]]

    def _flush(self) -> None:
        self.feed.flush()

    def _pass_on(self, messages: Sequence[Message]) -> None:
        records = [one for one in messages if one.topic == "waveform.v1"]
        self._late.see(records)
        if self.on_records is not None:
            self.on_records(records)

    def _offer(self, packet: Packet) -> bool:
        return self.feed.offer(packet)


def _models_of(run: LiveRun) -> RunModels:
    """Return the models of a run: the picker given is in use, or one that was promoted since."""
    return RunModels.open(
        run.store,
        run.picker,
        run.models,
        run.folder.shadow,
        is_live=run.source.is_live,
        is_synthetic=run.source.is_synthetic,
    )


def _ingest(run: LiveRun) -> Ingest:
    """Return what judges the packets of a run."""
    return Ingest(
        IngestSettings(clock="machine" if run.source.is_live else "stream"),
        ArchiveWriter(run.folder.archive, flush_s=_NEVER_S, max_bytes=_MOST_BYTES),
        DeadLetterStore(run.folder.dead_letters),
        run.board,
        known=[one.code for one in run.location.builder.stations] or None,
        metrics=run.metrics,
    )


def _show(board: LiveBoard, trace_id: str, curves: ProbabilityCurves) -> None:
    """Put the newest part of probability curves on the board."""
    rate = curves.sampling_rate_hz
    first = max(0, curves.probability.shape[1] - round(_CURVE_SHOWN_S * rate))
    start_ns = ns_from_datetime(curves.start) + round(first / rate * 1e9)
    for phase, row in zip(curves.phases, curves.probability, strict=True):
        board.put(f"{trace_id}_{phase}", start_ns, rate, row[first:])


def _settings_of(stage: Stage[Any], source: PacketSource) -> WorkerSettings:
    """Return how a stage is run; a replay waits for the slower stage behind.

    A replay begins anew after a crash, so that it need not commit what it tells.
    """
    holds = stage.name == "picking" and not source.is_live
    return worker_settings(
        stage.name,
        commits_versions=source.is_live,
        holds_for=("events", "settling") if holds else (),
    )
