"""``mainshock offfault train`` and ``evaluate``: networks of efficiency, beside their baselines."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.offfault_split import SplitBy, divide
from mainshock.cli.output import print_json, print_result, progress, say

if TYPE_CHECKING:
    from mainshock.offfault.base import Efficiency
    from mainshock.offfault.fine_tuning import FineTuned
    from mainshock.offfault.scores import Scores
    from mainshock.offfault.training import TrainingSettings
    from mainshock.offfault.windows import LabelledWindows

__all__ = ["evaluate", "train"]

_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Windows = Annotated[
    Path,
    typer.Option(help="Labelled windows (.npz), or a folder with windows.npz and labels.csv."),
]
_Figures = Annotated[Path | None, typer.Option(help="Folder for figures (PNG).")]
_RUNS_DRAWN = 6


class _Scheduler(StrEnum):
    """How the learning rate goes."""

    constant = "constant"
    onecycle = "onecycle"


class _StopOn(StrEnum):
    """Score that patience follows."""

    accuracy = "accuracy"
    loss = "loss"


_Loss = Annotated[
    str | None,
    typer.Option(
        help="reference, weighted, nll or nll-mae; by default nll-mae for networks that state a "
        "width, else weighted."
    ),
]
_Epochs = Annotated[int | None, typer.Option(min=1, help="By default 50; with --from 30.")]
_BatchSize = Annotated[
    int | None, typer.Option(min=2, help="Windows a step; by default 256, with --from 16.")
]
_LearningRate = Annotated[float | None, typer.Option(help="By default 0.005; with --from 0.002.")]
_SplitBy = Annotated[
    SplitBy,
    typer.Option(
        help="run: no run on two sides; window: no column of a run on two sides; legacy: as "
        "published, which leaks, for comparison with published scores alone."
    ),
]
_Lists = Annotated[
    Path | None,
    typer.Option(help="Instead: folder with train.txt, evaluation.txt, test.txt of `split`."),
]
_Seeds = Annotated[int, typer.Option(min=1, help="Trainings that differ in their seed alone.")]
_LinePx = Annotated[int | None, typer.Option(min=1, help="Draw all lines anew at this thickness.")]
_Patience = Annotated[
    int | None, typer.Option(min=1, help="Epochs without a better score, then stop.")
]
_Start = Annotated[
    Path | None,
    typer.Option("--from", help="Run folder to fine-tune on all the windows, or `default`."),
]
_Rehearse = Annotated[
    Path | None, typer.Option(help="With --from: windows of the first training to mix in.")
]


# what fine-tuning takes from the network that it starts from, or does not do
_NOT_WITH_FROM = (
    "network", "scheduler", "patience", "stop_on", "split", "lists", "seeds", "channels",
    "line_px", "figures",
)  # fmt: skip
# what a curve for the packaged model has no use for
_NOT_WITH_DEFAULT = (
    "loss", "epochs", "batch_size", "learning_rate", "seed", "augment", "time_limit_min",
    "rehearse",
)  # fmt: skip


def train(
    context: typer.Context,
    windows: _Windows,
    out: Annotated[Path, typer.Option(help="Run folder to write.")],
    network: Annotated[str, typer.Option(help="kenet, pooled or another.")] = "pooled",
    loss: _Loss = None,
    epochs: _Epochs = None,
    batch_size: _BatchSize = None,
    learning_rate: _LearningRate = None,
    scheduler: Annotated[_Scheduler, typer.Option(help="Of the rate.")] = _Scheduler.constant,
    patience: _Patience = None,
    stop_on: Annotated[_StopOn, typer.Option(help="Score that patience follows.")] = _StopOn.loss,
    split: _SplitBy = SplitBy.run,
    lists: _Lists = None,
    seed: Annotated[int, typer.Option(help="Of the split and of the first training.")] = 0,
    seeds: _Seeds = 1,
    augment: Annotated[bool, typer.Option(help="Flip, shift and zoom maps at random.")] = True,
    channels: Annotated[int | None, typer.Option(min=1, help="Width of kenet.")] = None,
    line_px: _LinePx = None,
    time_limit_min: Annotated[float, typer.Option(help="Ends each training.")] = 60.0,
    start: _Start = None,
    rehearse: _Rehearse = None,
    figures: _Figures = None,
    as_json: _Json = False,
) -> None:
    """Train a network of kinematic efficiency, or fine-tune one on real windows.

    Scores are those on runs that were kept apart, beside the baselines fitted to the same training
    windows. With --from each frame is scored by a network that never saw it.
    """
    _refuse_unused(context)
    chosen = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate}
    # settings of two kinds share these names
    given: dict[str, Any] = {name: one for name, one in chosen.items() if one is not None}
    given |= {"loss": loss, "augment": augment, "seed": seed, "time_limit_min": time_limit_min}
    if start is not None:
        _fine_tune(start, windows, rehearse, out, given, as_json=as_json)
        return
    from mainshock.offfault.training import TrainingSettings

    settings = TrainingSettings(
        **given,
        patience=patience,
        stop_on=stop_on.value,
        n_channels=channels,
        line_px=line_px,
        scheduler=scheduler.value,
    )
    parts = _divided(_read(windows), split, lists, seed)
    report = _train(network, parts, settings, seeds, out, figures)
    if as_json:
        print_json(report)
    else:
        _print_training(network, report, seeds)


def _refuse_unused(context: typer.Context) -> None:
    """Refuse options that would do nothing, instead of ignoring them."""
    from mainshock.core.errors import SettingsError

    changed = {
        one.name: one.opts[0]
        for one in context.command.params
        if one.name is not None and context.params.get(one.name) != one.default
    }
    if "start" not in changed:
        if "rehearse" in changed:
            raise SettingsError("--rehearse is for fine-tuning; give --from as well")
        if "lists" in changed and "split" in changed:
            raise SettingsError("give either --split or --lists")
        return
    unused = [option for name, option in changed.items() if name in _NOT_WITH_FROM]
    if unused:
        raise SettingsError(
            f"{', '.join(unused)} cannot be given with --from: fine-tuning keeps the network as it "
            "is and leaves each frame out in turn; leave it out"
        )
    unused = [option for name, option in changed.items() if name in _NOT_WITH_DEFAULT]
    if unused and _is_packaged(context.params["start"]):
        raise SettingsError(
            f"{', '.join(unused)} cannot be given with --from default: a curve is fitted to the "
            "estimates of the packaged model, and no network is trained; leave it out, or name a "
            "run folder"
        )


def _is_packaged(start: Path) -> bool:
    """Tell whether the packaged model is meant, all its networks together."""
    return str(start) == "default" and not start.exists()


def _print_training(network: str, report: dict[str, Any], seeds: int) -> None:
    _print_scores(network, report["scores"]["test"], report["baselines"])
    if "repeatability" in report:
        found = report["repeatability"]
        print_result(
            f"over {seeds} seeds: within 2 SD {found['mean']['accuracy_within_2sd']:.3f} "
            f"± {found['sd']['accuracy_within_2sd']:.3f}, MAE "
            f"{found['mean']['accuracy_mae']:.3f} ± {found['sd']['accuracy_mae']:.3f} (evaluation)"
        )
    print_result(f"-> {report['folder']}")


def _train(
    network: str,
    named: "dict[str, LabelledWindows]",
    settings: "TrainingSettings",
    seeds: int,
    out: Path,
    figures: Path | None,
) -> dict[str, Any]:
    """Train, score on the test windows beside the baselines, draw; return what is printed."""
    from mainshock.offfault.comparison import compare
    from mainshock.offfault.run_folder import open_network
    from mainshock.offfault.scores import score
    from mainshock.offfault.training import repeat_over_seeds, train_network

    say(", ".join(f"{len(one)} windows to {name}" for name, one in named.items()))
    report: dict[str, Any] = {"network": network, "folder": str(out)}
    with progress("training") as step:
        if seeds == 1:
            train_network(network, named["train"], named["evaluation"], settings, out, step)
        else:
            found = repeat_over_seeds(
                network, named["train"], named["evaluation"], settings,
                range(settings.seed, settings.seed + seeds), out, step,
            )  # fmt: skip
            best = max(found.rows, key=lambda row: row["accuracy_within_2sd"])
            report["folder"] = str(out / f"seed{best['seed']:.0f}")
            report["repeatability"] = asdict(found)
        model = open_network(Path(report["folder"]))
        compared = compare(named["test"], model, named["train"], step)
    estimates = {
        name: (one, compared.efficiency if name == "test" else model.predict(one.maps))
        for name, one in named.items()
    }
    report["scores"] = {name: asdict(score(*pair)) for name, pair in estimates.items()}
    report["baselines"] = {name: asdict(one) for name, one in compared.baselines.items()}
    if figures is not None:
        _draw_training(figures, Path(report["folder"]), network)
        _draw(figures, estimates, named["test"], compared.efficiency)
    return report


def _begun(start: Path) -> tuple[Path, str]:
    """Return a run folder, and which of its networks to take."""
    from mainshock.offfault.stored import DEFAULT_FOLDER, START

    # the packaged networks are those of the least loss
    is_own = start.resolve() != (DEFAULT_FOLDER / START).resolve()
    return start, "accuracy" if is_own else "loss"


def _fine_tune(
    start: Path,
    windows: Path,
    rehearse: Path | None,
    out: Path,
    given: dict[str, Any],
    *,
    as_json: bool,
) -> None:
    from mainshock.offfault.fine_tuning import FineTuningSettings, fine_tune

    labelled = _read(windows)
    if _is_packaged(start):
        from mainshock.offfault.curve_fitting import fine_tune_by_curve
        from mainshock.offfault.stored import default_model

        found = fine_tune_by_curve(default_model(), labelled, out)
    else:
        folder, best = _begun(start)
        with progress("fine-tuning") as step:
            found = fine_tune(
                folder, labelled, FineTuningSettings(best=best, **given), out,
                rehearsal=None if rehearse is None else _read(rehearse), progress=step,
            )  # fmt: skip
    report = _fine_tuned(found)
    if as_json:
        print_json(report)
        return
    lines = {"as it was": found.before, "fine-tuned": found.scores, **found.recalibrated}
    print_result(_HEAD + "\n" + "\n".join(_line(name, asdict(one)) for name, one in lines.items()))
    print_result(f"each frame left out in turn; fitted to all -> {found.folder}")


def _fine_tuned(found: "FineTuned") -> dict[str, Any]:
    return {
        "folder": str(found.folder),
        "scores": asdict(found.scores),
        "before": asdict(found.before),
        "recalibrated": {name: asdict(one) for name, one in found.recalibrated.items()},
    }


def evaluate(
    windows: _Windows,
    model: Annotated[
        str,
        typer.Option(help="Name, run folder, exported .onnx, or weights of Keras (.hdf5)."),
    ] = "default",
    fit_on: Annotated[
        Path | None,
        typer.Option(
            help="Windows to fit the baselines to, best those of the training; by default the "
            "other runs of --windows."
        ),
    ] = None,
    figures: _Figures = None,
    as_json: _Json = False,
) -> None:
    """Score a model on labelled windows, beside the baselines, with intervals over runs.

    All windows count. Weights of Keras bring no intervals; --fit-on calibrates some.
    """
    from mainshock.offfault.comparison import compare, open_model
    from mainshock.offfault.scores import score_by_condition, score_by_run

    labelled = _read(windows)
    known = None if fit_on is None else _read(fit_on)
    with progress("scoring") as step:
        found = compare(labelled, open_model(model, known), known, step)
    if figures is not None:
        _draw(figures, {"evaluated": (labelled, found.efficiency)}, labelled, found.efficiency)
    if not as_json:
        _print_scores(
            model, asdict(found.scores), {k: asdict(v) for k, v in found.baselines.items()}
        )
        return

    def plain(scores: "dict[str, Scores]") -> dict[str, Any]:
        return {name: asdict(one) for name, one in scores.items()}

    print_json(
        {
            "model": model,
            "scores": asdict(found.scores),
            "baselines": plain(dict(found.baselines)),
            "baselines_fitted_on": "other runs of the same windows" if fit_on is None else "fit-on",
            "by_run": plain(score_by_run(labelled, found.efficiency)),
            "by_condition": plain(score_by_condition(labelled, found.efficiency)),
        }
    )


def _read(path: Path) -> "LabelledWindows":
    from mainshock.offfault.laboratory_windows import read_laboratory_figures
    from mainshock.offfault.windows import read_windows

    return read_laboratory_figures(path) if path.is_dir() else read_windows(path)


def _divided(
    windows: "LabelledWindows", by: SplitBy, lists: Path | None, seed: int
) -> "dict[str, LabelledWindows]":
    from mainshock.offfault.splits import read_lists

    split = divide(windows, by, seed) if lists is None else read_lists(lists, windows)
    names = ("train", "evaluation", "test")
    return {name: windows.take(getattr(split, name)) for name in names}


_HEAD = "                n  within 2 SD          MAE                     r   bias  coverage  width"


def _line(name: str, one: dict[str, Any]) -> str:
    (low, high), (least, most) = one["within_2sd95"], one["mae95"]
    return (
        f"{Path(name).name[:11]:11s} {one['n']:5d}  {one['within_2sd']:.3f} [{low:.2f}, {high:.2f}]"
        f"  {one['mae']:.3f} [{least:.3f}, {most:.3f}]  {one['r']:6.3f}  {one['bias']:+.3f}"
        f"     {one['coverage90']:.2f}   {one['width90']:.2f}"
    )


def _print_scores(model: str, scores: dict[str, Any], baselines: dict[str, Any]) -> None:
    lines = [_line(name, one) for name, one in {model: scores, **baselines}.items()]
    print_result("\n".join([_HEAD, *lines]))


def _draw_training(figures: Path, folder: Path, title: str) -> None:
    import csv

    from mainshock.core.files import make_folder
    from mainshock.offfault.training_plots import plot_training

    make_folder(figures)
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        rows = [{name: float(one) for name, one in row.items()} for row in csv.DictReader(file)]
    plot_training(rows, title=title).savefig(figures / "training.png")


def _draw(
    figures: Path,
    parts: "dict[str, tuple[LabelledWindows, Efficiency]]",
    windows: "LabelledWindows",
    efficiency: "Efficiency",
) -> None:
    """Draw estimates of all parts, and the evolution of the runs with most frames."""
    import numpy as np

    from mainshock.core.files import make_folder
    from mainshock.offfault.training_plots import plot_estimates, plot_run

    make_folder(figures)
    plot_estimates(parts).savefig(figures / "estimates.png")
    names, counts = np.unique(windows.run, return_counts=True)
    for name in names[np.argsort(-counts, kind="stable")][:_RUNS_DRAWN]:
        if np.unique(windows.frame[windows.run == name]).size > 1:
            plot_run(windows, efficiency, str(name)).savefig(figures / f"run_{name}.png")
    say(f"figures -> {figures}")
