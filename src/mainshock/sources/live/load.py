"""A generator of load: many made-up stations with noise and small earthquakes."""

import heapq
import math
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.core.records import Station
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.live.base import Pace, SourceSettings
from mainshock.sources.live.synthetic_motion import (
    COMPONENTS,
    COUNTS_PER_M_S,
    RATE_HZ,
    SyntheticEarthquake,
    SyntheticMotion,
)
from mainshock.sources.miniseed_records import encode_records
from mainshock.sources.packets import Packet

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["LoadSource", "open_load"]

_MOST_STATIONS = 10_000
_NETWORK = "XX"  # the FDSN keeps this code for tests
_LOCATION = "00"
_KM_A_DEGREE = 111.19
_SPACING_KM = 15.0
_SAMPLE_NS = NANOSECONDS // RATE_HZ


class LoadSource:
    """Three-component stations at 100 Hz with noise and an earthquake every two minutes.

    Parameters
    ----------
    n_stations
        1 to 10,000.
    settings
        Speed, start, end, ``packet_s`` and seed. At speed 1 without a start the source is live:
        the records end now; otherwise it can wait for a slow reader.

    Raises
    ------
    SettingsError
        If the number of stations is out of range.

    Notes
    -----
    The stations stand on a shaken grid, 15 km apart, around 0 N 0 E, where nobody looks for real
    ones. The same seed and start give the same bytes.
    """

    is_synthetic = True
    label = "synthetic load: made-up stations, noise and earthquakes"

    def __init__(self, n_stations: int, settings: SourceSettings) -> None:
        if not 1 <= n_stations <= _MOST_STATIONS:
            raise SettingsError(
                f"load:{n_stations} is not possible; give 1 to {_MOST_STATIONS} stations"
            )
        self.n_stations = n_stations
        self.settings = settings
        self.name = f"load:{n_stations}"
        self.is_live = settings.start is None and settings.speed == 1.0
        start_ns = (
            settings.timing.wall_ns() if settings.start is None else settings.window().start_ns
        )
        self._start_ns = -(-start_ns // NANOSECONDS) * NANOSECONDS
        self._places = _places(n_stations, settings.seed)
        self._motion = SyntheticMotion(self._places, settings.seed)

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield the records in order of their ends, until ``end`` or without one."""
        timing = self.settings.timing
        origin_ns = timing.wall_ns() if self.is_live else self._start_ns
        pace = Pace(self.settings.speed, timing, origin_ns)
        for end_ns, station, first_sample in self._turns():
            if end_ns > self.settings.window().end_ns or not pace.wait_for(end_ns, stop):
                return
            for record in self._records(station, first_sample):
                yield Packet(record, timing.wall_ns() if self.is_live else end_ns, self.name)

    def earthquakes(self, duration_s: float) -> list[SyntheticEarthquake]:
        """Return the earthquakes of the first ``duration_s`` seconds, with their times."""
        return self._motion.earthquakes(self._start_ns, duration_s)

    def stations(self) -> "StationList | None":
        """Return the made-up stations."""
        from mainshock.sources.stations import StationList  # noqa: PLC0415  loads ObsPy

        return StationList(self._places)

    def inventory(self) -> "Inventory | None":
        """Return responses that are flat in velocity."""
        from mainshock.sources.live.synthetic_inventory import (  # noqa: PLC0415  loads ObsPy
            flat_inventory,
        )

        return flat_inventory(self._places, COMPONENTS, _LOCATION, RATE_HZ, COUNTS_PER_M_S)

    def _turns(self) -> Iterator[tuple[int, int, int]]:
        """Yield end of packet, number of the station and of its first sample since the start.

        The stations take turns within each packet's length, as digitisers do, so that the load
        is even.
        """
        n_samples = self.settings.packet_s * RATE_HZ
        turns = [
            (
                self._start_ns + (n_samples + station * n_samples // self.n_stations) * _SAMPLE_NS,
                station,
                station * n_samples // self.n_stations,
            )
            for station in range(self.n_stations)
        ]
        heapq.heapify(turns)
        while True:
            end_ns, station, first_sample = turns[0]
            yield end_ns, station, first_sample
            heapq.heapreplace(
                turns, (end_ns + n_samples * _SAMPLE_NS, station, first_sample + n_samples)
            )

    def _records(self, station: int, first_sample: int) -> Iterator[bytes]:
        n_samples = self.settings.packet_s * RATE_HZ
        counts: NDArray[np.int32] = self._motion.counts(station, first_sample, n_samples)
        start_ns = self._start_ns + first_sample * _SAMPLE_NS
        code = self._places[station].station
        for component, samples in zip(COMPONENTS, counts, strict=True):
            header = FragmentHeader(
                _NETWORK, code, _LOCATION, f"HH{component}", start_ns, float(RATE_HZ), n_samples
            )
            yield from encode_records(Fragment(header, samples))


def _places(n_stations: int, seed: int) -> list[Station]:
    rng = np.random.default_rng([seed, 1])
    n_columns = math.ceil(math.sqrt(n_stations))
    places = []
    for number in range(n_stations):
        row, column = divmod(number, n_columns)
        shaken = rng.uniform(-0.3, 0.3, 2)
        east_km, north_km = _SPACING_KM * (np.array([column, row]) - (n_columns - 1) / 2 + shaken)
        longitude, latitude = (round(float(km) / _KM_A_DEGREE, 5) for km in (east_km, north_km))
        places.append(Station(_NETWORK, f"L{number:04d}", longitude, latitude, 0.0))
    return places


def open_load(rest: str, settings: SourceSettings) -> LoadSource:
    """Return the source of ``load:N``.

    Raises
    ------
    SettingsError
        If N is no number of stations.
    """
    if not rest.isascii() or not rest.isdigit() or len(rest) > 6:
        raise SettingsError(f"load:{rest} states no number of stations; write load:100")
    return LoadSource(int(rest), settings)
