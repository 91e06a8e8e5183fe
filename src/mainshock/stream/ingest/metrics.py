"""What Prometheus is told about arriving packets."""

from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["IngestMetrics"]


class IngestMetrics:
    """Counters by kind and station, and the state of the stream.

    Parameters
    ----------
    registry
        Where they are shown; None: nowhere.
    """

    def __init__(self, registry: CollectorRegistry | None) -> None:
        self._packets = Counter(
            "mainshock_ingest_packets",
            "Packets by what became of them.",
            ("kind", "station"),
            registry=registry,
        )
        self._latency = Gauge(
            "mainshock_ingest_latency_seconds",
            "Age of a station's newest sample when its packet arrived.",
            ("station",),
            registry=registry,
        )
        self._waiting = Gauge(
            "mainshock_ingest_waiting_records",
            "Records that wait for another one to confirm them.",
            registry=registry,
        )
        self._children: dict[tuple[str, str], Counter] = {}

    def count(self, kind: str, station: str) -> None:
        """Count a packet; the station is empty where it is not known."""
        child = self._children.get((kind, station))
        if child is None:
            child = self._children[kind, station] = self._packets.labels(kind, station)
        child.inc()

    def set_latency(self, station: str, latency_s: float) -> None:
        """Tell the age of a station's newest sample."""
        self._latency.labels(station).set(latency_s)

    def set_waiting(self, n_records: int) -> None:
        """Tell how many records wait."""
        self._waiting.set(n_records)
