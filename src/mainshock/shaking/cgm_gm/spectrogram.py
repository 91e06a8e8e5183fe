"""Logarithmic spectrograms of CGM-GM, and waveforms made of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.signal.short_time import (
    Window,
    griffin_lim,
    inverse_short_time_fourier,
    short_time_fourier,
)

__all__ = ["FLOOR", "Transform"]

Array = NDArray[np.float32]

FLOOR = 1e-10  # added to amplitudes before their logarithm
_WINDOW_S, _HOP_S = 1.6, 0.46  # 160 and 46 samples at 100 Hz


@dataclass(frozen=True, slots=True)
class Transform:
    """The short-time Fourier transform of records of one rate and length.

    Parameters
    ----------
    n_window, hop
        Samples of a frame and between frames.
    n_samples
        Of a record.
    is_legacy
        No window in the analysis, Hann's in Griffin and Lim's synthesis, as released: made-up
        records come out 0.4 to 0.7 ln units too large. By default both have Hann's.

    Raises
    ------
    SettingsError
        If a frame is longer than a record, or frames do not overlap by half or more.
    """

    n_window: int = 160
    hop: int = 46
    n_samples: int = 6000
    is_legacy: bool = False

    def __post_init__(self) -> None:
        """Check the sizes."""
        if not 2 <= 2 * self.hop <= self.n_window <= self.n_samples:
            raise SettingsError(
                f"frames of {self.n_window} samples every {self.hop} do not fit records of "
                f"{self.n_samples}; frames must overlap by half and be shorter than a record"
            )

    @classmethod
    def of(cls, sampling_rate_hz: float, n_samples: int, *, is_legacy: bool = False) -> "Transform":
        """Return frames of the published lengths in seconds: 1.6 s every 0.46 s.

        At 100 Hz and 6000 samples these are the published 81 frequencies and 131 frames; at 50 Hz
        and 1600 samples 41 and 70.
        """
        half = max(1, round(0.5 * _WINDOW_S * sampling_rate_hz))
        hop = max(1, round(_HOP_S * sampling_rate_hz))
        return cls(2 * half, hop, n_samples, is_legacy=is_legacy)

    @property
    def n_bins(self) -> int:
        """Number of frequencies."""
        return self.n_window // 2 + 1

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return 1 + self.n_samples // self.hop

    @property
    def analysis_window(self) -> Window:
        """Window of the analysis, and of the synthesis where the phase is known."""
        return "rectangular" if self.is_legacy else "hann"

    def analyse(self, waveforms: Array) -> tuple[Array, Array]:
        """Return logarithms (base 10) of amplitudes and phases in radians.

        Parameters
        ----------
        waveforms
            Shape ``(n, n_samples)``.

        Returns
        -------
        logarithms, phase
            Shape ``(n, n_frames, n_bins)``.
        """
        spectra = short_time_fourier(
            waveforms.astype(np.float32), self.n_window, self.hop, self.analysis_window
        )
        return np.log10(np.abs(spectra) + np.float32(FLOOR)), np.angle(spectra)

    def with_phase(self, logarithms: Array, phase: Array) -> Array:
        """Return waveforms of spectrograms whose phase is known, ``(n, n_samples)``."""
        return inverse_short_time_fourier(
            _amplitudes(logarithms) * np.exp(1j * phase).astype(np.complex64),
            self.n_samples,
            self.n_window,
            self.hop,
            self.analysis_window,
        )

    def without_phase(
        self, logarithms: Array, rng: np.random.Generator, n_iterations: int
    ) -> Array:
        """Return waveforms by Griffin and Lim's iterations from random phases."""
        return griffin_lim(
            _amplitudes(logarithms),
            self.n_samples,
            self.n_window,
            self.hop,
            n_iterations=n_iterations,
            rng=rng,
        )


def _amplitudes(logarithms: Array) -> Array:
    powers = np.power(np.float32(10.0), logarithms, dtype=np.float32)
    return np.maximum(powers - np.float32(FLOOR), np.float32(0.0))
