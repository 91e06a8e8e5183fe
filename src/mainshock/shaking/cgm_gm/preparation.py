"""Makes records ready for the network: one component, scaled, of one rate and length."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, ModelError
from mainshock.shaking.cgm_gm.conditions import Range, condition_values
from mainshock.shaking.records import GroundMotionRecords
from mainshock.shaking.scenarios import Scenarios

__all__ = ["ComponentRecords", "Scaling", "read_component"]

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class ComponentRecords:
    """One component of records.

    Parameters
    ----------
    waveforms
        m/s^2, shape ``(n_records, n_samples)``.
    sampling_rate_hz, start_rel_origin_s
        The same for all; the start is NaN where it is not known.
    """

    waveforms: Array
    sampling_rate_hz: float
    start_rel_origin_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Scaling:
    """What conditions and logarithms of amplitude are scaled with.

    Parameters
    ----------
    condition_set
        Number of the set, 0 to 5.
    conditions
        Range of each condition.
    low, high
        Logarithms that become 0 and 1, over all frames and frequencies.
    """

    condition_set: int
    conditions: Range
    low: float
    high: float

    @classmethod
    def fitted(cls, scenarios: Scenarios, logarithms: Array, condition_set: int) -> "Scaling":
        """Return the scaling that brings these records to 0 to 1."""
        low, high = float(logarithms.min()), float(logarithms.max())
        if not high > low:
            raise DataError("all records are empty: their spectrograms have one value; give others")
        conditions = Range.of(condition_values(scenarios, condition_set))
        return cls(condition_set, conditions, low, high)

    def scaled_conditions(self, scenarios: Scenarios) -> NDArray[np.float64]:
        """Return scaled conditions, shape ``(n_rows, n_conditions)``."""
        return self.conditions.scaled(condition_values(scenarios, self.condition_set))

    def is_outside(self, scenarios: Scenarios) -> NDArray[np.bool_]:
        """Return the rows with a condition outside the range of training."""
        return self.conditions.is_outside(condition_values(scenarios, self.condition_set))

    def scaled(self, logarithms: Array) -> Array:
        """Return logarithms scaled."""
        return ((logarithms - self.low) / (self.high - self.low)).astype(np.float32)

    def logarithms(self, scaled: Array) -> Array:
        """Return the logarithms of scaled values."""
        return (self.low + scaled * (self.high - self.low)).astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary that JSON can hold."""
        return {
            "condition": self.condition_set,
            "condition_low": self.conditions.low.tolist(),
            "condition_high": self.conditions.high.tolist(),
            "log10_low": self.low,
            "log10_high": self.high,
        }

    @classmethod
    def of_dict(cls, settings: Any) -> "Scaling":
        """Return the scaling that :meth:`as_dict` wrote.

        Raises
        ------
        ModelError
            If a part is missing.
        """
        try:
            bounds = Range(
                np.array(settings["condition_low"]), np.array(settings["condition_high"])
            )
            low, high = float(settings["log10_low"]), float(settings["log10_high"])
            return cls(int(settings["condition"]), bounds, low, high)
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(
                f"the manifest does not say how values are scaled: {error!r}"
            ) from error


def read_component(records: GroundMotionRecords, component: int = 0) -> ComponentRecords:
    """Return one component (E by default) of all records.

    Raises
    ------
    DataError
        If records differ in sampling rate, length or start: CGM-GM knows one of each.
    """
    waveforms, rates, starts = [], set(), []
    for one in records:
        waveforms.append(one.acceleration[component])
        rates.add(round(one.sampling_rate_hz, 6))
        starts.append(one.start_rel_origin_s)
    lengths = {len(one) for one in waveforms}
    if len(rates) != 1 or len(lengths) != 1:
        raise DataError(
            f"records have rates {sorted(rates)} Hz and lengths {sorted(lengths)} samples; cgm-gm "
            "needs one of each: resample and cut them, or train the architecture 'flow'"
        )
    rate_hz = rates.pop()
    if np.ptp(starts) * rate_hz > 1.0:
        raise DataError(
            f"records start {min(starts):g} to {max(starts):g} s after the origin; cgm-gm needs "
            "one start: cut them alike, or train the architecture 'flow'"
        )
    return ComponentRecords(np.stack(waveforms), rate_hz, float(np.mean(starts)))
