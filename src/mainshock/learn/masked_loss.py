"""Cross-entropy for phase labels of which some are known to be missing."""

import torch
from torch import Tensor

__all__ = ["masked_cross_entropy"]


def masked_cross_entropy(
    logits: Tensor, labels: Tensor, unknown: Tensor, weights: Tensor
) -> Tensor:
    """Return the mean cross-entropy, with unlabelled classes merged into the background.

    Parameters
    ----------
    logits
        Shape ``(n_batch, 1 + n_phases, n_samples)``; class 0 is the background.
    labels
        Shape ``(n_batch, n_phases, n_samples)``; probability of each phase, sum at most 1.
    unknown
        Same shape, bool: the phase may be here and nobody labelled it.
    weights
        Shape ``(n_batch,)``; weight of each window.

    Returns
    -------
    Tensor
        A scalar in nats a sample.

    Notes
    -----
    Where class ``k`` is unknown the observation is only "one of background and ``k``", so its
    probability is the sum of theirs (the marginal likelihood). The network is then free to
    choose between the two there, and is neither rewarded nor punished for it.
    """
    log_probability = torch.log_softmax(logits, dim=1)
    hidden = torch.where(unknown, log_probability[:, 1:], -torch.inf)
    background = torch.logsumexp(torch.cat([log_probability[:, :1], hidden], dim=1), dim=1)
    seen = torch.where(unknown, 0.0, labels)
    phases = (seen * log_probability[:, 1:]).sum(dim=1)
    losses = -(phases + (1.0 - seen.sum(dim=1)) * background).mean(dim=1)
    return (losses * weights).sum() / weights.sum().clamp_min(1e-12)
