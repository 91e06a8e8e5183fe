"""Networks and models of kinematic efficiency, by name."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from mainshock.core.registry import Registry
from mainshock.offfault.base import EfficiencyModel

if TYPE_CHECKING:
    import torch

__all__ = ["BASELINES", "EFFICIENCY_MODELS", "EFFICIENCY_NETWORKS"]

# torch networks to train; each takes (n, 1, 128, 64) and returns (n, 1): KE,
# or (n, 2): KE and the logarithm of its standard deviation
EFFICIENCY_NETWORKS: Registry[Callable[[], "torch.nn.Module"]] = Registry(
    "efficiency network",
    {
        "kenet": "mainshock.offfault.network:KENet",
        "pooled": "mainshock.offfault.pooled_network:PooledNetwork",
    },
)

# fitted to windows by `mainshock.offfault.baselines.fit_baseline`, so that every score of a
# network stands beside them
BASELINES = ("mean", "descriptors", "ridge")

EFFICIENCY_MODELS: Registry[Callable[[], EfficiencyModel]] = Registry(
    "efficiency model", {"default": "mainshock.offfault.stored:default_model"}
)
