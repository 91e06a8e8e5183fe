"""Collecting from our own FDSN services, from files and from tables: whole, once, and again."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import obspy
import pandas as pd
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response

from mainshock.core.errors import (
    NothingFoundError,
    SettingsError,
    SourceError,
    UnreachableError,
)
from mainshock.detect.network import NetworkPicker
from mainshock.pipeline.datasets.check import check_dataset
from mainshock.pipeline.datasets.collect import collect_catalogue, collect_fdsn, collect_files
from mainshock.pipeline.datasets.fdsn_download import WebClient
from mainshock.pipeline.datasets.manifest import DatasetFolder, read_manifest
from mainshock.pipeline.datasets.record_parts import Selection
from mainshock.pipeline.demo import DEMO_CASES, run_case
from mainshock.serve.context import ServiceContext
from mainshock.serve.routes import fdsn_dataselect, fdsn_event, fdsn_station
from mainshock.sources.live.base import Timing
from mainshock.sources.stations import read_inventory, read_stations
from mainshock.stream.records import EventVersion
from mainshock.stream.store.live_store import LiveStore

NAME = "ridgecrest_20190707_0750"
SPAN = {
    "start": datetime(2019, 7, 7, 7, 50, tzinfo=UTC),
    "end": datetime(2019, 7, 7, 8, 30, 1, tzinfo=UTC),
}
CLIENT = WebClient(attempts=2, timing=Timing(wait=lambda *_: False))


class Centre:
    """A data centre on loopback that counts what it is asked for, and fails when told."""

    def __init__(self, context: ServiceContext) -> None:
        self.asked: list[str] = []
        self.failures: list[int] = []
        self.app = FastAPI()
        for service in (fdsn_event, fdsn_station, fdsn_dataselect):
            self.app.include_router(service.router(context))

        @self.app.middleware("http")
        async def count(request: Request, answer: Callable[..., Any]) -> Response:
            self.asked.append(request.url.path)
            if self.failures:
                return Response(status_code=self.failures.pop(0))
            response: Response = await answer(request)
            return response

        self.url = ""

    def n_records_asked(self) -> int:
        return sum("dataselect" in path for path in self.asked)


@pytest.fixture(scope="module")
def running(
    data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Centre, list[EventVersion]]]:
    events = run_case(DEMO_CASES[0], NetworkPicker()).events
    issued = datetime(2024, 5, 1, 12, tzinfo=UTC)
    versions = [EventVersion(one.event_id, 1, "new", "settled", one, issued) for one in events]
    folder = data_dir / "continuous" / NAME
    with ExitStack() as stack:
        path = tmp_path_factory.mktemp("store") / "live.db"
        store = stack.enter_context(LiveStore.open(path))
        store.save_events(versions)
        stations = read_stations(folder / "stations.csv")
        inventory = read_inventory(folder / "stations.xml")
        centre = Centre(ServiceContext(store, folder / "sds", stations, inventory))
        listener = stack.enter_context(
            socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        )
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        server = uvicorn.Server(uvicorn.Config(centre.app, log_level="warning", ws="none"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        centre.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield centre, versions
        server.should_exit = True
        thread.join()


@pytest.fixture
def centre(running: tuple[Centre, list[EventVersion]]) -> Centre:
    running[0].asked.clear()
    running[0].failures.clear()
    return running[0]


def samples(folder: Path) -> dict[str, Any]:
    stream = obspy.read(str(folder / "*/*/*/*.D/*"), format="MSEED").merge(method=-1).sort()
    return {one.id: one.data for one in stream}


def test_a_whole_archive_comes_back_sample_by_sample(centre: Centre, data_dir: Path, tmp_path):
    dataset = DatasetFolder(tmp_path, "CC BY 4.0", "Network PB")
    done = collect_fdsn(dataset, centre.url, Selection(channels=("EH?",), **SPAN), client=CLIENT)
    assert done.n_fetched == 4
    got, wanted = (
        samples(root) for root in (tmp_path / "parts/sds", data_dir / f"continuous/{NAME}/sds")
    )
    assert got.keys() == wanted.keys()
    for name in wanted:
        np.testing.assert_array_equal(got[name], wanted[name])
    manifest = read_manifest(tmp_path)
    assert (manifest.licence, manifest.citation) == ("CC BY 4.0", "Network PB")
    assert len(manifest.parts) == 12
    assert {part.sources for part in manifest.parts} == {(centre.url,)}
    assert check_dataset(tmp_path, np.random.default_rng(0)).wrong_checksums == {}


def test_interrupted_collection_goes_on_where_it_was(centre: Centre, tmp_path):
    seen: list[str] = []

    def stop_after_two(text: str) -> None:
        seen.append(text)
        if len(seen) == 2:
            raise KeyboardInterrupt

    selection = Selection(channels=("EHZ",), **SPAN)
    with pytest.raises(KeyboardInterrupt):
        collect_fdsn(
            DatasetFolder(tmp_path), centre.url, selection, client=CLIENT, progress=stop_after_two
        )
    assert len(read_manifest(tmp_path).parts) == 2
    centre.asked.clear()
    done = collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    assert (done.n_kept, done.n_fetched, centre.n_records_asked()) == (2, 2, 2)
    centre.asked.clear()
    assert collect_fdsn(DatasetFolder(tmp_path), centre.url, selection).n_kept == 4
    assert centre.n_records_asked() == 0


def test_only_a_damaged_part_is_fetched_again(centre: Centre, tmp_path):
    selection = Selection(channels=("EHZ",), **SPAN)
    collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    sound = read_manifest(tmp_path)
    part = sound.parts[1]
    content = bytearray((tmp_path / part.path).read_bytes())
    content[5000] ^= 1
    (tmp_path / part.path).write_bytes(content)
    report = check_dataset(tmp_path, np.random.default_rng(0))
    assert list(report.wrong_checksums) == [part.path]
    centre.asked.clear()
    done = collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    assert (done.n_kept, done.n_fetched, centre.n_records_asked()) == (3, 1, 1)
    assert [one.sha256 for one in read_manifest(tmp_path).parts] == [
        one.sha256 for one in sound.parts
    ]


def test_two_requests_of_one_day_join_in_one_part(centre: Centre, data_dir: Path, tmp_path):
    middle = datetime(2019, 7, 7, 8, 10, tzinfo=UTC)
    codes = {"networks": ("PB",), "stations": ("B916",), "channels": ("EHZ",)}
    for start, end in ((middle, SPAN["end"]), (SPAN["start"], middle)):
        selection = Selection(**codes, start=start, end=end)
        collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    (part,) = read_manifest(tmp_path).parts
    assert len(part.requests) == 2
    (channel,) = check_dataset(tmp_path, np.random.default_rng(0)).channels
    assert channel.n_gaps == 0
    assert channel.n_samples in (240_001, 240_002)  # FDSN times are inclusive on both sides


def test_a_crash_before_the_manifest_was_written_loses_and_repeats_nothing(
    centre: Centre, tmp_path
):
    middle = datetime(2019, 7, 7, 8, 10, tzinfo=UTC)
    codes = {"networks": ("PB",), "stations": ("B916",), "channels": ("EHZ",)}
    first = Selection(**codes, start=SPAN["start"], end=middle)
    second = Selection(**codes, start=middle, end=SPAN["end"])
    collect_fdsn(DatasetFolder(tmp_path), centre.url, first, client=CLIENT)
    old = (tmp_path / "manifest.json").read_bytes()
    collect_fdsn(DatasetFolder(tmp_path), centre.url, second, client=CLIENT)
    (tmp_path / "manifest.json").write_bytes(old)  # the part is newer than what tells of it
    for selection in (first, second):
        done = collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
        assert done.n_fetched == 1
    report = check_dataset(tmp_path, np.random.default_rng(0))
    assert report.wrong_checksums == {}
    assert (report.channels[0].n_gaps, report.channels[0].n_duplicates) == (0, 0)
    assert report.channels[0].n_samples in (240_001, 240_002)


def test_what_is_not_over_yet_is_asked_for_again(centre: Centre, tmp_path):
    def clock() -> int:
        return 1_562_485_800_000_000_000  # 2019-07-07T07:50

    selection = Selection(networks=("PB",), stations=("B916",), channels=("EHZ",), **SPAN)
    for _ in range(2):
        dataset = DatasetFolder(tmp_path, clock=clock)
        assert collect_fdsn(dataset, centre.url, selection, client=CLIENT).n_fetched == 1


def test_a_busy_server_is_asked_again_and_a_lost_one_given_up(centre: Centre, tmp_path):
    selection = Selection(networks=("PB",), stations=("B916",), channels=("EHZ",), **SPAN)
    centre.failures += [503]
    assert collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT).n_fetched
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UnreachableError):
            collect_fdsn(DatasetFolder(tmp_path), url, selection, client=CLIENT)
        with pytest.raises(UnreachableError):
            collect_catalogue(DatasetFolder(tmp_path), url, **SPAN, client=CLIENT)


def test_nothing_there_is_nothing_found(centre: Centre, tmp_path):
    dataset = DatasetFolder(tmp_path)
    selection = Selection(networks=("XX",), stations=("NONE",), **SPAN)
    with pytest.raises(NothingFoundError):
        collect_fdsn(dataset, centre.url, selection, client=CLIENT)
    with pytest.raises(SettingsError, match="--start"):
        collect_fdsn(dataset, centre.url, Selection(), client=CLIENT)


def test_events_of_a_service(running: tuple[Centre, list[EventVersion]], centre: Centre, tmp_path):
    origins = [one.event.origin for one in running[1]]
    year = min(one.time for one in origins).year
    span = {"start": datetime(year, 1, 1, tzinfo=UTC), "end": datetime(year + 2, 1, 1, tzinfo=UTC)}
    done = collect_catalogue(DatasetFolder(tmp_path), centre.url, **span, client=CLIENT)
    assert done.n_items == len(origins)
    table = pd.read_csv(tmp_path / f"parts/catalogue/{year}.csv", parse_dates=["time"])
    assert sorted(table["latitude"]) == pytest.approx(
        sorted(one.latitude for one in origins), abs=1e-4
    )
    centre.asked.clear()
    done = collect_catalogue(DatasetFolder(tmp_path), centre.url, **span, client=CLIENT)
    assert done.n_kept == 1  # the year without events is asked for again


def test_a_span_that_is_too_long_is_halved(tmp_path):
    spans: list[tuple[str, str]] = []

    class Strict(WebClient):
        __slots__ = ()

        def get(self, url: str, parameters: Any = None) -> bytes:
            from mainshock.sources.live.backfill import TooMuchError

            first, last = (parameters[name] for name in ("starttime", "endtime"))
            days = (pd.Timestamp(last) - pd.Timestamp(first)).days
            if days > 100:
                raise TooMuchError("too much")
            spans.append((first, last))
            return f"#EventID|Time|Latitude|Longitude|Magnitude\n{first}|{first}|1|2|3\n".encode()

    span = {"start": datetime(2001, 1, 1, tzinfo=UTC), "end": datetime(2002, 1, 1, tzinfo=UTC)}
    dataset = DatasetFolder(tmp_path)
    done = collect_catalogue(dataset, "http://127.0.0.1:9", **span, client=Strict())
    assert done.n_items == len(spans) == 4
    assert spans[0][1] == spans[1][0]


@pytest.mark.parametrize("name", ["global_usgs_m50_2013_2023_train", "iran_m40_1973_2015_train"])
def test_a_catalogue_file_becomes_years_with_all_events(name: str, data_dir: Path, tmp_path):
    source = data_dir / "catalogs" / f"{name}.parquet"
    done = collect_catalogue(DatasetFolder(tmp_path), str(source))
    wanted = pd.read_parquet(source)
    parts = read_manifest(tmp_path).parts
    assert done.n_items == sum(part.n_items for part in parts) == len(wanted)
    assert len(parts) == wanted["time"].dt.year.nunique()
    again = collect_catalogue(DatasetFolder(tmp_path), str(source))
    assert (again.n_kept, again.n_items) == (1, 0)


def test_a_comcat_table_with_impossible_rows_is_taken_as_it_is(tmp_path):
    source = tmp_path / "query.csv"
    source.write_text(
        "time,latitude,longitude,depth,mag,magType,id\n"
        "2020-01-01T00:00:00.000Z,35.1,-117.5,8.2,2.5,ml,ci1\n"
        "2020-02-01T00:00:00.000Z,95.0,-117.5,8.2,2.5,mw,ci2\n"
        "never,35.1,-117.5,8.2,2.5,ml,ci3\n"
    )
    done = collect_catalogue(DatasetFolder(tmp_path / "set"), str(source))
    assert (done.n_items, len(done.not_used)) == (2, 1)
    report = check_dataset(tmp_path / "set", np.random.default_rng(0)).catalogue
    assert report.magnitude_types == {"ml": 1, "mw": 1}
    assert report.impossible == {"latitude outside -90 to 90": 1}


def test_files_of_any_format_are_taken_once(data_dir: Path, tmp_path):
    stream = obspy.read()  # BW.RJOB, three channels of floats
    stream.write(str(tmp_path / "event.sac"), format="SAC")
    sds = data_dir / "continuous" / "iceland_dike_20140824" / "sds"
    inputs = [sds, *sorted(tmp_path.glob("*.sac"))]
    done = collect_files(DatasetFolder(tmp_path / "set"), inputs, Selection())
    assert (done.n_fetched, done.not_used) == (39, [])
    report = check_dataset(tmp_path / "set", np.random.default_rng(0))
    gaps = {one.channel: one.n_gaps for one in report.channels}
    assert {gaps[name] for name in gaps if name.startswith("Z7")} == {3}
    assert gaps["BW.RJOB..EHZ"] == 0
    assert collect_files(DatasetFolder(tmp_path / "set"), inputs, Selection()).n_kept == 39


def test_no_half_written_file_is_left_and_none_is_hidden(centre: Centre, tmp_path):
    selection = Selection(networks=("PB",), stations=("B916",), channels=("EHZ",), **SPAN)
    collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    files = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"manifest.json", "PB.B916..EHZ.D.2019.188"}
    document = json.loads((tmp_path / "manifest.json").read_text())
    assert {"path", "sha256", "n_bytes", "sources", "fetched", "start", "end", "ids"} <= set(
        document["parts"][0]
    )


def test_records_without_a_network_are_told_and_not_hidden(tmp_path):
    stream = obspy.read()
    stream[1].stats.network = ""
    stream[1].write(str(tmp_path / "nameless.mseed"), format="MSEED")
    stream[:1].write(str(tmp_path / "named.mseed"), format="MSEED")
    folder = tmp_path / "set"
    inputs = [tmp_path / "nameless.mseed"]
    with pytest.raises(SourceError, match=r"records state no network.* \(XX"):
        collect_files(DatasetFolder(folder), inputs, Selection())
    done = collect_files(DatasetFolder(folder), [*inputs, tmp_path / "named.mseed"], Selection())
    assert done.n_fetched == 1
    assert [one.name for one in done.not_used] == [str(inputs[0])]
    report = check_dataset(folder, np.random.default_rng(0))
    assert [one.channel for one in report.channels] == ["BW.RJOB..EHZ"]
    assert (dict(report.wrong_checksums), report.not_in_manifest) == ({}, ())


def test_a_day_that_is_too_much_is_asked_for_in_halves(centre: Centre, data_dir: Path, tmp_path):
    selection = Selection(networks=("PB",), stations=("B916",), channels=("EHZ",), **SPAN)
    centre.failures += [413, 413]  # the whole, and its first half
    done = collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    assert (done.n_fetched, done.not_used, centre.n_records_asked()) == (1, [], 5)
    got = samples(tmp_path / "parts/sds")["PB.B916..EHZ"]
    wanted = samples(data_dir / f"continuous/{NAME}/sds")["PB.B916..EHZ"]
    np.testing.assert_array_equal(got, wanted)


def test_a_centre_that_finds_everything_too_much_is_told(centre: Centre, tmp_path):
    selection = Selection(networks=("PB",), stations=("B916",), channels=("EHZ",), **SPAN)
    centre.failures += [413] * 10
    with pytest.raises(SourceError, match="413: too much at once"):
        collect_fdsn(DatasetFolder(tmp_path), centre.url, selection, client=CLIENT)
    assert centre.n_records_asked() == 4  # 40, 20, 10 and 5 minutes
