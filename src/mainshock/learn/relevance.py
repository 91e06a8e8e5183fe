"""Layer-wise relevance propagation (LRP) for plain ReLU networks, with nothing lost on the way.

A network of dense layers is explained backwards: each neuron hands the relevance it got to its
inputs, in shares that a rule fixes. Many programs let biases swallow a part of it unseen. Here what
biases take is kept beside what inputs take, so that both add up to the explained output, and how
well they do stands in every result.

All that a rule of a hidden layer decides is how much of a neuron's relevance goes to each unit of
contribution ``a_i w_ij`` that is positive, and to each that is negative. It is split by the sign of
the *contribution*, not of the weight: inputs standardised to mean zero are negative half the time.

With the rule epsilon and a tiny epsilon the relevance is the gradient times the input, for every
network of this kind; it differs from that only by its bookkeeping.

References
----------
Bach et al. (2015), https://doi.org/10.1371/journal.pone.0130140
Montavon et al. (2017), https://doi.org/10.1016/j.patcog.2016.11.008 (w-square, z-B)
Montavon et al. (2019), https://doi.org/10.1007/978-3-030-28954-6_10 (gamma)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, SettingsError

__all__ = [
    "AlphaBeta",
    "DenseLayer",
    "Epsilon",
    "Gamma",
    "Relevance",
    "RelevanceRule",
    "WSquare",
    "ZBox",
    "class_contrast",
    "forward",
    "propagate",
]

FloatArray = NDArray[np.float64]
_Spread = tuple[FloatArray, FloatArray]
_TINY = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DenseLayer:
    """A dense layer, followed by a ReLU or by nothing.

    Parameters
    ----------
    weight
        Shape ``(n_out, n_in)``.
    bias
        Shape ``(n_out,)``.
    is_rectified
        Whether a ReLU follows; the last layer of a network has none.

    Raises
    ------
    DataError
        If the shapes do not fit each other.
    """

    weight: FloatArray
    bias: FloatArray
    is_rectified: bool = True

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise DataError(
                f"weights of shape {self.weight.shape} do not fit biases of shape "
                f"{self.bias.shape}; they must be (n_out, n_in) and (n_out,)"
            )

    def __call__(self, inputs: FloatArray) -> FloatArray:
        """Return the outputs, shape ``(n_samples, n_out)``."""
        outputs = inputs @ self.weight.T + self.bias
        return np.maximum(outputs, 0.0) if self.is_rectified else outputs


class RelevanceRule(Protocol):
    """How a layer's relevance is shared among its inputs and biases."""

    def spread(self, layer: DenseLayer, inputs: FloatArray, relevance: FloatArray) -> _Spread:
        """Return the relevance of inputs ``(n_samples, n_in)`` and of biases ``(n_samples,)``."""
        ...


@dataclass(frozen=True, slots=True)
class Epsilon:
    """Shares in proportion to contributions; the stabiliser takes its part like a bias.

    Parameters
    ----------
    epsilon
        Added to each neuron's sum with the sign of the sum.
    """

    epsilon: float = _TINY

    def __post_init__(self) -> None:
        _check_not_negative("epsilon", self.epsilon)

    def spread(self, layer: DenseLayer, inputs: FloatArray, relevance: FloatArray) -> _Spread:
        """Return the relevance of inputs and of biases."""
        sums = inputs @ layer.weight.T + layer.bias
        stabiliser = np.where(sums < 0.0, -self.epsilon, self.epsilon)
        each = _quotient(relevance, sums + stabiliser)
        taken = (each * (layer.bias + stabiliser)).sum(axis=1)
        return inputs * (each @ layer.weight), taken + _stuck(relevance, sums + stabiliser)


@dataclass(frozen=True, slots=True)
class Gamma:
    """Favours contributions with the sign of their neuron's sum: less noise, fewer cancellations.

    Parameters
    ----------
    gamma
        How much more they count; 0 gives :class:`Epsilon`, infinity would give alpha 1, beta 0.
    """

    gamma: float = 0.25

    def __post_init__(self) -> None:
        _check_not_negative("gamma", self.gamma)

    def spread(self, layer: DenseLayer, inputs: FloatArray, relevance: FloatArray) -> _Spread:
        """Return the relevance of inputs and of biases."""
        positive, negative = _signed_sums(layer, inputs)
        is_positive = positive + negative >= 0.0
        more, less = 1.0 + self.gamma * is_positive, 1.0 + self.gamma * ~is_positive
        stabiliser = np.where(is_positive, _TINY, -_TINY)
        each = _quotient(relevance, more * positive + less * negative + stabiliser)
        given, taken = _signed_spread(layer, inputs, more * each, less * each)
        return given, taken + (each * stabiliser).sum(axis=1)


@dataclass(frozen=True, slots=True)
class AlphaBeta:
    """Gives alpha times the relevance to positive contributions, takes beta times from negative.

    A neuron that has contributions of one sign alone shares its relevance among these.

    Parameters
    ----------
    alpha, beta
        Not negative; alpha - beta must be 1, or relevance would be made or lost.
    """

    alpha: float = 2.0
    beta: float = 1.0

    def __post_init__(self) -> None:
        _check_not_negative("beta", self.beta)
        if abs(self.alpha - self.beta - 1.0) > 1e-12:
            raise SettingsError(
                f"alpha is {self.alpha} and beta {self.beta}; alpha - beta must be 1"
            )

    def spread(self, layer: DenseLayer, inputs: FloatArray, relevance: FloatArray) -> _Spread:
        """Return the relevance of inputs and of biases."""
        positive, negative = _signed_sums(layer, inputs)
        alpha = np.where(negative < 0.0, self.alpha, 1.0)
        beta = np.where(positive > 0.0, self.beta, -1.0)
        for_positive = alpha * _quotient(relevance, positive)
        for_negative = -beta * _quotient(relevance, negative)
        given, taken = _signed_spread(layer, inputs, for_positive, for_negative)
        return given, taken + _stuck(relevance, positive - negative)


@dataclass(frozen=True, slots=True)
class WSquare:
    """Shares in proportion to squared weights, whatever the input is: for unbounded inputs."""

    def spread(self, layer: DenseLayer, inputs: FloatArray, relevance: FloatArray) -> _Spread:
        """Return the relevance of inputs; biases get only that of neurons without weights."""
        del inputs
        squares = layer.weight**2
        sums = np.broadcast_to(squares.sum(axis=1), relevance.shape)
        return _quotient(relevance, sums) @ squares, _stuck(relevance, sums)


@dataclass(frozen=True, slots=True, eq=False)
class ZBox:
    """The rule z-B: shares by the way from the worst corner of a box that holds all inputs.

    Parameters
    ----------
    low, high
        Bounds of the inputs, shape ``(n_in,)`` or one number each.
    """

    low: FloatArray | float
    high: FloatArray | float

    def __post_init__(self) -> None:
        if np.any(np.asarray(self.low) > np.asarray(self.high)):
            raise SettingsError("low is above high; the box of inputs must have low <= high")

    def spread(self, layer: DenseLayer, inputs: FloatArray, relevance: FloatArray) -> _Spread:
        """Return the relevance of inputs; biases get only that of neurons without any way.

        Raises
        ------
        DataError
            If an input is outside the box.
        """
        above, below = inputs - self.low, self.high - inputs
        if min(above.min(initial=0.0), below.min(initial=0.0)) < 0.0:
            raise DataError("an input is outside the box of the rule z-B; widen low and high")
        rising, falling = np.maximum(layer.weight, 0.0), np.maximum(-layer.weight, 0.0)
        sums = above @ rising.T + below @ falling.T
        each = _quotient(relevance, sums)
        return above * (each @ rising) + below * (each @ falling), _stuck(relevance, sums)


@dataclass(frozen=True, slots=True, eq=False)
class Relevance:
    """What inputs and biases contribute to an output.

    Parameters
    ----------
    inputs
        Shape ``(n_samples, n_in)``, in units of the output.
    bias
        What each layer's biases (and stabiliser) took, shape ``(n_samples, n_layers)``.
    output
        What was explained, shape ``(n_samples,)``.
    """

    inputs: FloatArray
    bias: FloatArray
    output: FloatArray

    @property
    def conservation_error(self) -> FloatArray:
        """Distance of all relevance, biases' included, from the output; shape ``(n_samples,)``."""
        total: FloatArray = self.inputs.sum(axis=1) + self.bias.sum(axis=1)
        return np.abs(total - self.output)


def class_contrast(n_classes: int, target: int, *, is_difference: bool = True) -> FloatArray:
    """Return which combination of logits is explained, shape ``(n_classes,)``.

    Parameters
    ----------
    n_classes
        Number of logits.
    target
        The class.
    is_difference
        The class's logit less the mean of the others: what sets it apart from them. Otherwise its
        logit alone, which includes what speaks for all classes alike.

    Raises
    ------
    SettingsError
        If there is no such class.
    """
    if not 0 <= target < n_classes:
        raise SettingsError(f"class {target} is not among {n_classes}, counted from 0")
    others = -1.0 / (n_classes - 1) if is_difference and n_classes > 1 else 0.0
    contrast = np.full(n_classes, others)
    contrast[target] = 1.0
    return contrast


def forward(layers: Sequence[DenseLayer], inputs: FloatArray) -> list[FloatArray]:
    """Return the inputs of every layer and, last, the logits.

    Raises
    ------
    DataError
        If the layers do not fit each other or the inputs, or no network is given.
    """
    widths = [layer.weight.shape[1] for layer in layers]
    given = [inputs.shape[-1], *(layer.weight.shape[0] for layer in layers[:-1])]
    if not layers or inputs.ndim != 2 or widths != given:
        raise DataError(f"layers that take {widths} values are given {given}; they must agree")
    values = [inputs]
    for layer in layers:
        values.append(layer(values[-1]))
    return values


def propagate(
    layers: Sequence[DenseLayer],
    inputs: FloatArray,
    contrast: FloatArray,
    *,
    rule: RelevanceRule | None = None,
    input_rule: RelevanceRule | None = None,
) -> Relevance:
    """Return the relevance of each input for a combination of logits.

    The combination is explained as one neuron, so that a difference of logits is shared by what
    makes the difference.

    Parameters
    ----------
    layers
        The network, the last layer without ReLU.
    inputs
        Shape ``(n_samples, n_in)``.
    contrast
        Weight of each logit, as :func:`class_contrast` gives.
    rule
        For all layers; :class:`Epsilon` by default.
    input_rule
        For the first layer instead: :class:`WSquare`, :class:`ZBox` or any other.

    Raises
    ------
    DataError
        If shapes do not fit, or the last layer has a ReLU.
    """
    every = rule or Epsilon()
    values = forward(layers, np.asarray(inputs, dtype=np.float64))
    last = layers[-1]
    if last.is_rectified or contrast.shape != last.bias.shape:
        raise DataError(
            f"the last layer must have no ReLU, and as many outputs ({last.bias.size}) as the "
            f"contrast has numbers ({contrast.size})"
        )
    target = DenseLayer((contrast @ last.weight)[None], np.atleast_1d(contrast @ last.bias), False)
    output = target(values[-2])
    relevance, biases = output, np.zeros((output.shape[0], len(layers)))
    for depth in reversed(range(len(layers))):
        layer = target if depth == len(layers) - 1 else layers[depth]
        chosen = input_rule if depth == 0 and input_rule is not None else every
        relevance, biases[:, depth] = chosen.spread(layer, values[depth], relevance)
    return Relevance(relevance, biases, output[:, 0])


def _check_not_negative(name: str, value: float) -> None:
    if not value >= 0.0:
        raise SettingsError(f"{name} is {value}; it must not be negative")


def _quotient(relevance: FloatArray, sums: FloatArray) -> FloatArray:
    """Return relevance per unit of contribution; none where there are no contributions."""
    return np.divide(relevance, sums, out=np.zeros_like(relevance), where=sums != 0.0)


def _stuck(relevance: FloatArray, sums: FloatArray) -> FloatArray:
    """Return the relevance of neurons that nothing contributes to, which no input can get."""
    stuck: FloatArray = np.where(sums == 0.0, relevance, 0.0).sum(axis=1)
    return stuck


def _signed_sums(layer: DenseLayer, inputs: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of a neuron's positive and of its negative contributions, its bias being one.

    Shape ``(n_samples, n_out)`` each.
    """
    above, below = np.maximum(inputs, 0.0), np.minimum(inputs, 0.0)
    rising, falling = np.maximum(layer.weight, 0.0), np.minimum(layer.weight, 0.0)
    positive = above @ rising.T + below @ falling.T + np.maximum(layer.bias, 0.0)
    negative = above @ falling.T + below @ rising.T + np.minimum(layer.bias, 0.0)
    return positive, negative


def _signed_spread(
    layer: DenseLayer, inputs: FloatArray, for_positive: FloatArray, for_negative: FloatArray
) -> _Spread:
    """Return the relevance of inputs and biases from each neuron's per unit of contribution."""
    above, below = np.maximum(inputs, 0.0), np.minimum(inputs, 0.0)
    rising, falling = np.maximum(layer.weight, 0.0), np.minimum(layer.weight, 0.0)
    of_above = for_positive @ rising + for_negative @ falling
    of_below = for_positive @ falling + for_negative @ rising
    of_bias = for_positive * np.maximum(layer.bias, 0.0) + for_negative * np.minimum(
        layer.bias, 0.0
    )
    return above * of_above + below * of_below, of_bias.sum(axis=1)
