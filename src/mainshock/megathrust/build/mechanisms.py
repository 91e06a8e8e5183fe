"""What kind of faulting moment tensors show."""

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError

__all__ = ["axis_sines", "is_thrust"]

FloatArray = NDArray[np.float64]
_THRUST = 0.59
_OTHER = 0.75


def axis_sines(tensors: FloatArray) -> FloatArray:
    """Return the squared sine of the plunge of the T, B and P axes, shape ``(n, 3)``.

    Parameters
    ----------
    tensors
        Components rr, tt, pp, rt, rp, tp (up, south, east), shape ``(n, 6)``, any unit.

    Raises
    ------
    DataError
        If a component is not finite.
    """
    if tensors.ndim != 2 or tensors.shape[1] != 6 or not np.isfinite(tensors).all():
        raise DataError(f"tensors of shape {tensors.shape} are not (n, 6) of finite components")
    rr, tt, pp, rt, rp, tp = (tensors / np.abs(tensors).max(axis=1, keepdims=True).clip(1e-300)).T
    rows = [[rr, rt, rp], [rt, tt, tp], [rp, tp, pp]]
    matrices = np.moveaxis(np.array(rows), -1, 0)
    _, axes = np.linalg.eigh(matrices)  # eigenvalues increase: P, B, T
    return np.asarray(axes[:, 0, ::-1] ** 2)


def is_thrust(sines: FloatArray) -> NDArray[np.bool_]:
    """Return which events are thrusts.

    After Frohlich and Apperson: thrust where the squared sine of the T axis's plunge exceeds 0.59;
    normal and strike-slip where that of P or B exceeds 0.75; all else is odd.

    References
    ----------
    Frohlich, C. and Apperson, K. D. (1992). Earthquake focal mechanisms, moment tensors, and the
    consistency of seismic activity near plate boundaries. Tectonics 11, 279-296.
    doi 10.1029/91TC02888
    """
    return np.asarray((sines[:, 0] > _THRUST) & (sines[:, 1:] <= _OTHER).all(axis=1))
