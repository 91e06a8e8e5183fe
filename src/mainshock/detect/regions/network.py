"""The networks of the region classifier: arrivals, regions from measurements, and ConvNetQuake.

References
----------
Perol, Gharbi & Denolle (2018), https://doi.org/10.1126/sciadv.1700578
"""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

__all__ = ["ArrivalNetwork", "ConvNetQuake", "Probabilities", "RegionHead", "original_loss"]

_WIDTH = 32
_LAYERS = 8
_CONV_PENALTY = 1e-3
_HIDDEN = 48
_MEMBERS = 5


class ConvNetQuake(nn.Module):
    """The published network: eight strided convolutions and one linear layer.

    Parameters
    ----------
    n_clusters
        Number of regions K; the output has K + 1 logits, noise first.

    Notes
    -----
    Input of shape ``(batch, 3, 1001)``, 10 s at 100 Hz. Each convolution has 32 channels, three
    taps and stride 2, padded so that n samples become ceil(n / 2) with the surplus zero at the
    end; 1001 samples become 4. With K = 6 there are 22,951 parameters.
    """

    def __init__(self, n_clusters: int) -> None:
        super().__init__()
        channels = [3] + [_WIDTH] * _LAYERS
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, 3, stride=2) for before, after in pairwise(channels)
        )
        self.linear = nn.Linear(4 * _WIDTH, n_clusters + 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv1d) and layer.bias is not None:
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Return logits, shape ``(batch, K + 1)``."""
        for layer in self.convolutions:
            before = int(window.shape[-1]) % 2  # an odd length is padded on both sides
            window = torch.relu(layer(functional.pad(window, (before, 1))))
        return self.linear(window.flatten(1))  # type: ignore[no-any-return]


def original_loss(network: nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """Return cross-entropy plus half of 1e-3 times the squared weights of the convolutions."""
    windows, labels = batch
    squares = [
        (layer.weight**2).sum() for layer in network.modules() if isinstance(layer, nn.Conv1d)
    ]
    penalty = 0.5 * _CONV_PENALTY * torch.stack(squares).sum()
    return functional.cross_entropy(network(windows), labels) + penalty


class Probabilities(nn.Module):
    """A network with softmax outputs over its channels, as it is exported."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Return probabilities of the same shape as the logits."""
        return torch.softmax(self.network(window), dim=1)


class _Block(nn.Sequential):
    def __init__(self, before: int, after: int, taps: int, stride: int = 1, gap: int = 1) -> None:
        pad = (taps // 2) * gap
        super().__init__(
            nn.Conv1d(before, after, taps, stride, pad, gap), nn.BatchNorm1d(after), nn.ReLU()
        )


class ArrivalNetwork(nn.Module):
    """Curves of P, S and neither: a strided trunk as in ConvNetQuake, and its way back.

    Parameters
    ----------
    channels
        Width at each halving of the rate.

    Notes
    -----
    Input ``(batch, 3, n)``, output logits ``(batch, 3, n)``. All layers are convolutions: where
    in the window P lies makes no difference, so that the time since the origin, which sample 0
    of a cut record gives away, cannot be read.
    """

    def __init__(self, channels: tuple[int, ...] = (16, 24, 32, 48, 64)) -> None:
        super().__init__()
        pairs = list(pairwise(channels))
        deepest = channels[-1]
        self.entry = _Block(3, channels[0], 7)
        self.down = nn.ModuleList(_Block(before, after, 7, 2) for before, after in pairs)
        self.middle = nn.Sequential(*(_Block(deepest, deepest, 5, gap=gap) for gap in (1, 2, 4)))
        self.up = nn.ModuleList(
            _Block(after + before, before, 5) for before, after in reversed(pairs)
        )
        self.exit = nn.Conv1d(channels[0], 3, 1)

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """Return logits of P, S and neither at each sample."""
        x = self.entry(window)
        kept = []
        for layer in self.down:
            kept.append(x)
            x = layer(x)
        x = x + self.middle(x)
        for layer in self.up:
            beside = kept.pop()
            wide = x.repeat_interleave(2, dim=-1)[..., : beside.shape[-1]]
            x = layer(torch.cat([beside, wide], dim=1))
        return self.exit(x)  # type: ignore[no-any-return]


class RegionHead(nn.Module):
    """Logits of the regions from the measurements of a window: the mean of five small networks.

    Parameters
    ----------
    centre, scale
        Mean and standard deviation of the measurements in training, shape ``(n_features,)``.
    seen
        1 for the measurements it may use, else 0.
    n_clusters
        Number of regions.
    """

    centre: torch.Tensor
    factor: torch.Tensor

    def __init__(
        self, centre: torch.Tensor, scale: torch.Tensor, seen: torch.Tensor, n_clusters: int
    ) -> None:
        super().__init__()
        self.register_buffer("centre", centre)
        self.register_buffer("factor", seen / scale)
        self.members = nn.ModuleList(
            nn.Sequential(
                nn.Linear(len(centre), _HIDDEN),
                nn.SiLU(),
                nn.Linear(_HIDDEN, _HIDDEN),
                nn.SiLU(),
                nn.Linear(_HIDDEN, n_clusters),
            )
            for _ in range(_MEMBERS)
        )

    def forward(self, measured: torch.Tensor) -> torch.Tensor:
        """Return the mean logits of the members, shape ``(batch, n_clusters)``."""
        scaled = (measured - self.centre) * self.factor
        return torch.stack([member(scaled) for member in self.members]).mean(dim=0)

    def member_loss(self, measured: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
        """Return the sum over the members of their mean cross-entropy.

        Parameters
        ----------
        measured
            A batch for each member, shape ``(n_members, batch, n_features)``.
        wanted
            Regions, shape ``(n_members, batch)``.
        """
        scaled = (measured - self.centre) * self.factor
        losses = [
            functional.cross_entropy(member(rows), labels)
            for member, rows, labels in zip(self.members, scaled, wanted, strict=True)
        ]
        return torch.stack(losses).sum()
