"""From an event to its map of shaking, and from generated records to picks."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core import cautions
from mainshock.core.errors import DataError, ModelError, RegistryError
from mainshock.core.records import Event, Pick, Waveform
from mainshock.core.shaking_field import ShakingField
from mainshock.detect.base import Picker
from mainshock.shaking.base import Waveforms
from mainshock.shaking.grid import MapSites, sites_around
from mainshock.shaking.scenarios import Scenarios
from mainshock.shaking.shaking_map import MapSettings, ShakingSource, map_shaking

if TYPE_CHECKING:
    from collections.abc import Callable

    from mainshock.shaking.records import Accelerogram
    from mainshock.shaking.training import ShakingModel

__all__ = [
    "SHOWN_MEASURES",
    "PicksInGenerated",
    "map_event",
    "map_radius_km",
    "model_problem",
    "phase_times",
    "picks_in_generated",
    "shown_measures",
    "source_of_event",
]

FloatArray = NDArray[np.float64]
SHOWN_MEASURES = ("ln_pga", "ln_pgv", "ln_psa_0.3s", "ln_psa_1s", "ln_fas_5hz")
"""What maps of events tell, where the model gives it."""

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)  # of generated records, which have no time of their own
_SPEEDS_KM_S = (6.0, 3.46)
_NEAR_S = 2.0
_NARROWEST_KM, _WIDEST_KM = 50.0, 300.0
_N_A_SIDE = 41


def model_problem(name: str = "default") -> str:
    """Return why there is no model of that name; empty where there is one."""
    from mainshock.learn.models import find_model  # noqa: PLC0415 - the same
    from mainshock.shaking.training import DEFAULT_MODEL  # noqa: PLC0415

    try:
        find_model(DEFAULT_MODEL if name == "default" else name)
    except (RegistryError, ModelError):
        return cautions.NO_SHAKING_MODEL.tell()
    return ""


def source_of_event(event: Event) -> ShakingSource:
    """Return what a map needs of an event: its posterior and magnitude.

    Raises
    ------
    DataError
        If it has no magnitude.
    """
    origin, magnitude = event.origin, event.magnitude
    if magnitude is None:
        raise DataError(f"event {event.event_id} has no magnitude; a map of shaking needs one")
    return ShakingSource(
        event_id=event.event_id,
        magnitude=magnitude.value,
        longitude=origin.longitude,
        latitude=origin.latitude,
        depth_km=origin.depth_km,
        magnitude_sd=magnitude.sd,
        magnitude_type=magnitude.magnitude_type,
        time=origin.time,
        covariance_km2=origin.covariance_km2,
        samples=origin.samples,
    )


def shown_measures(model: "ShakingModel") -> tuple[str, ...]:
    """Return which of ``SHOWN_MEASURES`` a model gives; all of its own where it gives none."""
    given = model.motions.measures
    return tuple(one for one in SHOWN_MEASURES if one in given) or tuple(given)


def map_radius_km(magnitude: float) -> float:
    """Return how far from the epicentre a map should reach: 50 km below M 3, 300 km from M 5.6."""
    return float(np.clip(25.0 * 2.0 ** (magnitude - 2.0), _NARROWEST_KM, _WIDEST_KM))


def map_event(
    model: "ShakingModel",
    event: Event,
    sites: MapSites | None = None,
    settings: MapSettings | None = None,
) -> ShakingField:
    """Return the map of an event with the posterior of its hypocentre and magnitude in it.

    Parameters
    ----------
    sites
        None: 41 by 41 sites around the epicentre, farther for larger magnitudes.
    settings
        None: the measures that are shown, 32 draws of the source.

    Raises
    ------
    DataError
        If the event has no magnitude.
    """
    source = source_of_event(event)
    if sites is None:
        radius_km = map_radius_km(source.magnitude)
        sites = sites_around(source.longitude, source.latitude, radius_km, _N_A_SIDE)
    return map_shaking(model, source, sites, settings or MapSettings(shown_measures(model)))


@dataclass(frozen=True, slots=True, eq=False)
class PicksInGenerated:
    """What a picker found in generated records.

    Parameters
    ----------
    p_rate, s_rate
        Share of the records with a pick of that phase within 2 s of the time expected.
    p_error_s, s_error_s
        Pick minus expected time of each record, NaN where there is no such pick; ``(n_records,)``,
        realisations of a row one after the other.
    """

    p_rate: float
    s_rate: float
    p_error_s: FloatArray
    s_error_s: FloatArray


def picks_in_generated(
    waveforms: Waveforms,
    scenarios: Scenarios,
    picker: Picker,
    arrivals_s: FloatArray | None = None,
) -> PicksInGenerated:
    """Return how well a picker finds P and S in generated records.

    Parameters
    ----------
    waveforms
        Accelerograms of the scenarios' rows.
    arrivals_s
        Expected times of P and S after the origin, ``(n_rows, 2)``; None: those of the waveforms,
        and where they state none straight rays at 6.0 and 3.46 km/s.

    Raises
    ------
    DataError
        If waveforms and scenarios differ in length.
    """
    n_rows, n_realisations = waveforms.acceleration.shape[:2]
    if n_rows != len(scenarios):
        raise DataError(f"{n_rows} rows of waveforms, {len(scenarios)} scenarios; give equal ones")
    if arrivals_s is None:
        arrivals_s = waveforms.arrivals_s
    if arrivals_s is None:
        arrivals_s = scenarios.hypocentral_km()[:, None] / np.array(_SPEEDS_KM_S)
    errors = np.full((n_rows, n_realisations, 2), np.nan)
    for row in range(n_rows):
        for i in range(n_realisations):
            samples = waveforms.acceleration[row, i]
            picks = picker.classify(_waveform(samples, waveforms))
            for k, phase in enumerate("PS"):
                errors[row, i, k] = _nearest_error_s(picks, phase, arrivals_s[row, k])
    p_rate, s_rate = np.isfinite(errors).mean(axis=(0, 1))
    p_error_s, s_error_s = errors[..., 0].ravel(), errors[..., 1].ravel()
    return PicksInGenerated(float(p_rate), float(s_rate), p_error_s, s_error_s)


def phase_times(picker: Picker) -> "Callable[[Accelerogram], dict[str, float]]":
    """Return a function that gives the surest P and S of a record, s after its origin time."""

    def times(record: "Accelerogram") -> dict[str, float]:
        surest: dict[str, Pick] = {}
        for pick in picker.classify(_waveform(record.acceleration, record)):
            known = surest.get(pick.phase)
            if known is None or pick.probability > known.probability:
                surest[pick.phase] = pick
        return {phase: (one.time - _ORIGIN).total_seconds() for phase, one in surest.items()}

    return times


def _waveform(acceleration: NDArray[np.float32], of: "Waveforms | Accelerogram") -> Waveform:
    """Return one record as pickers take it: components Z, N, E."""
    return Waveform(
        network="XX",
        station="GEN",
        location="",
        instrument="HN",
        start=_ORIGIN + timedelta(seconds=of.start_rel_origin_s),
        sampling_rate_hz=of.sampling_rate_hz,
        samples=np.ascontiguousarray(acceleration[::-1], dtype=np.float32),
    )


def _nearest_error_s(picks: list[Pick], phase: str, expected_s: float) -> float:
    """Return the error of the pick nearest to a time; NaN where none is near."""
    errors = [
        (one.time - _ORIGIN).total_seconds() - expected_s for one in picks if one.phase == phase
    ]
    nearest = min(errors, key=abs, default=np.nan)
    return nearest if abs(nearest) <= _NEAR_S else np.nan
