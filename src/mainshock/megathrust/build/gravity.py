"""Bands of the geoid and free-air gravity, by spherical harmonics of the geoid's grid."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.megathrust.build.grids import RegularGrid

__all__ = [
    "GRAVITY_BAND",
    "depth_degree",
    "filtered",
    "free_air_factor",
    "geoid_band",
]

FloatArray = NDArray[np.float64]
DegreeFactor = Callable[[NDArray[np.int64]], FloatArray]
NORMAL_GRAVITY_MGAL = 979_800.0
REFERENCE_RADIUS_M = 6_378_136.3
_EARTH_RADIUS_KM = 6371.0
GRAVITY_BAND = (2, 300, 360)  # lowest degree, last full one, last one


def depth_degree(depth_km: float) -> float:
    """Return the degree of the geoid that a point mass at some depth mostly shows up in.

    References
    ----------
    Bowin, C. (1983). Depth of principal mass anomalies contributing to the Earth's geoidal
    undulations and gravity anomalies. Marine Geodesy 7, 61-100. doi 10.1080/15210608309379476
    """
    return 1.0 + _EARTH_RADIUS_KM / depth_km


def geoid_band(shallow_km: float, deep_km: float) -> DegreeFactor:
    """Return the factor of each degree that keeps masses between two depths.

    Each end is a cosine over an octave about the depth's degree, so that nothing rings.
    """

    def step(degree: NDArray[np.int64], depth_km: float) -> FloatArray:
        if depth_km <= 0.0:
            return np.ones(len(degree))
        octaves = np.log2(np.maximum(degree, 1) / depth_degree(depth_km))
        return np.asarray(0.5 - 0.5 * np.sin(np.pi * np.clip(octaves, -0.5, 0.5)))

    return lambda degree: step(degree, shallow_km) - step(degree, deep_km)


def free_air_factor(degree: NDArray[np.int64]) -> FloatArray:
    """Return free-air gravity in mGal by geoid height in m, for each degree.

    It is ``gamma (n - 1) / R``, tapered by a cosine from degree 300 to 360, where the geoid's grid
    ends: gravity is that of wavelengths above some 110 km only.
    """
    lowest, full, last = GRAVITY_BAND
    taper = 0.5 + 0.5 * np.cos(np.pi * np.clip((degree - full) / (last - full), 0.0, 1.0))
    factor = NORMAL_GRAVITY_MGAL * (degree - 1.0) / REFERENCE_RADIUS_M
    return np.asarray(np.where(degree >= lowest, factor * taper, 0.0))


def _quadrature(n_latitudes: int) -> FloatArray:
    """Return the Clenshaw-Curtis weights over the cosine of colatitude, poles included."""
    intervals = n_latitudes - 1
    angle = np.pi * np.arange(n_latitudes) / intervals
    even = np.arange(1, intervals // 2 + 1)
    last = np.where(2 * even == intervals, 1.0, 2.0)
    series = (last / (4.0 * even**2 - 1.0))[:, None] * np.cos(2.0 * even[:, None] * angle)
    weights = 2.0 / intervals * (1.0 - series.sum(axis=0))
    weights[[0, -1]] /= 2.0
    return np.asarray(weights)


def _legendre(colatitude: FloatArray, last: int, use: Callable[[int, FloatArray], None]) -> None:
    """Call ``use`` with each degree and its normalised functions, shape ``(orders, latitudes)``.

    The mean square of each function over the sphere is 1 / (4 pi), for orders of either sign.
    """
    cosine, sine = np.cos(colatitude), np.sin(colatitude)
    one_less = np.zeros((last + 1, len(colatitude)))
    two_less = np.zeros_like(one_less)
    sectoral = np.full(len(colatitude), np.sqrt(1.0 / (4.0 * np.pi)))
    orders = np.arange(last + 1, dtype=np.float64)
    for degree in range(last + 1):
        now = two_less  # its values are needed once more, then never
        m = orders[:degree]
        if degree:
            above = degree**2 - m**2
            a = np.sqrt((4.0 * degree**2 - 1.0) / above)
            b = np.sqrt(
                np.maximum((degree - 1.0) ** 2 - m**2, 0.0)
                * (2 * degree + 1)
                / (max(2 * degree - 3, 1) * above)
            )
            now[:degree] = a[:, None] * cosine * one_less[:degree] - b[:, None] * two_less[:degree]
            sectoral = np.sqrt((2.0 * degree + 1.0) / (2.0 * degree)) * sine * sectoral
        now[degree] = sectoral
        use(degree, now[: degree + 1])
        two_less, one_less = one_less, now


def filtered(
    grid: RegularGrid, factors: Mapping[str, DegreeFactor], *, last_degree: int = GRAVITY_BAND[2]
) -> dict[str, RegularGrid]:
    """Return a global field with each degree of its spherical harmonics multiplied by a factor.

    Parameters
    ----------
    grid
        Values at both poles and all around, in equal steps.
    factors
        By name, the factor of each degree.
    last_degree
        Highest degree; half of the number of steps in latitude at most.

    Raises
    ------
    DataError
        If the grid is not global, has gaps or is too coarse.
    """
    values, n_around = _global_values(grid, last_degree)
    colatitude = np.radians(90.0 - grid.latitude)
    around = 2.0 * np.pi / n_around * np.fft.rfft(values, axis=1)[:, : last_degree + 1].T
    weighted = around * _quadrature(len(colatitude))
    degrees = np.arange(last_degree + 1)
    factor = {name: rule(degrees) for name, rule in factors.items()}
    results = {name: np.zeros_like(around) for name in factors}

    def use(degree: int, functions: FloatArray) -> None:
        coefficients = np.einsum("ml,ml->m", weighted[: degree + 1], functions)
        part = coefficients[:, None] * functions
        for name, result in results.items():
            if factor[name][degree] != 0.0:
                result[: degree + 1] += factor[name][degree] * part

    _legendre(colatitude, last_degree, use)
    is_closed = values.shape[1] != len(grid.longitude)
    return {
        name: _synthesised(grid, result, n_around, is_closed) for name, result in results.items()
    }


def _global_values(grid: RegularGrid, last_degree: int) -> tuple[FloatArray, int]:
    """Return values without the repeated meridian, and how many stand on a circle."""
    step = (grid.longitude[-1] - grid.longitude[0]) / (len(grid.longitude) - 1)
    n_around = round(360.0 / step)
    reaches = abs(grid.latitude[0] + 90.0) < 1e-6 and abs(grid.latitude[-1] - 90.0) < 1e-6
    if not reaches or len(grid.longitude) < n_around or not np.isfinite(grid.values).all():
        raise DataError("harmonics need a grid over the whole globe, poles included, without gaps")
    if 2 * last_degree > min(len(grid.latitude) - 1, n_around):
        raise DataError(
            f"degree {last_degree} needs {2 * last_degree} steps in latitude and around; the grid "
            f"has {len(grid.latitude) - 1} and {n_around}"
        )
    return grid.values[:, :n_around], n_around


def _synthesised(
    grid: RegularGrid, orders: NDArray[np.complex128], n_around: int, is_closed: bool
) -> RegularGrid:
    spectrum = np.zeros((len(grid.latitude), n_around // 2 + 1), dtype=np.complex128)
    spectrum[:, : len(orders)] = orders.T
    values = np.fft.irfft(spectrum * n_around, n=n_around, axis=1)
    if is_closed:
        values = np.concatenate([values, values[:, :1]], axis=1)
    return RegularGrid(grid.longitude, grid.latitude, values)
