"""A small network on the numbers that describe a map: sees whole faults where others see pixels."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mainshock.offfault.base import LARGEST_EFFICIENCY
from mainshock.offfault.losses import nll_mae

__all__ = ["DescriptorNetwork", "train_descriptor_network"]

_LEAST_SD = 0.015
_BATCH, _LEARNING_RATE = 128, 3e-3


class DescriptorNetwork(nn.Module):
    """Takes ``(n, 13)`` descriptors; returns ``(n, 2)``: KE and the logarithm of its sd.

    Parameters
    ----------
    mean, sd
        Of the descriptors it is trained on, ``(13,)``.
    """

    mean: torch.Tensor
    sd: torch.Tensor

    def __init__(self, mean: torch.Tensor, sd: torch.Tensor, width: int = 96) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("sd", sd)
        self.layers = nn.Sequential(
            nn.Linear(mean.numel(), width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, 2),
        )

    def forward(self, descriptors: torch.Tensor) -> torch.Tensor:
        """Return KE, 0 to 1.05, and the natural logarithm of its standard deviation."""
        raw = self.layers((descriptors - self.mean) / self.sd)
        ke = LARGEST_EFFICIENCY * torch.sigmoid(raw[:, :1])
        return torch.cat([ke, torch.log(nn.functional.softplus(raw[:, 1:] - 2.0) + _LEAST_SD)], 1)


def train_descriptor_network(
    descriptors: NDArray[np.float64],
    ke: NDArray[np.float64],
    sd: NDArray[np.float64],
    *,
    seed: int,
    epochs: int = 40,
) -> DescriptorNetwork:
    """Return a network fitted to descriptors, ``(n, 13)``, and labels with their spread, ``(n,)``.

    Twenty seconds for twenty thousand windows.
    """
    torch.manual_seed(seed)
    inputs = torch.tensor(descriptors, dtype=torch.float32)
    labels = [torch.tensor(one, dtype=torch.float32) for one in (ke, sd)]
    network = DescriptorNetwork(inputs.mean(dim=0), inputs.std(dim=0) + 1e-6)
    steps = max(1, len(inputs) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), _LEARNING_RATE, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _LEARNING_RATE, total_steps=epochs * steps
    )
    for _ in range(epochs):
        order = torch.randperm(len(inputs))
        for rows in torch.chunk(order, steps):
            loss = nll_mae(network(inputs[rows]), *(one[rows] for one in labels))
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch's types do not know of it
            optimiser.step()
            schedule.step()
    return network.eval()
