"""Everything that runs live in one process: the live path, the service and SeedLink."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry

from mainshock.core.errors import MainshockError
from mainshock.core.records import Pick
from mainshock.detect.base import Picker
from mainshock.pipeline.outputs import write_located
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.live.base import LiveSource
from mainshock.stream.alerts.config import AlertSettings
from mainshock.stream.bus import Message
from mainshock.stream.run import LiveRun, LocationParts
from mainshock.stream.run_folder import RunFolder
from mainshock.stream.store.live_store import LiveStore
from mainshock.stream.store.queries import EventQuery

__all__ = ["Monitor", "MonitorSettings", "write_results"]

_RING_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MonitorSettings:
    """How a monitor runs.

    Parameters
    ----------
    folder
        Where it keeps its files.
    service
        Address, token and page.
    seedlink_port
        Port of the SeedLink server; 0 takes a free one, None runs none.
    keep
        How long picks, and old versions of events, stay in the store.
    """

    folder: RunFolder
    service: ServiceSettings
    seedlink_port: int | None = 18000
    keep: timedelta = timedelta(days=30)


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
        self.run = LiveRun(
            folder,
            self.source,
            self.picker,
            self.location,
            self.alerts,
            registry,
            on_records=self._serve_records,
            keep=self.settings.keep,
        )
        context = ServiceContext(
            store=self.run.store,
            archive=folder.archive,
            stations=self.location.builder.stations,
            inventory=self.location.inventory,
            board=self.run.board,
            metrics=registry,
            is_ready=lambda: self._state,
            source=f"{self.source.name}: {self.source.label}",
            is_synthetic=self.source.is_synthetic,
            settings=self.settings.service,
        )
        self.service = ServiceThread(context)
        if self.settings.seedlink_port is not None:
            self.seedlink = SeedLinkServer(
                SeedLinkSettings(
                    host=self.settings.service.host,
                    port=self.settings.seedlink_port,
                    ring_bytes=_RING_BYTES,
                    archive=folder.archive,
                    state_file=folder.root / "seedlink-number",
                    token=self.settings.service.token,
                ),
                metrics=registry,
            )

    def start(self, say: Callable[[str], None]) -> None:
        """Start the service, then SeedLink, then the live path.

        Raises
        ------
        SourceError
            If the port of the page is taken.
        """
        self.service.start()
        if self.seedlink is not None:
            try:
                self.seedlink.start()
            except MainshockError as error:
                say(f"no SeedLink server: {error}")
                self.seedlink = None
        self.run.start()
        self._state = ""

    def wait_for_end(self, stop: threading.Event) -> bool:
        """Wait until the source has ended and return True; False if ``stop`` was set before.

        Raises
        ------
        MainshockError
            What made the source fail.
        """
        while not stop.is_set():
            if self.run.feed.wait(0.2):
                if self.run.feed.error is not None:
                    raise self.run.feed.error
                self.run.finish()
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


def write_results(store: LiveStore, folder: Path) -> dict[str, str]:
    """Write events and picks of a store as a batch run writes them, and return the paths.

    Events that were cancelled, and picks, are left out; picks of an event carry its id.

    Raises
    ------
    SourceError
        If the folder cannot be written.
    """
    versions = store.events(EventQuery(limit=None, order="time"))
    whole = [store.event(one.event_id) for one in versions]
    events = [one.event for one in whole if one is not None]
    owner = {_key(pick): event.event_id for event in events for pick in event.picks}
    picks = [one.pick for one in store.picks(limit=None)]
    named = [replace(pick, event_id=owner.get(_key(pick), "")) for pick in picks]
    return write_located(folder, events, named)


def _key(pick: Pick) -> tuple[str, str, object]:
    return pick.station_code, pick.phase, pick.time

