"""``mainshock megathrust explain``: what classifiers of segments go by, and how sure that is."""

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, progress, say

if TYPE_CHECKING:
    import pandas as pd

    from mainshock.megathrust.explain import Explanation
    from mainshock.megathrust.rankings import Ranking

__all__ = ["explain"]

_SHOWN = 10
_DEFAULT_MODELS = {
    "lrp": "network",
    "gradients": "network",
    "shap": "extra-trees",
    "permutation": "extra-trees",
}


class _Method(StrEnum):
    """How outputs are shared among features."""

    LRP = "lrp"
    GRADIENTS = "gradients"
    SHAP = "shap"
    PERMUTATION = "permutation"


class _Rule(StrEnum):
    """Rules of relevance."""

    EPSILON = "epsilon"
    GAMMA = "gamma"
    ALPHA_BETA = "alpha-beta"


class _InputRule(StrEnum):
    """Rules of the first layer."""

    SAME = "same"
    W_SQUARE = "w-square"
    Z_BOX = "z-box"


class _Target(StrEnum):
    """Which output of a network is explained."""

    DIFFERENCE = "difference"
    LOGIT = "logit"


class _Perturbation(StrEnum):
    """What tree SHAP puts in the place of unknown features."""

    TREE_PATH_DEPENDENT = "tree_path_dependent"
    INTERVENTIONAL = "interventional"


_Segments = Annotated[Path, typer.Option(help="Folder of segment tables, or one CSV file.")]
_Labels = Annotated[Path, typer.Option(help="Table of labels: region, segment, class2, ...")]
_Out = Annotated[Path, typer.Option(help="Folder for figures and tables.")]
_Model = Annotated[
    str | None, typer.Option(help="Registered classifier; by default one that suits the method.")
]
_TheMethod = Annotated[
    _Method, typer.Option(help="lrp and gradients: networks; shap: trees; permutation: any.")
]
_TheRule = Annotated[_Rule, typer.Option(help="Of lrp.")]
_FirstRule = Annotated[_InputRule, typer.Option(help="Of lrp, for the first layer.")]
_GammaValue = Annotated[float, typer.Option(min=0.0, help="Of the rule gamma.")]
_AlphaValue = Annotated[
    float, typer.Option(min=1.0, help="Of the rule alpha-beta; beta is alpha less 1.")
]
_TheTarget = Annotated[
    _Target, typer.Option(help="Of lrp and gradients: a logit less the others, or alone.")
]
_ShapValues = Annotated[_Perturbation, typer.Option(help="Of shap.")]
_Classes = Annotated[int, typer.Option(min=2, max=3, help="2 (M 8.0) or 3 (M 6.4 and 8.3).")]
_Exclusion = Annotated[
    float, typer.Option(min=0.0, help="Nearer to the test nothing is trained on.")
]
_AllRows = Annotated[
    bool, typer.Option("--all-rows", help="Keep segments that miss features, too.")
]
_Seeds = Annotated[int, typer.Option(min=1, help="Fits of each fold.")]
_Seed = Annotated[int, typer.Option(min=0, help="The first of them.")]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def explain(
    segments: _Segments,
    labels: _Labels,
    out: _Out,
    model: _Model = None,
    method: _TheMethod = _Method.LRP,
    rule: _TheRule = _Rule.EPSILON,
    input_rule: _FirstRule = _InputRule.SAME,
    gamma: _GammaValue = 0.25,
    alpha: _AlphaValue = 2.0,
    target: _TheTarget = _Target.DIFFERENCE,
    perturbation: _ShapValues = _Perturbation.TREE_PATH_DEPENDENT,
    classes: _Classes = 2,
    exclusion_km: _Exclusion = 100.0,
    all_rows: _AllRows = False,
    seeds: _Seeds = 3,
    seed: _Seed = 0,
    as_json: _Json = False,
) -> None:
    """Show which features a classifier goes by on segments it was not trained on.

    No ranking comes without its stability over folds and seeds, nor without synthetic features
    that mean nothing as a measure.
    """
    from mainshock.megathrust.attributions import AttributionSettings
    from mainshock.megathrust.explain import ExplanationSettings, explain_folds
    from mainshock.megathrust.segments import read_segments
    from mainshock.megathrust.splits import ExclusionDistance

    attribution = AttributionSettings(
        method=method.value,
        rule=rule.value,
        input_rule=input_rule.value,
        gamma=gamma,
        alpha=alpha,
        is_difference=target is _Target.DIFFERENCE,
        perturbation=perturbation.value,
    )
    settings = ExplanationSettings(attribution, n_seeds=seeds, seed=seed)
    table, known = _labelled(read_segments(segments), labels, all_rows)
    y = known["class2" if classes == 2 else "class3"].to_numpy()
    folds = list(ExclusionDistance(exclusion_km).split(table))
    chosen = model or _DEFAULT_MODELS[method.value]
    with progress("explaining", (seeds + settings.n_null) * len(folds)) as advance:
        found = explain_folds(table, y, chosen, folds, settings, advance)
    document = _document(found, classes, exclusion_km, known)
    document["files"] = _write(out, found)
    if as_json:
        print_json(document)
    else:
        print_result(_text(found, document))


def _labelled(
    table: "pd.DataFrame", labels: Path, all_rows: bool
) -> tuple["pd.DataFrame", "pd.DataFrame"]:
    """Return segments and labels, without segments that miss features unless all are wanted."""
    from mainshock.core.errors import NothingFoundError
    from mainshock.megathrust.labels import read_labels
    from mainshock.megathrust.segments import is_complete

    known = read_labels(labels, table)
    keep = is_complete(table) | all_rows
    if not keep.any():
        raise NothingFoundError(
            f"each of {len(table)} segments misses a feature; give --all-rows to have gaps filled"
        )
    if not keep.all():
        say(f"{int((~keep).sum())} segments miss features and are left out; --all-rows keeps them")
    rows = keep.to_numpy()
    return table[rows].reset_index(drop=True), known[rows].reset_index(drop=True)


def _document(
    found: "Explanation", classes: int, exclusion_km: float, known: "pd.DataFrame"
) -> dict[str, Any]:
    from dataclasses import asdict

    from mainshock.megathrust.segment_relevance import NOTES

    label = known["class2" if classes == 2 else "class3"]

    error, size = found.sum_error
    return {
        "model": found.model,
        "attribution": asdict(found.settings.attribution),
        "classes": classes,
        "exclusion_km": exclusion_km,
        "n_segments": len(known),
        "n_ruptures_of_highest_class": int(known["run_id"][label == label.max()].nunique()),
        "n_seeds": found.settings.n_seeds,
        "n_true_positives": list(found.n_true_positives),
        "macro_f1": {name: {"mean": mean, "sd": sd} for name, (mean, sd) in found.scores.items()},
        "largest_sum_error": error,
        "mean_output": size,
        "rankings": [_ranking_document(one) for one in found.rankings],
        "heat_map": {
            str(name): [float(value) for value in row]
            for name, row in zip(found.heat_map.index, found.heat_map.to_numpy(), strict=True)
        },
        "notes": list(NOTES),
    }


def _ranking_document(ranking: "Ranking") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "level": ranking.level,
        "measure": ranking.measure,
        "stability": {name: asdict(one) for name, one in ranking.stabilities().items()},
        "items": ranking.records(),
    }


def _write(out: Path, found: "Explanation") -> list[str]:
    """Write figures and tables, and return their paths."""
    from matplotlib.figure import Figure

    from mainshock.megathrust.explain_plots import plot_heat_map, plot_histogram, plot_ranking

    out.mkdir(parents=True, exist_ok=True)
    by_class = [one for one in found.rankings if "of class" in one.level]
    stabilities = [f"class {one.level[-1]}, {one.folds}" for one in by_class]
    figures = {"heat-map": plot_heat_map(found.heat_map, stabilities)}
    histogram = Figure(figsize=(5.0, 3.2), layout="constrained")
    plot_histogram(found.heat_map, histogram.subplots())
    figures["histogram"] = histogram
    for ranking in found.rankings:
        figures["ranking-" + ranking.level.replace(" ", "-")] = plot_ranking(ranking)
    paths = []
    for name, figure in figures.items():
        paths.append(out / f"{name}.png")
        figure.savefig(paths[-1], dpi=150)
    tables = {"heat-map": found.heat_map, "rankings": _ranking_table(found)}
    if len(found.segments):
        tables["segments"] = found.segments.set_index(["region", "index"])
    for name, table in tables.items():
        paths.append(out / f"{name}.csv")
        table.to_csv(paths[-1], float_format="%.6g")
    say(f"{len(paths)} files written to {out}")
    return [str(path) for path in paths]


def _ranking_table(found: "Explanation") -> "pd.DataFrame":
    """Return all rankings as one table, the stability in every line."""
    import pandas as pd

    lines = []
    for ranking in found.rankings:
        folds, seeds = ranking.folds, ranking.seeds
        for record in ranking.records():
            low, high = record.pop("interval95")
            record["members"] = " ".join(record["members"])
            lines.append(
                {"level": ranking.level}
                | record
                | {
                    "low95": low,
                    "high95": high,
                    "spearman_folds": folds.spearman,
                    "jaccard_folds": folds.jaccard,
                    "spearman_seeds": None if seeds is None else seeds.spearman,
                    "jaccard_seeds": None if seeds is None else seeds.jaccard,
                }
            )
    return pd.DataFrame(lines).set_index(["level", "rank"])


def _text(found: "Explanation", document: dict[str, Any]) -> str:
    scores = ", ".join(
        f"{name} {score['mean']:.2f} ± {score['sd']:.2f}"
        for name, score in document["macro_f1"].items()
    )
    n_ruptures = document["n_ruptures_of_highest_class"]
    lines = [
        (
            f"{found.model} explained by {found.settings.attribution.method}, "
            f"{document['n_segments']} segments, {n_ruptures} ruptures of the highest class; "
            f"macro-F1: {scores}"
        )
    ]
    if len(found.segments):
        lines.append(
            f"values and offset miss the output by {document['largest_sum_error']:.1e} at most, "
            f"outputs being {document['mean_output']:.2f} on average"
        )
    for ranking in found.rankings:
        lines += ["", f"ranking of {ranking.level}: {ranking.measure}"]
        lines += [f"  {_what(name)}{one}" for name, one in ranking.stabilities().items()]
        lines += [_line(record) for record in ranking.records()[:_SHOWN]]
    return "\n".join([*lines, "", *document["notes"]])


def _what(name: str) -> str:
    return "synthetic features among themselves, " if name == "synthetic_features" else ""


def _line(record: dict[str, Any]) -> str:
    low, high = record["interval95"]
    share = record["synthetic_share"]
    is_known = share is not None and math.isfinite(share)
    beside = f", synthetic as much in {100.0 * share:.0f} %" if is_known else ""
    members = record["members"]
    own = f" ({', '.join(members)})" if len(members) > 1 else ""
    return (
        f"  {record['rank']:2d} {record['name']} {record['importance']:.3f} "
        f"[{low:.3f}, {high:.3f}]{beside}{own}"
    )
