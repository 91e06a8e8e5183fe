"""Joins trained networks to one that returns what each of them says, for export."""

from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["Ensemble"]


class Ensemble(nn.Module):
    """Networks side by side, each asked of a map and of its mirror image.

    Takes ``(n, 1, 128, 64)`` and returns ``(n, 2 * n_networks, 2)``. Mirrored along strike, a
    left-stepping fault becomes a right-stepping one, of the same efficiency.
    """

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return KE and the logarithm of its standard deviation of each network and image."""
        mirrored = torch.flip(maps, dims=(3,))
        said = [one(image) for one in self.networks for image in (maps, mirrored)]
        return torch.stack(said, dim=1)
