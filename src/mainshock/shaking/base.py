"""What every model of shaking does: scenarios in, motions or waveforms with their spread out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.shaking.scenarios import Scenarios

__all__ = ["COMPONENTS", "MotionModel", "Motions", "WaveformModel", "Waveforms"]

FloatArray = NDArray[np.float64]

COMPONENTS = ("E", "N", "Z")  # the order of ground-motion files


@dataclass(frozen=True, slots=True, eq=False)
class Motions:
    """Normal distributions of logarithmic measures of shaking.

    Parameters
    ----------
    measures
        Names, see :mod:`mainshock.shaking.measures`.
    mean
        Median motion, natural logarithm, shape ``(n_rows, n_measures)``.
    sd
        Standard deviation of one record: between events, within an event and epistemic.
    sd_epistemic
        Part of ``sd`` that more data would take away.
    is_extrapolated
        The row lies outside what the model was trained on; ``sd`` is widened there. ``(n_rows,)``.
    """

    measures: tuple[str, ...]
    mean: FloatArray
    sd: FloatArray
    sd_epistemic: FloatArray
    is_extrapolated: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.mean)

    def column(self, measure: str) -> int:
        """Return the place of a measure.

        Raises
        ------
        DataError
            If the model does not give it.
        """
        if measure not in self.measures:
            raise DataError(f"no measure {measure!r}; this model gives {', '.join(self.measures)}")
        return self.measures.index(measure)


@dataclass(frozen=True, slots=True, eq=False)
class Waveforms:
    """Three-component accelerograms of scenarios.

    Parameters
    ----------
    acceleration
        m/s^2, shape ``(n_rows, n_realisations, 3, n_samples)``, components E, N, Z, float32.
    sampling_rate_hz
        Samples a second.
    start_rel_origin_s
        Time of sample 0 after the origin time.
    arrivals_s
        P and S after the origin time as the model has them, ``(n_rows, 2)``; None where it has
        none.
    """

    acceleration: NDArray[np.float32]
    sampling_rate_hz: float
    start_rel_origin_s: float
    arrivals_s: FloatArray | None = None


@runtime_checkable
class MotionModel(Protocol):
    """Gives the distribution of measures of shaking."""

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures it gives."""
        ...

    def predict(self, scenarios: Scenarios, measures: Sequence[str] | None = None) -> Motions:
        """Return the distribution of measures (all by default) for each row.

        Raises
        ------
        DataError
            If it does not give one of them.
        """
        ...

    def sample(
        self,
        scenarios: Scenarios,
        n: int,
        rng: np.random.Generator,
        measures: Sequence[str] | None = None,
    ) -> FloatArray:
        """Return realisations, ``(n_rows, n, n_measures)``, natural logarithms.

        In one realisation rows of one event share the event's term, near sites have like
        terms, and measures are correlated, so that a map of it is one possible map.
        """
        ...


@runtime_checkable
class WaveformModel(Protocol):
    """Makes accelerograms."""

    def simulate(self, scenarios: Scenarios, n: int, rng: np.random.Generator) -> Waveforms:
        """Return ``n`` realisations a row; rows of one event share what is drawn once."""
        ...
