"""What past events taught about each station: corrections of times and angles, and their spread.

A term stands for what the velocity model does not know under one station. Arrival times are
predicted as ``scale * T(x) + shift``; the spread of what remains takes the place of the general
model error. Back azimuths are turned by a bias; apparent incidence angles follow
``intercept + slope * angle``, where the angle is that of the straight line to the hypocentre.

References
----------
Richards-Dinger and Shearer (2000), https://doi.org/10.1029/2000JB900019, for station terms.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import replacing
from mainshock.core.records import Station
from mainshock.locate.source_terms import SourceTerm

__all__ = [
    "AzimuthTerm",
    "IncidenceTerm",
    "StationTerms",
    "TermTable",
    "TimeTerm",
    "read_terms",
    "term_record",
]

_FORMAT = "mainshock-station-terms"
_VERSION = 1


def _require_numbers(kind: str, **values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not (isinstance(value, int | float) and math.isfinite(value)):
            raise DataError(f"{kind} has {name} {value!r}; it must be a finite number")


@dataclass(frozen=True, slots=True)
class TimeTerm:
    """How arrival times of one phase at one station differ from the velocity model's.

    Parameters
    ----------
    scale, shift_s
        Arrival time minus origin time is ``scale * T + shift_s``.
    sigma_s
        Standard deviation of what remains beside the picks' own.
    pick_sigma_factor
        Factor on the picks' own ``sigma_s``.
    n
        Number of events it was learnt from.
    """

    scale: float = 1.0
    shift_s: float = 0.0
    sigma_s: float = 0.0
    pick_sigma_factor: float = 1.0
    n: int = 0

    def __post_init__(self) -> None:
        _require_numbers("time term", **asdict(self))
        if not (0.2 < self.scale < 5.0 and self.sigma_s >= 0.0 and self.pick_sigma_factor >= 0.0):
            raise DataError(
                f"time term has scale {self.scale}, sigma_s {self.sigma_s} and pick_sigma_factor "
                f"{self.pick_sigma_factor}; scale must be 0.2 to 5, the others not negative"
            )


@dataclass(frozen=True, slots=True)
class AzimuthTerm:
    """How measured back azimuths differ from true ones.

    Parameters
    ----------
    bias_deg
        Measured minus true, clockwise.
    sigma_factor
        Factor on the standard deviation that a pick states.
    inlier_share
        Share of azimuths that tell anything.
    n
        Number of events it was learnt from.
    """

    bias_deg: float = 0.0
    sigma_factor: float = 1.0
    inlier_share: float = 0.98
    n: int = 0

    def __post_init__(self) -> None:
        _require_numbers("azimuth term", **asdict(self))
        if not (self.sigma_factor > 0.0 and 0.0 < self.inlier_share <= 1.0):
            raise DataError(
                f"azimuth term has sigma_factor {self.sigma_factor} and inlier_share "
                f"{self.inlier_share}; they must be positive, the share at most 1"
            )


@dataclass(frozen=True, slots=True)
class IncidenceTerm:
    """How apparent incidence follows the angle of the straight line to the hypocentre.

    Parameters
    ----------
    intercept_deg, slope
        Expected apparent incidence is ``intercept_deg + slope * angle``.
    sigma_deg
        Scale of what remains, Student-t with four degrees of freedom.
    n
        Number of events it was learnt from.
    """

    intercept_deg: float
    slope: float
    sigma_deg: float
    n: int = 0

    def __post_init__(self) -> None:
        _require_numbers("incidence term", **asdict(self))
        if not self.sigma_deg > 0.0:
            raise DataError(f"incidence term has sigma_deg {self.sigma_deg}; it must be positive")


@dataclass(frozen=True, slots=True)
class StationTerms:
    """All that was learnt about one station; what is None was not.

    Parameters
    ----------
    times
        By phase.
    azimuth, incidence
        Of P.
    sources
        What remains by source, where that helps: ``"P"`` of the travel time, of both phases;
        ``"S"`` of S minus P beside it.
    """

    times: Mapping[str, TimeTerm] = field(default_factory=dict)
    azimuth: AzimuthTerm | None = None
    incidence: IncidenceTerm | None = None
    sources: Mapping[str, SourceTerm] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TermTable:
    """The terms of all stations, for one velocity model.

    Parameters
    ----------
    velocity_model
        Name of the model they correct; with another one they mean nothing.
    stations
        By ``NET.STA``.
    degrees_of_freedom
        Of the Student-t that residuals follow where few picks cannot judge each other; None for
        a Gaussian.
    """

    velocity_model: str
    stations: Mapping[str, StationTerms]
    degrees_of_freedom: float | None = None

    def __post_init__(self) -> None:
        freedom = self.degrees_of_freedom
        _require_numbers("table of terms", degrees_of_freedom=freedom)
        if freedom is not None and not freedom > 0.0:
            raise DataError(f"terms have degrees_of_freedom {freedom}; it must be positive")

    def of(self, station: Station) -> StationTerms:
        """Return the terms of a station; empty ones where nothing was learnt.

        Where either side states no network, the station code alone decides, if it is unambiguous.
        """
        exact = self.stations.get(station.code)
        if exact is not None:
            return exact
        alike = [
            terms
            for network, _, name, terms in (
                (*code.partition("."), terms) for code, terms in self.stations.items()
            )
            if name == station.station and not (network and station.network)
        ]
        return alike[0] if len(alike) == 1 else StationTerms()

    def require_model(self, name: str) -> None:
        """Raise unless the terms belong to a velocity model.

        Raises
        ------
        DataError
            If they were learnt with another one.
        """
        if name != self.velocity_model:
            raise DataError(
                f"the terms were learnt with velocity model {self.velocity_model!r}, not with "
                f"{name!r}; give --velocity {self.velocity_model} (or the file of that name), or "
                "calibrate again"
            )

    def write(self, path: Path) -> None:
        """Write the terms as JSON.

        Raises
        ------
        SourceError
            If the file cannot be written.
        """
        content = {"format": _FORMAT, "version": _VERSION, **term_record(self)}
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def term_record(table: TermTable) -> dict[str, Any]:
    """Return the terms as a dictionary that JSON can hold."""
    stations = {
        code: {
            "times": {phase: asdict(term) for phase, term in terms.times.items()},
            "azimuth": asdict(terms.azimuth) if terms.azimuth else None,
            "incidence": asdict(terms.incidence) if terms.incidence else None,
            "sources": {
                phase: {"radius_km": term.radius_km, "sources": [list(s) for s in term.sources]}
                for phase, term in terms.sources.items()
            },
        }
        for code, terms in table.stations.items()
    }
    return {
        "velocity_model": table.velocity_model,
        "degrees_of_freedom": table.degrees_of_freedom,
        "stations": stations,
    }


def read_terms(path: Path) -> TermTable:
    """Return the terms in a file that ``mainshock locate calibrate`` wrote.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it holds no terms, or terms that make no sense.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"cannot read station terms {path}: {error}") from error
    except ValueError as error:
        raise DataError(f"station terms {path} are no JSON: {error}") from error
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise DataError(f"{path} holds no station terms; make them by `mainshock locate calibrate`")
    if content.get("version") != _VERSION:
        raise DataError(
            f"{path} has version {content.get('version')!r} of the station terms, this program "
            f"reads {_VERSION}; calibrate again"
        )
    try:
        return _table(content)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"station terms {path} are incomplete: {error}") from error


def _table(content: dict[str, Any]) -> TermTable:  # Any: JSON
    stations = {
        code: StationTerms(
            times={phase: TimeTerm(**term) for phase, term in terms["times"].items()},
            azimuth=AzimuthTerm(**terms["azimuth"]) if terms["azimuth"] else None,
            incidence=IncidenceTerm(**terms["incidence"]) if terms["incidence"] else None,
            sources={
                phase: SourceTerm(term["radius_km"], tuple(tuple(s) for s in term["sources"]))
                for phase, term in terms.get("sources", {}).items()
            },
        )
        for code, terms in content["stations"].items()
    }
    return TermTable(content["velocity_model"], stations, content["degrees_of_freedom"])
