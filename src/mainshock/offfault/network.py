"""The published network of kinematic efficiency: two blocks of convolutions and a dense layer.

Its first dense layer weighs every place of the map on its own, so it is bound to position by
design; ``pooled`` is the network that is not.

References
----------
Chaipornkaew, Elston, Cooke, Mukerji and Graham (2022), Geophysical Research Letters.
"""

import torch
from torch import nn

from mainshock.core.errors import SettingsError
from mainshock.offfault.base import COLUMNS, ROWS

__all__ = ["KENet"]

_BATCH_NORM_EPS = 1e-3
_BATCH_NORM_MOMENTUM = 0.2  # of the new batch; Keras counts the old average: 0.8
_DROPOUT = 0.2
_FIRST_EFFICIENCY = 0.5


class KENet(nn.Module):
    """Returns kinematic efficiency, shape ``(n, 1)``, of fault maps ``(n, 1, 128, 64)``.

    Parameters
    ----------
    n_channels
        Channels of the first block; the second and the dense layer have twice as many. 4 is the
        network of the clay experiments, 33 933 parameters; 1 that of the sand, 2 151. Both counts
        are as Keras has them, with the moving statistics.

    Notes
    -----
    No activation stands between the two convolutions of a block, and the output is not bounded
    above. Weights start as Keras starts them, by Glorot's uniform distribution, and biases at 0;
    only the last starts at 0.5, since a network whose every output is below 0 would never learn.
    """

    def __init__(self, n_channels: int = 4) -> None:
        super().__init__()
        if n_channels < 1:
            raise SettingsError(f"{n_channels} channels given; give at least 1, the usual 4")
        wide = 2 * n_channels
        self.features = nn.Sequential(*_block(1, n_channels), *_block(n_channels, wide))
        self.dense = nn.Linear((ROWS // 4) * (COLUMNS // 4) * wide, wide)
        self.dropout = nn.Dropout(_DROPOUT)
        self.norm = _batch_norm(nn.BatchNorm1d, wide)
        self.head = nn.Linear(wide, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)  # type: ignore[arg-type]  # all have one
        nn.init.constant_(self.head.bias, _FIRST_EFFICIENCY)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Return the efficiency of maps, 1 where a fault is active."""
        features = self.features(maps)
        flat = features.permute(0, 2, 3, 1).flatten(1)  # by row, column, channel, as in Keras
        return torch.relu(self.head(self.norm(self.dropout(self.dense(flat)))))


def _block(n_in: int, n_out: int) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, 3, padding=1),
        nn.Conv2d(n_out, n_out, 3, padding=2, dilation=2),
        _batch_norm(nn.BatchNorm2d, n_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    ]


def _batch_norm(kind: type[nn.BatchNorm1d | nn.BatchNorm2d], n_features: int) -> nn.Module:
    return kind(n_features, eps=_BATCH_NORM_EPS, momentum=_BATCH_NORM_MOMENTUM)
