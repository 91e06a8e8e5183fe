"""``mainshock megathrust``: classify segments of subduction zones, and audit the score."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mainshock.cli import (
    megathrust_explain,
    megathrust_features,
    megathrust_map,
    megathrust_replicate,
)
from mainshock.cli.output import print_json, print_result, progress, say

if TYPE_CHECKING:
    from mainshock.megathrust.evaluate import Evaluation, LabelledSegments

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Which segments of subduction zones may host great earthquakes: potential classification "
        "from about 33 independent great ruptures, not a forecast."
    ),
)
app.command("features")(megathrust_features.features)
app.command("replicate")(megathrust_replicate.replicate)
app.command("explain")(megathrust_explain.explain)
app.command("map")(megathrust_map.map_segments)

_Segments = Annotated[Path, typer.Option(help="Folder of tables, one CSV a region, or one CSV.")]
_Labels = Annotated[
    Path | None,
    typer.Option(help="Table of labels by region and segment; by default from MR_GCMT."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
_Classes = Annotated[
    int, typer.Option(min=2, max=3, help="2: cut at M 8.0; 3: at M 6.4 and above M 8.3.")
]
_Seed = Annotated[int, typer.Option(help="Seed of all randomness.")]
_CAVEAT = (
    "Potential classification from few independent great ruptures; not a forecast. In a region "
    "that was not trained on, expect no skill: see --scheme region."
)


class _Scheme(StrEnum):
    """How segments are divided."""

    exclusion = "exclusion"
    rupture = "rupture"
    region = "region"


def _data(
    segments: Path, labels: Path | None, classes: int, *, only_complete: bool
) -> "LabelledSegments":
    """Return segments with classes and ruptures."""
    import numpy as np

    from mainshock.core.errors import DataError
    from mainshock.megathrust.evaluate import LabelledSegments
    from mainshock.megathrust.labels import classes_of, read_labels, runs_of
    from mainshock.megathrust.segments import is_complete, read_segments

    table = read_segments(segments)
    if labels is not None:
        known = read_labels(labels, table)
        table = table.assign(m_max=known["m_max"].to_numpy())
        y, runs = known[f"class{classes}"].to_numpy(np.int64), known["run_id"].to_numpy(str)
    elif "m_max" in table:
        y, runs = classes_of(table["m_max"].to_numpy(), classes), runs_of(table)
    else:
        raise DataError(f"{segments} states no MR_GCMT; give a table by --labels")
    rows = is_complete(table).to_numpy() if only_complete else np.ones(len(table), dtype=bool)
    if not rows.any():
        raise DataError(f"no segment of {segments} has all features; give --all-rows")
    if np.unique(y[rows]).size < 2:
        raise DataError(f"all {rows.sum()} segments of {segments} are of class {y[rows][0]}")
    if not rows.all():
        without = set(table["region"]) - set(table["region"][rows])
        said = f", all of {', '.join(sorted(without))}" if without else ""
        say(f"{(~rows).sum()} of {rows.size} segments miss a feature and are left out{said}")
    return LabelledSegments(table[rows].reset_index(drop=True), y[rows], runs[rows])


@app.command()
def evaluate(
    segments: _Segments,
    labels: _Labels = None,
    scheme: Annotated[
        _Scheme,
        typer.Option(
            help="exclusion: five scenarios at 0 to 600 km; rupture: no rupture on both sides; "
            "region: one left out after another."
        ),
    ] = _Scheme.exclusion,
    classes: _Classes = 2,
    model: Annotated[str, typer.Option(help="Name of a classifier.")] = "default",
    exclusion_km: Annotated[
        list[float] | None,
        typer.Option(help="Instead of 0 50 100 200 400 600 (rupture: 100)."),
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Also segments that miss a feature.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Score a classifier beside four location-only baselines, with intervals over ruptures.

    Everything is fitted inside each fold. The default takes a minute or two.
    """
    from mainshock.megathrust import evaluate as evaluation

    data = _data(segments, labels, classes, only_complete=not all_rows)
    with progress("scoring") as step:
        results, baselines = evaluation.evaluate(data, scheme.value, model, exclusion_km, step)
    if as_json:
        print_json(
            {
                "scheme": scheme.value,
                "classes": classes,
                "model": model,
                "results": [asdict(one) for one in results],
                "baselines": {
                    name: [asdict(one) for one in lines] for name, lines in baselines.items()
                },
                "caveat": _CAVEAT,
            }
        )
        return
    for name, lines in {model: results, **baselines}.items():
        print_result(_table(name, lines))
    say(_CAVEAT)


def _table(name: str, lines: "list[Evaluation]") -> str:
    rows = [f"{name}\n    km  macro-F1    sd  95 % of ruptures     AUC  Brier    ECE  ruptures"]
    for one in lines:
        distance = "   -" if one.exclusion_km is None else f"{one.exclusion_km:4.0f}"
        low, high = one.interval95
        rows.append(
            f"  {distance}  {one.macro_f1:8.3f}  {one.macro_f1_sd:.2f}  {one.macro_f1_pooled:.3f} "
            f"[{low:.2f}, {high:.2f}]  {one.auc:6.3f}  {one.brier:.3f}  {one.ece:.3f}  "
            f"{one.n_ruptures:3d} ({one.n_great_ruptures} great)"
        )
    return "\n".join(rows)


@app.command()
def train(
    segments: _Segments,
    out: Annotated[Path, typer.Option(help="Folder of the trained classifier.")],
    labels: _Labels = None,
    classes: _Classes = 2,
    model: Annotated[str, typer.Option(help="Name of a classifier.")] = "default",
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Train a classifier on the segments given, and on nothing else.

    The folder holds the training segments and how they were used; `predict` fits it again.
    """
    from mainshock.megathrust.stored import load_model, save_model

    data = _data(segments, labels, classes, only_complete=False)
    manifest = save_model(
        out, data.table, data.y, model=model, n_classes=classes, seed=seed, runs=data.runs
    )
    load_model(out)
    if as_json:
        print_json({**manifest, "path": str(out)})
        return
    print_result(
        f"{model} from {manifest['n_segments']} segments of {len(manifest['regions'])} regions, "
        f"{manifest['class_counts'][-1]} of the highest class in "
        f"{manifest['n_runs_of_highest_class']} ruptures -> {out}"
    )


@app.command()
def predict(
    model: Annotated[str, typer.Option(help="Folder of a trained classifier, or `default`.")],
    segments: _Segments,
    out: Annotated[Path, typer.Option(help="Table to write.")],
    as_json: _Json = False,
) -> None:
    """Write the probability of M >= 8, class, set of classes and applicability of each segment.

    A set with all classes says that the classifier does not know. Applicability is the share of
    training segments that are as unlike other regions: 0 means it does not apply.
    """
    from mainshock.megathrust.segments import read_segments
    from mainshock.megathrust.stored import load_model
    from mainshock.sources.table_files import write_table

    table = read_segments(segments)
    stored = load_model(model)
    found = stored.assess(table)[
        ["region", "index", "probability", "class", "conformal_set", "applicability"]
    ]
    write_table(out, found.round({"probability": 6, "applicability": 4}))
    strange = sorted(set(found["region"][~stored.is_trained_on(table)]))
    if strange:
        say(f"not trained on: {', '.join(strange)}; there only the features speak")
    absent = [name for name in stored.applicability.names if name not in table]
    if absent:
        say(f"features that the table lacks: {', '.join(absent)}")
    say(_CAVEAT)
    if as_json:
        summary = {"n": len(found), "not_trained_on": strange, "lacking": absent, "path": str(out)}
        print_json({**summary, "caveat": _CAVEAT})
        return
    great = int((found["probability"] >= 0.5).sum())
    print_result(f"{len(found)} segments, {great} with a probability of 0.5 or more -> {out}")


@app.command()
def audit(
    segments: _Segments,
    labels: _Labels = None,
    classes: _Classes = 2,
    model: Annotated[
        str, typer.Option(help="A classifier that sees features alone.")
    ] = "extra-trees",
    exclusion_km: Annotated[
        float, typer.Option(min=0.0, help="Distance at which the verdict is made.")
    ] = 100.0,
    permutations: Annotated[int, typer.Option(min=19, help="Shifted labels.")] = 40,
    all_rows: Annotated[
        bool, typer.Option("--all-rows", help="Also segments that miss a feature.")
    ] = False,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Say whether a table's features tell more than where its segments are.

    Leakage of the folds, location-only baselines, labels shifted along the trench, calibration, and
    a verdict in words. Any table will do that has a number a segment and MR_GCMT or --labels.
    """
    from mainshock.megathrust.audit import audit as audited

    data = _data(segments, labels, classes, only_complete=not all_rows)
    with progress("audit") as step:
        found = audited(
            data, model, verdict_km=exclusion_km, n_permutations=permutations, seed=seed,
            progress=step,
        )  # fmt: skip
    if as_json:
        print_json(asdict(found))
        return
    for one in found.leakage:
        shared = sum(fold.shared_ruptures for fold in one.folds)
        best = max(one.baselines, key=lambda name: one.baselines[name])
        print_result(
            f"{one.exclusion_km:4.0f} km apart: macro-F1 {one.macro_f1:.3f}, best of location "
            f"alone {one.baselines[best]:.3f} ({best}); ruptures on both sides {shared}"
        )
    low, high = found.gain95
    print_result(
        f"shifted labels: {found.permutation_mean:.3f} on average, true ones {found.observed:.3f}, "
        f"p = {found.permutation_p:.3f}\ngain over location alone: [{low:.3f}, {high:.3f}]; Brier "
        f"{found.brier:.3f}, calibration error {found.ece:.3f}\n{found.verdict}"
    )
