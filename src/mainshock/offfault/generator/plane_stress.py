"""The thin sheet on its moving base with both components of motion, in plane stress.

The sheet follows its base, which moves along strike alone, over a coupling length ``L``::

    d(s_xx)/dx + d(s_xy)/dy = (mu0 / L^2) (u - u_base)
    d(s_xy)/dx + d(s_yy)/dy = (mu0 / L^2) v

Bilinear finite elements with a node on each pixel; the stiffness is symmetric and positive
definite. The long edges are free of traction. The ends move freely along strike but not across
it: so they bear shear as though the sheet went on, and a straight fault moves as in the scalar
sheet (free ends would let the whole sheet turn). A fault is weak in every sense, also against
opening.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded

from mainshock.core.errors import SettingsError

__all__ = ["solve_plane_stress"]

FloatArray = NDArray[np.float64]
# corners of an element as (row, column)
_CORNERS = ((0, 0), (1, 0), (0, 1), (1, 1))

# stiffness that holds the ends, moduli of the intact sheet
_HELD = 1e6


def solve_plane_stress(
    modulus: FloatArray, base: FloatArray, coupling_px: float, *, poisson: float = 0.5
) -> tuple[FloatArray, FloatArray]:
    """Return the velocities along and across strike, each of shape ``(n_rows, n_columns)``.

    One banded Cholesky factorisation.

    Parameters
    ----------
    modulus
        Shear modulus relative to the intact sheet, above 0; low on faults.
    base
        Velocity of the base along strike.
    coupling_px
        Length over which the sheet follows its base.
    poisson
        Poisson's ratio: 0.5 for clay that keeps its volume.

    Raises
    ------
    SettingsError
        If Poisson's ratio is outside 0 to 0.5.
    """
    if not 0.0 <= poisson <= 0.5:
        raise SettingsError(f"Poisson's ratio {poisson}; give 0 to 0.5")
    n_rows, n_columns = modulus.shape
    # an element bears as a row of its pixels does: its compliance is their mean
    compliance = 1.0 / modulus
    elements = 4.0 / (
        compliance[1:, 1:] + compliance[1:, :-1] + compliance[:-1, 1:] + compliance[:-1, :-1]
    )
    shares = np.ones((n_columns, n_rows))
    shares[[0, -1]] *= 0.5
    shares[:, [0, -1]] *= 0.5
    spring = shares * coupling_px**-2
    load = np.zeros((n_columns, n_rows, 2))
    load[..., 0] = spring * base.T
    springs = np.stack((spring, spring), axis=-1)
    springs[[0, -1], :, 1] += _HELD
    solved = solveh_banded(
        _stiffness(elements, springs, poisson),
        load.ravel(),
        overwrite_ab=True,
        overwrite_b=True,
        lower=True,
        check_finite=False,
    ).reshape(n_columns, n_rows, 2)
    return solved[..., 0].T.copy(), solved[..., 1].T.copy()


def _stiffness(elements: FloatArray, springs: FloatArray, poisson: float) -> FloatArray:
    """Return the lower bands, shape ``(n_bands, unknowns)``; unknowns by column, row, component."""
    n_columns, n_rows, _ = springs.shape
    one = _element_stiffness(poisson)
    # a row of `bands` is what LAPACK calls a column
    bands = np.zeros((n_columns, n_rows, 2, 2 * n_rows + 4))
    bands[..., 0] = springs
    places = [(corner, axis) for corner in _CORNERS for axis in (0, 1)]
    numbers = [2 * (column * n_rows + row) + axis for (row, column), axis in places]
    for first, ((row, column), axis) in enumerate(places):
        rows = slice(row, row + n_rows - 1)
        columns = slice(column, column + n_columns - 1)
        for second, number in enumerate(numbers):
            below = number - numbers[first]
            if below >= 0:
                bands[columns, rows, axis, below] += one[first, second] * elements.T
    return bands.reshape(2 * n_columns * n_rows, -1).T


def _element_stiffness(poisson: float) -> FloatArray:
    """Return the stiffness of a square element of shear modulus 1, shape ``(8, 8)``.

    Two unknowns at each corner, integrated at two by two Gauss points.
    """
    elastic = np.array([[1.0, poisson, 0.0], [poisson, 1.0, 0.0], [0.0, 0.0, 0.0]])
    elastic *= 2.0 / (1.0 - poisson)
    elastic[2, 2] = 1.0
    stiffness = np.zeros((8, 8))
    points = 0.5 + np.array([-0.5, 0.5]) / np.sqrt(3.0)
    for y in points:
        for x in points:
            strain = np.zeros((3, 8))
            for corner, (row, column) in enumerate(_CORNERS):
                along = (2 * column - 1) * (y if row else 1.0 - y)
                across = (2 * row - 1) * (x if column else 1.0 - x)
                strain[:, 2 * corner] = along, 0.0, across
                strain[:, 2 * corner + 1] = 0.0, across, along
            stiffness += 0.25 * strain.T @ elastic @ strain
    return stiffness
