"""``mainshock shake records``, ``flatfile`` and ``split``: from files to sets of records."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli.output import print_json, print_result, say, tell_not_used

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mainshock.shaking.labelled_records import LabelledRecord
    from mainshock.shaking.scenarios import Scenarios

__all__ = ["flatfile", "records", "split"]

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


class _About(StrEnum):
    """What a window is counted from."""

    origin = "origin"
    p = "p"
    s = "s"


class _By(StrEnum):
    """How records are divided."""

    event = "event"
    station = "station"
    both = "both"


def records(
    inputs: Annotated[
        list[Path],
        typer.Argument(help="Files or folders: miniSEED, SeisBench, ESM, COSMOS, K-NET, AT2, .h5."),
    ],
    out: Annotated[Path, typer.Option(help="Set of records, X.h5 with X.csv; or CGM-GM's .csv.")],
    events: Annotated[Path | None, typer.Option(help="QuakeML or catalogue.")] = None,
    stations: Annotated[Path | None, typer.Option(help="StationXML, or table for m/s^2.")] = None,
    table: Annotated[
        Path | None, typer.Option(help="Metadata by file name (column `file`), CSV or Parquet.")
    ] = None,
    rate: Annotated[float | None, typer.Option(min=1.0, help="Common rate, Hz.")] = None,
    high_pass: Annotated[float, typer.Option(min=0.0, help="Corner, Hz; 0 for none.")] = 0.0,
    low_pass: Annotated[float, typer.Option(min=0.0, help="Corner, Hz; 0 for none.")] = 0.0,
    about: Annotated[
        _About | None, typer.Option(help="Cut a window about this; whole records by default.")
    ] = None,
    before: Annotated[float, typer.Option(help="Seconds of the window before it.")] = 2.0,
    length: Annotated[float, typer.Option(min=0.1, help="Length of the window, s.")] = 32.0,
    min_snr: Annotated[float, typer.Option(min=0.0, help="Signal over noise in the band.")] = 3.0,
    band: Annotated[tuple[float, float], typer.Option(help="Hz; 0 0 for none.")] = (1.0, 10.0),
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Keep noisy, clipped and spiky records too.")
    ] = False,
    component: Annotated[str, typer.Option(help="Of CGM-GM's table: E, N or Z.")] = "E",
    as_json: _Json = False,
) -> None:
    """Build a set of records in m/s^2, alike and checked, and tell what was left out and why."""
    from mainshock.shaking.preparation import PreparationSettings, WindowStart, prepare_records
    from mainshock.shaking.quality import QualityLimits
    from mainshock.shaking.record_inputs import RecordInputs, is_synthetic_input, read_records
    from mainshock.shaking.waveform_files import CutSettings
    from mainshock.sources.base import SkippedInput

    limits = None if unchecked else QualityLimits(min_snr=min_snr, band_hz=band)
    given = RecordInputs(inputs, events, stations, table, CutSettings(limits=limits))
    zero = None if about is None else WindowStart(about.value)
    settings = PreparationSettings(
        rate, high_pass, low_pass, zero, before_s=before, length_s=length, limits=limits
    )
    skipped: list[SkippedInput] = []
    prepared = prepare_records(read_records(given, skipped), settings, skipped)
    try:
        n = _write(prepared, out, component, is_synthetic=is_synthetic_input(inputs))
    finally:
        tell_not_used((one.name, one.reason) for one in skipped)
    if as_json:
        left_out = [{"name": one.name, "reason": one.reason} for one in skipped]
        print_json({"out": str(out), "n": n, "left_out": left_out})
        return
    print_result(f"{n} records written to {out}, {len(skipped)} left out")


def _write(
    prepared: "Iterable[LabelledRecord]", out: Path, component: str, *, is_synthetic: bool
) -> int:
    """Write a set of records, or a table of CGM-GM, and return the number of records."""
    from mainshock.shaking.cgm_gm_files import cgm_gm_table, write_cgm_gm
    from mainshock.shaking.record_writers import REAL, SYNTHETIC, write_records

    if out.suffix.lower() == ".csv":
        made = cgm_gm_table(prepared, component)
        write_cgm_gm(out, made)
        return len(made.metadata)
    kind = f"{SYNTHETIC} (prepared from generated records)" if is_synthetic else REAL
    return len(write_records(prepared, out, kind=kind))


def flatfile(
    data: Annotated[Path, typer.Argument(help="Set of records, .h5 with .csv, or a flat table.")],
    out: Annotated[Path, typer.Option(help="Flatfile, .parquet or .csv.")],
    as_json: _Json = False,
) -> None:
    """Measure records into a flatfile: RotD50 spectra, EAS, Arias, CAV, durations, usable band.

    A published table (ESM, NGA-like) is brought to the same names and units instead.
    """
    from mainshock.shaking.flat_tables import read_flat_table
    from mainshock.shaking.flatfile import build_flatfile
    from mainshock.shaking.records import open_records
    from mainshock.sources.base import SkippedInput
    from mainshock.sources.table_files import write_table

    skipped: list[SkippedInput] = []
    is_set = data.is_dir() or data.with_suffix(".h5").is_file()
    table = build_flatfile(open_records(data)) if is_set else read_flat_table(data, skipped)
    write_table(out, table)
    tell_not_used((one.name, one.reason) for one in skipped)
    if as_json:
        print_json({"out": str(out), "n": len(table), "columns": list(map(str, table.columns))})
        return
    print_result(f"{len(table)} rows of {len(table.columns)} columns written to {out}")


def split(
    data: Annotated[Path, typer.Argument(help="Set of records, or a table of scenarios.")],
    out: Annotated[Path, typer.Option(help="CSV: row, event, station, part.")],
    by: Annotated[_By, typer.Option(help="What is left out whole.")] = _By.both,
    share_events: Annotated[float, typer.Option(help="Share of the events left out.")] = 0.2,
    share_stations: Annotated[float, typer.Option(help="Share of the stations left out.")] = 0.15,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    as_json: _Json = False,
) -> None:
    """Split records by event, by station or by both; never by record."""
    import pandas as pd

    from mainshock.shaking.records import open_records
    from mainshock.shaking.scenarios import read_scenarios
    from mainshock.sources.table_files import write_table

    is_set = data.is_dir() or data.with_suffix(".h5").is_file()
    scenarios = open_records(data).scenarios if is_set else read_scenarios(data)
    parts = _parts(scenarios, by, seed, share_events, share_stations)
    columns = {"event": scenarios.event, "station": scenarios.station, "part": parts}
    table = pd.DataFrame({"row": range(len(scenarios)), **columns})
    write_table(out, table)
    counts = {str(name): int(n) for name, n in table["part"].value_counts().items()}
    say(f"written to {out}")
    if as_json:
        print_json({"out": str(out), "by": by.value, "seed": seed, "counts": counts})
        return
    print_result(", ".join(f"{name} {n}" for name, n in counts.items()))


def _parts(
    scenarios: "Scenarios", by: _By, seed: int, share_events: float, share_stations: float
) -> list[str]:
    """Return the part of each row."""
    from mainshock.shaking.splits import split_by_both, split_by_event, split_by_station

    n = len(scenarios)
    if by is _By.both:
        both = split_by_both(scenarios, seed, share_events, share_stations)
        return [str(one) for one in both.names(n)]
    if by is _By.event:
        left_out = split_by_event(scenarios, seed, (1.0 - share_events, share_events))[1]
        name = "new_events"
    else:
        left_out = split_by_station(scenarios, seed, (1.0 - share_stations, share_stations))[1]
        name = "new_stations"
    rows = set(left_out.tolist())
    return [name if row in rows else "train" for row in range(n)]
