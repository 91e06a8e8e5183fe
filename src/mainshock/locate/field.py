"""The unnormalised posterior on all nodes of a grid."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import i0e

from mainshock.core.errors import DataError
from mainshock.core.geo import LocalFrame
from mainshock.locate.base import TravelTimeModel, VolumeTravelTimes
from mainshock.locate.grid import Grid
from mainshock.locate.likelihood import GridResult, GridTask, grid_likelihood
from mainshock.locate.observations import FEWEST_PICKS_TO_DOUBT, Azimuth, Incidence, Observations
from mainshock.locate.priors import Prior, SmoothPrior
from mainshock.locate.tables import node_tables, radial_tables

__all__ = [
    "ErrorModel",
    "PosteriorField",
    "azimuth_log_likelihood",
    "evaluate_field",
    "incidence_log_likelihood",
]

FloatArray = NDArray[np.float64]
Float32Array = NDArray[np.float32]
P_TO_S_SLOWNESS = 0.577  # of a Poisson solid
_FULL_DOUBT_PICKS = 10


@dataclass(frozen=True, slots=True)
class ErrorModel:
    """How observations err, besides the standard deviations they state.

    Parameters
    ----------
    model_error
        Standard deviation of the velocity model's error, as a share of each travel time.
    outlier_probability, outlier_window_s
        Probability that a pick belongs to nothing, and the time over which it is then uniform.
    azimuth_outlier_probability
        Probability that a back azimuth tells nothing.
    phase_freedom
        Degrees of freedom of a Student-t that each residual follows, where picks can judge each
        other, in place of the outlier mixture; None: the mixture.
    """

    model_error: float = 0.0
    outlier_probability: float = 0.05
    outlier_window_s: float = 10.0
    azimuth_outlier_probability: float = 0.02
    phase_freedom: float | None = None

    def freedom(self, n_picks: int) -> float | None:
        """Return the degrees of freedom that apply to each residual; None where none do."""
        return self.phase_freedom if n_picks >= FEWEST_PICKS_TO_DOUBT else None

    def doubt(self, n_picks: int) -> float:
        """Return the outlier probability that applies to an event of some picks.

        It is 0 where no pick can be judged by others, and grows to its full value at ten picks:
        where few are left to hold the event, doubting them mostly lets it drift far away.
        """
        if n_picks < FEWEST_PICKS_TO_DOUBT or self.phase_freedom is not None:
            return 0.0
        return self.outlier_probability * min((n_picks - 2) / (_FULL_DOUBT_PICKS - 2), 1.0) ** 2

    def sd_s(self, observations: Observations, number: int, travel_s: ArrayLike) -> FloatArray:
        """Return the standard deviation of a pick whose phase travelled for some time."""
        share = 0.0 if observations.has_term[number] else self.model_error
        return np.asarray(np.hypot(observations.sigma_s[number], share * np.asarray(travel_s)))


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorField:
    """Posterior mass, origin time and its variance at each node.

    Parameters
    ----------
    mass
        Shape ``grid.shape``; sums to 1.
    origin_s, variance_s2
        Mean and variance of the origin time given the node; seconds after the reference.
    """

    grid: Grid
    mass: Float32Array
    origin_s: Float32Array
    variance_s2: Float32Array

    def axis_mass(self, axis: int) -> FloatArray:
        """Return the mass of each layer of cells across an axis."""
        others = tuple(other for other in range(3) if other != axis)
        return np.asarray(self.mass.sum(axis=others, dtype=np.float64))


def evaluate_field(
    grid: Grid,
    observations: Observations,
    model: TravelTimeModel,
    errors: ErrorModel,
    prior: Prior | None = None,
    coarseness: float = 1.0,
) -> PosteriorField:
    """Return the posterior on the nodes of a grid.

    Parameters
    ----------
    coarseness
        Factor on the extent of a cell that widens the errors; above 1 a node stands for all of
        its cell, so that a coarse grid overlooks nothing.
    """
    by_node = isinstance(model, VolumeTravelTimes) or any(observations.source_terms)
    tables = (
        node_tables(model, observations, grid)
        if by_node
        else radial_tables(model, observations, grid)
    )
    east, north = grid.columns()
    shape = (east.size, grid.shape[2])
    log_density, origin, variance = (np.empty(shape, np.float32) for _ in range(3))
    widths = np.array(grid.cell_km) * coarseness
    smear = np.array([widths[0] * widths[1], widths[2] ** 2]) / 12.0
    task = GridTask(
        east=east,
        north=north,
        depth=grid.centres(2).astype(np.float32),
        picks=_pick_rows(observations, tables.first_km, errors),
        tables=tables.slowness_s_km,
        step_km=tables.step_km,
        by_node=by_node,
        degrees_of_freedom=float(observations.degrees_of_freedom or 0.0),
        phase_freedom=float(errors.freedom(len(observations.picks)) or 0.0),
        smear=smear,
        outlier=float(errors.doubt(len(observations.picks))),
        window_s=float(errors.outlier_window_s),
    )
    grid_likelihood(task, GridResult(log_density, origin, variance))
    if tables.is_outside is not None:
        if tables.is_outside.all():
            raise DataError(
                f"no place that the picks allow lies inside the velocity model {model.name}; give "
                "a larger volume or a layered model"
            )
        log_density[tables.is_outside] = -np.inf
    log_density += _of_place(grid, observations, errors, prior, widths)
    return _normalised(grid, log_density, origin, variance)


def _of_place(
    grid: Grid,
    observations: Observations,
    errors: ErrorModel,
    prior: Prior | None,
    widths_km: FloatArray,
) -> Float32Array:
    """Return what angles and prior say of the nodes, shape ``(n_columns, n_depths)``."""
    east, north = grid.columns()
    total = np.zeros((east.size, grid.shape[2]), np.float32)
    smear_km2 = float(widths_km[0] * widths_km[1] / 12.0)
    for azimuth in observations.azimuths:
        term = azimuth_log_likelihood(
            azimuth, grid.frame, east, north, errors.azimuth_outlier_probability, smear_km2
        )
        total += term.astype(np.float32)[:, None]
    for incidence in observations.incidences:
        x, y = (column.astype(np.float32)[:, None] for column in (east, north))
        depth = grid.centres(2).astype(np.float32)[None, :]
        total += incidence_log_likelihood(incidence, x, y, depth)
    if prior is not None:
        if isinstance(prior, SmoothPrior):
            prior = prior.smoothed(float(max(widths_km)))
        longitude, latitude = grid.frame.to_geographic(east, north)
        total += prior.log_density(
            longitude[:, None], latitude[:, None], grid.centres(2)[None, :]
        ).astype(np.float32)
    return total


def _pick_rows(observations: Observations, first_km: FloatArray, errors: ErrorModel) -> FloatArray:
    return np.column_stack(
        [
            observations.east_km,
            observations.north_km,
            observations.depth_km,
            observations.observed_s,
            observations.sigma_s**2,
            first_km,
            _smear_shares(observations),
            np.where(observations.has_term, 0.0, errors.model_error**2),
        ]
    )


def _smear_shares(observations: Observations) -> FloatArray:
    """Return the share of a cell's extent that widens each pick.

    A move inside a cell shifts P and S of one station together: with one station only their
    difference counts, so P takes none of it and S the square of the difference in slowness.
    """
    if len(observations.station_codes) > 1:
        return np.ones(len(observations.picks))
    shares = {"P": 0.0, "S": (1.0 - P_TO_S_SLOWNESS) ** 2}
    return np.array([shares[pick.phase] for pick in observations.picks])


def _normalised(
    grid: Grid, log_density: Float32Array, origin: Float32Array, variance: Float32Array
) -> PosteriorField:
    np.subtract(log_density, log_density.max(), out=log_density)
    mass = np.exp(log_density, out=log_density)
    mass /= np.float32(mass.sum(dtype=np.float64))
    return PosteriorField(
        grid, mass.reshape(grid.shape), origin.reshape(grid.shape), variance.reshape(grid.shape)
    )


def azimuth_log_likelihood(
    azimuth: Azimuth,
    frame: LocalFrame,
    east_km: FloatArray,
    north_km: FloatArray,
    general_doubt: float,
    smear_km2: float = 0.0,
) -> FloatArray:
    """Return the log-likelihood of one back azimuth for epicentres in the local frame.

    Notes
    -----
    A von Mises density around the observed direction, mixed with a uniform one. The frame's
    north differs from true north by the meridian convergence at the station.
    """
    east, north = east_km - azimuth.east_km, north_km - azimuth.north_km
    longitude, latitude = frame.to_geographic(azimuth.east_km, azimuth.north_km)
    apart = np.radians((longitude - frame.longitude + 180.0) % 360.0 - 180.0)
    convergence = np.arctan(np.tan(apart) * np.sin(np.radians(latitude)))
    direction = np.arctan2(east, north) + convergence
    square = east**2 + north**2
    variance = np.radians(azimuth.sigma_deg) ** 2 + smear_km2 / np.maximum(square, 1e-6)
    kappa = 1.0 / np.minimum(variance, 10.0)
    cosine = np.cos(direction - np.radians(azimuth.back_azimuth_deg))
    peak = np.exp(kappa * (cosine - 1.0)) / i0e(kappa)
    own = azimuth.outlier_probability
    doubt = general_doubt if own is None else own
    return np.asarray(np.log((1.0 - doubt) * peak + doubt + 1e-30))


def incidence_log_likelihood(
    incidence: Incidence, east_km: ArrayLike, north_km: ArrayLike, depth_km: ArrayLike
) -> FloatArray:
    """Return the log-likelihood of one apparent incidence angle for places in the local frame.

    Notes
    -----
    Student-t with four degrees of freedom around the station's line on the angle of the straight
    path. Rays bend, but the same way for the same path, which the line learns.
    """
    square = (np.asarray(east_km) - incidence.east_km) ** 2
    away = np.sqrt(square + (np.asarray(north_km) - incidence.north_km) ** 2)
    below = np.maximum(np.asarray(depth_km) - incidence.depth_km, 0.0)
    term = incidence.term
    angle = np.arctan2(away, below) * (term.slope * 180.0 / np.pi)
    residual = (angle + (term.intercept_deg - incidence.incidence_deg)) / term.sigma_deg
    return np.asarray(-2.5 * np.log1p(residual * residual / 4.0))
