"""How long alerts take: from the packet behind them, from the fourth P, and unsent ones."""

import json
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mainshock.core.times import parse_utc
from mainshock.sources.fragments import ns_from_datetime
from mainshock.stream.bus import Message
from mainshock.stream.records import Alert

__all__ = ["AlertDelays", "SendingMetrics"]

_BUCKETS_S = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 60.0)
_FOURTH = 4
_KEPT = 1000
Record = Callable[[Sequence[Alert]], None]


class AlertDelays:
    """Delays of the first message of each alert, of live data.

    Parameters
    ----------
    registry
        Where they are shown.
    clock
        Nanoseconds since 1970.

    Notes
    -----
    ``since="packet"`` counts from the arrival of the packet that led to the version;
    ``since="fourth_p"`` from the time of the fourth P in the ground, so that the delay of the
    stations is part of it. An event with fewer P has no such delay.
    """

    def __init__(self, registry: CollectorRegistry, clock: Callable[[], int]) -> None:
        delay = Histogram(
            "mainshock_alert_delay_seconds",
            "From a packet's arrival, or the fourth P, to the first alert on it is asked for",
            ["since"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._of = {name: delay.labels(name) for name in ("packet", "fourth_p")}
        self._clock = clock
        self._fourth_ns: dict[str, int] = {}
        self._told: dict[str, None] = {}

    def see_alert(self, message: Message) -> None:
        """Take a message of ``alert.v1``; of each alert the first counts."""
        alert_id = message.identity.partition("#")[0]
        if alert_id in self._told:
            return
        document = json.loads(message.value)
        if document.get("kind") != "new":
            return
        self._told[alert_id] = None
        while len(self._told) > _KEPT:
            del self._told[next(iter(self._told))]
        now_ns = self._clock()
        self._of["packet"].observe((now_ns - message.arrival_ns) * 1e-9)
        fourth_ns = self._fourth_ns.get(message.key)
        if fourth_ns is not None:
            self._of["fourth_p"].observe((now_ns - fourth_ns) * 1e-9)

    def see_event(self, message: Message) -> None:
        """Take a version of an event before it is alerted: when its fourth P came."""
        if message.key in self._fourth_ns:
            return
        arrivals = json.loads(message.value)["event"]["arrivals"]
        times = sorted(one["pick"]["time"] for one in arrivals if one["pick"]["phase"] == "P")
        if len(times) >= _FOURTH:
            self._fourth_ns[message.key] = ns_from_datetime(parse_utc(times[_FOURTH - 1]))
            while len(self._fourth_ns) > _KEPT:
                del self._fourth_ns[next(iter(self._fourth_ns))]


class SendingMetrics:
    """What became of alerts, by channel, and how old the oldest is that waits.

    Parameters
    ----------
    registry
        Where it is shown.
    channels
        Names of the channels.
    clock
        Monotonic seconds.
    """

    def __init__(
        self,
        registry: CollectorRegistry,
        channels: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, dict[tuple[str, int], float]] = {one: {} for one in channels}
        self._outcomes = Counter(
            "mainshock_alerts",
            "Messages about events by what became of them",
            ["channel", "outcome"],
            registry=registry,
        )
        oldest = Gauge(
            "mainshock_alerts_oldest_unsent_seconds",
            "How long the oldest message waits that was neither sent nor given up",
            ["channel"],
            registry=registry,
        )
        for name in channels:
            oldest.labels(name).set_function(partial(self.oldest_s, name))
            for outcome in ("sent", "failed", "held"):
                self._outcomes.labels(name, outcome)

    def oldest_s(self, channel: str) -> float:
        """Return how long the oldest message of a channel waits; 0 where none does."""
        with self._lock:
            waiting = self._waiting.get(channel)
            return 0.0 if not waiting else self._clock() - min(waiting.values())

    def on_told(self, messages: Sequence[Message]) -> None:
        """Take what was published: messages of ``alert.v1`` wait from now on."""
        for message in messages:
            if message.topic == "alert.v1":
                alert_id, _, version = message.identity.rpartition("#")
                channel = str(json.loads(message.value).get("channel"))
                with self._lock:
                    waiting = self._waiting.setdefault(channel, {})
                    waiting[alert_id, int(version)] = self._clock()

    def recording(self, record: Record) -> Record:
        """Return a function that counts what became of alerts, and passes it on."""

        def noted(alerts: Sequence[Alert]) -> None:
            for one in alerts:
                self._outcomes.labels(one.channel, one.status).inc()
                self._is_done(one)
            record(alerts)

        return noted

    def _is_done(self, alert: Alert) -> None:
        """Let a message wait no more, nor older ones of the same alert, which it made stale."""
        with self._lock:
            waiting = self._waiting.get(alert.channel, {})
            for alert_id, version in list(waiting):
                if alert_id == alert.alert_id and version <= alert.version:
                    del waiting[alert_id, version]
