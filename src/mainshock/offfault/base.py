"""What every model of kinematic efficiency does: fault maps in, efficiency with an interval out."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["COLUMNS", "ROWS", "Efficiency", "EfficiencyModel"]

FloatArray = NDArray[np.float64]

# a window of a fault map: rows run across strike, columns along it, 1 is an active fault
ROWS, COLUMNS = 128, 64


@dataclass(frozen=True, slots=True, eq=False)
class Efficiency:
    """Kinematic efficiency of windows, every field of shape ``(n_windows,)``.

    Parameters
    ----------
    ke
        Slip on faults over applied displacement, 0 to 1.
    sd
        Standard deviation of ``ke``: what the map leaves open and what the model does not know.
    lo90, hi90
        Interval that holds nine of ten efficiencies of windows like those it was calibrated on.
    epistemic_sd
        Part of ``sd`` from disagreement of networks, scales and line widths; zero for one network.
    """

    ke: FloatArray
    sd: FloatArray
    lo90: FloatArray
    hi90: FloatArray
    epistemic_sd: FloatArray

    def __len__(self) -> int:
        """Return the number of windows."""
        return int(self.ke.size)


@runtime_checkable
class EfficiencyModel(Protocol):
    """Estimates kinematic efficiency from fault maps alone."""

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``, 0 or 1."""
        ...
