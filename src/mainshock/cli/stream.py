"""``mainshock stream``: the live path in single steps."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli import stream_stages
from mainshock.cli.output import print_json, print_result, progress, say
from mainshock.cli.stream_migrate import migrate_store

if TYPE_CHECKING:
    from mainshock.sources.packets import Packet
    from mainshock.stream.ingest import Ingest

__all__ = ["ClockName", "app"]

_BATCH = 1000

app = typer.Typer(help="The live path in single steps.", no_args_is_help=True)
app.command("run")(stream_stages.run_stages)
app.command("migrate")(migrate_store)


class ClockName(StrEnum):
    """Which clock packets are judged by."""

    machine = "machine"
    stream = "stream"


@app.command("ingest")
def ingest(
    packets: Annotated[
        Path, typer.Option(help="File with the bytes of all packets, in order of arrival.")
    ],
    index: Annotated[
        Path,
        typer.Option(
            help="CSV with the columns offset and length in bytes, a row a packet; with "
            "--clock machine also arrival (ISO 8601)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="SDS archive that used records are added to.")],
    clock: Annotated[
        ClockName,
        typer.Option(
            help="machine: judge times by when a packet arrived; stream: by what the stations "
            "agree on."
        ),
    ] = ClockName.stream,
    stations: Annotated[
        Path | None,
        typer.Option(help="Table or StationXML; packets of other stations count as unknown."),
    ] = None,
    window: Annotated[
        float,
        typer.Option(help="Seconds that a record may be behind its channel and still fill a gap."),
    ] = 600.0,
    dead_letters: Annotated[
        Path | None,
        typer.Option(help="Folder for packets not used; else deadletters beside the archive."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Judge packets, and write the sound ones to an SDS archive, each sample once.

    Prints how many packets were ok, late, duplicate, overlap, corrupt, truncated, of a wrong
    clock or unknown, the gaps, and the segments without a break. No packet is fatal; those that
    are not used lie with the reason in the folder of dead letters. Exit code 3 means that none was
    used.
    """
    from mainshock.stream.ingest import ArchiveWriter, DeadLetterStore, Ingest, IngestSettings
    from mainshock.stream.ingest.packet_file import read_packet_file

    settings = IngestSettings(clock=clock.value, window_s=window)
    known = None if stations is None else _station_codes(stations)
    arriving = read_packet_file(packets, index, needs_arrival=clock is ClockName.machine)
    store = DeadLetterStore(dead_letters or out.resolve().parent / "deadletters")
    archive = ArchiveWriter(out, flush_s=60.0, max_bytes=64 * 1024 * 1024)
    run = Ingest(settings, archive, store, known=known)
    try:
        _take_all(run, arriving)
    finally:
        run.close()
    _tell(run, store.folder, as_json=as_json)


@app.command("alerts-check")
def alerts_check(
    file: Annotated[Path, typer.Argument(help="Rules and channels of alerts (TOML).")],
) -> None:
    """Check rules and channels of alerts, and tell what they would do; nothing is sent.

    Files and environment variables that hold secrets are read. Exit code 2 means that something
    makes no sense; all of it is told.
    """
    from mainshock.stream.alerts.config import check_alert_settings

    print_result("\n".join(check_alert_settings(file)))


def _tell(run: "Ingest", letters: Path, *, as_json: bool) -> None:
    from mainshock.core.errors import NothingFoundError

    document = _document(run)
    n_packets = sum(run.counts.values())
    n_repeated = run.counts["duplicate"]
    n_bad = n_packets - run.counts["ok"] - run.counts["late"] - n_repeated
    if n_bad or n_repeated:
        say(f"{n_bad} put aside in {letters}, {n_repeated} duplicates dropped")
    if as_json:
        print_json(document)
    else:
        print_result(_text(document))
    if not document["segments"]:
        raise NothingFoundError(
            f"none of {n_packets} packets could be used; the reasons stand in {letters}"
        )


def _station_codes(path: Path) -> list[str]:
    from mainshock.sources.stations import read_stations

    return [one.code for one in read_stations(path)]


def _take_all(run: "Ingest", packets: "Iterable[Packet]") -> None:
    with progress("taking packets") as advance:
        batch: list[Packet] = []
        for packet in packets:
            batch.append(packet)
            if len(batch) == _BATCH:
                run.take(batch)
                batch.clear()
                advance(f"{sum(run.counts.values())}")
        run.take(batch)


def _document(run: "Ingest") -> dict[str, Any]:
    from mainshock.core.times import format_utc

    health = run.health()
    return {
        "counts": dict(run.counts),
        "gaps": {"n": sum(one.gaps for one in health), "seconds": sum(one.gap_s for one in health)},
        "segments": [
            {
                "id": one.trace_id,
                "start": format_utc(one.start),
                "end": format_utc(one.end),
                "npts": one.n_samples,
                "sampling_rate_hz": one.sampling_rate_hz,
            }
            for one in run.segments()
        ],
    }


def _text(document: dict[str, Any]) -> str:
    counts = [f"{kind}: {number}" for kind, number in document["counts"].items()]
    gaps = document["gaps"]
    counts.append(f"gaps: {gaps['n']}, {gaps['seconds']:g} s")
    columns = ("id", "start", "end", "npts")
    rows = [",".join(str(one[name]) for name in columns) for one in document["segments"]]
    return "\n".join([*counts, "", ",".join(columns), *rows])
