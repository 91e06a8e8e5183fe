"""``mainshock detect``: train and evaluate pickers."""

from pathlib import Path
from typing import Annotated

import typer

from mainshock.cli import detect_dataset, detect_explain, detect_regions
from mainshock.cli.output import print_json, print_result, progress, say

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Train and evaluate pickers.")
app.add_typer(detect_dataset.app, name="dataset")
app.add_typer(detect_regions.app, name="regions")
app.command("explain")(detect_explain.explain)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="Picker: a registered name or a model folder.")],
    dataset_dir: Annotated[Path, typer.Argument(help="Folder in SeisBench format.")],
    windows: Annotated[Path, typer.Option(help="CSV: trace_name,start_sample,npts.")],
    as_json: _Json = False,
) -> None:
    """Score a picker on labelled windows: precision, recall, F1, residuals, false alarms.

    A pick counts once, every surplus pick is false, phases flagged as unlabelled are left out,
    and noise windows count.
    """
    from mainshock.detect.evaluate import evaluate_picker
    from mainshock.detect.registry import open_picker

    with progress("scoring") as advance:
        scores = evaluate_picker(open_picker(model), dataset_dir, windows, progress=advance)
    if as_json:
        print_json(scores)
        return
    for phase, tolerances in scores["phases"].items():
        for tolerance, score in tolerances.items():
            print_result(
                f"{phase} within {tolerance} s: precision {score['precision']:.3f}, recall "
                f"{score['recall']:.3f}, F1 {score['f1']:.3f}, n {score['n']}, "
                f"mean absolute error {_seconds(score['mae_s'])}"
            )
    noise = scores["noise_windows"]
    print_result(f"noise windows with a pick: {noise['with_pick']} of {noise['n']}")


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="Recipe file, such as recipes/picker/*.yaml.")],
    data: Annotated[Path, typer.Option(help="Folder in SeisBench format.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, manifest, card and logs.")],
    records: Annotated[
        list[Path] | None,
        typer.Option(help="Continuous records that the recipe's teachers label; repeatable."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="What the model is called, if not as the recipe says.")
    ] = None,
    devices: Annotated[
        int,
        typer.Option(
            help="Processes that train together; a step takes the mean over a batch of each.",
            min=1,
        ),
    ] = 1,
    as_json: _Json = False,
) -> None:
    """Train a picker by its recipe; needs the extra `train` (torch, Lightning, SeisBench)."""
    from mainshock.core.errors import MissingDependencyError

    try:
        from mainshock.detect.train import train_picker
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs more than the base install ({error}); "
            "install the extra: pip install 'mainshock[train]'"
        ) from error
    summary = train_picker(
        recipe, data, out, records or (), name=name, devices=devices, progress=say
    )
    say(f"model written to {out}")
    if as_json:
        print_json(summary.as_dict())


@app.command()
def ensemble(
    recipe: Annotated[Path, typer.Argument(help="Recipe: members and what their sets count.")],
    data: Annotated[Path, typer.Option(help="Folder in SeisBench format.")],
    out: Annotated[Path, typer.Option(help="Folder for manifest and recipe.")],
    as_json: _Json = False,
) -> None:
    """Fit how the pickers of an ensemble count, on the development windows of a dataset."""
    from mainshock.core.errors import MissingDependencyError

    try:
        from mainshock.detect.ensemble_fit import fit_ensemble
    except ImportError as error:
        raise MissingDependencyError(
            f"fitting needs more than the base install ({error}); "
            "install the extra: pip install 'mainshock[train]'"
        ) from error
    manifest = fit_ensemble(recipe, data, out)
    say(f"ensemble written to {out}")
    if as_json:
        print_json(manifest.as_dict())


def _seconds(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f} s"
