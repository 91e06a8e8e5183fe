"""Makes records alike: filtered, at one rate, in one window, and checked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.core.geo import geodesic_distance_km
from mainshock.core.records import Waveform
from mainshock.shaking.labelled_records import LabelledRecord
from mainshock.shaking.quality import QualityLimits, record_problems
from mainshock.shaking.records import Accelerogram
from mainshock.signal.filters import demean, detrend
from mainshock.signal.resample import resample_waveform
from mainshock.signal.spectrum import cosine_taper
from mainshock.sources.base import SkippedInput

__all__ = [
    "PreparationSettings",
    "WindowStart",
    "differentiated",
    "p_time_s",
    "prepare_records",
    "resampled",
]

_UNKNOWN_DEPTH_KM = 15.0
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_HIGHEST = 0.45  # of the sampling rate
_PN_KM_S, _PN_DELAY_S = 8.0, 6.0  # below a crust of 35 km; first beyond some 200 km


class WindowStart(StrEnum):
    """What a window is counted from."""

    origin = "origin"
    p = "p"
    s = "s"


@dataclass(frozen=True, slots=True)
class PreparationSettings:
    """How records are prepared.

    Parameters
    ----------
    sampling_rate_hz
        Of all records; None keeps each one's own.
    high_pass_hz, low_pass_hz
        Corners of a Butterworth filter of order 4, run both ways; 0 for none.
    about
        What the window is counted from; None keeps whole records.
    before_s, length_s
        The window begins so long before it, and is so long.
    max_pad_share
        A window that the record does not fill is filled with zeros up to this share; more is a
        reason to turn it away.
    p_speed_km_s, s_speed_km_s
        Of waves on the straight line from the hypocentre, for records without picks.
    limits
        What a record must be, checked before any filter; None to keep all.

    Raises
    ------
    SettingsError
        If a rate or a length is not positive.
    """

    sampling_rate_hz: float | None = None
    high_pass_hz: float = 0.0
    low_pass_hz: float = 0.0
    about: WindowStart | None = None
    before_s: float = 2.0
    length_s: float = 32.0
    max_pad_share: float = 0.25
    p_speed_km_s: float = 6.5
    s_speed_km_s: float = 3.7
    limits: QualityLimits | None = field(default_factory=QualityLimits)

    def __post_init__(self) -> None:
        """Check rate and length."""
        rate = self.sampling_rate_hz
        if rate is not None and not rate > 0.0:
            raise SettingsError(f"the sampling rate is {rate:g} Hz; it must be positive")
        if self.length_s <= 0.0:
            raise SettingsError(f"the window is {self.length_s:g} s long; it must be positive")


def prepare_records(
    records: Iterable[LabelledRecord],
    settings: PreparationSettings,
    skipped: list[SkippedInput],
) -> Iterator[LabelledRecord]:
    """Yield the records that pass, prepared; the others go to ``skipped`` with their reasons.

    The row gets ``snr_low_hz`` and ``snr_high_hz`` (the usable band), ``hp_hz`` and ``lp_hz``
    where filtered, ``pad_before_s`` and ``pad_after_s`` where the window was padded; times after
    the first sample (``p_pick_s``, ``s_pick_s``) move with it.
    """
    for one in records:
        try:
            yield _prepared(one, settings)
        except DataError as error:
            skipped.append(SkippedInput(one.name, str(error)))


def p_time_s(one: LabelledRecord, settings: PreparationSettings) -> float:
    """Return P in seconds after the first sample: the pick, else by distance; NaN if neither.

    By distance it is the earlier of the direct wave and Pn, so that noise before it is noise.
    """
    return _arrival_s(one, "p_pick_s", settings.p_speed_km_s, is_first=True)


def resampled(record: Accelerogram, rate_hz: float) -> Accelerogram:
    """Return a record at another rate, with a filter against aliases where it falls.

    Raises
    ------
    DataError
        If the rate is not positive.
    """
    wave = Waveform("", "X", "", "HN", _ANY_TIME, record.sampling_rate_hz, record.acceleration)
    samples = resample_waveform(wave, rate_hz).samples
    return Accelerogram(samples, rate_hz, record.start_rel_origin_s)


def _prepared(one: LabelledRecord, settings: PreparationSettings) -> LabelledRecord:
    row = dict(one.row)
    if settings.limits is not None:
        gap_share = float(row.get("gap_frac") or 0.0)
        problems, band = record_problems(
            one.record, settings.limits, p_s=p_time_s(one, settings), gap_share=gap_share
        )
        if problems:
            raise DataError("; ".join(problems))
        row["snr_low_hz"], row["snr_high_hz"] = band.low_hz, band.high_hz
    one = replace(one, record=_filtered(one.record, settings), row=row)
    if settings.high_pass_hz > 0.0:
        row["hp_hz"] = np.fmax(settings.high_pass_hz, one.number("hp_hz"))
    if settings.low_pass_hz > 0.0:
        row["lp_hz"] = settings.low_pass_hz
    if settings.sampling_rate_hz is not None:
        one = replace(one, record=resampled(one.record, settings.sampling_rate_hz))
    return one if settings.about is None else _windowed(one, settings)


def _filtered(record: Accelerogram, settings: PreparationSettings) -> Accelerogram:
    """Return the record without its mean; if filtered, without its trend and its ends tapered."""
    from scipy.signal import butter, sosfiltfilt  # noqa: PLC0415 - slow to load

    low, high = settings.high_pass_hz, settings.low_pass_hz
    if low <= 0.0 and high <= 0.0:
        return replace(record, acceleration=demean(record.acceleration).astype(np.float32))
    rate_hz = record.sampling_rate_hz
    if max(low, high) >= _HIGHEST * rate_hz:
        raise DataError(
            f"a filter at {max(low, high):g} Hz needs more than {rate_hz:g} samples a second"
        )
    samples = detrend(record.acceleration.astype(np.float64))
    samples = samples * cosine_taper(samples.shape[1])
    corners, kind = ((low, high), "bandpass") if low > 0.0 < high else (low, "highpass")
    if low <= 0.0:
        corners, kind = high, "lowpass"
    sections = butter(4, corners, kind, fs=rate_hz, output="sos")
    n_pad = min(6 * len(sections) + 3, samples.shape[1] - 1)
    samples = sosfiltfilt(sections, samples, axis=1, padlen=n_pad)
    return replace(record, acceleration=samples.astype(np.float32))


def _windowed(one: LabelledRecord, settings: PreparationSettings) -> LabelledRecord:
    """Return the record cut to the window, with zeros where it does not reach."""
    rate_hz = one.record.sampling_rate_hz
    start_s = _window_start_s(one, settings)
    first, n = round(start_s * rate_hz), round(settings.length_s * rate_hz)
    samples = one.record.acceleration
    n_before = max(-first, 0)
    part = samples[:, max(first, 0) : max(first + n, 0)]
    n_after = n - n_before - part.shape[1]
    if n_before + n_after > settings.max_pad_share * n or part.shape[1] == 0:
        raise DataError(
            f"it covers {part.shape[1] / rate_hz:.1f} s of the window of {settings.length_s:g} s; "
            f"at most {settings.max_pad_share:.0%} may be missing"
        )
    row = dict(one.row)
    for name in ("p_pick_s", "s_pick_s"):
        if np.isfinite(one.number(name)):
            row[name] = one.number(name) - first / rate_hz
    row["pad_before_s"], row["pad_after_s"] = n_before / rate_hz, n_after / rate_hz
    padded = np.pad(part, ((0, 0), (n_before, n_after)))
    start_rel_origin_s = one.record.start_rel_origin_s + first / rate_hz
    return LabelledRecord(one.name, Accelerogram(padded, rate_hz, start_rel_origin_s), row)


def _window_start_s(one: LabelledRecord, settings: PreparationSettings) -> float:
    """Return where the window begins, in seconds after the first sample."""
    if settings.about is WindowStart.origin:
        zero_s = -one.record.start_rel_origin_s
    elif settings.about is WindowStart.p:
        zero_s = p_time_s(one, settings)
    else:
        zero_s = _arrival_s(one, "s_pick_s", settings.s_speed_km_s)
    if not np.isfinite(zero_s):
        raise DataError(f"no time of {settings.about} in it; give picks, or origin times")
    return zero_s - settings.before_s


def _arrival_s(
    one: LabelledRecord, column: str, speed_km_s: float, *, is_first: bool = False
) -> float:
    pick = one.number(column)
    if np.isfinite(pick):
        return pick
    start_s = one.record.start_rel_origin_s
    places = [one.number(name) for name in ("ev_lon", "ev_lat", "sta_lon", "sta_lat")]
    if not np.isfinite([start_s, *places]).all():
        return float("nan")
    epicentral_km = float(geodesic_distance_km(*(np.array([place]) for place in places))[0])
    depth_km = one.number("depth_km")
    depth_km = depth_km if np.isfinite(depth_km) else _UNKNOWN_DEPTH_KM
    distance_km = float(np.hypot(epicentral_km, depth_km))
    travel_s = distance_km / speed_km_s
    if is_first:
        travel_s = min(travel_s, _PN_DELAY_S + distance_km / _PN_KM_S)
    return travel_s - start_s


def differentiated(velocity: NDArray[np.floating], rate_hz: float) -> NDArray[np.float64]:
    """Return acceleration ``(..., n)`` of velocity ``(..., n)``, exact below the Nyquist frequency.

    By Fourier transform; the line from first to last sample is taken off before and its slope
    added after, so that the ends do not make a step.
    """
    values = np.asarray(velocity, dtype=np.float64)
    n = values.shape[-1]
    slope = (values[..., -1:] - values[..., :1]) / max(n - 1, 1)
    level = values - values[..., :1] - slope * np.arange(n)
    angular = 2j * np.pi * np.fft.rfftfreq(n, 1.0 / rate_hz)
    derivative = np.fft.irfft(np.fft.rfft(level) * angular, n)
    return np.asarray(derivative + slope * rate_hz)
