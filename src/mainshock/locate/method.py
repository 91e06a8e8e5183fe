"""What every location method shares: its settings, and the way from picks to an origin."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mainshock.core.errors import SettingsError
from mainshock.core.records import Arrival, Origin, Pick, Station
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.field import ErrorModel
from mainshock.locate.observations import observe
from mainshock.locate.priors import Prior
from mainshock.locate.problem import LocationProblem, SearchLimits
from mainshock.locate.summary import PosteriorSummary, report
from mainshock.locate.terms import TermTable

__all__ = ["PosteriorLocation"]


@dataclass(frozen=True, slots=True)
class PosteriorLocation(ABC):
    """The posterior of hypocentre and origin time, by a way that each subclass states.

    Parameters
    ----------
    travel_times
        Travel times of P and S.
    model_error
        Standard deviation of the velocity model's error as a share of each travel time. At 0 the
        picks' ``sigma_s`` are taken as the whole error (flag ``model_error_not_included``).
    outlier_probability, outlier_window_s
        Probability that a pick belongs to nothing, and the time over which it is then uniform.
        Applies from five picks on, in full from ten; fewer cannot judge each other.
    azimuth_outlier_probability
        Probability that a back azimuth tells nothing.
    student_freedom
        Degrees of freedom of a Student-t that the residual of each phase follows, in place of
        the outlier mixture, from five picks on; None: the mixture.
    prior
        Density of hypocentres; None: uniform in the volume.
    terms
        What past events taught about the stations; their errors replace the model error.
    depth_range_km
        Shallowest and deepest hypocentre; None: from the highest station to 700 km, the deep end
        only as far as the picks ask for. A velocity model that ends above ends the search.
    max_distance_km
        Farthest the search goes from the middle of the stations.
    n_samples
        Draws from the posterior that the origin carries.

    Raises
    ------
    SettingsError
        If a number makes no sense.

    Notes
    -----
    For picks ``t_i`` with ``s_i^2 = sigma_i^2 + (model_error T_i(x))^2`` the posterior is
    ``p(x, t0) ~ prior(x) prod [(1 - e) N(t_i; t0 + T_i(x), s_i) + e / W]``, times a von Mises
    density for each back azimuth.

    References
    ----------
    Tarantola and Valette (1982), https://doi.org/10.1029/RG020i002p00219
    """

    travel_times: TravelTimeModel
    model_error: float = 0.0
    outlier_probability: float = 0.05
    outlier_window_s: float = 10.0
    azimuth_outlier_probability: float = 0.02
    student_freedom: float | None = None
    prior: Prior | None = None
    terms: TermTable | None = None
    depth_range_km: tuple[float, float] | None = None
    max_distance_km: float = 1000.0
    n_samples: int = 1000

    def __post_init__(self) -> None:
        if self.terms is not None:
            self.terms.require_model(self.travel_times.name)
        shares = {
            "model_error": self.model_error,
            "outlier_probability": self.outlier_probability,
            "azimuth_outlier_probability": self.azimuth_outlier_probability,
        }
        for name, value in shares.items():
            if not 0.0 <= value < 1.0:
                raise SettingsError(f"{name} is {value}; it must be at least 0 and less than 1")
        if not (self.outlier_window_s > 0.0 and 1.0 <= self.max_distance_km <= 2000.0):
            raise SettingsError(
                f"outlier_window_s is {self.outlier_window_s} and max_distance_km "
                f"{self.max_distance_km}; they must be positive, the distance 1 to 2000 km"
            )
        if self.student_freedom is not None and not self.student_freedom >= 1.0:
            raise SettingsError(
                f"student_freedom is {self.student_freedom}; it must be at least 1 (4 is usual)"
            )
        if self.n_samples < 1:
            raise SettingsError(f"n_samples is {self.n_samples}; it must be at least 1")
        if self.depth_range_km is not None and not self.depth_range_km[0] < self.depth_range_km[1]:
            raise SettingsError(
                f"depth_range_km is {self.depth_range_km}; the first depth must be the shallower"
            )

    @abstractmethod
    def summarise(self, problem: LocationProblem, rng: np.random.Generator) -> PosteriorSummary:
        """Return the posterior of one event: moments, epicentral marginal, draws, flags."""

    def locate(
        self,
        picks: Sequence[Pick],
        stations: Sequence[Station],
        rng: np.random.Generator,
    ) -> tuple[Origin, list[Arrival]]:
        """Return the origin (with regions and samples) and one arrival for each pick used.

        Raises
        ------
        DataError
            If the picks cannot fix an origin, S comes before P, or a station is unknown.
        GeometryError
            If the stations are too far apart for one local frame.
        """
        problem = self.problem(picks, stations)
        return report(self.summarise(problem, rng), problem)

    def problem(self, picks: Sequence[Pick], stations: Sequence[Station]) -> LocationProblem:
        """Return what is to be solved for the picks of one event.

        Raises
        ------
        DataError, GeometryError
            As ``locate``.
        """
        errors = ErrorModel(
            self.model_error,
            self.outlier_probability,
            self.outlier_window_s,
            self.azimuth_outlier_probability,
            self.student_freedom,
        )
        limits = SearchLimits(self.max_distance_km, self.depth_range_km)
        observations = observe(picks, stations, self.terms, self.prior is not None)
        return LocationProblem(observations, self.travel_times, errors, self.prior, limits)
