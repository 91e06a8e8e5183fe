"""What health messages say, for Prometheus: gaps of stations, and channels or models adrift."""

import json
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge

from mainshock.stream.bus import Message
from mainshock.stream.monitoring.flags import ModelKind, is_drift_message, read_drift_message

__all__ = ["HealthGauges"]


class HealthGauges:
    """Gauges that follow ``health.v1``.

    Parameters
    ----------
    registry
        Where they are shown.

    Notes
    -----
    A station with several instruments shows their sum. The label ``scope`` is a station or a
    model, never a channel, so that there are not more series than stations and kinds.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._gaps = Gauge(
            "mainshock_station_gaps", "Gaps since the start", ["station"], registry=registry
        )
        self._gap_seconds = Gauge(
            "mainshock_station_gap_seconds",
            "Length of the gaps since the start",
            ["station"],
            registry=registry,
        )
        self._flags = Gauge(
            "mainshock_drift_flags",
            "Channels of a station, or figures of a model, that left their control limits",
            ["scope", "kind"],
            registry=registry,
        )
        self._by_station: dict[str, dict[str, tuple[int, float]]] = {}
        self._open: dict[tuple[str, str], set[str]] = {}

    def show_model(self, model: str) -> None:
        """Show the figures of a picker from the start, all within their limits."""
        for kind in get_args(ModelKind):
            self._flags.labels(model, kind).set(0.0)

    def see(self, message: Message) -> None:
        """Take one message of ``health.v1``."""
        if is_drift_message(message):
            self._see_drift(message)
            return
        told = json.loads(message.value)
        gaps = int(told.get("gaps") or 0), float(told.get("gap_s") or 0.0)
        instruments = self._by_station.setdefault(message.key, {})
        if instruments.get(told["trace_id"]) == gaps:
            return
        instruments[told["trace_id"]] = gaps
        self._gaps.labels(message.key).set(sum(one for one, _ in instruments.values()))
        self._gap_seconds.labels(message.key).set(sum(one for _, one in instruments.values()))

    def _see_drift(self, message: Message) -> None:
        flag = read_drift_message(message)
        scope = message.key
        open_flags = self._open.setdefault((scope, flag.kind), set())
        if flag.is_open:
            open_flags.add(flag.subject)
        else:
            open_flags.discard(flag.subject)
        self._flags.labels(scope, flag.kind).set(len(open_flags))
