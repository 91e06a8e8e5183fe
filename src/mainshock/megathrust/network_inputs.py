"""What the network sees of a segment: features made near normal, gaps filled and told.

Everything is learnt from the rows that ``fit_inputs`` is given. The published preprocessing is
the same with ``as_published``, which drops what misses values instead of filling it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.megathrust.segments import feature_names

__all__ = ["NetworkInputs", "fit_inputs", "yeo_johnson"]

FloatArray = NDArray[np.float64]
_LEAST_SHARE = 0.9  # of values that a column needs, as published
_MOST_DEVIATIONS = 4.0  # beyond what was trained on, a network extrapolates without end


@dataclass(frozen=True, slots=True)
class NetworkInputs:
    """A fitted preprocessing: Yeo-Johnson to zero mean and unit deviation, and masks of gaps.

    Parameters
    ----------
    features
        Columns in the order of the network's inputs.
    masked
        Of these, columns with gaps in the training: each adds an input, 1 where the value is
        missing and 0 elsewhere.
    median, centre, scale
        Of each feature: what fills a gap, and what is subtracted and divided by before the power.
    power, mean, deviation
        Of each feature: the exponent, and what the transformed values are standardised by.
    limit
        Standardised values are kept within this many deviations; None: not at all.
    """

    features: tuple[str, ...]
    masked: tuple[str, ...]
    median: tuple[float, ...]
    centre: tuple[float, ...]
    scale: tuple[float, ...]
    power: tuple[float, ...]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    limit: float | None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the network's inputs."""
        return (*self.features, *(f"{name}_missing" for name in self.masked))

    def transform(self, table: pd.DataFrame) -> FloatArray:
        """Return the network's inputs of a table's rows, shape ``(n_segments, n_inputs)``.

        Raises
        ------
        DataError
            If the table has none of the features.
        """
        if not set(self.features) & set(table.columns):
            raise DataError(
                f"the network knows {len(self.features)} features, such as {self.features[0]}, "
                "and the segments have none of them; give a table with the same columns"
            )
        values = table.reindex(columns=list(self.features)).to_numpy(dtype=np.float64)
        mask = np.isnan(table.reindex(columns=list(self.masked)).to_numpy(dtype=np.float64))
        filled = np.where(np.isnan(values), np.array(self.median), values)
        scaled = (filled - np.array(self.centre)) / np.array(self.scale)
        normal = (yeo_johnson(scaled, np.array(self.power)) - np.array(self.mean)) / np.array(
            self.deviation
        )
        if self.limit is not None:
            normal = np.clip(normal, -self.limit, self.limit)
        return np.concatenate([normal, mask], axis=1)

    def as_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON knows them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "NetworkInputs":
        """Return what :meth:`as_dict` gave.

        Raises
        ------
        DataError
            If it is something else.
        """
        try:
            fields: dict[str, Any] = {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in document.items()
            }
            return cls(**fields)
        except TypeError as error:
            raise DataError(f"this is no preprocessing of a network: {error}") from error


def fit_inputs(table: pd.DataFrame, as_published: bool = False) -> NetworkInputs:
    """Return the preprocessing that suits a table.

    Parameters
    ----------
    table
        Segments; features with one value or none are left out.
    as_published
        Drop columns with fewer than 90 % of their values, then learn from the complete rows, with
        no scaling before the power and no limit after it. Give the rows of *all* complete tables
        to have what the published networks were trained with.

    Raises
    ------
    DataError
        If no feature or no row is left.
    """
    values = table[feature_names(table)].astype(np.float64)
    if as_published:
        values = values.loc[:, values.notna().mean() >= _LEAST_SHARE].dropna()
    else:
        values = values.loc[:, values.nunique() > 1]
    if values.empty:
        raise DataError(f"no feature is left of a table of {len(table)} segments; give more")
    median = values.median().to_numpy()
    has_gaps = values.isna().any()
    filled = values.fillna(values.median()).to_numpy()
    if as_published:
        centre, scale = np.zeros(filled.shape[1]), np.ones(filled.shape[1])
    else:  # the power is ill-determined for columns far from 1, such as curvature in 1/m
        centre, scale = filled.mean(axis=0), filled.std(axis=0)
    power, mean, deviation = _fit_powers((filled - centre) / scale)
    return NetworkInputs(
        features=tuple(str(name) for name in values.columns),
        masked=tuple(str(name) for name in values.columns[has_gaps]),
        median=_numbers(median),
        centre=_numbers(centre),
        scale=_numbers(scale),
        power=_numbers(power),
        mean=_numbers(mean),
        deviation=_numbers(deviation),
        limit=None if as_published else _MOST_DEVIATIONS,
    )


def _numbers(values: FloatArray) -> tuple[float, ...]:
    return tuple(values.tolist())


def _fit_powers(values: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    from sklearn.preprocessing import PowerTransformer  # noqa: PLC0415 - slow to import

    power = PowerTransformer(standardize=False).fit(values).lambdas_
    normal = yeo_johnson(values, power)
    deviation = normal.std(axis=0)
    return power, normal.mean(axis=0), np.where(deviation > 0.0, deviation, 1.0)


def yeo_johnson(values: FloatArray, power: FloatArray) -> FloatArray:
    r"""Return the Yeo-Johnson transform of columns of values.

    Parameters
    ----------
    values
        Shape ``(n, n_columns)``.
    power
        Exponent :math:`\lambda` of each column.

    Notes
    -----
    .. math:: \left((1 + x)^\lambda - 1\right) / \lambda, \; x \ge 0; \qquad
              -\left((1 - x)^{2 - \lambda} - 1\right) / (2 - \lambda), \; x < 0

    and the logarithms where the exponent is 0 (https://doi.org/10.1093/biomet/87.4.954).

    Examples
    --------
    >>> yeo_johnson(np.array([[-1.0], [3.0]]), np.array([1.0])).ravel().tolist()
    [-1.0, 3.0]
    """
    above = _box_cox(np.log1p(np.maximum(values, 0.0)), power)
    below = _box_cox(np.log1p(np.maximum(-values, 0.0)), 2.0 - power)
    return above - below


def _box_cox(logarithm: FloatArray, power: FloatArray) -> FloatArray:
    """Return ``(exp(power * logarithm) - 1) / power``, exact for small numbers."""
    is_zero = np.abs(power) < np.finfo(np.float64).eps
    safe = np.where(is_zero, 1.0, power)
    return np.where(is_zero, logarithm, np.expm1(safe * logarithm) / safe)
