"""How fast the plates meet at a trench, and the heat that a plate of some age gives off."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.megathrust.build.geometry import EARTH_RADIUS_KM

__all__ = ["Motion", "heat_flow_mw_m2", "plate_motion", "velocities_mm_yr"]

FloatArray = NDArray[np.float64]
_YOUNGEST_MYR = 1.0  # heat flow of a ridge crest is not that of conduction


@dataclass(frozen=True, slots=True)
class Motion:
    """Motion of two plates at some places of a trench.

    Parameters
    ----------
    convergence_mm_yr
        Speed of the subducting plate towards the other, any direction.
    obliquity_deg
        Angle between that motion and the trench's normal, 0 to 180; above 90 they part.
    upper_mm_yr, lower_mm_yr
        Motion of the upper plate towards the sea and of the lower plate towards the land, along
        the trench's normal, in the frame of the poles.
    """

    convergence_mm_yr: FloatArray
    obliquity_deg: FloatArray
    upper_mm_yr: FloatArray
    lower_mm_yr: FloatArray


def velocities_mm_yr(poles: FloatArray, vectors: FloatArray) -> FloatArray:
    """Return velocities of places on plates; 1 km per million years is 1 mm per year.

    Parameters
    ----------
    poles
        Rotation vectors in radians per million years, shape ``(n, 3)``.
    vectors
        Unit vectors of the places, shape ``(n, 3)``.
    """
    return np.asarray(EARTH_RADIUS_KM * np.cross(poles, vectors))


def plate_motion(
    nodes: FloatArray, landward: FloatArray, subducting: FloatArray, overriding: FloatArray
) -> Motion:
    """Return how two plates move at places of a trench.

    Parameters
    ----------
    nodes, landward
        Unit vectors of the places and of the direction to the upper plate, shape ``(n, 3)``.
    subducting, overriding
        Rotation vectors of the plates, shape ``(n, 3)``, in radians per million years.
    """
    lower, upper = velocities_mm_yr(subducting, nodes), velocities_mm_yr(overriding, nodes)
    relative = lower - upper
    speed = np.linalg.norm(relative, axis=1)
    normal = np.einsum("ij,ij->i", relative, landward)
    cosine = normal / np.where(speed > 0.0, speed, np.nan)
    return Motion(
        speed,
        np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))),
        -np.einsum("ij,ij->i", upper, landward),
        np.einsum("ij,ij->i", lower, landward),
    )


def heat_flow_mw_m2(age_myr: ArrayLike) -> FloatArray:
    """Return the heat flow of sea floor of some age, by the plate model GDH1.

    ``510 / sqrt(t)`` to 55 million years, then ``48 + 96 exp(-0.0278 t)``; ages below one million
    years count as one. NaN stays NaN.

    References
    ----------
    Stein, C. A. and Stein, S. (1992). A model for the global variation in oceanic depth and heat
    flow with lithospheric age. Nature 359, 123-129. doi 10.1038/359123a0
    """
    age = np.maximum(np.asarray(age_myr, dtype=np.float64), _YOUNGEST_MYR)
    return np.asarray(
        np.where(age <= 55.0, 510.0 / np.sqrt(age), 48.0 + 96.0 * np.exp(-0.0278 * age))
    )
