"""``mainshock shake evaluate`` and ``compare``: scores of models of shaking on new records."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    from mainshock.shaking.evaluate import Evaluation

__all__ = ["compare", "evaluate"]

_Data = Annotated[
    Path, typer.Option(help="Records to test on: .h5 with .csv beside it, or their folder.")
]
_Realisations = Annotated[int, typer.Option("--n", min=2, help="Realisations a record.")]
_Waveforms = Annotated[
    int, typer.Option(min=8, help="Records at most that waveforms are generated for.")
]
_Seed = Annotated[int, typer.Option(min=0, help="Of everything drawn.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_SHOWN = ("ln_fas_2hz", "ln_fas_5hz", "ln_fas_10hz", "ln_fas_15hz", "ln_pga", "ln_psa_0.3s")


def evaluate(
    model: Annotated[str, typer.Option(help="Name of a model, or its folder.")],
    data: _Data,
    train: Annotated[
        Path | None,
        typer.Option(help="Records that the ergodic regression beside it is fitted to."),
    ] = None,
    n: _Realisations = 5,
    max_waveforms: _Waveforms = 200,
    path_cell_km: Annotated[
        float | None,
        typer.Option(min=0.1, help="Sources in one cell of this size repeat a path (phi_P2P)."),
    ] = None,
    picker: Annotated[
        str, typer.Option(help="Picker that looks for P and S in what is generated; or none.")
    ] = "default",
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Score a model on records it was not trained on, each score beside the ergodic regression's.

    Give records of events or stations, or both, that were kept apart, and with --train those to fit
    the regression to; no record may be in both.
    """
    from mainshock.detect.registry import open_picker
    from mainshock.pipeline.shaking import phase_times
    from mainshock.shaking.evaluate import (
        EvaluationSettings,
        evaluate_measured,
        fit_baseline,
        measure,
    )
    from mainshock.shaking.records import open_records
    from mainshock.shaking.training import open_model

    opened = open_model(model)
    finds = None if picker == "none" else phase_times(open_picker(picker))
    settings = EvaluationSettings(seed, n, max_waveforms, path_cell_km, picker=finds)
    say("measuring records")
    tested = measure(open_records(data))
    baseline = None if train is None else fit_baseline(measure(open_records(train)))
    say(f"evaluating {opened.name}")
    found = evaluate_measured(opened, tested, baseline, settings)
    if as_json:
        print_json(found.as_dict())
    else:
        print_result("\n".join(_told(found)))


def compare(
    model: Annotated[list[str], typer.Option(help="Name or folder; repeat for each model.")],
    data: _Data,
    train: Annotated[Path, typer.Option(help="Records to fit the ergodic regression to.")],
    out: Annotated[Path, typer.Option(help="Page to write (.html).")],
    n: _Realisations = 5,
    max_waveforms: _Waveforms = 200,
    grid_points: Annotated[int, typer.Option(min=5, help="Along each side of a map.")] = 40,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Compare models on the same records and write one HTML page: scores, curves and maps."""
    from mainshock.shaking.compare_report import compare_models, write_comparison
    from mainshock.shaking.evaluate import EvaluationSettings, fit_baseline, measure
    from mainshock.shaking.records import open_records
    from mainshock.shaking.training import open_model

    opened = [open_model(one) for one in model]
    say("measuring records")
    baseline = fit_baseline(measure(open_records(train)))
    tested = measure(open_records(data))
    settings = EvaluationSettings(seed, n, max_waveforms)
    found = compare_models(opened, tested, baseline, settings, grid_points=grid_points, say=say)
    write_comparison(out, found)
    if as_json:
        print_json(found.as_dict() | {"path": str(out)})
        return
    for one in found.evaluations:
        print_result("\n".join(_told(one)))
    print_result(f"-> {out}")


def _told(found: "Evaluation") -> list[str]:
    """Return the main scores as lines."""
    lines = [
        f"{found.name}{' (SYNTHETIC)' if found.is_synthetic else ''}: bias, sd, sd / predicted"
    ]
    for name in _SHOWN:
        if name not in found.scores:
            continue
        score = found.scores[name]
        beside = found.baseline.scores.get(name) if found.baseline is not None else None
        line = f"  {name:12s} {score.bias:+.2f} {score.sd:.2f} {score.calibration:.2f}"
        lines.append(line + ("" if beside is None else f"   ergodic sd {beside.sd:.2f}"))
    made: Any = found.waveforms
    if made is not None:
        lines.append(f"  waveforms of {made.n_rows} records: bias, sampled sd / residual sd")
        for name in (*_SHOWN, "ln_d5_75", "onset_s"):
            one = made.measures[name]
            lines.append(f"  {name:12s} {one['bias']:+.2f} {one['sampled_over_residual']:.2f}")
        for phase in ("P", "S") if made.picks else ():
            one = made.picks[phase]
            lines.append(
                f"  {phase} picked in {one['rate']:.0%}, off by {one['median_absolute_s']:.2f} s "
                f"(median, from {made.picks['reference']})"
            )
    return lines
