"""Removes the instrument: ground motion, and displacement as a Wood-Anderson shows it.

References
----------
Bormann (ed.), New Manual of Seismological Observatory Practice,
https://doi.org/10.2312/GFZ.NMSOP-2; Uhrhammer and Collins (1990),
https://doi.org/10.1785/BSSA0800030702 (static magnification 2080).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, Trace, UTCDateTime

from mainshock.core.errors import DataError
from mainshock.core.late_packages import import_late
from mainshock.core.records import COMPONENTS, Waveform
from mainshock.signal.spectrum import cosine_taper

__all__ = [
    "WOOD_ANDERSON_GAIN",
    "ground_acceleration_m_s2",
    "ground_velocity_m_s",
    "wood_anderson_displacement_nm",
]

WOOD_ANDERSON_GAIN = 2080.0
_WOOD_ANDERSON_POLES = np.array([-5.49779 - 5.60886j, -5.49779 + 5.60886j])  # 0.8 s, damping 0.7
for _package in ("obspy.signal", "scipy.interpolate"):
    import_late(_package)  # ObsPy imports them to evaluate a response, and needs little of them

_LETTERS = {"Z": "Z3", "N": "N1", "E": "E2"}
_LOW_HZ = 0.5  # below, ground noise of broadband and drift of short-period sensors rule
FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


def wood_anderson_displacement_nm(waveform: Waveform, inventory: Inventory) -> FloatArray:
    """Return ground displacement in nm as a Wood-Anderson seismometer of gain 1 shows it.

    Parameters
    ----------
    waveform
        Record in digitiser counts.
    inventory
        ObsPy inventory with the response of the channels.

    Returns
    -------
    numpy.ndarray
        Shape ``(2, n_samples)``, the horizontals N and E; a component without data is NaN.

    Raises
    ------
    DataError
        If the inventory holds no response for the horizontals at that time.

    Notes
    -----
    The record is demeaned, its ends tapered by 5 %, its response removed to displacement above
    0.5 Hz and below 0.45 times the sampling rate, and the Wood-Anderson transfer function
    ``s^2 / ((s - p1)(s - p2))`` applied in the same step in the frequency domain.
    """
    frequency_hz = _frequencies(waveform)
    s = 2j * np.pi * frequency_hz
    first, second = _WOOD_ANDERSON_POLES
    wanted = s**2 / ((s - first) * (s - second)) * _band(frequency_hz, waveform, _LOW_HZ)
    return 1e9 * _reshaped(waveform, inventory, wanted, "DISP", COMPONENTS[1:])


def ground_velocity_m_s(
    waveform: Waveform, inventory: Inventory, low_hz: float = 0.2
) -> FloatArray:
    """Return ground velocity in m/s, the response removed above a frequency.

    Parameters
    ----------
    waveform
        Record in digitiser counts.
    inventory
        ObsPy inventory with the response of the channels.
    low_hz
        Lower end of the band; between half of it and itself the gain rises to 1. The upper end
        is 0.45 times the sampling rate.

    Returns
    -------
    numpy.ndarray
        Shape ``(3, n_samples)``, components Z, N, E; a component without data is NaN.

    Raises
    ------
    DataError
        If the inventory holds no response for a component at that time.
    """
    wanted = _band(_frequencies(waveform), waveform, low_hz).astype(np.complex128)
    return _reshaped(waveform, inventory, wanted, "VEL", COMPONENTS)


def ground_acceleration_m_s2(
    waveform: Waveform, inventory: Inventory, low_hz: float = 0.2
) -> FloatArray:
    """Return ground acceleration in m/s^2, the response removed above a frequency.

    As :func:`ground_velocity_m_s` in all else; a seismometer's record is differentiated in the
    same step.

    Raises
    ------
    DataError
        If the inventory holds no response for a component at that time.
    """
    wanted = _band(_frequencies(waveform), waveform, low_hz).astype(np.complex128)
    return _reshaped(waveform, inventory, wanted, "ACC", COMPONENTS)


def _reshaped(
    waveform: Waveform,
    inventory: Inventory,
    wanted: ComplexArray,
    output: Literal["ACC", "DISP", "VEL"],
    components: tuple[str, ...],
) -> FloatArray:
    """Return the components with the wanted transfer function in place of the instrument's."""
    n_samples, n_padded = waveform.n_samples, _padded(waveform.n_samples)
    taper = cosine_taper(n_samples)
    shaped = np.full((len(components), n_samples), np.nan)
    for row, component in enumerate(components):
        number = COMPONENTS.index(component)
        if not waveform.has_component[number]:
            continue
        response = _response(waveform, component, inventory, output)
        is_usable = (np.abs(response) > 0.0) & (np.arange(response.size) > 0)
        transfer = np.where(is_usable, wanted / np.where(is_usable, response, 1.0), 0.0)
        counts = waveform.samples[number].astype(np.float64)
        spectrum = np.fft.rfft((counts - counts.mean()) * taper, n_padded)
        shaped[row] = np.fft.irfft(spectrum * transfer, n_padded)[:n_samples]
    return shaped


def _response(
    waveform: Waveform, component: str, inventory: Inventory, output: Literal["ACC", "DISP", "VEL"]
) -> ComplexArray:
    """Return counts per metre (or per metre a second) at each frequency of the padded record."""
    label = f"component {component} of {waveform.trace_id}"
    time = UTCDateTime(waveform.start.replace(tzinfo=None))
    reason = ""
    for letter in _LETTERS[component]:
        header = {
            "network": waveform.network,
            "station": waveform.station,
            "location": waveform.location,
            "channel": f"{waveform.instrument}{letter}",
            "starttime": time,
        }
        try:
            response = inventory.get_response(Trace(header=header).id, time)
        except Exception as error:  # noqa: BLE001 - ObsPy raises a bare Exception when none fits
            reason = reason or str(error)
            continue
        if response is None or not response.response_stages:
            reason = "its metadata holds no response stages; fetch StationXML of level response"
            continue
        try:
            gain = response.get_evalresp_response_for_frequencies(
                _frequencies(waveform), output=output
            )
        except Exception as error:
            raise DataError(f"the response of {label} cannot be evaluated: {error}") from error
        return np.asarray(gain, dtype=np.complex128)
    raise DataError(f"no response for {label}: {reason}")


def _padded(n_samples: int) -> int:
    return 1 << (2 * n_samples - 1).bit_length()


def _frequencies(waveform: Waveform) -> FloatArray:
    """Return the frequencies of the padded record in Hz."""
    n_padded = _padded(waveform.n_samples)
    return np.asarray(np.fft.rfftfreq(n_padded, 1.0 / waveform.sampling_rate_hz), dtype=np.float64)


def _band(frequency_hz: FloatArray, waveform: Waveform, low_hz: float) -> FloatArray:
    """Return a cosine-edged pass band from ``low_hz`` to 0.45 times the rate."""
    top = 0.45 * waveform.sampling_rate_hz
    rise = np.clip((frequency_hz - 0.5 * low_hz) / (0.5 * low_hz), 0.0, 1.0)
    fall = np.clip((1.1 * top - frequency_hz) / (0.1 * top), 0.0, 1.0)
    return np.asarray(0.25 * (1.0 - np.cos(np.pi * rise)) * (1.0 - np.cos(np.pi * fall)))
