"""``mainshock megathrust map``: probability, class, set and applicability as files to look at."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mainshock.cli.output import print_json, print_result, say

if TYPE_CHECKING:
    import pandas as pd

    from mainshock.megathrust.assessment import SegmentAssessment

__all__ = ["map_segments"]

_BESIDE = ("longitude", "latitude", "azimuth", "m_max")


def map_segments(
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    model: Annotated[
        str, typer.Option(help="Folder of a trained classifier, or `default`.")
    ] = "default",
    segments: Annotated[
        Path | None,
        typer.Option(help="CSV file, or a folder with one a region; without: those that ship."),
    ] = None,
    evaluation: Annotated[
        list[Path] | None,
        typer.Option(help="What `evaluate --json` printed; repeatable. Without: no report."),
    ] = None,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Assess each segment by a classifier that was taught neither its rupture nor "
            "anything within 100 km.",
        ),
    ] = False,
    interactive: Annotated[
        bool, typer.Option("--interactive", help="Also an interactive map; needs Plotly.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Assess segments and write maps, GeoJSON, a table and a report: not a forecast.

    Writes map.png, segments.geojson, assessment.csv and report.html; the last needs --evaluation
    with baselines and leave-one-region-out, unless the model is the packaged one.
    """
    from mainshock.core.files import make_folder
    from mainshock.megathrust.assessment import caveats
    from mainshock.megathrust.report import check_evaluation, write_report

    scores = _evaluation(evaluation or [], model)
    if scores:
        check_evaluation(scores)  # before any work is done
    found = _assess(model, segments, held_out=held_out)
    told = (*caveats(scores), found.taught)
    folder = make_folder(out)
    written = _write(folder, found, told, interactive=interactive)
    if scores:
        page, png = folder / "report.html", written["map"].read_bytes()
        write_report(page, found.segments, scores, png, found.name, found.taught)
        written["report"] = page
    else:
        say(
            "no report: it shows scores beside baselines alone; give --evaluation with what "
            "`mainshock megathrust evaluate --scheme region --json` prints"
        )
    _tell(found.segments, written, told, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Assessed:
    """Segments with the name of what assessed them, and what that was taught of them."""

    name: str
    segments: "list[SegmentAssessment]"
    taught: str


def _write(
    folder: Path, found: _Assessed, told: tuple[str, ...], *, interactive: bool
) -> dict[str, Path]:
    """Write the table, GeoJSON and the maps, and return their paths."""
    from mainshock.core.files import replacing
    from mainshock.megathrust.assessment import write_assessments
    from mainshock.megathrust.interactive import write_interactive
    from mainshock.megathrust.plots import plot_segments
    from mainshock.megathrust.shapes import write_geojson

    written = {
        "csv": folder / "assessment.csv",
        "geojson": folder / "segments.geojson",
        "map": folder / "map.png",
    }
    write_assessments(written["csv"], found.segments)
    write_geojson(written["geojson"], found.segments, told)
    with replacing(written["map"]) as temporary:
        plot_segments(found.segments, title=found.name).savefig(temporary)
    if interactive:
        page = folder / "map.html"
        written["interactive"] = write_interactive(page, found.segments, told, found.name)
    return written


def _evaluation(paths: list[Path], model: str) -> list[dict[str, Any]]:
    """Return the documents of some files, or those of the packaged model."""
    import json

    from mainshock.core.errors import DataError
    from mainshock.megathrust.assessment import packaged_evaluation

    if not paths and model == "default":
        return list(packaged_evaluation())
    documents: list[dict[str, Any]] = []
    for path in paths:
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is no evaluation: {error}") from error
        documents.extend(read if isinstance(read, list) else [read])
    return documents


def _assess(model: str, path: Path | None, *, held_out: bool) -> _Assessed:
    """Return what a trained classifier says of segments."""
    from mainshock.core.errors import DataError
    from mainshock.megathrust.assessment import (
        HELD_OUT,
        assessments_of,
        packaged_assessments,
    )
    from mainshock.megathrust.held_out import assess_held_out
    from mainshock.megathrust.segments import read_segments
    from mainshock.megathrust.shapes import with_azimuths
    from mainshock.megathrust.stored import load_model, read_training

    if path is None and model == "default":
        return _Assessed("default, held out", list(packaged_assessments()), HELD_OUT)
    manifest, _, _ = read_training(model)
    if manifest["n_classes"] != 2:
        raise DataError(
            f"{model} knows {manifest['n_classes']} classes; maps show the probability of M 8.0, "
            "so give a model trained with --classes 2"
        )
    table = read_training()[1] if path is None else read_segments(path)
    if held_out:
        taught, frame = HELD_OUT, assess_held_out(table, manifest["model"], int(manifest["seed"]))
    else:
        taught, frame = _taught(manifest["regions"], table), load_model(model).assess(table)
    name = f"{manifest['model']}, held out" if held_out else str(manifest["model"])
    return _Assessed(name, with_azimuths(assessments_of(_with_places(frame, table))), taught)


def _taught(regions: "list[str]", table: "pd.DataFrame") -> str:
    common = sorted(set(regions) & set(table["region"]))
    if not common:
        return "The classifier was taught nothing of these regions."
    return (
        f"The classifier was taught the regions {', '.join(common)}: there the map repeats what it "
        "was taught; --held-out shows what it says of segments that it has not seen."
    )


def _with_places(frame: "pd.DataFrame", table: "pd.DataFrame") -> "pd.DataFrame":
    """Return assessments with the places and magnitudes that the table knows and they lack."""
    known = [name for name in _BESIDE if name in table and name not in frame]
    return frame.merge(table[["region", "index", *known]], on=["region", "index"], how="left")


def _tell(
    assessed: "list[SegmentAssessment]",
    written: dict[str, Path],
    told: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    n_applicable = sum(one.is_applicable for one in assessed)
    n_two_class = sum(len(one.conformal_set) > 1 for one in assessed)
    if as_json:
        files = {name: str(path) for name, path in written.items()}
        counts = {"n_segments": len(assessed), "n_applicable": n_applicable}
        print_json({**counts, "n_two_class": n_two_class, "files": files, "caveats": list(told)})
        return
    print_result(
        f"{len(assessed)} segments; the model applies to {n_applicable}; of {n_two_class} neither "
        "class can be ruled out"
    )
    for path in written.values():
        print_result(str(path))
    for line in told:
        say(line)
