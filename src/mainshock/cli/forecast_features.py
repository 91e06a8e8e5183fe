"""``mainshock forecast features``: a table of cells and issue times to learn from."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say

if TYPE_CHECKING:
    from mainshock.forecast.features.files import WrittenTable
    from mainshock.forecast.features.request import PreparedTable

__all__ = ["features"]

_OfRows = "Rows"
_OfEvents = "Events"
_Catalogue = Annotated[Path, typer.Argument(help="Earthquakes: CSV, Parquet, QuakeML, ...")]
_Out = Annotated[Path, typer.Option(help="Table to write: .parquet (with units) or .csv.")]
_From = Annotated[
    str | None,
    typer.Option(
        "--from",
        help="First issue time, ISO 8601; by default a year after the first event.",
        rich_help_panel=_OfRows,
    ),
]
_To = Annotated[
    str | None,
    typer.Option(
        "--to",
        help="Target windows end by then; later events are not read. By default the last event.",
        rich_help_panel=_OfRows,
    ),
]
_At = Annotated[
    str | None,
    typer.Option(
        help="One issue time instead, without targets: for `forecast select --apply`.",
        rich_help_panel=_OfRows,
    ),
]
_Step = Annotated[
    float, typer.Option("--step-days", help="Days between issue times.", rich_help_panel=_OfRows)
]
_Horizon = Annotated[
    float | None,
    typer.Option(
        "--horizon-days",
        help="Days after each issue time that targets count; by default a step.",
        rich_help_panel=_OfRows,
    ),
]
_Cell = Annotated[
    float,
    typer.Option("--cell-deg", help="Side of a cell in degrees.", rich_help_panel=_OfRows),
]
_Region = Annotated[
    str | None,
    typer.Option(
        help="W,S,E,N, corners lon,lat;..., a GeoJSON file, or globe; by default a box around the "
        "events before the first issue time.",
        rich_help_panel=_OfRows,
    ),
]
_Target = Annotated[
    float | None,
    typer.Option(
        "--target-magnitude",
        help="Targets count events from here on; by default --mc.",
        rich_help_panel=_OfEvents,
    ),
]
_Mc = Annotated[
    float | None,
    typer.Option(
        help="Magnitude of completeness: smaller events do not count. By default what the events "
        "before the first issue time say.",
        rich_help_panel=_OfEvents,
    ),
]
_Delay = Annotated[
    float | None,
    typer.Option(
        help="Events count as known so many days after they happened; by default at once, or when "
        "the catalogue says.",
        rich_help_panel=_OfEvents,
    ),
]
_Incomplete = Annotated[
    bool,
    typer.Option("--allow-incomplete", help="Go on below completeness.", rich_help_panel=_OfEvents),
]
_Etas = Annotated[
    Path | None,
    typer.Option(help="Folder of an etas model: what it expects becomes two more features."),
]
_Regime = Annotated[
    bool, typer.Option("--regime", help="Add the tectonic regime of cells (needs usgs-strec).")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def features(
    catalogue: _Catalogue,
    out: _Out,
    from_: _From = None,
    to: _To = None,
    at: _At = None,
    step_days: _Step = 1.0,
    horizon_days: _Horizon = None,
    cell_deg: _Cell = 0.5,
    region: _Region = None,
    target_magnitude: _Target = None,
    mc: _Mc = None,
    delay_days: _Delay = None,
    allow_incomplete: _Incomplete = False,
    etas: _Etas = None,
    regime: _Regime = False,
    as_json: _Json = False,
) -> None:
    """Write a table with a row for each cell and issue time: features and what followed.

    Features know the events before the issue time alone, each in the version known then: counts,
    energy, decaying sums, b-values, gaps, depths, the largest event. Targets are the number of
    events in the window after it, and whether there is any. `forecast select --table` learns
    from it; the guide "Make a feature table" says what each column means.
    """
    from mainshock.core.provenance import file_sha256
    from mainshock.forecast.features.files import check_table_path
    from mainshock.forecast.features.request import TableRequest, prepare_table_of
    from mainshock.sources.seismicity.read import read_seismicity

    check_table_path(out)  # a wrong name is told before a long catalogue is read
    request = TableRequest(
        start=from_,
        end=to,
        at=at,
        step_days=step_days,
        target_days=horizon_days,
        cell_deg=cell_deg,
        target_mc=target_magnitude,
        mc=mc,
        region=region,
        delay_days=delay_days,
        etas=etas,
        with_regime=regime,
        allow_incomplete=allow_incomplete,
    )
    prepared = prepare_table_of(read_seismicity(catalogue), request)
    source = {"catalogue": catalogue.name, "catalogue_sha256": file_sha256(catalogue)}
    written = _written(out, prepared, source)
    document = {**_document(prepared, written), **source, "out": str(out)}
    if as_json:
        print_json(document)
        return
    for line in _lines(document):
        print_result(line)


def _written(out: Path, prepared: "PreparedTable", source: Mapping[str, str]) -> "WrittenTable":
    """Write the table, with progress on stderr."""
    from mainshock.forecast.features.files import write_cell_table

    for one in prepared.warnings:
        say(f"note: {one}")
    n_issues, n_cells = len(prepared.issue_days), len(prepared.settings.cells)
    say(f"{n_issues} issue times x {n_cells} cells = {n_issues * n_cells} rows")
    with progress("features") as advance:
        return write_cell_table(
            out,
            prepared.catalogue,
            prepared.issue_days,
            prepared.settings,
            with_targets=prepared.with_targets,
            notes={**source, "mc": f"{prepared.settings.mc:g}"},
            tell=advance,
        )


def _document(prepared: "PreparedTable", written: "WrittenTable") -> dict[str, Any]:
    from dataclasses import asdict

    from mainshock.forecast.features.meanings import column_meaning
    from mainshock.forecast.selection.fitting import moment_text

    settings, issue = prepared.settings, prepared.issue_days
    synthetic = prepared.catalogue.is_synthetic
    columns = ("time", "cell", *written.features, *written.targets)
    return {
        "n": written.n_rows,
        "n_issues": len(issue),
        "n_cells": len(settings.cells),
        "first_issue": moment_text(float(issue[0]), synthetic),
        "last_issue": moment_text(float(issue[-1]), synthetic),
        "target_days": settings.step_days,
        "target_magnitude": settings.mc if settings.target_mc is None else settings.target_mc,
        "mc": settings.mc,
        "cell_deg": settings.cells.cell_deg,
        "region": settings.cells.region.to_document(),
        "n_events": len(prepared.catalogue.above(settings.mc)),
        "features": list(written.features),
        "targets": list(written.targets),
        "n_target_events": written.n_target_events if written.targets else None,
        "n_positive": written.n_positive if written.targets else None,
        "columns": [asdict(column_meaning(name)) for name in columns],
        "is_synthetic": synthetic,
        "warnings": list(prepared.warnings),
    }


def _lines(document: Mapping[str, Any]) -> list[str]:
    """Return what was written, for people."""
    lines = [
        (
            f"{document['n']} rows, {len(document['features'])} features, from "
            f"{document['n_events']} events of magnitude {document['mc']:g} or more"
        )
    ]
    if document["targets"]:
        share = document["n_positive"] / document["n"]
        lines.append(
            f"targets: {document['n_target_events']} events of magnitude "
            f"{document['target_magnitude']:g} or more in windows of "
            f"{document['target_days']:g} d, "
            f"{document['n_positive']} rows with any ({share:.2%})"
        )
        lines.append(
            f"next: mainshock forecast select --table {document['out']} "
            f"--target {document['targets'][1]} --group cell --out MODEL"
        )
    lines.append(f"-> {document['out']}")
    return lines
