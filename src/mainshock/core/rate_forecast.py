"""The record of a forecast: what stages, store, log and service hand to each other."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core import cautions
from mainshock.core.errors import DataError, RecordError
from mainshock.core.times import format_utc, parse_utc, require_utc

__all__ = ["RESEARCH_ONLY", "ForecastRow", "RateForecast", "RateGrid"]

FloatArray = NDArray[np.float64]
RESEARCH_ONLY = cautions.RESEARCH.tell()
_RATE_DIGITS = 3
_PLACE_DIGITS = 5
_TIMES = ("issued", "start", "cut_off")
_SAME = (  # in a document as in the record
    *("forecast_id", "event_id", "event_version", "region", "model", "agency", "mc"),
    *("is_synthetic", "is_retrospective"),
)


@dataclass(frozen=True, slots=True)
class ForecastRow:
    """Chance and number of earthquakes of at least one magnitude in one window.

    Parameters
    ----------
    magnitude
        From this one on.
    days
        Length of the window, which opens at the forecast's ``start``.
    probability, probability_low, probability_high
        Of at least one; the range is what the uncertainty of the model leaves, 95 %.
    reference_probability
        Of a window of that length in the long term.
    multiple
        Expected number over that of the long term.
    expected, expected_low, expected_high
        Mean number, and the range that holds it with 95 %.
    is_validated
        Whether the model was tested on windows of that length.
    model
        What this row comes from; empty: the forecast's own model.
    is_generic
        Whether it comes from parameters of many regions, not of this one.
    sentence
        The row in words; empty where they were not made.

    Raises
    ------
    RecordError
        If a number is missing, or is no probability or number.
    """

    magnitude: float
    days: float
    probability: float
    probability_low: float
    probability_high: float
    reference_probability: float
    multiple: float
    expected: float
    expected_low: int
    expected_high: int
    is_validated: bool = False
    model: str = ""
    is_generic: bool = False
    sentence: str = ""

    def __post_init__(self) -> None:
        """Check that nothing is missing that a reader needs."""
        if not (math.isfinite(self.magnitude) and self.days > 0 and math.isfinite(self.days)):
            raise RecordError("a forecast needs a magnitude and a window of more than 0 days")
        for name in (
            *("probability", "probability_low", "probability_high"),
            "reference_probability",
        ):
            value = getattr(self, name)
            if not 0.0 <= value <= 1.0:
                raise RecordError(f"{name} is {value}; it must lie in 0 to 1")
        if not 0.0 <= self.expected < math.inf:
            raise RecordError(f"expected number is {self.expected}; it must be 0 or more")


@dataclass(frozen=True, slots=True, eq=False)
class RateGrid:
    """Expected numbers in the cells of a grid.

    Parameters
    ----------
    longitude, latitude
        Middles of columns, and of rows from south to north, degrees, evenly spaced; longitudes
        may run on above 180.
    days
        Length of the window, which opens at the forecast's ``start``.
    expected
        Events of at least ``mc``, shape ``(n_rows, n_columns)``; 0 outside the region.
    reference
        The same in the long term.

    Raises
    ------
    RecordError
        If shapes do not fit together, or a number is negative or not finite.
    """

    longitude: FloatArray
    latitude: FloatArray
    days: float
    expected: FloatArray
    reference: FloatArray

    def __post_init__(self) -> None:
        """Check that both arrays belong to the axes."""
        wanted = (len(self.latitude), len(self.longitude))
        for name in ("expected", "reference"):
            values = getattr(self, name)
            if values.shape != wanted:
                raise RecordError(f"{name} has shape {values.shape}; it must be {wanted}")
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise RecordError(f"{name} holds negative numbers, NaN or infinity")

    def as_document(self) -> dict[str, Any]:  # a JSON document
        """Return axes and numbers, rounded to three significant digits, row after row."""
        return {
            "longitude": np.round(self.longitude, _PLACE_DIGITS).tolist(),
            "latitude": np.round(self.latitude, _PLACE_DIGITS).tolist(),
            "days": self.days,
            "expected": _rounded(self.expected),
            "reference": _rounded(self.reference),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "RateGrid":
        """Return the grid of :meth:`as_document`."""
        longitude, latitude = (
            np.array(document[name], dtype=np.float64) for name in ("longitude", "latitude")
        )
        shape = (latitude.size, longitude.size)
        expected, reference = (
            np.array(document[name], dtype=np.float64).reshape(shape)
            for name in ("expected", "reference")
        )
        return cls(longitude, latitude, float(document["days"]), expected, reference)


@dataclass(frozen=True, slots=True, eq=False)
class RateForecast:
    """Chances of earthquakes in a region, with all that a reader must know of them.

    Parameters
    ----------
    forecast_id
        The same for the same forecast.
    region
        Its name, or where it is, in words that go on from "in".
    outline
        Longitude and latitude of its corners, degrees.
    issued, start, cut_off
        When it was made, when its windows open, and up to when data were known, UTC.
    model, agency
        What made it; where official advice comes from.
    mc
        Least magnitude that the model tells of.
    rows
        Chances by magnitude and window.
    grid
        Where the events are expected, or None.
    event_id, event_version
        The mainshock, for a table of aftershocks; else empty and None.
    is_synthetic
        Whether model or data are made up.
    is_retrospective
        Whether it was made after its windows had opened.
    warnings
        What else limits it.

    Raises
    ------
    RecordError
        If region, model, agency or rows are missing, or times are not in order.
    """

    forecast_id: str
    region: str
    outline: tuple[tuple[float, float], ...]
    issued: datetime
    start: datetime
    cut_off: datetime
    model: str
    agency: str
    mc: float
    rows: tuple[ForecastRow, ...]
    grid: RateGrid | None = None
    event_id: str = ""
    event_version: int | None = None
    is_synthetic: bool = False
    is_retrospective: bool = False
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that it tells what it is of."""
        for name in ("forecast_id", "region", "model", "agency"):
            if not getattr(self, name).strip():
                raise RecordError(f"a forecast without {name} must not be told; name it")
        if not self.rows:
            raise RecordError("a forecast needs at least one magnitude and window")
        for name in _TIMES:
            object.__setattr__(self, name, require_utc(getattr(self, name), name))
        if self.cut_off > self.issued:
            raise RecordError(
                f"data up to {format_utc(self.cut_off)} were not known at "
                f"{format_utc(self.issued)}, when the forecast was issued"
            )

    def end_of(self, row: ForecastRow) -> datetime:
        """Return when the window of a row closes."""
        return self.start + timedelta(days=row.days)

    def cautions(self) -> list[str]:
        """Return what must stand beside the forecast wherever it is shown."""
        said = [
            RESEARCH_ONLY,
            cautions.NO_PREDICTION.tell(),
            cautions.AGENCY.tell(agency=self.agency),
        ]
        if any(one.is_generic for one in self.rows):
            said.append(cautions.GENERIC.tell())
        if not all(one.is_validated for one in self.rows):
            said.append(cautions.NOT_VALIDATED.tell())
        if self.is_synthetic:
            said.append(cautions.SYNTHETIC.tell())
        if self.is_retrospective:
            said.append(cautions.RETROSPECTIVE.tell())
        return [*said, *self.warnings]

    def as_document(self) -> dict[str, Any]:  # a JSON document
        """Return the forecast as dictionaries, lists, numbers and texts."""
        return {
            **{name: getattr(self, name) for name in _SAME},
            **{name: format_utc(getattr(self, name)) for name in _TIMES},
            "outline": [list(corner) for corner in self.outline],
            "rows": [{**asdict(row), "end": format_utc(self.end_of(row))} for row in self.rows],
            "grid": None if self.grid is None else self.grid.as_document(),
            "warnings": list(self.warnings),
            "cautions": self.cautions(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "RateForecast":
        """Return the forecast that a document of :meth:`as_document` tells of.

        Raises
        ------
        DataError
            If it is no such document.
        """
        try:
            return cls(**_fields_of(document))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"document is no forecast: {error!r}") from error


def _fields_of(document: Mapping[str, Any]) -> dict[str, Any]:
    grid = document["grid"]
    of_row = [one.name for one in fields(ForecastRow)]
    return {
        **{name: document[name] for name in _SAME},
        **{name: parse_utc(document[name]) for name in _TIMES},
        "outline": tuple((float(x), float(y)) for x, y in document["outline"]),
        "rows": tuple(
            ForecastRow(**{name: row[name] for name in of_row}) for row in document["rows"]
        ),
        "grid": None if grid is None else RateGrid.from_document(grid),
        "warnings": tuple(document["warnings"]),
    }


def _rounded(values: FloatArray) -> list[float]:
    return [float(f"{one:.{_RATE_DIGITS - 1}e}") for one in values.ravel().tolist()]
