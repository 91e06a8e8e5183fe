"""One process of a live path that is spread over several: some stages, or the feed."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Gauge

from mainshock.core.errors import MainshockError, SettingsError
from mainshock.detect.base import Picker
from mainshock.sources.packets import PacketSource, ReportingSource
from mainshock.stream.alerts.dispatch import AlertDispatcher
from mainshock.stream.bus import Bus, Message, Stage
from mainshock.stream.feed import Feed
from mainshock.stream.ingest.archive import ArchiveWriter
from mainshock.stream.ingest.dead_letters import DeadLetterStore
from mainshock.stream.ingest.ingest import Ingest
from mainshock.stream.ingest.settings import IngestSettings
from mainshock.stream.kafka.bus import KafkaBus
from mainshock.stream.kafka.groups import Companion, StageGroup
from mainshock.stream.kafka.membership import BY_KEY, Memberships
from mainshock.stream.kafka.roles import stages_of
from mainshock.stream.late_stage import LateStage
from mainshock.stream.live_stages import StageParts, make_stage, worker_settings
from mainshock.stream.metrics import RunMetrics
from mainshock.stream.model_choice.of_run import RunModels
from mainshock.stream.model_choice.opened import OpenedPicker
from mainshock.stream.monitoring.alert_delays import SendingMetrics
from mainshock.stream.monitoring.process_metrics import Problems, model_versions, show_models
from mainshock.stream.monitoring.watched_bus import WatchedBus
from mainshock.stream.picking.changeable import ChangeablePicking
from mainshock.stream.review_relay import ReviewRelay
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store_watch import StoreWatch

__all__ = ["StageProcess"]

_REPLAY_AHEAD = 20_000  # records: how far the group is, is known a moment later
_SAFE_S = 1.0  # other processes read the archive soon
_NEVER_S, _MOST_BYTES = 1e9, 1 << 40  # the feed says when it is written, and waits for the disk
_LOOK_S = 0.2


class StageProcess:
    """Runs some stages, and the feed of a source if there is one, until it is told to stop.

    Parameters
    ----------
    bus
        The cluster; closed at the end.
    roles
        Keys of ``ROLES``.
    parts
        What the stages are made from.
    source, folder
        Where packets come from, and where their records go; None: no feed.
    known
        Codes of stations; packets of others count as unknown. None: all are known.
    metrics
        Where counters are shown.
    models
        Follows which model is chosen, and runs the shadow of a process that has one; None: the
        picker stays.
    places
        In the groups of the stages, where they were asked for before; None: they are asked for as
        it starts.

    Raises
    ------
    SettingsError
        If there is no such role, or a part is missing.
    """

    def __init__(
        self,
        bus: KafkaBus,
        roles: Sequence[str],
        parts: StageParts,
        source: PacketSource | None = None,
        folder: RunFolder | None = None,
        *,
        known: Sequence[str] | None = None,
        metrics: CollectorRegistry | None = None,
        models: RunModels | None = None,
        places: Memberships | None = None,
    ) -> None:
        self.bus = bus
        self._places = places
        self.models = models
        self.source = source
        self._parts = parts
        self._metrics = metrics or CollectorRegistry()
        observed = replace(parts, observe=self._observe)
        stages = [make_stage(name, observed) for name in stages_of(roles)]
        # backlogs are those of the whole group, as it tells the cluster
        self._notes = RunMetrics(self._metrics, bus, stages, is_live=parts.is_live)
        names = [stage.name for stage in stages]
        shown = self._show_models(names)
        self._sending = self._show_sending(names)
        self._watch = self._review_watch() if "store" in names else None
        self.groups = [self._group(stage) for stage in stages]
        if models is not None and shown is not None:
            models.serve(self._between_steps, self._metrics, shown, self._use)
            models.desk.tell(self._on_model)
        self.feed: Feed | None = None
        if source is not None and folder is not None:
            hold_at = None if source.is_live else _REPLAY_AHEAD
            ingest = self._ingest(source, folder, known)
            watched = WatchedBus(bus, self._note_told)
            on_shed = self._notes.on_shed
            self.feed = Feed(
                source, ingest, watched, on_shed=on_shed, hold_at=hold_at, safe_s=_SAFE_S
            )

    @property
    def problem(self) -> str:
        """What does not work as it should, in words; empty where all does."""
        return "; ".join(filter(None, (why() for why in self.problems().values())))

    def problems(self) -> Problems:
        """Return what tells, part by part, why it does not work; an empty text where it does."""
        source = self.source
        return {
            "source": lambda: source.problem if isinstance(source, ReportingSource) else "",
            "feed": lambda: "" if self.feed is None else self.feed.problem,
            "stages": lambda: "; ".join(filter(None, (group.problem for group in self.groups))),
            "models": lambda: "" if self.models is None else self.models.desk.problem,
            "store": lambda: "" if self._watch is None else self._watch.problem,
        }

    def start(self) -> None:
        """Join the groups, and start the feed last."""
        for group in self.groups:
            group.start()
        if self.models is not None:
            self.models.start()
        if self._watch is not None:
            self._watch.start()
        if self.feed is not None:
            self.feed.start()

    def wait(self, stop: threading.Event, idle_s: float | None = None) -> None:
        """Wait until ``stop`` is set, the source has ended, or the stages were idle for so long.

        Parameters
        ----------
        stop
            Set from outside.
        idle_s
            After so long without a message the stages say their last; None: never.

        Raises
        ------
        MainshockError
            If a stage, or the source, has ended before its time.
        """
        while not stop.wait(_LOOK_S):
            if any(group.has_ended for group in self.groups):
                raise MainshockError(f"a stage has ended: {self.problem}; start the process again")
            if self._feeds():
                continue
            if not self.groups:
                return
            if idle_s is not None and all(group.idle_s > idle_s for group in self.groups):
                for group in self.groups:
                    group.finish(stop)
                return

    def stop(self) -> None:
        """End everything, each stage with a commit, and leave the cluster."""
        if self._watch is not None:
            self._watch.stop()
        if self.models is not None:
            self.models.stop()
        if self.feed is not None:
            self.feed.stop()
        for group in self.groups:
            group.stop()
        self.bus.close()

    def _feeds(self) -> bool:
        """Return whether the source still gives packets."""
        if self.feed is None:
            return False
        if not self.feed.wait(0.0):
            return True
        if self.feed.error is not None:
            raise self.feed.error
        return False

    def _group(self, stage: Stage[Any]) -> StageGroup:
        alerts = stage.name == "alerts"
        beside = self._dispatcher() if alerts else None
        if isinstance(stage, LateStage):
            beside = partial(self._late_thread, stage)
        return StageGroup(
            self.bus,
            stage,
            worker_settings(stage.name, commits_versions=True),
            is_by_key=stage.name in BY_KEY,
            on_step=self._notes.on_step,
            on_failure=self._notes.on_failure,
            on_told=self._note_told,
            on_read=self._notes.on_read if alerts else None,
            beside=beside,
            membership=None if self._places is None else self._places.take(stage.name),
        )

    def _show_models(self, stages: Sequence[str]) -> Gauge | None:
        """Show the models that are at work here, and return the gauge that does; None: no model."""
        parts = self._parts
        if parts.picker is None:
            return None
        if "store" in stages:  # where health messages are read
            self._notes.watch_model(parts.picker.name)
        names = {} if parts.location is None else parts.location.names
        return show_models(self._metrics, model_versions(parts.picker.name, names))

    def _show_sending(self, stages: Sequence[str]) -> SendingMetrics | None:
        """Show the channels that are at work here, and return what follows the alerts."""
        alerts = self._parts.alerts
        if alerts is None or "alerts" not in stages:
            return None
        channels = list(alerts.channels)
        self._notes.watch_channels(channels, self._channel_backlog)
        return SendingMetrics(self._metrics, channels)

    def _channel_backlog(self, consumer: str, topics: Sequence[str]) -> int:
        """Return what waits for a channel of alerts that is at work here."""
        alerts = [one for one in self.groups if one.stage.name == "alerts"]
        return sum(one.backlog_of(consumer, topics) for one in alerts)

    def _review_watch(self) -> StoreWatch | None:
        """Return what passes on the reviews that are kept in the store."""
        parts = self._parts
        if parts.store is None:
            return None
        relay = ReviewRelay(parts.store.database, self.bus.publish, is_live=parts.is_live)
        return StoreWatch([relay.pass_on])

    def _note_told(self, messages: Sequence[Message], seconds: float) -> None:
        self._notes.on_told(messages, seconds)
        if self._sending is not None:
            self._sending.on_told(messages)

    def _observe(self, part: str, seconds: float) -> None:
        self._notes.observe(part, seconds)

    def _dispatcher(self) -> Callable[[Bus], Companion]:
        alerts, store = self._parts.alerts, self._parts.store
        if alerts is None or store is None:
            raise SettingsError("alerts need rules and a store; name --alerts and a store")
        sending = self._sending
        record = store.save_alerts if sending is None else sending.recording(store.save_alerts)
        return partial(AlertDispatcher, alerts, record=record)

    def _late_thread(self, stage: LateStage, bus: Bus) -> Companion:
        """Return what picks late records beside their stage."""
        stage.late.publish = WatchedBus(bus, self._note_told).publish
        return stage.late

    def _between_steps(self, action: Callable[[], None]) -> None:
        """Have an action done while no partition of this process picks."""
        picking = next((one for one in self.groups if one.stage.name == "picking"), None)
        if picking is None:
            action()
        else:
            picking.between_steps(action)

    def _use(self, picker: Picker) -> None:
        for group in self.groups:
            if isinstance(group.stage, (ChangeablePicking, LateStage)):
                group.stage.change(picker)

    def _on_model(self, _action: str, _old: OpenedPicker, new: OpenedPicker) -> None:
        if any(group.stage.name == "store" for group in self.groups):
            self._notes.watch_model(new.name)

    def _ingest(
        self, source: PacketSource, folder: RunFolder, known: Sequence[str] | None
    ) -> Ingest:
        return Ingest(
            IngestSettings(clock="machine" if source.is_live else "stream"),
            ArchiveWriter(folder.archive, flush_s=_NEVER_S, max_bytes=_MOST_BYTES),
            DeadLetterStore(folder.dead_letters),
            known=known,
            metrics=self._metrics,
        )
