"""What a picker is, and the probability curves it draws."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import Pick, Waveform

__all__ = ["Picker", "ProbabilityCurves"]


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilityCurves:
    """How probable each phase is at each sample of a record.

    Parameters
    ----------
    start
        Time of the first sample, UTC; the curves start with the waveform.
    sampling_rate_hz
        Samples a second of the curves (the picker's own rate, not that of the file).
    phases
        Names of the rows of ``probability``.
    probability
        Shape ``(n_phases, n_samples)``, 0 to 1; NaN where the picker could not look.
    """

    start: datetime
    sampling_rate_hz: float
    phases: tuple[str, ...]
    probability: NDArray[np.float32]


@runtime_checkable
class Picker(Protocol):
    """Finds the arrivals of P and S in the three-component record of one station.

    A picker is configured by its fields, holds no state between calls, and takes a waveform of
    any length and sampling rate. Missing components are zero, never copies of another one.
    """

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        ...

    def annotate(self, waveform: Waveform) -> ProbabilityCurves:
        """Return the probability of each phase over the whole waveform."""
        ...

    def classify(self, waveform: Waveform) -> list[Pick]:
        """Return the picks in the waveform in order of time; an empty list where there are none."""
        ...
