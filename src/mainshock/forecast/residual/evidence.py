"""What past events say at a moment and a place beyond the intensity of an ETAS model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.forecast.etas.events import Places, inside_of
from mainshock.forecast.etas.model import SpaceTimeEtas
from mainshock.forecast.residual.evidence_kernels import (
    DENSITY_AT,
    GROWTH_STEP,
    MEMORIES,
    MEMORY_AT,
    N_EVIDENCE,
    PastEvents,
    Tally,
    gather,
)
from mainshock.forecast.sphere import AUTHALIC_RADIUS_KM, cartesian_km
from mainshock.sources.seismicity.catalogue import Catalogue

__all__ = ["EVIDENCE_NAMES", "Evidence", "evidence_of"]

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

_N_STEPS = 64
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
        if len(targets) == 0:
            return np.zeros((0, len(EVIDENCE_NAMES)))
        law = self.base.law.parameters
        n = len(self.history)
        found = gather(
            targets.time_days,
            Places(self.base.region).of(targets),
            self.past,
            np.float32(1.0 / law.tau_days),
            np.float32(1.0 + law.rho),
            0,
            Tally(np.zeros((len(MEMORIES), n)), *(np.zeros(n) for _ in range(4))),
        )
        return _columns(found, log_intensity, background_share, self.base.info.mc)


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
    fine = GROWTH_STEP / _PER_STEP * np.arange(_N_STEPS * _PER_STEP + 1)
    tau = base.law.parameters.tau_days
    found = np.zeros((len(MEMORIES), len(c_days), _N_STEPS + 1))
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


def _columns(
    found: FloatArray, log_intensity: FloatArray, background_share: FloatArray, mc: float
) -> FloatArray:
    """Return the columns of :data:`EVIDENCE_NAMES` from what the kernels gathered."""
    if found.shape[1] != N_EVIDENCE:
        raise ValueError(f"{found.shape[1]} columns of evidence are not {N_EVIDENCE}")
    share = np.clip(background_share, 1e-9, 1.0)
    columns = [
        log_intensity,
        log_intensity + np.log(share),
        np.log(share),
        found[:, 6] / np.maximum(found[:, 11], 1e-300) * (1.0 - share),
        *found[:, 7:10].T,
        np.log(np.maximum(found[:, 10], 1e-2)),
        *found[:, 0:5].T,
        np.log(np.maximum(found[:, 5], 1e-6)),
    ]
    for k in range(len(MEMORIES)):
        mean, little, much = found[:, MEMORY_AT + 3 * k : MEMORY_AT + 3 * k + 3].T
        adjusted = [share + (1.0 - share) * one for one in (little, much)]
        columns += [mean, *(np.log(np.maximum(one, 1e-3)) for one in adjusted)]
    columns += [
        *np.log(found[:, DENSITY_AT:MEMORY_AT] + 1e-5).T,
        *np.log1p(found[:, 12:14]).T,
        np.maximum(found[:, 14] - mc, 0.0),
    ]
    return np.column_stack(columns)
