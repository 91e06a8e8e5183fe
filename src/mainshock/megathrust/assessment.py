"""What a model says of each trench segment: records, tables, and the one nearest to a place.

Nothing here loads pandas or scikit-learn: the service and the live path read assessments that were
computed before. An assessment is a potential classification, not a forecast, and never leaves this
module without its caveats.
"""

import csv
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.files import replacing
from mainshock.core.geo import geodesic_distance_km
from mainshock.megathrust import sentences

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CAVEATS",
    "COLUMNS",
    "HELD_OUT",
    "NEAREST_LIMIT_KM",
    "NearestSegment",
    "SegmentAssessment",
    "assessments_of",
    "caveats",
    "nearest_segment",
    "packaged_assessments",
    "packaged_caveats",
    "packaged_evaluation",
    "read_assessments",
    "write_assessments",
]

NEAREST_LIMIT_KM = 300.0
COLUMNS = (
    "region",
    "index",
    "longitude",
    "latitude",
    "azimuth",
    "probability",
    "class",
    "conformal_set",
    "applicability",
    "m_max",
)
_REQUIRED = ("region", "index", "probability", "class", "conformal_set", "applicability")
HELD_OUT = sentences.HELD_OUT.tell()
CAVEATS = (
    sentences.POTENTIAL.tell(),
    sentences.NOT_WHEN.tell(),
    sentences.CENTURY.tell(),
    sentences.LOCATION.tell(),
)


@dataclass(frozen=True, slots=True)
class SegmentAssessment:
    """What a model says of one trench segment.

    Parameters
    ----------
    region, index
        Which segment.
    probability
        That its largest earthquake reaches M 8.0.
    predicted_class
        The likeliest class, from 0; None where none is stated. Where the model abstains the set
        holds all classes.
    conformal_set
        The classes that cannot be ruled out; more than one says that the model does not know.
    applicability
        Share of the training segments that are as unlike those of other regions, 0 to 1. At 0 the
        segment is farther from all that the model learned from than any of them: it abstains.
    longitude, latitude
        Its middle on the trench, degrees; None where not known.
    azimuth_deg
        Of the trench towards growing ``index``, clockwise from north.
    m_max
        Largest moment magnitude seen; 1.0: none was seen; None: not known.

    Raises
    ------
    RecordError
        If a value is out of range.
    """

    region: str
    index: int
    probability: float
    predicted_class: int | None
    conformal_set: tuple[int, ...]
    applicability: float
    longitude: float | None = None
    latitude: float | None = None
    azimuth_deg: float | None = None
    m_max: float | None = None

    def __post_init__(self) -> None:
        for name in ("probability", "applicability"):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise RecordError(f"{self.name}: {name} is {value}; it must lie within 0 and 1")
        if (self.longitude is None) != (self.latitude is None):
            raise RecordError(f"{self.name} has half a place; give longitude and latitude, or none")
        if not (abs(self.longitude or 0.0) <= 180.0 and abs(self.latitude or 0.0) <= 90.0):
            raise RecordError(
                f"{self.name} is at {self.longitude}, {self.latitude}; longitude must lie within "
                "180 and latitude within 90 degrees"
            )

    @property
    def name(self) -> str:
        """Region and number, as texts name it."""
        return f"{self.region} {self.index}"

    @property
    def is_applicable(self) -> bool:
        """Whether the model has anything to say of a segment like this."""
        return self.applicability > 0.0

    def as_dict(self) -> dict[str, Any]:  # values of several types
        """Return the assessment as JSON holds it, by the names of the table's columns."""
        return {
            "region": self.region,
            "index": self.index,
            "probability": self.probability,
            "class": self.predicted_class,
            "conformal_set": list(self.conformal_set),
            "applicability": self.applicability,
            "is_applicable": self.is_applicable,
            "longitude": self.longitude,
            "latitude": self.latitude,
            "azimuth": self.azimuth_deg,
            "m_max": self.m_max,
        }


@dataclass(frozen=True, slots=True)
class NearestSegment:
    """The segment nearest to a place, and how far away the trench is there, km."""

    segment: SegmentAssessment
    distance_km: float


def nearest_segment(
    segments: Sequence[SegmentAssessment],
    longitude: float,
    latitude: float,
    limit_km: float = NEAREST_LIMIT_KM,
) -> NearestSegment | None:
    """Return the segment whose middle is nearest to a place, or None beyond a limit.

    Parameters
    ----------
    segments
        Those to choose from; ones without a place are passed over.
    longitude, latitude
        The place, degrees.
    limit_km
        Along the ellipsoid.
    """
    placed = [one for one in segments if one.longitude is not None]
    if not placed:
        return None
    places = np.array([(one.longitude, one.latitude) for one in placed], dtype=np.float64)
    distance_km = geodesic_distance_km(longitude, latitude, places[:, 0], places[:, 1])
    nearest = int(distance_km.argmin())
    if distance_km[nearest] > limit_km:
        return None
    return NearestSegment(placed[nearest], float(distance_km[nearest]))


def caveats(evaluation: Sequence[Mapping[str, Any]] = ()) -> tuple[str, ...]:
    """Return what must stand beside every assessment, with the leave-one-region-out skill.

    Parameters
    ----------
    evaluation
        Documents of ``mainshock megathrust evaluate --json``.
    """
    left_out = [one for one in evaluation if one.get("scheme") == "region" and one.get("results")]
    return (
        *CAVEATS,
        *([_left_out_words(one) for one in left_out] or [sentences.NO_LEFT_OUT.tell()]),
    )


def packaged_caveats() -> tuple[str, ...]:
    """Return what must stand beside the packaged assessments."""
    return (*caveats(packaged_evaluation()), HELD_OUT)


def _left_out_words(evaluation: Mapping[str, Any]) -> str:
    score = evaluation["results"][0]
    prior = evaluation.get("baselines", {}).get("region-prior", [])
    said = {
        (True, True): sentences.LEFT_OUT_BOTH,
        (True, False): sentences.LEFT_OUT_AUC,
        (False, True): sentences.LEFT_OUT_PRIOR,
        (False, False): sentences.LEFT_OUT,
    }[score.get("auc") is not None, bool(prior)]
    return said.tell(
        model=evaluation.get("model", "the model"),
        classes=evaluation.get("classes", 2),
        score=_macro_f1(score) + _interval(score.get("interval95")),
        auc=_number(score.get("auc")),
        prior=_macro_f1(prior[0]) if prior else "",
    )


def _macro_f1(score: Mapping[str, Any]) -> str:
    return _number(score.get("macro_f1_pooled", score.get("macro_f1")))


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, int | float) else "not measured"


def _interval(value: object) -> str:
    if not isinstance(value, list | tuple) or len(value) != 2 or None in value:
        return ""
    return f" (95 % interval {_number(value[0])} to {_number(value[1])})"


def read_assessments(path: Path) -> list[SegmentAssessment]:
    """Return the assessments of a CSV file with the columns ``COLUMNS``; an empty cell is unknown.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it lacks a column, or a value makes no sense.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read assessments from {path}: {error}") from error
    return _from_rows(rows, str(path))


def assessments_of(frame: "pd.DataFrame") -> list[SegmentAssessment]:
    """Return the assessments of a table; those columns of ``COLUMNS`` that it lacks are unknown.

    Raises
    ------
    DataError
        If it lacks a column that is needed, or a value makes no sense.
    """
    known = frame[[name for name in COLUMNS if name in frame]]
    return _from_rows(known.to_dict("records"), "the table")


def _from_rows(rows: Iterable[Mapping[Any, Any]], source: str) -> list[SegmentAssessment]:
    made = []
    for row in rows:
        missing = [name for name in _REQUIRED if name not in row]
        if missing:
            raise DataError(f"{source} lacks the columns {', '.join(missing)} of assessments")
        try:
            made.append(_from_row(row))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{source}: {error} (segment {row['region']} {row['index']})"
            ) from error
    return made


def _from_row(row: Mapping[Any, Any]) -> SegmentAssessment:
    classes = str(row["conformal_set"]).strip()
    predicted = _optional(row["class"])
    return SegmentAssessment(
        region=str(row["region"]),
        index=int(row["index"]),
        probability=float(row["probability"]),
        predicted_class=None if predicted is None or predicted < 0 else int(predicted),
        conformal_set=tuple(int(float(one)) for one in classes.split("|") if one),
        applicability=_share(row["applicability"]),
        longitude=_optional(row.get("longitude"), wrapped=True),
        latitude=_optional(row.get("latitude")),
        azimuth_deg=_optional(row.get("azimuth")),
        m_max=_optional(row.get("m_max")),
    )


def _optional(value: Any, *, wrapped: bool = False) -> float | None:  # a cell of any type
    if value is None or value == "" or (number := float(value)) != number:
        return None
    return (number + 180.0) % 360.0 - 180.0 if wrapped and abs(number) > 180.0 else number


def _share(value: Any) -> float:  # a truth value or a number, as text or not
    truth = {"true": 1.0, "false": 0.0}.get(str(value).lower())
    return float(value) if truth is None else truth


def write_assessments(path: Path, segments: Iterable[SegmentAssessment]) -> None:
    """Write assessments as CSV with the columns ``COLUMNS``; what is unknown is an empty cell.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in segments:
            document = one.as_dict() | {"conformal_set": "|".join(map(str, one.conformal_set))}
            writer.writerow([_cell(document[name]) for name in COLUMNS])


def _cell(value: object) -> object:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.6g}"
    return "" if value is None else value


@cache
def packaged_assessments() -> tuple[SegmentAssessment, ...]:
    """Return the packaged model's assessments of all packaged segments; empty where none ship."""
    resource = files("mainshock") / "megathrust" / "data" / "assessments.csv"
    if not resource.is_file():
        return ()
    rows = csv.DictReader(resource.read_text(encoding="utf-8").splitlines())
    return tuple(_from_rows(rows, "assessments.csv"))


@cache
def packaged_evaluation() -> tuple[dict[str, Any], ...]:
    """Return how the packaged model was evaluated, as ``evaluate --json`` told; or nothing."""
    resource = files("mainshock") / "megathrust" / "data" / "evaluation.json"
    if not resource.is_file():
        return ()
    document = json.loads(resource.read_text(encoding="utf-8"))
    return tuple(document if isinstance(document, list) else [document])
