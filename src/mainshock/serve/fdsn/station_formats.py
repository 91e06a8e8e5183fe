"""Networks, stations and channels as StationXML and as the standard's text."""

import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from obspy import Inventory

__all__ = ["STATION_TEXT_HEADERS", "stations_as_text", "stations_as_xml"]

STATION_TEXT_HEADERS = {
    "network": "#Network|Description|StartTime|EndTime|TotalStations",
    "station": "#Network|Station|Latitude|Longitude|Elevation|SiteName|StartTime|EndTime",
    "channel": (
        "#Network|Station|Location|Channel|Latitude|Longitude|Elevation|Depth|Azimuth|Dip|"
        "SensorDescription|Scale|ScaleFreq|ScaleUnits|SampleRate|StartTime|EndTime"
    ),
}
_UNKNOWN_START = "1970-01-01T00:00:00"
"""Readers demand a start of every epoch, also where nobody knows it."""
Epoch = Any  # ObsPy's Network, Station or Channel, which are untyped


def stations_as_xml(inventory: "Inventory", level: str) -> bytes:
    """Return a StationXML document.

    Parameters
    ----------
    level
        ``"network"``, ``"station"``, ``"channel"`` or ``"response"``: how much is told.
    """
    buffer = io.BytesIO()
    inventory.write(buffer, format="STATIONXML", level=level)
    return buffer.getvalue()


def stations_as_text(inventory: "Inventory", level: str) -> str:
    """Return one line for each network, station or channel, or an empty text where there is none.

    Parameters
    ----------
    level
        ``"network"``, ``"station"`` or ``"channel"``.
    """
    lines: list[tuple[object, ...]] = []
    for network in inventory.networks:
        if level == "network":
            lines.append(_network(network))
        for station in network.stations:
            if level == "station":
                lines.append(_station(network, station))
            elif level == "channel":
                lines += [_channel(network, station, channel) for channel in station.channels]
    if not lines:
        return ""
    texts = ("|".join(map(_text, line)) for line in lines)
    return "\n".join([STATION_TEXT_HEADERS[level], *texts]) + "\n"


def _network(network: Epoch) -> tuple[object, ...]:
    total = network.total_number_of_stations
    counted = total if total is not None else len(network.stations)
    return (network.code, network.description, *_span(network), counted)


def _station(network: Epoch, station: Epoch) -> tuple[object, ...]:
    return (
        network.code,
        station.code,
        station.latitude,
        station.longitude,
        station.elevation,
        station.site.name if station.site is not None else None,
        *_span(station, network),
    )


def _channel(network: Epoch, station: Epoch, channel: Epoch) -> tuple[object, ...]:
    response = channel.response
    sensitivity = None if response is None else response.instrument_sensitivity
    sensor = channel.sensor
    return (
        network.code,
        station.code,
        channel.location_code,
        channel.code,
        channel.latitude,
        channel.longitude,
        channel.elevation,
        channel.depth,
        channel.azimuth,
        channel.dip,
        None if sensor is None else sensor.description or sensor.type,
        None if sensitivity is None else sensitivity.value,
        None if sensitivity is None else sensitivity.frequency,
        None if sensitivity is None else sensitivity.input_units,
        channel.sample_rate,
        *_span(channel, station, network),
    )


def _span(epoch: Epoch, *around: Epoch) -> tuple[object, object]:
    """Return start and end of an epoch; the start of what is around it where it has none."""
    starts = (one.start_date for one in (epoch, *around) if one.start_date is not None)
    return next(starts, _UNKNOWN_START), epoch.end_date


def _text(value: object) -> str:
    """Return a column: nothing for None, times without zone, numbers as short as they are."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{float(value):.10g}"  # plain, not ObsPy's float with uncertainty
    text = str(value).replace("|", "/").replace("\n", " ").replace("\r", " ")
    return text.removesuffix("Z") if hasattr(value, "timestamp") else text
