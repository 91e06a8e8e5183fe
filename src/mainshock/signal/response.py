"""Removes the instrument and puts a Wood-Anderson seismometer in its place.

References
----------
Bormann (ed.), New Manual of Seismological Observatory Practice,
https://doi.org/10.2312/GFZ.NMSOP-2; Uhrhammer and Collins (1990),
https://doi.org/10.1785/BSSA0800030702 (static magnification 2080).
"""

import numpy as np
from numpy.typing import NDArray
from obspy import Inventory, Trace, UTCDateTime

from mainshock.core.errors import DataError
from mainshock.core.records import COMPONENTS, Waveform

__all__ = ["WOOD_ANDERSON_GAIN", "wood_anderson_displacement_nm"]

WOOD_ANDERSON_GAIN = 2080.0
_WOOD_ANDERSON_POLES = np.array([-5.49779 - 5.60886j, -5.49779 + 5.60886j])  # 0.8 s, damping 0.7
_LOW_HZ = 0.5  # below, ground noise of broadband and drift of short-period sensors rule
FloatArray = NDArray[np.float64]


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
    shaped = np.full((2, waveform.n_samples), np.nan)
    for row, component in enumerate(COMPONENTS[1:]):
        if waveform.has_component[row + 1]:
            response = _counts_per_metre(waveform, component, inventory)
            shaped[row] = 1e9 * _through_wood_anderson(
                waveform.samples[row + 1].astype(np.float64), waveform.sampling_rate_hz, response
            )
    return shaped


def _counts_per_metre(
    waveform: Waveform, component: str, inventory: Inventory
) -> NDArray[np.complex128]:
    """Return the response to displacement at each frequency of the padded record."""
    names = {component, {"N": "1", "E": "2"}[component]}
    time = UTCDateTime(waveform.start.replace(tzinfo=None))
    for letter in sorted(names, reverse=True):
        channel = f"{waveform.instrument}{letter}"
        header = {
            "network": waveform.network,
            "station": waveform.station,
            "location": waveform.location,
            "channel": channel,
            "starttime": time,
        }
        try:
            response = inventory.get_response(Trace(header=header).id, time)
        except Exception as error:  # noqa: BLE001 - ObsPy raises a bare Exception when none fits
            reason = str(error)
            continue
        frequencies = np.fft.rfftfreq(_padded(waveform.n_samples), 1.0 / waveform.sampling_rate_hz)
        return np.asarray(
            response.get_evalresp_response_for_frequencies(frequencies, output="DISP"),
            dtype=np.complex128,
        )
    raise DataError(f"no response for component {component} of {waveform.trace_id}: {reason}")


def _padded(n_samples: int) -> int:
    return 1 << (2 * n_samples - 1).bit_length()


def _through_wood_anderson(
    counts: FloatArray, rate_hz: float, response: NDArray[np.complex128]
) -> FloatArray:
    n_taper = max(1, counts.size // 20)
    taper = np.ones(counts.size)
    ramp = 0.5 * (1.0 - np.cos(np.pi * np.arange(n_taper) / n_taper))
    taper[:n_taper], taper[-n_taper:] = ramp, ramp[::-1]
    n_padded = _padded(counts.size)
    spectrum = np.fft.rfft((counts - counts.mean()) * taper, n_padded)
    frequency = np.fft.rfftfreq(n_padded, 1.0 / rate_hz)
    s = 2j * np.pi * frequency
    first, second = _WOOD_ANDERSON_POLES
    instrument = s**2 / ((s - first) * (s - second))
    usable = (np.abs(response) > 0.0) & (frequency > 0.0)
    wanted = np.where(usable, instrument / np.where(usable, response, 1.0), 0.0)
    passed = _band(np.asarray(frequency, dtype=np.float64), rate_hz)
    return np.asarray(np.fft.irfft(spectrum * wanted * passed, n_padded)[: counts.size])


def _band(frequency: FloatArray, rate_hz: float) -> FloatArray:
    """Return a cosine-edged pass band from 0.5 Hz to 0.45 times the rate."""
    top = 0.45 * rate_hz
    rise = np.clip((frequency - 0.5 * _LOW_HZ) / (0.5 * _LOW_HZ), 0.0, 1.0)
    fall = np.clip((1.1 * top - frequency) / (0.1 * top), 0.0, 1.0)
    return np.asarray(0.25 * (1.0 - np.cos(np.pi * rise)) * (1.0 - np.cos(np.pi * fall)))
