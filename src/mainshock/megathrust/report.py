"""One HTML page on assessed segments: the map, the scores beside their baselines, the limits."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import Environment, StrictUndefined

from mainshock import __version__
from mainshock.core.errors import DataError
from mainshock.core.files import make_folder, replacing
from mainshock.megathrust.assessment import SegmentAssessment, caveats
from mainshock.megathrust.registry import BASELINES
from mainshock.megathrust.zones import zone_name

__all__ = ["EvaluationDocument", "check_evaluation", "write_report"]

EvaluationDocument = Mapping[str, Any]
"""What ``mainshock megathrust evaluate --json`` prints: ``scheme``, ``results``, ``baselines``."""

_GREAT, _NONE_SEEN = 8.0, 1.0
_REMEDY = (
    "run `mainshock megathrust evaluate --scheme region --json` (and other schemes), keep what it "
    "prints, and give the files"
)
_SCHEMES = {
    "region": "Leave one region out",
    "rupture": "No rupture on both sides",
    "exclusion": "A distance kept free between training and test",
}
_MEASURES = (
    ("macro_f1_pooled", "macro-F1 of all folds together", "higher is better"),
    ("macro_f1", "macro-F1, mean over folds", "higher is better"),
    ("auc", "AUC, mean over folds", "0.5 is chance"),
    ("brier", "Brier score, mean over folds", "lower is better"),
    ("ece", "calibration error", "lower is better"),
    ("coverage90", "cover of the 90 % sets", "0.9 is promised"),
    ("share_of_sets_of_all", "share of sets that rule nothing out", "lower says more"),
)


@dataclass(frozen=True, slots=True)
class _ScoreRow:
    """One measure at one distance: of the model, and of each baseline."""

    distance: str
    measure: str
    hint: str
    tested: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class _SchemeView:
    """An evaluation as the page shows it."""

    title: str
    classes: int
    names: list[str]
    rows: list[_ScoreRow]


@dataclass(frozen=True, slots=True)
class _ZoneView:
    """A zone as the page shows it."""

    name: str
    n_segments: int
    observed: str
    probability: str
    two_class: str
    applicable: str
    segments: list[tuple[str, ...]]


def check_evaluation(evaluation: Sequence[EvaluationDocument]) -> None:
    """Refuse scores without baselines, and any without leave-one-region-out.

    Raises
    ------
    DataError
        If there is no evaluation, none that leaves out regions, or a score lacks its baselines.
    """
    if not evaluation:
        raise DataError(f"a report needs an evaluation with baselines; {_REMEDY}")
    for one in evaluation:
        scheme, results = one.get("scheme"), one.get("results")
        if scheme not in _SCHEMES or not results:
            raise DataError(
                f"scheme {scheme!r} with results {results!r} is no evaluation; {_REMEDY}"
            )
        lacking = [name for name in BASELINES if name not in (one.get("baselines") or {})]
        if lacking:
            raise DataError(f"the evaluation by {scheme} lacks {', '.join(lacking)}; {_REMEDY}")
        for score in results:
            distance = score.get("exclusion_km")
            for name, rows in one["baselines"].items():
                if _at(rows, distance) is None:
                    raise DataError(
                        f"the evaluation by {scheme} lacks the baseline {name} at {distance} km; "
                        f"{_REMEDY}"
                    )
    if not any(one["scheme"] == "region" for one in evaluation):
        raise DataError(f"the evaluation leaves out no regions; {_REMEDY}")


def write_report(
    path: Path,
    segments: Sequence[SegmentAssessment],
    evaluation: Sequence[EvaluationDocument],
    map_png: bytes,
    model: str = "",
    taught: str = "",
) -> Path:
    """Write one self-contained HTML page and return its path.

    Parameters
    ----------
    path
        The page; its folder is made where it is missing.
    segments
        What the model says.
    evaluation
        How the model was evaluated, with baselines, leave-one-region-out among it.
    map_png
        The map that it shows.
    model
        Name of the model.
    taught
        What it was taught of these segments, as one more caveat.

    Raises
    ------
    DataError
        If the evaluation lacks baselines or leave-one-region-out.
    SourceError
        If the page cannot be written.
    """
    check_evaluation(evaluation)
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("mainshock") / "megathrust" / "templates" / "report.html.j2"
    first = sorted(evaluation, key=lambda one: one["scheme"] != "region")
    page = environment.from_string(source.read_text(encoding="utf-8")).render(
        model=model or "the model",
        version=__version__,
        caveats=[*caveats(evaluation), *filter(None, [taught])],
        map_uri=f"data:image/png;base64,{base64.b64encode(map_png).decode()}",
        schemes=[_scheme_view(one) for one in first],
        zones=_zone_views(segments),
        n_segments=len(segments),
    )
    make_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _at(rows: Iterable[Mapping[str, Any]], distance: object) -> Mapping[str, Any] | None:
    """Return the scores at a distance."""
    return next((row for row in rows if row.get("exclusion_km") == distance), None)


def _scheme_view(one: EvaluationDocument) -> _SchemeView:
    baselines = one["baselines"]
    rows = []
    for score in one["results"]:
        distance = score.get("exclusion_km")
        beside = [score, *(_at(of, distance) or {} for of in baselines.values())]
        for key, name, hint in _MEASURES:
            if isinstance(score.get(key), int | float):
                cells = [_cell(each, key) for each in beside]
                rows.append(_ScoreRow(_distance(distance), name, hint, _tested(score), cells))
    names = [str(one.get("model", "model")), *baselines]
    return _SchemeView(_SCHEMES[one["scheme"]], int(one.get("classes", 2)), names, rows)


def _distance(value: object) -> str:
    return f"{value:g} km" if isinstance(value, int | float) else "whole region"


def _tested(score: Mapping[str, Any]) -> str:
    great = score.get("n_great_ruptures")
    of_them = "" if great is None else f", {great} of them great"
    return (
        f"{score.get('n_test', '?')} segments of {score.get('n_ruptures', '?')} ruptures{of_them}"
    )


def _cell(score: Mapping[str, Any], key: str) -> str:
    value = score.get(key)
    if not isinstance(value, int | float):
        return "not measured"
    text = f"{value:.2f}"
    if key == "macro_f1" and isinstance(score.get("macro_f1_sd"), int | float):
        text += f" ± {score['macro_f1_sd']:.2f}"
    interval = score.get("interval95")
    if key == "macro_f1_pooled" and isinstance(interval, list | tuple) and None not in interval:
        text += f" [{interval[0]:.2f}, {interval[1]:.2f}]"
    return text


def _zone_views(segments: Sequence[SegmentAssessment]) -> list[_ZoneView]:
    ordered = sorted(segments, key=lambda one: (one.region, one.index))
    return [
        _zone_view(region, list(rows))
        for region, rows in groupby(ordered, key=lambda one: one.region)
    ]


def _zone_view(region: str, rows: list[SegmentAssessment]) -> _ZoneView:
    seen = [one.m_max for one in rows if one.m_max is not None]
    great = sum(magnitude >= _GREAT for magnitude in seen)
    return _ZoneView(
        name=zone_name(region),
        n_segments=len(rows),
        observed=f"{great} of {len(seen)}" if seen else "not known",
        probability=f"{fmean(one.probability for one in rows):.2f}",
        two_class=f"{fmean(len(one.conformal_set) > 1 for one in rows):.0%}",
        applicable=f"{fmean(one.is_applicable for one in rows):.0%}",
        segments=[_segment_row(one) for one in rows],
    )


def _segment_row(one: SegmentAssessment) -> tuple[str, ...]:
    place = "" if one.longitude is None else f"{one.longitude:.2f}, {one.latitude:.2f}"
    seen = "" if one.m_max is None else "none" if one.m_max <= _NONE_SEEN else f"{one.m_max:.1f}"
    predicted = "abstains" if one.predicted_class is None else str(one.predicted_class)
    return (
        str(one.index),
        place,
        f"{one.probability:.2f}",
        predicted,
        " or ".join(map(str, one.conformal_set)) or "none",
        f"{one.applicability:.2f}{'' if one.is_applicable else ' (does not apply)'}",
        seen,
    )
