"""``mainshock forecast report``: every test of any models on the same events, on one page."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli.output import print_json, print_result, say

__all__ = ["report"]

_Models = Annotated[
    list[Path], typer.Option("--model", help="Folder of a fitted model; repeat for each.")
]
_Catalogue = Annotated[
    Path, typer.Option("--catalogue", "--catalog", help="Earthquakes: CSV, Parquet, QuakeML, ...")
]
_From = Annotated[str, typer.Option("--from", help="Start of the test, ISO 8601 or days.")]
_To = Annotated[str, typer.Option("--to", help="Its end; events from then on change nothing.")]
_Out = Annotated[Path, typer.Option(help="Folder for report.html and report.json.")]
_Days = Annotated[float, typer.Option(min=0.01, help="Length of the simulated windows.")]
_Simulations = Annotated[int, typer.Option("--n-sim", min=20, help="Catalogues a window.")]
_Draws = Annotated[int, typer.Option("--n-boot", min=10, help="Draws of the block bootstrap.")]
_Agency = Annotated[str | None, typer.Option(help="Source of official advice, for the page.")]
_Overlap = Annotated[
    bool, typer.Option(help="Let the test overlap a fit; the page is marked in-sample.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of everything drawn.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def report(
    model: _Models,
    catalogue: _Catalogue,
    from_: _From,
    to: _To,
    out: _Out,
    days: _Days = 7.0,
    n_sim: _Simulations = 1000,
    n_boot: _Draws = 1000,
    agency: _Agency = None,
    allow_overlap: _Overlap = False,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Test models on the same events and write one page: scores, CSEP tests, calibration.

    Models need the same region and magnitude of completeness. Poisson rates fitted to the past of
    the first one are tested with them.
    """
    from mainshock.core.provenance import file_sha256
    from mainshock.forecast.moments import days_asked
    from mainshock.forecast.report import ReportSettings, candidates_from, make_report
    from mainshock.forecast.report_page import write_report
    from mainshock.sources.seismicity.read import read_seismicity

    candidates = candidates_from(model)
    is_synthetic = candidates[0].model.info.is_synthetic
    settings = ReportSettings(days, n_sim, n_boot, seed, allow_overlap=allow_overlap)
    if agency is not None:
        settings = ReportSettings(days, n_sim, n_boot, seed, agency, allow_overlap)
    found = make_report(
        candidates,
        read_seismicity(catalogue),
        days_asked("--from", from_, is_synthetic=is_synthetic),
        days_asked("--to", to, is_synthetic=is_synthetic),
        settings,
        catalogue_name=catalogue.name,
        catalogue_sha256=file_sha256(catalogue),
        say=say,
    )
    page = write_report(out, found)
    if as_json:
        print_json(found.as_dict() | {"path": str(page)})
        return
    for one in found.models:
        score, counts = one.evaluation, one.counts
        low, high = score.interval95
        print_result(
            f"{one.name}: {score.model.ll_per_event:.4f} nats an event, gain {score.igpe:+.4f} "
            f"[{low:+.4f}, {high:+.4f}]; {counts.share_inside():.1%} of {len(counts.observed)} "
            "counts inside 95 %"
        )
    print_result(f"-> {page}")
