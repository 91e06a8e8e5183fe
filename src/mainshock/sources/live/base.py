"""What every live source takes and offers beyond its packets."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from mainshock.core.errors import SettingsError
from mainshock.core.times import require_utc
from mainshock.sources.fragments import NANOSECONDS, TimeWindow, ns_from_datetime
from mainshock.sources.packets import PacketSource

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["LiveSource", "Pace", "SourceSettings", "Timing"]

_BEGINNING_NS = -(2**63)
_END_NS = 2**63 - 1
_LONGEST_WAIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Timing:
    """The clocks and the sleep of a source; tests pass their own.

    Parameters
    ----------
    wall_ns
        Nanoseconds since 1970.
    elapsed_s
        Seconds of a clock that never jumps.
    wait
        Waits for an event at most so many seconds, and returns whether it is set.
    """

    wall_ns: Callable[[], int] = time.time_ns
    elapsed_s: Callable[[], float] = time.monotonic
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How a source is run; each source takes what concerns it.

    Parameters
    ----------
    speed
        How many times faster than recorded a replay, the demonstration or the generator runs; 0
        or infinity: as fast as packets are taken.
    start, end
        UTC. A replay gives the records that hold samples from ``start`` up to ``end``; the
        generator begins and ends there.
    stations
        Patterns of ``NET.STA`` such as ``"BW.UH*"``; a replay gives what matches one of them.
    state_folder
        Where SeedLink clients note how far they came, so that a restart goes on there; None: each
        start begins with what the server has next.
    packet_s
        Seconds of record in each packet of the generator, 1 to 10; 4 fill a record of 512 bytes.
    seed
        Of the generator's noise, stations and earthquakes.
    timing
        Clocks and sleep.

    Raises
    ------
    SettingsError
        If the speed is negative, the end is not after the start, or ``packet_s`` is out of range.
    RecordError
        If ``start`` or ``end`` carries no time zone.
    """

    speed: float = 1.0
    start: datetime | None = None
    end: datetime | None = None
    stations: tuple[str, ...] = ("*",)
    state_folder: Path | None = None
    packet_s: int = 1
    seed: int = 0
    timing: Timing = field(default_factory=Timing)

    def __post_init__(self) -> None:
        if math.isnan(self.speed) or self.speed < 0.0:
            raise SettingsError(
                f"speed is {self.speed:g}; give 1 for real time, more for faster, 0 for no pauses"
            )
        if not 1 <= self.packet_s <= 10:
            raise SettingsError(f"packet_s is {self.packet_s}; it must lie between 1 and 10")
        window = self.window()
        if window.start_ns >= window.end_ns:
            raise SettingsError(f"end {self.end} is not after start {self.start}")

    def window(self) -> TimeWindow:
        """Return the time between start and end; all of time where neither is given."""
        start, end = self.start, self.end
        return TimeWindow(
            _BEGINNING_NS if start is None else ns_from_datetime(require_utc(start, "start")),
            _END_NS if end is None else ns_from_datetime(require_utc(end, "end")),
        )

    def wants(self, network: str, station: str) -> bool:
        """Return whether a station matches one of the patterns."""
        return any(fnmatchcase(f"{network}.{station}", pattern) for pattern in self.stations)


@runtime_checkable
class LiveSource(PacketSource, Protocol):
    """A source of packets that also says what it is and where its stations stand."""

    @property
    def label(self) -> str:
        """What a viewer must know of these records, in a few words."""
        ...

    def stations(self) -> "StationList | None":
        """Return the stations with coordinates, or None where the source knows none."""
        ...

    def inventory(self) -> "Inventory | None":
        """Return the instrument responses, or None where the source knows none."""
        ...


class Pace:
    """Waits until packets are due, so that stream time passes ``speed`` times as fast as time.

    Parameters
    ----------
    speed
        0 or infinity: everything is due at once.
    timing
        Clock and sleep.
    origin_ns
        Stream time of the moment of making, or None: that of the first packet.
    """

    def __init__(self, speed: float, timing: Timing, origin_ns: int | None = None) -> None:
        self._speed = 0.0 if math.isinf(speed) else speed
        self._timing = timing
        self._origin_ns = origin_ns
        self._origin_s = timing.elapsed_s()

    def wait_for(self, arrival_ns: int, stop: threading.Event) -> bool:
        """Return true when a packet is due, false as soon as ``stop`` is set."""
        if self._speed == 0.0:
            return not stop.is_set()
        if self._origin_ns is None:
            self._origin_ns, self._origin_s = arrival_ns, self._timing.elapsed_s()
        due_s = self._origin_s + (arrival_ns - self._origin_ns) / NANOSECONDS / self._speed
        while not stop.is_set():
            remaining_s = due_s - self._timing.elapsed_s()
            if remaining_s <= 0.0:
                return True
            self._timing.wait(stop, min(remaining_s, _LONGEST_WAIT_S))
        return False
