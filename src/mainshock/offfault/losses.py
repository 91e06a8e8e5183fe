"""Losses of networks of kinematic efficiency, by name.

Each takes predictions ``(n, 1)``, KE, or ``(n, 2)``, KE and the logarithm of its standard
deviation, with labels and their standard deviations along the window, both ``(n,)``, and returns a
scalar.
"""

import math
from collections.abc import Callable

import torch

from mainshock.core.errors import SettingsError
from mainshock.offfault.base import LOG_SD_RANGE

__all__ = ["Loss", "nll", "nll_mae", "reference", "weighted"]

Loss = Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]

_REFERENCE_EPS = 1e-5
_ERROR_WEIGHT = 5.0
_SD_FLOOR = 0.03  # a spread along the window below this says nothing of the label's error


def reference(prediction: torch.Tensor, ke: torch.Tensor, sd: torch.Tensor) -> torch.Tensor:
    """Return the loss as the published code computes it: ``MSE * mean(1 / (SD^2 + 1e-5))``.

    Notes
    -----
    The mean squared error is that of the batch, so a window's own SD does not weigh its own
    residual, other than the paper's formula says; :func:`weighted` does that.
    """
    squared_error = torch.mean((ke - prediction[:, 0]) ** 2)
    return squared_error * torch.mean(1.0 / (sd**2 + _REFERENCE_EPS))


def weighted(prediction: torch.Tensor, ke: torch.Tensor, sd: torch.Tensor) -> torch.Tensor:
    """Return ``mean((y - p)^2 / (SD^2 + 0.03^2))``: each window is weighed by its own SD."""
    return torch.mean((ke - prediction[:, 0]) ** 2 / (sd**2 + _SD_FLOOR**2))


def nll(prediction: torch.Tensor, ke: torch.Tensor, sd: torch.Tensor) -> torch.Tensor:
    """Return the mean negative log-likelihood of a Gaussian whose width the network states.

    Raises
    ------
    SettingsError
        If the network states no width.
    """
    del sd  # the width is learnt, not given
    if prediction.shape[1] != 2:
        raise SettingsError(
            f"the loss nll needs networks with 2 outputs, this one has {prediction.shape[1]}; "
            "take the network `pooled`, or the loss `weighted`"
        )
    log_sd = prediction[:, 1].clamp(*LOG_SD_RANGE)
    squared = (ke - prediction[:, 0]) ** 2 * torch.exp(-2.0 * log_sd)
    return torch.mean(0.5 * squared + log_sd + 0.5 * math.log(2.0 * math.pi))


def nll_mae(prediction: torch.Tensor, ke: torch.Tensor, sd: torch.Tensor) -> torch.Tensor:
    """Return :func:`nll` plus five times the mean absolute error.

    The likelihood alone gives windows up that are hard at first: it widens them instead.
    """
    return nll(prediction, ke, sd) + _ERROR_WEIGHT * torch.mean(torch.abs(ke - prediction[:, 0]))
