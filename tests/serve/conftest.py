"""A service over a store with real events, picks of the same records, alerts and an archive."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest

from mainshock.core.records import Event, Station
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.demo import DEMO_CASES, run_case
from mainshock.pipeline.results import CaseResult
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.sources.fragments import Fragment, FragmentHeader, ns_from_datetime
from mainshock.sources.miniseed_records import encode_records
from mainshock.sources.stations import StationList
from mainshock.stream.board import LiveBoard
from mainshock.stream.records import Alert, EventVersion, LivePick, StationHealth
from mainshock.stream.store.live_store import LiveStore

ISSUED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
MakeContext = Callable[..., ServiceContext]


@pytest.fixture(scope="session")
def found() -> CaseResult:
    """What the main job finds in four stations' real records."""
    return run_case(DEMO_CASES[0], NetworkPicker())


def versions_of(event: Event) -> list[EventVersion]:
    """A first word with fewer arrivals, and the last one."""
    early = replace(event, arrivals=event.arrivals[:4], quality="D")
    told = EventVersion(event.event_id, 1, "new", "preliminary", early, ISSUED)
    return [
        told,
        EventVersion(
            event.event_id,
            2,
            "update",
            "settled",
            event,
            ISSUED + timedelta(seconds=9),
            "two more stations",
            {"picker": "phasenet"},
        ),
    ]


@pytest.fixture(scope="session")
def events(found: CaseResult) -> list[Event]:
    """The events in the store."""
    return list(found.events)


@pytest.fixture(scope="session")
def trace() -> Fragment:
    """Two minutes of a trace with a gap of a second after the first minute, as the archive has."""
    rng = np.random.default_rng(7)
    samples = rng.integers(-1000, 1000, 12_000, dtype=np.int32)
    start_ns = ns_from_datetime(datetime(2010, 5, 27, 23, 59, 0, tzinfo=UTC))
    header = FragmentHeader("BW", "UH1", "", "EHZ", start_ns, 100.0, samples.size)
    return Fragment(header, samples)


def write_archive(root: Path, trace: Fragment) -> None:
    """Write all but a second of a trace to an SDS archive, all records in the first day's file."""
    header = trace.header
    folder = root / "2010" / header.network / header.station / f"{header.channel}.D"
    folder.mkdir(parents=True)
    parts = []
    for first, past_last in ((0, 6000), (6100, 12_000)):
        start_ns = header.start_ns + first * 10_000_000
        part = replace(header, start_ns=start_ns, n_samples=past_last - first)
        parts += encode_records(Fragment(part, trace.samples[first:past_last]))
    (folder / f"{header.trace_id}.D.2010.147").write_bytes(b"".join(parts))


@pytest.fixture(scope="session")
def folder(tmp_path_factory, found: CaseResult, trace: Fragment) -> Path:
    """A folder with a filled store and an archive."""
    root = tmp_path_factory.mktemp("service")
    write_archive(root / "sds", trace)
    with LiveStore.open(root / "mainshock.sqlite") as store:
        for event in found.events:
            store.save_events(versions_of(event))
        store.save_picks(
            [
                LivePick(f"pick-{number}", 1, "new", "settled", pick, "EH", ISSUED)
                for number, pick in enumerate(found.picks)
            ]
        )
        event_id = found.events[0].event_id
        store.save_alerts(
            [Alert(f"all/log/{event_id}", event_id, 1, "new", "all", "log", ISSUED, "sent")]
        )
        store.save_health([health_of("BW.UH1..EH"), health_of("BW.UH2..SH")])
    return root


def health_of(trace_id: str) -> StationHealth:
    return StationHealth(trace_id, ("EHZ",), 100.0, ISSUED, ISSUED, 1.5, {"ok": 7}, 1, 2.0)


@pytest.fixture(scope="session")
def store(folder: Path) -> Iterator[LiveStore]:
    """The filled store; tests add nothing to it."""
    with LiveStore.open(folder / "mainshock.sqlite") as opened:
        yield opened


@pytest.fixture(scope="session")
def make_context(folder: Path, store: LiveStore, found: CaseResult) -> MakeContext:
    """A maker of contexts over the filled store."""

    def make(host: str = "127.0.0.1", token: str | None = None, **others) -> ServiceContext:
        fields = {
            "store": store,
            "archive": folder / "sds",
            "stations": StationList(found.stations),
            "source": "replay:test",
            "settings": ServiceSettings(host, 0, token, others.pop("page", None)),
        }
        return ServiceContext(**{**fields, **others})

    return make


@pytest.fixture(scope="session")
def service(make_context: MakeContext) -> Iterator[ServiceThread]:
    """The running service."""
    board = LiveBoard()
    board.put("BW.UH1..EHZ", 1_700_000_000_000_000_000, 100.0, np.arange(1000.0))
    with ServiceThread(make_context(board=board)) as running:
        yield running


@pytest.fixture(scope="session")
def client(service: ServiceThread) -> Iterator[httpx.Client]:
    """A client of the running service."""
    with httpx.Client(base_url=service.url, timeout=60.0) as opened:
        yield opened


@pytest.fixture
def empty_store(tmp_path: Path) -> Iterator[LiveStore]:
    """A store that a test may fill."""
    with LiveStore.open(tmp_path / "own.sqlite") as opened:
        yield opened


@pytest.fixture
def empty_context(empty_store: LiveStore, tmp_path: Path) -> ServiceContext:
    """A context over an empty store, with a board."""
    return ServiceContext(
        empty_store,
        tmp_path,
        StationList([Station("BW", "UH1", 11.636, 48.082, 500.0)]),
        board=LiveBoard(),
        settings=ServiceSettings(port=0),
    )
