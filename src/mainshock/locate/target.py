"""The posterior density of hypocentre and origin time at any point: plain, exact, unhurried."""

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.base import TravelTimeModel
from mainshock.locate.field import ErrorModel, azimuth_log_likelihood, incidence_log_likelihood
from mainshock.locate.observations import Observations
from mainshock.locate.paths import predicted_travel_time_s
from mainshock.locate.posterior import Draws
from mainshock.locate.priors import Prior

__all__ = ["log_target"]

FloatArray = NDArray[np.float64]


def log_target(
    points: Draws,
    observations: Observations,
    model: TravelTimeModel,
    errors: ErrorModel,
    prior: Prior | None = None,
) -> FloatArray:
    """Return the logarithm of the posterior density at points of space and time, shape ``(n,)``.

    Up to a constant. Nothing is integrated or interpolated, so it is the standard against
    which faster ways are judged.
    """
    doubt = errors.doubt(len(observations.picks))
    freedom = observations.degrees_of_freedom
    phase_freedom = errors.freedom(len(observations.picks))
    total, misfit = np.zeros(points.east_km.size), np.zeros(points.east_km.size)
    longitude, latitude = observations.frame.to_geographic(points.east_km, points.north_km)
    for number in range(len(observations.picks)):
        time = predicted_travel_time_s(
            model, observations, number, points.east_km, points.north_km, points.depth_km
        )
        sd = errors.sd_s(observations, number, time)
        square = ((observations.observed_s[number] - points.time_s - time) / sd) ** 2
        log_peak = -np.log(sd * np.sqrt(2.0 * np.pi))
        if phase_freedom is not None:
            tail = (phase_freedom + 1.0) * np.log1p(square / phase_freedom)
            total += log_peak - 0.5 * tail
        elif doubt > 0.0:
            uniform = np.log(doubt / errors.outlier_window_s)
            total += np.logaddexp(np.log1p(-doubt) + log_peak - 0.5 * square, uniform)
        else:
            total += log_peak
            misfit += square
    if freedom is not None:
        misfit = (freedom + len(observations.picks)) * np.log1p(misfit / freedom)
    total -= 0.5 * misfit
    for azimuth in observations.azimuths:
        total += azimuth_log_likelihood(
            azimuth,
            observations.frame,
            points.east_km,
            points.north_km,
            errors.azimuth_outlier_probability,
        )
    for incidence in observations.incidences:
        total += incidence_log_likelihood(
            incidence, points.east_km, points.north_km, points.depth_km
        )
    if prior is not None:
        total += prior.log_density(longitude, latitude, points.depth_km)
    return total
