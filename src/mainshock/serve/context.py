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

    from mainshock.pipeline.locating import EventBuilder
    from mainshock.serve.replay_runs import ReplayParts
    from mainshock.serve.security.settings import SecuritySettings
    from mainshock.sources.stations import StationList
    from mainshock.stream.model_choice.of_run import RunModels
    from mainshock.stream.monitoring.flags import DriftBoard
    from mainshock.stream.store.live_store import LiveStore

__all__ = ["ServiceContext", "ServiceSettings"]


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How the service answers.

    Parameters
    ----------
    host, port
        Where it listens. Anything but a loopback address requires a token or accounts.
    token
        What callers must show (``Authorization: Bearer TOKEN``), or None on loopback.
    page
        Folder of the built web page, or None where it was not built.
    accounts
        Whether callers must sign in; where the store has accounts they must in any case.
    security
        How the service guards itself; None: by the defaults.
    key_file
        Where the keys that sign tokens are kept, or None for keys that end with the process.
    tls_cert, tls_key
        PEM files of the certificate with its chain, and of its key; None for no TLS.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    token: str | None = None
    page: Path | None = None
    accounts: bool = False
    security: "SecuritySettings | None" = None
    key_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None


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
    builder
        What locates events here, or None: then events are located anew by the velocity model that
        they name.
    replay_parts
        What replays that readers start work with, or None where none can be started.
    drift
        Channels and pickers that are not what they used to be, or None where nothing runs live.
    pass_reviews_on
        Has the stages that follow events told of a review that was just kept, or None where nothing
        runs live: then the monitor that writes to the store finds it there.
    models
        The model in use and the one beside it, or None where nothing runs live.
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
    builder: "EventBuilder | None" = None
    replay_parts: "ReplayParts | None" = None
    drift: "DriftBoard | None" = None
    pass_reviews_on: "Callable[[], None] | None" = None
    models: "RunModels | None" = None
