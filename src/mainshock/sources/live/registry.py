"""The sources of packets by name, and the choice of one for what a user names."""

from collections.abc import Callable

from mainshock.core.errors import SettingsError
from mainshock.core.registry import Registry
from mainshock.sources.live.base import LiveSource, SourceSettings

__all__ = ["PACKET_SOURCES", "open_packet_source"]

PACKET_SOURCES: Registry[Callable[[str, SourceSettings], LiveSource]] = Registry(
    "packet source",
    {
        "demo": "mainshock.sources.live.demo:open_demo",
        "load": "mainshock.sources.live.load:open_load",
        "replay": "mainshock.sources.live.replay:open_replay",
        "seedlink": "mainshock.sources.live.seedlink:open_seedlink_3",
        "seedlink4": "mainshock.sources.live.seedlink:open_seedlink_4",
        "udp": "mainshock.sources.live.datagrams:open_datagrams",
    },
)


def open_packet_source(spec: str, settings: SourceSettings | None = None) -> LiveSource:
    """Return the source of packets that a text names.

    Parameters
    ----------
    spec
        ``replay:PATH``, ``demo``, ``seedlink://HOST:PORT/STREAMS``,
        ``seedlink4://HOST:PORT/STREAMS``, ``udp://HOST:PORT/NET.STA`` or ``load:N``.
    settings
        How to run it; None: as it comes.

    Raises
    ------
    SettingsError
        If the text names no source, or a source cannot be run so.
    SourceError
        If what is named cannot be a source.

    Examples
    --------
    >>> open_packet_source("load:20").is_synthetic
    True
    """
    kind, _, rest = spec.strip().partition(":")
    if kind not in PACKET_SOURCES:
        raise SettingsError(
            f"{spec!r} names no source of packets; it begins with one of "
            f"{', '.join(PACKET_SOURCES.names())}, such as replay:/archive/sds or "
            "seedlink://localhost:18000/GR_FUR:HH?"
        )
    return PACKET_SOURCES.load(kind)(rest.removeprefix("//"), settings or SourceSettings())
