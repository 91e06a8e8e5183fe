"""How packets are judged."""

from dataclasses import dataclass
from typing import Literal

from mainshock.core.errors import SettingsError

__all__ = ["CLOCKS", "PACKET_KINDS", "Clock", "IngestSettings", "PacketKind"]

Clock = Literal["machine", "stream"]
PacketKind = Literal[
    "ok", "late", "duplicate", "overlap", "corrupt", "truncated", "clock", "unknown"
]
CLOCKS: tuple[Clock, ...] = ("machine", "stream")
PACKET_KINDS: tuple[PacketKind, ...] = (
    "ok",
    "late",
    "duplicate",
    "overlap",
    "corrupt",
    "truncated",
    "clock",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class IngestSettings:
    """How packets are judged, and how much of them is remembered.

    Parameters
    ----------
    clock
        ``"machine"``: packets arrive as they are recorded and carry the time they arrived at.
        ``"stream"``: packets of the past in order of arrival; what the stations' records agree on
        is the time.
    future_s
        With the machine's clock: a record that ends later than this after its arrival is wrong.
    lead_s
        With the stream's clock: a record that runs ahead of it by more must be confirmed.
    window_s
        A record behind the newest one of its channel by at most this fills its gap whatever it
        looks like; an older one must join on to what is there.
    recent_s
        How many seconds of samples a channel keeps to compare overlaps with.
    oldest_days
        With the machine's clock: a channel does not start with records older than this.
    max_held
        Records of a channel that wait to be confirmed.
    max_starting
        Channels that wait for their second record.
    max_segments
        Segments of a channel that are remembered; beyond it the oldest is forgotten.

    Raises
    ------
    SettingsError
        If a value makes no sense.
    """

    clock: Clock = "machine"
    future_s: float = 60.0
    lead_s: float = 30.0
    window_s: float = 600.0
    recent_s: float = 180.0
    oldest_days: float = 30.0
    max_held: int = 64
    max_starting: int = 1000
    max_segments: int = 20_000

    def __post_init__(self) -> None:
        if self.clock not in CLOCKS:
            raise SettingsError(f"clock is {self.clock!r}; it must be machine or stream")
        for name in ("future_s", "lead_s", "window_s", "recent_s", "oldest_days"):
            value = getattr(self, name)
            if not 0.0 < value < 1e9:
                raise SettingsError(f"{name} is {value!r}; it must be positive, at most 1e9")
        for name in ("max_held", "max_starting", "max_segments"):
            value = getattr(self, name)
            if value < 2:
                raise SettingsError(f"{name} is {value!r}; it must be at least 2")
