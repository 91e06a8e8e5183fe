"""Everything that runs live in one process: the live path, the service and SeedLink."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from mainshock.core.errors import MainshockError, SettingsError
from mainshock.core.records import Pick
from mainshock.detect.base import Picker
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.replay_runs import ReplayParts
from mainshock.serve.run import ServiceThread
from mainshock.serve.security import is_loopback
from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.live.backfill import FdsnBackfill
from mainshock.sources.live.base import LiveSource
from mainshock.stream.alerts.config import AlertSettings
from mainshock.stream.bus import Message
from mainshock.stream.bus_choice import BusChoice
from mainshock.stream.forecasts import ForecastSettings
from mainshock.stream.model_choice.settings import ModelSettings
from mainshock.stream.monitoring.process_metrics import show_problems
from mainshock.stream.run import LiveRun, LocationParts
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.address import StoreAddress
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

__all__ = ["Monitor", "MonitorSettings", "write_results"]

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """How a monitor runs.

    Parameters
    ----------
    folder
        Where it keeps its files.
    service
        Address, token and page.
    seedlink_host, seedlink_port
        Where the SeedLink server listens; port 0 takes a free one, None runs none. On a loopback
        address everybody may read; on others clients must show the token of ``service``.
    seedlink_ring_mb
        Records that the SeedLink server keeps for clients that come late, 10^6 bytes.
    keep
        How long picks, and old versions of events, stay in the store.
    data_centre
        Address of FDSN web services to ask for what a live source lost, or None.
    forecasts
        What is forecast.
    store
        Where the store lies; None: a file in the folder.
    bus
        What carries the messages.
    models
        Which pickers serve; None: the one given alone.
    """

    folder: RunFolder
    service: ServiceSettings
    seedlink_host: str = "127.0.0.1"
    seedlink_port: int | None = 18000
    seedlink_ring_mb: float = 64.0
    keep: timedelta = timedelta(days=30)
    data_centre: str | None = None
    forecasts: ForecastSettings = field(default_factory=ForecastSettings)
    store: StoreAddress | None = None
    bus: BusChoice = field(default_factory=BusChoice)
    models: ModelSettings | None = None

    def seedlink(self) -> SeedLinkSettings | None:
        """Return how the SeedLink server serves, or None where there is none.

        Raises
        ------
        SettingsError
            If other machines reach it and there is no token.
        """
        if self.seedlink_port is None:
            return None
        is_local = is_loopback(self.seedlink_host)
        if not is_local and self.service.token is None:
            raise SettingsError(
                f"SeedLink host is {self.seedlink_host}, which other machines reach, and there is "
                "no token; give one in a file by --token-file, or listen on 127.0.0.1"
            )
        return SeedLinkSettings(
            host=self.seedlink_host,
            port=self.seedlink_port,
            ring_bytes=round(self.seedlink_ring_mb * _MEGABYTE),
            archive=self.folder.archive,
            state_file=self.folder.root / "seedlink-number",
            token=None if is_local else self.service.token,
        )


@dataclass(slots=True, eq=False)
class Monitor:
    """A live run with its service.

    Parameters
    ----------
    settings
        How it runs.
    source
        Where packets come from.
    picker, location, alerts
        As :class:`mainshock.stream.run.LiveRun` takes them.
    """

    settings: MonitorSettings
    source: LiveSource
    picker: Picker
    location: LocationParts
    alerts: AlertSettings | None = None
    run: LiveRun = field(init=False)
    service: ServiceThread = field(init=False)
    seedlink: SeedLinkServer | None = field(init=False, default=None)
    _state: str = "starting"

    def __post_init__(self) -> None:
        registry = CollectorRegistry()
        folder = self.settings.folder
        centre = self.settings.data_centre
        self.run = LiveRun(
            folder,
            self.source,
            self.picker,
            self.location,
            self.alerts,
            registry,
            on_records=self._serve_records,
            keep=self.settings.keep,
            data_centre=None if centre is None else FdsnBackfill(centre, attempts=1),
            forecasts=self.settings.forecasts,
            store_address=self.settings.store,
            models=self.settings.models,
            bus_choice=self.settings.bus,
        )
        try:
            self._open_servers(registry)
        except BaseException:
            self.run.stop()
            raise

    def _open_servers(self, registry: CollectorRegistry) -> None:
        folder = self.settings.folder
        context = ServiceContext(
            store=self.run.store,
            archive=folder.archive,
            stations=self.location.builder.stations,
            inventory=self.location.inventory,
            board=self.run.board,
            metrics=registry,
            is_ready=lambda: self._state or self.run.problem,
            source=f"{self.source.name}: {self.source.label}",
            is_synthetic=self.source.is_synthetic,
            is_live=self.source.is_live,
            settings=self.settings.service,
            forecasts=self.run.forecast_board,
            forecast_max_age=self.settings.forecasts.max_age,
            builder=self.location.builder,
            replay_parts=ReplayParts(self.picker, self.location),
            drift=self.run.drift_board,
            pass_reviews_on=self.run.pass_reviews_on,
            models=self.run.serving,
        )
        show_problems(registry, {"process": lambda: self._state, **self.run.problems()})
        self.service = ServiceThread(context)
        served = self.settings.seedlink()
        if served is not None:
            named = replace(served, organisation=_organisation(self.source))
            self.seedlink = SeedLinkServer(named, metrics=registry)

    def start(self, say: Callable[[str], None]) -> None:
        """Start the service, then SeedLink, then the live path.

        Raises
        ------
        SourceError
            If the port of the page is taken.
        """
        try:
            self.service.start()
        except BaseException:
            self.run.stop()
            raise
        if self.seedlink is not None:
            try:
                self.seedlink.start()
            except MainshockError as error:
                say(f"no SeedLink server: {error} by --seedlink-port, or -1 for none")
                self.seedlink = None
        self.run.start()
        self._state = ""

    def wait_for_end(self, stop: threading.Event) -> bool:
        """Wait until all that the source gave is worked on, and return True.

        False if ``stop`` was set before.

        Raises
        ------
        MainshockError
            What made the source fail, or a stage end before its time.
        """
        while not stop.is_set():
            if self.run.feed.wait(0.2):
                if self.run.feed.error is not None:
                    raise self.run.feed.error
                self.run.finish(stop)
                if stop.is_set():
                    return False
                if self.run.problem:
                    raise MainshockError(f"not everything was worked on: {self.run.problem}")
                return True
        return False

    def stop(self) -> None:
        """End everything in order: what still comes is stored, then the service closes."""
        self._state = "stopping"
        if self.seedlink is not None:
            self.seedlink.stop()
        self.service.stop()
        self.run.stop()

    def _serve_records(self, messages: Sequence[Message]) -> None:
        if self.seedlink is not None:
            self.seedlink.publish(messages)


def _organisation(source: LiveSource) -> str:
    """Return what SeedLink clients are told, so that no record loses its label on the way."""
    if source.is_synthetic:
        return "mainshock (synthetic)"
    return "mainshock" if source.is_live else "mainshock (replay)"


def write_results(store: LiveStore, folder: Path) -> dict[str, str]:
    """Write events and picks of a store as a batch run writes them, and return the paths.

    Events that were cancelled, and picks, are left out; picks of an event carry its id.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    from mainshock.pipeline.outputs import write_located  # noqa: PLC0415 - loads matplotlib

    versions = store.events(EventQuery(limit=None, order="time"))
    whole = [store.event(one.event_id) for one in versions]
    events = [one.event for one in whole if one is not None]
    owner = {_key(pick): event.event_id for event in events for pick in event.picks}
    picks = [one.pick for one in store.picks(limit=None)]
    named = [replace(pick, event_id=owner.get(_key(pick), "")) for pick in picks]
    return write_located(folder, events, named)


def _key(pick: Pick) -> tuple[str, str, object]:
    return pick.station_code, pick.phase, pick.time
