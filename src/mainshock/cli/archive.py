"""``mainshock archive``: picks, and events, of years of records."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mainshock.cli import archive_options as options
from mainshock.cli.output import print_json, print_result, say, tell_not_used

if TYPE_CHECKING:
    from mainshock.pipeline.archive.base import Selection
    from mainshock.pipeline.archive.run import ArchiveResult

__all__ = ["archive"]

_STATION_FILES = (".csv", ".parquet", ".xml", ".stationxml")


def archive(
    source: options.Source,
    out: options.Out,
    begin: options.Begin = None,
    end: options.End = None,
    stations: options.Stations = None,
    channels: options.Channels = "*",
    model: options.Model = "default",
    p_threshold: options.PThreshold = None,
    s_threshold: options.SThreshold = None,
    executor: options.Executor = "process",
    workers: options.Workers = None,
    resume: options.Resume = False,
    locate: options.Locate = False,
    velocity: options.Velocity = None,
    as_json: options.Json = False,
) -> None:
    """Pick an archive, a day of a station at a time, on many processors.

    Writes OUT/picks/NET.STA/DAY.parquet, the manifest OUT/manifest.jsonl, and all picks in
    OUT/picks.parquet; whole days are processed, and picks outside --from and --to left out of the
    last one. The result is that of `mainshock pick` on the whole archive. Exit code 1 means that
    units failed and all others are done; --resume tries them again.
    """
    from mainshock.core.errors import SettingsError
    from mainshock.pipeline.archive.executors import make_executor
    from mainshock.pipeline.archive.run import run_archive
    from mainshock.pipeline.archive.units import ArchiveJob

    patterns, station_file = _split_stations(stations or [])
    if locate and station_file is None:
        raise SettingsError("--locate needs --stations FILE: CSV, Parquet or StationXML")
    codes = tuple(code.strip() for code in channels.split(",") if code.strip())
    job = ArchiveJob(source, out, model, p_threshold, s_threshold, codes or ("*",))
    selection = _selection(begin, end, patterns)
    runner = make_executor(executor, workers)
    result = run_archive(job, selection, runner, resume=resume, say=say)
    document: dict[str, Any] = {"out": out, "executor": executor, "workers": runner.workers}
    document |= result.as_dict()
    if locate and station_file is not None:
        document |= _locate(result, station_file, velocity, out)
    _report(document, result, as_json=as_json)


def _split_stations(stations: list[str]) -> tuple[tuple[str, ...], Path | None]:
    """Return the patterns, and the file of stations if one is among them."""
    from mainshock.core.errors import SettingsError

    files = [one for one in stations if Path(one).suffix.lower() in _STATION_FILES]
    if len(files) > 1:
        raise SettingsError(f"{len(files)} files of stations, {', '.join(files)}; give one")
    texts = [one for one in stations if one not in files]
    patterns = [code.strip() for text in texts for code in text.split(",") if code.strip()]
    return tuple(patterns) or ("*",), Path(files[0]) if files else None


def _selection(begin: str | None, end: str | None, patterns: tuple[str, ...]) -> "Selection":
    from mainshock.core.errors import SettingsError
    from mainshock.pipeline.archive.base import Selection

    first, past_last = _time(begin, "--from"), _time(end, "--to")
    if first is not None and past_last is not None and past_last <= first:
        raise SettingsError(f"--to {end} is not after --from {begin}; swap them")
    return Selection(first, past_last, patterns)


def _time(text: str | None, option: str) -> datetime | None:
    from mainshock.core.errors import RecordError, SettingsError
    from mainshock.core.times import parse_utc

    if text is None:
        return None
    try:
        return parse_utc(text)
    except RecordError as error:
        raise SettingsError(f"{option}: {error}") from error


def _locate(
    result: "ArchiveResult", stations: Path, velocity: str | None, out: str
) -> dict[str, Any]:
    from mainshock.events.tables import event_record
    from mainshock.pipeline.archive.events import locate_archive, write_archive_events
    from mainshock.pipeline.location_setup import LocationSetup
    from mainshock.sources.archive_stores import open_store

    setup = LocationSetup(velocity)
    if setup.is_by_default:
        say("no --velocity: iasp91, an average Earth; depths of local events may be kilometres off")
    located = locate_archive(result.picks, stations, setup)
    say(f"{len(located.events)} events from {len(result.picks)} picks")
    return {
        "events": [event_record(event) for event in located.events],
        "files": write_archive_events(open_store(out), located),
        "not_used": [{"what": one.what, "reason": one.reason} for one in located.not_used],
    }


def _report(document: dict[str, Any], result: "ArchiveResult", *, as_json: bool) -> None:
    from mainshock.core.errors import SourceError
    from mainshock.pipeline.archive.run import MERGED

    document["picks"] = f"{str(document['out']).rstrip('/')}/{MERGED}"
    tell_not_used((one["what"], one["reason"]) for one in document["problems"])
    if as_json:
        print_json(document)
    else:
        counts = document["units"]
        print_result(
            f"{counts['done']} units done, {counts['skipped']} done before, {counts['failed']} "
            f"failed; {document['n_picks']} picks in {document['picks']}"
        )
    if result.failures:
        listed = "".join(f"\n  {unit}: {reason}" for unit, reason in result.failures[:12])
        raise SourceError(
            f"{len(result.failures)} of {result.units} units failed, all others are done; "
            f"--resume tries them again{listed}"
        )
