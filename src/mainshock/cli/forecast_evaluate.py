"""``mainshock forecast evaluate``: scores of a fitted model on later events."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from mainshock.forecast.base import RateModel
    from mainshock.forecast.evaluate import Evaluation

__all__ = ["evaluate"]

_FEWEST_WINDOWS, _LEAST_INSIDE = 30, 0.9

_Model = Annotated[Path, typer.Option(help="Folder of a fitted model.")]
_Catalogue = Annotated[
    Path, typer.Option("--catalogue", "--catalog", help="Earthquakes: CSV, Parquet, QuakeML, ...")
]
_From = Annotated[str, typer.Option("--from", help="Start of the test, ISO 8601 or days.")]
_To = Annotated[str, typer.Option("--to", help="Its end; events from then on change nothing.")]
_PerEvent = Annotated[
    Path | None, typer.Option(help="Table to write, a row an event: .csv or .parquet.")
]
_Overlap = Annotated[
    bool, typer.Option(help="Let the test overlap the fit; scores are marked in-sample.")
]
_Tests = Annotated[
    bool, typer.Option("--tests", help="Simulate windows and add calibration and CSEP tests.")
]
_Record = Annotated[
    bool,
    typer.Option(
        "--record",
        help="With --tests: write into the model that it was tested on windows of --days.",
    ),
]
_Days = Annotated[float, typer.Option(min=0.01, help="Length of these windows.")]
_Simulations = Annotated[int, typer.Option("--n-sim", min=20, help="Catalogues a window.")]
_Draws = Annotated[int, typer.Option("--n-boot", min=10, help="Draws of the block bootstrap.")]
_Seed = Annotated[int, typer.Option(min=0, help="Of everything drawn.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def evaluate(
    model: _Model,
    catalogue: _Catalogue,
    from_: _From,
    to: _To,
    per_event: _PerEvent = None,
    tests: _Tests = False,
    record: _Record = False,
    days: _Days = 7.0,
    n_sim: _Simulations = 1000,
    n_boot: _Draws = 1000,
    allow_overlap: _Overlap = False,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Score a model on later events, beside Poisson rates fitted to the same past.

    Each event counts with what was known before it. Region and magnitude of completeness are the
    model's; the model's own events stand in for a past that the catalogue does not have.
    """
    from mainshock.core.errors import SettingsError
    from mainshock.core.provenance import file_sha256
    from mainshock.forecast.evaluate import evaluate_model, write_per_event
    from mainshock.forecast.model_folder import open_model, stored_events
    from mainshock.forecast.moments import days_asked
    from mainshock.sources.seismicity.read import read_seismicity

    if record and not tests:
        raise SettingsError("--record keeps what --tests measures; give both")
    opened = open_model(model)
    is_synthetic = opened.info.is_synthetic
    found = evaluate_model(
        opened,
        stored_events(model),
        read_seismicity(catalogue),
        days_asked("--from", from_, is_synthetic=is_synthetic),
        days_asked("--to", to, is_synthetic=is_synthetic),
        n_boot=n_boot,
        seed=seed,
        allow_overlap=allow_overlap,
    )
    document = found.as_dict()
    document["catalogue"] = {"name": catalogue.name, "sha256": file_sha256(catalogue)}
    if tests:
        document["tests"] = _tests(opened, found, days, n_sim, seed)
    if record:
        document["recorded"] = _recorded(model, opened, document)
    if per_event is not None:
        write_per_event(per_event, found)
        document["per_event"] = str(per_event)
    for one in document["warnings"]:
        say(f"note: {one}")
    if as_json:
        print_json(document)
    else:
        print_result("\n".join(_lines(document)))


def _tests(
    model: "RateModel", found: "Evaluation", days: float, n_sim: int, seed: int
) -> dict[str, Any]:
    from mainshock.forecast.count_calibration import count_calibration, window_forecasts
    from mainshock.forecast.window_tests import (
        grid_for,
        pooled_rates,
        pooled_tests,
        window_tests,
    )

    forecasts = window_forecasts(
        model, found.rows, days=days, n_simulations=n_sim, seed=seed, say=say
    )
    region = model.info.region if model.is_spatial else None
    grid = None if region is None else grid_for(region)
    return {
        "counts": count_calibration(forecasts, seed).as_dict(),
        "csep_windows": [one.as_dict() for one in window_tests(forecasts, model.info, grid)],
        "csep_pooled": pooled_tests(pooled_rates(forecasts, model.info, grid), n_sim, seed),
        "cell_deg": None if grid is None else grid.cell_deg,
    }


def _recorded(folder: Path, model: "RateModel", document: Mapping[str, Any]) -> bool:
    """Write into the model how long windows may be, if it held on those; tell whether it did."""
    from mainshock.forecast.model_folder import record_validation
    from mainshock.forecast.refusals import validated_days

    counts = document["tests"]["counts"]
    inside, n = counts["pit_inside_95"], counts["windows"]
    if document["in_sample"] or n < _FEWEST_WINDOWS or inside < _LEAST_INSIDE:
        say(
            f"note: not recorded: {n} windows with {inside:.1%} of the counts inside 95 %; needed "
            f"are {_FEWEST_WINDOWS} windows after the fit with at least {_LEAST_INSIDE:.0%}"
        )
        return False
    measured = {name: document[name] for name in ("from", "to", "n", "ll_per_event")}
    measured |= {name: counts[name] for name in ("days", "windows", "pit_inside_95")}
    longest = max(counts["days"], validated_days(model.info))
    record_validation(folder, {"horizon_days": longest, f"windows_{counts['days']:g}d": measured})
    return True


def _lines(document: Mapping[str, Any]) -> list[str]:
    """Return the scores, for people."""
    baseline, method = document["baseline"], document["interval_method"]
    low, high = document["interval95"]
    lines = [
        (
            f"{document['model']}: {document['n']} events, {document['expected_n']:.1f} expected, "
            f"{document['ll_per_event']:.4f} nats an event"
        ),
        (
            f"over {baseline['model']} ({baseline['ll_per_event']:.4f}): "
            f"{document['igpe_vs_poisson_adaptive']:+.4f} nats an event "
            f"[{low:+.4f}, {high:+.4f}], 95 % over {method['blocks']} blocks"
        ),
        "retrospective; a research result, not an official forecast",
    ]
    if "tests" in document:
        counts = document["tests"]["counts"]
        lines.append(
            f"{counts['windows']} windows of {counts['days']:g} days: {counts['pit_inside_95']:.1%}"
            f" of the counts inside 95 %, N-test passed by {counts['n_test_passed_95']:.1%}"
        )
        lines += [
            f"  {one['test']}-test passed by {one['passed_95']:.1%} of {one['windows']}"
            for one in document["tests"]["csep_windows"]
            if one["windows"]
        ]
    if document.get("recorded"):
        lines.append("recorded in the model: windows of that length count as validated")
    if "per_event" in document:
        lines.append(f"-> {document['per_event']}")
    return lines
