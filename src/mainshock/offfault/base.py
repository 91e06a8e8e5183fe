"""What every model of kinematic efficiency does: fault maps in, efficiency with an interval out."""

from dataclasses import dataclass, fields
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "COLUMNS",
    "LARGEST_EFFICIENCY",
    "LOG_SD_RANGE",
    "ROWS",
    "Efficiency",
    "EfficiencyModel",
]

FloatArray = NDArray[np.float64]

# a window of a fault map: rows run across strike, columns along it, 1 is an active fault
ROWS, COLUMNS = 128, 64

LARGEST_EFFICIENCY = 1.05  # labels of noisy windows exceed 1 by a little
LOG_SD_RANGE = (-5.5, 1.0)  # widths that networks may state: a few perfect windows must not rule

_ORDER = ("ke", "lo90", "hi90", "sd", "epistemic_sd")  # as people read it, and as files have it


@dataclass(frozen=True, slots=True, eq=False)
class Efficiency:
    """Kinematic efficiency of windows, every field of shape ``(n_windows,)``.

    Parameters
    ----------
    ke
        Slip on faults over applied displacement: 0 to 1 by the packaged model and the baselines,
        up to :data:`LARGEST_EFFICIENCY` by one network that pools, without bounds by weights of the
        published one. NaN where a window says nothing.
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

    def take(self, rows: NDArray[Any]) -> "Efficiency":
        """Return the estimates of some windows, by number or by a mask."""
        return Efficiency(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})

    def rows(self) -> list[dict[str, Any]]:  # numbers of two kinds
        """Return a dictionary for each window: its index, and its estimate as plain floats."""
        columns = {name: getattr(self, name).tolist() for name in _ORDER}
        return [
            {"index": i, **{name: values[i] for name, values in columns.items()}}
            for i in range(len(self))
        ]


@runtime_checkable
class EfficiencyModel(Protocol):
    """Estimates kinematic efficiency from fault maps alone."""

    def predict(self, maps: NDArray[np.uint8]) -> Efficiency:
        """Return the efficiency of windows, ``maps`` of shape ``(n_windows, 128, 64)``, 0 or 1."""
        ...
