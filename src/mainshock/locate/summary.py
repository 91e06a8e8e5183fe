"""The origin and arrivals that a posterior is reported as."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import Arrival, Mode, Origin, PosteriorSamples
from mainshock.core.times import utc_from_posix
from mainshock.locate.field import ErrorModel
from mainshock.locate.modes import find_modes
from mainshock.locate.observations import Observations
from mainshock.locate.posterior import Draws, Moments, Place
from mainshock.locate.problem import LocationProblem
from mainshock.locate.regions import EpicentralMarginal, credible_regions

__all__ = ["LEVELS", "PosteriorSummary", "report"]

FloatArray = NDArray[np.float64]
LEVELS = (0.5, 0.68, 0.95)
_FEW_PICKS = 5
_CHECKED_DRAWS = 32
_RANKED_DRAWS = 20
_FARTHEST_RANK = 0.9  # of the mean, beyond which it is no place for the event
_WORTH_TELLING = 0.05  # share of a second mode


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorSummary:
    """A posterior by its moments, its most probable place, its marginal and its draws.

    Parameters
    ----------
    densest
        Mean hypocentre of the most probable column.
    effective_size
        Independent draws that would tell as much as those of the sampler.
    flags
        What the search noticed.
    """

    moments: Moments
    densest: Place
    marginal: EpicentralMarginal
    draws: Draws
    effective_size: float
    flags: tuple[str, ...] = ()


def report(summary: PosteriorSummary, problem: LocationProblem) -> tuple[Origin, list[Arrival]]:
    """Return the origin, and one arrival for each pick.

    The reported point is the mean; where the mean lies outside the 68 % region, or nine in ten
    draws are more probable, it is the most probable column (flag ``mode_reported``). The reported
    time is the one that fits the picks best from that point: where the posterior is a shell, the
    mean of all its times fits none.
    """
    observations = problem.observations
    regions = credible_regions(summary.marginal, LEVELS)
    modes = find_modes(summary.marginal, summary.draws)
    inlier = _inlier_probabilities(summary.draws, problem)
    place, mode_flags = _reported_place(summary, problem, inlier)
    longitude, latitude = (
        float(v) for v in observations.frame.to_geographic(place.east_km, place.north_km)
    )
    sd = np.sqrt(np.diag(summary.moments.covariance_km2))
    flags = (
        *observations.flags,
        *summary.flags,
        *mode_flags,
        *_data_flags(observations, problem.errors, longitude, latitude),
        *_shape_flags(modes, float(sd[2]), place, observations),
    )
    origin = Origin(
        time=utc_from_posix(observations.reference_posix_s + place.time_s),
        longitude=longitude,
        latitude=latitude,
        depth_km=place.depth_km,
        time_sd_s=float(np.std(summary.draws.time_s)),
        east_sd_km=float(sd[0]),
        north_sd_km=float(sd[1]),
        depth_sd_km=float(sd[2]),
        covariance_km2=summary.moments.covariance_km2,
        velocity_model=problem.travel_times.name,
        regions=regions,
        samples=_samples(summary.draws, observations, place.time_s),
        most_probable=_geographic(observations, summary.densest),
        modes=modes,
        effective_size=summary.effective_size,
        flags=tuple(dict.fromkeys(flags)),
    )
    return origin, _arrivals(origin, place, problem, inlier)


def _geographic(observations: Observations, place: Place) -> tuple[float, float, float]:
    longitude, latitude = observations.frame.to_geographic(place.east_km, place.north_km)
    return float(longitude), float(latitude), place.depth_km


def _reported_place(
    summary: PosteriorSummary, problem: LocationProblem, inlier: FloatArray
) -> tuple[Place, tuple[str, ...]]:
    """Return the mean, or the most probable place where the event hardly can be at the mean."""
    mean = _timed(summary.moments.mean, problem, inlier)
    if _is_in_region(summary, mean) and _rank(mean, summary, problem) <= _FARTHEST_RANK:
        return mean, ()
    return _timed(summary.densest, problem, inlier), ("mode_reported",)


def _timed(place: Place, problem: LocationProblem, inlier: FloatArray) -> Place:
    return replace(place, time_s=_time_at(place, problem, inlier))


def _is_in_region(summary: PosteriorSummary, place: Place) -> bool:
    """Return whether an epicentre lies in the 68 % region."""
    marginal = summary.marginal
    grid = marginal.grid
    first, second = grid.from_east_north(place.east_km, place.north_km)
    cell = tuple(
        int(np.clip((value - grid.low_km[axis]) / grid.cell_km[axis], 0, grid.shape[axis] - 1))
        for axis, value in enumerate((float(first), float(second)))
    )
    return bool(marginal.mass[cell] >= marginal.threshold(0.68))


def _rank(place: Place, summary: PosteriorSummary, problem: LocationProblem) -> float:
    """Return the share of draws that are more probable than a place, in space and time."""
    draws, chosen = summary.draws, slice(0, _RANKED_DRAWS)
    points = Draws(
        np.append(draws.east_km[chosen], place.east_km),
        np.append(draws.north_km[chosen], place.north_km),
        np.append(draws.depth_km[chosen], place.depth_km),
        np.append(draws.time_s[chosen], place.time_s),
    )
    density = problem.log_density(points)
    return float(np.mean(density[:-1] > density[-1]))


def _time_at(place: Place, problem: LocationProblem, inlier: FloatArray) -> float:
    """Return the mean origin time given the hypocentre, each pick weighted as an inlier."""
    observations = problem.observations
    weights, times = [], []
    for number in range(len(observations.picks)):
        travel = float(problem.travel_time_s(number, place.east_km, place.north_km, place.depth_km))
        sd = problem.errors.sd_s(observations, number, travel)
        weights.append(max(float(inlier[number]), 1e-6) / sd**2)
        times.append(float(observations.observed_s[number]) - travel)
    return float(np.average(times, weights=weights))


def _data_flags(
    observations: Observations, errors: ErrorModel, longitude: float, latitude: float
) -> list[str]:
    flags = []
    if len(observations.station_codes) == 1:
        flags.append("single_station")
    elif observations.azimuthal_gap_deg(longitude, latitude) > 180.0:
        flags.append("outside_network")
    if len(observations.picks) < _FEW_PICKS:
        flags.append("few_picks")
    if errors.model_error == 0.0 and not observations.has_term.all():
        flags.append("model_error_not_included")
    return flags


def _shape_flags(
    modes: Sequence[Mode], depth_sd_km: float, place: Place, observations: Observations
) -> list[str]:
    flags = []
    if len(modes) > 1 and modes[1].share > _WORTH_TELLING:
        flags.append("multimodal")
    below_network = place.depth_km - float(observations.depth_km.min())
    if depth_sd_km > max(3.0, 0.5 * below_network):
        flags.append("depth_unconstrained")
    return flags


def _samples(draws: Draws, observations: Observations, time_s: float) -> PosteriorSamples:
    longitude, latitude = observations.frame.to_geographic(draws.east_km, draws.north_km)
    return PosteriorSamples(longitude, latitude, draws.depth_km, draws.time_s - time_s)


def _inlier_probabilities(draws: Draws, problem: LocationProblem) -> FloatArray:
    """Return for each pick the posterior probability that it belongs to the event."""
    observations, errors = problem.observations, problem.errors
    n_picks = len(observations.picks)
    doubt, freedom = errors.doubt(n_picks), errors.freedom(n_picks)
    if doubt <= 0.0 and freedom is None:
        return np.ones(n_picks)
    chosen = slice(0, _CHECKED_DRAWS)  # draws are independent: the first ones are as good as any
    place = (draws.east_km[chosen], draws.north_km[chosen], draws.depth_km[chosen])
    probability = np.empty(n_picks)
    for number in range(n_picks):
        time = problem.travel_time_s(number, *place)
        # a draw beside its node may lie a hair outside a velocity volume
        time = np.where(np.isfinite(time), time, np.nanmedian(time))
        sd = errors.sd_s(observations, number, time)
        residual = (observations.observed_s[number] - draws.time_s[chosen] - time) / sd
        if freedom is not None:  # the weight that the pick has in the fit, 1 where it is exact
            probability[number] = np.mean(freedom / (freedom + residual**2))
            continue
        density = (1.0 - doubt) * np.exp(-0.5 * residual**2) / (sd * np.sqrt(2.0 * np.pi))
        probability[number] = np.mean(density / (density + doubt / errors.outlier_window_s))
    return probability


def _arrivals(
    origin: Origin, place: Place, problem: LocationProblem, inlier: FloatArray
) -> list[Arrival]:
    observations = problem.observations
    distances, azimuths = observations.paths(origin.longitude, origin.latitude)
    arrivals = []
    for number, pick in enumerate(observations.picks):
        time = float(problem.travel_time_s(number, place.east_km, place.north_km, place.depth_km))
        arrivals.append(
            Arrival(
                pick=pick,
                distance_km=float(distances[number]),
                azimuth_deg=float(azimuths[number]),
                residual_s=float(observations.observed_s[number] - place.time_s - time),
                inlier_probability=float(np.clip(inlier[number], 0.0, 1.0)),
                sigma_s=float(observations.sigma_s[number]),
            )
        )
    return arrivals
