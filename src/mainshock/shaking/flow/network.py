"""The network that says how a code flows from noise to a record's shape."""

import torch
from torch import nn

__all__ = ["FlowNetwork"]

_TIME_FREQUENCIES = (1.0, 2.0, 4.0, 8.0)


class FlowNetwork(nn.Module):
    """Residual perceptron: velocity of a code at a moment, given conditions.

    Parameters
    ----------
    n_latent, n_conditions
        Length of a code, number of conditions.
    width, hidden, n_blocks
        Channels between blocks, inside one, and number of blocks.
    dropout
        Share of the hidden channels left out in a training step.
    """

    def __init__(
        self,
        n_latent: int,
        n_conditions: int,
        *,
        width: int = 256,
        hidden: int = 448,
        n_blocks: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.n_latent = n_latent
        n_known = n_conditions + 2 * len(_TIME_FREQUENCIES)
        self.code_in = nn.Linear(n_latent, width)
        self.known_in = nn.Sequential(nn.Linear(n_known, width), nn.SiLU(), nn.Linear(width, width))
        self.blocks = nn.ModuleList(_Block(width, hidden, dropout) for _ in range(n_blocks))
        last = nn.Linear(width, n_latent)
        nn.init.zeros_(last.weight)
        self.out = nn.Sequential(nn.LayerNorm(width), last)

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """Return the velocity, ``(batch, n_latent)``.

        Parameters
        ----------
        state
            Code, moment from 0 (noise) to 1 (record), conditions;
            ``(batch, n_latent + 1 + n_conditions)``.
        """
        code = state[:, : self.n_latent]
        angular = 2.0 * torch.pi * torch.tensor(_TIME_FREQUENCIES, device=state.device)
        turns = state[:, self.n_latent, None] * angular
        known = torch.cat(
            [state[:, self.n_latent + 1 :], torch.sin(turns), torch.cos(turns)], dim=1
        )
        embedded = self.known_in(known)
        hidden = self.code_in(code) + embedded
        for block in self.blocks:
            hidden = block(hidden, embedded)
        velocity: torch.Tensor = self.out(hidden)
        return velocity


class _Block(nn.Module):
    """Adds to its input what two layers make of it and of what is known."""

    def __init__(self, width: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = nn.Linear(width, hidden)
        self.known = nn.Linear(width, hidden, bias=False)
        self.rest = nn.Sequential(nn.SiLU(), nn.Dropout(dropout), nn.Linear(hidden, width))

    def forward(self, state: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = state + self.rest(self.first(self.norm(state)) + self.known(known))
        return changed
