"""Butterworth band-pass filters, as SciPy makes and runs them.

``scipy.signal`` does the same, and loads its statistics, splines and optimisers with it: 50 MB
that a process which runs for months would hold. The tests compare the two.
"""

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["band_sections", "run_forward", "run_zero_phase"]

FloatArray = NDArray[np.float64]


def band_sections(order: int, low_hz: float, high_hz: float, rate_hz: float) -> FloatArray:
    """Return a digital Butterworth band-pass as second-order sections, shape ``(order, 6)``.

    Parameters
    ----------
    order
        Of the low-pass that it is made from; the band-pass has twice as many poles.
    low_hz, high_hz
        Corners, where the amplitude falls to 0.71; ``0 < low_hz < high_hz < rate_hz / 2``.
    rate_hz
        Samples a second.

    Returns
    -------
    ndarray
        Rows ``b0 b1 b2 1 a1 a2``, those with poles far from the unit circle first; the gain is in
        the first row.

    Notes
    -----
    The bilinear transform with corners warped beforehand: Oppenheim and Schafer (2010),
    Discrete-Time Signal Processing, section 7.2.
    """
    low, high = 2.0 * np.tan(np.pi * np.array([low_hz, high_hz]) / rate_hz)
    angles = np.pi * (2.0 * np.arange(order) + order + 1.0) / (2.0 * order)
    halves: NDArray[np.complex128] = 0.5 * (high - low) * np.exp(1j * angles)
    roots = np.sqrt(halves**2 - low * high)
    analogue = np.concatenate([halves + roots, halves - roots])
    poles = (2.0 + analogue) / (2.0 - analogue)
    gain = (high - low) ** order * np.real(2.0**order / np.prod(2.0 - analogue))
    sections = np.zeros((order, 6))
    sections[:, 0], sections[:, 2], sections[:, 3] = 1.0, -1.0, 1.0
    for row, (first, second) in enumerate(_pairs(poles.astype(np.complex128))):
        sections[row, 4] = -np.real(first + second)
        sections[row, 5] = np.real(first * second)
    sections[0, :3] *= gain
    return sections


def _pairs(poles: NDArray[np.complex128]) -> list[tuple[complex, complex]]:
    """Return poles two by two, each with its conjugate, those far from the unit circle first."""
    is_real = np.abs(poles.imag) < 1e-12
    upper = [complex(pole) for pole in poles[~is_real & (poles.imag > 0.0)]]
    real = np.sort(poles.real[is_real])
    pairs = [(pole, pole.conjugate()) for pole in upper]
    pairs += [(complex(one), complex(two)) for one, two in real.reshape(-1, 2)]
    return sorted(pairs, key=lambda pair: max(abs(pair[0]), abs(pair[1])))


def run_forward(sections: FloatArray, samples: FloatArray) -> FloatArray:
    """Return samples ``(..., n)`` filtered from first to last.

    The filter begins in the steady state of the first sample, so an offset makes no step.
    """
    channels = np.ascontiguousarray(samples, dtype=np.float64).reshape(-1, samples.shape[-1])
    filtered = channels.copy()
    _run(sections, _steady_state(sections), filtered)
    return filtered.reshape(samples.shape)


def run_zero_phase(sections: FloatArray, samples: FloatArray, n_pad: int) -> FloatArray:
    """Return samples ``(..., n)`` filtered forward and backward.

    Before and after them ``n_pad < n`` samples are added, mirrored in the first and last one.
    """
    if n_pad > 0:
        first, last = samples[..., :1], samples[..., -1:]
        before = 2.0 * first - samples[..., n_pad:0:-1]
        after = 2.0 * last - samples[..., -2 : -n_pad - 2 : -1]
        samples = np.concatenate([before, samples, after], axis=-1)
    backward = run_forward(sections, run_forward(sections, samples)[..., ::-1])[..., ::-1]
    return np.ascontiguousarray(backward[..., n_pad : backward.shape[-1] - n_pad])


def _steady_state(sections: FloatArray) -> FloatArray:
    """Return what each section holds, shape ``(n_sections, 2)``, after endless ones."""
    state = np.zeros((len(sections), 2))
    level = 1.0
    for row, (b0, b1, b2, _, a1, a2) in enumerate(sections):
        after = level * (b0 + b1 + b2) / (1.0 + a1 + a2)
        state[row] = after - b0 * level, b2 * level - a2 * after
        level = after
    return state


@compiled
def _run(sections: FloatArray, steady: FloatArray, channels: FloatArray) -> None:
    """Filter channels ``(n_channels, n)`` in place (direct form II, transposed)."""
    n_sections = sections.shape[0]
    state = np.empty((n_sections, 2))
    for channel in range(channels.shape[0]):
        for row in range(n_sections):
            state[row, 0] = steady[row, 0] * channels[channel, 0]
            state[row, 1] = steady[row, 1] * channels[channel, 0]
        for n in range(channels.shape[1]):
            value = channels[channel, n]
            for row in range(n_sections):
                after = sections[row, 0] * value + state[row, 0]
                state[row, 0] = sections[row, 1] * value - sections[row, 4] * after + state[row, 1]
                state[row, 1] = sections[row, 2] * value - sections[row, 5] * after
                value = after
            channels[channel, n] = value
