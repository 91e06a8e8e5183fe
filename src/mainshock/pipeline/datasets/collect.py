"""Collects records and catalogues from servers and files into a dataset; can be taken up again."""

import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pandas as pd

from mainshock.core.errors import (
    DataError,
    NothingFoundError,
    SettingsError,
    SourceError,
    UnreachableError,
)
from mainshock.core.provenance import file_sha256
from mainshock.core.times import format_utc
from mainshock.pipeline.datasets.catalogue_reading import read_raw_catalogue
from mainshock.pipeline.datasets.fdsn_download import WebClient, event_spans, list_stations
from mainshock.pipeline.datasets.manifest import PARTS, DatasetFolder, Part
from mainshock.pipeline.datasets.record_parts import Selection, write_records
from mainshock.sources.base import SkippedInput
from mainshock.sources.file_search import find_files
from mainshock.sources.fragments import datetime_from_ns
from mainshock.sources.live.backfill import FdsnBackfill, Gap, TooMuchError
from mainshock.sources.miniseed import is_miniseed
from mainshock.sources.miniseed_records import encode_records, split_records
from mainshock.sources.trace_files import read_fragments

__all__ = ["Collected", "collect_catalogue", "collect_fdsn", "collect_files"]

_DAY = timedelta(days=1)
_SHORTEST = timedelta(minutes=10)
_EVENT_SERVICE = "/fdsnws/event/1/query"
Progress = Callable[[str], None]


@dataclass(slots=True)
class Collected:
    """What a collection did.

    Parameters
    ----------
    n_fetched, n_kept, n_empty
        Requests answered now, complete before, and answered with nothing.
    n_items
        Records or events that came now.
    not_used
        What could not be used, with the reason.
    """

    n_fetched: int = 0
    n_kept: int = 0
    n_empty: int = 0
    n_items: int = 0
    not_used: list[SkippedInput] = field(default_factory=list)

    def count(self, n_items: int) -> None:
        """Note one answer."""
        self.n_items += n_items
        self.n_fetched += n_items > 0
        self.n_empty += n_items == 0

    def require_something(self, source: str) -> None:
        """Raise NothingFoundError, or SourceError where all was refused, if nothing is there."""
        if self.n_fetched or self.n_kept:
            return
        if self.not_used:
            raise SourceError(f"nothing could be used of {source}: {self.not_used[0].reason}")
        raise NothingFoundError(
            f"{source} has nothing of what was asked for; check codes and times"
        )


def collect_fdsn(
    dataset: DatasetFolder,
    base_url: str,
    selection: Selection,
    *,
    client: WebClient | None = None,
    progress: Progress = lambda _: None,
) -> Collected:
    """Fetch records from a data centre, one day of one station at a time.

    Parameters
    ----------
    dataset
        Where they go; days that it holds whole are not fetched again.
    base_url
        Of the centre, with ``dataselect`` and, for patterns of stations, ``station``.
    selection
        With start and end.
    client
        How patient to be.
    progress
        Called with a text after each day.

    Raises
    ------
    SettingsError
        If start or end is missing.
    UnreachableError
        If the centre does not answer; what came before is kept.
    NothingFoundError, SourceError
        If it has nothing, or refuses all.
    """
    client = client or WebClient()
    if selection.start is None or selection.end is None:
        raise SettingsError("a server is asked for a span of time; give --start and --end")
    centre = FdsnBackfill(
        base_url,
        attempts=client.attempts,
        first_pause_s=client.first_pause_s,
        timeout_s=client.timeout_s,
        timing=client.timing,
    )
    done = Collected()
    try:
        for network, station in _stations(client, centre.base_url, selection):
            for start, end in _days(selection.start, selection.end):
                _fetch_day(
                    dataset, centre, selection, Gap(network, station, "", "", start, end), done
                )
                progress(f"{network}.{station} {start:%Y-%m-%d}")
    finally:
        dataset.save()
    done.require_something(base_url)
    return done


def _stations(client: WebClient, base_url: str, selection: Selection) -> Sequence[tuple[str, str]]:
    """Return the stations to ask for: as listed by the server, else the patterns as they are."""
    patterns = [(net, sta) for net in selection.networks for sta in selection.stations]
    if not any(sign in code for pair in patterns for code in pair for sign in "*?"):
        return patterns
    try:
        return list_stations(client, base_url, selection) or patterns
    except UnreachableError:
        raise
    except SourceError:  # a centre without the station service may well know patterns
        return patterns


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        midnight = datetime(start.year, start.month, start.day, tzinfo=UTC) + _DAY
        yield start, min(midnight, end)
        start = midnight


def _fetch_day(
    dataset: DatasetFolder, centre: FdsnBackfill, selection: Selection, day: Gap, done: Collected
) -> None:
    gaps = [
        Gap(day.network, day.station, location, channel, day.start, day.end)
        for location in selection.locations
        for channel in selection.channels
    ]
    request = f"{centre.base_url} " + "; ".join(gap.line() for gap in gaps)
    if dataset.has(request):
        done.n_kept += 1
        return
    try:
        # what spans the seam of two halves comes with both
        records = list(dict.fromkeys(_records_in(centre, gaps)))
    except UnreachableError:
        raise
    except SourceError as error:  # refused: perhaps restricted; other stations may be open
        done.not_used.append(
            SkippedInput(f"{day.network}.{day.station} {day.start:%F}", str(error))
        )
        return
    written = write_records(dataset, records, selection, centre.base_url, request)
    if written.problem:
        what = f"{day.network}.{day.station} {day.start:%F}"
        done.not_used.append(SkippedInput(what, written.problem))
    dataset.finish(request, day.end)
    done.count(written.n_used)


def _records_in(centre: FdsnBackfill, gaps: Sequence[Gap]) -> list[bytes]:
    """Return the records of gaps of one time, asked for in halves where the whole is too much."""
    try:
        return [packet.payload for packet in centre.packets(gaps, threading.Event())]
    except TooMuchError:
        start, end = gaps[0].start, gaps[0].end
        if end - start < _SHORTEST:
            raise
        middle = start + (end - start) / 2
        before = [replace(gap, end=middle) for gap in gaps]
        after = [replace(gap, start=middle) for gap in gaps]
        return [*_records_in(centre, before), *_records_in(centre, after)]


def collect_files(
    dataset: DatasetFolder,
    paths: Sequence[Path],
    selection: Selection,
    *,
    progress: Progress = lambda _: None,
) -> Collected:
    """Take records from files, folders and SDS archives into a dataset.

    Parameters
    ----------
    dataset
        Where they go; files that it holds whole, by checksum, are not read again.
    paths
        miniSEED, whose records are kept as they are, or any format that ObsPy reads.
    selection
        Other records are left out.
    progress
        Called with a text after each file.

    Raises
    ------
    SourceError
        If a path does not exist, or nothing can be used.
    NothingFoundError
        If nothing of it is wanted.
    """
    done = Collected()
    files: dict[Path, None] = {}
    for path in paths:
        if not path.exists():
            raise SourceError(f"{path} does not exist; name files or folders of records")
        files.update(dict.fromkeys(find_files(path) if path.is_dir() else [path]))
    try:
        for path in files:
            _take_file(dataset, path, selection, done)
            progress(path.name)
    finally:
        dataset.save()
    done.require_something(", ".join(map(str, paths)))
    return done


def _take_file(dataset: DatasetFolder, path: Path, selection: Selection, done: Collected) -> None:
    try:
        request = f"file sha256:{file_sha256(path)} {_filter_text(selection)}".strip()
        if dataset.has(request):
            done.n_kept += 1
            return
        records, problem = _records_of(path)
    except (SourceError, DataError) as error:
        done.not_used.append(SkippedInput(str(path), str(error)))
        return
    written = write_records(dataset, records, selection, str(path), request)
    problem = written.problem or problem
    if problem:
        done.not_used.append(SkippedInput(str(path), problem))
    dataset.finish(request)
    done.count(written.n_used)


def _filter_text(selection: Selection) -> str:
    codes = (selection.networks, selection.stations, selection.locations, selection.channels)
    times = [format_utc(time) if time else "" for time in (selection.start, selection.end)]
    words = [",".join(patterns) for patterns in codes]
    return "" if words == ["*"] * 4 and not any(times) else " ".join([*words, *times])


def _records_of(path: Path) -> tuple[list[bytes], str]:
    """Return the records of a file, and what is wrong with it."""
    if is_miniseed(path):
        content = path.read_bytes()
        records = list(split_records(content))
        n_lost = len(content) - sum(map(len, records))
        return records, f"{n_lost} bytes are no whole records" if n_lost else ""
    fragments, problem = read_fragments(path)
    return [record for one in fragments for record in encode_records(one)], problem


def collect_catalogue(
    dataset: DatasetFolder,
    source: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    client: WebClient | None = None,
    progress: Progress = lambda _: None,
) -> Collected:
    """Take events from a file, a file on the web or an FDSN event service, in parts of a year.

    Parameters
    ----------
    dataset
        Where they go. An event replaces the one with its id from an earlier source.
    source
        A path (CSV also as ComCat gives it, Parquet, QuakeML, FDSN text), the address of such a
        file, or of an event service: bare, or ending in ``/fdsnws/event/1``.
    start, end
        UTC; only events from ``start`` up to ``end``. A service needs both.
    client
        How patient to be.
    progress
        Called with a text after each answer.

    Raises
    ------
    SettingsError
        If a service is asked without start or end.
    UnreachableError
        If it does not answer; what came before is kept.
    NothingFoundError, SourceError, DataError
        If there is no event, or the source cannot be used.
    """
    client, done = client or WebClient(), Collected()
    try:
        for request, until, path in _catalogue_files(source, start, end, client, dataset, done):
            table = read_raw_catalogue(path).table if path.stat().st_size else None
            n_events = (
                0
                if table is None
                else _add_events(dataset, table, (start, end), (source, request), done)
            )
            dataset.finish(request, until)
            done.count(n_events)
            progress(request)
    finally:
        dataset.save()
    done.require_something(source)
    return done


def _catalogue_files(
    source: str,
    start: datetime | None,
    end: datetime | None,
    client: WebClient,
    dataset: DatasetFolder,
    done: Collected,
) -> Iterator[tuple[str, datetime | None, Path]]:
    """Yield what is asked, until when, and a file with the answer; pass over what is complete."""
    span = " ".join(format_utc(time) if time else "-" for time in (start, end))
    if not source.startswith(("http://", "https://")):
        request = f"file sha256:{file_sha256(Path(source))} {span}"
        if dataset.has(request):
            done.n_kept += 1
        else:
            yield request, None, Path(source)
        return
    try:
        service = _event_service(source)
    except ValueError as error:
        raise SettingsError(
            f"{source!r} is no address of a catalogue: {error}; write https://HOST/PATH"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        if service is None:
            content = client.get(source)
            is_table = Path(urlsplit(source).path).suffix.lower() == ".parquet"
            suffix = ".xml" if content.lstrip()[:1] == b"<" else ".csv"
            path = Path(folder, "events").with_suffix(".parquet" if is_table else suffix)
            path.write_bytes(content)
            yield f"{source} {span}", datetime.max.replace(tzinfo=UTC), path  # it may grow
            return
        if start is None or end is None:
            raise SettingsError("an event service is asked for a span; give --start and --end")
        path = Path(folder, "events.txt")
        for first, last in _years(start, end):
            request = f"{service} {format_utc(first)} {format_utc(last)}"
            if dataset.has(request):
                done.n_kept += 1
                continue
            answers = [text for _, _, text in event_spans(client, service, first, last)]
            path.write_bytes(b"\n".join(answers).strip())
            yield request, last, path


def _event_service(url: str) -> str | None:
    """Return the address of the queries of an event service, or None for that of a file."""
    place = urlsplit(url)
    base = place.path.rstrip("/").removesuffix("/query")
    if place.query or (base and not base.endswith(("/fdsnws", "/fdsnws/event/1"))):
        return None
    root = base.removesuffix("/event/1").removesuffix("/fdsnws")
    return f"{place.scheme}://{place.netloc}{root}{_EVENT_SERVICE}"


def _years(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    while start < end:
        new_year = datetime(start.year + 1, 1, 1, tzinfo=UTC)
        yield start, min(new_year, end)
        start = new_year


def _add_events(
    dataset: DatasetFolder,
    table: pd.DataFrame,
    span: tuple[datetime | None, datetime | None],
    origin: tuple[str, str],
    done: Collected,
) -> int:
    n_timeless = int(table["time"].isna().sum())
    if n_timeless:
        done.not_used.append(SkippedInput(origin[0], f"{n_timeless} rows have no usable time"))
    table = table[table["time"].notna()]
    start, end = span
    if start is not None:
        table = table[table["time"] >= start]
    if end is not None:
        table = table[table["time"] < end]
    for year, events in table.groupby(table["time"].dt.year):
        _write_year(dataset, f"{PARTS}/catalogue/{year}.csv", events, origin)
    return len(table)


def _write_year(
    dataset: DatasetFolder, path: str, events: pd.DataFrame, origin: tuple[str, str]
) -> None:
    if path in dataset.parts:
        before = read_raw_catalogue(dataset.folder / path).table
        events = pd.concat([before[~before["event_id"].isin(events["event_id"])], events])
    events = events.sort_values("time", kind="stable")
    first, last = (
        time.to_pydatetime() for time in (events["time"].iloc[0], events["time"].iloc[-1])
    )
    texts: dict[str, Any] = {"time": [format_utc(time) for time in events["time"]]}
    content = events.assign(**texts).to_csv(index=False).encode()
    part = Part(
        path=path,
        kind="catalogue",
        sha256="",
        n_bytes=0,
        n_items=len(events),
        start=first,
        end=last,
        ids=(),
        sources=(origin[0],),
        requests=(origin[1],),
        fetched=datetime_from_ns(dataset.clock()),
    )
    dataset.write(content, part)
