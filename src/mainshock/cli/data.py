"""``mainshock data``: collect, check, split and describe records and catalogues."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used
from mainshock.core.errors import DataError, SettingsError
from mainshock.core.times import parse_utc

if TYPE_CHECKING:
    from mainshock.pipeline.datasets.catalogue_quality import CatalogueReport
    from mainshock.pipeline.datasets.check import DatasetReport
    from mainshock.pipeline.datasets.collect import Collected
    from mainshock.pipeline.datasets.splits import Split

__all__ = ["SplitName", "app"]

app = typer.Typer(
    help="Collect, check, split and describe records and catalogues.", no_args_is_help=True
)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Dataset = Annotated[
    Path,
    typer.Argument(
        metavar="DIR|FILE",
        help="A collected dataset, a folder of records or of labelled traces, or a catalogue.",
    ),
]
_Codes = "Codes with * and ?, several with commas."
_SHOWN = 12


class SplitName(StrEnum):
    """What stays together in a split."""

    event = "event"
    station = "station"
    time = "time"
    region = "region"


def _time(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_utc(text)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from error


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) or ("*",)


@app.command()
def collect(
    out: Annotated[
        Path, typer.Argument(metavar="DIR", help="The dataset; may hold parts already.")
    ],
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(metavar="INPUT...", help="Files, folders or SDS roots of records."),
    ] = None,
    fdsn: Annotated[str | None, typer.Option(help="Address of a data centre.")] = None,
    catalogue: Annotated[
        str | None,
        typer.Option(
            "--catalogue",
            "--catalog",
            help="File or address of a catalogue, or address of an FDSN event service.",
        ),
    ] = None,
    network: Annotated[str, typer.Option(help=_Codes)] = "*",
    station: Annotated[str, typer.Option(help=_Codes)] = "*",
    location: Annotated[str, typer.Option(help=f"{_Codes} -- is the empty one.")] = "*",
    channel: Annotated[str, typer.Option(help=_Codes)] = "*",
    start: Annotated[str | None, typer.Option(help="UTC, ISO 8601.")] = None,
    end: Annotated[str | None, typer.Option(help="UTC, ISO 8601; not included.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the data, for the manifest.")] = "",
    citation: Annotated[str, typer.Option(help="How to cite the data, for the manifest.")] = "",
    attempts: Annotated[int, typer.Option(help="Of each request to a server.", min=1)] = 4,
    as_json: _Json = False,
) -> None:
    """Collect records or events into DIR, in parts with checksums that manifest.json lists.

    Records come from INPUT or --fdsn, events from --catalogue. The same command again goes on
    where it was stopped: parts that are complete by their checksum are not fetched again.
    """
    from mainshock.pipeline.datasets.collect import collect_catalogue, collect_fdsn, collect_files
    from mainshock.pipeline.datasets.fdsn_download import WebClient
    from mainshock.pipeline.datasets.manifest import DatasetFolder
    from mainshock.pipeline.datasets.record_parts import Selection

    if not (inputs or fdsn or catalogue):
        raise SettingsError("name what to collect: INPUT files, --fdsn URL or --catalogue FILE|URL")
    first, last = _time(start, "--start"), _time(end, "--end")
    networks, stations, locations, channels = (
        _patterns(text) for text in (network, station, location, channel)
    )
    selection = Selection(networks, stations, locations, channels, first, last)
    client = WebClient(attempts=attempts)
    dataset = DatasetFolder(out, licence, citation)
    done: dict[str, Collected] = {}
    with progress("collecting") as advance:
        if inputs:
            done["files"] = collect_files(dataset, inputs, selection, progress=advance)
        if fdsn:
            done["fdsn"] = collect_fdsn(dataset, fdsn, selection, client=client, progress=advance)
        if catalogue:
            done["catalogue"] = collect_catalogue(
                dataset, catalogue, start=first, end=last, client=client, progress=advance
            )
    _tell_collected(out, done, len(dataset.parts), as_json)


def _tell_collected(out: Path, done: "dict[str, Collected]", n_parts: int, as_json: bool) -> None:
    from mainshock.core.documents import to_document

    tell_not_used((item.name, item.reason) for one in done.values() for item in one.not_used)
    if as_json:
        print_json({"dataset": str(out), "n_parts": n_parts} | to_document(done))
        return
    for name, one in done.items():
        print_result(f"{name}: {_collected_text(name, one)}")
    print_result(f"{out}: {_counted(n_parts, 'part')}")


def _collected_text(name: str, one: "Collected") -> str:
    asked = "file" if name == "files" else "request"
    texts = []
    if one.n_fetched:
        items = _counted(one.n_items, "event" if name == "catalogue" else "record")
        texts.append(f"{items} from {_counted(one.n_fetched, asked)}")
    else:
        texts.append("nothing new")
    if one.n_kept:
        texts.append(f"{_counted(one.n_kept, asked)} complete before")
    if one.n_empty:
        texts.append(f"{_counted(one.n_empty, asked)} with nothing wanted")
    return ", ".join(texts)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


@app.command()
def check(
    path: _Dataset,
    seed: Annotated[int, typer.Option(help="Seed of all that is drawn.", min=0)] = 0,
    close_time_s: Annotated[
        float, typer.Option(help="Two events may be one within so many seconds ...", min=0.0)
    ] = 2.0,
    close_distance_km: Annotated[float, typer.Option(help="... and km ...", min=0.0)] = 15.0,
    close_magnitude: Annotated[float, typer.Option(help="... and magnitudes.", min=0.0)] = 0.5,
    as_json: _Json = False,
) -> None:
    """Verify checksums and judge quality: gaps, clocks, clipping, duplicates, labels, leaks.

    Exit code 1 means that a checksum is wrong; what else was found does not change it.
    """
    import numpy as np

    from mainshock.core.documents import to_document
    from mainshock.pipeline.datasets.catalogue_quality import Closeness
    from mainshock.pipeline.datasets.check import check_dataset

    closeness = Closeness(close_time_s, close_distance_km, close_magnitude)
    with progress("checking") as advance:
        report = check_dataset(
            path, np.random.default_rng(seed), closeness=closeness, progress=advance
        )
    if as_json:
        print_json(to_document(report) | {"problems": dict(_problems(report))})
    else:
        _print_report(report)
    if report.wrong_checksums:
        raise DataError(
            f"{len(report.wrong_checksums)} of {report.n_checksums} files are not what their "
            "checksum says; collect them again"
        )


def _problems(report: "DatasetReport") -> list[tuple[str, list[str]]]:
    """Return what to look at, by channel or kind of content."""
    found = [(one.channel, one.problems()) for one in report.channels]
    found += [
        (name, one.problems())
        for name, one in (("catalogue", report.catalogue), ("labelled", report.labelled))
        if one is not None
    ]
    return [(name, texts) for name, texts in found if texts]


def _print_report(report: "DatasetReport") -> None:
    tell_not_used((item.name, item.reason) for item in report.not_used)
    sound = report.n_checksums - len(report.wrong_checksums)
    print_result(
        f"checksums: {sound} of {report.n_checksums} right"
        if report.n_checksums
        else "checksums: none stated"
    )
    for name, reason in report.wrong_checksums.items():
        print_result(f"  {name}: {reason}")
    for name in report.not_in_manifest[:_SHOWN]:
        print_result(f"  {name}: in no manifest")
    problems = dict(_problems(report))
    for channel in report.channels:
        rates = ", ".join(f"{rate:g}" for rate in channel.rates_hz)
        told = "; ".join(problems.get(channel.channel, ["good"]))
        span = f"{channel.start:%Y-%m-%dT%H:%M:%S} to {channel.end:%Y-%m-%dT%H:%M:%S}"
        print_result(f"{channel.channel:<18} {span} {rates} Hz: {told}")
    if report.catalogue is not None:
        _print_catalogue(report.catalogue)
    if report.labelled is not None:
        counts = report.labelled
        print_result(
            f"labelled: {_counted(counts.n_traces, 'trace')}, "
            f"{_counted(counts.n_events, 'event')}, {_counted(counts.n_stations, 'station')}"
        )
    for name in ("catalogue", "labelled"):
        for text in problems.get(name, []):
            print_result(f"  {text}")


def _print_catalogue(report: "CatalogueReport") -> None:
    from mainshock.core.times import format_utc

    start, end = (format_utc(time) if time else "?" for time in (report.start, report.end))
    print_result(f"events: {report.n_events}, {start} to {end}")
    level = report.completeness
    if level is not None:
        print_result(
            f"completeness: M {level.magnitude:.1f} ({level.low:.1f} to {level.high:.1f}); "
            f"{level.caveat}"
        )
    for gap in report.gaps:
        print_result(f"  no events: {gap['start']} to {gap['end']}, {gap['days']:.1f} days")


def _shares(text: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        try:
            shares[name.strip()] = float(share)
        except ValueError as error:
            raise SettingsError(
                f"--shares is {text!r}; write it as train=0.8,dev=0.1,test=0.1"
            ) from error
    return shares


@app.command()
def split(
    path: _Dataset,
    by: Annotated[SplitName, typer.Option(help="What stays together.")],
    out: Annotated[Path, typer.Option(help="JSON file for the ids in each split.")],
    shares: Annotated[
        str, typer.Option(help="Shares of train, dev and test; together 1.")
    ] = "train=0.8,dev=0.1,test=0.1",
    seed: Annotated[int, typer.Option(help="Another seed, another split.", min=0)] = 0,
    purge_gap_h: Annotated[
        float, typer.Option(help="By time: hours before a border that belong to no split.", min=0.0)
    ] = 24.0,
    block_km: Annotated[float, typer.Option(help="By region: side of a block.")] = 50.0,
    as_json: _Json = False,
) -> None:
    """Split for training and testing, never at random across neighbours.

    All traces of an event, all data of a station, blocks of time with a gap between them, or
    blocks of space stay together; the result is checked for what is in two splits.
    """
    from mainshock.pipeline.datasets.opening import open_any
    from mainshock.pipeline.datasets.splits import SplitSettings, split_dataset

    settings = SplitSettings(by.value, _shares(shares), seed, purge_gap_h * 3600.0, block_km)
    made = split_dataset(open_any(path), settings)
    document = _write_split(out, path, made)
    item = made.kind.removesuffix("s")
    tell_not_used((_counted(len(ids), item), reason) for reason, ids in made.left_out.items())
    say(f"split written to {out}")
    if as_json:
        print_json({name: document[name] for name in ("settings", "kind", "counts", "shared")})
        return
    for name, counts in made.counts.items():
        told = ", ".join(
            _counted(n, what.removesuffix("s")) for what, n in counts.items() if what != "items"
        )
        print_result(f"{name}: {_counted(counts['items'], item)} ({told})")


def _write_split(out: Path, path: Path, made: "Split") -> Any:  # a JSON document
    import json

    from mainshock.core.documents import to_document
    from mainshock.core.files import make_folder, replacing

    document = {"dataset": str(path), **to_document(made)}
    make_folder(out.parent)
    with replacing(out) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return document


@app.command()
def describe(path: _Dataset, as_json: _Json = False) -> None:
    """Tell what a dataset holds: counts, spans, ranges, licence and where it came from."""
    from mainshock.pipeline.datasets.describe import describe_dataset
    from mainshock.pipeline.datasets.opening import open_any

    document = describe_dataset(open_any(path))
    if as_json:
        print_json(document)
        return
    for line in _lines(document, ""):
        print_result(line)


def _lines(document: dict[str, Any], indent: str) -> Sequence[str]:
    """Return a nested document as indented lines, long lists cut."""
    lines: list[str] = []
    for name, value in document.items():
        if isinstance(value, dict) and set(value) == {"min", "max", "n"}:
            lines.append(f"{indent}{name}: {value['min']:g} to {value['max']:g} ({value['n']})")
        elif isinstance(value, dict) and value:
            lines += [f"{indent}{name}:", *_lines(value, indent + "  ")]
        elif isinstance(value, list):
            more = f" and {len(value) - _SHOWN} more" if len(value) > _SHOWN else ""
            lines.append(f"{indent}{name}: {', '.join(map(str, value[:_SHOWN]))}{more}")
        else:
            lines.append(f"{indent}{name}: {'not stated' if value in ('', None, {}) else value}")
    return lines
