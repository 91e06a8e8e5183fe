"""How the spectra of the north and vertical components go with that of the east one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.scenarios import Scenarios

__all__ = ["OtherComponents", "fit_components"]

FloatArray = NDArray[np.float64]

_RIDGE = 1e-3  # in squared ln units: far below the scatter of a band


@dataclass(frozen=True, slots=True, eq=False)
class OtherComponents:
    """Normal distribution of ln(N/E) and ln(Z/E) in bands: what the median model does not give.

    Parameters
    ----------
    scaling
        With 1, magnitude, ln R, R and depth, ``(5, 2 n_bands)``; N first.
    slope
        With the residuals of E, ``(n_bands, 2 n_bands)``: what is strong on one component by
        chance is weaker on others, so that all scatter alike; what event and site do to all
        frequencies changes all.
    factor
        Of the covariance that is left, ``(2 n_bands, 2 n_bands)``, lower triangular.
    """

    scaling: FloatArray
    slope: FloatArray
    factor: FloatArray

    def sample(
        self,
        scenarios: Scenarios,
        ln_east: FloatArray,
        ln_median: FloatArray,
        rng: np.random.Generator,
    ) -> FloatArray:
        """Return ln amplitudes of E, N, Z, ``(n_rows, n, 3, n_bands)``.

        Parameters
        ----------
        ln_east
            Realisations, ``(n_rows, n, n_bands)``.
        ln_median
            ``(n_rows, n_bands)``.
        """
        mean = (_columns(scenarios) @ self.scaling)[:, None]
        n_rows, n, n_bands = ln_east.shape
        noise = rng.standard_normal((n_rows, n, 2 * n_bands)) @ self.factor.T
        ratio = mean + (ln_east - ln_median[:, None]) @ self.slope + noise
        others = ln_east[:, :, None] + ratio.reshape(n_rows, n, 2, n_bands)
        return np.concatenate([ln_east[:, :, None], others], axis=2)


def fit_components(
    scenarios: Scenarios, ln_fas: FloatArray, ln_median: FloatArray
) -> OtherComponents:
    """Return the distribution in records.

    Parameters
    ----------
    ln_fas
        Amplitudes of E, N, Z, ``(n_records, 3, n_bands)``.
    ln_median
        Of E, ``(n_records, n_bands)``.
    """
    ratio = (ln_fas[:, 1:] - ln_fas[:, :1]).reshape(len(ln_fas), -1)
    columns = np.column_stack([_columns(scenarios), ln_fas[:, 0] - ln_median])
    products = columns.T @ columns / len(columns) + _RIDGE * np.eye(columns.shape[1])
    found = np.linalg.solve(products, columns.T @ ratio / len(columns))
    left = ratio - columns @ found
    covariance = left.T @ left / len(left) + 1e-6 * np.eye(left.shape[1])
    n_scaling = columns.shape[1] - ln_median.shape[1]
    factor = np.asarray(np.linalg.cholesky(covariance))
    scaling, slope = np.asarray(found[:n_scaling]), np.asarray(found[n_scaling:])
    return OtherComponents(scaling, slope, factor)


def _columns(scenarios: Scenarios) -> FloatArray:
    distance = np.maximum(scenarios.hypocentral_km(), 0.1)
    return np.column_stack(
        [
            np.ones(len(scenarios)),
            scenarios.magnitude - 3.0,
            np.log(distance / 10.0),
            distance / 100.0,
            scenarios.depth_km / 10.0,
        ]
    )
