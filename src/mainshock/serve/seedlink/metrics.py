"""What the SeedLink server counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

__all__ = ["SeedLinkMetrics"]


class SeedLinkMetrics:
    """Counters and gauges of one server.

    Parameters
    ----------
    registry
        Where they are shown. A registry takes each name only once: one server for each.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.clients = Gauge("mainshock_seedlink_clients", "Open connections.", registry=registry)
        self.connections = Counter(
            "mainshock_seedlink_connections_total",
            "Connections by what became of them: served, refused (too many), lagging, stalled, "
            "silent or failed.",
            ["outcome"],
            registry=registry,
        )
        self.packets = Counter(
            "mainshock_seedlink_packets_sent_total", "Data packets sent.", registry=registry
        )
        self.bytes = Counter(
            "mainshock_seedlink_bytes_sent_total", "Bytes of data packets sent.", registry=registry
        )
        self.records = Counter(
            "mainshock_seedlink_records_total",
            "Records handed to the server: accepted, or refused as unsound.",
            ["outcome"],
            registry=registry,
        )
        self.ring_bytes = Gauge(
            "mainshock_seedlink_ring_bytes", "Bytes kept for clients.", registry=registry
        )
