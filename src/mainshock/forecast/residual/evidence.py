"""What past events say at a moment and a place beyond the intensity of an ETAS model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.events import Places
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.residual.evidence_kernels import (
    N_GROWTH_STEPS,
    PastEvents,
    Tally,
    gather,
    grow,
)
from mainshock.signal.compiled import compiled
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["Evidence", "evidence_of"]

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Past events as an ETAS model sees them, ready to be asked.

    Parameters
    ----------
    base
        The model.
    history
        The events.
    past
        The same, as compiled code needs them.
    """

    base: SpaceTimeEtas
    history: Catalogue
    past: PastEvents

    def at(
        self, targets: Catalogue, log_intensity: FloatArray, background_share: FloatArray
    ) -> FloatArray:
        """Return the evidence at each target, shape ``(n_targets, n_names)``.

        Parameters
        ----------
        targets
            Moments and places; only events before a moment count.
        log_intensity, background_share
            What the model says there.
        """
        place = Places(self.base.region).of(targets)
        rows, _ = self._gathered(targets.time_days, place, log_intensity, background_share)
        return rows

    def tally_at(self, time_days: float) -> Tally:
        """Return what the events before a moment have gathered by then."""
        nowhere, none = np.zeros((1, 3), dtype=np.float32), np.zeros(1)
        _, tally = self._gathered(np.array([time_days]), nowhere, none, none)
        return tally

    def _gathered(
        self,
        time: FloatArray,
        place: NDArray[np.float32],
        log_intensity: FloatArray,
        background_share: FloatArray,
    ) -> tuple[FloatArray, Tally]:
        law = self.base.law.parameters
        tally = Tally(np.zeros(len(self.history)), np.zeros(len(self.history)))
        said = log_intensity, background_share
        rows = gather(time, place, *said, self.past, 1.0 / law.tau_days, law.rho, tally)
        return rows, tally


def evidence_of(base: SpaceTimeEtas, history: Catalogue) -> Evidence:
    """Return past events as a model sees them."""
    sources = base.sources(history)
    columns = base.law.columns(sources)
    triggered = 1.0 - base.background_probability(history, history)
    x, y, z = (np.ascontiguousarray(one) for one in sources.place)
    past = PastEvents(
        time_days=history.time_days,
        x=x,
        y=y,
        z=z,
        log_weight=columns.log_weight,
        spread=columns.spread,
        c_days=columns.c_days,
        exponent=columns.exponent,
        magnitude=history.magnitude.astype(np.float32),
        growth=np.zeros((len(history), N_GROWTH_STEPS + 1), dtype=np.float32),
        triggered_share=triggered.astype(np.float32),
    )
    _grow_all(base.law.factor(sources), 1.0 / base.law.parameters.tau_days, past)
    return Evidence(base, history, past)


@compiled
def _grow_all(factor: FloatArray, per_tau: float, past: PastEvents) -> None:
    for n in range(len(factor)):
        grow(n, factor[n], per_tau, past)
