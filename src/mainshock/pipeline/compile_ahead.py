"""Has the machine code of the location made by a process of its own, before it is needed.

Compiling takes ten seconds and 120 MB once after each installation. A process that runs for months
would keep the memory, and its first event would wait for the compiler.
"""

import logging
import pickle
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from tempfile import TemporaryFile

import numpy as np

from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Pick, Station, Waveform
from mainshock.events.base import Associator
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.likelihood import grid_likelihood
from mainshock.pipeline.locating import EventBuilder, locate_picks
from mainshock.signal.compiled import is_kept
from mainshock.signal.filters import bandpass
from mainshock.signal.peaks import half_widths, peaks_above
from mainshock.signal.resample import resample_waveform

__all__ = ["CompilerProcess", "made_up_picks"]

_log = logging.getLogger(__name__)
_MODULE = "mainshock.pipeline.compile_ahead"
_LONGEST_S = 120.0
_N_STATIONS, _DEPTH_KM, _AWAY_DEG = 8, 8.0, 0.05
_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class CompilerProcess:
    """Locates a made-up event in another process, whose machine code this one then loads.

    Parameters
    ----------
    process
        The other process, or None where the machine code lies on disk already.
    end_s
        Monotonic time at which it is given up.
    """

    process: "subprocess.Popen[bytes] | None"
    end_s: float

    @classmethod
    def start(
        cls, builder: EventBuilder, associator: Associator, travel_times: TravelTimeModel
    ) -> "CompilerProcess":
        """Start it, if there is something to compile; returns at once.

        Where it cannot be started the machine code is made when it is needed.
        """
        end_s = time.monotonic() + _LONGEST_S
        try:
            if is_kept(grid_likelihood):
                return cls(None, end_s)
            process = _started(pickle.dumps((builder, associator, travel_times)))
        except (OSError, TypeError, AttributeError, pickle.PicklingError) as error:
            _log.warning("the location is compiled when it is needed: %s", error)
            return cls(None, end_s)
        return cls(process, end_s)

    def is_busy(self) -> bool:
        """Return whether it is still at work; one that takes too long is ended."""
        if self.process is None:
            return False
        ended = self.process.poll()
        if ended is not None:
            if ended:
                _log.warning("the compiler ended with %d; the rest is compiled later", ended)
            self.process = None
            return False
        if time.monotonic() > self.end_s:
            _log.warning("the compiler took more than %g s and was ended", _LONGEST_S)
            self.stop()
            return False
        return True

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _started(parts: bytes) -> "subprocess.Popen[bytes]":
    """Return the other process; it reads the parts from a file, however slowly."""
    with TemporaryFile() as file:
        file.write(parts)
        file.seek(0)
        command = [sys.executable, "-P", "-m", _MODULE]  # no modules of the working folder
        return subprocess.Popen(command, stdin=file, stdout=subprocess.DEVNULL)  # noqa: S603


def made_up_picks(stations: Sequence[Station], travel_times: TravelTimeModel) -> list[Pick]:
    """Return P and S of an earthquake near the first station, as those stations would pick it."""
    longitude, latitude = stations[0].longitude + _AWAY_DEG, stations[0].latitude
    picks = []
    for station in stations:
        away_km = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
        for phase in ("P", "S"):
            travel_s = float(travel_times.travel_time_s(phase, away_km, _DEPTH_KM, 0.0))
            when = _TIME + timedelta(seconds=travel_s)
            picks.append(Pick(station.network, station.station, "", phase, when, 0.9, 0.1, "none"))
    return picks


def _main() -> None:
    """Locate a made-up event with what comes on standard input, after some filters and peaks."""
    noise = np.random.default_rng(0).normal(size=(3, 500))
    record = Waveform("XX", "A", "", "HH", _TIME, 50.0, noise.astype(np.float32))
    half_widths(noise[0], peaks_above(noise[0], 0.0, 10))
    bandpass(resample_waveform(record, 100.0).samples, 100.0, 1.0, 20.0)
    builder, associator, travel_times = pickle.load(sys.stdin.buffer)  # noqa: S301 - our parent's
    picks = made_up_picks(list(islice(builder.stations, _N_STATIONS)), travel_times)
    locate_picks(picks, builder, associator, travel_times, np.random.default_rng(0))


if __name__ == "__main__":
    _main()
