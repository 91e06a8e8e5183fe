"""What a camera sees of a moving sheet: blurred velocities with noise, and mapped faults."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

__all__ = ["Camera", "draw_lines", "local_shear", "map_faults", "observe"]

FloatArray = NDArray[np.float64]
_NOISE_LENGTH_PX = 0.8
_LEAST_BLOB_PX = 8
_AROUND_PX = 4.0
# pixels across which image correlation looks for one displacement
_SUBSET_PX = 9


@dataclass(frozen=True, slots=True)
class Camera:
    """How one run is seen; :class:`~mainshock.offfault.generator.settings.GeneratorSettings`."""

    blur_px: float
    noise: float
    threshold: float
    local_contrast: float
    is_thick: bool
    shear_noise: float = 0.0


def observe(
    velocity: FloatArray, camera: Camera, rng: np.random.Generator, shear: FloatArray | None = None
) -> FloatArray:
    """Return a velocity of applied size 1 as image correlation gives it.

    Parameters
    ----------
    shear
        What :func:`local_shear` returns; noise grows with it. None for noise that is even.
    """
    white = rng.normal(0.0, 1.0, velocity.shape)
    noise = ndimage.gaussian_filter(white, _NOISE_LENGTH_PX)
    seen: FloatArray = ndimage.gaussian_filter(velocity, camera.blur_px, mode="nearest")
    size = camera.noise + (0.0 if shear is None else camera.shear_noise * shear)
    noisy: FloatArray = seen + size / noise.std() * noise
    return noisy


def local_shear(along: FloatArray) -> FloatArray:
    """Return the change of the velocity along strike across a subset of the image at each pixel.

    Subsets that a fault cuts move apart, and correlation is less sure of them.
    """
    across = np.abs(np.gradient(along, axis=0))
    change: FloatArray = _SUBSET_PX * ndimage.uniform_filter(across, _SUBSET_PX, mode="nearest")
    return change


def map_faults(curl: FloatArray, camera: Camera) -> NDArray[np.uint8]:
    """Return 1 where the curl of a field of applied velocity 1 tells of an active fault."""
    around = ndimage.gaussian_filter(curl, _AROUND_PX, mode="nearest")
    mapped = curl - camera.local_contrast * around > camera.threshold
    labels, n_blobs = ndimage.label(mapped, structure=np.ones((3, 3)))
    if n_blobs:
        sizes = np.bincount(labels.ravel())
        sizes[0] = 0
        mapped = (sizes >= _LEAST_BLOB_PX)[labels]
    faults: NDArray[np.uint8] = mapped.astype(np.uint8)
    return faults


def draw_lines(faults: NDArray[np.uint8], camera: Camera) -> NDArray[np.uint8]:
    """Return mapped faults as wide as this camera's lines are drawn, whatever slips on them."""
    if not camera.is_thick:
        return faults
    return ndimage.binary_dilation(faults).astype(np.uint8)  # type: ignore[no-any-return]
