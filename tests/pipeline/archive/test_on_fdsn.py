"""The archive of a data centre: our own FDSN services on a loopback port."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from midnight_archive_files import MIDNIGHT

from mainshock.core.errors import NothingFoundError, SettingsError, UnreachableError
from mainshock.pipeline.archive.base import Selection
from mainshock.pipeline.archive.executors import make_executor
from mainshock.pipeline.archive.fdsn_archive import FdsnArchive
from mainshock.pipeline.archive.opening import open_archive
from mainshock.pipeline.archive.run import run_archive
from mainshock.pipeline.archive.units import ArchiveJob
from mainshock.pipeline.datasets.fdsn_download import WebClient
from mainshock.pipeline.demo import DEMO_CASES
from mainshock.serve.context import ServiceContext
from mainshock.serve.routes import fdsn_dataselect, fdsn_station
from mainshock.sources.trace_files import scan_fragments
from mainshock.stream.store.live_store import LiveStore

SERIAL = make_executor("serial")
TWO_DAYS = Selection(MIDNIGHT - timedelta(hours=1), MIDNIGHT + timedelta(hours=1), ("UH3", "UH4"))


class Centre:
    """A data centre, and what it does before it answers."""

    def __init__(self) -> None:
        self.url = ""
        self.refuse = 0
        self.most_s = 10.0 * 86_400.0
        self.asked: list[str] = []
        self.listed = ""

    def answer(self, request: Request) -> Response | None:
        self.asked.append(request.url.path)
        if self.listed and "station" in request.url.path:
            return Response(self.listed, media_type="text/plain")
        if "dataselect" in request.url.path:
            if self.refuse > 0:
                self.refuse -= 1
                return Response(status_code=503)
            times = [request.query_params[name] for name in ("starttime", "endtime")]
            if _seconds(*times) > self.most_s:
                return Response("too much", status_code=413)
        return None


def _seconds(begin: str, end: str) -> float:
    from mainshock.core.times import parse_utc

    return (parse_utc(end) - parse_utc(begin)).total_seconds()


@pytest.fixture(scope="module")
def running(midnight_archive, tmp_path_factory):
    centre = Centre()
    app = FastAPI()

    @app.middleware("http")
    async def first(request: Request, call_next):
        return centre.answer(request) or await call_next(request)

    with LiveStore.open(tmp_path_factory.mktemp("store") / "live.db") as store:
        context = ServiceContext(store, midnight_archive, DEMO_CASES[0].stations())
        app.include_router(fdsn_station.router(context))
        app.include_router(fdsn_dataselect.router(context))
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen(64)
            server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none"))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            centre.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield centre
            server.should_exit = True
            thread.join()


@pytest.fixture
def centre(running):
    running.refuse, running.most_s, running.listed = 0, 10.0 * 86_400.0, ""
    running.asked.clear()
    return running


def test_a_data_centre_gives_the_picks_of_its_archive(centre, midnight_archive, tmp_path):
    from_disk = run_archive(
        ArchiveJob(str(midnight_archive), str(tmp_path / "disk")), TWO_DAYS, SERIAL
    )
    job = ArchiveJob(f"fdsn:{centre.url}", str(tmp_path / "web"))
    from_web = run_archive(job, TWO_DAYS, SERIAL)
    assert not from_web.failures
    assert len(from_web.reports) == 4
    assert from_web.picks == from_disk.picks
    assert any(abs((pick.time - MIDNIGHT).total_seconds()) < 1.0 for pick in from_web.picks)
    assert centre.asked.count("/fdsnws/dataselect/1/query") == 4
    again = run_archive(job, TWO_DAYS, SERIAL, resume=True)
    assert again.skipped == 4
    assert centre.asked.count("/fdsnws/dataselect/1/query") == 4


def test_a_busy_data_centre_is_asked_again_later(centre):
    client = WebClient(first_pause_s=0.01)
    archive = FdsnArchive(centre.url, client=client)
    unit = archive.units(TWO_DAYS)[0]
    centre.refuse = 3
    with archive.files_of(unit) as files:
        assert scan_fragments(files[0][1])
    assert centre.asked.count("/fdsnws/dataselect/1/query") == 4
    centre.refuse = 4
    with pytest.raises(UnreachableError, match="4 attempts"), archive.files_of(unit):
        pass


def test_what_is_too_much_is_asked_for_in_parts(centre):
    archive = FdsnArchive(centre.url)
    unit = archive.units(TWO_DAYS)[0]
    with archive.files_of(unit) as files:
        whole = scan_fragments(files[0][1])
    centre.most_s = 30_000.0
    with archive.files_of(unit) as files:
        parts = scan_fragments(files[0][1])
    assert {one.trace_id for one in parts} == {one.trace_id for one in whole}
    assert max(one.end_ns for one in parts) == max(one.end_ns for one in whole)
    assert min(one.start_ns for one in parts) == min(one.start_ns for one in whole)


def test_a_day_without_records_has_no_picks(centre, tmp_path):
    past = Selection(MIDNIGHT - timedelta(days=3), MIDNIGHT - timedelta(days=2), ("UH3",))
    job = ArchiveJob(f"fdsn:{centre.url}/fdsnws", str(tmp_path))
    result = run_archive(job, past, SERIAL)
    assert (len(result.reports), len(result.picks), len(result.failures)) == (1, 0, 0)


def test_times_and_known_stations_are_asked_for(centre):
    archive = open_archive(f"fdsn:{centre.url}")
    with pytest.raises(SettingsError, match="--from"):
        archive.units(Selection())
    with pytest.raises(NothingFoundError, match="ZZZ"):
        archive.units(Selection(TWO_DAYS.start, TWO_DAYS.end, ("ZZZ",)))
    with pytest.raises(SettingsError, match="fdsn:https://"):
        open_archive("fdsn:somewhere")


def test_codes_that_are_none_do_not_become_folders(centre):
    centre.listed = "#Network|Station|rest\nBW|../../etc|\n|UH3|\nBW|UH4|48.0\n"
    units = FdsnArchive(centre.url).units(Selection(TWO_DAYS.start, TWO_DAYS.end))
    assert {(unit.network, unit.station) for unit in units} == {("BW", "UH4")}


def test_a_day_that_was_asked_for_too_early_is_asked_for_again(centre, tmp_path):
    ahead = datetime.now(UTC) + timedelta(days=3)
    job = ArchiveJob(f"fdsn:{centre.url}", str(tmp_path))
    for days in (
        Selection(ahead, ahead + timedelta(seconds=1), ("UH3",)),
        Selection(MIDNIGHT, MIDNIGHT + timedelta(hours=1), ("UH3",)),
    ):
        centre.listed = "#Network|Station|rest\nBW|UH3|48.0\n"
        run_archive(job, days, SERIAL, resume=True)
        again = run_archive(job, days, SERIAL, resume=True)
        assert again.skipped == (0 if days.start == ahead else 1)
