"""The record of a map of shaking: what stages, store and service hand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core import cautions
from mainshock.core.errors import DataError, RecordError
from mainshock.core.times import format_utc, parse_utc

__all__ = ["NOT_FOR_DESIGN", "ShakingField"]

FloatArray = NDArray[np.float64]
NOT_FOR_DESIGN = cautions.NOT_FOR_DESIGN_USE.tell()
_PARTS = ("mean", "sd", "sd_epistemic")
_SAME = (  # in a document as in the record
    *("event_id", "magnitude", "magnitude_sd", "magnitude_type", "longitude", "latitude"),
    *("depth_km", "model", "is_synthetic", "n_draws"),
)
_LN_DIGITS = 3  # a tenth of a percent of the motion
_PLACE_DIGITS = 5


@dataclass(frozen=True, slots=True, eq=False)
class ShakingField:
    """Distributions of logarithmic measures of shaking at the sites of a map.

    Parameters
    ----------
    event_id
        Name of the earthquake or scenario.
    time
        Origin time, UTC; None for a scenario.
    magnitude, magnitude_sd, magnitude_type
        As the map was made for; the type is empty where it is not known.
    longitude, latitude, depth_km
        The reported hypocentre, degrees and km positive down.
    site_longitude, site_latitude
        Degrees, shape ``(n_sites,)``. Of a grid: rows from south to north, in each from west to
        east; longitudes may run on above 180.
    shape
        Rows and columns of a grid; None where the sites are no grid.
    site_names
        Names of sites that are no grid; empty for a grid.
    measures
        Names of the measures, natural logarithms of m/s^2 or m/s.
    mean, sd, sd_epistemic
        Shape ``(n_sites, n_measures)``: median motion, standard deviation of one record, and its
        part that better knowledge of model, hypocentre and magnitude would take away.
    is_extrapolated
        Sites outside what the model was trained on, ``(n_sites,)``.
    model
        Its name.
    is_synthetic
        Whether the model was trained on made-up records.
    n_draws
        Hypocentres and magnitudes that stand for the uncertainty of the source; 1: none.
    realisations
        Possible maps, ``(n, n_sites, n_measures)``, or None.

    Raises
    ------
    RecordError
        If shapes do not fit together, or a mean or spread is not finite.
    """

    event_id: str
    time: datetime | None
    magnitude: float
    magnitude_sd: float
    magnitude_type: str
    longitude: float
    latitude: float
    depth_km: float
    site_longitude: FloatArray
    site_latitude: FloatArray
    shape: tuple[int, int] | None
    site_names: tuple[str, ...]
    measures: tuple[str, ...]
    mean: FloatArray
    sd: FloatArray
    sd_epistemic: FloatArray
    is_extrapolated: NDArray[np.bool_]
    model: str
    is_synthetic: bool
    n_draws: int = 1
    realisations: FloatArray | None = None

    def __post_init__(self) -> None:
        """Check that all parts belong to the same sites and measures."""
        n = self.site_longitude.size
        wanted = (n, len(self.measures))
        for name in _PARTS:
            values = getattr(self, name)
            if values.shape != wanted:
                raise RecordError(f"{name} has shape {values.shape}; it must be {wanted}")
            if not np.isfinite(values).all():
                raise RecordError(f"{name} holds NaN or infinity; a model must give all sites")
        if self.site_latitude.shape != (n,) or self.is_extrapolated.shape != (n,):
            raise RecordError(f"latitudes and mask must have one value for each of {n} sites")
        if self.shape is not None and self.shape[0] * self.shape[1] != n:
            raise RecordError(f"a grid of {self.shape} has not {n} sites")

    @property
    def extrapolated_share(self) -> float:
        """Share of the sites that lie outside what the model was trained on."""
        return float(self.is_extrapolated.mean())

    def axes(self) -> tuple[FloatArray, FloatArray]:
        """Return the longitudes of the columns and the latitudes of the rows of a grid.

        Raises
        ------
        DataError
            If the sites are no grid.
        """
        if self.shape is None:
            raise DataError("the sites of this map are no grid; ask for a grid to get images")
        n_columns = self.shape[1]
        return self.site_longitude[:n_columns], self.site_latitude[::n_columns]

    def column(self, measure: str) -> int:
        """Return the place of a measure.

        Raises
        ------
        DataError
            If the map does not hold it.
        """
        if measure not in self.measures:
            raise DataError(f"no {measure!r} in this map; it holds {', '.join(self.measures)}")
        return self.measures.index(measure)

    def cautions(self) -> list[str]:
        """Return what must stand beside the map wherever it is shown."""
        said = [NOT_FOR_DESIGN]
        if self.is_synthetic:
            said.append(cautions.TRAINED_ON_SYNTHETIC.tell(model=self.model))
        if self.is_extrapolated.any():
            share = max(1, round(100.0 * self.extrapolated_share))
            said.append(cautions.EXTRAPOLATED.tell(share=share))
        return said

    def as_document(self) -> dict[str, Any]:  # a JSON document
        """Return the map as dictionaries, lists, numbers and texts, without its realisations.

        Logarithms are rounded to 0.001, degrees to 0.00001.
        """
        longitude, latitude = (
            (self.site_longitude, self.site_latitude) if self.shape is None else self.axes()
        )
        return {
            "event_id": self.event_id,
            "time": None if self.time is None else format_utc(self.time),
            "magnitude": self.magnitude,
            "magnitude_sd": self.magnitude_sd,
            "magnitude_type": self.magnitude_type,
            "longitude": self.longitude,
            "latitude": self.latitude,
            "depth_km": self.depth_km,
            "is_grid": self.shape is not None,
            "site_longitude": np.round(longitude, _PLACE_DIGITS).tolist(),
            "site_latitude": np.round(latitude, _PLACE_DIGITS).tolist(),
            "site_names": list(self.site_names),
            "measures": list(self.measures),
            **{name: np.round(getattr(self, name).T, _LN_DIGITS).tolist() for name in _PARTS},
            "is_extrapolated": self.is_extrapolated.astype(int).tolist(),
            "extrapolated_share": round(self.extrapolated_share, 4),
            "model": self.model,
            "is_synthetic": self.is_synthetic,
            "n_draws": self.n_draws,
            "cautions": self.cautions(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "ShakingField":
        """Return the map that a document of ``as_document`` tells of.

        Raises
        ------
        DataError
            If it is no such document.
        """
        try:
            return cls(**_fields_of(document))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"document is no map of shaking: {error!r}") from error


def _fields_of(document: Mapping[str, Any]) -> dict[str, Any]:
    longitude = np.array(document["site_longitude"], dtype=np.float64)
    latitude = np.array(document["site_latitude"], dtype=np.float64)
    shape = None
    if document["is_grid"]:
        shape = (latitude.size, longitude.size)
        longitude, latitude = np.tile(longitude, latitude.size), np.repeat(latitude, longitude.size)
    time = document["time"]
    return {
        **{name: document[name] for name in _SAME},
        **{name: np.array(document[name], dtype=np.float64).T for name in _PARTS},
        "time": None if time is None else parse_utc(time),
        "site_longitude": longitude,
        "site_latitude": latitude,
        "shape": shape,
        "site_names": tuple(document["site_names"]),
        "measures": tuple(document["measures"]),
        "is_extrapolated": np.array(document["is_extrapolated"], dtype=bool),
    }
