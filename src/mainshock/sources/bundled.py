"""Real records that the ObsPy wheel carries: the demonstration's input on any machine.

Two cases: ``"uh"``, four stations of the Bavarian network near Unterhaching with small induced
earthquakes of 2010-05-27, and ``"rjob"``, a local earthquake of 2009-08-24 at one station.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import obspy
from numpy.typing import NDArray
from pyproj import Transformer

from mainshock.core.errors import SettingsError, SourceError
from mainshock.core.records import Origin, Pick, Station, Waveform
from mainshock.sources.base import SkippedInput
from mainshock.sources.event_files import read_event_picks
from mainshock.sources.stations import StationList, read_inventory
from mainshock.sources.waveforms import FileSource

__all__ = [
    "CASES",
    "BundledSource",
    "inventory",
    "record_paths",
    "stations",
    "uh_reference_origin",
    "uh_reference_picks",
]

CASES = ("rjob", "uh")
_NETWORK = "BW"
_GAUSS_KRUEGER_ZONE_4 = "EPSG:31468"
_GEOGRAPHIC = "EPSG:4326"


class BundledSource:
    """Waveforms of one of the bundled cases.

    Parameters
    ----------
    case
        ``"uh"`` or ``"rjob"``.

    Attributes
    ----------
    skipped
        After an iteration: what could not be used, with the reason.

    Raises
    ------
    SettingsError
        If there is no such case.
    SourceError
        If the installed ObsPy carries no such records.
    """

    def __init__(self, case: str = "uh") -> None:
        self.case = case
        self._files = FileSource(record_paths(case))
        self.skipped: list[SkippedInput] = []

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self._files)

    def __iter__(self) -> Iterator[Waveform]:
        """Yield the waveforms in order of station, instrument and time."""
        yield from self._files
        self.skipped = self._files.skipped


def record_paths(case: str) -> list[Path]:
    """Return the record files of a case, sorted.

    Raises
    ------
    SettingsError
        If there is no such case.
    SourceError
        If the installed ObsPy carries no such records.
    """
    if _checked(case) == "rjob":
        return [_in_wheel("core/data/example.npz")]
    folder = _in_wheel("signal/tests/data")
    paths = sorted(folder.glob("BW.UH[1-4]._.*.slist.gz"))
    if not paths:
        raise SourceError(f"no BW.UH records in {folder}; install the ObsPy wheel from PyPI")
    return paths


def stations(case: str) -> StationList:
    """Return the stations of a case with their coordinates.

    Raises
    ------
    SettingsError
        If there is no such case.
    SourceError
        If the installed ObsPy carries no such files.
    """
    return _rjob_stations() if _checked(case) == "rjob" else _uh_stations()


def inventory(case: str) -> obspy.Inventory | None:
    """Return the instrument responses of a case, or None where the wheel carries none.

    Raises
    ------
    SettingsError
        If there is no such case.
    SourceError
        If the installed ObsPy carries no such file.
    """
    if _checked(case) != "rjob":
        return None
    return read_inventory(_in_wheel("core/data/BW_GR_misc.xml")).select(station="RJOB")


def uh_reference_picks() -> list[Pick]:
    """Return an analyst's eight picks of the event of 2010-05-27T16:56:24 at UH1 to UH4."""
    return read_event_picks(_in_wheel("io/nlloc/tests/data/nlloc.obs"))


def uh_reference_origin() -> Origin:
    """Return the hypocentre that NonLinLoc found from ``uh_reference_picks``.

    Notes
    -----
    Depth is that of the file, whose datum is sea level. NonLinLoc states no error of the origin
    time; the root mean square of the residuals stands for it.
    """
    lines = _solution_lines()
    x_km, y_km, depth_km = (float(lines["HYPOCENTER"][index]) for index in (2, 4, 6))
    longitude, latitude = _geographic(x_km, y_km)
    year, month, day, hour, minute = (int(word) for word in lines["GEOGRAPHIC"][2:7])
    minute_begins = datetime(year, month, day, hour, minute, tzinfo=UTC)
    second_s = float(lines["GEOGRAPHIC"][7])
    covariance = _covariance_km2(lines["STATISTICS"])
    spread_km = np.sqrt(np.diag(covariance))
    return Origin(
        time=minute_begins + timedelta(seconds=second_s),
        longitude=longitude,
        latitude=latitude,
        depth_km=depth_km,
        time_sd_s=float(_after(lines["QUALITY"], "RMS")),
        east_sd_km=float(spread_km[0]),
        north_sd_km=float(spread_km[1]),
        depth_sd_km=float(spread_km[2]),
        covariance_km2=covariance,
        velocity_model="NonLinLoc grids that the file does not describe",
        flags=("reference",),
    )


def _checked(case: str) -> str:
    if case not in CASES:
        raise SettingsError(f"no bundled case is called {case!r}; known cases: {', '.join(CASES)}")
    return case


def _in_wheel(relative: str) -> Path:
    path = Path(obspy.__file__).parent / relative
    if not path.exists():
        raise SourceError(f"{path} is absent; install the ObsPy wheel from PyPI, tests included")
    return path


def _geographic(east_km: float, north_km: float) -> tuple[float, float]:
    """Return longitude and latitude of Gauss-Krüger coordinates (zone 4, Potsdam datum)."""
    transformer = Transformer.from_crs(_GAUSS_KRUEGER_ZONE_4, _GEOGRAPHIC, always_xy=True)
    longitude, latitude = transformer.transform(east_km * 1e3, north_km * 1e3)
    return float(longitude), float(latitude)


def _solution() -> list[list[str]]:
    text = _in_wheel("io/nlloc/tests/data/nlloc_custom.hyp").read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line.strip()]


def _solution_lines() -> dict[str, list[str]]:
    return {words[0]: words for words in _solution()}


def _uh_stations() -> StationList:
    """Return the stations beside the phases of the NonLinLoc solution."""
    rows = _solution()
    begin = next(number for number, words in enumerate(rows) if words[0] == "PHASE") + 1
    end = next(number for number, words in enumerate(rows) if words[0] == "END_PHASE")
    found: dict[str, Station] = {}
    for words in rows[begin:end]:
        # after ">": predicted time, residual, weight, then the station's X, Y, Z in km
        x_km, y_km, z_km = (float(word) for word in words[words.index(">") + 4 :][:3])
        longitude, latitude = _geographic(x_km, y_km)
        found[words[0]] = Station(_NETWORK, words[0], longitude, latitude, -1e3 * z_km)
    return StationList(found[code] for code in sorted(found))


def _rjob_stations() -> StationList:
    responses = inventory("rjob")
    if responses is None:
        raise SourceError("the installed ObsPy carries no inventory of BW.RJOB")
    place = responses.get_coordinates("BW.RJOB..EHZ", obspy.UTCDateTime("2009-08-24T00:20:03"))
    return StationList(
        [
            Station(
                _NETWORK,
                "RJOB",
                float(place["longitude"]),
                float(place["latitude"]),
                float(place["elevation"]) - float(place["local_depth"]),
            )
        ]
    )


def _after(words: list[str], name: str) -> str:
    return words[words.index(name) + 1]


def _covariance_km2(words: list[str]) -> NDArray[np.float64]:
    """Return the covariance of east, north and down from a line of statistics."""
    xx, xy, xz, yy, yz, zz = (
        float(_after(words, name)) for name in ("CovXX", "XY", "XZ", "YY", "YZ", "ZZ")
    )
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
