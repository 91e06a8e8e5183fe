"""Integrated gradients: the way from a baseline to an input, shared among the input's values.

For plain ReLU networks they are computed here in NumPy. For any other torch network captum does
it, which the extra ``train`` brings. Both use the same points and weights (Gauss-Legendre).

References
----------
Sundararajan et al. (2017), https://doi.org/10.48550/arXiv.1703.01365
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, MissingDependencyError, SettingsError
from mainshock.learn.relevance import DenseLayer, forward

if TYPE_CHECKING:
    import torch

__all__ = ["IntegratedGradients", "captum_gradients", "gradients", "integrated_gradients"]

FloatArray = NDArray[np.float64]
N_STEPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class IntegratedGradients:
    """How the difference of outputs between inputs and baseline is shared.

    Parameters
    ----------
    inputs
        Shape ``(n_samples, n_in)``, in units of the output.
    output, baseline_output
        Of the samples and of the baseline, shape ``(n_samples,)``.
    """

    inputs: FloatArray
    output: FloatArray
    baseline_output: FloatArray

    @property
    def completeness_error(self) -> FloatArray:
        """Distance of the sum from the difference, ``(n_samples,)``; more steps lower it."""
        total: FloatArray = self.inputs.sum(axis=1)
        return np.abs(total - (self.output - self.baseline_output))


def gradients(layers: Sequence[DenseLayer], inputs: FloatArray, contrast: FloatArray) -> FloatArray:
    """Return how a combination of logits changes with each input, shape ``(n_samples, n_in)``."""
    values = forward(layers, inputs)
    gradient = np.broadcast_to(contrast, values[-1].shape)
    for layer, outputs in zip(reversed(layers), reversed(values[1:]), strict=True):
        if layer.is_rectified:
            gradient = gradient * (outputs > 0.0)
        gradient = gradient @ layer.weight
    return gradient


def integrated_gradients(
    layers: Sequence[DenseLayer],
    inputs: FloatArray,
    contrast: FloatArray,
    *,
    baseline: FloatArray | None = None,
    n_steps: int = N_STEPS,
) -> IntegratedGradients:
    """Return each input's share of the way from a baseline.

    Parameters
    ----------
    layers
        The network.
    inputs
        Shape ``(n_samples, n_in)``.
    contrast
        Weight of each logit, as :func:`mainshock.learn.relevance.class_contrast` gives.
    baseline
        Shape ``(n_in,)``; zeros by default: for standardised inputs the mean of the training.
    n_steps
        Points of the integral.

    Raises
    ------
    SettingsError
        If there is no step.
    """
    inputs = np.asarray(inputs, dtype=np.float64)
    start = np.zeros(inputs.shape[1:]) if baseline is None else np.asarray(baseline, np.float64)
    if n_steps < 1:
        raise SettingsError(f"n_steps is {n_steps}; the integral needs 1 or more, 50 are usual")
    if start.shape != inputs.shape[1:]:
        raise DataError(f"a baseline of shape {start.shape} does not fit {inputs.shape[1:]}")
    points, weights = np.polynomial.legendre.leggauss(n_steps)
    total = np.zeros_like(inputs)
    for point, weight in zip(0.5 * (points + 1.0), 0.5 * weights, strict=True):
        total += weight * gradients(layers, start + point * (inputs - start), contrast)
    return IntegratedGradients(
        total * (inputs - start),
        forward(layers, inputs)[-1] @ contrast,
        np.full(len(inputs), float(forward(layers, start[None])[-1][0] @ contrast)),
    )


def captum_gradients(
    network: "torch.nn.Module",
    inputs: FloatArray,
    contrast: FloatArray,
    *,
    baseline: FloatArray | None = None,
    n_steps: int = N_STEPS,
) -> IntegratedGradients:
    """Return the same for any torch network that gives logits, by captum.

    Raises
    ------
    MissingDependencyError
        If captum or torch is not installed.
    """
    try:
        import torch  # noqa: PLC0415 - only in the extra `train`
        from captum.attr import IntegratedGradients as Captum  # noqa: PLC0415 - the same
    except ImportError as error:
        raise MissingDependencyError(
            f"integrated gradients of a torch network need captum: {error}; "
            "pip install 'mainshock[train]'"
        ) from error
    kind = next((parameter.dtype for parameter in network.parameters()), torch.float64)
    samples = torch.as_tensor(np.asarray(inputs), dtype=kind)
    weights = torch.as_tensor(np.asarray(contrast), dtype=kind)
    start = torch.zeros_like(samples)
    if baseline is not None:
        start = start + torch.as_tensor(np.asarray(baseline), dtype=kind)

    def explained(values: "torch.Tensor") -> "torch.Tensor":
        combined: torch.Tensor = network(values) @ weights
        return combined

    network.eval()
    shares = Captum(explained).attribute(samples, start, n_steps=n_steps)
    with torch.no_grad():
        outputs = [explained(values).double().numpy() for values in (samples, start)]
    return IntegratedGradients(shares.detach().double().numpy(), outputs[0], outputs[1])
