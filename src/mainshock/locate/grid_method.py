"""Location on a grid: the exact posterior, in milliseconds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mainshock.core.errors import SettingsError
from mainshock.core.records import Arrival, Origin, Pick, Station
from mainshock.locate.base import TravelTimeModel
from mainshock.locate.field import ErrorModel, PosteriorField
from mainshock.locate.observations import Observations, observe
from mainshock.locate.posterior import column_mean, draw, epicentral_marginal, moments
from mainshock.locate.priors import Prior
from mainshock.locate.search import SearchLimits, find_posterior
from mainshock.locate.summary import PosteriorSummary, report

__all__ = ["GridLocation"]


@dataclass(frozen=True, slots=True)
class GridLocation:
    """The posterior of hypocentre and origin time on a grid that finds its own place.

    Parameters
    ----------
    travel_times
        Travel times of P and S.
    model_error
        Standard deviation of the velocity model's error as a share of each travel time. At 0 the
        picks' ``sigma_s`` are taken as the whole error (flag ``model_error_not_included``).
    outlier_probability, outlier_window_s
        Probability that a pick belongs to nothing, and the time over which it is then uniform.
        Applies from five picks on; fewer cannot judge each other.
    azimuth_outlier_probability
        Probability that a back azimuth tells nothing.
    prior
        Density of hypocentres; None: uniform in the volume.
    depth_range_km
        Shallowest and deepest hypocentre; None: from the highest station to 700 km, the deep end
        only as far as the picks ask for.
    max_distance_km
        Farthest the search goes from the middle of the stations.
    n_nodes
        Nodes of the last grid.
    n_samples
        Draws from the posterior that the origin carries.

    Raises
    ------
    SettingsError
        If a number makes no sense.

    Notes
    -----
    For picks ``t_i`` with ``s_i^2 = sigma_i^2 + (model_error T_i(x))^2`` the posterior is
    ``p(x, t0) ~ prior(x) prod [(1 - e) N(t_i; t0 + T_i(x), s_i) + e / W]``, integrated over
    ``t0`` at each node, times a von Mises density for each back azimuth.

    References
    ----------
    Tarantola and Valette (1982), https://doi.org/10.1029/RG020i002p00219
    """

    travel_times: TravelTimeModel
    model_error: float = 0.0
    outlier_probability: float = 0.02
    outlier_window_s: float = 30.0
    azimuth_outlier_probability: float = 0.02
    prior: Prior | None = None
    depth_range_km: tuple[float, float] | None = None
    max_distance_km: float = 1000.0
    n_nodes: int = 500_000
    n_samples: int = 1000
    name: str = field(default="grid", init=False)

    def __post_init__(self) -> None:
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
        if self.n_nodes < 1000 or self.n_samples < 1:
            raise SettingsError(
                f"n_nodes is {self.n_nodes} and n_samples {self.n_samples}; they must be at "
                "least 1000 and 1"
            )
        if self.depth_range_km is not None and not self.depth_range_km[0] < self.depth_range_km[1]:
            raise SettingsError(
                f"depth_range_km is {self.depth_range_km}; the first depth must be the shallower"
            )

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
        observations = observe(picks, stations)
        posterior, flags = self._posterior(observations)
        marginal = epicentral_marginal(posterior)
        densest = np.unravel_index(int(marginal.mass.argmax()), marginal.mass.shape)
        summary = PosteriorSummary(
            moments=moments(posterior),
            densest=column_mean(posterior, int(densest[0]), int(densest[1])),
            marginal=marginal,
            draws=draw(posterior, self.n_samples, rng),
            flags=flags,
        )
        return report(summary, observations, self.travel_times, self.error_model)

    def posterior(self, picks: Sequence[Pick], stations: Sequence[Station]) -> PosteriorField:
        """Return the posterior on its grid, for those who want more than a summary.

        Raises
        ------
        DataError, GeometryError
            As ``locate``.
        """
        return self._posterior(observe(picks, stations))[0]

    @property
    def error_model(self) -> ErrorModel:
        """How observations are taken to err."""
        return ErrorModel(
            self.model_error,
            self.outlier_probability,
            self.outlier_window_s,
            self.azimuth_outlier_probability,
        )

    def _posterior(self, observations: Observations) -> tuple[PosteriorField, tuple[str, ...]]:
        limits = SearchLimits(self.max_distance_km, self.depth_range_km)
        return find_posterior(
            observations, self.travel_times, self.error_model, self.prior, limits, self.n_nodes
        )
