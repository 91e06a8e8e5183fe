"""Sources of packets: archives played back, servers, datagrams and a generator of load."""

from mainshock.sources.live.base import LiveSource, Pace, SourceSettings, Timing
from mainshock.sources.live.registry import PACKET_SOURCES, open_packet_source

__all__ = [
    "PACKET_SOURCES",
    "LiveSource",
    "Pace",
    "SourceSettings",
    "Timing",
    "open_packet_source",
]
