"""Breaks and redraws the lines of fault maps, as other cameras and other hands draw them."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from mainshock.offfault.raster import normalise_thickness

__all__ = ["redraw", "roughen"]

_LONGEST_PATCH_PX = 0.8
_SHARE_LOST = (0.02, 0.25)
_WIDTHS_PX = (2, 3, 4, 5)


def roughen(
    maps: NDArray[np.uint8], rng: np.random.Generator, share: float = 0.3
) -> NDArray[np.uint8]:
    """Return copies of maps, ``(n, 128, 64)``: a share has lost pixels in patches.

    A map keeps 75 to 98 % of its pixels, or all where none would be left.
    """
    rough = maps.copy()
    for i in np.flatnonzero(rng.random(len(maps)) < share):
        field = gaussian_filter(rng.normal(size=maps[i].shape), rng.uniform(0, _LONGEST_PATCH_PX))
        kept = maps[i] * (field > np.quantile(field, rng.uniform(*_SHARE_LOST)))
        if kept.any():
            rough[i] = kept
    return rough


def redraw(maps: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return copies of maps, ``(n, 128, 64)``: half with lines drawn anew, 2 to 5 pixels wide."""
    redrawn = maps.copy()
    width_px = np.where(rng.random(len(maps)) < 0.5, 0, rng.choice(_WIDTHS_PX, len(maps)))
    for one in _WIDTHS_PX:
        if (width_px == one).any():
            redrawn[width_px == one] = normalise_thickness(maps[width_px == one], one)
    return redrawn
