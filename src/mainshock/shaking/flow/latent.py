"""A compact code of shapes: principal components, scaled to unit spread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError

__all__ = ["LatentCode", "fit_latent"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LatentCode:
    """Principal components of arrays of one shape.

    Parameters
    ----------
    mean
        Shape of the arrays.
    basis
        Shape ``(n_components, *mean.shape)``, orthonormal.
    sd
        Of the components over what was fitted, ``(n_components,)``.
    """

    mean: NDArray[np.float32]
    basis: NDArray[np.float32]
    sd: NDArray[np.float32]

    def encode(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """Return the code, ``(n, n_components)``, of arrays, ``(n, *mean.shape)``."""
        flat = (values.astype(np.float32) - self.mean).reshape(len(values), -1)
        return np.asarray(flat @ self.basis.reshape(len(self.sd), -1).T / self.sd, dtype=np.float32)

    def decode(self, code: NDArray[np.floating]) -> FloatArray:
        """Return arrays, ``(n, *mean.shape)``, of a code, ``(n, n_components)``."""
        flat = (code.astype(np.float32) * self.sd) @ self.basis.reshape(len(self.sd), -1)
        shaped = self.mean + flat.reshape(len(code), *self.mean.shape)
        return np.asarray(shaped, dtype=np.float64)


def fit_latent(values: NDArray[np.floating], n_components: int, seed: int) -> LatentCode:
    """Return the leading components of arrays, ``(n, ...)``.

    Raises
    ------
    DataError
        If there are not more arrays than components.
    """
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - only training needs it

    if len(values) <= n_components:
        raise DataError(
            f"{len(values)} records cannot give {n_components} components; give more records"
        )
    mean = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    flat = (values.astype(np.float32) - mean).reshape(len(values), -1)
    _, singular, rows = randomized_svd(flat, n_components, random_state=seed)
    sd = (singular / np.sqrt(len(values))).astype(np.float32)
    return LatentCode(mean, rows.reshape(n_components, *mean.shape).astype(np.float32), sd)
