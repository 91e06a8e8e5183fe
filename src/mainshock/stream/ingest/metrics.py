"""What Prometheus is told about arriving packets."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from mainshock.sources.fragments import NANOSECONDS

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
        self._last_sample = Gauge(
            "mainshock_ingest_last_sample_timestamp_seconds",
            "Time of a station's newest sample that is used, seconds since 1970.",
            ("station",),
            registry=registry,
        )
        self._waiting = Gauge(
            "mainshock_ingest_waiting_records",
            "Records that wait for another one to confirm them.",
            registry=registry,
        )
        self._take = Histogram(
            "mainshock_ingest_packet_seconds",
            "Time to decode, judge and pass on a packet.",
            buckets=(0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.2, 1.0),
            registry=registry,
        )
        self._children: dict[tuple[str, str], Counter] = {}
        self._newest_ns: dict[str, int] = {}

    def count(self, kind: str, station: str) -> None:
        """Count a packet; the station is empty where it is not known."""
        child = self._children.get((kind, station))
        if child is None:
            child = self._children[kind, station] = self._packets.labels(kind, station)
        child.inc()

    def note_taking(self, seconds: float) -> None:
        """Tell how long a packet took."""
        self._take.observe(seconds)

    def set_latency(self, station: str, latency_s: float) -> None:
        """Tell the age of a station's newest sample."""
        self._latency.labels(station).set(latency_s)

    def note_sample(self, station: str, time_ns: int) -> None:
        """Tell the time of a sample that is used; an older one changes nothing."""
        if time_ns > self._newest_ns.get(station, 0):
            self._newest_ns[station] = time_ns
            self._last_sample.labels(station).set(time_ns / NANOSECONDS)

    def set_waiting(self, n_records: int) -> None:
        """Tell how many records wait."""
        self._waiting.set(n_records)
