"""What the live path tells Prometheus of itself."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mainshock.core.errors import SourceError
from mainshock.stream.bus import Bus, Message, Stage
from mainshock.stream.ingest.settings import PACKET_KINDS
from mainshock.stream.monitoring.alert_delays import AlertDelays
from mainshock.stream.monitoring.health_gauges import HealthGauges

__all__ = ["RunMetrics"]

_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
_FINE_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0)
Backlog = Callable[[str, Sequence[str]], int]
_PARTS = ("queue", "pick", "associate", "locate", "publish")


class RunMetrics:
    """Counts and times of the stages.

    Parameters
    ----------
    registry
        What ``/metrics`` shows.
    bus
        Whose backlogs are shown.
    stages
        Whose work is shown.
    is_live
        Whether arrival times are those of this machine's clock, so that delays mean something.
    clock
        Nanoseconds since 1970.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        bus: Bus,
        stages: Sequence[Stage[Any]],
        *,
        is_live: bool,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._is_live = is_live
        self._clock = clock
        self._make_counters(registry)
        self._delay = Histogram(
            "mainshock_delay_seconds",
            "From arrival of a packet to the message that it led to, by topic",
            ["topic"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        latency = Histogram(
            "mainshock_latency_seconds",
            "Time that one part of the path takes: of a packet, a step, an event or a write",
            ["part"],
            buckets=_FINE_S,
            registry=registry,
        )
        self._parts = {name: latency.labels(name) for name in _PARTS}
        self._health = HealthGauges(registry)
        self._alerts = AlertDelays(registry, clock) if is_live else None
        self._bus = bus
        self._backlog = Gauge(
            "mainshock_backlog_messages", "Messages that wait", ["stage"], registry=registry
        )
        for stage in stages:
            self._show_backlog(stage.name, stage.topics, bus.backlog)

    def _show_backlog(self, consumer: str, topics: Sequence[str], backlog: Backlog) -> None:
        waiting = partial(_waiting, backlog, consumer, topics)
        self._backlog.labels(consumer).set_function(waiting)

    def _make_counters(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "mainshock_stage_messages", "Messages read", ["stage"], registry=registry
        )
        self._busy = Counter(
            "mainshock_stage_busy_seconds", "Time spent in steps", ["stage"], registry=registry
        )
        self._failed = Counter(
            "mainshock_stage_failed_messages",
            "Messages that a stage could not take",
            ["stage"],
            registry=registry,
        )
        self._shed = Counter(
            "mainshock_feed_shed_packets",
            "Packets dropped because they came faster than they could be worked on",
            registry=registry,
        )
        self._dead = Counter(
            "mainshock_dead_letters",
            "Messages put on deadletter.v1, by what is wrong with them",
            ["kind"],
            registry=registry,
        )

    def watch_channels(self, channels: Sequence[str], backlog: Backlog | None = None) -> None:
        """Show the backlogs of channels of alerts, which read the bus as consumers of their own.

        ``backlog`` tells how many messages wait for a consumer; None: the bus does.
        """
        for name in channels:
            told = self._bus.backlog if backlog is None else backlog
            self._show_backlog(f"alerts.{name}", ("alert.v1",), told)

    def watch_model(self, model: str) -> None:
        """Show which figures of a picker are out of their limits, none at first."""
        self._health.show_model(model)

    def observe(self, part: str, seconds: float) -> None:
        """Note how long a part took: ``associate`` or ``locate``."""
        self._parts[part].observe(seconds)

    def on_step(self, stage: str, messages: Sequence[Message], seconds: float) -> None:
        """Note a step of a stage."""
        self._messages.labels(stage).inc(len(messages))
        self._busy.labels(stage).inc(seconds)
        if stage == "picking":
            self._parts["pick"].observe(seconds)
            if self._is_live and messages:
                self._note_queue(messages, seconds)
        elif stage == "store":
            self._note_stored(messages)

    def on_told(self, messages: Sequence[Message], seconds: float) -> None:
        """Note what was published, and how long that took."""
        self._parts["publish"].observe(seconds)
        for message in messages:
            if message.topic == "deadletter.v1":
                self._dead.labels(_kind_of(message)).inc()
            elif self._alerts is None:
                continue
            elif message.topic == "event.v1":
                self._alerts.see_event(message)
            elif message.topic == "alert.v1":
                late_s = (self._clock() - message.arrival_ns) * 1e-9
                self._delay.labels("alert.v1").observe(late_s)
                self._alerts.see_alert(message)

    def on_read(self, messages: Sequence[Message]) -> None:
        """Note versions of events that another process told: when their fourth P came."""
        if self._alerts is not None:
            for message in messages:
                if message.topic == "event.v1":
                    self._alerts.see_event(message)

    def on_failure(self, stage: str) -> None:
        """Note a message that a stage could not take."""
        self._failed.labels(stage).inc()

    def on_shed(self) -> None:
        """Note a packet that was dropped."""
        self._shed.inc()

    def _note_queue(self, messages: Sequence[Message], seconds: float) -> None:
        """Note how long the records of a step waited for it: the oldest and the newest."""
        began_ns = self._clock() - round(seconds * 1e9)
        for message in (messages[0], messages[-1])[: len(messages)]:
            self._parts["queue"].observe(max(0.0, (began_ns - message.arrival_ns) * 1e-9))

    def _note_stored(self, messages: Sequence[Message]) -> None:
        now_ns = self._clock()
        for message in messages:
            if message.topic == "health.v1":
                self._health.see(message)
            elif self._is_live:
                self._delay.labels(message.topic).observe((now_ns - message.arrival_ns) * 1e-9)


def _waiting(backlog: Backlog, consumer: str, topics: Sequence[str]) -> float:
    try:
        return float(backlog(consumer, topics))
    except SourceError:  # the other figures are wanted most when the bus is away
        return math.nan


def _kind_of(message: Message) -> str:
    """Return what is wrong with a message; what a stage could not take is ``stage``."""
    kind, at, _ = message.identity.partition("@")
    return kind if at and kind in PACKET_KINDS else "stage"
