"""Strands of a strike-slip fault: where they lie, when they grow, when they are left behind.

A fault weakens as it grows longer, alone or by linking with others: what slips far has long
faults, and their length can be seen on a map.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mainshock.core.errors import SettingsError

__all__ = ["Strand", "Weakness", "weakness_on_grid"]

FloatArray = NDArray[np.float64]
NEVER = np.inf
_STEP_PX = 0.5
_YOUNG_LENGTH_PX = 30.0


@dataclass(frozen=True, slots=True)
class Weakness:
    """How much weaker than the sheet a fault is, by its length along strike.

    Parameters
    ----------
    young, mature
        When it is born, and from ``mature_length_px`` on; in between a power of its length.
    mature_length_px
        Length along strike of all that is connected.
    """

    young: float
    mature: float
    mature_length_px: float

    def of_length(self, length_px: FloatArray) -> FloatArray:
        """Return the weakness of faults of some lengths."""
        whole = np.log(self.mature_length_px / _YOUNG_LENGTH_PX)
        share = np.log(np.maximum(length_px, _YOUNG_LENGTH_PX) / _YOUNG_LENGTH_PX) / whole
        weakness: FloatArray = self.young * (self.mature / self.young) ** np.minimum(share, 1.0)
        return weakness


@dataclass(frozen=True, slots=True, eq=False)
class Strand:
    """One strand, from its nucleation to its abandonment.

    Parameters
    ----------
    columns, rows
        Where it will lie once it has grown, in pixels.
    onset, growth
        Time of nucleation, and time it takes to its full length.
    strength
        Its weakness, as share of that of the run's faults of its length.
    abandoned
        Time after which it fades; it stays active at the share ``residual`` of its weakness.
    """

    columns: FloatArray
    rows: FloatArray
    onset: float
    growth: float
    strength: float = 1.0
    abandoned: float = NEVER
    residual: float = 0.0

    def __post_init__(self) -> None:
        """Check that it is a line."""
        if self.columns.shape != self.rows.shape or self.columns.size < 2:
            raise SettingsError(
                f"a strand of {self.columns.size} columns and {self.rows.size} rows; "
                "give two points or more, as many of both"
            )

    def at(self, time: float) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return columns, rows and share of weakness of what has grown by then.

        A strand grows from its middle; slip falls to its tips as on a crack.
        """
        age = min(1.0, (time - self.onset) / self.growth)
        if age <= 0.0:
            return np.empty(0), np.empty(0), np.empty(0)
        steps = np.hypot(np.diff(self.columns), np.diff(self.rows))
        arc = np.concatenate(([0.0], np.cumsum(steps)))
        half = 0.5 * arc[-1] * age
        from_middle = np.arange(-half, half + _STEP_PX, _STEP_PX)
        along = 0.5 * arc[-1] + from_middle
        taper = 0.3 + 0.7 * np.sqrt(np.clip(1.0 - (from_middle / half) ** 2, 0.0, 1.0))
        now = self.strength * self._kept(time)
        columns = np.interp(along, arc, self.columns)
        return columns, np.interp(along, arc, self.rows), now * taper

    def _kept(self, time: float) -> float:
        if time <= self.abandoned:
            return 1.0
        return self.residual + (1.0 - self.residual) * float(np.exp((self.abandoned - time) / 0.15))


def weakness_on_grid(
    strands: list[Strand], time: float, shape: tuple[int, int], weakness: Weakness
) -> FloatArray:
    """Return how much weaker than the sheet each pixel is, 0 off the faults.

    Where strands cross, the weakest counts.
    """
    share = np.zeros(shape)
    for strand in strands:
        columns, rows, weakest = strand.at(time)
        j, i = np.rint(columns).astype(int), np.rint(rows).astype(int)
        inside = (j >= 0) & (j < shape[1]) & (i >= 0) & (i < shape[0])
        np.maximum.at(share, (i[inside], j[inside]), weakest[inside])
    return share * weakness.of_length(_connected_lengths(share > 0.0))


def _connected_lengths(faults: NDArray[np.bool_]) -> FloatArray:
    """Return for each pixel of a fault the length along strike of all it is connected with."""
    labels, _ = ndimage.label(faults, structure=np.ones((3, 3)))
    spans = [part[1].stop - part[1].start for part in ndimage.find_objects(labels)]
    lengths: FloatArray = np.array([0.0, *spans])[labels]
    return lengths
