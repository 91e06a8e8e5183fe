"""CGM-GM's discriminative score: a small recurrent network that tells generated from recorded."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mainshock.core.errors import DataError

__all__ = ["recurrent_score"]

_STATE = 16
_BATCH = 128
_TEST_SHARE = 0.2


class _Judge(nn.Module):
    def __init__(self, n_bins: int) -> None:
        super().__init__()
        self.recurrent = nn.GRU(n_bins, _STATE, batch_first=True)
        self.linear = nn.Linear(_STATE, 1)

    def forward(self, spectrograms: torch.Tensor) -> torch.Tensor:
        """Return the logarithm of the odds that spectrograms were recorded, shape ``(n,)``."""
        odds: torch.Tensor = self.linear(self.recurrent(spectrograms)[1][0])[:, 0]
        return odds


def recurrent_score(
    recorded: NDArray[np.float32],
    generated: NDArray[np.float32],
    groups: NDArray[np.str_] | None = None,
    *,
    n_iterations: int = 2000,
    n_repeats: int = 10,
    seed: int = 0,
) -> float:
    """Return ``|0.5 - accuracy|``: 0 where nobody can tell, 0.5 where anybody can.

    Parameters
    ----------
    recorded, generated
        Spectrograms of logarithms, shape ``(n, n_frames, n_bins)``.
    groups
        Names, say of events, that are not on both sides of the split, shape ``(n,)``; without
        them each pair is a group of its own, as published.
    n_iterations, n_repeats
        Batches a network is trained on, and networks over which the score is averaged.

    Raises
    ------
    DataError
        If there are fewer than 5 groups.
    """
    names = np.arange(len(recorded)).astype(np.str_) if groups is None else groups
    unique = np.unique(names)
    if len(unique) < 5:
        raise DataError(f"{len(unique)} groups of records cannot be split; give at least 5")
    both = np.stack([recorded, generated]).astype(np.float32)
    both = (both - both.mean()) / max(float(both.std()), 1e-9)
    rng = np.random.default_rng(seed)
    scores = []
    for _ in range(n_repeats):
        chosen = rng.permutation(unique)[: max(1, round(_TEST_SHARE * len(unique)))]
        is_test = np.isin(names, chosen)
        scores.append(abs(0.5 - _accuracy(both[:, ~is_test], both[:, is_test], n_iterations, rng)))
    return float(np.mean(scores))


def _accuracy(
    train: NDArray[np.float32],
    test: NDArray[np.float32],
    n_iterations: int,
    rng: np.random.Generator,
) -> float:
    """Return the accuracy on ``test`` of a judge trained on ``train``, ``(2, n, ...)`` each."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(rng.integers(2**31)))
        judge = _Judge(train.shape[-1])
        optimiser = torch.optim.Adam(judge.parameters())
        for _ in range(n_iterations):
            kind, row = rng.integers(2, size=_BATCH), rng.integers(train.shape[1], size=_BATCH)
            odds = judge(torch.from_numpy(train[kind, row]))
            is_recorded = torch.from_numpy((kind == 0).astype(np.float32))
            loss = nn.functional.binary_cross_entropy_with_logits(odds, is_recorded)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        with torch.no_grad():
            odds_of = [judge(torch.from_numpy(one)).numpy() for one in test]
    return float(np.mean([odds_of[0] > 0.0, odds_of[1] <= 0.0]))
