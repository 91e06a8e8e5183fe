"""A replay of archived records that can be paused, made faster, and stopped."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.live.base import Timing
from mainshock.sources.live.replay import ReplaySource
from mainshock.sources.packets import Packet

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["SteeredReplay"]

_LOOK_S = 0.2
_LEAST_S = 0.001  # less may not move the clock at all


class SteeredReplay:
    """Gives the records of an archive at a pace that may change while it runs.

    Parameters
    ----------
    archive
        Gives the records, without a pace of its own (``speed=0``).
    speed
        How many times faster than recorded; 0: as fast as they are taken.
    timing
        Clock and sleep.
    is_synthetic
        Whether the archive's records are made up.

    Attributes
    ----------
    reached_ns
        Stream time of the last packet given, nanoseconds since 1970; 0 before the first.
    """

    is_live = False
    label = "replay of archived records"

    def __init__(
        self,
        archive: ReplaySource,
        speed: float,
        timing: Timing | None = None,
        *,
        is_synthetic: bool = False,
    ) -> None:
        self.is_synthetic = is_synthetic
        self.archive = archive
        self.root = archive.root
        self.name = archive.name
        self.reached_ns = 0
        self._timing = timing or Timing()
        self._speed = speed
        self._is_paused = False
        self._origin_ns = 0
        self._origin_s = 0.0
        self._steering = threading.Lock()

    @property
    def speed(self) -> float:
        """How many times faster than recorded."""
        return self._speed

    @property
    def is_paused(self) -> bool:
        """Whether no record is given at present."""
        return self._is_paused

    def steer(self, speed: float | None = None, is_paused: bool | None = None) -> None:
        """Change the pace from now on; what is None stays."""
        with self._steering:
            if speed is not None:
                self._speed = speed
            if is_paused is not None:
                self._is_paused = is_paused
            self._origin_ns, self._origin_s = self.reached_ns, self._timing.elapsed_s()

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield the records, each no earlier than its time has come."""
        for packet in self.archive.packets(stop):
            if self.reached_ns == 0:
                self.reached_ns = packet.arrival_ns
                self.steer()
            while not self._is_due(packet.arrival_ns):
                if stop.is_set():
                    return
                remaining_s = self._remaining_s(packet.arrival_ns)
                self._timing.wait(stop, min(_LOOK_S, max(_LEAST_S, remaining_s)))
            self.reached_ns = max(self.reached_ns, packet.arrival_ns)
            yield packet

    def stations(self) -> "StationList | None":
        """Return the stations beside the archive, or None."""
        return self.archive.stations()

    def inventory(self) -> "Inventory | None":
        """Return the instrument responses beside the archive, or None."""
        return self.archive.inventory()

    def _is_due(self, arrival_ns: int) -> bool:
        return not self._is_paused and self._remaining_s(arrival_ns) <= 0.0

    def _remaining_s(self, arrival_ns: int) -> float:
        """Return seconds until a packet is due, were it not paused; at least a look while it is."""
        with self._steering:
            if self._is_paused:
                return _LOOK_S
            if self._speed == 0.0:
                return 0.0
            since_s = (arrival_ns - self._origin_ns) / NANOSECONDS / self._speed
            return self._origin_s + since_s - self._timing.elapsed_s()
