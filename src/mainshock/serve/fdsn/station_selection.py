"""Which networks, stations and channels a request of fdsnws-station asks for."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

from obspy.core import inventory

from mainshock.core.times import to_posix_s
from mainshock.serve.fdsn.area import AREA_PARAMETERS, Area
from mainshock.serve.fdsn.channel_request import CODE_PARAMETERS, ChannelRequest
from mainshock.serve.fdsn.parameters import FdsnError, Parameter, Query
from mainshock.sources.fragments import NANOSECONDS
from mainshock.sources.stations import StationList

__all__ = [
    "POST_PARAMETERS",
    "STATION_PARAMETERS",
    "EpochLimits",
    "StationSelection",
    "inventory_of",
]

_LEVELS = ("network", "station", "channel", "response")
_OPTIONS = (
    Parameter("level", "choice", "station", choices=_LEVELS),
    Parameter("includerestricted", "boolean", "true"),
    Parameter("format", "choice", "xml", choices=("xml", "text")),
    Parameter("nodata", "choice", "204", choices=("204", "404")),
)
_EPOCHS = (
    Parameter("startbefore", "time"),
    Parameter("startafter", "time"),
    Parameter("endbefore", "time"),
    Parameter("endafter", "time"),
)
STATION_PARAMETERS = (
    Parameter("starttime", "time", abbreviation="start"),
    Parameter("endtime", "time", abbreviation="end"),
    *_EPOCHS,
    *CODE_PARAMETERS,
    *AREA_PARAMETERS,
    *_OPTIONS,
)
POST_PARAMETERS = (*_EPOCHS, *AREA_PARAMETERS, *_OPTIONS)
Epoch = Any  # ObsPy's Network, Station or Channel: untyped, all with start_date and end_date
_FAR_S = 1e12


@dataclass(frozen=True, slots=True)
class EpochLimits:
    """When epochs must start and end, in seconds since 1970; None for any time."""

    start_before_s: float | None = None
    start_after_s: float | None = None
    end_before_s: float | None = None
    end_after_s: float | None = None

    @classmethod
    def of(cls, query: Query) -> "EpochLimits":
        """Return the limits that a request states."""
        times = (query.time(one.name) for one in _EPOCHS)
        return cls(*(None if time is None else to_posix_s(time) for time in times))

    def hold(self, epoch: Epoch) -> bool:
        """Return whether an epoch starts and ends as asked."""
        start_s, end_s = _span_s(epoch)
        return (
            (self.start_before_s is None or start_s < self.start_before_s)
            and (self.start_after_s is None or start_s > self.start_after_s)
            and (self.end_before_s is None or end_s < self.end_before_s)
            and (self.end_after_s is None or end_s > self.end_after_s)
        )


def _span_s(epoch: Epoch) -> tuple[float, float]:
    """Return start and end of an epoch in seconds since 1970; far away where it has none."""
    start, end = epoch.start_date, epoch.end_date
    return (
        -_FAR_S if start is None else float(start.timestamp),
        _FAR_S if end is None else float(end.timestamp),
    )


@dataclass(frozen=True, slots=True)
class StationSelection:
    """What a request asks for.

    Parameters
    ----------
    requests
        Channels and times; an epoch that touches one of them counts.
    area
        Where stations lie.
    level
        ``"network"``, ``"station"``, ``"channel"`` or ``"response"``: how much is told.
    epochs
        Limits for the epochs of what is told: networks, stations or channels.
    """

    requests: tuple[ChannelRequest, ...]
    area: Area
    level: str = "station"
    epochs: EpochLimits = EpochLimits()

    @classmethod
    def of(cls, query: Query, requests: tuple[ChannelRequest, ...]) -> "StationSelection":
        """Return what checked parameters ask for.

        Raises
        ------
        FdsnError
            With status 400 if the format does not have the level, or a limit makes no sense.
        """
        level = query.text("level")
        if level == "response" and query.text("format") == "text":
            raise FdsnError(400, "format=text has no level=response; ask for format=xml")
        return cls(requests, Area.of(query), level, EpochLimits.of(query))

    def select(self, known: inventory.Inventory) -> inventory.Inventory:
        """Return a new inventory with what is asked for; its parts are shared with the old one."""
        chosen = copy(known)
        chosen.networks = [
            network for network in map(self._network, known.networks) if network is not None
        ]
        return chosen

    def _network(self, network: Epoch) -> Epoch | None:
        requests = self._touching(network, lambda one: one.has_network(network.code))
        if not requests or (self.level == "network" and not self.epochs.hold(network)):
            return None
        stations = (self._station(station, requests) for station in network.stations)
        chosen = copy(network)
        chosen.stations = [station for station in stations if station is not None]
        is_wanted_whole = self.area.is_everywhere and any(
            "*" in one.stations and one.has_all_channels for one in requests
        )
        is_bare = self.level == "network" and not network.stations and is_wanted_whole
        return chosen if chosen.stations or is_bare else None

    def _station(self, station: Epoch, requests: list[ChannelRequest]) -> Epoch | None:
        if not self.area.contains(float(station.longitude), float(station.latitude)):
            return None
        requests = self._touching(station, lambda one: one.has_station(station.code), requests)
        if not requests or (self.level == "station" and not self.epochs.hold(station)):
            return None
        chosen = copy(station)
        chosen.channels = [
            channel for channel in station.channels if self._has_channel(channel, requests)
        ]
        is_bare = not station.channels and any(one.has_all_channels for one in requests)
        return chosen if chosen.channels or is_bare else None

    def _has_channel(self, channel: Epoch, requests: list[ChannelRequest]) -> bool:
        if self.level in ("channel", "response") and not self.epochs.hold(channel):
            return False
        code, location = channel.code, channel.location_code
        return bool(self._touching(channel, lambda one: one.has_channel(location, code), requests))

    def _touching(
        self,
        epoch: Epoch,
        is_named: Callable[[ChannelRequest], bool],
        requests: list[ChannelRequest] | None = None,
    ) -> list[ChannelRequest]:
        """Return the requests that name an epoch and overlap it in time."""
        start_s, end_s = _span_s(epoch)
        return [
            one
            for one in (self.requests if requests is None else requests)
            if is_named(one)
            and start_s <= one.end_ns / NANOSECONDS
            and one.start_ns / NANOSECONDS <= end_s
        ]


def inventory_of(stations: StationList) -> inventory.Inventory:
    """Return an inventory with the places of stations, without channels."""
    networks: dict[str, list[inventory.Station]] = {}
    for station in stations:
        networks.setdefault(station.network, []).append(
            inventory.Station(
                code=station.station,
                latitude=station.latitude,
                longitude=station.longitude,
                elevation=station.elevation_m,
                site=inventory.Site(name=station.code),
            )
        )
    return inventory.Inventory(
        networks=[inventory.Network(code=code, stations=held) for code, held in networks.items()],
        source="mainshock",
    )
