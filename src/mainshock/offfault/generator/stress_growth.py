"""Faults that grow where the sheet's stress exceeds its strength, instead of by the clock.

The sheet is loaded as time goes on. At each step it is solved anew with its faults; a tip moves
where the Coulomb stress ahead of it exceeds the strength, in the direction in which that stress
is largest, until it meets another fault. New faults begin where the sheet between the old ones
bears more than it can. Faults weaken with the slip on them, so those that slip most take over.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from mainshock.offfault.generator.sheet import face_moduli, solve_sheet

__all__ = ["GrowingFaults", "draw_growing_faults"]

FloatArray = NDArray[np.float64]
# time between two solutions while faults grow, and what a tip moves in it at most
_TIME_STEP = 0.05
_STEP_PX = 1.0
_MOST_STEPS = 3
# how far ahead of a tip stress is asked for
_AHEAD_PX = 3.0
# directions from strike, and how far a tip turns in one step
_DIRECTIONS = np.radians(np.arange(-25.0, 26.0, 2.5))
_MOST_TURN = math.radians(12.5)
# faults begin so far from others, so many at most in one step
_APART_PX = 8.0
_MOST_SEEDS = 3
# strength as share of the stress that the intact sheet bears at time 1, and friction
_STRENGTH = (0.25, 0.55)
_FRICTION = (0.3, 0.7)
# slip, as share of the displacement of the base in unit time, over which a fault weakens
_WEAKENING_SLIP = 0.1


@dataclass(slots=True)
class _Tip:
    """One end of a fault: its place and direction, its side (-1 is left), the fault's number."""

    row: float
    column: float
    side: int
    direction: float
    fault: int
    is_active: bool = True


@dataclass(slots=True)
class _Stress:
    """Modulus times the gradient of the velocity, along and across strike, times the load."""

    along: FloatArray
    across: FloatArray

    def coulomb(
        self, rows: FloatArray, columns: FloatArray, angles: FloatArray, friction: float
    ) -> FloatArray:
        """Return shear stress on planes at these angles from strike plus friction times pull.

        The deviatoric stress of a sheet that moves along strike alone.
        """
        places = np.stack((rows, columns))
        along = map_coordinates(self.along, places, order=1, mode="nearest")
        across = map_coordinates(self.across, places, order=1, mode="nearest")
        double = 2.0 * angles
        shear = across * np.cos(double) - along * np.sin(double)
        pull = -across * np.sin(double) - along * np.cos(double)
        total: FloatArray = shear + friction * pull
        return total


@dataclass(slots=True)
class GrowingFaults:
    """The faults of one run as they grow.

    Parameters
    ----------
    modulus, base, coupling_px
        The intact sheet; see :func:`~mainshock.offfault.generator.sheet.solve_sheet`.
    strength
        Coulomb stress that the sheet bears, in moduli times velocity per pixel.
    friction
        Coefficient of friction: faults form at half its angle from the shear.
    young_weakness, mature_weakness
        How much weaker than the sheet faults are when new, and once they have slipped enough.
    rng
        Where faults begin is drawn, more often where stress is larger.
    """

    modulus: FloatArray
    base: FloatArray
    coupling_px: float
    strength: float
    friction: float
    young_weakness: float
    mature_weakness: float
    rng: np.random.Generator
    tips: list[_Tip] = field(default_factory=list)
    time: float = 0.0
    slip: FloatArray = field(init=False)
    owner: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Begin without faults."""
        self.slip = np.zeros(self.modulus.shape)
        self.owner = np.zeros(self.modulus.shape, dtype=np.int64)

    def weakness(self) -> FloatArray:
        """Return how much weaker than the sheet each pixel is, 0 off the faults."""
        maturity = np.minimum(self.slip / _WEAKENING_SLIP, 1.0)
        ratio = self.mature_weakness / self.young_weakness
        grid: FloatArray = np.where(self.owner > 0, self.young_weakness * ratio**maturity, 0.0)
        return grid

    def advance_to(self, time: float) -> None:
        """Let the faults grow and slip until a time, in equal steps."""
        n_steps = max(1, math.ceil((time - self.time) / _TIME_STEP - 1e-6))
        step = (time - self.time) / n_steps
        for _ in range(n_steps):
            self._advance(step)

    def _advance(self, step: float) -> None:
        """Solve the sheet, slip, move the tips and begin new faults."""
        self.time += step
        modulus = self.modulus / (1.0 + self.weakness())
        velocity = solve_sheet(modulus, self.base, self.coupling_px)
        # a fault a pixel wide shears the faces on its two sides
        shear = 2.0 * np.abs(np.gradient(velocity, axis=0))
        self.slip += np.where(self.owner > 0, shear * step, 0.0)
        along, across = face_moduli(modulus)
        stress = _Stress(
            self.time * _between_faces(along * np.diff(velocity, axis=1), axis=1),
            self.time * _between_faces(across * np.diff(velocity, axis=0), axis=0),
        )
        self._begin(stress)
        for tip in self.tips:
            steps = 0
            while tip.is_active and steps < _MOST_STEPS and self._step(tip, stress):
                steps += 1

    def _begin(self, stress: _Stress) -> None:
        """Begin faults, along the direction of largest Coulomb stress, away from others."""
        angle = -0.5 * math.atan(self.friction)
        rows, columns = np.indices(self.modulus.shape).reshape(2, -1).astype(np.float64)
        smooth = _Stress(gaussian_filter(stress.along, 1.5), gaussian_filter(stress.across, 1.5))
        angles = np.full(rows.size, angle)
        coulomb = smooth.coulomb(rows, columns, angles, self.friction).reshape(self.modulus.shape)
        for _ in range(_MOST_SEEDS):
            excess = np.maximum(coulomb / self.strength - 1.0, 0.0)
            if self.tips:
                excess *= distance_transform_edt(self.owner == 0) > _APART_PX
            total = excess.sum()
            if total <= 0.0:
                return
            place = int(self.rng.choice(excess.size, p=excess.ravel() / total))
            row, column = divmod(place, self.modulus.shape[1])
            number = 1 + len(self.tips) // 2
            self.tips += [_Tip(row, column, side, angle, number) for side in (-1, 1)]
            self._mark(row, column, number)

    def _step(self, tip: _Tip, stress: _Stress) -> bool:
        """Move a tip by a step if the stress ahead exceeds the strength."""
        angles = _DIRECTIONS[np.abs(_DIRECTIONS - tip.direction) <= _MOST_TURN]
        coulomb = stress.coulomb(
            tip.row + tip.side * _AHEAD_PX * np.sin(angles),
            tip.column + tip.side * _AHEAD_PX * np.cos(angles),
            angles,
            self.friction,
        )
        best = int(np.argmax(coulomb))
        if coulomb[best] < self.strength:
            return False
        tip.direction = float(angles[best])
        tip.row += tip.side * _STEP_PX * math.sin(tip.direction)
        tip.column += tip.side * _STEP_PX * math.cos(tip.direction)
        n_rows, n_columns = self.modulus.shape
        if not (0 <= tip.row <= n_rows - 1 and 0 <= tip.column <= n_columns - 1):
            tip.is_active = False
            return False
        tip.is_active = not self._meets(tip)
        self._mark(tip.row, tip.column, tip.fault)
        return True

    def _meets(self, tip: _Tip) -> bool:
        """Tell whether another fault is as near as the next pixel."""
        row, column = round(tip.row), round(tip.column)
        near = self.owner[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        return bool(((near != 0) & (near != tip.fault)).any())

    def _mark(self, row: float, column: float, fault: int) -> None:
        i, j = round(row), round(column)
        if self.owner[i, j] == 0:
            self.owner[i, j] = fault


def _between_faces(stress: FloatArray, *, axis: int) -> FloatArray:
    """Return the stress on pixels from that on the faces between them; none acts on the edges."""
    edges = [(0, 0), (0, 0)]
    edges[axis] = (1, 1)
    padded = np.pad(stress, edges)
    mean: FloatArray = 0.5 * (np.delete(padded, 0, axis) + np.delete(padded, -1, axis))
    return mean


def draw_growing_faults(
    rng: np.random.Generator,
    modulus: FloatArray,
    base: FloatArray,
    coupling_px: float,
    weakness: tuple[float, float],
) -> GrowingFaults:
    """Return a sheet without faults yet, of drawn strength and friction.

    Parameters
    ----------
    weakness
        Of new faults, and of those that have slipped enough.
    """
    across = np.gradient(solve_sheet(modulus, base, coupling_px), axis=0)
    borne = float(np.median((modulus * across).max(axis=0)))
    return GrowingFaults(
        modulus=modulus,
        base=base,
        coupling_px=coupling_px,
        strength=borne * rng.uniform(*_STRENGTH),
        friction=rng.uniform(*_FRICTION),
        young_weakness=weakness[0],
        mature_weakness=weakness[1],
        rng=rng,
    )
