"""Everything a location run is set up with: velocity, prior, station terms and method."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mainshock.core.errors import DataError, GeometryError, SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Station
from mainshock.locate.base import LocationMethod, TravelTimeModel
from mainshock.locate.catalogue_prior import prior_from_catalogue
from mainshock.locate.priors import Prior
from mainshock.locate.registry import LOCATION_METHODS, open_velocity_model
from mainshock.locate.terms import StationTerms, TermTable, read_terms

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LocationSetup", "catalogue_prior"]

DEFAULT_VELOCITY = "iasp91"
NAMED_MODEL_ERROR = 0.03
_GLOBAL_MODELS = ("ak135", "iasp91", "taup")
_PRIOR_REACH_KM = 500.0
_SHALLOW_KM = 30.0


@dataclass(frozen=True, slots=True)
class LocationSetup:
    """The choices of a location run, as a user states them.

    Parameters
    ----------
    velocity
        Name or file of a velocity model; None: the one that the terms belong to, else iasp91.
    model_error
        Share of the travel time; None: 0.03 for a named Earth model, which is never the crust
        under a network, and 0 for one that the user states.
    terms
        File of station terms, or None.
    catalogue
        File of past events for the prior, or None.
    sampler
        Name of the location method.
    background
        Share of events that may happen where the catalogue has none.
    """

    velocity: str | None = None
    model_error: float | None = None
    terms: Path | None = None
    catalogue: Path | None = None
    sampler: str = "grid"
    background: float = 0.02

    @property
    def is_by_default(self) -> bool:
        """Whether nobody chose the velocity model."""
        return self.velocity is None and self.terms is None

    def travel_times(self) -> TravelTimeModel:
        """Return the velocity model.

        Raises
        ------
        SettingsError, SourceError, DataError
            If it is neither a name nor a file that makes sense.
        """
        name = self._velocity(self.term_table())
        try:
            return open_velocity_model(name)
        except SettingsError as error:
            if self.velocity is not None or self.terms is None:
                raise
            raise SettingsError(
                f"station terms {self.terms} were learnt with velocity model {name!r}, which is a "
                "file: name it by --velocity FILE"
            ) from error

    def term_table(self) -> TermTable | None:
        """Return the station terms, if a file was named.

        Raises
        ------
        SourceError, DataError
            If the file cannot be read or holds no terms.
        """
        return read_terms(self.terms) if self.terms is not None else None

    def method(self, travel_times: TravelTimeModel, stations: Sequence[Station]) -> LocationMethod:
        """Return the location method.

        Parameters
        ----------
        stations
            Around them the prior is cut out of the catalogue.

        Raises
        ------
        RegistryError
            If no method has this name.
        SourceError, DataError
            If the terms belong to another velocity model, or the catalogue cannot be used.
        """
        terms = self.term_table()
        error = self.model_error
        if error is None:
            kind = self._velocity(terms).partition(":")[0]
            error = NAMED_MODEL_ERROR if kind in _GLOBAL_MODELS else 0.0
        prior = None
        if self.catalogue is not None:
            prior = catalogue_prior(_read(self.catalogue), stations, self.background)
        return LOCATION_METHODS.load(self.sampler)(
            travel_times=travel_times, model_error=error, prior=prior, terms=terms
        )

    def stations_without_terms(self, stations: Iterable[Station]) -> list[str]:
        """Return the codes of the stations that the terms know nothing of.

        Raises
        ------
        SourceError, DataError
            If the file of terms cannot be read or holds none.
        """
        table = self.term_table()
        if table is None:
            return []
        return [station.code for station in stations if table.of(station) == StationTerms()]

    def association_depth_km(self, stated: float | None = None) -> float:
        """Return how deep events are sought by association: as stated, or as the catalogue says.

        Raises
        ------
        SourceError, DataError
            If the catalogue cannot be used.
        """
        if stated is not None or self.catalogue is None:
            return stated or _SHALLOW_KM
        depth = _read(self.catalogue)["depth_km"]
        if depth.empty:
            return _SHALLOW_KM
        return float(np.clip(1.2 * depth.quantile(0.995) + 10.0, _SHALLOW_KM, 800.0))

    def _velocity(self, terms: TermTable | None) -> str:
        if self.velocity is not None:
            return self.velocity
        return terms.velocity_model if terms is not None else DEFAULT_VELOCITY


def _read(catalogue: Path) -> "pd.DataFrame":
    from mainshock.sources.tables import (  # noqa: PLC0415 - pandas, which a live run can do without
        read_hypocentres,
    )

    return read_hypocentres(catalogue)


def catalogue_prior(
    catalogue: "pd.DataFrame", stations: Sequence[Station], background: float = 0.02
) -> Prior:
    """Return where earthquakes are expected, from the events of a catalogue near the stations.

    Parameters
    ----------
    catalogue
        Columns ``longitude,latitude,depth_km``.
    background
        Least share of events that may happen anywhere around them.

    Raises
    ------
    DataError
        If fewer than five events lie within 500 km of a station.
    """
    if not stations:
        raise DataError("the station list is empty; a prior is cut out around the stations")
    longitude, latitude, depth_km = (
        catalogue[name].to_numpy(np.float64) for name in ("longitude", "latitude", "depth_km")
    )
    is_near = np.zeros(len(catalogue), dtype=bool)
    for station in stations:
        away = geodesic_distance_km(longitude, latitude, station.longitude, station.latitude)
        is_near |= away <= _PRIOR_REACH_KM
    try:
        return prior_from_catalogue(
            longitude[is_near], latitude[is_near], depth_km[is_near], background
        )
    except GeometryError as error:
        raise DataError(
            "the stations lie too far apart for one prior; locate each network by itself"
        ) from error
