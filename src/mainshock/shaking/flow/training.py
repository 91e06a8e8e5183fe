"""Trains the flow: noise and codes of records are joined by straight lines, velocities learned."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError
from mainshock.learn.loop import LoopSettings, fit_network
from mainshock.shaking.flow.network import FlowNetwork

__all__ = ["PROFILES", "FlowProfile", "train_flow"]

_TIME_LIMIT_MIN = 20.0


@dataclass(frozen=True, slots=True)
class FlowProfile:
    """Size of the network and of its training.

    Parameters
    ----------
    n_latent
        Components of a code.
    width, hidden, n_blocks
        Of the network.
    epochs, batch_size, learning_rate
        Of its training.
    """

    n_latent: int = 64
    width: int = 256
    hidden: int = 448
    n_blocks: int = 4
    epochs: int = 60
    batch_size: int = 256
    learning_rate: float = 1e-3


PROFILES = {
    "cpu": FlowProfile(),
    "gpu": FlowProfile(n_latent=128, width=768, hidden=1536, n_blocks=8, epochs=1500),
}


def train_flow(
    codes: NDArray[np.float32],
    conditions: NDArray[np.float32],
    profile: FlowProfile,
    epochs: int,
    seed: int,
    log_dir: Path,
) -> FlowNetwork:
    """Return a network trained on codes, ``(n, n_latent)``, of records under conditions.

    Raises
    ------
    SettingsError
        If there is no epoch to train.
    """
    if epochs < 1:
        raise SettingsError(f"{epochs} epochs asked for; the least is 1")
    torch.manual_seed(seed)
    network = FlowNetwork(
        codes.shape[1],
        conditions.shape[1],
        width=profile.width,
        hidden=profile.hidden,
        n_blocks=profile.n_blocks,
    )
    batch_size = min(profile.batch_size, len(codes))
    steps = max(1, epochs * len(codes) // batch_size)
    settings = LoopSettings(
        steps=steps,
        time_limit_min=_TIME_LIMIT_MIN,
        learning_rate=profile.learning_rate,
        final_learning_rate=1e-5,
        ema_decay=min(0.999, 1.0 - 10.0 / (steps + 10.0)),
        seed=seed,
        warm_up_steps=min(100, steps // 10),
        checkpoint_steps=steps,
    )
    draw = _batches(codes, conditions, batch_size, seed)
    fit_network(network, _velocity_error, draw, settings, log_dir)
    return network.eval()


def _batches(
    codes: NDArray[np.float32], conditions: NDArray[np.float32], size: int, seed: int
) -> Callable[[], tuple[torch.Tensor, torch.Tensor]]:
    """Return a function that draws states between noise and records, and their velocities."""
    rng = np.random.default_rng(seed)

    def draw() -> tuple[torch.Tensor, torch.Tensor]:
        rows = rng.integers(len(codes), size=size)
        noise = rng.standard_normal((size, codes.shape[1]), dtype=np.float32)
        moment = rng.random((size, 1), dtype=np.float32)
        code = (1.0 - moment) * noise + moment * codes[rows]
        state = np.concatenate([code, moment, conditions[rows]], axis=1)
        return torch.from_numpy(state), torch.from_numpy(codes[rows] - noise)

    return draw


def _velocity_error(
    network: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    state, velocity = batch
    return torch.nn.functional.mse_loss(network(state), velocity)
