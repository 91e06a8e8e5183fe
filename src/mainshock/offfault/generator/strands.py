"""Strands of a strike-slip fault: where they lie, when they grow, when they are left behind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError

__all__ = ["Strand", "Weakness", "weakness_on_grid"]

FloatArray = NDArray[np.float64]
NEVER = np.inf
_STEP_PX = 0.5
_MATURING = 0.12


@dataclass(frozen=True, slots=True)
class Weakness:
    """How much weaker than the sheet a strand is: at its birth, at full length, once linked."""

    young: float
    grown: float
    mature: float


@dataclass(frozen=True, slots=True, eq=False)
class Strand:
    """One strand, from its nucleation to its abandonment.

    Parameters
    ----------
    columns, rows
        Where it will lie once it has grown, in pixels.
    onset, growth
        Time of nucleation, and time it takes to its full length.
    linked
        Time at which it becomes part of a longer fault; it is young before, and mature a while
        after.
    strength
        Its weakness, as share of that of the run's young and mature faults.
    abandoned
        Time after which it fades; it stays active at the share ``residual`` of its weakness.
    """

    columns: FloatArray
    rows: FloatArray
    onset: float
    growth: float
    linked: float
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

    def at(self, time: float, weakness: Weakness) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return columns, rows and weakness of what has grown by then.

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
        maturity = float(np.clip((time - self.linked) / _MATURING, 0.0, 1.0))
        alone = weakness.young * (weakness.grown / weakness.young) ** age
        now = self.strength * alone * (weakness.mature / alone) ** maturity * self._kept(time)
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
    grid = np.zeros(shape)
    for strand in strands:
        columns, rows, weakest = strand.at(time, weakness)
        j, i = np.rint(columns).astype(int), np.rint(rows).astype(int)
        inside = (j >= 0) & (j < shape[1]) & (i >= 0) & (i < shape[0])
        np.maximum.at(grid, (i[inside], j[inside]), weakest[inside])
    return grid
