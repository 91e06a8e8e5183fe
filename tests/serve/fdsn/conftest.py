"""The three FDSN services over real data, on a real socket."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from mainshock.core.records import Magnitude, StationMagnitude
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.demo import DEMO_CASES, run_case
from mainshock.serve.context import ServiceContext
from mainshock.serve.routes import fdsn_dataselect, fdsn_event, fdsn_station
from mainshock.sources.stations import StationList, read_inventory, read_stations
from mainshock.stream.records import EventVersion
from mainshock.stream.store.live_store import LiveStore

ISSUED = datetime(2024, 5, 1, 12, tzinfo=UTC)


def make_app(context: ServiceContext, **dataselect: int) -> FastAPI:
    """Return an application with nothing but the FDSN services."""
    app = FastAPI()
    app.include_router(fdsn_event.router(context))
    app.include_router(fdsn_station.router(context))
    app.include_router(fdsn_dataselect.router(context, **dataselect))
    return app


@pytest.fixture(scope="session")
def versions() -> list[EventVersion]:
    """Events found in the bundled records, with magnitudes for some of them.

    The records carry no instrument response, so magnitudes are made up. The third event is a
    cancelled one, the last one comes from made-up records.
    """
    events = run_case(DEMO_CASES[0], NetworkPicker()).events
    assert len(events) >= 3
    first = events[0]
    moved = [
        replace(
            first,
            event_id=f"moved-{index}",
            origin=replace(
                first.origin,
                time=first.origin.time + timedelta(hours=index),
                longitude=longitude,
                latitude=latitude,
            ),
            magnitude=Magnitude(index / 2.0, "ML" if index % 2 else "Mw", 0.2, 4),
            station_magnitudes=(StationMagnitude("BW.UH1", "ML", 1.0, 0.0, "S", 10.0, {}),),
        )
        for index, (longitude, latitude) in enumerate(
            [(179.5, -17.0), (-179.5, -17.5), (12.0, 48.0), (0.0, 0.0), (-120.0, 36.0)], start=1
        )
    ]
    kinds = ["new"] * (len(events) + len(moved))
    kinds[2] = "cancel"
    return [
        EventVersion(
            event.event_id,
            1,
            kinds[index],
            "preliminary" if index % 2 else "settled",
            event,
            ISSUED + timedelta(minutes=index),
            is_synthetic=event is moved[-1],
        )
        for index, event in enumerate([*events, *moved])
    ]


@pytest.fixture(scope="session")
def shown(versions: list[EventVersion]) -> list[EventVersion]:
    """The events that the service must tell of, newest first."""
    told = [version for version in versions if version.kind != "cancel"]
    return sorted(told, key=lambda one: one.event.origin.time, reverse=True)


@pytest.fixture(scope="session")
def store(
    tmp_path_factory: pytest.TempPathFactory, versions: list[EventVersion]
) -> Iterator[LiveStore]:
    with LiveStore.open(tmp_path_factory.mktemp("store") / "live.db") as opened:
        opened.save_events(versions)
        yield opened


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., str]]:
    """Starts servers that last as long as the tests; returns their addresses."""
    with ExitStack() as listeners:
        running: list[tuple[uvicorn.Server, threading.Thread]] = []

        def start(context: ServiceContext, **dataselect: int) -> str:
            # asyncio sends small answers at once only where the protocol is stated
            listener = listeners.enter_context(
                socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            )
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            app = make_app(context, **dataselect)
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            running.append((server, thread))
            return f"http://127.0.0.1:{listener.getsockname()[1]}"

        yield start
        for server, _ in running:
            server.should_exit = True
        for _, thread in running:
            thread.join()


@pytest.fixture(scope="session")
def event_url(store: LiveStore, serve: Callable[..., str], tmp_path_factory) -> str:
    """A server with events and stations, and an archive that is empty."""
    archive = tmp_path_factory.mktemp("archive")
    return serve(ServiceContext(store, archive, DEMO_CASES[0].stations()))


@pytest.fixture(scope="session")
def archive_url(store: LiveStore, serve: Callable[..., str]) -> Callable[..., str]:
    """Serves an archive without stations."""

    def start(archive: Path, **dataselect: int) -> str:
        return serve(ServiceContext(store, archive, StationList([])), **dataselect)

    return start


@pytest.fixture(scope="session")
def region_url(store: LiveStore, data_dir: Path, serve: Callable[..., str]) -> Callable[[str], str]:
    """Serves one of the regions with continuous records."""

    @cache
    def start(name: str) -> str:
        folder = data_dir / "continuous" / name
        stations = read_stations(folder / "stations.csv")
        inventory = read_inventory(folder / "stations.xml")
        return serve(ServiceContext(store, folder / "sds", stations, inventory))

    return start
