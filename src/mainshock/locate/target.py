"""The posterior density of hypocentre and origin time at any point: plain, exact, unhurried."""

import numpy as np
from numpy.typing import NDArray

from mainshock.locate.base import TravelTimeModel
from mainshock.locate.field import ErrorModel, azimuth_log_likelihood
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
    total = np.zeros(points.east_km.size)
    longitude, latitude = observations.frame.to_geographic(points.east_km, points.north_km)
    for number in range(len(observations.picks)):
        time = predicted_travel_time_s(
            model, observations, number, points.east_km, points.north_km, points.depth_km
        )
        sd = np.hypot(observations.sigma_s[number], errors.model_error * time)
        residual = (observations.observed_s[number] - points.time_s - time) / sd
        log_normal = -0.5 * residual**2 - np.log(sd * np.sqrt(2.0 * np.pi))
        if doubt > 0.0:
            uniform = np.log(doubt / errors.outlier_window_s)
            log_normal = np.logaddexp(np.log1p(-doubt) + log_normal, uniform)
        total += log_normal
    for azimuth in observations.azimuths:
        total += azimuth_log_likelihood(
            azimuth,
            observations.frame,
            points.east_km,
            points.north_km,
            errors.azimuth_outlier_probability,
        )
    if prior is not None:
        total += prior.log_density(longitude, latitude, points.depth_km)
    return total
