"""A service over real records, and a real browser that looks at its page."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tools_at_hand import absent

from mainshock.core.records import Event
from mainshock.core.times import to_posix_s
from mainshock.detect.network import NetworkPicker
from mainshock.forecast.aftershock_table import aftershock_table
from mainshock.forecast.issuing import IssueSettings, issue_forecast
from mainshock.forecast.live import LiveEvent, LiveForecast, LiveSettings
from mainshock.pipeline.demo import DEMO_CASES, run_case
from mainshock.pipeline.results import CaseResult
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.page import built_page
from mainshock.serve.run import ServiceThread
from mainshock.sources.seismicity.catalogue import days_of
from mainshock.sources.stations import StationList
from mainshock.stream.board import LiveBoard
from mainshock.stream.forecast_board import ForecastBoard
from mainshock.stream.records import (
    EventVersion,
    ForecastVersion,
    LivePick,
    StationHealth,
    VersionKind,
    VersionStatus,
)
from mainshock.stream.store.live_store import LiveStore

sys.path.insert(0, str(Path(__file__).parents[2] / "forecast"))
from live_model import info_of, past, small_model

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

WAIT_MS = 20_000
_GRAPHICS = "GL Driver Message"  # what a software renderer says of screenshots
ISSUED = datetime(2026, 1, 1, tzinfo=UTC)
MODELS = {"picker": "phasenet", "associator": "grid", "velocity": "constant:4.35,2.38"}


@pytest.fixture(scope="session")
def page_folder() -> Path:
    folder = built_page()
    if folder is None:
        absent("the web page is not built; run `make web`")
        raise AssertionError
    return folder


@pytest.fixture(scope="session")
def browser(page_folder: Path) -> "Iterator[Browser]":
    executable = shutil.which("chromium")
    if executable is None:
        absent("no chromium; install the system packages by `make ci-system`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="session")
def case() -> CaseResult:
    """Three small events near Unterhaching, found in the records inside ObsPy."""
    return run_case(DEMO_CASES[0], NetworkPicker())


def version_of(
    event: Event,
    version: int,
    status: VersionStatus = "settled",
    kind: VersionKind = "new",
    reason: str = "",
) -> EventVersion:
    return EventVersion(event.event_id, version, kind, status, event, ISSUED, reason, MODELS)


@pytest.fixture(name="version_of", scope="session")
def _version_of() -> Callable[..., EventVersion]:
    return version_of


def live_picks(case: CaseResult) -> list[LivePick]:
    instruments = {f"{w.network}.{w.station}": w.instrument for w in case.waveforms}
    return [
        LivePick(
            f"pick-{number}", 1, "new", "settled", pick, instruments[pick.station_code], ISSUED
        )
        for number, pick in enumerate(case.picks)
    ]


def health_of(case: CaseResult) -> list[StationHealth]:
    return [
        StationHealth(
            trace_id=one.trace_id,
            channels=tuple(
                f"{one.instrument}{letter}"
                for letter, is_there in zip("ZNE", one.has_component, strict=True)
                if is_there
            ),
            sampling_rate_hz=one.sampling_rate_hz,
            last_sample=one.end,
            updated=one.end,
            latency_s=1.8,
            counts={"ok": 412, "late": 3 * number},
            gaps=number,
            gap_s=4.5 * number,
        )
        for number, one in enumerate(case.waveforms)
    ]


def put_records(board: LiveBoard, case: CaseResult, shift_s: float = 0.0) -> None:
    """Put all records and curves on the board, with their times shifted."""
    for one in case.waveforms:
        start_ns = round((to_posix_s(one.start) + shift_s) * 1e9)
        for letter, is_there, samples in zip("ZNE", one.has_component, one.samples, strict=True):
            if is_there:
                board.put(f"{one.trace_id}{letter}", start_ns, one.sampling_rate_hz, samples)
        curves = case.curves[one.trace_id]
        for phase, probability in zip(curves.phases, curves.probability, strict=True):
            if phase in ("P", "S"):
                trace_id = f"{one.trace_id}_{phase}"
                board.put(trace_id, start_ns, curves.sampling_rate_hz, probability)


@pytest.fixture(name="put_records", scope="session")
def _put_records() -> Callable[..., None]:
    return put_records


@pytest.fixture
def make_context(
    tmp_path: Path, case: CaseResult, page_folder: Path
) -> Iterator[Callable[..., ServiceContext]]:
    """Return a maker of contexts over a store with the case's events."""
    stores: list[LiveStore] = []

    def make(source: str = "demo", token: str | None = None) -> ServiceContext:
        store = LiveStore.open(tmp_path / f"live-{len(stores)}.sqlite")
        stores.append(store)
        store.save_picks(live_picks(case))
        first, second = case.events[:2]
        store.save_events([version_of(first, 1, "preliminary")])
        store.save_events([version_of(first, 2, kind="update", reason="two more stations")])
        store.save_events([version_of(second, 1)])
        store.save_health(health_of(case))
        board = LiveBoard(120.0)
        put_records(board, case)
        return ServiceContext(
            store=store,
            archive=tmp_path,
            stations=StationList(case.stations),
            board=board,
            source=source,
            settings=ServiceSettings(port=0, token=token, page=page_folder),
        )

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def context(make_context: Callable[..., ServiceContext]) -> ServiceContext:
    return make_context()


@pytest.fixture
def service(context: ServiceContext) -> Iterator[ServiceThread]:
    with ServiceThread(context) as running:
        yield running


@pytest.fixture
def told(context: ServiceContext) -> Iterator[ServiceThread]:
    """A service that has something to show in every view."""
    now = days_of(datetime.now(UTC))
    fitted = replace(info_of().settings, start_days=now - 1001.0, end_days=now - 1.0)
    live = LiveForecast(small_model(settings=fitted), past(until=now), now, LiveSettings(200))
    settings = IssueSettings("the test region", "the survey")
    board = ForecastBoard()
    board.open(settings, "")
    board.put(live, now)
    event_id = context.store.events()[0].event_id
    main = LiveEvent(event_id, now, -117.4, 34.1, 6.0)
    context.store.save_forecasts(
        [
            ForecastVersion(one.forecast_id, one.event_id, one.issued, one.as_document(), 3, "ab")
            for one in (
                issue_forecast(live, settings),
                aftershock_table(main, 1, now, settings, live),
            )
        ]
    )
    with ServiceThread(replace(context, forecasts=board, is_live=True)) as running:
        yield running


@dataclass
class Watched:
    """A page with what went wrong on it, and what it asked others for."""

    page: "Page"
    host: str
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def on_request(self, request: "Request") -> None:
        if not request.url.startswith((self.host, "data:", "blob:")):
            self.outside.append(request.url)

    def assert_clean(self, allowed: Sequence[str] = ()) -> None:
        unexpected = [one for one in self.errors if not any(part in one for part in allowed)]
        assert unexpected == []
        assert self.outside == []


@pytest.fixture
def visit(browser: "Browser") -> Iterator[Callable[..., Watched]]:
    """Return a function that opens a page of a service."""
    contexts = []

    def go(
        service: ServiceThread,
        path: str = "/",
        *,
        width: int = 1360,
        height: int = 900,
        scheme: str = "light",
    ) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        watched = Watched(page, service.url)
        page.on("pageerror", lambda error: watched.errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                watched.errors.append(message.text)
                if message.type in ("error", "warning") and _GRAPHICS not in message.text
                else None
            ),
        )
        page.on("request", watched.on_request)
        page.goto(service.url + path)
        return watched

    yield go
    for context in contexts:
        context.close()
