"""What the live path tells Prometheus of itself."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mainshock.stream.bus import Bus, Message, Stage

__all__ = ["RunMetrics"]

_BUCKETS_S = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


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
        self._delay = Histogram(
            "mainshock_delay_seconds",
            "From arrival of a packet to the message that it led to, by topic",
            ["topic"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        backlog = Gauge(
            "mainshock_backlog_messages", "Messages that wait", ["stage"], registry=registry
        )
        for stage in stages:
            backlog.labels(stage.name).set_function(partial(bus.backlog, stage.name, stage.topics))

    def on_step(self, stage: str, messages: Sequence[Message], seconds: float) -> None:
        """Note a step of a stage."""
        self._messages.labels(stage).inc(len(messages))
        self._busy.labels(stage).inc(seconds)
        if self._is_live and stage == "store":
            now_ns = self._clock()
            for message in messages:
                if message.topic != "health.v1":
                    self._delay.labels(message.topic).observe((now_ns - message.arrival_ns) * 1e-9)

    def on_failure(self, stage: str) -> None:
        """Note a message that a stage could not take."""
        self._failed.labels(stage).inc()

    def on_shed(self) -> None:
        """Note a packet that was dropped."""
        self._shed.inc()
