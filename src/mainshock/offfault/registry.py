"""Networks, losses, baselines and models of kinematic efficiency, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mainshock.core.registry import Registry
from mainshock.offfault.base import EfficiencyModel

if TYPE_CHECKING:
    import torch

    from mainshock.offfault.baselines import Regressor
    from mainshock.offfault.losses import Loss

__all__ = [
    "EFFICIENCY_BASELINES",
    "EFFICIENCY_LOSSES",
    "EFFICIENCY_MODELS",
    "EFFICIENCY_NETWORKS",
]

# torch networks to train; each takes (n, 1, 128, 64) and returns (n, 1): KE,
# or (n, 2): KE and the logarithm of its standard deviation
EFFICIENCY_NETWORKS: Registry[Callable[[], "torch.nn.Module"]] = Registry(
    "efficiency network",
    {
        "kenet": "mainshock.offfault.network:KENet",
        "pooled": "mainshock.offfault.pooled_network:PooledNetwork",
    },
)

# what networks are trained by
EFFICIENCY_LOSSES: Registry["Loss"] = Registry(
    "efficiency loss",
    {
        "nll": "mainshock.offfault.losses:nll",
        "nll-mae": "mainshock.offfault.losses:nll_mae",
        "reference": "mainshock.offfault.losses:reference",
        "weighted": "mainshock.offfault.losses:weighted",
    },
)

# each takes the number of windows to fit to and a seed, and returns a regressor of descriptors;
# fitted by `mainshock.offfault.baselines.fit_baseline`, so that every score of a network stands
# beside theirs
EFFICIENCY_BASELINES: Registry[Callable[[int, int], "Regressor"]] = Registry(
    "efficiency baseline",
    {
        "mean": "mainshock.offfault.baselines:mean",
        "descriptors": "mainshock.offfault.baselines:boosted_trees",
        "ridge": "mainshock.offfault.baselines:ridge",
    },
)

EFFICIENCY_MODELS: Registry[Callable[[], EfficiencyModel]] = Registry(
    "efficiency model", {"default": "mainshock.offfault.stored:default_model"}
)
