"""What the service shows: everything that a route may ask for, handed over once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from mainshock.stream.board import LiveBoard
from mainshock.stream.forecast_board import ForecastBoard

if TYPE_CHECKING:  # ObsPy and the database would delay the start of whoever only hands them on
    from obspy import Inventory

    from mainshock.sources.stations import StationList
    from mainshock.stream.store.live_store import LiveStore

__all__ = ["ServiceContext", "ServiceSettings"]


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How the service answers.

    Parameters
    ----------
    host, port
        Where it listens. Anything but a loopback address requires a token.
    token
        What callers must show (``Authorization: Bearer TOKEN``), or None on loopback.
    page
        Folder of the built web page, or None where it was not built.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    page: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ServiceContext:
    """Everything that routes read.

    Parameters
    ----------
    store
        Picks, events, alerts and health.
    archive
        SDS root that records are written to.
    stations
        Stations with coordinates.
    inventory
        Their StationXML as ObsPy reads it, or None where only coordinates are known.
    board
        Latest traces, or None where nothing runs live.
    metrics
        What ``/metrics`` shows.
    is_ready
        Returns an empty text, or why the service is not ready yet.
    source
        What the records come from, as the user named it.
    is_synthetic
        Whether all of it is made up.
    is_live
        Whether records come as they are recorded, so that their age counts from now.
    settings
        How the service answers.
    forecasts
        The live state of the forecast, or None where nothing runs live.
    forecast_max_age
        Age of the newest data from which on a forecast is withdrawn.
    """

    store: "LiveStore"
    archive: Path
    stations: "StationList"
    inventory: "Inventory | None" = None
    board: LiveBoard | None = None
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)
    is_ready: Callable[[], str] = str
    source: str = ""
    is_synthetic: bool = False
    is_live: bool = False
    settings: ServiceSettings = field(default_factory=ServiceSettings)
    forecasts: ForecastBoard | None = None
    forecast_max_age: timedelta = timedelta(hours=6)
