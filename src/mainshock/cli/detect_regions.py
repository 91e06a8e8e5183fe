"""``mainshock detect regions``: train, evaluate and use a classifier of source regions."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say, tell_not_used

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help="Which region of its catalogue an event at one station comes from (ConvNetQuake).",
)
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Model = Annotated[str, typer.Argument(help="A region model: its name or its folder.")]


_NClusters = Annotated[
    int | None, typer.Option(help="Number of regions; K-means where no column states them.")
]
_Recipe = Annotated[
    Path | None, typer.Option(help="Recipe file; the other options change its values.")
]
_Epochs = Annotated[
    float | None, typer.Option(help="Instead of --max-steps: passes through the windows.")
]
_Minutes = Annotated[float | None, typer.Option(help="Minutes after which each network ends.")]
_Clusters = Annotated[Path | None, typer.Option(help="clusters.json of `detect dataset cluster`.")]
_Column = Annotated[str | None, typer.Option(help="Column of metadata.csv that names the regions.")]
_Split = Annotated[
    str | None,
    typer.Option(
        help="Rows of this split alone, or `all`; default: those that are not `train`, if the "
        "folder has both kinds, else all."
    ),
]
_Legacy = Annotated[
    bool, typer.Option("--legacy-normalisation", help="Head original: scale whole streams.")
]


class _Head(StrEnum):
    """The networks there are."""

    improved = "improved"
    original = "original"


@app.command()
def train(
    data: Annotated[
        Path, typer.Option(help="Windows: SeisBench form, or waveforms.npz and metadata.csv.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for weights, manifest, card and logs.")],
    n_clusters: _NClusters = None,
    recipe: _Recipe = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoints.")] = False,
    head: Annotated[_Head | None, typer.Option(help="The network; default improved.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of all randomness.")] = None,
    max_steps: Annotated[int | None, typer.Option(help="Steps of each network.")] = None,
    epochs: _Epochs = None,
    time_limit_min: _Minutes = None,
    clusters: _Clusters = None,
    label_column: _Column = None,
    legacy_normalisation: _Legacy = False,
    as_json: _Json = False,
) -> None:
    """Train a region classifier; needs the extra `train` (torch, Lightning).

    Regions, networks and calibration are cross-validated over blocks of time; the scores go into
    manifest and card, beside those of the majority region and of polarisation alone.
    """
    from mainshock.core.errors import MissingDependencyError

    try:
        from mainshock.detect.regions.region_options import recipe_from_options
        from mainshock.detect.regions.train import train_regions
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs more than the base install ({error}); "
            "install the extra: pip install 'mainshock[train]'"
        ) from error
    chosen = recipe_from_options(
        recipe,
        head=None if head is None else head.value,
        n_clusters=n_clusters,
        label_column=label_column,
        seed=seed,
        steps=max_steps,
        epochs=epochs,
        time_limit_min=time_limit_min,
        legacy_normalisation=legacy_normalisation or None,
        data_dir=data,
    )
    summary = train_regions(data, out, chosen, clusters_path=clusters, resume=resume)
    _warn(summary.warnings)
    say(f"model written to {out}")
    if as_json:
        print_json(summary.as_dict())
    else:
        _print_accuracies(summary.metrics)


@app.command()
def evaluate(
    model: _Model,
    data: Annotated[Path, typer.Argument(metavar="DIR", help="Windows, as for training.")],
    events: Annotated[bool, typer.Option("--events", help="Events alone.")] = False,
    noise: Annotated[bool, typer.Option("--noise", help="Noise windows alone.")] = False,
    split: _Split = None,
    eval_interval: Annotated[
        float | None, typer.Option(help="Evaluate the newest weights again each so many seconds.")
    ] = None,
    max_evaluations: Annotated[int, typer.Option(help="With --eval-interval: rounds.")] = 10,
    save_false: Annotated[
        Path | None, typer.Option(help="Write wrong answers here: .csv or .parquet.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Score a region classifier on labelled windows: detection, region, calibration.

    `location_accuracy` counts event windows alone, since noise windows, which are easy, would raise
    it. `location_accuracy_all_windows` counts noise windows as a class, as the reference program
    does; with --noise both are this value. Changed copies are left out. Scores on the training
    data carry a warning.
    """
    from mainshock.detect.regions.evaluate import Part, evaluate_regions, watch_regions
    from mainshock.learn.models import find_model

    if events and noise:
        raise typer.BadParameter("give --events or --noise, or neither for both")
    part: Part = "events" if events else "noise" if noise else "all"
    folder = find_model(model)
    if eval_interval is not None:
        rounds = watch_regions(
            folder, data, part=part, interval_s=eval_interval, max_evaluations=max_evaluations,
            split=split,
            on_scores=lambda scores: say(_line(scores)),
        )  # fmt: skip
        scores = {**rounds[-1], "evaluations": [_short(one) for one in rounds]}
    else:
        scores = evaluate_regions(folder, data, part=part, split=split, save_false=save_false)
    _warn(scores["warnings"])
    if as_json:
        print_json(scores)
        return
    print_result(_line(scores))
    for name, score in scores["baselines"].items():
        print_result(f"{name}: accuracy {score['accuracy']:.3f}, n {score['n']}")


@app.command()
def predict(
    model: _Model,
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT...", help="Files, folders or SDS roots.")
    ],
    out: Annotated[Path, typer.Option(help="Write the events here: .csv or .parquet.")],
    step: Annotated[
        float, typer.Option(help="Head original: seconds from one window to the next.")
    ] = 10.0,
    as_json: _Json = False,
) -> None:
    """Find events in continuous records and give each the probabilities of its region.

    One row an event window: start_time, end_time, cluster_id (from 0) and clusters_prob, the list
    of the regions' probabilities; with that of noise they sum to 1.
    """
    from mainshock.core.errors import NothingFoundError
    from mainshock.detect.regions.predict import predict_regions
    from mainshock.learn.models import find_model
    from mainshock.sources.registry import open_source
    from mainshock.sources.table_files import write_table

    source = open_source(inputs)
    with progress("classifying", len(source)) as advance:
        found = predict_regions(find_model(model), source, step_s=step, progress=advance)
    left_out = [(item.name, item.reason) for item in source.skipped]
    tell_not_used(left_out)
    _warn(found.warnings)
    write_table(out, found.table)
    say(f"{len(found.table)} event windows written to {out}")
    if as_json:
        rows: list[dict[str, Any]] = found.table.to_dict("records")  # type: ignore[assignment]
        print_json({"events": rows, "warnings": found.warnings, "out": str(out)})
    if found.table.empty:
        raise NothingFoundError("no event found in these records; the file has no rows")


def _print_accuracies(metrics: dict[str, Any]) -> None:
    for name in ("regions", "polarisation", "majority"):
        if name in metrics:
            score = metrics[name]
            print_result(f"{name}: cross-validated accuracy {score['accuracy']:.3f}")


def _warn(warnings: list[str]) -> None:
    for text in warnings:
        say(f"WARNING: {text}")


def _short(scores: dict[str, Any]) -> dict[str, Any]:
    return {name: scores[name] for name in ("detection_accuracy", "location_accuracy", "ece", "n")}


def _line(scores: dict[str, Any]) -> str:
    parts = [
        f"{name.replace('_', ' ')} {value:.3f}"
        for name, value in _short(scores).items()
        if isinstance(value, float)
    ]
    return f"{', '.join(parts)}, n {scores['n']}"
