"""Breaks and redraws the lines of fault maps, as other cameras and other hands draw them."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mainshock.offfault.raster import normalise_thickness

__all__ = ["roughen"]

_LONGEST_PATCH_PX = 0.8
_SHARE_LOST = (0.02, 0.25)
_WIDTHS_PX = (2, 3, 4, 5)


def roughen(
    maps: NDArray[np.uint8], rng: np.random.Generator, share: float = 0.3
) -> NDArray[np.uint8]:
    """Return copies of maps, ``(n, 128, 64)``: a share has lost pixels, half are redrawn.

    A map keeps 75 to 98 % of its pixels, or all where none would be left. Lines drawn anew are 2 to
    5 pixels wide.
    """
    rough = maps.copy()
    for i in np.flatnonzero(rng.random(len(maps)) < share):
        field = gaussian_filter(rng.normal(size=maps[i].shape), rng.uniform(0, _LONGEST_PATCH_PX))
        kept = maps[i] * (field > np.quantile(field, rng.uniform(*_SHARE_LOST)))
        if kept.any():
            rough[i] = kept
    # half of the maps keep the lines they have
    width_px = np.where(rng.random(len(maps)) < 0.5, 0, rng.choice(_WIDTHS_PX, len(maps)))
    for one in _WIDTHS_PX:
        if (width_px == one).any():
            rough[width_px == one] = normalise_thickness(rough[width_px == one], one)
    return rough
