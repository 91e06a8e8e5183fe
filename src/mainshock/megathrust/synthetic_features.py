"""Synthetic features: smooth random fields along each trench, which mean nothing.

They have what the real ones have beside meaning: neighbours are alike, and regions differ. What a
classifier gains from them, it gains from knowing places. They are named ``synthetic_NN``.
"""

import numpy as np
import pandas as pd

__all__ = ["SYNTHETIC", "synthetic_features"]

SYNTHETIC = "synthetic_"
_JITTER = 1e-6


def synthetic_features(
    table: pd.DataFrame, n_features: int, rng: np.random.Generator, correlation_km: float = 300.0
) -> pd.DataFrame:
    """Return synthetic features for the rows of a table, each with mean 0 and variance 2.

    Parameters
    ----------
    table
        Segments: ``region`` and ``s_km`` count.
    n_features
        Columns.
    rng
        Of the fields.
    correlation_km
        Distance along the trench at which the correlation has fallen to 1/e; the offset of a
        region adds as much variance again.
    """
    region, s_km = table["region"].to_numpy(), table["s_km"].to_numpy(dtype=np.float64)
    values = np.empty((len(table), n_features))
    for name in np.unique(region):
        rows = np.flatnonzero(region == name)
        apart = s_km[rows, None] - s_km[rows]
        covariance = np.exp(-((apart / correlation_km) ** 2)) + _JITTER * np.eye(rows.size)
        fields = np.linalg.cholesky(covariance) @ rng.standard_normal((rows.size, n_features))
        values[rows] = fields + rng.standard_normal(n_features)
    names = [f"{SYNTHETIC}{number:02d}" for number in range(n_features)]
    return pd.DataFrame(values, columns=names, index=table.index)
