"""How the terms that differ from event to event and record to record go together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

__all__ = [
    "SpatialCorrelation",
    "fit_spatial_correlation",
    "pairwise_correlation",
    "shared_correlation",
]

FloatArray = NDArray[np.float64]

_EDGES = 16  # bins of distance
_FEWEST_PAIRS = 50  # in a bin that counts
_SMALLEST_EIGENVALUE = 1e-4


@dataclass(frozen=True, slots=True)
class SpatialCorrelation:
    """Correlation of record terms of one event between sites.

    Parameters
    ----------
    share
        Of the record's variance that is smooth in space.
    length_km
        Its Matern 3/2 length.
    """

    share: float
    length_km: float


def pairwise_correlation(values: FloatArray) -> FloatArray:
    """Return the correlation between columns, from the rows where both are known.

    Parameters
    ----------
    values
        ``(n, n_columns)`` with NaN where not known.

    Returns
    -------
    ndarray
        ``(n_columns, n_columns)``, made positive definite.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    weight = known.astype(np.float64)
    cross = filled.T @ filled
    square = (filled**2).T @ weight
    matrix = cross / np.sqrt(np.maximum(square * square.T, 1e-300))
    matrix = np.where(weight.T @ weight > 2.0, matrix, 0.0)
    np.fill_diagonal(matrix, 1.0)
    value, vector = np.linalg.eigh(matrix)
    matrix = (vector * np.maximum(value, _SMALLEST_EIGENVALUE)) @ vector.T
    scale = np.sqrt(np.diag(matrix))
    return np.asarray(matrix / np.outer(scale, scale))


def shared_correlation(values: FloatArray, fewest: int) -> FloatArray:
    """Return Pearson's correlation of each two columns over the rows that both have.

    Parameters
    ----------
    values
        ``(n, n_columns)`` with NaN where not known.
    fewest
        Rows that two columns must share.

    Returns
    -------
    ndarray
        ``(n_columns, n_columns)``, NaN where too few rows are shared or a column does not vary.
        Unlike that of :func:`pairwise_correlation` it need not be positive definite.
    """
    n = values.shape[1]
    matrix = np.full((n, n), np.nan)
    for row in range(n):
        for column in range(row + 1):
            pair = values[:, [row, column]]
            pair = pair[np.isfinite(pair).all(axis=1)]
            if len(pair) >= fewest and pair.std(axis=0).min() > 0.0:
                matrix[row, column] = matrix[column, row] = np.corrcoef(*pair.T)[0, 1]
    return matrix


def fit_spatial_correlation(
    residual: FloatArray, event: NDArray[np.int64], sites_km: FloatArray
) -> SpatialCorrelation:
    """Return how record terms of one event are alike at near sites.

    Parameters
    ----------
    residual
        Record terms with variance one, ``(n_rows, n_measures)``, NaN where not known.
    event
        Number of each row's event.
    sites_km
        Points in space, ``(n_rows, 3)``.
    """
    distance, product = _pairs(residual, event, sites_km)
    if distance.size < _EDGES * _FEWEST_PAIRS:
        return SpatialCorrelation(0.0, 1.0)
    edges = np.quantile(distance, np.linspace(0.0, 1.0, _EDGES + 1))
    place = np.clip(np.searchsorted(edges, distance, side="right") - 1, 0, _EDGES - 1)
    count = np.maximum(np.bincount(place, minlength=_EDGES), 1)
    middle = np.bincount(place, weights=distance, minlength=_EDGES) / count
    found = np.bincount(place, weights=product, minlength=_EDGES) / count
    found -= found[-_EDGES // 4 :].mean()  # taking the event's mean away made all less alike
    best = (np.inf, SpatialCorrelation(0.0, float(middle[0])))
    for length_km in np.geomspace(max(middle[0] / 3.0, 0.1), middle[-1] / 2.0, 30):
        scaled = np.sqrt(3.0) * middle / length_km
        shape = (1.0 + scaled) * np.exp(-scaled)
        share = float(np.clip(shape @ found / (shape @ shape), 0.0, 0.95))
        misfit = float(np.sum((found - share * shape) ** 2))
        if misfit < best[0]:
            best = (misfit, SpatialCorrelation(share, float(length_km)))
    return best[1]


def _pairs(
    residual: FloatArray, event: NDArray[np.int64], sites_km: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return distance and mean product of all pairs of records of one event."""
    distances, products = [], []
    for one in np.unique(event):
        rows = np.flatnonzero(event == one)
        if rows.size < 2:
            continue
        known = np.isfinite(residual[rows])
        filled = np.where(known, residual[rows], 0.0)
        count = known.astype(float) @ known.T.astype(float)
        upper = np.triu_indices(rows.size, 1)
        both = count[upper] > 0
        product = (filled @ filled.T)[upper][both] / count[upper][both]
        distances.append(pdist(sites_km[rows])[both])
        products.append(product)
    if not distances:
        return np.empty(0), np.empty(0)
    return np.concatenate(distances), np.concatenate(products)
