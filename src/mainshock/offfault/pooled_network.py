"""The default network: slip along the window, column by column, and how it is distributed.

Kinematic efficiency is the median along strike of the slip on faults. The network is built alike:
convolutions, a pooling over rows (so that it does not matter where across strike a fault lies), a
share of slip for each pair of columns that is nothing where no fault is, and from the ranked
shares, and from what else the columns show, the efficiency.
"""

import torch
from torch import nn

from mainshock.offfault.base import LARGEST_EFFICIENCY

__all__ = ["PooledNetwork"]

_LEAST_SD = 0.015


class PooledNetwork(nn.Module):
    """Estimates efficiency and its standard deviation from lines 3 pixels thick.

    Takes ``(n, 1, 128, 64)``, 0 or 1; returns ``(n, 2)``: KE, 0 to 1.05, and the natural
    logarithm of its standard deviation.
    """

    line_px = 3  # thickness at which lines are drawn anew before this network sees them

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        wide = width + width // 2
        # rows are pooled again and again, columns stay in pairs
        self.seen = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
            nn.Conv2d(width, wide, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d((2, 1)),
            nn.Conv2d(wide, wide, 3, padding=1),
            nn.ReLU(),
        )
        self.along = nn.Sequential(
            nn.Conv1d(2 * wide + 2, 32, 5, padding=2, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv1d(32, 32, 5, padding=4, dilation=2, padding_mode="replicate"),
            nn.ReLU(),
        )
        self.slip = nn.Conv1d(32, 1, 1)
        self.sum_up = nn.Sequential(nn.Linear(72, 32), nn.ReLU(), nn.Linear(32, 2))
        # a third less time on processors; torch's types do not know of it
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def slip_along(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return slip for each pair of columns, ``(n, 32)``, and features of the columns."""
        fault = nn.functional.max_pool2d(maps, (128, 1)).squeeze(2)
        covered = nn.functional.avg_pool1d(fault, 2)
        area = nn.functional.avg_pool1d(maps.sum(dim=2), 2) / 9.0
        seen = self.seen(maps)
        columns = torch.cat([seen.amax(dim=2), seen.sum(dim=2) / 4.0, covered, area], dim=1)
        features = self.along(columns)
        slip = LARGEST_EFFICIENCY * torch.sigmoid(self.slip(features)) * covered
        return slip.squeeze(1), features

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return efficiency and the logarithm of its standard deviation."""
        slip, features = self.slip_along(maps)
        ranked = torch.topk(slip, slip.shape[1], dim=1).values
        # every fourth rank of 32: the median lies between two of the middle
        parts = [features.mean(dim=2), features.amax(dim=2), ranked[:, 2::4]]
        found = self.sum_up(torch.cat(parts, dim=1))
        efficiency = LARGEST_EFFICIENCY * torch.sigmoid(found[:, :1])
        spread = nn.functional.softplus(found[:, 1:]) * 0.1 + _LEAST_SD
        return torch.cat([efficiency, torch.log(spread)], dim=1)
