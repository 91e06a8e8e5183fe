"""Builds flatfiles: one row a record, with its metadata and measures of shaking."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.shaking.measures import MEASURES, fas_name, psa_name
from mainshock.shaking.record_measures import carried_eas, carried_rotd, measure_records
from mainshock.shaking.records import Accelerogram, GroundMotionRecords
from mainshock.signal.intensity import (
    arias_intensity,
    cumulative_absolute_velocity,
    high_passed,
    integrated,
    rotd_peak,
    significant_duration,
)

__all__ = ["FlatfileSettings", "build_flatfile"]

FloatArray = NDArray[np.float64]

_PERIODS_S = tuple(float(f"{one:.3g}") for one in np.geomspace(0.01, 10.0, 31))
_EAS_HZ = tuple(float(f"{one:.3g}") for one in np.geomspace(0.1, 25.0, 25))
_HIGHEST = 0.45  # of the sampling rate
_USABLE = 1.25  # of the corner: above it the filter leaves the spectrum alone


@dataclass(frozen=True, slots=True)
class FlatfileSettings:
    """What a flatfile holds besides the measures that models are trained on.

    Parameters
    ----------
    periods_s
        Of the RotD50 spectrum, 5 % damping.
    eas_hz
        Of the effective amplitude spectrum, Konno-Ohmachi smoothing with b = 40.

    Raises
    ------
    SettingsError
        If one of them is not positive.
    """

    periods_s: Sequence[float] = _PERIODS_S
    eas_hz: Sequence[float] = _EAS_HZ

    def __post_init__(self) -> None:
        """Check that all are positive."""
        if min(*self.periods_s, *self.eas_hz, np.inf) <= 0.0:
            raise SettingsError("periods and frequencies of a flatfile must be positive")


def build_flatfile(
    records: GroundMotionRecords, settings: FlatfileSettings | None = None
) -> pd.DataFrame:
    """Return the table of records with source, site, distances and measures.

    Parameters
    ----------
    records
        Accelerograms. Columns ``snr_low_hz, snr_high_hz, hp_hz, lp_hz`` of their table bound the
        usable band.
    settings
        Periods and frequencies.

    Returns
    -------
    DataFrame
        The records' own columns; ``event, station, magnitude, ... epicentral_km, hypocentral_km,
        azimuth_deg``; the measures of :data:`~mainshock.shaking.measures.MEASURES`; ``ln_psa_Ts``
        (m/s^2), ``ln_eas_Fhz`` (m/s), ``ln_pgd`` (m), ``ln_arias`` (m/s), ``ln_cav`` (m/s), all of
        the horizontals, natural logarithms; ``d5_75_s, d5_95_s``; ``usable_low_hz,
        usable_high_hz``; ``is_synthetic``. NaN where a record does not carry a measure; what lies
        outside the usable band is kept, and the band tells.

    Notes
    -----
    Arias intensity is the sum, cumulative absolute velocity the geometric mean of the horizontals;
    PGD is RotD50, high-passed at the corner of the record where it has one.
    """
    settings = settings or FlatfileSettings()
    known = dict(zip(MEASURES, measure_records(records).T, strict=True))
    corners = _column(records.table, "hp_hz")
    rows = [
        _more_measures(record, corner_hz, settings)
        for record, corner_hz in zip(records, corners, strict=True)
    ]
    measured = pd.DataFrame(rows).assign(**known, **_usable_band(records))
    measured["is_synthetic"] = records.is_synthetic
    own = _named(records)
    own = own.drop(columns=[name for name in measured if name in own])
    return pd.concat([own, measured], axis=1)


def _named(records: GroundMotionRecords) -> pd.DataFrame:
    """Return the records' table with the words of scenarios and the distances."""
    scenarios = records.scenarios
    words = {
        "event": scenarios.event,
        "station": scenarios.station,
        "magnitude": scenarios.magnitude,
        "depth_km": scenarios.depth_km,
        "source_longitude": scenarios.source_longitude,
        "source_latitude": scenarios.source_latitude,
        "station_longitude": scenarios.site_longitude,
        "station_latitude": scenarios.site_latitude,
        "vs30_m_s": scenarios.vs30_m_s,
        "epicentral_km": scenarios.epicentral_km(),
        "hypocentral_km": scenarios.hypocentral_km(),
        "azimuth_deg": scenarios.azimuth_deg(),
    }
    return records.table.reset_index(drop=True).assign(**words)


def _more_measures(
    record: Accelerogram, corner_hz: float, settings: FlatfileSettings
) -> dict[str, float]:
    """Return the measures of one record that are not in MEASURES, and finer spectra."""
    rate_hz = record.sampling_rate_hz
    horizontals = record.acceleration[:2].astype(np.float64)
    length_s = horizontals.shape[1] / rate_hz
    spectrum = carried_rotd(horizontals, rate_hz, settings.periods_s)
    eas = carried_eas(horizontals, rate_hz, settings.eas_hz)
    eas[np.array(settings.eas_hz) < 2.0 / length_s] = np.nan
    displacement = integrated(integrated(horizontals, rate_hz), rate_hz)
    if corner_hz > 0.0:
        displacement = high_passed(displacement, rate_hz, corner_hz)
    cav = cumulative_absolute_velocity(horizontals, rate_hz)
    values = {psa_name(one): psa for one, psa in zip(settings.periods_s, spectrum, strict=True)}
    values |= {_eas_name(one): value for one, value in zip(settings.eas_hz, eas, strict=True)}
    values |= {
        "ln_pgd": rotd_peak(displacement)[0],
        "ln_arias": arias_intensity(horizontals, rate_hz).sum(),
        "ln_cav": np.sqrt(cav[0] * cav[1]),
    }
    logarithms = {
        name: float(np.log(value)) if value > 0.0 else float("nan")
        for name, value in values.items()
    }
    return logarithms | {
        "d5_75_s": significant_duration(horizontals, rate_hz, 0.05, 0.75),
        "d5_95_s": significant_duration(horizontals, rate_hz, 0.05, 0.95),
    }


def _usable_band(records: GroundMotionRecords) -> dict[str, FloatArray]:
    """Return where signal rises above noise and the filters leave it alone."""
    table = records.table
    rates = np.array([record.sampling_rate_hz for record in records])
    low = np.fmax(_column(table, "snr_low_hz"), _USABLE * _column(table, "hp_hz"))
    high = np.fmin(_column(table, "snr_high_hz"), _column(table, "lp_hz") / _USABLE)
    return {"usable_low_hz": low, "usable_high_hz": np.fmin(high, _HIGHEST * rates)}


def _column(table: pd.DataFrame, name: str) -> FloatArray:
    if name not in table:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64)


def _eas_name(frequency_hz: float) -> str:
    return fas_name(frequency_hz).replace("ln_fas_", "ln_eas_")
