"""The three losses of CGM-GM: of spectrograms, of hidden values and of waveforms."""

from dataclasses import dataclass

import torch

from mainshock.shaking.cgm_gm.network import Encoded

__all__ = ["WaveformLoss", "divergence", "squared_error"]

_LN10 = 2.302585092994046


def squared_error(found: torch.Tensor, expected: torch.Tensor) -> torch.Tensor:
    """Return the sum of squared differences, by the number of rows."""
    return (found - expected).square().sum() / len(found)


def divergence(encoded: Encoded) -> torch.Tensor:
    """Return Kullback and Leibler's divergence of the posterior from the prior, in nats a row.

    Summed over frames and hidden values; it alone trains the prior.
    """
    _, mean, log_variance, prior_mean, prior_log_variance = encoded
    distance = ((mean - prior_mean).square() + log_variance.exp()) / prior_log_variance.exp()
    terms = prior_log_variance - log_variance + distance - 1.0
    return 0.5 * terms.sum() / len(mean)


@dataclass(frozen=True, slots=True, eq=False)
class WaveformLoss:
    """Squared error of waveforms that are made of a spectrogram with the phase of the record.

    Parameters
    ----------
    low, high
        Logarithms (base 10) of amplitude that were scaled to 0 and 1.
    floor
        Added to amplitudes before their logarithm.
    window
        Of the short-time transform, shape ``(n_window,)``.
    hop
        Samples between frames.
    n_samples
        Of a waveform.
    is_legacy
        Let amplitudes exceed the largest of training, as released: in the first epochs one bin
        that overshoots by a little then outweighs all the rest by powers of ten. By default
        they are cut there.
    """

    low: float
    high: float
    floor: float
    window: torch.Tensor
    hop: int
    n_samples: int
    is_legacy: bool = False

    def __call__(
        self, reconstruction: torch.Tensor, phase: torch.Tensor, waveforms: torch.Tensor
    ) -> torch.Tensor:
        """Return the loss.

        Parameters
        ----------
        reconstruction
            Scaled logarithms, shape ``(n, n_frames, n_bins)``.
        phase
            Of the records, radians, same shape.
        waveforms
            The records, shape ``(n, n_samples)``.
        """
        if not self.is_legacy:
            reconstruction = reconstruction.clamp(max=1.0)
        logarithm = self.low + reconstruction * (self.high - self.low)
        amplitude = (logarithm * _LN10).exp() - self.floor
        spectrum = torch.polar(amplitude, phase).transpose(1, 2)
        found = torch.istft(
            spectrum, len(self.window), self.hop, window=self.window, length=self.n_samples
        )
        return squared_error(found, waveforms)
