"""``mainshock megathrust replicate``: the published experiment, with what it lacks."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

__all__ = ["replicate"]

_SHOWN = ("network", "published-weights", "region-prior", "nearest-5")


class _Classes(StrEnum):
    TWO = "2"
    THREE = "3"
    BOTH = "both"


def replicate(
    segments: Annotated[Path, typer.Option(help="Folder of segment tables, one CSV a region.")],
    labels: Annotated[Path, typer.Option(help="CSV: region,segment,m_max,run_id and classes.")],
    out: Annotated[Path, typer.Option(help="Folder for networks, tables and figure.")],
    classes: Annotated[_Classes, typer.Option(help="2, 3 or both.")] = _Classes.BOTH,
    distance_km: Annotated[
        list[int] | None,
        typer.Option(min=0, help="Exclusion distance; repeatable; by default the ten published."),
    ] = None,
    state_dicts: Annotated[
        Path | None, typer.Option(help="Folder with the published models/ncls2-dex50/*.pt.")
    ] = None,
    published: Annotated[
        Path | None, typer.Option(help="CSV of published F1, for figure and comparison.")
    ] = None,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="Train by the published protocol, leaks included.")
    ] = False,
    members: Annotated[int, typer.Option(min=1, help="Networks of an ensemble.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of first weights, draws and blocks.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Train and score the published network: ten exclusion distances, five scenarios each.

    Networks are kept in OUT and used again if data and settings are the same. Beside them stand
    baselines that know the place alone; without those no score of a segment means anything.
    """
    from mainshock.core.files import replacing
    from mainshock.megathrust.replicate import DISTANCES_KM, ReplicateSettings
    from mainshock.megathrust.replicate import replicate as run
    from mainshock.megathrust.replicate_plots import plot_replication

    chosen = (2, 3) if classes is _Classes.BOTH else (int(classes.value),)
    settings = ReplicateSettings(
        classes=chosen,
        distances_km=tuple(distance_km or DISTANCES_KM),
        faithful=faithful,
        n_members=members,
        random_state=seed,
    )
    document = run(segments, labels, out, settings, state_dicts, published, say)
    with replacing(out / "figure.png") as temporary:
        plot_replication(document).savefig(temporary, dpi=150)
    say(
        f"{document['n_trained']} networks trained, {document['n_reused']} used again, "
        f"{document['cpu_s']:.0f} CPU s; written to {out}"
    )
    if as_json:
        print_json(document)
        return
    _print_table(document)


def _print_table(document: dict[str, Any]) -> None:
    published = {
        (one["n_classes"], one["exclusion_km"]): one["macro_f1"] for one in document["published"]
    }
    models = [name for name in _SHOWN if any(one["model"] == name for one in document["results"])]
    print_result(f"macro-F1\nclasses  km  {'  '.join(models)}  published")
    by_place: dict[tuple[int, int], dict[str, float]] = {}
    for one in document["results"]:
        place = by_place.setdefault((one["n_classes"], one["exclusion_km"]), {})
        place[one["model"]] = one["macro_f1"]
    for (n_classes, exclusion_km), scores in by_place.items():
        cells = [_cell(scores.get(name), len(name)) for name in models]
        known = _cell(published.get((n_classes, exclusion_km)), len("published"))
        print_result(f"{n_classes:7d} {exclusion_km:3d}  {'  '.join([*cells, known])}")
    for model, found in document["agreement"].items():
        print_result(
            f"{model}: F1 of a class differs from the published one by "
            f"{found['mean_difference']:+.3f} on average, {found['max_difference']:.3f} at most"
        )
    print_result("potential classification from few great ruptures; not a forecast")


def _cell(value: float | None, width: int) -> str:
    return f"{'-' if value is None else f'{value:.3f}':>{width}}"
