"""The network of CGM-GM: a dynamic variational autoencoder with a recurrent prior.

References
----------
Ren, Nakata, Lacour, Naylet, Erichson and Mahoney (2024), Learning physics for unveiling hidden
earthquake ground motions via conditional generative modeling, arXiv:2407.15089.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import nn

__all__ = ["CgmNetwork", "Encoded", "NetworkShape"]

_EMBEDDING = 32
_ENCODER = 128
_HEAD = 64
_DECODER = 128


@dataclass(frozen=True, slots=True)
class NetworkShape:
    """Sizes of a network.

    Parameters
    ----------
    n_bins
        Frequencies of a frame.
    n_conditions
        Values that describe source and site.
    n_latent
        Hidden values of a frame.
    n_prior
        Memory of the prior.
    n_embedded
        Values that conditions are made into.
    """

    n_bins: int = 81
    n_conditions: int = 6
    n_latent: int = 32
    n_prior: int = 32
    n_embedded: int = 16


class Encoded(NamedTuple):
    """What a pass gives, each of shape ``(n, n_frames, n_bins or n_latent)``."""

    reconstruction: torch.Tensor
    mean: torch.Tensor
    log_variance: torch.Tensor
    prior_mean: torch.Tensor
    prior_log_variance: torch.Tensor


class CgmNetwork(nn.Module):
    """Encoder, recurrent prior and decoder of scaled logarithmic spectrograms.

    Parameters
    ----------
    shape
        Sizes of the layers.
    is_legacy
        Draw hidden values with the released standard deviation 0.5 exp(log variance); by default
        it is exp(0.5 log variance), which agrees with the divergence that is trained.
    """

    def __init__(self, shape: NetworkShape, *, is_legacy: bool = False) -> None:
        super().__init__()
        self.shape = shape
        self.is_legacy = is_legacy
        wide = _ENCODER + shape.n_embedded
        self.condition = nn.Sequential(
            nn.Linear(shape.n_conditions, _EMBEDDING),
            nn.ReLU(),
            nn.Linear(_EMBEDDING, _EMBEDDING),
            nn.ReLU(),
            nn.Linear(_EMBEDDING, shape.n_embedded),
            nn.ReLU(),
        )
        self.encoder = nn.GRU(shape.n_bins + shape.n_embedded, wide, batch_first=True)
        self.norm = nn.BatchNorm1d(wide)
        self.mean = _two_layers(wide, _HEAD, shape.n_latent)
        self.log_variance = _two_layers(wide, _HEAD, shape.n_latent)
        self.prior_cell = nn.GRUCell(shape.n_latent + shape.n_embedded, shape.n_prior)
        self.prior_mean = nn.Linear(shape.n_prior, shape.n_latent)
        self.prior_log_variance = nn.Linear(shape.n_prior, shape.n_latent)
        self.decoder = nn.Sequential(
            nn.Linear(shape.n_latent + shape.n_embedded, _DECODER),
            nn.ReLU(),
            *_two_layers(_DECODER, _DECODER, shape.n_bins),
        )

    def forward(self, spectrograms: torch.Tensor, conditions: torch.Tensor) -> Encoded:
        """Return reconstructions with the distributions of their hidden values.

        Parameters
        ----------
        spectrograms
            Scaled logarithms, shape ``(n, n_frames, n_bins)``.
        conditions
            Scaled, shape ``(n, n_conditions)``.
        """
        n_frames = spectrograms.shape[1]
        embedded = self.condition(conditions)
        repeated = embedded[:, None].expand(-1, n_frames, -1)
        states, _ = self.encoder(torch.cat([spectrograms, repeated], dim=2))
        states = self.norm(states.transpose(1, 2)).transpose(1, 2)
        mean, log_variance = self.mean(states), self.log_variance(states)
        latent = self._drawn(mean, log_variance)
        reconstruction = self.decoder(torch.cat([latent, repeated], dim=2))
        _, prior_mean, prior_log_variance = self._prior(embedded, n_frames)
        return Encoded(reconstruction, mean, log_variance, prior_mean, prior_log_variance)

    def sample(self, conditions: torch.Tensor, n_frames: int) -> torch.Tensor:
        """Return one scaled spectrogram for each row of conditions, from the prior alone."""
        embedded = self.condition(conditions)
        latent, _, _ = self._prior(embedded, n_frames)
        repeated = embedded[:, None].expand(-1, n_frames, -1)
        decoded: torch.Tensor = self.decoder(torch.cat([latent, repeated], dim=2))
        return decoded

    def _prior(
        self, embedded: torch.Tensor, n_frames: int
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return hidden values and their distribution; each frame's goes into the next one's."""
        latent = torch.randn(len(embedded), self.shape.n_latent)
        state = torch.zeros(len(embedded), self.shape.n_prior)
        frames = []
        for _ in range(n_frames):
            state = self.prior_cell(torch.cat([latent, embedded], dim=1), state)
            mean, log_variance = self.prior_mean(state), self.prior_log_variance(state)
            latent = self._drawn(mean, log_variance)
            frames.append((latent, mean, log_variance))
        drawn, means, log_variances = (torch.stack(one, dim=1) for one in zip(*frames, strict=True))
        return drawn, means, log_variances

    def _drawn(self, mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        sd = 0.5 * log_variance.exp() if self.is_legacy else (0.5 * log_variance).exp()
        return mean + sd * torch.randn_like(mean)


def _two_layers(n_in: int, n_hidden: int, n_out: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(n_in, n_hidden), nn.ReLU(), nn.Linear(n_hidden, n_out))
