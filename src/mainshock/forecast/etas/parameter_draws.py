"""Draws of the parameters of a fitted model: what else the data would allow."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.forecast.base import ModelInfo
from mainshock.forecast.etas.parameters import EtasParameters
from mainshock.forecast.etas.transform import NAMES, from_vector, to_vector

__all__ = ["Draw", "draw_parameters"]

FloatArray = NDArray[np.float64]
_SPAWN = 2**32 - 1  # no block of catalogues has this number
_TRIES = 50  # for each draw that is wanted
_STEEPEST = -0.95  # of omega: towards -1 the decay stops being one


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw.

    Parameters
    ----------
    parameters
        Background rate and triggering kernel.
    beta
        Of the magnitudes.
    """

    parameters: EtasParameters
    beta: float


def draw_parameters(
    fitted: EtasParameters, covariance: FloatArray, info: ModelInfo, n: int, seed: int
) -> list[Draw]:
    """Return draws from the normal distribution around a fit, and of the magnitude law.

    Drawn is the vector of :func:`mainshock.forecast.etas.transform.to_vector`; parameters without
    a variance stay as they are. ``beta`` has a standard error of ``beta / sqrt(n_events)`` and is
    drawn independently. Draws with a branching ratio of 1 or more are drawn again.

    Parameters
    ----------
    covariance
        Of the vector, shape ``(9, 9)``; rows with NaN are parameters that are not drawn.
    info
        Gives ``beta``, ``m_max`` and the number of events.

    Raises
    ------
    DataError
        If the covariance has another shape, says nothing, or nearly all draws never end.

    References
    ----------
    Aki (1965) for the standard error of the magnitude law.
    """
    shape = (len(NAMES), len(NAMES))
    matrix = np.asarray(covariance, dtype=np.float64)
    known = np.isfinite(np.diag(matrix)) & (np.diag(matrix) > 0) if matrix.shape == shape else None
    if known is None or not known.any():
        raise DataError(
            f"the model has no covariance of its {shape[0]} parameters (shape {matrix.shape}); "
            "fit it again, or simulate without parameter draws"
        )
    matrix = np.where(np.isfinite(matrix) & known & known[:, None], matrix, 0.0)
    value, vector = np.linalg.eigh((matrix + matrix.T) / 2)
    root = vector * np.sqrt(np.maximum(value, 0.0))
    centre = to_vector(fitted)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SPAWN,)))
    found: list[Draw] = []
    for _ in range(_TRIES * n):
        beta = info.beta * (1.0 + rng.standard_normal() / np.sqrt(max(info.n_events, 1)))
        drawn = np.where(known, centre + root @ rng.standard_normal(len(centre)), centre)
        if beta <= 0 or drawn[NAMES.index("omega")] <= _STEEPEST:
            continue
        parameters = from_vector(drawn, fitted.m_ref)
        if parameters.branching_ratio(beta, info.m_max) < 1.0:
            found.append(Draw(parameters, beta))
        if len(found) == n:
            return found
    raise DataError(
        f"only {len(found)} of {_TRIES * n} draws of the parameters have a branching ratio below "
        "1; the fit is too uncertain to simulate from: take a longer catalogue"
    )
