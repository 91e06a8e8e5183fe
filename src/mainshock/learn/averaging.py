"""Exponential moving average of a network's weights."""

import copy

import torch
from torch import nn

__all__ = ["WeightAverage"]


class WeightAverage:
    """Keeps the exponential moving average of a network's parameters and buffers.

    Parameters
    ----------
    network
        The network in training; it is copied, not kept.
    decay
        Share of the old average that stays at each step, 0 to 1, after the first steps.

    Notes
    -----
    The decay of step ``n`` is ``min(decay, (1 + n) / (10 + n))``, so that the random start is
    forgotten soon. Running statistics of normalisation layers are averaged alike; counters are
    copied.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay
        self.n_updates = 0

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the network's present weights."""
        self.n_updates += 1
        decay = min(self.decay, (1.0 + self.n_updates) / (10.0 + self.n_updates))
        present = network.state_dict()
        for name, average in self.network.state_dict().items():
            value = present[name].detach()
            if average.dtype.is_floating_point:
                average.lerp_(value, 1.0 - decay)
            else:
                average.copy_(value)
