"""Fault maps as other cameras would have seen them: zoomed, shifted, mirrored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError

__all__ = ["Augmentation", "augment"]


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far maps are changed; the defaults are those of the published training.

    Parameters
    ----------
    zoom
        Each axis is scaled by ``1 - zoom`` to ``1 + zoom``, both on their own.
    shift
        Largest shift, as a share of the rows and of the columns.
    flip_rows, flip_columns
        Mirror half of the maps across or along strike. Either turns the sense of shear round,
        which the efficiency does not depend on. Displacements that are mirrored along with a map
        need the sign of ``v`` (rows) or of ``u`` (columns) turned too.
    """

    zoom: float = 0.05
    shift: float = 0.1
    flip_rows: bool = True
    flip_columns: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("zoom", "shift"):
            if not 0.0 <= getattr(self, name) < 1.0:
                raise SettingsError(f"{name} is {getattr(self, name)}; give 0 or more, below 1")


def augment(
    maps: NDArray[np.uint8], rng: np.random.Generator, settings: Augmentation | None = None
) -> NDArray[np.uint8]:
    """Return changed copies of maps, each changed in its own way; 0 and 1 stay 0 and 1.

    Parameters
    ----------
    maps
        Shape ``(n, rows, columns)``.
    rng
        Source of randomness; the same state gives the same copies.
    settings
        How far to go. What comes in over the edges repeats the edge; pixels are the nearest ones,
        so a line of one pixel may break when a map shrinks.

    Returns
    -------
    NDArray
        Shape and type of ``maps``.
    """
    how = settings or Augmentation()
    count, rows, columns = maps.shape
    at_rows = _sources(count, rows, how.flip_rows, how, rng)
    at_columns = _sources(count, columns, how.flip_columns, how, rng)
    return maps[np.arange(count)[:, None, None], at_rows[:, :, None], at_columns[:, None, :]]


def _sources(
    count: int, size: int, flip: bool, how: Augmentation, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the pixel of the old map that each pixel of the new one shows, along one axis."""
    zoom = rng.uniform(1.0 - how.zoom, 1.0 + how.zoom, (count, 1))
    shift = rng.uniform(-how.shift, how.shift, (count, 1)) * size
    mirror = np.where(rng.random((count, 1)) < 0.5 * flip, -1.0, 1.0)
    centre = 0.5 * (size - 1)
    source = centre + mirror * zoom * (np.arange(size) - centre) + shift
    return np.clip(np.rint(source), 0, size - 1).astype(np.int64)
