"""What past events say at a moment and a place beyond the intensity of an ETAS model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.events import Places, inside_of
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.residual.evidence_kernels import (
    GROWTH_STEP,
    MEMORIES,
    PastEvents,
    Tally,
    describe_all,
    gather,
)
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["EVIDENCE_NAMES", "N_GROWTH_STEPS", "Evidence", "empty_tally", "evidence_of"]

FloatArray = NDArray[np.float64]
SingleArray = NDArray[np.float32]

EVIDENCE_NAMES: tuple[str, ...] = (
    "ln_intensity",
    "ln_background",
    "ln_background_share",
    "top_share",
    "top_log10_age",
    "top_magnitude",
    "top_log10_distance",
    "top_ln_productivity",
    "mean_log10_age",
    "mean_magnitude",
    "mean_log10_distance",
    "mean_ln_expected",
    "ln_along_strike",
    "ln_concentration",
    *(
        f"{name}_{memory:g}"
        for memory in MEMORIES
        for name in ("mean_ln_productivity", "ln_adjusted_0.1", "ln_adjusted_1")
    ),
    *(f"ln_density_{km}km_{days}d" for days in (365, 30, 1) for km in (1, 4, 16)),
    "ln_count_0.05d",
    "ln_count_1d",
    "hidden_magnitude",
)
"""Of the columns of :meth:`Evidence.at`."""

N_GROWTH_STEPS = 64
"""Steps of the table of expected aftershocks, up to 5e9 times ``c``."""

_PER_STEP = 4
_LARGE_ABOVE_MC = 2.5


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
        law = self.base.law.parameters
        found = gather(
            targets.time_days,
            Places(self.base.region).of(targets),
            self.past,
            np.float32(1.0 / law.tau_days),
            np.float32(1.0 + law.rho),
            0,
            empty_tally(len(self.history)),
        )
        return describe_all(
            found, log_intensity, background_share, self.base.info.mc, len(EVIDENCE_NAMES)
        )


def empty_tally(n: int) -> Tally:
    """Return a tally in which no event has gathered anything."""
    return Tally(np.zeros((len(MEMORIES), n)), *(np.zeros(n) for _ in range(4)))


def evidence_of(base: SpaceTimeEtas, history: Catalogue) -> Evidence:
    """Return past events as a model sees them."""
    sources = base.sources(history)
    columns = base.law.columns(sources)
    region = base.region
    unit = cartesian_km(history.longitude, history.latitude) / AUTHALIC_RADIUS_KM
    east = np.column_stack([-unit[:, 1], unit[:, 0], np.zeros(len(unit))])
    east /= np.maximum(np.linalg.norm(east, axis=1, keepdims=True), 1e-12)
    share = inside_of(region, history).share(columns.spread.astype(float), base.law.parameters.rho)
    factor = base.law.factor(sources) * share[0]
    growth = _growth(base, columns.c_days, columns.exponent) * factor[:, None]
    triggered = 1.0 - base.background_probability(history, history)
    large = np.flatnonzero(history.magnitude >= base.info.mc + _LARGE_ABOVE_MC - 1e-6)
    x, y, z = (np.ascontiguousarray(one) for one in sources.place)
    past = PastEvents(
        time_days=history.time_days,
        x=x,
        y=y,
        z=z,
        east=east.astype(np.float32),
        north=np.cross(unit, east).astype(np.float32),
        log_weight=columns.log_weight,
        spread=columns.spread,
        c_days=columns.c_days,
        exponent=columns.exponent,
        magnitude=history.magnitude.astype(np.float32),
        growth=growth.astype(np.float32),
        triggered_share=triggered.astype(np.float32),
        large=large.astype(np.int64),
    )
    return Evidence(base, history, past)


def _growth(base: SpaceTimeEtas, c_days: SingleArray, exponent: SingleArray) -> FloatArray:
    """Return integrals of each event's decay up to steps, ``(n_memories, n, n_steps)``.

    Trapezoids in ``ln(1 + t / c)`` of the decay times ``(t + c)^memory``, over ``(t + c)^memory``
    at the step.
    """
    fine = GROWTH_STEP / _PER_STEP * np.arange(N_GROWTH_STEPS * _PER_STEP + 1)
    tau = base.law.parameters.tau_days
    found = np.zeros((len(MEMORIES), len(c_days), N_GROWTH_STEPS + 1))
    for low in range(0, len(c_days), 4096):
        block = slice(low, low + 4096)
        c = c_days[block, None].astype(np.float64)
        p = exponent[block, None].astype(np.float64)
        value = np.exp(-c * np.expm1(fine) / tau + (1.0 - p) * (fine + np.log(c)))
        for k, memory in enumerate(MEMORIES):
            one = value * np.exp(memory * fine)
            panels = (one[:, 1:] + one[:, :-1]) * (GROWTH_STEP / _PER_STEP / 2)
            found[k, block, 1:] = np.cumsum(panels, axis=1)[:, _PER_STEP - 1 :: _PER_STEP]
            found[k, block] *= np.exp(-memory * fine[::_PER_STEP])
    return found
