"""Stations and their coordinates, from tables or StationXML."""

import difflib
import glob
import logging
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import obspy

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Station
from mainshock.sources.table_files import TABLE_SUFFIXES, read_table, row_name, write_table

__all__ = ["StationList", "read_inventory", "read_stations", "write_stations"]

_COLUMNS = ("network", "station", "longitude", "latitude", "elevation_m")
_SAME_PLACE_KM = 0.1
_SAME_ELEVATION_M = 100.0
_log = logging.getLogger(__name__)


class StationList:
    """Stations with coordinates, found by their codes.

    Parameters
    ----------
    stations
        In any order; a station that repeats at the same place counts once.

    Raises
    ------
    DataError
        If a code stands for two places more than 100 m apart.

    Examples
    --------
    >>> stations = StationList([Station("BW", "UH1", 11.636, 48.082, 400.0)])
    >>> stations.find("", "UH1").code
    'BW.UH1'
    """

    def __init__(self, stations: Iterable[Station]) -> None:
        self._by_code: dict[tuple[str, str], Station] = {}
        for station in stations:
            known = self._by_code.setdefault((station.network, station.station), station)
            _require_same_place(known, station)

    def __iter__(self) -> Iterator[Station]:
        """Yield the stations in the order they were given."""
        return iter(self._by_code.values())

    def __len__(self) -> int:
        """Return the number of different stations."""
        return len(self._by_code)

    def find(self, network: str, station: str) -> Station:
        """Return the station with these codes.

        Parameters
        ----------
        network, station
            FDSN codes. Where the list has no such pair, the station code alone decides, if only
            one station bears it.

        Raises
        ------
        DataError
            If there is no such station, or the station code alone is ambiguous.
        """
        exact = self._by_code.get((network, station))
        if exact is not None:
            return exact
        matches = [one for one in self._by_code.values() if one.station == station]
        if len(matches) > 1:
            codes = ", ".join(sorted(one.code for one in matches))
            raise DataError(
                f"station {network}.{station} is not in the list and its code alone is ambiguous: "
                f"{codes}; state the network"
            )
        if not matches:
            raise DataError(self._unknown(network, station))
        if network and matches[0].network:
            _log.info("station %s.%s is taken as %s", network, station, matches[0].code)
        return matches[0]

    def _unknown(self, network: str, station: str) -> str:
        near = difflib.get_close_matches(
            station.upper(),
            sorted({one.station for one in self._by_code.values()}),
            n=3,
            cutoff=0.5,
        )
        codes = [one.code for one in self._by_code.values() if one.station in near]
        hint = f"near matches: {', '.join(codes)}" if codes else f"it holds {len(self)} others"
        return f"no station {network}.{station} in the station list; {hint}"


def _require_same_place(one: Station, other: Station) -> None:
    distance_km = float(
        geodesic_distance_km(one.longitude, one.latitude, other.longitude, other.latitude)
    )
    if (
        distance_km <= _SAME_PLACE_KM
        and abs(one.elevation_m - other.elevation_m) <= _SAME_ELEVATION_M
    ):
        return
    raise DataError(
        f"station {one.code} stands twice with different coordinates: "
        f"{one.longitude:g}, {one.latitude:g}, {one.elevation_m:g} m and "
        f"{other.longitude:g}, {other.latitude:g}, {other.elevation_m:g} m; keep one"
    )


def read_stations(path: str | Path) -> StationList:
    """Return the stations in a table or a StationXML file.

    Parameters
    ----------
    path
        ``.csv`` or ``.parquet`` with ``network,station,longitude,latitude,elevation_m`` (other
        columns are ignored), or StationXML and whatever else ObsPy reads as an inventory.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If a column is missing, a row is not possible, or a code stands for two places.

    Notes
    -----
    A station of an inventory gets the place of its latest epoch, and the elevation of most of
    its channels less their depth below the surface.
    """
    path = Path(path)
    stations = _from_table(path) if path.suffix.lower() in TABLE_SUFFIXES else _from_xml(path)
    if not stations:
        raise DataError(f"{path} holds no station; one row per station is needed")
    return StationList(stations)


def write_stations(path: Path, stations: Iterable[Station]) -> None:
    """Write the table that ``read_stations`` reads.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    import pandas as pd  # noqa: PLC0415 - 60 MB that the live path need not carry

    rows = [{name: getattr(station, name) for name in _COLUMNS} for station in stations]
    write_table(path, pd.DataFrame(rows, columns=list(_COLUMNS)))


def _from_table(path: Path) -> list[Station]:
    table = read_table(path, _COLUMNS)
    stations: list[Station] = []
    for label, network, station, *numbers in table[list(_COLUMNS)].itertuples():
        try:
            longitude, latitude, elevation_m = (
                _number(name, text) for name, text in zip(_COLUMNS[2:], numbers, strict=True)
            )
            stations.append(Station(network, station, longitude, latitude, elevation_m))
        except RecordError as error:
            raise DataError(f"{row_name(path, label)}: {error}") from error
    return stations


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise RecordError(f"{name} is {text!r}; it must be a number") from error


def read_inventory(path: str | Path) -> obspy.Inventory:
    """Return the inventory, with instrument responses, in a StationXML or similar file.

    Raises
    ------
    SourceError
        If the file does not exist or ObsPy does not understand it.
    """
    path = Path(path)
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a StationXML file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # doubts about optional elements concern no caller
            return obspy.read_inventory(glob.escape(str(path)))
    except Exception as error:  # ObsPy's readers raise errors of every type
        raise SourceError(
            f"{path} is no station inventory that ObsPy reads ({type(error).__name__}: {error}); "
            "give StationXML, or a table named .csv or .parquet"
        ) from error


def _from_xml(path: Path) -> list[Station]:
    latest: dict[tuple[str, str], Any] = {}
    for network in read_inventory(path):
        for station in network:
            code = (network.code, station.code)
            known = latest.get(code)
            if known is None or _epoch_start(station) >= _epoch_start(known):
                latest[code] = station
    return [_station_of(path, network, epoch) for (network, _), epoch in latest.items()]


def _epoch_start(epoch: Any) -> float:  # an ObsPy station or channel
    return float(epoch.start_date.timestamp) if epoch.start_date is not None else float("-inf")


def _station_of(path: Path, network: str, epoch: Any) -> Station:
    elevations_m = [
        float(channel.elevation) - float(channel.depth or 0.0)
        for channel in epoch.channels
        if channel.elevation is not None
    ]
    if not elevations_m and epoch.elevation is None:
        raise DataError(
            f"{path}, station {network}.{epoch.code}: it has no elevation; each station needs a "
            "latitude, a longitude and an elevation"
        )
    usual_m = Counter(elevations_m).most_common(1)[0][0] if elevations_m else epoch.elevation
    try:
        return Station(
            network, epoch.code, float(epoch.longitude), float(epoch.latitude), float(usual_m)
        )
    except RecordError as error:
        raise DataError(f"{path}, station {network}.{epoch.code}: {error}") from error
